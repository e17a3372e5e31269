"""Limits after the opening: R-TIME-14, R-TIME-15, R-TIME-17, R-TIME-21 to R-TIME-23, R-SEP-07, R-GP-06, R-GP-07."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import SHANGHAI
from kernel.periods import end_of_day
from tests.trading.laws import GP, ZTB
from trading.limits import check_award, check_in_time, check_publicity, due, publicity_of
from trading.vocabulary import Limit

TICK = timedelta(microseconds=1)


# Source: rules.md section 14, TV-05.
@pytest.mark.parametrize(
    ("posted", "last"),
    [
        ("2025-09-30", "2025-10-09"),
        ("2025-09-26", "2025-09-29"),
        ("2024-02-07", "2024-02-18"),
        ("2026-02-12", "2026-02-24"),
    ],
)
def test_a_publicity_lasts_until_its_last_working_day_is_over(posted, last):
    posted_at = datetime.combine(date.fromisoformat(posted), datetime.min.time(), SHANGHAI) + timedelta(hours=10)
    end = end_of_day(date.fromisoformat(last))

    assert publicity_of(date.fromisoformat(posted), ZTB).date == date.fromisoformat(last)
    assert check_publicity(posted_at, end, ZTB) is None
    finding = check_publicity(posted_at, end - TICK, ZTB)
    assert finding is not None
    assert (finding.rule, finding.earliest) == ("R-TIME-15", end)


def test_nothing_is_awarded_while_the_publicity_runs():
    until = end_of_day(date(2026, 8, 11))

    finding = check_award(until, until - TICK, ZTB)

    assert finding is not None
    assert finding.rule == "R-TIME-15"
    assert check_award(until, until, ZTB) is None


@pytest.mark.parametrize(
    ("limit", "law", "event", "last"),
    [
        (Limit.CANDIDATE_START, ZTB, "2025-09-29", "2025-10-09"),
        (Limit.CONTRACT, ZTB, "2026-01-20", "2026-02-24"),
        (Limit.WRITTEN_REPORT, ZTB, "2026-08-12", "2026-08-27"),
        (Limit.BOND_RETURN, ZTB, "2026-08-20", "2026-08-25"),
        (Limit.AWARD_MEETING, ZTB, "2026-02-24", "2026-03-02"),
        (Limit.OBJECTION_ANSWER, ZTB, "2025-04-02", "2025-04-07"),
        (Limit.WINNER_DETERMINATION, GP, "2026-09-30", "2026-10-13"),
        (Limit.NOTICE_AND_RESULT, GP, "2026-08-07", "2026-08-11"),
    ],
)
def test_the_last_day_is_in_time_and_the_next_is_late(limit, law, event, last):
    event_on, last_day = date.fromisoformat(event), date.fromisoformat(last)

    assert due(limit, event_on, law).date == last_day
    assert check_in_time(limit, event_on, last_day, law) is None
    finding = check_in_time(limit, event_on, last_day + timedelta(days=1), law)
    assert finding is not None
    assert "已逾期1日" in finding.message
    assert finding.rule in law.row(limit).rules


def test_nothing_is_done_before_its_event():
    with pytest.raises(ValueError):
        check_in_time(Limit.CONTRACT, date(2026, 1, 20), date(2026, 1, 19), ZTB)


@given(event=st.dates(date(2024, 1, 1), date(2026, 10, 1)), after=st.integers(0, 60))
def test_late_is_exactly_what_lies_after_the_last_day(event, after):
    done = event + timedelta(days=after)

    finding = check_in_time(Limit.CONTRACT, event, done, ZTB)

    assert (finding is not None) == (done > due(Limit.CONTRACT, event, ZTB).date)
