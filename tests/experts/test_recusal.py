"""Grounds to step aside: R-REC-01 to R-REC-08."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.recusal import (
    BidderUnit,
    Case,
    Exclusion,
    Ground,
    Person,
    Tie,
    TieKind,
    employers_over_cap,
    exclusions,
)
from tests.trading.laws import GP, ZTB

TODAY = date(2026, 8, 6)
THREE_YEARS_AGO = date(2023, 8, 6)
BIDDER = BidderUnit("bidder-1", frozenset({"boss"}))
CASE = Case(
    on=TODAY,
    buyer="buyer",
    agency="agency",
    departments=frozenset({"bureau"}),
    named_units=frozenset({"named"}),
    bidders=(BIDDER, BidderUnit("bidder-2", frozenset({"other-boss"}))),
)


def works_for(unit: str, until: date | None = None) -> Tie:
    return Tie(unit, TieKind.EMPLOYMENT, date(2000, 1, 1), until)


CLEAN = Person("me", ties=(works_for("university"),), relatives=frozenset({"brother"}))


@pytest.mark.parametrize("law", [ZTB, GP])
def test_who_has_nothing_to_do_with_anybody_may_judge(law):
    assert exclusions(CLEAN, CASE, law) == ()


@pytest.mark.parametrize(
    ("person", "ground", "unit", "rule"),
    [
        (Person("boss"), Ground.BIDDER_OR_RELATIVE, "bidder-1", "R-REC-01"),
        (replace(CLEAN, relatives=frozenset({"boss"})), Ground.BIDDER_OR_RELATIVE, "bidder-1", "R-REC-01"),
        (Person("me", ties=(works_for("bureau"),)), Ground.DEPARTMENT_STAFF, "bureau", "R-REC-02"),
        (Person("me", ties=(works_for("bidder-2"),)), Ground.ECONOMIC_INTEREST, "bidder-2", "R-REC-03"),
        (replace(CLEAN, was_punished=True), Ground.PUNISHED, "", "R-REC-04"),
        (Person("me", ties=(works_for("buyer"),)), Ground.BUYER_OR_AGENCY, "buyer", "R-REC-07"),
        (Person("me", ties=(works_for("agency"),)), Ground.BUYER_OR_AGENCY, "agency", "R-REC-07"),
        (Person("me", ties=(works_for("named"),)), Ground.NAMED_UNIT, "named", "R-DRAW-04"),
        (replace(CLEAN, declared=frozenset({"bidder-1", "nobody"})), Ground.DECLARED, "bidder-1", "R-REC-08"),
    ],
)
def test_each_ground_is_found_and_named_with_its_rule(person, ground, unit, rule):
    (found,) = exclusions(person, CASE, ZTB)

    assert found == Exclusion(ground, unit)
    assert found.rule == rule
    assert found.article.startswith("《")


@pytest.mark.parametrize("kind", list(TieKind))
@pytest.mark.parametrize("law", [ZTB, GP])
def test_three_years_are_looked_back(kind, law):
    def person(until: date) -> Person:
        return Person("me", ties=(Tie("bidder-1", kind, date(2000, 1, 1), until),))

    (found,) = exclusions(person(THREE_YEARS_AGO), CASE, law)

    has_own_rule = law is GP and kind in (TieKind.EMPLOYMENT, TieKind.BOARD, TieKind.CONTROL)
    assert found.ground is (Ground.WITHIN_YEARS if has_own_rule else Ground.ECONOMIC_INTEREST)
    assert exclusions(person(THREE_YEARS_AGO - timedelta(days=1)), CASE, law) == ()


def test_a_bond_that_has_not_begun_excludes_nobody():
    future = Person("me", ties=(Tie("bidder-1", TieKind.EMPLOYMENT, TODAY + timedelta(days=1)),))

    assert exclusions(future, CASE, ZTB) == ()


def test_who_left_the_department_is_not_its_staff():
    left = Person("me", ties=(works_for("bureau", TODAY - timedelta(days=1)),))

    assert exclusions(left, CASE, ZTB) == ()
    assert exclusions(Person("me", ties=(works_for("bureau", TODAY),)), CASE, ZTB) != ()


def test_before_the_opening_only_what_needs_no_bidders_is_found():
    unopened = replace(CASE, bidders=())

    assert exclusions(Person("boss"), unopened, ZTB) == ()
    assert exclusions(Person("me", ties=(works_for("buyer"),)), unopened, ZTB) != ()


def test_several_grounds_are_all_listed():
    person = Person("boss", ties=(works_for("bidder-1"), works_for("agency")), was_punished=True)

    assert {found.ground for found in exclusions(person, CASE, ZTB)} == {
        Ground.PUNISHED,
        Ground.BUYER_OR_AGENCY,
        Ground.BIDDER_OR_RELATIVE,
        Ground.ECONOMIC_INTEREST,
    }


@given(bidders=st.sets(st.sampled_from("abcdef")), own=st.sets(st.sampled_from("abcdef")))
def test_more_bidders_never_free_anybody(bidders, own):
    person = Person("me", ties=tuple(works_for(unit) for unit in sorted(own)))
    few = replace(CASE, bidders=tuple(BidderUnit(unit) for unit in sorted(bidders)))
    more = replace(few, bidders=(*few.bidders, BidderUnit("g")))

    assert set(exclusions(person, few, ZTB)) <= set(exclusions(person, more, ZTB))
    assert bool(bidders & own) == bool(exclusions(person, few, ZTB))


def test_one_member_per_employer():
    assert employers_over_cap(["a", "b", "a", "c"], ZTB) == {"a"}
    assert employers_over_cap(["a", "b"], ZTB) == frozenset()
