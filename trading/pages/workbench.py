"""The workbench of procuring entity and agency: what is due by which article, their lots, their messages; the inbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from kernel.web.guards import permits, signed_in
from kernel.web.render import render_page
from trading.legal import law_of
from trading.lot_view import LotView
from trading.messages import MessageView, list_messages
from trading.objection_reading import list_answers_owed
from trading.objection_rules import stops_the_procedure, word_of
from trading.pages.common import TodoRow, said, todo_row
from trading.queries import list_lots_of
from trading.reading import list_notices_of
from trading.reports import find_report
from trading.standing import Due, dues_of, state_of
from trading.vocabulary import Phase, Role

_PREPARING = frozenset({Phase.IN_PREPARATION})
_TENDERING = frozenset({Phase.ANNOUNCED, Phase.SELLING, Phase.BIDDING, Phase.DEADLINE_REACHED, Phase.OPENING})
_JUDGING = frozenset({Phase.EVALUATION, Phase.PUBLICITY, Phase.PUBLICITY_OVER, Phase.STANDSTILL})
_RAILS = (
    (Role.BIDDER, "bidder"),
    (Role.AGENCY, "agency"),
    (Role.PROCURING_ENTITY, "agency"),
    (Role.EXPERT, "expert"),
    (Role.SUPERVISOR, "supervisor"),
    (Role.TRUSTEE, "trustee"),
    (Role.INSPECTOR, "inspector"),
)


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot in the workbench."""

    title: str
    number: str
    lot_no: str
    href: str
    stage: tuple[str, str]
    next: str
    due: str
    due_kind: str


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """A message beside the workbench."""

    title: str
    href: str
    at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class WorkbenchPage:
    """The workbench."""

    name: str
    may_register: bool
    todos: list[TodoRow]
    lots: list[LotRow]
    counts: list[tuple[str, str, str, str]]
    messages: list[ShortMessage]
    unread: int


@get("/a", guards=[permits("lot.room")], include_in_schema=False)
async def workbench(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show what is due first, then the lots."""
    lots = await list_lots_of(tx, actor.organisation_id) if actor.organisation_id else []
    dues = [(lot, due) for lot in lots for due in await dues_of_lot(tx, lot)]
    dues.sort(key=lambda pair: (pair[1].until is None, pair[1].until or tx.now))
    messages = await list_messages(tx, actor, most=8)
    page = WorkbenchPage(
        name=actor.organisation_name,
        may_register=actor.has(Role.PROCURING_ENTITY),
        todos=[todo_row(f"/a/lots/{lot.id}", due, tx.now, lot.title) for lot, due in dues],
        lots=[_lot_row(lot, dues, tx.now) for lot in lots],
        counts=_counts(lots, tx.now),
        messages=[ShortMessage(m.title, m.href, m.sent_at, m.read_at is None) for m in messages],
        unread=sum(message.read_at is None for message in messages),
    )
    return render_page(request, "trading/workbench.html", {"page": page}, now=tx.now)


async def dues_of_lot(tx: Tx, lot: LotView) -> list[Due]:
    """Return what is due in a lot, with the dates that its report and its award notice began."""
    report = await find_report(tx, lot.id)
    law = await law_of(tx, lot.regime, lot.registered_at)
    sent = [line.published_at for line in await list_notices_of(tx, lot.id) if line.kind == "award"]
    awarded_on = legal_date(sent[0]) if sent else None
    word = word_of(law)
    owed = [
        Due(f"答复{word}", "/objections", "答复前暂停招标投标活动" if stops_the_procedure(law) else "", until)
        for until in await list_answers_owed(tx, lot.id)
    ]
    return owed + dues_of(lot, law, report.received_at if report else None, awarded_on)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message of the inbox."""

    id: UUID
    title: str
    text: str
    href: str
    sent_at: datetime
    read: bool
    lot: str


@dataclass(frozen=True, slots=True)
class InboxPage:
    """The inbox."""

    role: str
    messages: list[MessageRow]
    prev_href: str | None
    next_href: str | None


@get("/inbox", guards=[signed_in], include_in_schema=False)
async def inbox(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show the organisation's messages, newest first."""
    role = next((rail for role, rail in _RAILS if actor.has(role)), "staff")
    page = InboxPage(role, [_message_row(message) for message in await list_messages(tx, actor)], None, None)
    return render_page(request, "portal/inbox.html", {"page": page}, now=tx.now)


def _lot_row(lot: LotView, dues: list[tuple[LotView, Due]], now: datetime) -> LotRow:
    due = next((due for owner, due in dues if owner.id == lot.id), None)
    row = todo_row(f"/a/lots/{lot.id}", due, now) if due else None
    return LotRow(
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        href=f"/a/lots/{lot.id}",
        stage=state_of(lot, now),
        next=due.text if due else "—",
        due=said(due.until) if due else "—",
        due_kind=row.kind if row else "mute",
    )


def _counts(lots: list[LotView], now: datetime) -> list[tuple[str, str, str, str]]:
    phases = [lot.phase(now) for lot in lots]
    groups = (("筹备", _PREPARING), ("招标", _TENDERING), ("评标与公示", _JUDGING))
    rows = [(words, str(sum(phase in group for phase in phases)), "个", "") for words, group in groups]
    done = sum(phase in (Phase.AWARD, Phase.ENDED) for phase in phases)
    return [*rows, ("定标与结束", str(done), "个", "")]


def _message_row(message: MessageView) -> MessageRow:
    read = message.read_at is not None
    return MessageRow(message.id, message.title, message.text, message.href, message.sent_at, read, "")


HANDLERS = [workbench, inbox]
