"""Parts that several pages share: forms that keep what was typed, rows of lists, lines of the timeline."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from kernel.clock import SHANGHAI
from kernel.db.transaction import Tx
from kernel.errors import DomainError, InvalidInput, NotFound, NotPermitted, NotSignedIn, RuleBroken
from kernel.web.filters import hourminute, local, moment, monthday
from trading.announcement import NoticeKind
from trading.dues import Due
from trading.lot_dates import last_day
from trading.lot_view import LotView
from trading.reading import NoticeLine
from trading.timeline import Event

_T = TypeVar("_T")
#: Colour and words of the kinds of notices.
NOTICE_KINDS: dict[NoticeKind, tuple[str, str]] = {
    NoticeKind.TENDER: ("info", "招标公告"),
    NoticeKind.CANDIDATES: ("ok", "候选人公示"),
    NoticeKind.AWARD: ("ok", "中标结果"),
    NoticeKind.PREQUALIFICATION: ("info", "资格预审公告"),
    NoticeKind.PREQUALIFICATION_RESULT: ("ok", "资格预审结果"),
    NoticeKind.INVITATION: ("info", "投标邀请书"),
    NoticeKind.POSTPONEMENT: ("warn", "延期公告"),
    NoticeKind.TERMINATION: ("bad", "终止公告"),
    NoticeKind.FAILURE: ("bad", "招标失败公告"),
    NoticeKind.CONTRACT: ("ok", "合同公示"),
}
#: Colours of what is due, by how near its end is.
_KINDS = {"late": "bad", "today": "bad", "soon": "warn", "later": "info", "open": "info"}
SECRECY = "投标人名称、数量在投标截止前对所有人保密，包括招标人、代理机构和平台工作人员（招标投标法第二十二条）。"


@dataclass(slots=True)
class Form:
    """What was typed, and what has to be corrected: field names to texts."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in a list."""

    kind: str
    type: str
    title: str
    href: str
    region: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ActRow:
    """A line of the journal."""

    at: datetime
    kind: str
    what: str
    who: str
    note: str
    law: str
    index: int | None
    href: str | None


@dataclass(frozen=True, slots=True)
class TodoRow:
    """Something to do.

    Attributes:
        law: the article that asks for it.
    """

    kind: str
    text: str
    href: str
    sub: str
    due: str
    law: str = ""


async def attempt(tx: Tx, form: Form, act: Callable[[], Awaitable[_T]]) -> _T | None:
    """Run an act for a form; a refusal undoes it and becomes messages beside the fields.

    Returns:
        What the act returned; None if it was refused, `form.errors` then says why.
    Raises:
        DomainError: refusals that no field can mend: not found, not permitted.
    """
    try:
        async with tx.session.begin_nested():
            return await act()
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except InvalidInput as error:
        _note(form, error.fields or [("form", error.detail)])
    except RuleBroken as error:
        _note(form, [(f["field"], f"{f['message']}（{f['article']}）") for f in error.findings])
    except DomainError as error:
        form.errors["form"] = error.detail
    return None


def _note(form: Form, faults: Iterable[tuple[str, str]]) -> None:
    """Put faults beside their fields, in their order; of two about one field the first stays."""
    for name, message in faults:
        form.errors.setdefault(name, message)


def require_agreement(form: Form, name: str = "agree") -> bool:
    """Say whether the explicit statement is ticked; if not, the form says so."""
    if form.values.get(name) == "yes":
        return True
    form.errors[name] = "请勾选确认后再提交。"
    return False


def texts_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's values as text, without its token; a repeated name keeps its list."""
    return {
        name: value if isinstance(value, list) else str(value).strip()
        for name, value in data.items()
        if name != "_csrf"
    }


def moment_of(form: Form, name: str, label: str) -> datetime | None:
    """Read a moment as Beijing writes it: `2026-08-06 14:00:00`, seconds may be left out."""
    text = str(form.values.get(name, "")).strip()
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    form.errors[name] = f"请填写{label}，例如 2026-08-06 14:00:00。"
    return None


def written(instant: datetime | None) -> str:
    """Write a moment into a form field."""
    return "" if instant is None else f"{local(instant):%Y-%m-%d %H:%M:%S}"


def notice_row(line: NoticeLine) -> NoticeRow:
    """Return a notice as a row of a list."""
    kind, words = NOTICE_KINDS[line.kind]
    if line.version > 1:
        kind, words = "warn", f"{words}（更正）"
    return NoticeRow(kind, words, line.title, f"/notices/{line.id}", line.region, line.published_at)


def act_row(event: Event) -> ActRow:
    """Return an event as a line of the journal."""
    href = f"/ledger?entry={event.index}" if event.index is not None and event.visibility == "public" else None
    return ActRow(event.at, event.kind, event.what, event.who, event.note, event.law, event.index, href)


def todo_row(base: str, due: Due, now: datetime, title: str = "") -> TodoRow:
    """Return something to do, coloured by how near its end is."""
    kind = _KINDS[due.urgency(now)]
    text = f"{title}：{due.text}" if title else due.text
    return TodoRow(kind, text, base + due.href, due.sub, until_in_words(due, now), due.article)


def until_in_words(due: Due, now: datetime) -> str:
    """Say until when something is to be done; a last day ends at 24:00 and is not called the day after."""
    if due.until is None:
        return "待办"
    day, at = last_day(due.until)
    end = f"{hourminute(at)}" if at is not None else "24:00"
    match due.urgency(now):
        case "late":
            return f"已过 {monthday(day)} {end}"
        case "today":
            return f"今天 {end} 前"
        case _:
            return f"{monthday(day)} {end} 前"


def heading_of(lot: LotView, base: str) -> dict[str, str]:
    """Return what every page of a lot's room says at the top."""
    return {"base": base, "title": lot.title, "number": lot.tender, "lot_no": lot.number}


def said(instant: datetime | None) -> str:
    """Write a moment for a sentence; a dash where there is none."""
    return "—" if instant is None else moment(instant)
