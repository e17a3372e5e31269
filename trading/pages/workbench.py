"""The workbench of procuring entity and agency: what is due by which article, their lots by stage; the inbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parameters.articles import cite
from kernel.periods import legal_date
from kernel.web.guards import permits, signed_in
from kernel.web.render import render_page
from trading.desk_reading import DeskLot, list_desk
from trading.dues import Due
from trading.entrusting import list_entrustments
from trading.messages import MessageView, list_messages
from trading.pages.common import todo_row
from trading.standing import state_of
from trading.vocabulary import Phase, Role, Stage

_GROUPS = (
    ("preparing", "筹备", frozenset({Phase.IN_PREPARATION})),
    (
        "tendering",
        "招标",
        frozenset({Phase.ANNOUNCED, Phase.SELLING, Phase.BIDDING, Phase.DEADLINE_REACHED, Phase.OPENING}),
    ),
    (
        "judging",
        "评标与公示",
        frozenset({Phase.EVALUATION, Phase.PUBLICITY, Phase.PUBLICITY_OVER, Phase.STANDSTILL}),
    ),
    ("done", "定标与结束", frozenset({Phase.AWARD, Phase.ENDED})),
)
_URGENCIES = (
    ("late", "已逾期", "bad"),
    ("today", "今天到期", "bad"),
    ("soon", "三天之内", "warn"),
    ("later", "以后到期", "info"),
    ("open", "等待办理", "mute"),
)
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
    """A lot in the workbench, with the next act and where it is done."""

    title: str
    number: str
    lot_no: str
    href: str
    stage: tuple[str, str]
    next: str
    next_href: str
    law: str
    due: str
    due_kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    key: str
    title: str
    kind: str
    rows: list[Any]


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a look though no limit runs."""

    kind: str
    lead: str
    text: str
    href: str
    law: str


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
    warnings: list[Attention]
    dues: list[Group]
    groups: list[Group]
    counts: list[tuple[str, str, str, str]]
    messages: list[ShortMessage]
    unread: int


@get("/a", guards=[permits("lot.room")], include_in_schema=False)
async def workbench(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show what is due first, then the lots by stage with the next act of each."""
    desk = await list_desk(tx, actor)
    dues = [(item, due) for item in desk for due in item.dues(tx.now)]
    dues.sort(key=lambda pair: (pair[1].until is None, pair[1].until or tx.now))
    messages = await list_messages(tx, actor, most=8)
    groups = _lot_groups(desk, tx.now)
    page = WorkbenchPage(
        name=actor.organisation_name,
        may_register=actor.has(Role.PROCURING_ENTITY),
        warnings=[*await _offers(tx, actor), *(warning for item in desk for warning in _warnings(item, tx.now))],
        dues=_due_groups(dues, tx.now),
        groups=[group for group in groups if group.rows],
        counts=[(group.title, str(len(group.rows)), "个", "") for group in groups],
        messages=[ShortMessage(m.title, m.href, m.sent_at, m.read_at is None) for m in messages],
        unread=sum(message.read_at is None for message in messages),
    )
    return render_page(request, "trading/workbench.html", {"page": page}, now=tx.now)


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


def _due_groups(dues: list[tuple[DeskLot, Due]], now: datetime) -> list[Group]:
    found = []
    for key, title, kind in _URGENCIES:
        rows = [
            todo_row(f"/a/lots/{item.lot.id}", due, now, item.lot.title)
            for item, due in dues
            if due.urgency(now) == key
        ]
        if rows:
            found.append(Group(key, title, kind, rows))
    return found


def _lot_groups(desk: list[DeskLot], now: datetime) -> list[Group]:
    found = []
    for key, title, phases in _GROUPS:
        rows = [_lot_row(item, now) for item in desk if item.lot.phase(now) in phases]
        found.append(Group(key, title, "", rows))
    return found


def _lot_row(item: DeskLot, now: datetime) -> LotRow:
    lot, base = item.lot, f"/a/lots/{item.lot.id}"
    due = next(iter(item.dues(now)), None)
    row = todo_row(base, due, now) if due else None
    return LotRow(
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        href=base,
        stage=state_of(lot, now),
        next=due.text if due else "",
        next_href=row.href if row else "",
        law=due.article if due else "",
        due=row.due if row else "",
        due_kind=row.kind if row else "mute",
    )


def _warnings(item: DeskLot, now: datetime) -> list[Attention]:
    lot, base = item.lot, f"/a/lots/{item.lot.id}"
    if lot.stage is Stage.SUSPENDED:
        return [Attention("bad", lot.title, "监督部门责令暂停，恢复前不能办理下一步。", base, cite("条例62"))]
    if lot.deadline is None or now >= lot.deadline:
        return []
    day = legal_date(lot.deadline)
    if day.year not in item.law.calendar.years:
        words = f"投标截止日 {day} 所在年份的节假日安排尚未载入，法定期限暂不能核对。"
        return [Attention("warn", lot.title, words, f"{base}/plan", cite("民法典203"))]
    if not item.law.calendar.is_working_day(day):
        words = f"投标截止日 {day} 是休假日，建议改在其后第一个工作日开标。"
        return [Attention("warn", lot.title, words, f"{base}/plan", cite("民法典203"))]
    return []


async def _offers(tx: Tx, actor: Actor) -> list[Attention]:
    if not actor.has(Role.AGENCY):
        return []
    waiting = sum(item.state == "offered" for item in await list_entrustments(tx, actor))
    if not waiting:
        return []
    words = f"有 {waiting} 个项目的委托等待接受，接受后才能办理。"
    return [Attention("warn", "项目委托", words, "/a/entrustments", cite("招投法12"))]


def _message_row(message: MessageView) -> MessageRow:
    read = message.read_at is not None
    return MessageRow(message.id, message.title, message.text, message.href, message.sent_at, read, "")


HANDLERS = [workbench, inbox]
