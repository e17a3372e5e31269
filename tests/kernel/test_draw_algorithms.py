"""Primitives and algorithms of draws: against plain hashing, by property, and by χ² over fixed seeds."""

import hashlib
import itertools
from collections import Counter
from fractions import Fraction
from math import comb

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kernel.crypto import suite
from kernel.draw import (
    DrawError,
    assign,
    below,
    first,
    leaf_of,
    matches,
    order,
    panel,
    replacement,
    require_never_stuck,
    seed_of,
    strata,
    stream,
    ticket,
    worder,
)
from kernel.draw.order import share
from tests.worlds.draw_world import PANEL, people

SUITE = suite("intl-1")
SEED = bytes(range(32))


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(n: int) -> bytes:
    return sha(b"leaf", bytes([n]))


def seeds(count: int) -> list[bytes]:
    return [sha(b"chi", n.to_bytes(4, "big")) for n in range(count)]


def chi_square(seen: Counter, expected: dict) -> float:
    assert set(seen) <= set(expected)
    return sum((seen[what] - number) ** 2 / number for what, number in expected.items())


#: χ² at p = 0.001. Source: Abramowitz and Stegun, table 26.8. The seeds are fixed, so a test passes always or never.
CRITICAL = {3: 16.27, 5: 20.52, 7: 24.32, 9: 27.88, 15: 37.70, 19: 43.82, 23: 49.73}


def code_of(call) -> str:
    with pytest.raises(DrawError) as caught:
        call()
    return caught.value.code


# Primitives


def test_a_stream_is_the_blocks_of_its_definition() -> None:
    blocks = b"".join(sha(b"OTD1/stream\0", SEED, b"panel/x/0\0", j.to_bytes(8, "big")) for j in range(5))

    assert stream(SUITE, SEED, "panel/x/0").take(160) == blocks
    assert stream(SUITE, SEED, b"panel/x/0").take(33) == blocks[:33]


@given(st.lists(st.integers(0, 70), max_size=8))
def test_how_a_stream_is_taken_does_not_matter(sizes: list[int]) -> None:
    source = stream(SUITE, SEED, "a")

    assert b"".join(source.take(size) for size in sizes) == stream(SUITE, SEED, "a").take(sum(sizes))


@given(st.integers(1, 2**70))
def test_below_takes_the_fewest_bytes_and_rejects(n: int) -> None:
    source, raw = stream(SUITE, SEED, "b"), stream(SUITE, SEED, "b")
    bits = (n - 1).bit_length()
    expected = None if n > 1 else 0
    while expected is None:
        value = int.from_bytes(raw.take(-(-bits // 8)), "big") % (1 << bits)
        expected = value if value < n else None

    assert below(source, n) == expected
    assert source.take(4) == raw.take(4)


def test_below_one_costs_nothing_and_nonsense_is_refused() -> None:
    for bad in (0, -1, 1.5, True, "2"):
        assert code_of(lambda bad=bad: below(stream(SUITE, SEED, "b"), bad)) == "infeasible"


def test_a_ticket_is_one_hash_anybody_can_make() -> None:
    expected = sha(b"OTD1/ticket\0", SEED, b"tie/1\0", leaf(1), (7).to_bytes(2, "big"))

    assert ticket(SUITE, SEED, "tie/1", leaf(1), 7) == expected
    assert ticket(SUITE, SEED, "tie/1", leaf(1)) == ticket(SUITE, SEED, b"tie/1", leaf(1), 0)
    for bad in (-1, 1 << 16, True, 1.0):
        assert code_of(lambda bad=bad: ticket(SUITE, SEED, "s", leaf(1), bad)) == "weight-range"
    assert code_of(lambda: ticket(SUITE, SEED, "a\0b", leaf(1))) == "json-profile"
    assert code_of(lambda: ticket(SUITE, SEED[:-1], "a", leaf(1))) == "json-profile"
    assert code_of(lambda: ticket(SUITE, SEED, "a", b"short")) == "json-profile"


def test_a_leaf_commits_to_public_and_private_parts_under_a_salt() -> None:
    expected = sha(b"OTD1/leaf\0", bytes(32), sha(b'{"region":"x"}'), sha('{"name":"李"}'.encode()))

    assert leaf_of(SUITE, bytes(32), {"region": "x"}, {"name": "李"}) == expected
    assert code_of(lambda: leaf_of(SUITE, bytes(16), {}, {})) == "json-profile"


def test_the_seed_is_one_hash_over_contributions_sorted_by_party() -> None:
    spec = {"suite": "intl-1", "id": "x"}
    hashed = sha(b"OTD1/spec\0", b'{"id":"x","suite":"intl-1"}')
    one, two = bytes([1]) * 32, bytes([2]) * 32
    expected = sha(b"OTD1/seed\0", hashed, b"\0\2", sha(b"a"), two, sha("乙".encode()), one, b"\0\1", sha(b"9319./"))

    assert seed_of(spec, {"乙": one, "a": two}, [b"9319./"]) == expected
    assert seed_of(spec, {}, []) == sha(b"OTD1/seed\0", hashed, b"\0\0", b"\0\0")
    assert code_of(lambda: seed_of(spec, {"a": b"short"}, [])) == "commit-mismatch"
    assert code_of(lambda: seed_of({"id": "x"}, {}, [])) == "json-profile"
    assert code_of(lambda: seed_of({"suite": "gm-1"}, {}, [])) == "json-profile"
    assert code_of(lambda: seed_of({"suite": "intl-1", "f": 1.5}, {}, [])) == "json-profile"
    assert code_of(lambda: seed_of(spec, {}, [b""] * (1 << 16))) == "json-profile"


# order/1, worder/1, strata/1


@given(st.sets(st.integers(0, 60)), st.randoms(use_true_random=False))
def test_order_sorts_tickets_and_forgets_the_list_order(numbers: set[int], shuffler) -> None:
    leaves = [leaf(n) for n in numbers]
    drawn = order(SUITE, SEED, "s", leaves)
    shuffler.shuffle(leaves)

    assert drawn == sorted(leaves, key=lambda x: (ticket(SUITE, SEED, "s", x), x))
    assert order(SUITE, SEED, "s", leaves) == drawn
    assert first(SUITE, SEED, "s", leaves, 5) == drawn[:5]
    if drawn:
        assert order(SUITE, SEED, "s", [x for x in leaves if x != drawn[0]]) == drawn[1:]


def test_two_candidates_with_one_leaf_are_refused_everywhere() -> None:
    twice = [leaf(1), leaf(2), leaf(1)]
    pubs = [(x, {"a": "v"}) for x in twice]

    assert code_of(lambda: order(SUITE, SEED, "s", twice)) == "pool-duplicate"
    assert code_of(lambda: worder(SUITE, SEED, "s", [(x, 1) for x in twice])) == "pool-duplicate"
    assert code_of(lambda: strata(SUITE, SEED, "s", {"c": twice}, {"c": RATE})) == "pool-duplicate"
    assert (
        code_of(lambda: panel(SUITE, SEED, "s", pubs, [{"a": "a", "v": "v", "n": 1}], [], None, 9)) == "pool-duplicate"
    )
    assert code_of(lambda: assign(SUITE, SEED, "s", twice, {leaf(9): {}}, [{"n": 1}], set())) == "pool-duplicate"


def test_a_weight_is_a_number_of_tickets() -> None:
    weighted = [(leaf(n), n % 5 + 1) for n in range(20)]
    key = {x: min(ticket(SUITE, SEED, "w", x, t) for t in range(w)) for x, w in weighted}

    assert worder(SUITE, SEED, "w", weighted) == sorted(key, key=lambda x: (key[x], x))
    for bad in (0, -1, 1001, 10**9, 1.0, True, "3", None):
        assert code_of(lambda bad=bad: worder(SUITE, SEED, "w", [(leaf(1), bad)])) == "weight-range"


RATE = {"num": 1, "den": 10, "min": 2}


def test_strata_round_up_and_keep_the_minimum() -> None:
    classes = {"A": [leaf(n) for n in range(45)], "B": [leaf(50)], "C": []}
    drawn = strata(SUITE, SEED, "s", classes, dict.fromkeys("ABC", RATE))

    assert {name: len(leaves) for name, leaves in drawn.items()} == {"A": 5, "B": 1, "C": 0}
    assert drawn["A"] == order(SUITE, SEED, "s/class/A", classes["A"])[:5]
    for bad in (None, {}, {**RATE, "num": 0.1}, {**RATE, "den": 0}, {**RATE, "num": -1}, {**RATE, "min": True}):
        assert code_of(lambda bad=bad: strata(SUITE, SEED, "s", classes, {**dict.fromkeys("BC", RATE), "A": bad})) == (
            "infeasible"
        )


@given(st.integers(0, 500), st.integers(0, 50), st.integers(1, 50), st.integers(0, 500))
def test_a_share_is_the_exact_ceiling_within_its_bounds(members: int, num: int, den: int, least: int) -> None:
    exact = Fraction(members * num, den)
    drawn = share({"num": num, "den": den, "min": least}, members)

    assert drawn == min(members, max(least, -(-exact.numerator // exact.denominator)))


# panel/1


def brute_force(pubs: list[dict], groups: list[dict], rules: list[dict], cap: dict | None) -> set[frozenset]:
    """All admissible panels, as sets of (group, place) pairs."""
    admissible = set()
    choices = [
        itertools.combinations([i for i, pub in enumerate(pubs) if matches(pub, g["a"], g["v"])], g["n"])
        for g in groups
    ]
    for parts in itertools.product(*choices):
        members = [i for part in parts for i in part]
        counts = [sum(matches(pubs[i], r["a"], r["v"]) for i in members) for r in rules]
        capped = Counter(pubs[i][cap["a"]] for i in members) if cap else {}
        within = all(r["min"] <= count <= r["max"] for r, count in zip(rules, counts, strict=True))
        if len(set(members)) == len(members) and within and all(n <= cap["max"] for n in capped.values()):
            admissible.add(frozenset((g, i) for g, part in enumerate(parts) for i in part))
    return admissible


def test_a_panel_keeps_its_rules_and_tells_its_attempt() -> None:
    pool = people(60)
    pubs = dict(pool)
    attempt, groups = panel(SUITE, SEED, "f", pool, PANEL["groups"], PANEL["rules"], PANEL["cap"], 10_000)
    members = [x for group in groups for x in group]

    assert [len(group) for group in groups] == [3, 2]
    assert {pubs[x]["speciality"] for x in groups[0]} == {"A08"}
    assert len({pubs[x]["employer"] for x in members}) == 5
    assert 1 <= sum("senior" in pubs[x]["tags"] for x in members) <= 3
    assert attempt > 0
    assert (
        code_of(lambda: panel(SUITE, SEED, "f", pool, PANEL["groups"], PANEL["rules"], PANEL["cap"], attempt))
        == "attempts"
    )
    assert panel(SUITE, SEED, "f", pool[::-1], PANEL["groups"], PANEL["rules"], PANEL["cap"], attempt + 1) == (
        attempt,
        groups,
    )


def test_a_panel_is_the_sample_of_its_definition() -> None:
    pool = [(leaf(n), {"a": "v"}) for n in range(9)]
    items = sorted(x for x, _ in pool)
    source = stream(SUITE, SEED, "panel/e/0")
    for i in range(4):
        j = i + below(source, 9 - i)
        items[i], items[j] = items[j], items[i]

    assert panel(SUITE, SEED, "e", pool, [{"a": "a", "v": "v", "n": 4}], [], None, 1) == (0, [items[:4]])


def test_nobody_sits_in_two_groups() -> None:
    pool = [(leaf(n), {"s": ["x", "y"]}) for n in range(4)]
    groups = [{"a": "s", "v": "x", "n": 2}, {"a": "s", "v": "y", "n": 2}]
    drawn = [panel(SUITE, seed, "s", pool, groups, [], None, 1000) for seed in seeds(40)]

    assert all(len({*one, *two}) == 4 for _, (one, two) in drawn)
    assert max(attempt for attempt, _ in drawn) > 0


GROUP = {"a": "s", "v": "x", "n": 2}


@pytest.mark.parametrize(
    "groups,rules,cap,code",
    [
        ([{**GROUP, "n": 7}], [], None, "infeasible"),
        ([{**GROUP, "n": 0}], [], None, "infeasible"),
        ([{**GROUP, "n": 1.0}], [], None, "infeasible"),
        ([{**GROUP, "n": True}], [], None, "infeasible"),
        ([{**GROUP, "n": -1}], [], None, "infeasible"),
        ([{**GROUP, "v": "nobody"}], [], None, "infeasible"),
        ([{"n": 2}], [], None, "infeasible"),
        ([], [], None, "infeasible"),
        ([{**GROUP, "n": 4}, {**GROUP, "n": 3}], [], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "x", "min": 2, "max": 1}], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "x", "min": 3, "max": 9}], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "x", "min": 0, "max": 1}], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "nobody", "min": 1, "max": 9}], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "x", "min": -1, "max": 9}], None, "infeasible"),
        ([GROUP], [{"a": "s", "v": "x", "min": 0.5, "max": 9}], None, "infeasible"),
        ([GROUP], [], {"a": "s", "max": 0}, "infeasible"),
        ([GROUP], [], {"max": 1}, "infeasible"),
        ([GROUP], [], {"a": "odd", "max": 1}, "json-profile"),
        ([GROUP], [], {"a": "s", "max": 1}, "attempts"),
    ],
)
def test_impossible_panels_are_refused(groups, rules, cap, code: str) -> None:
    pool = [(leaf(n), {"s": "x", "odd": {"k": 1}}) for n in range(6)]

    assert code_of(lambda: panel(SUITE, SEED, "e", pool, groups, rules, cap, 50)) == code


@pytest.mark.parametrize("limit", [0, -1, 1_000_001, True, 10.0, None])
def test_the_number_of_attempts_is_bounded(limit: object) -> None:
    pool = [(leaf(n), {"s": "x"}) for n in range(6)]

    assert code_of(lambda: panel(SUITE, SEED, "e", pool, [GROUP], [], None, limit)) == "attempts"


def test_attributes_match_by_value_or_by_membership_and_by_type() -> None:
    pub = {"s": "x", "l": ["x", "y"], "n": 1, "b": True}

    assert matches(pub, "s", "x")
    assert matches(pub, "l", "y")
    assert matches(pub, "l", ["x", "y"])
    assert matches(pub, "n", 1)
    assert not matches(pub, "n", True)
    assert not matches(pub, "b", 1)
    assert not matches(pub, "s", "xy")
    assert not matches(pub, "missing", "x")


def test_the_reserve_follows_its_own_order_and_keeps_the_rules() -> None:
    pool = people(60)
    pubs, rules = dict(pool), (PANEL["groups"], PANEL["rules"], PANEL["cap"])
    _, groups = panel(SUITE, SEED, "e", pool, *rules, 10_000)
    out, barred = groups[0][1], set()
    reserve = order(SUITE, SEED, "e/reserve/0", [x for x, pub in pool if pub["speciality"] == "A08"])
    kept = {pubs[x]["employer"] for group in groups for x in group if x != out}

    taken = replacement(SUITE, SEED, "e", pool, *rules, groups, 0, out, barred)
    assert taken is not None
    assert taken not in groups[0]
    assert pubs[taken]["employer"] not in kept
    for earlier in reserve[: reserve.index(taken)]:
        members = [x for group in groups for x in group if x != out]
        assert earlier in (*members, out) or not _admissible([pubs[x] for x in [*members, earlier]])
    again = replacement(SUITE, SEED, "e", pool, *rules, groups, 0, out, {taken})
    assert again != taken
    assert reserve.index(again) > reserve.index(taken)
    everybody = {x for x, _ in pool}
    assert replacement(SUITE, SEED, "e", pool, *rules, groups, 0, out, everybody) is None
    for group, who in ((0, groups[1][0]), (2, out), (-1, out), (True, groups[1][0]), (0, bytes(32))):
        assert code_of(lambda g=group, w=who: replacement(SUITE, SEED, "e", pool, *rules, groups, g, w, set())) == (
            "replacement-order"
        )
    stranger = [[*groups[0][:2], bytes(32)], groups[1]]
    assert code_of(lambda: replacement(SUITE, SEED, "e", pool, *rules, stranger, 0, out, set())) == "replacement-order"


def _admissible(members: list[dict]) -> bool:
    seniors = sum("senior" in pub["tags"] for pub in members)
    return 1 <= seniors <= 3 and max(Counter(pub["employer"] for pub in members).values()) == 1


# assign/1


def crew(count: int) -> dict[bytes, dict]:
    return {leaf(100 + n): {"lead": "yes" if n % 2 else "no"} for n in range(count)}


LEADS = [{"n": 1, "a": "lead", "v": "yes"}, {"n": 1}]


def test_an_assignment_is_balanced_and_of_the_right_people() -> None:
    objects, people_ = [leaf(n) for n in range(40)], crew(8)
    teams = assign(SUITE, SEED, "i", objects, people_, [{"n": 2}], set())
    loads = Counter(x for _, team in teams for x in team)

    assert [thing for thing, _ in teams] == order(SUITE, SEED, "i/objects", objects)
    assert set(loads.values()) == {10}
    assert all(len(set(team)) == 2 for _, team in teams)
    thing, team = teams[0]
    assert team[0] == min(people_, key=lambda x: (sha(b"OTD1/pair\0", SEED, b"i\0", thing, x), x))
    assert all(
        people_[team[0]]["lead"] == "yes" for _, team in assign(SUITE, SEED, "i", objects, people_, LEADS, set())
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(2, 8), st.sets(st.tuples(st.integers(0, 19), st.integers(0, 7)), max_size=30))
def test_who_is_recused_never_comes_and_safety_is_known_beforehand(count: int, size: int, pairs: set) -> None:
    objects, people_ = [leaf(n) for n in range(count)], crew(size)
    recused = {(leaf(o), leaf(100 + p)) for o, p in pairs}
    try:
        require_never_stuck(objects, people_, LEADS, recused)
    except DrawError:
        assume(False)

    for seed in seeds(3):
        teams = assign(SUITE, seed, "i", objects, people_, LEADS, recused)
        assert not {(thing, x) for thing, team in teams for x in team} & recused


def test_impossible_assignments_are_refused() -> None:
    people_ = crew(2)
    everybody = {(leaf(0), x) for x in people_}
    cases = [
        (people_, [{"n": 3}], set()),
        (people_, [{"n": 1}], everybody),
        (people_, [{"n": 1, "a": "lead", "v": "maybe"}], set()),
        (people_, [], set()),
    ]
    for inspectors, slots, recused in cases:
        assert (
            code_of(lambda i=inspectors, s=slots, r=recused: assign(SUITE, SEED, "i", [leaf(0)], i, s, r))
            == "infeasible"
        )
        assert code_of(lambda i=inspectors, s=slots, r=recused: require_never_stuck([leaf(0)], i, s, r)) == "infeasible"
    for slot in ({"n": 0}, {"n": True}, {"n": 1, "a": "lead"}, {"n": 1, "x": 1}, {}, {"n": 1, "a": ["x"], "v": 1}):
        assert code_of(lambda slot=slot: assign(SUITE, SEED, "i", [leaf(0)], people_, [slot], set())) == "infeasible"
    # A free place first could take the only lead: refused beforehand, though some seeds would do.
    assert code_of(lambda: require_never_stuck([leaf(0)], people_, LEADS[::-1], set())) == "infeasible"
    assert code_of(lambda: assign(SUITE, b"", "i", [leaf(0)], people_, LEADS, set())) == "json-profile"


# χ² over 20,000 fixed seeds (crypto.md §13, 30)


def test_order_is_uniform() -> None:
    leaves = [leaf(n) for n in range(4)]
    seen = Counter(tuple(order(SUITE, seed, "s", leaves)) for seed in seeds(20_000))

    assert chi_square(seen, dict.fromkeys(itertools.permutations(leaves), 20_000 / 24)) < CRITICAL[23]


def test_samples_are_uniform() -> None:
    pool = [(leaf(n), {"a": "v"}) for n in range(6)]
    group = [{"a": "a", "v": "v", "n": 3}]
    seen = Counter(frozenset(panel(SUITE, seed, "s", pool, group, [], None, 1)[1][0]) for seed in seeds(20_000))

    expected = {frozenset(c): 20_000 / comb(6, 3) for c in itertools.combinations([x for x, _ in pool], 3)}
    assert chi_square(seen, expected) < CRITICAL[19]


def test_weights_give_successive_sampling() -> None:
    weights = {leaf(1): 1, leaf(2): 2, leaf(3): 5}
    seen = Counter(tuple(worder(SUITE, seed, "s", weights.items())) for seed in seeds(20_000))
    expected = {}
    for permutation in itertools.permutations(weights):
        chance, left = Fraction(1), sum(weights.values())
        for x in permutation:
            chance *= Fraction(weights[x], left)
            left -= weights[x]
        expected[permutation] = float(chance * 20_000)

    assert chi_square(seen, expected) < CRITICAL[5]


def test_panels_are_uniform_over_all_admissible_ones() -> None:
    pubs = [{"s": "x" if n < 5 else "y", "e": f"e{n % 4}", "l": ["z"] if n % 4 == 0 else []} for n in range(7)]
    pool = sorted((leaf(n), pub) for n, pub in enumerate(pubs))
    place = {x: n for n, x in enumerate(leaf(n) for n in range(7))}
    groups = [{"a": "s", "v": "x", "n": 2}, {"a": "s", "v": "y", "n": 1}]
    rules, cap = [{"a": "l", "v": "z", "min": 1, "max": 1}], {"a": "e", "max": 1}
    admissible = brute_force(pubs, groups, rules, cap)
    seen = Counter()
    for seed in seeds(8_000):
        _, drawn = panel(SUITE, seed, "s", pool, groups, rules, cap, 1000)
        seen[frozenset((g, place[x]) for g, group in enumerate(drawn) for x in group)] += 1

    assert len(admissible) == 8
    assert chi_square(seen, dict.fromkeys(admissible, 1_000)) < CRITICAL[7]


def test_the_first_inspector_is_uniform() -> None:
    people_ = crew(4)
    seen = Counter(assign(SUITE, seed, "i", [leaf(0)], people_, [{"n": 1}], set())[0][1][0] for seed in seeds(8_000))

    assert chi_square(seen, dict.fromkeys(people_, 2_000)) < CRITICAL[3]


def test_below_is_uniform_where_the_modulo_would_not_be() -> None:
    seen = Counter(below(stream(SUITE, seed, "b"), 10) for seed in seeds(20_000))

    assert chi_square(seen, dict.fromkeys(range(10), 2_000)) < CRITICAL[9]
