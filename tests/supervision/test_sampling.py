"""From inspection rules to draw parameters: R-DR-05 to R-DR-07, R-DR-12, R-DR-15."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.draw import assign, strata
from supervision.sampling import (
    BadSampling,
    InspectorRecord,
    Rate,
    TargetRecord,
    assign_params,
    due_targets,
    recused_pairs,
    sample_size,
    sample_sizes,
    strata_params,
    usual_rates,
)
from tests.trading.laws import ZTB


# Source: rules.md section 14, TV-24.
@pytest.mark.parametrize(
    ("members", "percent", "drawn"), [(37, "5", 2), (37, "20", 8), (12, "60", 8), (3, "100", 3), (52, "3", 2)]
)
def test_shares_are_rounded_up(members, percent, drawn):
    assert sample_size(members, Rate(Decimal(percent))) == drawn


@given(members=st.integers(0, 10**6), permille=st.integers(1, 1000), least=st.integers(0, 50))
def test_a_sample_is_the_least_that_keeps_share_and_minimum(members, permille, least):
    rate = Rate(Decimal(permille) / 10, least)

    drawn = sample_size(members, rate)

    assert 0 <= drawn <= members
    assert drawn * 1000 >= members * permille
    assert drawn >= min(least, members)
    fewer = drawn - 1
    assert drawn == 0 or fewer * 1000 < members * permille or fewer < least


def test_the_configured_rates_are_those_of_the_rule_book():
    rates = usual_rates(ZTB)

    assert {credit: int(rate.percent) for credit, rate in rates.items()} == {"A": 5, "B": 20, "C": 60, "D": 100}
    assert sample_sizes({"A": 37, "B": 37, "C": 12, "D": 3}, rates) == {"A": 2, "B": 8, "C": 8, "D": 3}


def test_parameters_state_each_share_as_a_fraction():
    rates = {"B": Rate(Decimal("12.5"), 1), "A": Rate(Decimal(5))}

    assert strata_params(rates) == {
        "a": "credit",
        "rates": {"A": {"num": 1, "den": 20, "min": 0}, "B": {"num": 1, "den": 8, "min": 1}},
    }


@pytest.mark.parametrize(("percent", "least"), [("0", 0), ("-1", 0), ("100.01", 0), ("NaN", 0), ("5", -1)])
def test_rates_that_mean_nothing_are_refused(percent, least):
    with pytest.raises(BadSampling):
        Rate(Decimal(percent), least)


def test_a_class_without_a_rate_is_refused():
    with pytest.raises(BadSampling, match="E"):
        sample_sizes({"E": 1}, usual_rates(ZTB))
    with pytest.raises(BadSampling):
        strata_params({})
    with pytest.raises(BadSampling):
        sample_size(-1, Rate(Decimal(5)))


def test_a_team_has_two_people_one_of_them_certified():
    one, other = bytes(32), bytes([1] * 32)

    params = assign_params(2, [(other, one), (one, other), (one, other)], ZTB)

    assert params == {
        "slots": [{"n": 1, "a": "lead", "v": "yes"}, {"n": 1}],
        "recused": [[b64u_encode(one), b64u_encode(other)], [b64u_encode(other), b64u_encode(one)]],
    }
    assert assign_params(3, [], ZTB, certified_lead=False) == {"slots": [{"n": 3}], "recused": []}
    with pytest.raises(BadSampling, match="不得少于2人"):
        assign_params(1, [], ZTB)


def test_inspectors_do_not_meet_their_own_unit_or_an_interest():
    targets = [TargetRecord("t1", "A"), TargetRecord("t2", "B")]
    inspectors = [
        InspectorRecord("i1", unit="t1"),
        InspectorRecord("i2", unit="x", conflicts=frozenset({"t2"})),
        InspectorRecord("i3", unit="x", may_lead=True),
    ]

    assert recused_pairs(targets, iter(inspectors)) == (("t1", "i1"), ("t2", "i2"))


def test_nobody_is_inspected_twice_in_a_period_for_the_same_item():
    start = date(2026, 1, 1)
    never, before, inside = (
        TargetRecord("a", "A"),
        TargetRecord("b", "A", date(2025, 12, 31)),
        TargetRecord("c", "A", start),
    )

    assert due_targets([never, before, inside], start) == (never, before)


def test_the_draw_understands_the_parameters_and_announces_the_same_sizes():
    provider, seed = suite("intl-1"), bytes(32)
    members = {"A": 37, "B": 12, "D": 3}
    classes = {name: [bytes([ord(name), n]) + bytes(30) for n in range(count)] for name, count in members.items()}
    rates = usual_rates(ZTB)

    drawn = strata(provider, seed, "test", classes, strata_params(rates)["rates"])

    assert {name: len(leaves) for name, leaves in drawn.items()} == sample_sizes(members, rates)

    targets = drawn["A"] + drawn["D"]
    inspectors = {bytes([n]) * 32: {"lead": "yes" if n < 4 else "no", "unit": "x"} for n in range(8)}
    barred = (targets[0], bytes([0]) * 32)
    params = assign_params(2, [barred], ZTB)

    teams = assign(provider, seed, "test", targets, inspectors, params["slots"], {barred})

    assert all(len(set(team)) == 2 and inspectors[team[0]]["lead"] == "yes" for _, team in teams)
    assert barred[1] not in dict(teams)[barred[0]]
