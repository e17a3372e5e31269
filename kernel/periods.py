"""Counting of legal periods: days, working days, hours, months, years, minimum intervals, backward limits.

Law: 民法典 200-204 as R-CNT-01 to R-CNT-12 read them. Pure: the holiday table comes in as a value, no clock is asked.
Which limit applies to what is data (`kernel.parameters`); this room only counts. Clocks that can be stopped are in
`kernel.stoppable`.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from kernel.clock import SHANGHAI
from kernel.errors import DomainError
from kernel.holidays import LOADED_YEARS, MAKE_UP_DAYS, REST_WEEKDAYS

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


class CalendarNotLoaded(DomainError):
    """A period touches a year whose holidays are not loaded, so it cannot be counted.

    Source: R-CNT-07
    """

    code = "calendar-not-loaded"

    def __init__(self, year: int, loaded: Iterable[int]) -> None:
        years = sorted(loaded)
        known = "、".join(str(known) for known in years) or "无"
        super().__init__(f"{year}年的节假日安排尚未载入（已载入：{known}），不能计算期间。", year=year, loaded=years)
        self.year = year


class Unit(StrEnum):
    """What a period is counted in."""

    #: 日 (自然日): every day counts. Source: R-CNT-01
    CALENDAR_DAY = "cd"
    #: 工作日: only days on which the State Council's calendar works. Source: R-CNT-01, R-CNT-07
    WORKING_DAY = "wd"
    #: 小时: from the moment itself. Source: R-CNT-02
    HOUR = "h"
    #: 月: to the same-numbered day. Source: R-CNT-05
    MONTH = "month"
    #: 年: to the same-numbered day. Source: R-CNT-05
    YEAR = "year"


class Roll(StrEnum):
    """What happens when the last day is a rest day."""

    #: The period ends on the first working day after it. Source: R-CNT-03
    NEXT_WORKING_DAY = "next_wd"
    #: It stays where it is: rolling would cut a protected interval. Source: R-CNT-09
    NONE = "none"


class BadPeriod(ValueError):
    """A period that no law can mean: the caller is wrong, not the user."""


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as the law states it.

    Args:
        n: at least 1.
        roll: matters only where rest days count; working days and hours never roll.
    """

    n: int
    unit: Unit
    roll: Roll = Roll.NEXT_WORKING_DAY

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadPeriod(f"a period of {self.n} {self.unit}")


@dataclass(frozen=True, slots=True)
class Counted:
    """The end of a period, with what it was before rolling.

    Args:
        raw: the day that pure counting gives.
        date: the day that holds; differs from `raw` only by rolling over rest days.
    """

    start: date
    period: Period
    raw: date
    date: date

    @property
    def is_rolled(self) -> bool:
        """Tell whether rest days moved the end."""
        return self.raw != self.date


@dataclass(frozen=True, slots=True)
class HolidayTable:
    """The working calendar of the loaded years.

    Args:
        years: years for which the yearly notice is loaded; every other year is refused.
        rest_weekdays: Mondays to Fridays on which nobody works.
        make_up_days: Saturdays and Sundays on which everybody works.
    """

    years: frozenset[int]
    rest_weekdays: frozenset[date]
    make_up_days: frozenset[date]

    @classmethod
    def seeded(cls) -> Self:
        """Return the table that ships with the release."""
        return cls(LOADED_YEARS, REST_WEEKDAYS, MAKE_UP_DAYS)

    def require_loaded(self, *days: date) -> None:
        """Refuse days of years without a calendar.

        Raises:
            CalendarNotLoaded: the first such year.
        """
        for day in days:
            if day.year not in self.years:
                raise CalendarNotLoaded(day.year, self.years)

    def is_working_day(self, day: date) -> bool:
        """Tell whether the day is worked: ordinary weekdays and make-up weekends, less the holidays.

        Source: R-CNT-03, R-CNT-12
        """
        self.require_loaded(day)
        if day in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and day not in self.rest_weekdays

    def first_working_day(self, day: date) -> date:
        """Return the day itself if it is worked, else the first working day after it."""
        while not self.is_working_day(day):
            day = _shift(day, 1, self)
        return day

    def nth_working_day(self, day: date, n: int) -> date:
        """Return the n-th working day strictly after the day, or strictly before it for a negative n.

        Source: R-CNT-07
        """
        step = 1 if n > 0 else -1
        self.require_loaded(day)
        for _ in range(abs(n)):
            day = _shift(day, step, self)
            while not self.is_working_day(day):
                day = _shift(day, step, self)
        return day


def add_months(day: date, months: int) -> date:
    """Return the same-numbered day so many months later, or that month's last day if it has none.

    Source: R-CNT-05 (民法典 202)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def count_forward(start: date, period: Period, calendar: HolidayTable) -> Counted:
    """Count a period from its trigger day, which is not counted itself.

    Serves both "at the latest" (the last day on which the act is in time) and "at least" (the first day on which the
    interval is kept; the event then moves to a working day).

    Raises:
        CalendarNotLoaded: the start, the raw end or the end lies in a year without a calendar.
        BadPeriod: hours have no trigger day; use `hours_after`.
    Source:
        R-CNT-02, R-CNT-03, R-CNT-05, R-CNT-07, R-CNT-08
    """
    calendar.require_loaded(start)
    if period.unit is Unit.WORKING_DAY:
        end = calendar.nth_working_day(start, period.n)
        return Counted(start, period, end, end)
    raw = _raw_end(start, period, 1, calendar)
    calendar.require_loaded(raw)
    end = calendar.first_working_day(raw) if period.roll is Roll.NEXT_WORKING_DAY else raw
    return Counted(start, period, raw, end)


def count_backward(deadline: date, period: Period, calendar: HolidayTable) -> Counted:
    """Count back from a deadline day to the latest day on which an act still keeps the distance.

    Never rolled: later would cut the protected interval, earlier would ask more than the law (the online channel
    accepts on rest days).

    Source:
        R-CNT-09
    """
    calendar.require_loaded(deadline)
    if period.unit is Unit.WORKING_DAY:
        day = calendar.nth_working_day(deadline, -period.n)
    else:
        day = _raw_end(deadline, period, -1, calendar)
    calendar.require_loaded(day)
    return Counted(deadline, period, day, day)


def hours_after(moment: datetime, hours: int) -> datetime:
    """Return the end of a period in hours, which runs from the moment itself and ignores rest days.

    Args:
        moment: aware.
        hours: negative counts back.
    Source:
        R-CNT-02 (民法典 201(2))
    """
    if moment.tzinfo is None:
        raise BadPeriod("a naive moment")
    return moment + timedelta(hours=hours)


def keeps_interval(start: date, end: date, days: int) -> bool:
    """Tell whether at least so many days lie between two days: `end - start >= days`.

    Source: R-CNT-08
    """
    return (end - start).days >= days


def keeps_interval_strictly(start: datetime, end: datetime, days: int) -> bool:
    """Tell whether at least `days` times 24 hours lie between two moments: the strict switch of R-CNT-08."""
    if start.tzinfo is None or end.tzinfo is None:
        raise BadPeriod("a naive moment")
    return end - start >= timedelta(days=days)


def end_of_day(day: date) -> datetime:
    """Return the instant at which a last day is over: 24:00 in Shanghai. Periods are half-open, so it is too late.

    Source: R-CNT-04 (民法典 203(2))
    """
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + _ONE_DAY


def legal_date(moment: datetime) -> date:
    """Return the day in legal time on which a moment falls."""
    if moment.tzinfo is None:
        raise BadPeriod("a naive moment")
    return moment.astimezone(SHANGHAI).date()


def _raw_end(start: date, period: Period, sign: int, calendar: HolidayTable) -> date:
    """Add or subtract a calendar period; ends beyond the calendar of the machine are years not loaded, too."""
    match period.unit:
        case Unit.CALENDAR_DAY:
            return _shift(start, sign * period.n, calendar)
        case Unit.MONTH | Unit.YEAR:
            months = sign * period.n * (12 if period.unit is Unit.YEAR else 1)
            try:
                return add_months(start, months)
            except ValueError:
                raise CalendarNotLoaded(start.year + months // 12, calendar.years) from None
        case _:
            raise BadPeriod(f"a period of {period.n} {period.unit} has no last day")


def _shift(day: date, days: int, calendar: HolidayTable) -> date:
    """Move a day, taking the ends of the machine's calendar for years that are not loaded."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise CalendarNotLoaded(day.year + days // 366, calendar.years) from None
