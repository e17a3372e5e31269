"""The calendar of one's own lots: a month on a page, the file for other calendars, and the list of lots as a table."""

import re
from calendar import Calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, Response, get

from kernel.csv_table import write_table
from kernel.db.transaction import Tx
from kernel.icalendar import MEDIA_TYPE, CalendarEvent, write_calendar
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.parameters.store import load_calendar
from kernel.periods import HolidayTable, legal_date
from kernel.web.filters import day as in_print
from kernel.web.filters import hourminute, moment
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services, Site
from trading.desk_reading import DeskLot, list_desk
from trading.dues import Due
from trading.lot_dates import LotDate
from trading.pages.common import until_in_words
from trading.standing import state_of
from trading.wording import KINDS, METHODS, REGIMES

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_SATURDAY = 5
_HEADINGS = (
    *("项目编号", "标段", "名称", "适用制度", "采购内容", "招标方式", "阶段", "招标人", "招标代理"),
    *("最高限价（元）", "估算价（元）", "文件开始获取", "文件获取截止", "投标截止", "公示期满"),
    *("下一步", "期限", "依据"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A date of a lot on the page.

    Attributes:
        at: clock time; for last days the end, 24:00.
        state: `late`, `today`, `done` or empty.
    """

    on: date
    at: str
    what: str
    law: str
    lot: str
    number: str
    href: str
    state: str


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the month.

    Attributes:
        kind: `rest` for weekends and holidays, `work` for worked weekends, or empty.
        mark: 休 on a weekday that is a holiday, 班 on a worked weekend.
    """

    on: date
    inside: bool
    today: bool
    kind: str
    mark: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """A month."""

    month: date
    prev: str
    next: str
    weeks: list[list[Day]]
    entries: list[Entry]
    unloaded: list[int]
    bad: bool
    lots: int


@get("/a/calendar", guards=[permits("lot.room")], include_in_schema=False)
async def calendar_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, month: str = "") -> Response[str]:
    """Show a month with all dates of one's own lots.

    Args:
        month: `2026-08`; anything else shows the present month and says so.
    """
    today = legal_date(tx.now)
    first = month_of(month) or today.replace(day=1)
    desk, table = await list_desk(tx, actor), await load_calendar(tx)
    entries = [_entry(item, found, tx.now) for item in desk for found in item.dates()]
    entries.sort(key=lambda entry: (entry.on, entry.at, entry.number, entry.what))
    weeks = weeks_of(first, today, table, entries)
    shown = {day.on.year for week in weeks for day in week if day.inside}
    page = CalendarPage(
        month=first,
        prev=f"{first - timedelta(days=1):%Y-%m}",
        next=f"{first + timedelta(days=31):%Y-%m}",
        weeks=weeks,
        entries=[entry for entry in entries if (entry.on.year, entry.on.month) == (first.year, first.month)],
        unloaded=sorted(shown - table.years),
        bad=bool(month) and month_of(month) is None,
        lots=len(desk),
    )
    return render_page(request, "trading/calendar.html", {"page": page}, now=tx.now)


@get("/a/calendar.ics", guards=[permits("lot.room")], include_in_schema=False)
async def calendar_file(tx: Tx, actor: Actor, services: Services) -> Response[bytes]:
    """Return all dates of one's own lots for another calendar; for the person signed in, there is no secret address."""
    desk = await list_desk(tx, actor)
    events = [_event(services.site, item, found) for item in desk for found in item.dates()]
    body = write_calendar(f"{services.site.name}：{actor.organisation_name}", events, now=tx.now)
    return _download(body, MEDIA_TYPE, "sunlit-calendar.ics")


@get("/a/lots.csv", guards=[permits("lot.room")], include_in_schema=False)
async def lots_file(tx: Tx, actor: Actor) -> Response[bytes]:
    """Return one's own lots as a table."""
    rows = [_cells(item, tx.now) for item in await list_desk(tx, actor)]
    return _download(write_table(_HEADINGS, rows), "text/csv", "sunlit-lots.csv")


def month_of(text: str) -> date | None:
    """Read a month as its first day; None if it is none."""
    found = _MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else None


def weeks_of(first: date, today: date, table: HolidayTable, entries: Iterable[Entry]) -> list[list[Day]]:
    """Lay out a month in weeks from Monday, each day with what falls on it; days outside the month stay empty."""
    by_day: dict[date, list[Entry]] = {}
    for entry in entries:
        by_day.setdefault(entry.on, []).append(entry)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    return [[_day(on, first, today, table, by_day.get(on, [])) for on in week] for week in weeks]


def _day(on: date, first: date, today: date, table: HolidayTable, entries: list[Entry]) -> Day:
    kind, mark = "", ""
    if on in table.make_up_days:
        kind, mark = "work", "班"
    elif on in table.rest_weekdays:
        kind, mark = "rest", "休"
    elif on.weekday() >= _SATURDAY:
        kind = "rest"
    inside = on.month == first.month
    return Day(on, inside, inside and on == today, kind, mark, entries if inside else [])


def _entry(item: DeskLot, found: LotDate, now: datetime) -> Entry:
    lot = item.lot
    state = "done" if found.done or now >= found.until else "today" if found.day == legal_date(now) else ""
    if not found.done and now >= found.until and found.key.startswith("answer-"):
        state = "late"
    return Entry(
        on=found.day,
        at=hourminute(found.at) if found.at else "24:00",
        what=found.label,
        law=found.article,
        lot=lot.title,
        number=f"{lot.tender} · {lot.number}",
        href=f"/a/lots/{lot.id}{found.href}",
        state=state,
    )


def _event(site: Site, item: DeskLot, found: LotDate) -> CalendarEvent:
    lot = item.lot
    address = f"{site.base_url}/a/lots/{lot.id}{found.href}"
    mark = "（演练）" if site.rehearsal else ""
    end = "" if found.at else "当日 24 时（北京时间）届满。\n"
    text = f"项目编号 {lot.tender}，标段 {lot.number}。\n依据：{found.article}。\n{end}{address}"
    host = site.base_url.partition("://")[2]
    uid = f"{found.key}.{lot.id}@{host}"
    return CalendarEvent(uid, found.at or found.day, f"{mark}{found.label}：{lot.title}", text, address)


def _cells(item: DeskLot, now: datetime) -> list[str]:
    lot = item.lot
    due: Due | None = next(iter(item.dues(now)), None)
    moments = (lot.documents_from, lot.documents_to, lot.deadline)
    return [
        *(lot.tender, lot.number, lot.title, REGIMES[lot.regime], KINDS[lot.kind], METHODS[lot.method]),
        *(state_of(lot, now)[1], lot.procuring_entity_name, lot.agency_name),
        *("" if fen is None else str(Money(fen)) for fen in (lot.price_cap_fen, lot.estimate_fen)),
        *("" if at is None else moment(at) for at in moments),
        in_print(lot.publicity_until - timedelta(seconds=1)) if lot.publicity_until else "",
        *((due.text, until_in_words(due, now), due.article) if due else ("", "", "")),
    ]


def _download(body: bytes, media_type: str, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=media_type, headers=headers)


HANDLERS = [calendar_page, calendar_file, lots_file]
