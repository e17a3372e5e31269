"""Aggregation, ranking and alarms: R-EVAL-10 to R-EVAL-14, R-EVAL-16."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.scoring import (
    AlarmKind,
    CriterionKind,
    DecidedBy,
    IncompleteScores,
    ScoredCriterion,
    Total,
    aggregate,
    check_totals,
    consistency_alarms,
    mean,
    rank,
)
from kernel.money import Money, half_up

PLAN = ScoredCriterion("plan", Decimal(40), CriterionKind.SUBJECTIVE)
RECORD = ScoredCriterion("record", Decimal(10), CriterionKind.OBJECTIVE)
GRID = (PLAN, RECORD)
#: Source: rules.md section 14, TV-30.
TV_30 = [Decimal(text) for text in ("33.5", "35", "36", "34", "37.5", "35.5", "30")]


def sheets(*plans: str, record: str = "8") -> dict[str, dict[str, dict[str, Decimal]]]:
    return {f"m{n}": {"A": {"plan": Decimal(p), "record": Decimal(record)}} for n, p in enumerate(plans)}


# Source: rules.md section 14, TV-30.
def test_the_mean_of_seven_members_and_that_without_extremes():
    assert half_up(mean(TV_30), 2) == Decimal("34.50")
    assert half_up(mean(TV_30, drop_extremes=True), 2) == Decimal("34.80")


# Source: rules.md section 14, TV-30.
def test_thirteen_percent_is_no_alarm_at_twenty_but_at_thirteen():
    scores = sheets(*map(str, TV_30))

    assert consistency_alarms(scores, GRID) == ()
    (alarm,) = consistency_alarms(scores, GRID, Decimal(13))
    assert (alarm.kind, alarm.member, alarm.deviation) == (AlarmKind.SUBJECTIVE_FAR, "m6", Decimal("-13.04"))


def test_the_tolerance_itself_is_tolerated():
    scores = sheets("24", "30", "36")

    assert consistency_alarms(scores, GRID, Decimal(20)) == ()
    assert len(consistency_alarms(scores, GRID, Decimal("19.99"))) == 2


def test_objective_criteria_must_agree():
    scores = sheets("30", "30", "30")
    scores["m1"]["A"]["record"] = Decimal(7)

    (alarm,) = consistency_alarms(scores, GRID)

    assert (alarm.kind, alarm.bid, alarm.criterion, alarm.member) == (AlarmKind.OBJECTIVE_DIFFERS, "A", "record", None)


def test_scores_of_zero_everywhere_raise_no_alarm():
    assert consistency_alarms(sheets("0", "0", "0"), GRID) == ()


def test_members_sums_are_averaged_and_the_price_is_added():
    prices = {"A": (Money(100), Decimal("48.50"))}

    (total,) = aggregate(sheets("33.33", "33.33", "33.34"), GRID, prices, technical=["plan"])

    assert total.members == Decimal("41.33")
    assert total.technical == Decimal("33.33")
    assert total.total == Decimal("89.83")


def test_extremes_are_dropped_only_from_five_members_on():
    prices = {"A": (Money(100), Decimal(0))}

    (four,) = aggregate(sheets("10", "20", "20", "40"), GRID, prices, drop_extremes=True)
    (five,) = aggregate(sheets("10", "20", "20", "20", "40"), GRID, prices, drop_extremes=True)

    assert four.members == Decimal("30.50")
    assert five.members == Decimal("28.00")


@pytest.mark.parametrize(
    "break_",
    [
        pytest.param(lambda s: s.clear(), id="nobody"),
        pytest.param(lambda s: s["m0"].clear(), id="no bid"),
        pytest.param(lambda s: s["m0"].update(B={}), id="a bid too many"),
        pytest.param(lambda s: s["m0"]["A"].pop("plan"), id="a criterion missing"),
        pytest.param(lambda s: s["m0"]["A"].update(other=Decimal(1)), id="a criterion too many"),
        pytest.param(lambda s: s["m0"]["A"].update(plan=Decimal("40.01")), id="above the maximum"),
        pytest.param(lambda s: s["m0"]["A"].update(plan=Decimal("-0.01")), id="below zero"),
        pytest.param(lambda s: s["m0"]["A"].update(plan=Decimal("1.001")), id="three decimals"),
        pytest.param(lambda s: s["m0"]["A"].update(plan=Decimal("NaN")), id="no number"),
    ],
)
def test_gaps_and_excesses_are_refused(break_):
    prices = {"A": (Money(100), Decimal(0))}
    scores = sheets("30", "31", "32")
    assert aggregate(scores, GRID, prices)

    break_(scores)

    with pytest.raises(IncompleteScores):
        aggregate(scores, GRID, prices)


def total_of(bid: str, points: str, fen: int, technical: str = "0") -> Total[str]:
    return Total(bid, Decimal(points), Decimal(0), Money(fen), Decimal(technical))


# Source: rules.md section 14, TV-13 (tie A/B goes to the lower price); R-EVAL-10, R-EVAL-11.
def test_equal_points_go_to_the_lower_price():
    ranked = rank([total_of("B", "58.97", 980), total_of("A", "58.97", 950), total_of("C", "60", 999)])

    assert [(r.total.bid, r.rank, r.decided_by) for r in ranked] == [
        ("C", 1, DecidedBy.SCORE),
        ("A", 2, DecidedBy.SCORE),
        ("B", 3, DecidedBy.PRICE),
    ]


def test_equal_points_and_prices_share_a_rank_unless_the_documents_say_otherwise():
    bids = [total_of("A", "80", 100, "30"), total_of("B", "80", 100, "35"), total_of("C", "70", 100)]

    shared = rank(bids)
    parted = rank(bids, technical_decides=True)

    assert [(r.total.bid, r.rank) for r in shared] == [("A", 1), ("B", 1), ("C", 3)]
    assert shared[1].decided_by is DecidedBy.TIE
    assert [(r.total.bid, r.rank, r.decided_by) for r in parted] == [
        ("B", 1, DecidedBy.SCORE),
        ("A", 2, DecidedBy.TECHNICAL),
        ("C", 3, DecidedBy.SCORE),
    ]


totals = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(0, 2)).map(
        lambda t: Total(object(), Decimal(t[0]), Decimal(0), Money(t[1]), Decimal(t[2]))
    ),
    min_size=1,
    max_size=8,
)


@given(bids=totals, technical=st.booleans(), order=st.randoms(use_true_random=False))
def test_a_rank_is_one_more_than_the_number_of_better_bids(bids, technical, order):
    def better(one, other):
        keys = [(-t.total, t.price.fen, -t.technical if technical else Decimal(0)) for t in (one, other)]
        return keys[0] < keys[1]

    shuffled = list(bids)
    order.shuffle(shuffled)

    for ranked in rank(shuffled, technical_decides=technical):
        assert ranked.rank == 1 + sum(better(other, ranked.total) for other in bids)


def test_a_report_whose_totals_are_wrong_is_named():
    bids = [total_of("A", "80.01", 100), total_of("B", "70", 100)]

    assert check_totals({"A": Decimal("80.01"), "B": Decimal(70)}, bids) == ()
    (alarm,) = check_totals({"A": Decimal("80.02"), "B": Decimal(70)}, bids)
    assert (alarm.kind, alarm.bid) == (AlarmKind.TOTAL_WRONG, "A")
    assert len(check_totals({}, bids)) == 2
    assert replace(bids[0], price_score=Decimal(1)).total == Decimal("81.01")
