"""Where the agency proposes the trustees of a lot, and sees how far the drill has come."""

import uuid
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from bidding import keysets, queries
from bidding.keysets import KeysetView, Proposal
from bidding.vocabulary import KeysetState
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, texts_of
from trading.pages.room import FormData, own_lot


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who can be proposed."""

    account: str
    name: str
    organisation: str
    ready: bool


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat and whether its trustee has passed the drill."""

    i: int
    role: str
    person: str
    organisation: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """The context of `bidding/keyset.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    k: int
    n: int
    state: str
    ks: str
    seats: list[SeatRow]
    people: list[PersonRow]
    open: bool
    why_not: str


@get("/a/lots/{lot_id:uuid}/keyset", guards=[permits("keyset.propose")], include_in_schema=False)
async def keyset_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the trustees."""
    return await _show(request, tx, await own_lot(tx, actor, lot_id), Form())


@post("/a/lots/{lot_id:uuid}/keyset", guards=[permits("keyset.propose")], include_in_schema=False)
async def keyset_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData
) -> Response[Any]:
    """Propose the people whose roles were filled in."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    people = {person["account"] for person in await queries.list_trustees(tx)}
    seats = [
        Proposal(uuid.UUID(account), str(form.values.get(f"role-{account}", "")).strip())
        for account in sorted(people)
        if str(form.values.get(f"role-{account}", "")).strip()
    ]
    done = await attempt(tx, form, lambda: keysets.propose_keyset(tx, actor, lot_id, seats))
    if done is None:
        return await _show(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/keyset"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, *, status: int = 200
) -> Response[str]:
    found = await keysets.find_keyset(tx, lot.id)
    people = [PersonRow(**person) for person in await queries.list_trustees(tx)]
    is_open = lot.published_at is None and lot.opening_at is not None
    page = KeysetPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        k=int(lot.procedure.get("k", 3)),
        n=int(lot.procedure.get("n", 5)),
        state=_state(found),
        ks=b64u_encode(found.ks) if found else "",
        seats=[SeatRow(**seat) for seat in found.seats] if found else [],
        people=people,
        open=is_open,
        why_not="" if is_open else _why_not(lot),
    )
    return render_page(request, "bidding/keyset.html", {"page": page, "form": form}, nav="", status=status, now=tx.now)


def _state(found: KeysetView | None) -> str:
    if found is None:
        return "none"
    return "published" if found.state is KeysetState.PUBLISHED else "drill"


def _why_not(lot: LotView) -> str:
    if lot.published_at is not None:
        return "招标公告已发布，见证人不能更换：更换意味着全部投标文件重新密封。"
    return "请先通过时间计划：开标时间写入密钥集，见证人据此拒绝提前使用。"


HANDLERS = [keyset_page, keyset_form]
