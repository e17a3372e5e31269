"""Clocks that can be stopped: a period in days that does not run while something else is waited for.

Law: R-CNT-10 (实施条例 60-61, 政府采购法实施条例 58). Pure. A clock is stored as segments, each with the reason and the
document that stopped or restarted it; its end is always derived.

Reading [D]: the trigger-day rule of 民法典 201 holds for each change, too. The day on which the clock is stopped still
counts, the day on which it starts again does not, so a stop from P to Q lengthens the period by Q - P days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from kernel.periods import BadPeriod, Counted, HolidayTable, Period, Roll, Unit

_ONE_DAY = timedelta(days=1)


class Running(StrEnum):
    """Whether a clock counts."""

    RUN = "run"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clock, to be stored as it is.

    Args:
        since: the day of the change; the stretch itself begins the day after.
        reason: code or words of why, e.g. `appraisal`.
        document_id: what proves it.
    """

    kind: Running
    since: date
    reason: str
    document_id: str


@dataclass(frozen=True, slots=True)
class StoppableClock:
    """A period with its history of running and standing still.

    Args:
        period: in calendar or working days.
        segments: starts with a run; runs and pauses take turns; days never go back.
    """

    period: Period
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if self.period.unit not in (Unit.CALENDAR_DAY, Unit.WORKING_DAY):
            raise BadPeriod("only periods in days can be stopped")
        if not self.segments or self.segments[0].kind is not Running.RUN:
            raise BadPeriod("a clock starts by running")
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if before.kind is after.kind or after.since < before.since:
                raise BadPeriod("runs and pauses take turns and never go back in time")

    @classmethod
    def start(cls, period: Period, on: date, reason: str, document_id: str) -> "StoppableClock":
        """Start a clock by an event of the given day, which is not counted."""
        return cls(period, (Segment(Running.RUN, on, reason, document_id),))

    @property
    def is_running(self) -> bool:
        """Tell whether the clock counts now."""
        return self.segments[-1].kind is Running.RUN

    def pause(self, on: date, reason: str, document_id: str) -> "StoppableClock":
        """Stop the clock; the day itself still counts."""
        return self._with(Segment(Running.PAUSE, on, reason, document_id))

    def resume(self, on: date, reason: str, document_id: str) -> "StoppableClock":
        """Let the clock run again from the day after."""
        return self._with(Segment(Running.RUN, on, reason, document_id))

    def due(self, calendar: HolidayTable) -> Counted | None:
        """Count to the last day of the period.

        Returns:
            The end, or None while the clock stands still and the period has not been used up before.

        Raises:
            CalendarNotLoaded: the counting meets a year without a calendar.
        Source:
            R-CNT-10, R-CNT-03
        """
        start = self.segments[0].since
        calendar.require_loaded(start)
        counted = 0
        for day in self._running_days():
            counted += self._counts(day, calendar)
            if counted == self.period.n:
                return Counted(start, self.period, day, self._rolled(day, calendar))
        return None

    def used(self, on: date, calendar: HolidayTable) -> int:
        """Return how many days have been counted by the end of the given day, at most the whole period."""
        counted = 0
        for day in self._running_days():
            if day > on or counted == self.period.n:
                break
            counted += self._counts(day, calendar)
        return counted

    def _with(self, segment: Segment) -> "StoppableClock":
        return replace(self, segments=(*self.segments, segment))

    def _running_days(self) -> Iterator[date]:
        """Walk the days on which the clock runs; endless if it runs now."""
        ends = [after.since for after in self.segments[1:]]
        for segment, end in zip(self.segments, [*ends, None], strict=True):
            if segment.kind is Running.PAUSE:
                continue
            day = segment.since
            while end is None or day < end:
                day += _ONE_DAY
                yield day

    def _counts(self, day: date, calendar: HolidayTable) -> bool:
        if self.period.unit is Unit.WORKING_DAY:
            return calendar.is_working_day(day)
        calendar.require_loaded(day)
        return True

    def _rolled(self, day: date, calendar: HolidayTable) -> date:
        if self.period.unit is Unit.WORKING_DAY or self.period.roll is Roll.NONE:
            return day
        return calendar.first_working_day(day)
