"""Limits after the opening: publicity, award, contract, report, bonds. What is due when, and what is late.

Law: R-TIME-14 to R-TIME-23, R-GP-05 to R-GP-10. Pure. Days in, days and findings out; an act turns a last day into an
instant with `end_of_day`.
"""

from datetime import date, datetime

from kernel.parameters.law import Law
from kernel.periods import Counted, Unit, end_of_day, legal_date
from trading.findings import Finding, moment_in_print
from trading.vocabulary import Limit


def publicity_of(posted_on: date, law: Law) -> Counted:
    """Count the publicity of candidates; its last day is a working day.

    Source: R-TIME-15
    """
    return law.forward(Limit.CANDIDATE_PUBLICITY, posted_on)


def check_publicity(posted_at: datetime, until: datetime, law: Law) -> Finding | None:
    """Tell whether a publicity is long enough: its last day must be over.

    Args:
        until: the instant at which it ends.
    Source:
        R-TIME-15, R-CNT-03, R-CNT-04
    """
    row = law.row(Limit.CANDIDATE_PUBLICITY)
    counted = publicity_of(legal_date(posted_at), law)
    earliest = end_of_day(counted.date)
    if until >= earliest:
        return None
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="publicity_until",
        message=f"中标候选人公示期不得少于{row.count}日，最后一日应为工作日，最早于{counted.date}当日24时结束。",
        actual=moment_in_print(until),
        required=f"不早于{counted.date} 24:00",
        earliest=earliest,
    )


def check_award(publicity_until: datetime, now: datetime, law: Law) -> Finding | None:
    """Tell whether the award may be decided: only when the publicity is over.

    Source: R-TIME-15, R-TIME-18
    """
    if now >= publicity_until:
        return None
    row = law.row(Limit.CANDIDATE_PUBLICITY)
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="awarded_at",
        message=f"中标候选人公示期尚未结束，{moment_in_print(publicity_until)}以后方可定标。",
        actual=moment_in_print(now),
        required=f"不早于{moment_in_print(publicity_until)}",
        earliest=publicity_until,
    )


def due(limit: Limit, event_on: date, law: Law) -> Counted:
    """Count the last day on which something must be done after an event.

    Source: R-TIME-14, R-TIME-21, R-TIME-22, R-TIME-23, R-GP-06, R-GP-07, R-GP-10
    """
    return law.forward(limit, event_on)


def check_in_time(limit: Limit, event_on: date, done_on: date, law: Law) -> Finding | None:
    """Tell whether something was done within its limit, and not before the event that starts it.

    Raises:
        ValueError: it was done before the event, which no limit is about.
    """
    if done_on < event_on:
        raise ValueError("done before the event")
    row, counted = law.row(limit), law.forward(limit, event_on)
    if done_on <= counted.date:
        return None
    unit = "个工作日" if row.period.unit is Unit.WORKING_DAY else "日"
    late = (done_on - counted.date).days
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field=limit.value,
        message=f"{row.label}为{row.count}{unit}，最迟应在{counted.date}办理，已逾期{late}日。",
        actual=str(done_on),
        required=f"不迟于{counted.date}",
    )
