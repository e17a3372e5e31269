"""When an objection may be raised, when it must be answered, and what a pause does to the bid deadline. Pure.

Law: R-TIME-07, R-TIME-08, R-TIME-17 (条例 22, 54), R-GP-12, R-GP-13 (采购法 52, 53). The bidding law stops the
procedure until the answer; procurement law does not.
"""

from datetime import date, datetime, timedelta
from typing import Final

from kernel.clock import SHANGHAI
from kernel.parameters.law import Law
from kernel.periods import HolidayTable, end_of_day, keeps_interval, legal_date
from trading.findings import Finding, moment_in_print
from trading.vocabulary import Limit, ObjectionSubject

_NAMES: Final = {ObjectionSubject.DOCUMENTS: "招标文件", ObjectionSubject.RESULT: "评标结果"}


def word_of(law: Law) -> str:
    """Return what the regime calls an objection: 异议, or 质疑 under procurement law."""
    return "异议" if law.knows(Limit.OBJECTION_ANSWER) else "质疑"


def stops_the_procedure(law: Law) -> bool:
    """Tell whether the procedure stands still until the answer. Source: R-TIME-08, R-TIME-17; not so in R-GP-13."""
    return law.knows(Limit.OBJECTION_ANSWER)


def last_day_on_documents(published_on: date, deadline: datetime, law: Law) -> date:
    """Return the last day on which the tender documents may be objected to.

    Under the bidding law it is counted back from the deadline and stays where it falls, rest day or not; under
    procurement law it is counted from the end of the notice's period.

    Source: R-TIME-07, R-CNT-09, R-GP-12
    """
    if law.knows(Limit.DOCUMENT_OBJECTION):
        return law.backward(Limit.DOCUMENT_OBJECTION, legal_date(deadline)).date
    noticed = law.forward(Limit.NOTICE_PERIOD, published_on).date
    return law.forward(Limit.SUPPLIER_QUESTION, noticed).date


def last_day_on_result(result_on: date, law: Law) -> date:
    """Return the last day on which a result may be questioned under procurement law.

    Counted from the day on which the period of the result's notice is over.

    Source: R-GP-08, R-GP-12
    """
    return law.forward(Limit.SUPPLIER_QUESTION, law.forward(Limit.RESULT_PERIOD, result_on).date).date


def check_raised(subject: ObjectionSubject, at: datetime, until: datetime, law: Law) -> Finding | None:
    """Tell whether an objection comes in time.

    Args:
        until: the instant at which the period ends; half-open.
    """
    if at < until:
        return None
    documents = subject is ObjectionSubject.DOCUMENTS
    ztb = Limit.DOCUMENT_OBJECTION if documents else Limit.CANDIDATE_PUBLICITY
    row = law.row(ztb if law.knows(ztb) else Limit.SUPPLIER_QUESTION)
    hint = "仍可作为提问提出，答复发给全部获取文件的人。" if documents else ""
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="text",
        message=f"对{_NAMES[subject]}提出{word_of(law)}的期限已于{moment_in_print(until)}届满，不再作为{word_of(law)}受理。{hint}",
        actual=moment_in_print(at),
        required=f"早于{moment_in_print(until)}",
    )


def answer_by(raised_on: date, law: Law) -> datetime:
    """Return the instant by which an objection must be answered.

    Source: R-TIME-08, R-TIME-17, R-GP-13
    """
    limit = Limit.OBJECTION_ANSWER if law.knows(Limit.OBJECTION_ANSWER) else Limit.SUPPLIER_ANSWER
    return end_of_day(law.forward(limit, raised_on).date)


def resumed_deadline(
    deadline: datetime, paused_at: datetime, now: datetime, law: Law, *, affects_bids: bool
) -> datetime:
    """Return the earliest bid deadline after a pause; the old one if nothing has to move.

    The days of the pause do not count as time for bids [D]: the deadline moves by as many days as lie between the day
    of the pause and the day on which it ends, and at least to the next day where it was reached meanwhile. An answer
    that may affect bids leaves the full legal interval besides. A moved deadline falls on a working day and keeps its
    time of day.

    Source: R-TIME-04, R-TIME-08, R-CNT-08
    """
    local = deadline.astimezone(SHANGHAI)
    days = (legal_date(now) - legal_date(paused_at)).days
    day = local.date() + timedelta(days=days)
    if affects_bids:
        day = max(day, _first_with_interval(legal_date(now), day, law))
    moment = datetime.combine(day, local.timetz())
    if moment == deadline and now < deadline:
        return deadline
    return _on_working_day(moment if moment > now else moment + timedelta(days=1), law.calendar)


def later_for_clarification(deadline: datetime, now: datetime, law: Law) -> datetime:
    """Return the earliest deadline that leaves the legal interval after a clarification; the old one if it does.

    Source: R-TIME-04, R-GP-03
    """
    local = deadline.astimezone(SHANGHAI)
    day = _first_with_interval(legal_date(now), local.date(), law)
    return deadline if day == local.date() else _on_working_day(datetime.combine(day, local.timetz()), law.calendar)


def _first_with_interval(today: date, day: date, law: Law) -> date:
    count = law.row(Limit.CLARIFICATION).count
    return day if keeps_interval(today, day, count) else today + timedelta(days=count)


def _on_working_day(moment: datetime, calendar: HolidayTable) -> datetime:
    return datetime.combine(calendar.first_working_day(moment.date()), moment.timetz())
