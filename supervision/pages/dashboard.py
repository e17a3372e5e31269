"""The supervisor's overview: running openings, inspections and their terms, alarms, the newest public entries.

Everything is read through the oversight login, which sees nothing sealed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.log.reader import list_public_entries
from kernel.web.filters import day, minute
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision.pages.words import entry_words
from supervision.queries import InspectionLine, list_inspections
from supervision.vocabulary import STAGE_WORDS, Stage
from trading import facade as trading
from trading.vocabulary import Stage as LotStage

#: Stages of a lot that a supervisor may want to watch, in words.
_WATCHED = {
    LotStage.NOTICE_PUBLISHED: ("info", "接收投标"),
    LotStage.CLOSED: ("seal", "正在开标"),
    LotStage.OPENED: ("ok", "已开标"),
}


@dataclass(frozen=True, slots=True)
class ClueRow:
    """An alarm."""

    level: tuple[str, str]
    text: str
    href: str
    lot: str
    basis: str
    at: datetime
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """An inspection with its term."""

    title: str
    href: str
    state: tuple[str, str]
    due: str


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """The context of `supervision/dashboard.html`."""

    subtitle: str
    numbers: list[tuple[str, str, str, str]]
    figures: list[Any]
    openings: list[tuple[datetime, str, str, str, str]]
    clues: list[ClueRow]
    inspections: list[InspectionRow]
    recent: list[tuple[datetime, str, str, int | None]]
    unread: int


@get("/s", guards=[permits("supervision.desk")], include_in_schema=False)
async def dashboard(request: Request[Any, Any, Any], services: Services) -> Response[str]:
    """Show the overview."""
    async with services.db.begin_read_only(oversight=True) as tx:
        page, now = await _page(tx), tx.now
    return render_page(request, "supervision/dashboard.html", {"page": page}, now=now)


async def _page(tx: Tx) -> DashboardPage:
    lots = await trading.list_lots(tx)
    inspections = await list_inspections(tx, most=200)
    clues = await _clues(tx)
    waiting = [one for one in inspections if one.stage is Stage.RECORDED]
    late = sum(one.publish_by is not None and one.publish_by < tx.now.date() for one in waiting)
    return DashboardPage(
        subtitle=f"数据截至 {minute(tx.now)}",
        numbers=[
            ("正在招标", str(sum(lot.stage is LotStage.NOTICE_PUBLISHED for lot in lots)), "个标段", ""),
            ("双随机抽查", str(len(inspections)), "期", ""),
            ("待公开结果", str(len(waiting)), "期", f"其中逾期 {late} 期" if late else ""),
            ("预警线索", str(len(clues)), "条", ""),
        ],
        figures=[],
        openings=[
            (lot.opening_at, lot.title, f"/openings/{lot.id}", *_WATCHED[lot.stage])
            for lot in lots
            if lot.stage in _WATCHED and lot.opening_at is not None
        ][:6],
        clues=clues,
        inspections=[_row(one) for one in inspections[:6]],
        recent=[
            (entry.at, entry_words(entry.type), _who(entry.detail), entry.index)
            for entry in await list_public_entries(tx, most=12)
        ],
        unread=0,
    )


def _row(one: InspectionLine) -> InspectionRow:
    waits = one.stage is Stage.RECORDED and one.publish_by is not None
    due = f"结果应于 {day(one.publish_by)} 前公开" if waits and one.publish_by else one.number
    return InspectionRow(one.title, f"/s/inspections/{one.id}", STAGE_WORDS[one.stage], due)


def _who(detail: dict[str, Any]) -> str:
    actor = detail.get("actor", {})
    return str(actor.get("organisation") or actor.get("name") or "—")


async def _clues(tx: Tx) -> list[ClueRow]:
    """Return the newest alarms that oversight may read: keys used before their time."""
    rows = await tx.session.execute(
        text(
            "SELECT e.type, e.at, e.subject FROM audit_entry e WHERE e.type LIKE 'alarm.%' ORDER BY e.id DESC LIMIT 20"
        )
    )
    return [
        ClueRow(
            level=("bad", "高"),
            text=entry_words(row.type),
            href=f"/openings/{row.subject}" if row.subject else "/ledger",
            lot="查看标段" if row.subject else "—",
            basis="密钥在规定时间之前被使用",
            at=row.at,
            state=("warn", "待核查"),
        )
        for row in rows
    ]


HANDLERS: list[Any] = [dashboard]
