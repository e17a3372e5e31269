"""The plan of a lot as a drawing: days along a line, what the law wants beside what is planned. Pure.

Law: R-TIME-01, R-TIME-03, R-TIME-04, R-TIME-07; the figures are those of the plan's own checks.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from kernel.parameters.law import Law
from kernel.periods import CalendarNotLoaded, legal_date
from trading.lot_view import LotView
from trading.plan import intervals_of, latest_dates

#: Width of the drawing in its own units.
WIDTH = 1000.0
_NAMES = {"documents_to": "招标文件获取", "deadline": "编制投标文件"}


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval: planned from `x` over `width`, the legal minimum over `least` (units of the drawing)."""

    what: str
    words: str
    law: str
    x: float
    width: float
    least: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on the line."""

    what: str
    on: date
    x: float
    law: str


@dataclass(frozen=True, slots=True)
class Track:
    """The drawing: intervals as bars, single days as marks, today if it lies within."""

    first: date
    last: date
    bars: list[Bar]
    marks: list[Mark]


def track_of(lot: LotView, law: Law) -> Track | None:
    """Draw the plan of a lot; None before there is one, or in a year whose holidays are not loaded."""
    if lot.documents_from is None or lot.documents_to is None or lot.deadline is None:
        return None
    start, end = legal_date(lot.documents_from), legal_date(lot.deadline)
    ends = {"documents_to": legal_date(lot.documents_to), "deadline": end}
    try:
        least = [(rule, law.forward(rule.limit, start).date) for rule in intervals_of(lot.definition)]
        latest = latest_dates(lot.deadline, law, lot.definition)
    except CalendarNotLoaded:
        return None
    last = max(end, *(day for _, day in least)) + timedelta(days=1)

    def place(day: date) -> float:
        return round(WIDTH * (day - start).days / max(1, (last - start).days), 1)

    bars = [
        Bar(
            what=_NAMES[rule.then] if rule.first == "documents_from" else law.row(rule.limit).label,
            words=f"计划至 {ends[rule.then]}，法定最早 {day}",
            law=law.row(rule.limit).article,
            x=0.0,
            width=place(ends[rule.then]),
            least=place(day),
        )
        for rule, day in least
    ]
    marks = [Mark(item.label, item.day, place(item.day), item.article) for item in latest]
    marks.append(Mark("投标截止、开标", end, place(end), ""))
    return Track(start, last, bars, sorted(marks, key=lambda mark: mark.on))
