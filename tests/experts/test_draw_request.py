"""From an application to the parameters of a panel draw: R-COM-01, R-COM-06, R-REC-06, R-CODE-01."""

import pytest

from experts.draw_request import (
    BadDrawRequest,
    DrawRequest,
    Group,
    Quota,
    check_request,
    levels,
    panel_params,
    public_attributes,
    shortages,
)
from kernel.crypto import suite
from kernel.draw import panel
from tests.trading.laws import ZTB

REQUEST = DrawRequest(
    groups=(Group("B0132", 3), Group("A06", 1)), own_seats=1, quotas=(Quota("jingzhou", 1), Quota("wuhan", 0, 2))
)


def test_a_request_becomes_groups_rules_and_a_cap():
    assert panel_params(REQUEST, ZTB) == {
        "groups": [{"a": "speciality", "v": "B0132", "n": 3}, {"a": "speciality", "v": "A06", "n": 1}],
        "rules": [
            {"a": "region", "v": "jingzhou", "min": 1, "max": 4},
            {"a": "region", "v": "wuhan", "min": 0, "max": 2},
        ],
        "cap": {"a": "employer", "max": 1},
        "max_attempts": 1_000_000,
    }


def test_the_committee_of_a_request_is_checked():
    assert check_request(REQUEST, ZTB) == ()
    (finding,) = check_request(DrawRequest((Group("A08", 3),), own_seats=2), ZTB)
    assert finding.rule == "R-COM-01"


def test_a_candidate_shows_all_levels_of_his_codes():
    assert public_attributes(["A080104", "A080106"], "jingzhou", "tag") == {
        "speciality": ["A08", "A0801", "A080104", "A080106"],
        "region": "jingzhou",
        "employer": "tag",
    }
    assert levels("B01") == ("B01",)


@pytest.mark.parametrize("code", ["", "A", "A8", "A080", "D0801", "a0801", "A08010", "A08010401", "A０8"])
def test_what_is_no_speciality_is_refused(code):
    with pytest.raises(BadDrawRequest):
        levels(code)


@pytest.mark.parametrize(
    "request_",
    [
        DrawRequest(()),
        DrawRequest((Group("A08", 0),)),
        DrawRequest((Group("A08", 5),), own_seats=-1),
        DrawRequest((Group("A08", 2), Group("A08", 3))),
        DrawRequest((Group("A08", 5),), quotas=(Quota("wuhan", 3, 2),)),
        DrawRequest((Group("A08", 5),), quotas=(Quota("wuhan", 6),)),
        DrawRequest((Group("A08", 5),), quotas=(Quota("wuhan", 3), Quota("jingzhou", 3))),
        DrawRequest((Group("A08", 5),), quotas=(Quota("wuhan", 1), Quota("wuhan", 2))),
    ],
)
def test_requests_that_mean_nothing_are_refused(request_):
    with pytest.raises(BadDrawRequest):
        panel_params(request_, ZTB)


def test_a_pool_that_is_too_small_is_named_by_group():
    pool = [public_attributes(["B013201"], "wuhan", employer) for employer in ("u1", "u1", "u2")]

    assert shortages(REQUEST, pool) == {"B0132": 1, "A06": 1}
    assert shortages(DrawRequest((Group("B01", 2),)), pool) == {}


def test_the_draw_understands_the_parameters_and_keeps_them():
    pool = [
        (bytes([n] * 32), public_attributes(["B013201" if n % 3 else "A060101"], region, f"unit-{n // 2}"))
        for n, region in enumerate(["jingzhou", "wuhan", "yichang"] * 8)
    ]
    params = panel_params(REQUEST, ZTB)

    rules = (params["groups"], params["rules"], params["cap"], params["max_attempts"])
    _, groups = panel(suite("intl-1"), bytes(32), "test", pool, *rules)

    drawn = [dict(pool)[leaf] for group in groups for leaf in group]
    assert [len(group) for group in groups] == [3, 1]
    assert all("B0132" in dict(pool)[leaf]["speciality"] for leaf in groups[0])
    assert len({pub["employer"] for pub in drawn}) == 4
    assert sum(pub["region"] == "jingzhou" for pub in drawn) >= 1
    assert sum(pub["region"] == "wuhan" for pub in drawn) <= 2
