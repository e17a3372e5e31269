"""The rehearsal: what could fail on demand is not frozen."""

import pytest

from kernel.draw import DrawError, pool_of, read_pool, read_spec, rehearse
from tests.worlds.draw_world import PANEL, SUITE, DrawWorld, people


def spec_and_pools(algo: str, params: dict, **pools):
    spec = read_spec(DrawWorld().spec(algo, params, pools))
    return spec, {name: read_pool(SUITE, pool, spec.pools[name]) for name, pool in pools.items()}


def code_of(algo: str, params: dict, **pools) -> str:
    with pytest.raises(DrawError) as caught:
        rehearse(*spec_and_pools(algo, params, **pools))
    return caught.value.code


def test_a_practical_panel_passes_and_tells_its_odds() -> None:
    found = rehearse(*spec_and_pools("panel/1", PANEL, pool=pool_of(people(60))))

    assert found.accepted == 25
    assert 25 < found.attempts < 1_000
    again = rehearse(*spec_and_pools("panel/1", PANEL, pool=pool_of(people(60))))
    assert again == found


def test_a_panel_that_would_seldom_succeed_is_refused() -> None:
    # Two of two hundred are wanted in one group of two: one attempt in 19,900.
    pool = pool_of((x, {"s": "x", "rare": ["no", "yes"][n < 2]}) for n, (x, _) in enumerate(people(200)))
    rules = [{"a": "rare", "v": "yes", "min": 2, "max": 2}]
    params = {"groups": [{"a": "s", "v": "x", "n": 2}], "rules": rules, "cap": None, "max_attempts": 1_000_000}

    assert code_of("panel/1", params, pool=pool) == "infeasible"


def test_a_panel_that_allows_too_few_attempts_is_refused() -> None:
    pool = pool_of((x, {"s": "x", "rare": ["no", "yes"][n < 5]}) for n, (x, _) in enumerate(people(50)))
    rules = [{"a": "rare", "v": "yes", "min": 2, "max": 2}]
    params = {"groups": [{"a": "s", "v": "x", "n": 2}], "rules": rules, "cap": None, "max_attempts": 500}

    assert code_of("panel/1", params, pool=pool) == "attempts"
    assert rehearse(*spec_and_pools("panel/1", {**params, "max_attempts": 10_000}, pool=pool)).accepted == 25
    for limit in (0, 1_000_001, True, None):
        assert code_of("panel/1", {**params, "max_attempts": limit}, pool=pool) == "attempts"


def test_other_draws_are_checked_without_their_seed() -> None:
    pool = pool_of(people(10))
    heavy = pool_of((x, {"weight": 1001}) for x, _ in people(3))
    crew = pool_of((x, {"lead": "yes" if n == 0 else "no"}) for n, (x, _) in enumerate(people(3)))
    slots = [{"n": 1}, {"n": 1, "a": "lead", "v": "yes"}]

    assert rehearse(*spec_and_pools("order/1", {"seats": None}, pool=pool)).accepted == 1
    assert code_of("worder/1", {"a": "weight"}, pool=heavy) == "weight-range"
    assert code_of("strata/1", {"a": "region", "rates": {}}, pool=pool) == "infeasible"
    assert code_of("order/1", {"seats": ["A"]}, pool=pool) == "infeasible"
    free_first = {"slots": slots, "recused": []}
    assert code_of("assign/1", free_first, inspectors=crew, objects=pool) == "infeasible"
    lead_first = {"slots": slots[::-1], "recused": []}
    assert rehearse(*spec_and_pools("assign/1", lead_first, inspectors=crew, objects=pool)).accepted == 1
