"""The bidder's workbench, and the room of one lot: take part, documents."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post

from bidding import emergency, queries, registration
from bidding.api.licence import take_part
from bidding.opening_view import find_opening
from bidding.pages.words import MINE, SubmissionRow, base_of, state_of_keys, submission_row
from bidding.queries import OwnBidView
from bidding.vocabulary import BidState, OpeningStage
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.filters import minute
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import facade as trading
from trading.documents import list_documents
from trading.lot_view import LotView
from trading.messages import list_messages
from trading.pages.common import NoticeRow, TodoRow, heading_of, notice_row, said
from trading.reading import list_notices_of
from trading.standing import over, stages_of, state_of
from trading.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot in the workbench."""

    title: str
    number: str
    href: str
    buyer: str
    deadline: datetime
    state: tuple[str, str]
    mine: tuple[str, str]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message beside the workbench."""

    title: str
    href: str
    at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class WorkbenchPage:
    """The context of `bidding/workbench.html`."""

    name: str
    uscc: str
    licence_until: datetime
    licence_state: tuple[str, str]
    todos: list[TodoRow]
    lots: list[LotRow]
    open_lots: list[LotRow]
    messages: list[MessageRow]
    unread: int


@get("/b", guards=[permits("bid.room")], include_in_schema=False)
async def workbench(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show what is due first, then the lots."""
    taken = await queries.list_own_lots(tx, actor)
    lots = [(await trading.get_lot(tx, lot_id), own) for lot_id, own in taken]
    published = await trading.list_lots(tx, stages=(Stage.NOTICE_PUBLISHED,))
    mine = {lot.id for lot, _ in lots}
    open_ = [x for x in published if x.id not in mine and actor.covers(x.id) and _is_open_to_join(x, tx.now)]
    messages = await list_messages(tx, actor, most=8)
    page = WorkbenchPage(
        name=actor.organisation_name,
        uscc=actor.uscc,
        licence_until=await registration.licence_until(tx, actor.account_id) or tx.now,
        licence_state=("ok", "登录时已核验"),
        todos=[todo for lot, own in lots for todo in await todos_of(tx, lot, own)],
        lots=[_row(lot, own, tx.now) for lot, own in lots],
        open_lots=[_row(lot, None, tx.now) for lot in open_],
        messages=[MessageRow(item.title, item.href, item.sent_at, item.read_at is None) for item in messages],
        unread=sum(item.read_at is None for item in messages),
    )
    return render_page(request, "bidding/workbench.html", {"page": page}, nav="", now=tx.now)


def _is_open_to_join(lot: LotView, now: datetime) -> bool:
    return (
        lot.documents_from is not None and lot.documents_to is not None and lot.documents_from <= now < lot.documents_to
    )


def _row(lot: LotView, own: OwnBidView | None, now: datetime) -> LotRow:
    return LotRow(
        title=lot.title,
        number=lot.tender,
        href=base_of(lot.id),
        buyer=lot.procuring_entity_name,
        deadline=lot.deadline or now,
        state=state_of(lot, now),
        mine=MINE[own.state] if own is not None else ("mute", "未参加"),
    )


async def todos_of(tx: Tx, lot: LotView, own: OwnBidView) -> list[TodoRow]:
    """Return what the bidder has to do in a lot now."""
    base = base_of(lot.id)
    if lot.stage is Stage.NOTICE_PUBLISHED and lot.deadline is not None and tx.now < lot.deadline:
        done = own.state is BidState.SEALED
        text = "可以修改或撤回投标文件" if done else "递交投标文件"
        sub = f"已递交第 {own.rev} 次" if done else "截止前以收到回执为准"
        return [TodoRow("info" if done else "bad", text, f"{base}/submit", sub, f"{minute(lot.deadline)} 前")]
    opening = await find_opening(tx, lot.id)
    if opening is not None and state_of_keys(own, opening, await emergency.given_at(tx, own.bid_id)) == "open":
        return [TodoRow("bad", "应急解密", f"{base}/emergency", "监督部门已决定由投标人提交文件密钥", "尽快")]
    awaited = (BidState.CLOSED, BidState.FIRST_OPENED)
    if opening is None or own.state not in awaited or opening.stage is not OpeningStage.RELEASING:
        return []
    until = f"{minute(opening.window_until)} 前"
    return [TodoRow("bad", "开标解密", f"{base}/release", "逾期未解密视为撤销投标文件", until)]


@dataclass(frozen=True, slots=True)
class RoomPage:
    """The context of `bidding/room.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    over: str
    state: tuple[str, str]
    stages: list[tuple[str, str, str]]
    joined: bool
    join_href: str
    todos: list[TodoRow]
    deadline: datetime | None
    mine: SubmissionRow | None
    notices: list[NoticeRow]
    facts: list[tuple[str, str]]
    result: None


@get("/b/lots/{lot_id:uuid}", guards=[permits("bid.room")], include_in_schema=False)
async def room(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show what is left to do in a lot; who has not joined sees how to."""
    lot = await published_lot(tx, lot_id, actor)
    own = await queries.find_own_bid(tx, actor, lot_id)
    submissions = await queries.list_own_submissions(tx, actor, lot_id)
    current = next((submission_row(view) for view in submissions if view.is_current), None)
    page = RoomPage(
        **heading_of(lot, base_of(lot_id)),
        over=over(lot),
        state=state_of(lot, tx.now),
        stages=stages_of(lot, tx.now),
        joined=own is not None,
        join_href=f"{base_of(lot_id)}/join",
        todos=[] if own is None else await todos_of(tx, lot, own),
        deadline=lot.deadline if lot.closed_at is None else None,
        mine=current,
        notices=[notice_row(line) for line in await list_notices_of(tx, lot.id)],
        facts=[
            ("招标人", lot.procuring_entity_name),
            ("招标代理", lot.agency_name),
            ("获取文件", f"{said(lot.documents_from)} 至 {said(lot.documents_to)}"),
            ("投标截止", said(lot.deadline)),
            ("开标", said(lot.opening_at)),
        ],
        result=None,
    )
    return render_page(request, "bidding/room.html", {"page": page}, nav="", now=tx.now)


async def published_lot(tx: Tx, lot_id: uuid.UUID, actor: Actor | None = None) -> LotView:
    """Return a lot whose notice is out, and which the actor may see.

    Raises:
        NotFound: there is none, or it invites and not this firm: the answer is the same.
    """
    lot = await trading.view_lot(tx, actor, lot_id)
    if lot.published_at is None:
        raise NotFound
    return lot


@post("/b/lots/{lot_id:uuid}/join", guards=[permits("lot.join")], include_in_schema=False)
async def join(actor: Actor, services: Services, lot_id: uuid.UUID) -> Response[None]:
    """Register interest, then back to the room."""
    await take_part(services, actor, lot_id)
    return Response(None, status_code=303, headers={"Location": f"{base_of(lot_id)}/documents"})


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A tender document to fetch."""

    name: str
    version: int
    size: int
    digest: str
    at: datetime
    href: str


@dataclass(frozen=True, slots=True)
class DocumentsPage:
    """The context of `bidding/documents.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    documents: list[DocumentRow]


@get("/b/lots/{lot_id:uuid}/documents", guards=[permits("bid.room")], include_in_schema=False)
async def documents(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """List the issued documents to who has joined."""
    await registration.require_interest(tx, actor, lot_id)
    lot = await published_lot(tx, lot_id, actor)
    rows = [
        DocumentRow(
            item.name,
            item.version,
            item.size,
            item.digest.hex(),
            item.issued_at,
            f"/api/v1/lots/{lot_id}/documents/{item.id}",
        )
        for item in await list_documents(tx, lot_id)
        if item.issued_at is not None
    ]
    page = DocumentsPage(**heading_of(lot, base_of(lot_id)), documents=rows)
    return render_page(request, "bidding/documents.html", {"page": page}, nav="", now=tx.now)


@get("/b/lots/{lot_id:uuid}/hall", guards=[permits("bid.room")], include_in_schema=False)
async def hall(lot_id: uuid.UUID) -> Response[None]:
    """Lead to the public hall; it knows who is looking."""
    return Response(None, status_code=303, headers={"Location": f"/openings/{lot_id}"})


HANDLERS = [workbench, room, join, documents, hall]
