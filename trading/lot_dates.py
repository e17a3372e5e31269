"""All dates of a lot that its own people keep in a calendar, each with its article. Pure.

Law: R-CNT-01 to R-CNT-09; every date is a row of the parameter table or a date of the plan, and names its article. What
starts a limit is in `Happened`; which limits there are is in the procedure's definition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from kernel.clock import SHANGHAI
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import CalendarNotLoaded, end_of_day, legal_date
from trading.lot_view import LotView
from trading.plan import intervals_of, latest_dates
from trading.procedures.definition import DateRule, How
from trading.vocabulary import Limit, Regime, Stage

#: Where a thing is done in the lot's room, by the event that ends its limit, or by the limit.
PLACES: Final = {
    "candidates_published": "/candidates",
    "award": "/award",
    "result_published": "/award",
    "contract": "/contract",
    "contract_published": "/contract",
    "bonds_returned": "/bonds",
    "refunded": "/bonds",
    Limit.CLARIFICATION: "/questions",
    Limit.DOCUMENT_OBJECTION: "/objections",
    Limit.PREQUALIFICATION_CLARIFICATION: "/admission",
    Limit.PREQUALIFICATION_OBJECTION: "/objections",
}
#: A lot in one of these does not go on: what was planned for later does not come.
_STOPPED: Final = frozenset({Stage.FAILED, Stage.TERMINATED, Stage.RETENDERED})
#: What is told of a bond that is not returned yet lies in the money's own page; here are the last days alone.
_MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True)
class Happened:
    """What has happened in a lot that starts or ends a limit; None: not yet.

    Attributes:
        answers_owed: until when each open objection must be answered.
        signed_on: day of the contract on record.
    """

    report: datetime | None = None
    candidates_published: datetime | None = None
    award: datetime | None = None
    result_published: datetime | None = None
    award_notice: datetime | None = None
    signed_on: date | None = None
    contract_published: datetime | None = None
    terminated: datetime | None = None
    failure_published: datetime | None = None
    invited: bool = False
    prequalification_from: datetime | None = None
    prequalification_to: datetime | None = None
    prequalification_deadline: datetime | None = None
    prequalification_concluded: datetime | None = None
    answers_owed: tuple[datetime, ...] = ()

    def day_of(self, event: str) -> date | None:
        """Return the day of an event by its name in the procedure, or None."""
        if event == "contract":
            return self.signed_on
        moment = getattr(self, event, None)
        return legal_date(moment) if isinstance(moment, datetime) else None


@dataclass(frozen=True, slots=True)
class LotDate:
    """A date of a lot.

    Attributes:
        key: the same date keeps it; unique in the lot.
        until: the instant at which it has come; for a last day its end.
        at: the moment, where the clock matters; None for a whole last day.
        href: page of the room below the lot's address.
        done: it has been dealt with.
    """

    key: str
    label: str
    article: str
    day: date
    until: datetime
    at: datetime | None
    href: str
    done: bool = False


def dates_of(lot: LotView, law: Law, happened: Happened) -> list[LotDate]:
    """Return the dates of a lot in their order.

    Dates in a year whose holidays are not loaded cannot be counted and are left out (R-CNT-07).
    """
    found = [
        *_of_plan(lot, law),
        *_of_prequalification(lot, law, happened),
        *_of_objections(law, happened),
        *_of_result(lot, law, happened),
        *_within(lot, law, happened),
    ]
    if lot.stage in _STOPPED:
        ended = legal_date(lot.stage_since)
        found = [item for item in found if item.day <= ended or item.key.startswith("refunded")]
    return sorted(found, key=lambda item: (item.until, item.key))


def last_day(until: datetime) -> tuple[date, datetime | None]:
    """Return the day of a half-open end and its clock time: midnight is the end of the day before."""
    local = until.astimezone(SHANGHAI)
    if local.time() == _MIDNIGHT:
        return local.date() - timedelta(days=1), None
    return local.date(), until


def opening_article(regime: Regime) -> str:
    """Return the article by which bids are opened at the deadline itself. Source: R-TIME-12."""
    return cite("招投法34" if regime is Regime.ZTB else "87号令39")


def count(limit: str, start: date, law: Law) -> date | None:
    """Count a limit from its trigger; None where the law has no such limit, or the year is not loaded."""
    if not law.knows(limit):
        return None
    try:
        return law.forward(limit, start).date
    except CalendarNotLoaded:
        return None


def _moment(key: str, label: str, article: str, until: datetime, href: str, *, done: bool = False) -> LotDate:
    day, at = last_day(until)
    return LotDate(key, label, article, day, until, at, href, done)


def _of_plan(lot: LotView, law: Law) -> Iterator[LotDate]:
    rules = {rule.then: law.row(rule.limit).article for rule in reversed(intervals_of(lot.definition))}
    if lot.documents_from is not None and lot.documents_to is not None:
        article = rules.get("documents_to", "")
        yield _moment("documents_from", "招标文件开始获取", article, lot.documents_from, "/documents")
        yield _moment("documents_to", "招标文件获取截止", article, lot.documents_to, "/documents")
    if lot.deadline is None:
        return
    yield from _backward(lot, law, lot.deadline, "deadline")
    article = opening_article(lot.regime)
    yield _moment("deadline", "投标截止、开标", article, lot.deadline, "/hall", done=lot.opened_at is not None)


def _backward(lot: LotView, law: Law, end: datetime, event: str) -> Iterator[LotDate]:
    try:
        dates = latest_dates(end, law, lot.definition, event)
    except CalendarNotLoaded:
        return
    for item in dates:
        yield LotDate(item.limit, item.label, item.article, item.day, item.until, None, PLACES.get(item.limit, ""))


def _of_prequalification(lot: LotView, law: Law, happened: Happened) -> Iterator[LotDate]:
    end, last = happened.prequalification_to, happened.prequalification_deadline
    if end is None or last is None or not lot.definition.prequalified:
        return
    rules = {rule.then: law.row(rule.limit).article for rule in lot.definition.dates if rule.how is How.AT_LEAST}
    article = rules.get("prequalification_to", "")
    if happened.prequalification_from is not None:
        start = happened.prequalification_from
        yield _moment("prequalification_from", "资格预审文件开始获取", article, start, "/admission")
    yield _moment("prequalification_to", "资格预审文件获取截止", article, end, "/admission")
    yield from _backward(lot, law, last, "prequalification_deadline")
    article = rules.get("prequalification_deadline", "")
    done = happened.prequalification_concluded is not None
    yield _moment("prequalification_deadline", "资格预审申请截止", article, last, "/admission", done=done)


def _of_objections(law: Law, happened: Happened) -> Iterator[LotDate]:
    limit = Limit.OBJECTION_ANSWER if law.knows(Limit.OBJECTION_ANSWER) else Limit.SUPPLIER_ANSWER
    for no, until in enumerate(happened.answers_owed, 1):
        yield _moment(f"answer-{no}", f"{law.row(limit).label}届满", law.row(limit).article, until, "/objections")


def _of_result(lot: LotView, law: Law, happened: Happened) -> Iterator[LotDate]:
    if lot.publicity_until is not None and law.knows(Limit.CANDIDATE_PUBLICITY):
        article = law.row(Limit.CANDIDATE_PUBLICITY).article
        done = happened.award is not None
        yield _moment("publicity_until", "候选人公示期满", article, lot.publicity_until, "/candidates", done=done)


def _within(lot: LotView, law: Law, happened: Happened) -> Iterator[LotDate]:
    """Limits that run from something that has happened."""
    found: dict[str, LotDate] = {}
    for rule in (*lot.definition.dates, *lot.definition.bonds.returned, *_of_termination(lot, happened)):
        start = happened.day_of(rule.first)
        if rule.how is not How.WITHIN or start is None or rule.first == "objection":
            continue
        day = count(rule.limit, start, law)
        if day is not None:
            row, key, done = law.row(rule.limit), f"{rule.then}-{rule.first}", happened.day_of(rule.then) is not None
            until = end_of_day(day)
            found[key] = LotDate(key, row.label, row.article, day, until, None, PLACES.get(rule.then, ""), done)
    yield from found.values()


def _of_termination(lot: LotView, happened: Happened) -> tuple[DateRule, ...]:
    """The refund after a termination, where the definition names none (GP). Source: R-GP-09."""
    known = any(rule.then == "refunded" for rule in lot.definition.dates)
    if known or happened.terminated is None:
        return ()
    return (DateRule(limit=Limit.BOND_RETURN_GP, how=How.WITHIN, first="terminated", then="refunded"),)
