"""Where those present read and sign the opening record; the browser computes what is signed, and signs it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding.faults import cause_of
from bidding.opening_view import OpeningView, find_opening
from bidding.pages.rooms import published_lot
from bidding.pages.words import STAGES
from bidding.presence import CAPACITIES, OUTSIDE, Standing, find_standing, own_presence
from bidding.recording import count_closed_files, current_draft, signed_digest
from bidding.signatures import SignatureView, digest_of, list_signatures, objection_until
from bidding.signing import STANCE_WORDS
from bidding.vocabulary import BidState, Capacity, OpeningStage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.web.filters import money
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.lot_view import LotView
from trading.objections import OUTCOMES
from trading.standing import state_of
from trading.vocabulary import ObjectionOutcome


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A signature as hall and signing page show it; one of an earlier draft is not current."""

    name: str
    role: str
    words: str
    remark: str
    current: bool
    at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A line of what was read out."""

    no: int
    name: str
    price: str
    note: str


@dataclass(frozen=True, slots=True)
class ObjectedRow:
    """An objection with its answer."""

    name: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class SigningPage:
    """The context of `bidding/sign_record.html`."""

    id: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    role: str
    why_not: str
    until: datetime | None
    bids: list[ReadRow]
    objections: list[ObjectedRow]
    parameters: list[tuple[str, str]]
    digest: str
    draft_href: str
    send_href: str
    by: str
    key: str
    mine: SignatureRow | None
    signatures: list[SignatureRow]
    hall_href: str


@get("/openings/{lot_id:uuid}/record", guards=[permits("opening.sign")], include_in_schema=False)
async def signing(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the record as it stands, and where it is signed."""
    lot = await published_lot(tx, lot_id, actor)
    standing = await find_standing(tx, actor, lot)
    if standing is None:
        raise NotFound
    opening = await find_opening(tx, lot_id)
    page = await _page(tx, actor, lot, standing, opening)
    return render_page(request, "bidding/sign_record.html", {"page": page}, nav="openings", now=tx.now)


async def _page(tx: Tx, actor: Actor, lot: LotView, standing: Standing, opening: OpeningView | None) -> SigningPage:
    draft = await current_draft(tx, lot)
    rows = signature_rows(await list_signatures(tx, lot.id), actor, await signed_digest(tx, lot))
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    told = draft or {"bids": [], "objections": [], "parameters": []}
    return SigningPage(
        id=str(lot.id),
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        state=STAGES[opening.stage] if opening else state_of(lot, tx.now),
        role=CAPACITIES[standing.capacity],
        why_not=await _why_not(tx, actor, lot, standing, opening, draft),
        until=await objection_until(tx, lot, opening.opened_at) if opening and opening.opened_at else None,
        bids=[_read_out(line) for line in told["bids"]],
        objections=[_objected(line) for line in told["objections"]],
        parameters=[
            (f"{line['label']} {line['name']}", f"{line['value']}{line['unit']}") for line in told["parameters"]
        ],
        digest="" if draft is None else b64u_encode(digest_of(draft)),
        draft_href=f"/api/v1/lots/{lot.id}/opening/draft",
        send_href=f"/api/v1/lots/{lot.id}/opening/signatures",
        by="licence" if standing.capacity is Capacity.BIDDER else "person",
        key=keys[-1].kid if keys else "",
        mine=next((row for row in rows if row.mine and row.current), None),
        signatures=rows,
        hall_href=f"/openings/{lot.id}",
    )


async def _why_not(
    tx: Tx,
    actor: Actor,
    lot: LotView,
    standing: Standing,
    opening: OpeningView | None,
    draft: dict[str, Any] | None,
) -> str:
    if opening is not None and opening.stage in (OpeningStage.RECORDED, OpeningStage.FAILED):
        return "开标记录已经确认，或者本标段没有开标。"
    if draft is None:
        return "尚未唱标，还没有可以签署的开标记录。"
    if standing.bid is not None and standing.bid.state in OUTSIDE:
        return "本单位没有参加本次开标的投标文件。"
    if await own_presence(tx, actor, lot.id) is None:
        return "请先在开标大厅签到。"
    if await count_closed_files(tx, lot.id):
        return "投标文件仍在解密，请在全部完成后签署。"
    return "有开标异议尚未答复，请在答复后签署。" if any(one["answer"] is None for one in draft["objections"]) else ""


def signature_rows(signed: list[SignatureView], actor: Actor | None, draft: bytes) -> list[SignatureRow]:
    """Return signatures as pages show them.

    Args:
        draft: digest of the record, confirmed or as it stands.
    """
    return [
        SignatureRow(
            name=one.organisation,
            role=CAPACITIES[one.capacity],
            words=STANCE_WORDS[one.stance],
            remark=one.remark,
            current=one.draft == draft,
            at=one.signed_at,
            mine=actor is not None
            and (one.organisation_id if one.capacity is Capacity.BIDDER else one.account_id)
            == (actor.organisation_id if one.capacity is Capacity.BIDDER else actor.account_id),
        )
        for one in signed
    ]


def _read_out(line: dict[str, Any]) -> ReadRow:
    price = money(Money.parse(line["price"]).fen) if "price" in line else ""
    return ReadRow(line["no"], line["name"], price, cause_of(BidState(line["state"]), line["fault"]) or "已打开")


def _objected(line: dict[str, Any]) -> ObjectedRow:
    answer = "" if line["answer"] is None else f"{OUTCOMES[ObjectionOutcome(line['outcome'])]}。{line['answer']}"
    return ObjectedRow(line["name"], line["text"], answer or "等待当场答复")


HANDLERS = [signing]
