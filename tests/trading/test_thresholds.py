"""Thresholds and caps: R-THR-01 to R-THR-05, R-THR-07, R-THR-09 to R-THR-11, R-THR-13, R-PRC-14, R-FAIL-01."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from tests.trading.laws import GP, ZTB, procedure_of
from trading.thresholds import (
    Funding,
    bid_bond_cap,
    check_bidder_count,
    check_bond,
    check_candidate_count,
    check_invitees,
    check_price,
    mandatory_scope,
    must_be_tendered,
    performance_bond_cap,
)
from trading.vocabulary import FundSource, LotKind

sums = st.integers(1, 10**14).map(Money)


def yuan(n: int) -> Money:
    return Money(n * 100)


@pytest.mark.parametrize(
    ("funding", "rule"),
    [
        (Funding(FundSource.BUDGET, yuan(2_000_000), yuan(20_000_000)), "R-THR-01"),
        (Funding(FundSource.BUDGET, yuan(2_000_000), yuan(20_000_001)), None),
        (Funding(FundSource.BUDGET, Money(1_999_999_99), yuan(2_000_000)), None),
        (Funding(FundSource.STATE_OWNED, yuan(0), yuan(9_000_000), state_controls=True), "R-THR-01"),
        (Funding(FundSource.STATE_OWNED, yuan(0), yuan(9_000_000)), None),
        (Funding(FundSource.OTHER, yuan(0), yuan(9_000_000), state_controls=True), None),
        (Funding(FundSource.INTERNATIONAL, yuan(0), yuan(1)), "R-THR-02"),
        (Funding(FundSource.OTHER, yuan(0), yuan(9_000_000), is_public_utility=True), "R-THR-03"),
    ],
)
def test_the_scope_of_mandatory_tendering(funding, rule):
    assert mandatory_scope(funding, ZTB) == rule


PUBLIC = Funding(FundSource.BUDGET, yuan(50_000_000), yuan(50_000_000))
PRIVATE = Funding(FundSource.OTHER, yuan(0), yuan(50_000_000))


@pytest.mark.parametrize(
    ("kind", "threshold"),
    [
        (LotKind.WORKS, 4_000_000),
        (LotKind.GOODS, 2_000_000),
        (LotKind.DESIGN, 1_000_000),
        (LotKind.SERVICES, 1_000_000),
    ],
)
def test_the_threshold_itself_must_be_tendered(kind, threshold):
    assert must_be_tendered(PUBLIC, procedure_of(ZTB, kind), [yuan(threshold)], ZTB)
    assert not must_be_tendered(PUBLIC, procedure_of(ZTB, kind), [Money(threshold * 100 - 1)], ZTB)
    assert not must_be_tendered(PRIVATE, procedure_of(ZTB, kind), [yuan(threshold)], ZTB)
    assert not must_be_tendered(PUBLIC, procedure_of(GP), [yuan(threshold)], GP)


@given(parts=st.lists(sums, min_size=1, max_size=8), kind=st.sampled_from(LotKind))
def test_splitting_a_purchase_does_not_help(parts, kind):
    whole = Money(sum(part.fen for part in parts))

    assert must_be_tendered(PUBLIC, procedure_of(ZTB, kind), parts, ZTB) == must_be_tendered(
        PUBLIC, procedure_of(ZTB, kind), [whole], ZTB
    )


@pytest.mark.parametrize(
    ("estimate", "kind", "cap"),
    [
        ("12345678.90", LotKind.WORKS, "246913.57"),
        ("12345678.90", LotKind.DESIGN, "100000.00"),
        ("100000000.00", LotKind.WORKS, "800000.00"),
        ("100000000.00", LotKind.GOODS, "800000.00"),
        ("100000000.00", LotKind.SERVICES, "2000000.00"),
        ("40000000.00", LotKind.GOODS, "800000.00"),
    ],
)
def test_bid_bond_caps(estimate, kind, cap):
    found = bid_bond_cap(Money.parse(estimate), kind, ZTB)

    assert str(found.amount) == cap
    assert check_bond(found.amount, found) is None
    finding = check_bond(found.amount + Money(1), found)
    assert finding is not None
    assert finding.rule == "R-THR-07"


def test_the_article_of_a_bond_finding_is_that_of_the_row_that_decided():
    by_share = bid_bond_cap(yuan(1_000_000), LotKind.WORKS, ZTB)
    by_sum = bid_bond_cap(yuan(100_000_000), LotKind.WORKS, ZTB)

    assert by_share.holds.basis == "条例26"
    assert by_sum.holds.basis == "30号令37"
    assert by_sum.basis == by_share.basis == "条例26;30号令37"


def test_government_procurement_has_no_sum_by_kind():
    assert str(bid_bond_cap(yuan(100_000_000), LotKind.DESIGN, GP).amount) == "2000000.00"


@given(contract=sums)
def test_a_performance_bond_is_at_most_a_tenth(contract):
    assert performance_bond_cap(contract, ZTB).amount.fen == contract.fen // 10


@pytest.mark.parametrize("law", [ZTB, GP])
def test_three_bidders_are_enough_and_two_are_not(law):
    assert check_bidder_count(3, law) is None
    finding = check_bidder_count(2, law)
    assert finding is not None
    assert "重新招标" in finding.message


def test_invitees_and_candidates():
    assert check_invitees(3, ZTB) is None
    assert check_invitees(2, ZTB) is not None
    assert [check_candidate_count(n, ZTB) is None for n in range(5)] == [False, True, True, True, False]


def test_a_price_above_the_published_maximum_is_named():
    cap = yuan(5_000_000)

    assert check_price(cap, cap) is None
    assert check_price(cap, None) is None
    finding = check_price(cap + Money(1), cap)
    assert finding is not None
    assert finding.rule == "R-PRC-14"
