"""The plan of dates of a lot: from the first document to the opening, checked against every limit of its regime.

Law: R-TIME-01, R-TIME-03, R-TIME-04, R-TIME-07, R-TIME-12, R-GP-01 to R-GP-04, R-DRAW-01, R-CNT-08, R-CNT-09. Pure: the
limits come in as a `Law`, which of them bind which dates as a `Definition`. `check_plan` judges, `propose_plan` makes
the earliest lawful plan, `latest_dates` lists what follows from a plan for the people concerned.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from kernel.clock import SHANGHAI
from kernel.parameters.law import Law
from kernel.periods import (
    Counted,
    Unit,
    end_of_day,
    hours_after,
    keeps_interval,
    keeps_interval_strictly,
    legal_date,
)
from trading.findings import Finding, Severity, moment_in_print
from trading.procedures.definition import Binds, DateRule, Definition, How
from trading.vocabulary import Limit

#: When proposed openings begin, Beijing time.
USUAL_OPENING: Final = time(9, 30)
#: Dates of a plan from which intervals are counted.
_BEGINS: Final = ("notice_at", "documents_from")


@dataclass(frozen=True, slots=True)
class PlanOfDates:
    """The dates that the notice will tell. Moments are aware; legal days are days in Beijing.

    Args:
        documents_from: when documents are first handed out.
        documents_to: when handing out ends.
        deadline: bid deadline; a bid at this very moment is late.
        opening_at: must be the deadline itself.
        notice_at: when the notice appears; None: together with the documents.
        clarifications_until: the last moment for clarifications, if the plan fixes one.
        objections_until: the end of the channel for objections to the documents, if the plan fixes one.
        draw_at: when experts are drawn.
        evaluation_at: when evaluation begins.
    """

    documents_from: datetime
    documents_to: datetime
    deadline: datetime
    opening_at: datetime
    notice_at: datetime | None = None
    clarifications_until: datetime | None = None
    objections_until: datetime | None = None
    draw_at: datetime | None = None
    evaluation_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LegalDate:
    """A date that follows from a plan by law.

    Args:
        limit: name of the parameter.
        until: for days the instant at which the last day ends; half-open.
    """

    limit: str
    label: str
    rule: str
    article: str
    day: date
    until: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that a rest day moved: the day that the interval ends on, and the working day after it."""

    label: str
    raw: date
    day: date


def check_plan(
    plan: PlanOfDates, law: Law, procedure: Definition, *, mandatory: bool = True, strict: bool = False
) -> tuple[Finding, ...]:
    """Judge a plan against every limit of its procedure.

    Args:
        mandatory: whether the project must be tendered by law; 招投法 24 binds only those.
        strict: count minimum intervals as full days of 24 hours.

    Returns:
        Findings in the order of the dates; empty for a lawful plan.

    Raises:
        CalendarNotLoaded: a date lies in a year whose holidays are not known.
    """
    return (
        *_check_order(plan),
        *_check_intervals(plan, law, procedure, mandatory, strict),
        *_check_channels(plan, law, procedure),
        *_check_opening(plan, law),
        *_check_draw(plan, law),
    )


def propose_plan(
    documents_from: datetime, law: Law, procedure: Definition, opening_time: time = USUAL_OPENING
) -> PlanOfDates:
    """Make the earliest lawful plan from the day on which documents are first handed out.

    Returns:
        A plan without findings: documents end at the clock time at which they began, bids are opened on the first
        working day that keeps the time for preparation.
    """
    start = documents_from.astimezone(SHANGHAI)
    ends = {"documents_to": start.date(), "deadline": start.date()}
    for rule in intervals_of(procedure):
        ends[rule.then] = max(ends[rule.then], law.forward(rule.limit, start.date()).date)
    deadline = datetime.combine(ends["deadline"], opening_time, SHANGHAI)
    return PlanOfDates(
        documents_from=documents_from,
        documents_to=datetime.combine(ends["documents_to"], start.timetz()),
        deadline=deadline,
        opening_at=deadline,
        notice_at=documents_from,
    )


def moved_days(documents_from: datetime, law: Law, procedure: Definition) -> list[Moved]:
    """Tell which dates of the earliest plan stand later than the interval wants, because a rest day is in the way.

    Source: R-CNT-03, R-CNT-08
    """
    found = []
    for rule in intervals_of(procedure):
        counted = law.forward(rule.limit, legal_date(documents_from))
        if counted.raw != counted.date:
            found.append(Moved(law.row(rule.limit).label, counted.raw, counted.date))
    return found


def intervals_of(procedure: Definition) -> tuple[DateRule, ...]:
    """Return the least intervals between dates of a plan, in their order."""
    return tuple(
        rule
        for rule in procedure.dates
        if rule.how is How.AT_LEAST and rule.first in _BEGINS and rule.then in ("documents_to", "deadline")
    )


def latest_dates(deadline: datetime, law: Law, procedure: Definition, until: str = "deadline") -> tuple[LegalDate, ...]:
    """List the last days that are counted back from a bid deadline, or from another event. Source: R-CNT-09."""
    rules = [rule for rule in procedure.dates if rule.how is How.BEFORE and rule.then == until]
    return tuple(_legal_date(rule.limit, law, law.backward(rule.limit, legal_date(deadline)).date) for rule in rules)


def check_clarification(on: datetime, deadline: datetime, law: Law) -> Finding | None:
    """Tell whether a clarification that may affect bids leaves the time that the law wants, else the new deadline.

    Source: R-TIME-04, R-GP-03
    """
    row = law.row(Limit.CLARIFICATION)
    start, end = legal_date(on), legal_date(deadline)
    if keeps_interval(start, end, row.count):
        return None
    earliest = law.calendar.first_working_day(start + timedelta(days=row.count))
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="deadline",
        message=f"澄清或修改距投标截止只有{(end - start).days}日，须顺延投标截止时间，最早可定为{earliest}。",
        actual=f"{(end - start).days}日",
        required=f"不少于{row.count}日",
        earliest=earliest,
    )


def _check_order(plan: PlanOfDates) -> Iterator[Finding]:
    """Dates that contradict each other: no limit can be judged well before these are right."""
    steps = [
        ("notice_at", "公告发布时间", plan.notice_at or plan.documents_from),
        ("documents_from", "文件开始获取时间", plan.documents_from),
        ("documents_to", "文件截止获取时间", plan.documents_to),
        ("deadline", "投标截止时间", plan.deadline),
    ]
    for (_, earlier_name, earlier), (field, later_name, later) in pairwise(steps):
        if later < earlier:
            yield Finding(
                rule="R-ANN-01",
                article="《中华人民共和国招标投标法》第十六条",
                field=field,
                message=f"{later_name}不能早于{earlier_name}，请更正。",
                actual=moment_in_print(later),
                required=f"不早于{moment_in_print(earlier)}",
            )


def _check_intervals(
    plan: PlanOfDates, law: Law, procedure: Definition, mandatory: bool, strict: bool
) -> Iterator[Finding]:
    for rule in intervals_of(procedure):
        if rule.binds is Binds.MANDATORY and not mandatory:
            continue
        start = getattr(plan, rule.first) or plan.documents_from
        yield from _minimum(law, rule.limit, start, getattr(plan, rule.then), rule.then, strict)


def _minimum(law: Law, limit: str, start: datetime, end: datetime, field: str, strict: bool) -> Iterator[Finding]:
    """Check an interval that must not be shorter; rest days only move the event, not the interval (R-CNT-08)."""
    row = law.row(limit)
    counted = law.forward(limit, legal_date(start))
    first, last = legal_date(start), legal_date(end)
    if row.period.unit is Unit.WORKING_DAY:
        kept, lasted = last >= counted.date, f"止于{last}"
    else:
        kept, lasted = keeps_interval(first, last, row.count), f"{(last - first).days}日"
        if strict and kept and not keeps_interval_strictly(start, end, row.count):
            kept, lasted, counted = False, f"不足{row.count}个24小时", _one_day_later(counted, law)
    if not kept:
        unit = "个工作日" if row.period.unit is Unit.WORKING_DAY else "日"
        yield Finding(
            rule=row.rules[0],
            article=row.article,
            field=field,
            message=f"{row.label}不得少于{row.count}{unit}，最早可定为{counted.date}。",
            actual=lasted,
            required=f"不少于{row.count}{unit}",
            earliest=counted.date,
        )


def _one_day_later(counted: Counted, law: Law) -> Counted:
    raw = counted.raw + timedelta(days=1)
    return Counted(counted.start, counted.period, raw, law.calendar.first_working_day(raw))


def _check_channels(plan: PlanOfDates, law: Law, procedure: Definition) -> Iterator[Finding]:
    """Clarifications must end early enough, and the channel for objections must not end too early."""
    day = legal_date(plan.deadline)
    if plan.clarifications_until is not None:
        row, latest = law.row(Limit.CLARIFICATION), law.backward(Limit.CLARIFICATION, day).date
        if legal_date(plan.clarifications_until) > latest:
            yield Finding(
                rule=row.rules[0],
                article=row.article,
                field="clarifications_until",
                message=f"可能影响投标文件编制的澄清、修改最迟应在{latest}发出。",
                actual=moment_in_print(plan.clarifications_until),
                required=f"不迟于{latest}",
            )
    if plan.objections_until is not None and procedure.date("documents_objected", "deadline"):
        row, latest = law.row(Limit.DOCUMENT_OBJECTION), law.backward(Limit.DOCUMENT_OBJECTION, day).date
        if plan.objections_until < end_of_day(latest):
            yield Finding(
                rule=row.rules[0],
                article=row.article,
                field="objections_until",
                message=f"对招标文件的异议应当受理至{latest}当日24时，不能提前关闭。",
                actual=moment_in_print(plan.objections_until),
                required=f"不早于{latest} 24:00",
                earliest=latest,
            )


def _check_opening(plan: PlanOfDates, law: Law) -> Iterator[Finding]:
    if plan.opening_at != plan.deadline:
        yield Finding(
            rule="R-TIME-12",
            article="《中华人民共和国招标投标法》第三十四条",
            field="opening_at",
            message="开标应当在投标截止时间的同一时间公开进行。",
            actual=moment_in_print(plan.opening_at),
            required=moment_in_print(plan.deadline),
            earliest=plan.deadline,
        )
    day = legal_date(plan.deadline)
    if not law.calendar.is_working_day(day):
        better = law.calendar.first_working_day(day)
        yield Finding(
            rule="R-CNT-08",
            article="《中华人民共和国民法典》第二百零三条",
            field="deadline",
            message=f"{day}是休假日，建议改在其后第一个工作日{better}开标。",
            actual=str(day),
            required="工作日",
            earliest=better,
            severity=Severity.ADVICE,
        )


def _check_draw(plan: PlanOfDates, law: Law) -> Iterator[Finding]:
    """Experts are drawn at most so many hours before the evaluation, where a local rule says so."""
    if plan.evaluation_at is not None and plan.evaluation_at < plan.opening_at:
        yield Finding(
            rule="R-ET-11",
            article="《中华人民共和国招标投标法》第三十四条",
            field="evaluation_at",
            message="评标不能早于开标。",
            actual=moment_in_print(plan.evaluation_at),
            required=f"不早于{moment_in_print(plan.opening_at)}",
            earliest=plan.opening_at,
        )
    if plan.draw_at is None or plan.evaluation_at is None:
        return
    yield from check_draw_time(plan.draw_at, plan.evaluation_at, law)


def check_draw_time(draw_at: datetime, evaluation_at: datetime, law: Law) -> tuple[Finding, ...]:
    """Check that experts are not drawn too early, and not after the evaluation has begun.

    Source: R-DRAW-01
    """
    if not law.knows(Limit.EXPERT_DRAW):
        return ()
    row = law.row(Limit.EXPERT_DRAW)
    earliest = hours_after(evaluation_at, -row.count)
    if earliest <= draw_at <= evaluation_at:
        return ()
    finding = Finding(
        rule=row.rules[0],
        article=row.article,
        field="draw_at",
        message=f"评标专家应在评标前{row.count}小时内抽取，即{moment_in_print(earliest)}以后。",
        actual=moment_in_print(draw_at),
        required=f"{moment_in_print(earliest)}至{moment_in_print(evaluation_at)}",
        earliest=earliest,
    )
    return (finding,)


def _legal_date(limit: str, law: Law, day: date) -> LegalDate:
    row = law.row(limit)
    return LegalDate(str(limit), row.label, row.rules[0], row.article, day, end_of_day(day))
