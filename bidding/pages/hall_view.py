"""What one visitor sees of an opening, put together, and the parts of it that change while somebody watches.

The public sees phases, clocks, trustees and the record; of bids nothing, not even how many, until all are read out.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bidding import emergency, queries
from bidding.drawn import DrawnValue, list_drawn
from bidding.faults import CONSEQUENCES, cause_of, sealed_as_received
from bidding.objection_reading import list_opening_objections
from bidding.opening_objections import is_in_close_list
from bidding.opening_view import (
    BidLine,
    OpeningView,
    SeatView,
    find_opening,
    form_keys_published,
    list_bids_after_opening,
    list_seats,
)
from bidding.pages.hall_people import HallPeople, people_of
from bidding.pages.objecting import OpeningObjectionRow, row_of
from bidding.pages.parameters import ParameterRow, parameter_rows
from bidding.pages.rooms import published_lot
from bidding.pages.words import MINE, STAGES, base_of
from bidding.queries import OwnBidView
from bidding.vocabulary import BidState, OpeningStage, Policy
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.web.filters import hourminute
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.slots import steps_of
from trading.standing import state_of
from trading.timeline import Event, list_timeline
from trading.vocabulary import Stage

#: Entries that the record of the hall shows.
_SHOWN = frozenset(
    {
        "bid.close",
        "bid.share",
        "bid.window-extended",
        "draw.spec",
        "draw.commit",
        "draw.close",
        "draw.reveal",
        "draw.result",
        "draw.void",
        "bid.opened",
        "bid.fault",
        "opening.attended",
        "opening.emergency",
        "opening.concluded",
        "opening.objection-raised",
        "opening.objection-answered",
        "opening.signed",
        "opening.recorded",
        "seal.used",
        "lot.failed",
    }
)


@dataclass(frozen=True, slots=True)
class HallBid:
    """A line of the table in the hall."""

    id: str
    no: int
    name: str
    note: str
    submitted_at: datetime
    seal: str
    receipt_href: str
    state: tuple[str, str]
    percent: None
    price: int | None
    offer: str
    mine: bool


@dataclass(frozen=True, slots=True)
class HallTrustee:
    """A trustee in the hall."""

    role: str
    name: str
    state: str
    word: str


@dataclass(frozen=True, slots=True)
class HallEntry:
    """A line of the running record."""

    at: datetime
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class HallPage:
    """The context of `bidding/hall.html`."""

    id: str
    title: str
    number: str
    lot_no: str
    buyer: str
    agency: str
    state: tuple[str, str]
    phases: list[tuple[str, str, str]]
    until: datetime | None
    until_label: str
    stream: str
    secret: bool
    bids: list[HallBid]
    opened: int
    total: int
    offer_label: str
    price_cap: int | None
    faults: list[str]
    policy: str
    trustees: list[HallTrustee]
    k: int
    people: HallPeople
    log: list[HallEntry]
    objections: list[OpeningObjectionRow]
    open_objections: int
    objection_word: str
    objection_href: str
    parameters: list[ParameterRow]
    parameters_href: str
    record_href: str
    verify_href: str
    release_href: str
    give_href: str
    intervene_href: str
    confirm_href: str


async def hall_page(tx: Tx, actor: Actor | None, lot_id: uuid.UUID) -> HallPage:
    """Put together what one visitor sees of an opening."""
    lot = await published_lot(tx, lot_id, actor)
    opening = await find_opening(tx, lot_id)
    bids = await list_bids_after_opening(tx, lot_id)
    events = await list_timeline(tx, None, lot)
    own = None if actor is None or not actor.has("bidder") else await queries.find_own_bid(tx, actor, lot_id)
    seats = opening.seats if opening else await list_seats(tx, lot_id)
    people = await people_of(tx, actor, lot, opening)
    drawn = await list_drawn(tx, lot)
    label, until = _until(lot, opening, people.sign_until, tx.now)
    has_ended = lot.stage is Stage.TERMINATED
    objections = [row_of(one, actor) for one in await list_opening_objections(tx, lot_id)]
    releasing = opening is not None and opening.stage is OpeningStage.RELEASING and own is not None
    return HallPage(
        id=str(lot_id),
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        buyer=lot.procuring_entity_name,
        agency=lot.agency_name,
        state=STAGES[opening.stage] if opening and not has_ended else state_of(lot, tx.now),
        phases=_phases(lot, opening),
        until=until,
        until_label=label,
        stream="" if opening is not None and opening.is_over else f"/openings/{lot_id}/events",
        secret=not (opening is not None and opening.is_open),
        bids=[_row(bid, actor) for bid in bids],
        opened=sum(bid.state is BidState.OPENED for bid in bids),
        total=len(bids),
        offer_label="交货期或工期",
        price_cap=lot.price_cap_fen,
        faults=[words for state, words in CONSEQUENCES.items() if any(bid.state is state for bid in bids)],
        policy=opening.policy.value if opening else str(lot.procedure.get("policy", Policy.BOTH.value)),
        trustees=trustee_rows(seats, opening),
        k=opening.k if opening else int(lot.procedure.get("k", 0)),
        people=people,
        log=[entry_row(event) for event in reversed(events) if event.type in _SHOWN],
        objections=objections,
        open_objections=sum(not one.outcome for one in objections),
        objection_word=_objection_word(opening),
        objection_href=f"{base_of(lot_id)}/opening" if await _may_object(tx, actor, opening) else "",
        parameters=parameter_rows(drawn),
        parameters_href=_parameters_href(actor, lot_id, drawn),
        record_href=f"/api/v1/lots/{lot_id}/opening/record.pdf" if opening and opening.record_file_id else "",
        verify_href=await _verify_href(tx, lot_id, bids),
        release_href=f"{base_of(lot_id)}/release" if releasing and own and own.state is BidState.CLOSED else "",
        give_href=await _give_href(tx, own, opening),
        intervene_href=_intervene_href(actor, lot_id, opening),
        confirm_href=_confirm_href(actor, lot, opening),
    )


async def _may_object(tx: Tx, actor: Actor | None, opening: OpeningView | None) -> bool:
    """Say whether this visitor may object here and now: a bidder of the close list, after the reading out."""
    if actor is None or opening is None or opening.stage is not OpeningStage.OPENED:
        return False
    may = policy.current().rule("opening.object").admits(actor)
    return may and await is_in_close_list(tx, actor, opening.lot_id)


def _objection_word(opening: OpeningView | None) -> str:
    if opening is None or not opening.is_open:
        return "唱标之后、确认开标记录之前提出。"
    return "目前没有异议。" if opening.stage is OpeningStage.OPENED else "投标人对开标无异议。"


async def _verify_href(tx: Tx, lot_id: uuid.UUID, bids: list[BidLine]) -> str:
    return f"/verify?forms={lot_id}" if bids and await form_keys_published(tx, lot_id) else ""


async def _give_href(tx: Tx, own: OwnBidView | None, opening: OpeningView | None) -> str:
    """Return where a bidder gives the own file keys, if supervision has decided on it and this bidder has not yet."""
    if own is None or opening is None or opening.emergency_reason is None or opening.stage is OpeningStage.RECORDED:
        return ""
    waits = own.state in (BidState.RELEASED, BidState.OPENED) and await emergency.given_at(tx, own.bid_id) is None
    return f"{base_of(opening.lot_id)}/emergency" if waits else ""


def _intervene_href(actor: Actor | None, lot_id: uuid.UUID, opening: OpeningView | None) -> str:
    may = actor is not None and policy.current().rule("opening.intervene").admits(actor)
    over = opening is None or opening.stage in (OpeningStage.RECORDED, OpeningStage.FAILED)
    return f"/s/lots/{lot_id}/opening" if may and not over else ""


def _parameters_href(actor: Actor | None, lot_id: uuid.UUID, drawn: list[DrawnValue]) -> str:
    may = actor is not None and policy.current().rule("draw.contribute").admits(actor)
    return f"/openings/{lot_id}/parameters" if may and drawn else ""


def _confirm_href(actor: Actor | None, lot: LotView, opening: OpeningView | None) -> str:
    may = actor is not None and actor.has("agency", "procuring_entity") and lot.is_run_by(actor.organisation_id)
    return f"/a/lots/{lot.id}/opening" if may and opening and opening.stage is OpeningStage.OPENED else ""


def _until(
    lot: LotView, opening: OpeningView | None, sign_until: datetime | None, now: datetime
) -> tuple[str, datetime | None]:
    if opening is None:
        return "距投标截止并开标", lot.deadline if lot.deadline and now < lot.deadline else None
    if lot.stage is Stage.TERMINATED:
        return "招标已终止，投标文件保持密封" if not opening.is_open else "招标已终止", None
    words = {
        OpeningStage.CLOSED: "正在固定截止清单",
        OpeningStage.RELEASING: "距投标人解密截止",
        OpeningStage.COMBINING: "等待见证人提交分片",
        OpeningStage.FIRST_OPENED: "第一信封已开启，第二信封保持密封，等待技术评审结果",
        OpeningStage.OPENED: "已唱标，等待确认开标记录",
        OpeningStage.RECORDED: "本场开标已结束",
        OpeningStage.FAILED: "没有投标通过技术评审，第二信封保持密封"
        if opening.first_opened_at is not None
        else "投标人少于三个，不予开标",
    }
    until = opening.window_until if opening.stage is OpeningStage.RELEASING else None
    if opening.stage is OpeningStage.OPENED and sign_until is not None and now < sign_until:
        return "距异议、签署时间结束", sign_until
    return words[opening.stage], until


#: How many phases of the rail are behind us.
_REACHED = {
    OpeningStage.CLOSED: 2,
    OpeningStage.RELEASING: 3,
    OpeningStage.COMBINING: 4,
    OpeningStage.OPENED: 6,
    OpeningStage.RECORDED: 7,
    OpeningStage.FAILED: 2,
}
#: The same where bids come in two envelopes, by stage and step.
_REACHED_IN_TWO = {
    (OpeningStage.CLOSED, 1): 2,
    (OpeningStage.RELEASING, 1): 3,
    (OpeningStage.COMBINING, 1): 4,
    (OpeningStage.FIRST_OPENED, 1): 5,
    (OpeningStage.RELEASING, 2): 6,
    (OpeningStage.COMBINING, 2): 7,
    (OpeningStage.OPENED, 2): 9,
    (OpeningStage.RECORDED, 2): 10,
}


def _phases(lot: LotView, opening: OpeningView | None) -> list[tuple[str, str, str]]:
    if len(steps_of(lot.slots)) > 1:
        return _phases_in_two(lot, opening)
    reached = 0 if opening is None else _REACHED[opening.stage]
    texts = ("接收投标", "投标截止", "固定截止清单", "投标人解密", "见证人解密", "唱标", "记录确认")
    whens = (
        None,
        lot.deadline,
        opening.closed_at if opening else None,
        opening.window_until if opening else None,
        None,
        opening.opened_at if opening else None,
        opening.confirmed_at if opening else None,
    )
    return _rail(reached, zip(texts, whens, strict=True))


def _phases_in_two(lot: LotView, opening: OpeningView | None) -> list[tuple[str, str, str]]:
    reached = 0 if opening is None else _REACHED_IN_TWO.get((opening.stage, opening.step), 2)
    second = opening is not None and opening.step > 1
    return _rail(
        reached,
        (
            ("接收投标", None),
            ("投标截止", lot.deadline),
            ("固定截止清单", opening.closed_at if opening else None),
            ("第一信封：投标人解密", None if opening is None or second else opening.window_until),
            ("第一信封：见证人解密", None),
            ("技术评审", None),
            ("第二信封：投标人解密", opening.window_until if opening and second else None),
            ("第二信封：见证人解密", None),
            ("唱标", opening.opened_at if opening else None),
            ("记录确认", opening.confirmed_at if opening else None),
        ),
    )


def _rail(reached: int, phases: Iterable[tuple[str, datetime | None]]) -> list[tuple[str, str, str]]:
    return [
        ("done" if at < reached else "now" if at == reached else "", name, hourminute(when) if when else "")
        for at, (name, when) in enumerate(phases)
    ]


def _row(bid: BidLine, actor: Actor | None) -> HallBid:
    return HallBid(
        id=str(bid.bid_id),
        no=bid.no,
        name=bid.bidder_name,
        note=cause_of(bid.state, bid.fault),
        submitted_at=bid.received_at,
        seal={True: "ok", False: "bad", None: ""}[sealed_as_received(bid.state, bid.fault)],
        receipt_href=f"/verify/receipts/{b64u_encode(bid.submission)}",
        state=MINE[bid.state],
        percent=None,
        price=bid.price_fen,
        offer=str(bid.form.get("period", "")),
        mine=actor is not None and actor.organisation_id == bid.bidder_id,
    )


def trustee_rows(seats: tuple[SeatView, ...], opening: OpeningView | None) -> list[HallTrustee]:
    """Return the trustees of a lot as hall and desk show them."""
    is_over = opening is not None and opening.is_open
    return [
        HallTrustee(
            role=seat.role,
            name=f"{seat.person}（{seat.organisation}）",
            state="on" if seat.posted_at else "spare" if is_over else "",
            word=f"{hourminute(seat.posted_at)} 到位" if seat.posted_at else "候补" if is_over else "尚未提交",
        )
        for seat in seats
    ]


def entry_row(event: Event) -> HallEntry:
    """Return an event as a line of the record."""
    index = "" if event.index is None else f"（账本第 {event.index} 条）"
    note = f"：{event.note}" if event.note else ""
    return HallEntry(event.at, f"{event.what}{note}{index}", "")


def fragments_of(services: Services, page: HallPage, now: datetime) -> dict[str, str]:
    """Render the parts of the hall that may change, by the id of their place."""
    parts: Any = services.templates.get_template("macros/hall.html").module
    ui: Any = services.templates.get_template("macros/ui.html").module
    stage: Any = services.templates.get_template("macros/stage.html").module
    live: Any = services.templates.get_template("macros/live.html").module
    fragments = {
        "hall-state": str(ui.tag(page.state[0], page.state[1])),
        "hall-phases": str(stage.rail(page.phases, "开标进程", dark=True)),
        "hall-until": str(parts.clock(page, page.until)),
        "hall-duties": str(parts.duties(page)),
        "hall-keys": str(parts.key_list(page.trustees)),
        "hall-people": str(parts.people_list(page.people)),
        "hall-parameters": str(parts.parameter_list(page.parameters, page.parameters_href)),
        "hall-signatures": str(parts.signature_list(page.people.signatures, page.people.sign_until, now)),
        "hall-objections": str(parts.objection_list(page)),
        "hall-closing": str(parts.closing(page)),
        "log": str(
            Markup('<ol class="log">') + Markup("").join(live.log_line(line) for line in page.log) + Markup("</ol>")
        ),
    }
    if not page.secret:
        fragments["hall-table"] = str(parts.bid_table(page))
    return fragments
