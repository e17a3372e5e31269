"""Counting of periods: the worked examples of the rule book, the calendar day by day, and properties.

Rules: R-CNT-01 to R-CNT-05, R-CNT-07 to R-CNT-09, R-CNT-12.
"""

from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.periods import (
    BadPeriod,
    CalendarNotLoaded,
    HolidayTable,
    Period,
    Roll,
    Unit,
    add_months,
    count_backward,
    count_forward,
    end_of_day,
    hours_after,
    keeps_interval,
    keeps_interval_strictly,
    legal_date,
)

TABLE = HolidayTable.seeded()
loaded_days = st.dates(date(2024, 1, 1), date(2026, 12, 31))
inner_days = st.dates(date(2024, 6, 1), date(2026, 6, 1))


def cd(n: int, roll: Roll = Roll.NEXT_WORKING_DAY) -> Period:
    return Period(n, Unit.CALENDAR_DAY, roll)


def wd(n: int) -> Period:
    return Period(n, Unit.WORKING_DAY)


def every_day(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_calendar_equals_an_independent_one_on_every_day(year, working_days):
    days = every_day(year)

    assert [d for d in days if TABLE.is_working_day(d) != chinese_calendar.is_workday(d)] == []
    assert sum(map(TABLE.is_working_day, days)) == working_days


def test_new_years_eve_of_2024_was_worked_and_that_of_2025_was_not():
    assert TABLE.is_working_day(date(2024, 2, 9))
    assert not TABLE.is_working_day(date(2025, 1, 28))


def test_the_table_holds_only_what_differs_from_the_plain_week():
    assert all(day.weekday() < 5 for day in TABLE.rest_weekdays)
    assert all(day.weekday() >= 5 for day in TABLE.make_up_days)


# Source: rules.md section 14, TV-01, TV-05, TV-07; issue 2 section 4.5.
@pytest.mark.parametrize(
    ("start", "n", "raw", "end"),
    [
        pytest.param("2025-09-11", 20, "2025-10-01", "2025-10-09", id="TV-01 National Day"),
        pytest.param("2026-01-28", 20, "2026-02-17", "2026-02-24", id="TV-01 Spring Festival"),
        pytest.param("2025-09-30", 3, "2025-10-03", "2025-10-09", id="TV-05 National Day"),
        pytest.param("2025-09-26", 3, "2025-09-29", "2025-09-29", id="TV-05 plain"),
        pytest.param("2024-02-07", 3, "2024-02-10", "2024-02-18", id="TV-05 ends on a make-up Sunday"),
        pytest.param("2026-02-12", 3, "2026-02-15", "2026-02-24", id="TV-05 2026"),
        pytest.param("2025-04-02", 3, "2025-04-05", "2025-04-07", id="TV-07 Qingming"),
        pytest.param("2026-01-20", 30, "2026-02-19", "2026-02-24", id="issue 2 contract"),
        pytest.param("2024-02-15", 3, "2024-02-18", "2024-02-18", id="a make-up Sunday does not extend"),
    ],
)
def test_calendar_days_end_on_a_working_day(start, n, raw, end):
    counted = count_forward(date.fromisoformat(start), cd(n), TABLE)

    assert (counted.raw.isoformat(), counted.date.isoformat()) == (raw, end)
    assert counted.is_rolled == (raw != end)


# Source: rules.md section 14, TV-08 (R-SEP-07) and TV-27 (R-REM-12).
@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param("2026-02-24", "2026-03-02", id="TV-08"),
        pytest.param("2026-09-30", "2026-10-13", id="TV-27"),
        pytest.param("2026-10-03", "2026-10-13", id="from a rest day"),
    ],
)
def test_five_working_days_use_make_up_saturdays(start, end):
    counted = count_forward(date.fromisoformat(start), wd(5), TABLE)

    assert counted.raw == counted.date == date.fromisoformat(end)


# Source: rules.md section 14, TV-04.
def test_backward_limits_never_roll():
    assert count_backward(date(2025, 6, 30), cd(10, Roll.NONE), TABLE).date == date(2025, 6, 20)

    sunday = count_backward(date(2026, 3, 10), cd(2, Roll.NONE), TABLE)
    assert sunday.date == sunday.raw == date(2026, 3, 8)
    assert sunday.date.weekday() == 6

    even_if_asked = count_backward(date(2026, 3, 10), cd(2, Roll.NEXT_WORKING_DAY), TABLE)
    assert even_if_asked.date == date(2026, 3, 8)


def test_working_days_can_be_counted_back():
    assert count_backward(date(2026, 3, 2), wd(5), TABLE).date == date(2026, 2, 13 + 11)
    assert count_backward(date(2026, 10, 8), wd(1), TABLE).date == date(2026, 9, 30)


# Source: rules.md section 14, TV-03.
def test_an_interval_of_fourteen_days_does_not_keep_fifteen():
    assert not keeps_interval(date(2025, 6, 6), date(2025, 6, 20), 15)
    assert keeps_interval(date(2025, 6, 6), date(2025, 6, 21), 15)

    moved = count_forward(date(2025, 6, 6), cd(15), TABLE)
    assert (moved.raw, moved.date) == (date(2025, 6, 21), date(2025, 6, 23))


def test_the_strict_switch_counts_full_days_of_24_hours():
    start = datetime(2025, 6, 6, 9, tzinfo=UTC)

    assert keeps_interval_strictly(start, start + timedelta(days=15), 15)
    assert not keeps_interval_strictly(start, start + timedelta(days=15) - timedelta(microseconds=1), 15)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2025-11-15", 3, "2026-02-15"),
        ("2025-03-31", -1, "2025-02-28"),
        ("2025-01-10", -1, "2024-12-10"),
    ],
)
def test_months_end_on_the_same_numbered_day_or_the_last(start, months, end):
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(end)


def test_month_and_year_periods_roll_like_days():
    month = count_forward(date(2025, 9, 3), Period(1, Unit.MONTH), TABLE)
    assert (month.raw, month.date) == (date(2025, 10, 3), date(2025, 10, 9))

    year = count_forward(date(2024, 2, 29), Period(1, Unit.YEAR), TABLE)
    assert (year.raw, year.date) == (date(2025, 2, 28), date(2025, 2, 28))


def test_hours_run_from_the_moment_over_rest_days():
    moment = datetime(2026, 2, 16, 14, 30, tzinfo=UTC)

    assert hours_after(moment, 24) == datetime(2026, 2, 17, 14, 30, tzinfo=UTC)
    assert hours_after(moment, -72) == datetime(2026, 2, 13, 14, 30, tzinfo=UTC)


def test_the_last_day_ends_at_midnight_in_shanghai():
    end = end_of_day(date(2025, 10, 9))

    assert end == datetime(2025, 10, 9, 16, tzinfo=UTC)
    assert legal_date(end) == date(2025, 10, 10)
    assert legal_date(end - timedelta(microseconds=1)) == date(2025, 10, 9)


@pytest.mark.parametrize(
    ("call", "year"),
    [
        pytest.param(lambda: count_forward(date(2026, 12, 30), cd(3), TABLE), 2027, id="raw end"),
        pytest.param(lambda: count_forward(date(2026, 12, 30), cd(3, Roll.NONE), TABLE), 2027, id="without rolling"),
        pytest.param(lambda: count_forward(date(2023, 12, 30), cd(10), TABLE), 2023, id="start"),
        pytest.param(lambda: count_forward(date(2026, 12, 30), wd(5), TABLE), 2027, id="working days"),
        pytest.param(lambda: count_backward(date(2024, 1, 5), cd(10), TABLE), 2023, id="backward"),
        pytest.param(lambda: count_backward(date(2027, 1, 5), cd(10), TABLE), 2027, id="deadline"),
        pytest.param(lambda: count_forward(date(2025, 1, 1), Period(15, Unit.YEAR), TABLE), 2040, id="years"),
        pytest.param(lambda: TABLE.is_working_day(date(2027, 1, 1)), 2027, id="one day"),
    ],
)
def test_years_without_a_calendar_are_refused(call, year):
    with pytest.raises(CalendarNotLoaded) as refusal:
        call()

    assert refusal.value.year == year
    assert f"{year}年" in refusal.value.detail


@pytest.mark.parametrize("period", [cd(10**9), wd(10**4), Period(10**7, Unit.YEAR)])
def test_absurd_lengths_are_refused_in_the_same_way(period):
    with pytest.raises(CalendarNotLoaded):
        count_forward(date(2025, 1, 1), period, TABLE)


def test_the_last_loaded_day_can_be_reached_but_not_rolled_over():
    assert count_forward(date(2026, 12, 28), cd(3), TABLE).date == date(2026, 12, 31)

    calendar_ending_in_a_rest_day = HolidayTable(frozenset({2022}), frozenset(), frozenset())
    with pytest.raises(CalendarNotLoaded):
        count_forward(date(2022, 12, 28), cd(3), calendar_ending_in_a_rest_day)


@pytest.mark.parametrize("n", [0, -1])
def test_a_period_has_a_length(n):
    with pytest.raises(BadPeriod):
        Period(n, Unit.CALENDAR_DAY)


def test_hours_have_no_last_day_and_moments_have_a_zone():
    with pytest.raises(BadPeriod):
        count_forward(date(2025, 1, 1), Period(24, Unit.HOUR), TABLE)
    naive = datetime(2025, 1, 1)  # noqa: DTZ001 - the point of the test
    with pytest.raises(BadPeriod):
        hours_after(naive, 24)
    with pytest.raises(BadPeriod):
        legal_date(naive)
    with pytest.raises(BadPeriod):
        keeps_interval_strictly(naive, naive, 1)


@given(start=inner_days, n=st.integers(1, 60))
def test_a_rolled_end_is_the_first_working_day_from_the_raw_end(start, n):
    counted = count_forward(start, cd(n), TABLE)

    assert (counted.raw - start).days == n
    assert TABLE.is_working_day(counted.date)
    between = range(counted.raw.toordinal(), counted.date.toordinal())
    assert not any(TABLE.is_working_day(date.fromordinal(day)) for day in between)


@given(start=inner_days, n=st.integers(1, 40))
def test_n_working_days_contain_n_working_days(start, n):
    end = count_forward(start, wd(n), TABLE).date

    after = range(start.toordinal() + 1, end.toordinal() + 1)
    assert sum(TABLE.is_working_day(date.fromordinal(day)) for day in after) == n
    assert TABLE.is_working_day(end)


@given(deadline=inner_days, n=st.integers(1, 60))
def test_the_latest_day_before_a_deadline_keeps_the_interval_and_the_next_does_not(deadline, n):
    latest = count_backward(deadline, cd(n, Roll.NONE), TABLE).date

    assert keeps_interval(latest, deadline, n)
    assert not keeps_interval(latest + timedelta(days=1), deadline, n)


@given(earlier=inner_days, gap=st.integers(0, 30), n=st.integers(1, 40), unit=st.sampled_from([cd, wd]))
def test_a_later_start_never_ends_earlier(earlier, gap, n, unit):
    later = earlier + timedelta(days=gap)

    assert count_forward(earlier, unit(n), TABLE).date <= count_forward(later, unit(n), TABLE).date


@given(day=loaded_days)
def test_only_exceptions_differ_from_the_plain_week(day):
    differs = TABLE.is_working_day(day) != (day.weekday() < 5)

    assert differs == (day in TABLE.rest_weekdays or day in TABLE.make_up_days)
