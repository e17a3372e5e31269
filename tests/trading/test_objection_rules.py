"""When objections come in time, and what a pause does to the deadline (R-TIME-07, R-TIME-08, R-CNT-09, R-GP-12)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.periods import keeps_interval, legal_date
from tests.factories.trading import at
from tests.trading.laws import GP, ZTB
from trading import objection_rules as rules
from trading.vocabulary import ObjectionSubject


def test_objections_to_documents_end_ten_days_before_the_deadline() -> None:
    """TV-04: the last day is 2025-06-20, and a rest day stays where it falls."""
    assert rules.last_day_on_documents(date(2025, 6, 1), at("2025-06-30 09:30"), ZTB) == date(2025, 6, 20)
    assert rules.last_day_on_documents(date(2026, 3, 1), at("2026-03-18 09:30"), ZTB) == date(2026, 3, 8)


def test_an_answer_is_due_in_three_days_and_rolls_over_a_holiday() -> None:
    """TV-07: received 2025-04-02, the raw end 2025-04-05 is Qingming, so 2025-04-07 counts."""
    assert rules.answer_by(date(2025, 4, 2), ZTB) == at("2025-04-08 00:00")


def test_procurement_law_gives_seven_working_days_after_the_notice() -> None:
    assert rules.last_day_on_documents(date(2026, 7, 16), at("2026-08-10 09:30"), GP) == date(2026, 8, 3)
    assert rules.answer_by(date(2026, 7, 20), GP) == at("2026-07-30 00:00")
    assert rules.last_day_on_result(date(2026, 8, 14), GP) == date(2026, 8, 26)


@pytest.mark.parametrize(("moment", "in_time"), [("2026-07-27 23:59:59.999999", True), ("2026-07-28 00:00", False)])
def test_the_end_of_the_last_day_is_too_late(moment: str, in_time: bool) -> None:
    late = rules.check_raised(ObjectionSubject.DOCUMENTS, at(moment), at("2026-07-28 00:00"), ZTB)

    assert (late is None) is in_time
    if late:
        assert late.rule == "R-TIME-07"
        assert "第二十二条" in late.article
        assert "提问" in late.message


@pytest.mark.parametrize(
    ("paused", "now", "affects", "deadline"),
    [
        ("2026-07-20 10:00", "2026-07-20 16:00", False, "2026-08-06 14:00"),  # the same day: nothing is lost
        ("2026-07-20 10:00", "2026-07-21 09:00", False, "2026-08-07 14:00"),
        ("2026-07-20 10:00", "2026-07-22 09:00", False, "2026-08-10 14:00"),  # two days lead to a Saturday
        ("2026-07-24 10:00", "2026-07-24 11:00", True, "2026-08-10 14:00"),  # fifteen days: 08-08 is a Saturday
        ("2026-08-06 13:00", "2026-08-06 15:00", False, "2026-08-07 14:00"),  # the deadline came in the pause
    ],
)
def test_the_days_of_a_pause_do_not_count(paused: str, now: str, affects: bool, deadline: str) -> None:
    moved = rules.resumed_deadline(at("2026-08-06 14:00"), at(paused), at(now), ZTB, affects_bids=affects)

    assert moved == at(deadline)


@given(st.integers(0, 12), st.integers(0, 23), st.booleans())
def test_a_resumed_deadline_is_never_in_the_past_nor_on_a_rest_day(days: int, hour: int, affects: bool) -> None:
    old, paused = at("2026-08-06 14:00"), at("2026-07-27 09:00")
    now = at(f"2026-08-{days + 1:02} {hour:02}:30")

    moved = rules.resumed_deadline(old, paused, now, ZTB, affects_bids=affects)

    assert moved >= old
    assert moved > now
    assert (legal_date(moved) - legal_date(old)).days >= (legal_date(now) - legal_date(paused)).days or moved == old
    assert ZTB.calendar.is_working_day(legal_date(moved))
    if affects:
        assert keeps_interval(legal_date(now), legal_date(moved), 15)
