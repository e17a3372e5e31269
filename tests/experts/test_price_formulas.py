"""Price formulas: the worked examples, exactness, and properties (R-PRC-01 to R-PRC-03, R-EVAL-16)."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.price_formulas import BadPriceRule, PriceMethod, PriceRule, Trim, score_prices
from kernel.money import Money

prices = st.lists(st.integers(10**4, 10**11), min_size=1, max_size=14).map(
    lambda fens: {n: Money(fen) for n, fen in enumerate(fens)}
)
LOW = PriceRule(PriceMethod.LOW, Decimal(30))
AVERAGE = PriceRule(PriceMethod.AVERAGE, Decimal(60), Decimal("1.0"), Decimal("0.5"))
TRIMMED = PriceRule(PriceMethod.TRIMMED, Decimal(60), Decimal("1.0"), Decimal("0.5"))


def millions(*sums: str) -> dict[str, Money]:
    return {
        name: Money.parse(str(Decimal(text) * 1_000_000)[:12]) for name, text in zip("ABCDEFGHIJ", sums, strict=False)
    }


# Source: rules.md section 14, TV-12.
def test_the_score_comes_from_the_exact_deviation():
    bids = {"benchmark": Money.parse("9700000"), "bid": Money.parse("9797485")}
    exact = PriceRule(PriceMethod.TRIMMED, Decimal(60), Decimal(1), Decimal(0), trims=(Trim(2, 1, 0),))

    table = score_prices(bids, exact)

    assert table.benchmark == bids["benchmark"]
    line = table.lines[1]
    assert (line.deviation, line.score) == (Decimal("1.0050"), Decimal("59.00"))
    rounded = PriceRule(
        PriceMethod.TRIMMED, Decimal(60), Decimal(1), Decimal(0), trims=(Trim(2, 1, 0),), deviation_places=2
    )
    assert score_prices(bids, rounded).lines[1].score == Decimal("58.99")


# Source: rules.md section 14, TV-13.
def test_the_floating_benchmark():
    rule = PriceRule(PriceMethod.FLOATING, Decimal(60), Decimal("1.0"), Decimal("0.5"), Decimal("0.03"))

    table = score_prices(millions("9.5", "9.8", "10.0", "10.2", "10.6"), rule)

    assert str(table.mean) == "10000000.00"
    assert str(table.benchmark) == "9700000.00"
    assert [line.deviation for line in table.lines] == list(
        map(Decimal, ("-2.0619", "1.0309", "3.0928", "5.1546", "9.2784"))
    )
    assert [line.score for line in table.lines] == list(map(Decimal, ("58.97", "58.97", "56.91", "54.85", "50.72")))
    assert [line.counted for line in table.lines] == [False, True, True, True, False]


def test_the_lowest_price_gets_all_points_and_others_their_share():
    table = score_prices({"a": Money(100_00), "b": Money(150_00), "c": Money(300_00)}, LOW)

    assert [line.score for line in table.lines] == [Decimal("30.00"), Decimal("20.00"), Decimal("10.00")]


@pytest.mark.parametrize(("count", "dropped"), [(4, 0), (5, 2), (9, 2), (10, 4), (14, 4)])
def test_so_many_extremes_do_not_count_but_are_scored(count, dropped):
    bids = {n: Money(10**6 + n) for n in range(count)}

    lines = score_prices(bids, TRIMMED).lines

    assert len(lines) == count
    assert sum(not line.counted for line in lines) == dropped
    assert {line.bid for line in lines if not line.counted} <= {*range(2), *range(count - 2, count)}


def test_points_never_fall_below_zero():
    bids = {"cheap": Money(1_00), "dear": Money(1_000_000_00)}

    assert min(line.score for line in score_prices(bids, AVERAGE).lines) == 0


@given(bids=prices, rule=st.sampled_from([LOW, AVERAGE, TRIMMED]))
def test_scores_lie_between_zero_and_full_and_follow_the_price(bids, rule):
    table = score_prices(bids, rule)

    assert [line.bid for line in table.lines] == list(bids)
    for line in table.lines:
        assert 0 <= line.score <= rule.full
    dearer = sorted((line for line in table.lines if line.price >= table.benchmark), key=lambda line: line.price)
    assert all(one.score >= other.score for one, other in pairwise(dearer))


@given(bids=prices, rule=st.sampled_from([LOW, AVERAGE, TRIMMED]), order=st.randoms(use_true_random=False))
def test_the_order_of_the_bids_does_not_matter(bids, rule, order):
    shuffled = list(bids.items())
    order.shuffle(shuffled)

    one, other = score_prices(bids, rule), score_prices(dict(shuffled), rule)

    assert one.benchmark == other.benchmark
    assert {line.bid: line.score for line in one.lines} == {line.bid: line.score for line in other.lines}


@given(bids=prices)
def test_the_average_lies_between_the_extremes(bids):
    table = score_prices(bids, AVERAGE)

    assert min(bids.values()) <= table.benchmark <= max(bids.values())
    exact = Fraction(sum(price.fen for price in bids.values()), len(bids))
    assert abs(exact - table.mean.fen) <= Fraction(1, 2)


@given(bids=prices, e1=st.integers(0, 300), e2=st.integers(0, 300))
def test_a_price_above_the_benchmark_never_scores_better_than_one_as_far_below(bids, e1, e2):
    low, high = sorted((e1, e2))
    rule = PriceRule(PriceMethod.AVERAGE, Decimal(60), Decimal(high) / 100, Decimal(low) / 100)
    benchmark = score_prices(bids, rule).benchmark
    step = min(benchmark.fen - 1, 1000)
    mirrored = {"below": benchmark - Money(step), "above": benchmark + Money(step)}

    below, above = score_prices(mirrored, rule).lines

    assert below.score >= above.score


def test_a_rule_is_read_back_from_its_json_form():
    rule = PriceRule(
        PriceMethod.FLOATING, Decimal("60"), Decimal("1.0"), Decimal("0.5"), Decimal("0.03"), (Trim(7, 1, 1),), 2
    )

    assert PriceRule.from_dict(rule.described()) == rule
    assert PriceRule.from_dict({"method": "P-LOW", "full": "30"}) == LOW


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"method": "P-LOW"},
        {"method": "P-NONE", "full": "30"},
        {"method": "P-LOW", "full": "many"},
        {"method": "P-LOW", "full": "NaN"},
        {"method": "P-LOW", "full": "-1"},
        {"method": "P-LOW", "full": "0"},
        {"method": "P-AVG", "full": "60", "e1": "0.5", "e2": "1"},
        {"method": "P-AVG", "full": "60", "e1": "1", "e2": "-1"},
        {"method": "P-AVG", "full": "60", "e1": "1", "k": "0.03"},
        {"method": "P-FLOAT", "full": "60", "e1": "1", "k": "1"},
        {"method": "P-TRIM", "full": "60", "trims": [[2, 1, 1]]},
        {"method": "P-TRIM", "full": "60", "trims": [[5, 1]]},
    ],
)
def test_rules_that_mean_nothing_are_refused(value):
    with pytest.raises(BadPriceRule):
        PriceRule.from_dict(value)


@pytest.mark.parametrize("bids", [{}, {"a": Money(0)}, {"a": Money(-1), "b": Money(5)}])
def test_without_prices_there_is_no_benchmark(bids):
    with pytest.raises(BadPriceRule):
        score_prices(bids, AVERAGE)
