"""The make-up of a committee: R-COM-01, R-COM-02, R-COM-04, R-TIME-13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.committee_rules import (
    Weight,
    check_composition,
    majority,
    max_own_seats,
    members_to_extend,
    min_experts,
    min_members,
)
from kernel.money import Money
from tests.trading.laws import GP, ZTB


# Source: rules.md section 14, TV-19.
@pytest.mark.parametrize(
    ("total", "experts", "own", "extend", "more_than_half"),
    [(5, 4, 1, 2, 3), (7, 5, 2, 3, 4), (9, 6, 3, 4, 5), (11, 8, 3, 4, 6)],
)
def test_numbers_of_a_committee(total, experts, own, extend, more_than_half):
    assert min_experts(total, ZTB) == experts
    assert max_own_seats(total, ZTB) == own
    assert members_to_extend(total, ZTB) == extend
    assert majority(total) == more_than_half


@given(total=st.integers(1, 99), law=st.sampled_from([ZTB, GP]))
def test_the_least_number_of_experts_is_the_least(total, law):
    least = min_experts(total, law)

    assert least * 3 >= total * 2 > (least - 1) * 3
    assert members_to_extend(total, law) * 3 > total >= (members_to_extend(total, law) - 1) * 3


# Source: rules.md section 14, TV-19: five members with three experts are invalid.
def test_five_members_with_three_experts_are_refused():
    (finding,) = check_composition(5, 3, ZTB)

    assert finding.rule == "R-COM-01"
    assert "至少4人" in finding.message
    assert check_composition(5, 4, ZTB) == check_composition(5, 5, ZTB) == ()


def test_even_and_small_committees_are_refused():
    assert len(check_composition(4, 4, ZTB)) == 2
    assert len(check_composition(3, 3, ZTB)) == 1
    assert len(check_composition(6, 6, ZTB)) == 1


def test_any_one_reason_makes_a_procurement_committee_seven():
    heavy = [
        Weight(budget=Money.parse("10000000")),
        Weight(is_complex=True),
        Weight(has_large_social_impact=True),
    ]

    assert all(min_members(GP, weight).count == 7 for weight in heavy)
    assert min_members(GP, Weight(budget=Money.parse("9999999.99"))).count == 5
    assert min_members(ZTB, heavy[0]).count == 5
    assert [finding.rule for finding in check_composition(5, 4, GP, heavy[1])] == ["R-COM-02"]


def test_water_works_need_seven_by_their_sector_rule():
    assert [finding.rule for finding in check_composition(5, 4, ZTB, Weight(is_water_works=True))] == ["R-COM-04"]
    assert check_composition(7, 5, ZTB, Weight(is_water_works=True)) == ()


@pytest.mark.parametrize(("total", "experts"), [(5, 6), (5, -1)])
def test_impossible_numbers_are_a_fault_of_the_caller(total, experts):
    with pytest.raises(ValueError):
        check_composition(total, experts, ZTB)
