"""Clocks that can be stopped (R-CNT-10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.periods import BadPeriod, CalendarNotLoaded, HolidayTable, Period, Roll, Unit, count_forward
from kernel.stoppable import Running, Segment, StoppableClock

TABLE = HolidayTable.seeded()
TEN_DAYS = Period(10, Unit.CALENDAR_DAY)
THIRTY_WORKING_DAYS = Period(30, Unit.WORKING_DAY)


def started(period: Period, on: date) -> StoppableClock:
    return StoppableClock.start(period, on, "fact known", "doc-1")


def test_the_time_of_answering_an_objection_is_not_part_of_the_ten_days():
    clock = started(TEN_DAYS, date(2025, 6, 2))
    stopped = clock.pause(date(2025, 6, 4), "objection_answer", "doc-2")
    resumed = stopped.resume(date(2025, 6, 7), "objection answered", "doc-3")

    without, with_stop = clock.due(TABLE), resumed.due(TABLE)

    assert without is not None
    assert without.date == date(2025, 6, 12)
    assert with_stop is not None
    assert (with_stop.raw, with_stop.date) == (date(2025, 6, 15), date(2025, 6, 16))
    assert with_stop.is_rolled


def test_a_standing_clock_has_no_end_and_says_what_was_used():
    clock = started(TEN_DAYS, date(2025, 6, 2)).pause(date(2025, 6, 4), "objection_answer", "doc-2")

    assert clock.due(TABLE) is None
    assert not clock.is_running
    assert clock.used(date(2025, 6, 30), TABLE) == 2


def test_a_period_used_up_before_the_stop_stays_over():
    clock = started(TEN_DAYS, date(2025, 6, 2)).pause(date(2025, 6, 20), "appraisal", "doc-2")

    due = clock.due(TABLE)

    assert due is not None
    assert due.date == date(2025, 6, 12)


def test_working_days_of_an_appraisal_are_not_counted():
    clock = started(THIRTY_WORKING_DAYS, date(2026, 1, 5))
    appraised = clock.pause(date(2026, 1, 9), "appraisal", "d2").resume(date(2026, 1, 23), "appraised", "d3")

    plain, due = clock.due(TABLE), appraised.due(TABLE)

    assert plain is not None
    assert plain.date == count_forward(date(2026, 1, 5), THIRTY_WORKING_DAYS, TABLE).date
    assert due is not None
    assert due.date == count_forward(plain.date, Period(10, Unit.WORKING_DAY), TABLE).date


def test_a_stop_on_the_trigger_day_delays_the_whole_period():
    clock = started(TEN_DAYS, date(2025, 6, 2)).pause(date(2025, 6, 2), "appraisal", "d2")

    due = clock.resume(date(2025, 6, 9), "done", "d3").due(TABLE)

    assert due is not None
    assert due.raw == date(2025, 6, 19)


@pytest.mark.parametrize(
    "segments",
    [
        (),
        (Segment(Running.PAUSE, date(2025, 1, 2), "x", "d"),),
        (Segment(Running.RUN, date(2025, 1, 2), "x", "d"), Segment(Running.RUN, date(2025, 1, 3), "x", "d")),
        (Segment(Running.RUN, date(2025, 1, 2), "x", "d"), Segment(Running.PAUSE, date(2025, 1, 1), "x", "d")),
    ],
)
def test_histories_that_cannot_be_are_refused(segments):
    with pytest.raises(BadPeriod):
        StoppableClock(TEN_DAYS, segments)


def test_only_days_can_be_stopped():
    with pytest.raises(BadPeriod):
        started(Period(24, Unit.HOUR), date(2025, 1, 2))


def test_counting_into_a_year_without_a_calendar_is_refused():
    with pytest.raises(CalendarNotLoaded):
        started(TEN_DAYS, date(2026, 12, 30)).due(TABLE)


@given(
    start=st.dates(date(2024, 6, 1), date(2025, 6, 1)),
    pauses=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), max_size=4),
    roll=st.sampled_from(Roll),
)
def test_calendar_day_stops_lengthen_the_raw_period_by_their_own_length(start, pauses, roll):
    clock = started(Period(200, Unit.CALENDAR_DAY, roll), start)
    day, stopped = start, 0
    for run, pause in pauses:
        day += timedelta(days=run)
        clock = clock.pause(day, "p", "d")
        day += timedelta(days=pause)
        clock = clock.resume(day, "r", "d")
        stopped += pause

    due = clock.due(TABLE)

    assert due is not None
    assert (due.raw - start).days == 200 + stopped
    assert clock.used(due.raw, TABLE) == 200
    assert clock.used(due.raw - timedelta(days=1), TABLE) == 199
