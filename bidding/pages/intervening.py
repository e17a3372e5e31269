"""Where supervision intervenes in an opening: more time, file keys instead of trustees, going on without a bid.

Nothing here tells how many bids there are before all are read out; who decides sees what the hall shows, and no more.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post

from bidding import emergency, extending
from bidding.opening_view import OpeningView, find_opening
from bidding.pages.hall_view import HallEntry, HallTrustee, entry_row, trustee_rows
from bidding.pages.rooms import published_lot
from bidding.pages.words import STAGES
from bidding.vocabulary import OpeningStage
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import actor_of_connection, permits
from kernel.web.render import render_page
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, moment_of, require_agreement, texts_of, written
from trading.pages.room import FormData
from trading.standing import state_of
from trading.timeline import list_timeline

_DECISIONS = frozenset({"bid.window-extended", "opening.emergency", "opening.concluded"})


@dataclass(frozen=True, slots=True)
class InterventionPage:
    """The context of `bidding/intervene.html`.

    Attributes:
        latest: to when the window may be extended; None when it may not.
        emergency: `may`, `done` or empty.
        conclude: whether there is something to stop waiting for.
    """

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    facts: list[tuple[str, str]]
    window_until: datetime | None
    latest: datetime | None
    emergency: str
    conclude: bool
    trustees: list[HallTrustee]
    on: int
    k: int
    history: list[HallEntry]
    hall_href: str
    form: Form


@get("/s/lots/{lot_id:uuid}/opening", guards=[permits("opening.intervene")], include_in_schema=False)
async def page(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> Response[str]:
    """Show what may be decided now, with what follows from it."""
    return await _show(request, tx, lot_id, Form())


@post("/s/lots/{lot_id:uuid}/opening/window", guards=[permits("opening.intervene")], include_in_schema=False)
async def extend(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData) -> Any:
    """Give bidders more time."""
    form = Form(texts_of(data))
    until = moment_of(form, "until", "新的解密截止时间")
    reason = str(form.values.get("window_reason", ""))

    async def act() -> None:
        assert until is not None
        await extending.extend_window(tx, actor, lot_id, until, reason)

    return await _decide(request, tx, lot_id, form, "window", act)


@post("/s/lots/{lot_id:uuid}/opening/emergency", guards=[permits("opening.intervene")], include_in_schema=False)
async def decide(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData) -> Any:
    """Let bidders give their file keys directly."""
    form = Form(texts_of(data))
    reason = str(form.values.get("emergency_reason", ""))
    return await _decide(request, tx, lot_id, form, "emergency", lambda: emergency.decide(tx, actor, lot_id, reason))


@post("/s/lots/{lot_id:uuid}/opening/conclude", guards=[permits("opening.intervene")], include_in_schema=False)
async def conclude(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData) -> Any:
    """Stop waiting."""
    form = Form(texts_of(data))
    reason = str(form.values.get("conclude_reason", ""))
    return await _decide(request, tx, lot_id, form, "conclude", lambda: emergency.conclude(tx, actor, lot_id, reason))


async def _decide(
    request: Request[Any, Any, Any],
    tx: Tx,
    lot_id: uuid.UUID,
    form: Form,
    name: str,
    act: Callable[[], Awaitable[None]],
) -> Response[Any]:
    if not str(form.values.get(f"{name}_reason", "")).strip():
        form.errors[f"{name}_reason"] = "请写明决定的理由，理由随决定公告。"
    require_agreement(form, f"{name}_agree")
    if not form.errors:
        await attempt(tx, form, act)
    if form.errors:
        if "reason" in form.errors:
            form.errors[f"{name}_reason"] = form.errors.pop("reason")
        return await _show(request, tx, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/s/lots/{lot_id}/opening"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID, form: Form, status: int = 200
) -> Response[str]:
    lot = await published_lot(tx, lot_id, actor_of_connection(request))
    opening = await find_opening(tx, lot_id)
    events = await list_timeline(tx, None, lot)
    latest = await extending.latest_end(tx, lot_id)
    trustees = trustee_rows(opening.seats, opening) if opening else []
    if opening and latest and "until" not in form.values:
        form.values["until"] = written(opening.window_until)
    shown = InterventionPage(
        base=f"/s/lots/{lot_id}/opening",
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        state=STAGES[opening.stage] if opening else state_of(lot, tx.now),
        facts=_facts(lot),
        window_until=opening.window_until if opening else None,
        latest=latest,
        emergency=_emergency(opening),
        conclude=await _may_conclude(tx, opening),
        trustees=trustees,
        on=sum(one.state == "on" for one in trustees),
        k=opening.k if opening else 0,
        history=[entry_row(event) for event in reversed(events) if event.type in _DECISIONS],
        hall_href=f"/openings/{lot_id}",
        form=form,
    )
    return render_page(request, "bidding/intervene.html", {"page": shown}, status=status, now=tx.now)


def _emergency(opening: OpeningView | None) -> str:
    if opening is None:
        return ""
    if opening.emergency_reason is not None:
        return "done"
    return "may" if opening.stage is OpeningStage.COMBINING else ""


async def _may_conclude(tx: Tx, opening: OpeningView | None) -> bool:
    if opening is None:
        return False
    if opening.stage is OpeningStage.OPENED:
        return await emergency.waits_for_keys(tx, opening.lot_id)
    return opening.stage is OpeningStage.COMBINING


def _facts(lot: LotView) -> list[tuple[str, str]]:
    return [
        ("招标人", lot.procuring_entity_name),
        ("招标代理", lot.agency_name),
        ("项目编号", lot.tender),
        ("投标截止", written(lot.deadline)),
    ]


HANDLERS = [page, extend, decide, conclude]
