"""Transcripts: played for real, verified from public files alone, and attacked (crypto.md §13, 25-29, 31, 33-35)."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse_time
from kernel.crypto import split32
from kernel.draw import (
    DrawError,
    EscrowFault,
    commit_hash,
    escrow_context,
    escrow_share_hash,
    pool_of,
    pool_root,
    read_spec,
    read_transcript,
    recover,
    replacement,
    seed_of,
    spec_hash,
    verify_draw,
)
from kernel.draw import records as rec
from kernel.draw.escrow import check_shares, hand_out, open_share
from tests.worlds.draw_world import PANEL, SUITE, DrawWorld, filler, p256, people, step, world_of

NAMELESS = {"v": 1, "type": "draw.commit", "spec": "x", "party": 5, "c": "x"}
PARTIES = ("agency", "centre", "owner", "supervisor")


@pytest.fixture(scope="module")
def panel_draw() -> tuple[DrawWorld, Any, Any]:
    return world_of("panel/1", PANEL)


def code_of(transcript: object, pool: object, trust: object = None) -> str:
    with pytest.raises(DrawError) as caught:
        verify_draw(transcript, pool, trust)
    return caught.value.code


def changed(value: Any, *path: Any, to: Any) -> Any:
    """A copy with one place changed."""
    made = copy.deepcopy(value)
    at = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return made


# It verifies


@pytest.mark.parametrize(
    "algo,params",
    [
        ("order/1", {"seats": None}),
        ("order/1", {"seats": [f"S{n:02}" for n in range(60)]}),
        ("worder/1", {"a": "weight"}),
        ("strata/1", {"a": "region", "rates": {"local": {"num": 1, "den": 9, "min": 1},
                                               "other": {"num": 3, "den": 10, "min": 2}}}),
        ("panel/1", PANEL),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_played_draw_verifies(algo: str, params: dict) -> None:
    world, pool, transcript = world_of(algo, params)

    found = verify_draw(jcs(transcript), jcs(pool), world.log.trust)

    assert found.parties == ("agency", "owner")
    assert found.signed
    assert found.output == transcript["output"]
    assert found.checkpoint.size == len(world.log.log)
    assert not verify_draw(transcript, pool).signed
    assert [record.index for record in found.records] == sorted(record.index for record in found.records)


def double_random() -> tuple[DrawWorld, Any, Any]:
    world = DrawWorld()
    inspectors, objects = pool_of(people(8, "inspector")), pool_of((x, {}) for x, _ in people(12, "object"))
    slots = [{"n": 1, "a": "tags", "v": "senior"}, {"n": 1}]
    recused = [[objects[0]["l"], inspectors[3]["l"]], [objects[1]["l"], inspectors[0]["l"]]]
    pools = {"inspectors": inspectors, "objects": objects}
    raw = world.spec("assign/1", {"slots": slots, "recused": recused}, pools)
    return world, pools, world.play(raw, pools)


def test_a_double_random_inspection_verifies() -> None:
    world, pools, transcript = double_random()

    assert verify_draw(transcript, pools, world.log.trust).output == transcript["output"]
    assert verify_draw(jcs(transcript), jcs(pools), world.log.trust).members == ()
    assert code_of(transcript, jcs(pools["objects"])) == "json-profile"
    assert code_of(transcript, {"objects": pools["objects"]}) == "json-profile"
    assert code_of(transcript, b"{") == "json-profile"
    assert code_of(transcript, {**pools, "objects": pools["objects"][1:]}) == "pool-root"
    for bad in ("x", [1], [["a", "b"]], [[pools["objects"][0]["l"]]]):
        spec = changed(transcript["spec"], "params", "recused", to=bad)
        assert code_of(_replayed(world, spec, pools), pools) == "json-profile"
    assert code_of(changed(transcript, "spec", "pools", to=[]), pools) == "json-profile"
    everybody = [[pools["objects"][0]["l"], entry["l"]] for entry in pools["inspectors"]]
    spec = changed(transcript["spec"], "params", "recused", to=everybody)
    assert code_of(_replayed(world, spec, pools), pools) == "infeasible"


def _replayed(world: DrawWorld, raw: dict, pools: Any) -> Any:
    """A transcript over a spec that nobody could have computed: everything but the outcome is genuine."""
    start = world.log.now
    times = {"commit_by": start + timedelta(minutes=10), "reveal_by": start + timedelta(minutes=60)}
    return world.play({**raw, **{name: format_time(at) for name, at in times.items()}}, pools, output={})


def test_anybody_can_recompute_the_seed_from_the_transcript_alone(panel_draw) -> None:
    _, _, transcript = panel_draw
    reveals = {reveal["party"]: b64u_decode(reveal["r"]) for reveal in transcript["reveals"]}

    assert seed_of(transcript["spec"], reveals, []) == b64u_decode(transcript["seed"])
    assert spec_hash(transcript["spec"]) == SUITE.hash(b"OTD1/spec\0" + jcs(transcript["spec"]))


# 25, 33: the pool


def test_a_changed_pool_is_not_the_frozen_one(panel_draw) -> None:
    world, pool, transcript = panel_draw
    extra = pool_of(people(61))
    stranger = next(entry for entry in extra if entry not in pool)
    added = sorted([*pool, stranger], key=lambda entry: b64u_decode(entry["l"]))

    assert code_of(transcript, changed(pool, 7, "p", "region", to="elsewhere")) == "pool-root"
    assert code_of(transcript, pool[:-1]) == "pool-root"
    assert code_of(transcript, added) == "pool-root"
    assert code_of(transcript, []) == "pool-root"
    assert code_of(transcript, [pool[1], pool[0], *pool[2:]]) == "pool-order"
    assert code_of(transcript, [*pool, pool[0]]) == "pool-order"
    assert code_of(transcript, [*pool[:3], pool[2], *pool[3:]]) == "pool-duplicate"
    for bad in (None, {}, b"[1]", "x", [1], [{"l": "x"}], changed(pool, 0, "l", to="AA"), changed(pool, 0, "p", to=[]),
                changed(pool, 0, "p", "weight", to=1.5), changed(pool, 0, "p", "weight", to=None),
                changed(pool, 0, "p", "tags", to=[{}]), json.dumps(pool).encode()):  # fmt: skip
        assert code_of(transcript, bad) == "json-profile"
    assert verify_draw(transcript, pool, world.log.trust)


def test_a_pool_with_equal_leaves_is_never_made() -> None:
    pool = people(3)

    with pytest.raises(DrawError, match="pool-duplicate"):
        pool_of([*pool, pool[0]])
    assert pool_root(SUITE, []) == SUITE.hash(b"")


# 26: commitments


def test_strangers_and_doubles_do_not_take_part(panel_draw) -> None:
    world, pool, transcript = panel_draw
    commit = transcript["commits"][0]
    payload = rec.commit_payload(read_spec(transcript["spec"]), "stranger", bytes(32))
    foreign = {"token": world.token("agency", rec.COMMIT_TYP, payload), "log": commit["log"]}
    reveal = {**transcript["reveals"][0], "party": "stranger"}

    assert code_of({**transcript, "commits": [*transcript["commits"], foreign]}, pool) == "party-unknown"
    assert code_of({**transcript, "reveals": [*transcript["reveals"], reveal]}, pool) == "party-unknown"
    assert code_of({**transcript, "commits": [*transcript["commits"], commit]}, pool) == "party-duplicate"
    double = [*transcript["reveals"], transcript["reveals"][0]]
    assert code_of({**transcript, "reveals": double}, pool) == "party-duplicate"


def test_a_commitment_after_the_close_is_late(panel_draw) -> None:
    _, pool, transcript = panel_draw
    at_close = transcript["close"]["log"]["index"]
    deadline = transcript["spec"]["commit_by"]

    late = changed(transcript, "commits", 0, "log", "index", to=at_close + 1)
    assert code_of(late, pool) == "commit-late"
    assert code_of(changed(transcript, "commits", 0, "log", "entry", "at", to=deadline), pool) == "commit-late"
    unlisted = changed(transcript, "close", "detail", "commits", to=transcript["close"]["detail"]["commits"][1:])
    assert code_of(unlisted, pool) == "commit-late"
    just = format_time(parse_time(deadline) - timedelta(milliseconds=1))
    assert code_of(changed(transcript, "commits", 0, "log", "entry", "at", to=just), pool) == "inclusion"


def test_a_commitment_is_signed_over_this_spec_and_matches_its_value(panel_draw) -> None:
    world, pool, transcript = panel_draw
    spec = read_spec(transcript["spec"])
    c = commit_hash(spec.raw, "agency", world.secrets["agency"])
    good = rec.commit_payload(spec, "agency", c)
    agency = world.parties["agency"]
    spki = agency.public.spki

    def with_token(token: str) -> Any:
        return changed(transcript, "commits", 0, "token", to=token)

    assert code_of(with_token(world.token("owner", rec.COMMIT_TYP, good)), pool) == "commit-mismatch"
    assert code_of(with_token(world.token("agency", "draw-other+jws", good)), pool) == "commit-mismatch"
    assert code_of(with_token(world.token("agency", rec.COMMIT_TYP, good, crit=["x"])), pool) == "commit-mismatch"
    assert code_of(with_token(world.token("agency", rec.COMMIT_TYP, good, kid="x")), pool) == "commit-mismatch"
    other = {**good, "spec": b64u_encode(bytes(32))}
    assert code_of(with_token(world.token("agency", rec.COMMIT_TYP, other)), pool) == "commit-mismatch"
    another = {**good, "c": b64u_encode(bytes(32))}
    assert code_of(with_token(world.token("agency", rec.COMMIT_TYP, another)), pool) == "commit-mismatch"
    assert code_of(with_token(world.token("agency", rec.COMMIT_TYP, {**good, "c": "x"})), pool) == "json-profile"
    token = transcript["commits"][0]["token"]
    unsigned = ".".join([b64u_encode(jcs({"alg": "none", "typ": rec.COMMIT_TYP})), token.split(".")[1], ""])
    assert code_of(with_token(unsigned), pool) == "commit-mismatch"
    certified = world.token("agency", rec.COMMIT_TYP, good, kid=SUITE.kid(spki), x5c=["AA=="])
    # A certificate chain may come along; then the log holds another token, and only that is wrong here.
    assert code_of(with_token(certified), pool) == "entry-digest"
    swapped = changed(transcript, "commits", to=transcript["commits"][::-1])
    assert code_of(swapped, pool) == "commit-mismatch"
    early = changed(transcript, "commits", 0, "log", "index", to=0)
    assert code_of(early, pool) == "commit-mismatch"
    missing = changed(transcript, "commits", to=transcript["commits"][1:])
    missing = changed(missing, "reveals", to=missing["reveals"][1:])
    assert code_of(missing, pool) == "commit-mismatch"
    for reveal in (b64u_encode(bytes(32)), transcript["reveals"][1]["r"]):
        assert code_of(changed(transcript, "reveals", 0, "r", to=reveal), pool) == "commit-mismatch"
    with pytest.raises(DrawError, match="json-profile"):
        verify_draw(changed(transcript, "close", "detail", "commits", to=[1]), pool)


def test_silence_is_never_a_seed_without_somebody(panel_draw) -> None:
    _, pool, transcript = panel_draw

    assert code_of(changed(transcript, "reveals", to=transcript["reveals"][1:]), pool) == "void"
    late = changed(transcript, "result", "log", "index", to=transcript["close"]["log"]["index"])
    assert code_of(late, pool) == "void"


def test_too_few_contributors_or_an_early_close_void_the_draw() -> None:
    world = DrawWorld(("agency", "owner"))
    pool = pool_of(people(30))
    raw = world.spec("order/1", {"seats": None}, {"pool": pool})
    missing = world.contributor("owner")
    del world.parties["owner"], world.secrets["owner"]
    assert missing["party"] == "owner"

    assert code_of(world.play(raw, {"pool": pool}), pool, world.log.trust) == "void"
    enough = {**raw, "min": 1, "commit_by": format_time(world.log.now + timedelta(minutes=10))}
    transcript = world.play(enough, {"pool": pool})
    assert verify_draw(transcript, pool, world.log.trust).parties == ("agency",)
    early = changed(transcript, "close", "log", "entry", "at", to=transcript["commits"][0]["log"]["entry"]["at"])
    assert code_of(early, pool) == "void"


# 27: attempts


def test_attempts_are_counted_and_chained() -> None:
    world = DrawWorld()
    pool = pool_of(people(30))
    pools = {"pool": pool}
    first = world.void(world.spec("order/1", {"seats": None}, pools))
    second = world.void(world.spec("order/1", {"seats": None}, pools, prev=first[0].ref), "escrow-failed")
    raw = world.spec("order/1", {"seats": None}, pools, prev=second[0].ref)
    transcript = world.play(raw, pools, attempts=[first, second])

    assert verify_draw(transcript, pool, world.log.trust)
    assert code_of({**transcript, "attempts": transcript["attempts"][1:]}, pool) == "void"
    assert code_of({**transcript, "attempts": []}, pool) == "void"
    assert code_of({**transcript, "attempts": transcript["attempts"][::-1]}, pool) == "void"
    hidden = world.play(world.spec("order/1", {"seats": None}, pools), pools, attempts=[first])
    assert code_of(hidden, pool) == "void"
    whim = changed(transcript, "attempts", 0, "void", "detail", "reason", to="did not like it")
    assert code_of(whim, pool) == "void"
    odd = changed(transcript, "attempts", 0, "void", "detail", "more", to=1)
    assert code_of(odd, pool) == "void"
    unvoided = changed(transcript, "attempts", 0, "void", "log", "index", to=transcript["freeze"]["index"] + 1)
    assert code_of(unvoided, pool) == "void"


# 28: parameters


@pytest.mark.parametrize("weight", [0, -1, 1001, 10**9, "3", True])
def test_weights_out_of_range_are_refused(weight: object) -> None:
    world = DrawWorld()
    pool = pool_of([(x, {"weight": weight}) for x, _ in people(3)])
    raw = world.spec("worder/1", {"a": "weight"}, {"pool": pool})

    assert code_of(_replayed(world, raw, {"pool": pool}), pool) == "weight-range"


@pytest.mark.parametrize(
    "algo,params,code",
    [
        ("worder/1", {"a": 1}, "json-profile"),
        ("worder/1", {"a": "nothing"}, "weight-range"),
        ("order/1", {"seats": "x"}, "json-profile"),
        ("order/1", {"seats": ["A"]}, "infeasible"),
        ("order/1", {"seats": ["B", "A", *"CDEFGHIJ"]}, "infeasible"),
        ("strata/1", {"a": "region", "rates": []}, "json-profile"),
        ("strata/1", {"a": "region", "rates": {}}, "infeasible"),
        ("strata/1", {"a": "weight", "rates": {}}, "infeasible"),
        ("panel/1", {**PANEL, "max_attempts": 0}, "attempts"),
        ("panel/1", {**PANEL, "cap": {"a": "region", "max": 1}, "max_attempts": 20}, "attempts"),
        ("panel/1", {**PANEL, "cap": []}, "json-profile"),
        ("panel/1", {**PANEL, "groups": {}}, "json-profile"),
        ("panel/1", {**PANEL, "rules": [1]}, "json-profile"),
        ("panel/1", {**PANEL, "rules": [{"a": "region", "v": "local", "min": 3, "max": 2}]}, "infeasible"),
        ("panel/1", {**PANEL, "groups": [{"a": "speciality", "v": "A08", "n": 10**9}]}, "infeasible"),
    ],
    ids=str,
)
def test_impossible_draws_are_refused_whatever_the_log_says(algo: str, params: dict, code: str) -> None:
    world, pool = DrawWorld(), pool_of(people(10))
    raw = world.spec(algo, params, {"pool": pool})

    assert code_of(_replayed(world, raw, {"pool": pool}), pool) == code


def test_floats_and_foreign_members_are_outside_the_profile(panel_draw) -> None:
    _, pool, transcript = panel_draw

    for path, value in (
        (("spec", "params", "max_attempts"), 10.0),
        (("spec", "min"), 2.0),
        (("spec", "more"), 1),
        (("more",), 1),
        (("v",), 2),
        (("v",), True),
        (("type",), "draw.spec"),
        (("spec", "algo"), "panel/2"),
        (("spec", "algo"), []),
        (("spec", "suite"), "gm-1"),
        (("spec", "stage"), "A B"),
        (("spec", "stage"), "a\0b"),
        (("spec", "contributors", 0, "kid"), "x"),
        (("spec", "contributors", 0, "spki"), "AAAA"),
        (("spec", "contributors"), {}),
        (("spec", "contributors"), transcript["spec"]["contributors"][::-1]),
        (("spec", "contributors"), [transcript["spec"]["contributors"][0]] * 2),
        (("spec", "contributors"), []),
        (("spec", "min"), 3),
        (("spec", "reveal_by"), transcript["spec"]["commit_by"]),
        (("spec", "commit_by"), "tomorrow"),
        (("spec", "prev"), "x"),
        (("spec", "pool"), []),
        (("spec", "pool", "root"), "x"),
        (("spec", "escrow"), {"k": 1, "n": 1, "by": transcript["spec"]["reveal_by"]}),
        (("spec", "escrow"), []),
        (("spec", "beacons"), None),
        (("spec", "beacons"), [{}]),
        (("seed",), "AA"),
        (("output",), []),
        (("checkpoint",), None),
        (("attempts",), None),
        (("commits",), [{}]),
        (("commits", 0, "token"), "a.b"),
        (("commits", 0, "token"), "a.b.c"),
        (("commits", 0, "token"), "W10.e30."),
        (("commits", 0, "token"), 5),
        (("commits", 0, "token"), f"{b64u_encode(b'{}')}.{b64u_encode(jcs({'type': 'draw.close', 'v': 1}))}."),
        (("commits", 0, "token"), f"{b64u_encode(b'{}')}.{b64u_encode(jcs(NAMELESS))}."),
        (("commits", 0, "log", "index"), "5"),
        (("commits", 0, "log", "entry"), {}),
        (("close", "detail"), []),
        (("reveals", 0, "r"), "AA"),
        (("reveals", 0, "party"), 5),
        (("reveals", 0, "shares"), [{"i": 1}]),
        (("beacons",), [{"value": "AA", "statements": [1]}]),
        (("replacements",), [{}]),
    ):
        assert code_of(changed(transcript, *path, to=value), pool) == "json-profile", path
    assert code_of(json.dumps(transcript).encode(), pool) == "json-profile"
    assert code_of(None, pool) == "json-profile"


# Results


def test_another_outcome_is_not_the_outcome(panel_draw) -> None:
    world, pool, transcript = panel_draw
    groups = transcript["output"]["groups"]
    swapped = [[groups[0][1], groups[0][0], *groups[0][2:]], groups[1]]

    assert code_of(changed(transcript, "seed", to=b64u_encode(bytes(32))), pool) == "result-mismatch"
    assert code_of(changed(transcript, "output", "groups", to=swapped), pool) == "result-mismatch"
    assert code_of(changed(transcript, "output", "attempt", to=True), pool) == "result-mismatch"
    assert code_of(changed(transcript, "output", "more", to=1), pool) == "result-mismatch"
    spec = read_spec(transcript["spec"])
    other = rec.result_detail(spec, b64u_decode(transcript["seed"]), {"groups": swapped})
    assert code_of(changed(transcript, "result", "detail", to=other), pool) == "result-mismatch"
    assert world.parties


# 29: replacements


def with_steps(*steps: dict) -> tuple[DrawWorld, Any, Any]:
    world = DrawWorld()
    pool = pool_of(people(60))
    transcript = world.play(world.spec("panel/1", PANEL, {"pool": pool}), {"pool": pool}, steps=steps)
    return world, pool, transcript


def test_replacements_follow_the_reserve_order() -> None:
    _, pool, transcript = with_steps()
    candidates = [(b64u_decode(entry["l"]), entry["p"]) for entry in pool]
    groups = [[b64u_decode(leaf) for leaf in group] for group in transcript["output"]["groups"]]
    seed, rules = b64u_decode(transcript["seed"]), (PANEL["groups"], PANEL["rules"], PANEL["cap"])

    def next_(group: int, out: bytes, barred: set) -> bytes:
        found = replacement(SUITE, seed, "test/1", candidates, *rules, groups, group, out, barred | {out})
        assert found
        return found

    gone, other = groups[0][1], groups[1][0]
    one = next_(0, gone, set())
    two = next_(0, gone, {one})
    good = [step("replace", 0, gone, one), step("replace", 0, one, two, "no-answer")]
    after = [[groups[0][0], two, groups[0][2]], groups[1]]
    world, _, transcript = with_steps(*good)

    assert [list(g) for g in verify_draw(transcript, pool, world.log.trust).members] == after
    unused = next(x for x, _ in candidates if x not in (*groups[0], *groups[1], one, two))
    third = replacement(SUITE, seed, "test/1", candidates, *rules, groups, 0, gone, {gone, one})
    for wrong in (
        [step("replace", 0, gone, two)],
        [step("replace", 0, gone, None)],
        [step("replace", 0, gone, one), step("replace", 0, gone, two)],
        [step("replace", 0, gone, one), step("replace", 0, other, two)],
        [step("replace", 1, gone, one)],
        [step("replace", 0, unused, one)],
        [step("replace", 0, gone, one), step("replace", 0, one, gone)],
        [step("replace", 0, gone, one, "for fun")],
        [step("bar", None, gone, None)],
        [step("bar", 0, unused, None)],
        [step("bar", None, unused, one)],
        [step("bar", None, unused, None), step("bar", None, unused, None)],
        [step("bar", None, bytes(32), None)],
        [step("bar", None, one, None), step("replace", 0, gone, one)],
        [step("call", 0, gone, one)],
    ):
        broken, _, told = with_steps(*wrong)
        assert code_of(told, pool, broken.log.trust) == "replacement-order", wrong
    barred, _, told = with_steps(step("bar", None, one, None, "avoidance"), step("replace", 0, gone, third))
    assert verify_draw(told, pool, barred.log.trust).members[0][1] == third
    out_of_turn = changed(
        transcript, "replacements", 1, "log", "index", to=transcript["replacements"][0]["log"]["index"]
    )
    assert code_of(out_of_turn, pool) == "replacement-order"
    before = changed(transcript, "replacements", 0, "log", "index", to=transcript["result"]["log"]["index"])
    assert code_of(before, pool) == "replacement-order"
    assert code_of(changed(transcript, "replacements", 0, "evidence", to="x"), pool) == "json-profile"
    assert code_of(changed(transcript, "replacements", 0, "reason", to=[]), pool) == "json-profile"
    # A step that is true but was logged otherwise is found by the log.
    assert code_of(changed(transcript, "replacements", 0, "reason", to="absent"), pool) == "entry-digest"


def test_an_empty_reserve_is_told() -> None:
    world = DrawWorld()
    pool = pool_of([(x, {"s": "x"}) for x, _ in people(4)])
    params = {"groups": [{"a": "s", "v": "x", "n": 3}], "rules": [], "cap": None, "max_attempts": 1}
    raw = world.spec("panel/1", params, {"pool": pool})
    draft = world.play(raw, {"pool": pool})
    members = [b64u_decode(leaf) for leaf in draft["output"]["groups"][0]]
    spare = next(b64u_decode(entry["l"]) for entry in pool if entry["l"] not in draft["output"]["groups"][0])
    again = DrawWorld()
    steps = [step("replace", 0, members[0], spare), step("replace", 0, spare, None)]
    transcript = again.play(raw, {"pool": pool}, steps=steps)

    assert verify_draw(transcript, pool, again.log.trust).members == (tuple(members[1:]),)


def test_only_panels_have_replacements() -> None:
    world, pool = DrawWorld(), pool_of(people(5))
    raw = world.spec("order/1", {"seats": None}, {"pool": pool})
    leaf = b64u_decode(pool[0]["l"])
    transcript = world.play(raw, {"pool": pool}, steps=[step("bar", None, leaf, None)])

    assert code_of(transcript, pool) == "replacement-order"


# 34: beacons


def with_beacon(**change: Any) -> tuple[DrawWorld, Any, dict]:
    world, pool = DrawWorld(), pool_of(people(20))
    at = format_time(world.log.now + timedelta(minutes=30))
    witnesses = [world.witness(1), world.witness(2)]
    beacon = {"kind": "public-numbers", "at": at, "source": "双色球 2026090", "witnesses": witnesses, **change}
    return world, pool, world.spec("order/1", {"seats": None}, {"pool": pool}, beacons=[beacon])


def test_a_beacon_enters_the_seed_and_needs_two_witnesses() -> None:
    world, pool, raw = with_beacon()
    value = rec.public_numbers([[9319], [2, 12, 8, 5, 10]])
    transcript = world.play(raw, {"pool": pool}, beacons=[value])
    statements = transcript["beacons"][0]["statements"]

    assert value == "9319./2.5.8.10.12./"  # RFC 3797 §6, the first two sources of its worked example
    assert verify_draw(transcript, pool, world.log.trust)
    header, payload, _ = statements[0].split(".")
    other = b64u_encode(jcs({"alg": "ES256", "kid": world.witness(1)["kid"], "typ": "x"}))
    for wrong in (statements[:1], statements[:1] * 2, [], ["x"], ["a.b.c"], [transcript["commits"][0]["token"]] * 2,
                  [f"{other}.{payload}.", statements[1]], [f"{header}.{payload}.", statements[1]]):  # fmt: skip
        assert code_of(changed(transcript, "beacons", 0, "statements", to=wrong), pool) == "beacon"
    assert code_of(changed(transcript, "beacons", 0, "value", to=b64u_encode(b"9318./")), pool) == "beacon"
    assert code_of(changed(transcript, "beacons", 0, "value", to=b64u_encode(b"\xff")), pool) == "beacon"
    assert code_of(changed(transcript, "beacons", to=[]), pool) == "beacon"
    assert code_of(changed(transcript, "beacons", to=transcript["beacons"] * 2), pool) == "beacon"


def test_a_value_of_another_round_or_of_another_draw_is_refused() -> None:
    world, pool, raw = with_beacon()
    transcript = world.play(raw, {"pool": pool}, beacons=["9319./"])
    for change in ({"source": "双色球 2026091"}, {"at": format_time(world.log.now + timedelta(minutes=40))}):
        other_world, _, other = with_beacon(**change)
        foreign = other_world.play(other, {"pool": pool}, beacons=["9319./"])
        assert code_of({**transcript, "beacons": foreign["beacons"]}, pool) == "beacon"
    again, _, raw = with_beacon()
    assert code_of(again.play(raw, {"pool": pool}, beacons=["9319"]), pool) == "beacon"


@pytest.mark.parametrize(
    "change", [{"kind": "drand"}, {"more": 1}, {"witnesses": []}, {"witnesses": [1]}, {"witnesses": None}], ids=str
)
def test_a_beacon_nobody_can_verify_is_refused(change: dict) -> None:
    world, pool, raw = with_beacon(**change)

    assert code_of(world.play(raw, {"pool": pool}, beacons=["9319./"]), pool) == "beacon"


def test_a_beacon_from_before_the_final_set_of_contributors_is_refused() -> None:
    world, pool = DrawWorld(PARTIES), pool_of(people(20))
    start = world.log.now
    beacon = {
        "kind": "public-numbers",
        "at": format_time(start + timedelta(minutes=15)),
        "source": "x",
        "witnesses": [],
    }
    escrow = {"k": 2, "n": 3, "by": format_time(start + timedelta(minutes=20))}

    for at, held in ((10, None), (15, escrow), (20, escrow)):
        told = {**beacon, "at": format_time(start + timedelta(minutes=at))}
        raw = world.spec("order/1", {"seats": None}, {"pool": pool}, beacons=[told], escrow=held)
        with pytest.raises(DrawError) as caught:
            read_spec(raw)
        assert caught.value.code == "beacon"


# 35: escrow


def with_escrow(**play: Any) -> tuple[DrawWorld, Any, Any]:
    world, pool = DrawWorld(PARTIES), pool_of(people(20))
    escrow = {"k": 2, "n": 3, "by": format_time(world.log.now + timedelta(minutes=30))}
    raw = world.spec("order/1", {"seats": None}, {"pool": pool}, escrow=escrow)
    return world, pool, world.play(raw, {"pool": pool}, **play)


def test_silence_after_the_close_changes_nothing() -> None:
    world, pool, told = with_escrow()
    again, _, recovered = with_escrow(silent=["owner"])

    assert verify_draw(told, pool, world.log.trust).seed == verify_draw(recovered, pool, again.log.trust).seed
    assert recovered["output"] == told["output"]
    assert recovered["reveals"][2]["shares"] is not None
    assert told["reveals"][2]["shares"] is None


def test_who_does_not_deliver_is_dropped_before_anything_can_be_known() -> None:
    world, pool, transcript = with_escrow(lazy=["centre"])

    assert verify_draw(transcript, pool, world.log.trust).parties == ("agency", "owner", "supervisor")
    back = {"party": "centre", "r": b64u_encode(world.secrets["centre"]), "shares": None}
    smuggled = sorted([*transcript["reveals"], back], key=lambda reveal: reveal["party"])
    assert code_of({**transcript, "reveals": smuggled}, pool) == "party-unknown"


def test_a_false_escrow_voids_the_draw() -> None:
    world, pool, transcript = with_escrow()
    escrow = transcript["escrow"]

    def with_(*path: Any, to: Any) -> str:
        return code_of(changed(transcript, "escrow", *path, to=to), pool)

    before_close = transcript["close"]["log"]["index"]
    assert with_(0, "log", "index", to=before_close) == "void"
    assert with_(0, "log", "entry", "at", to=transcript["close"]["log"]["entry"]["at"]) == "void"
    assert with_(0, "log", "entry", "at", to=transcript["spec"]["reveal_by"]) == "void"
    assert with_(0, "acks", 0, "log", "entry", "at", to=transcript["spec"]["reveal_by"]) == "void"
    assert with_(0, "acks", to=[escrow[0]["acks"][0]] * 2) == "void"
    assert with_(0, "acks", to=escrow[1]["acks"]) == "void"
    assert with_(0, to=escrow[1]) == "party-duplicate"
    payload = json.loads(b64u_decode(escrow[0]["token"].split(".")[1]))
    for shares in (
        payload["shares"][:-1],
        payload["shares"][::-1],
        [{**payload["shares"][0], "i": True}, *payload["shares"][1:]],
        [{**payload["shares"][0], "kid": payload["shares"][1]["kid"]}, *payload["shares"][1:]],
    ):
        token = world.token("agency", rec.ESCROW_TYP, {**payload, "shares": shares})
        assert with_(0, "token", to=token) == "void"
    stranger = world.token("agency", rec.ESCROW_TYP, {**payload, "party": "x"})
    assert with_(0, "token", to=stranger) == "party-unknown"
    forged = world.token("owner", rec.ESCROW_TYP, payload)
    assert with_(0, "token", to=forged) == "void"
    ack = json.loads(b64u_decode(escrow[0]["acks"][0]["token"].split(".")[1]))
    other = world.token(ack["holder"], rec.ACK_TYP, {**ack, "sc": b64u_encode(bytes(32))})
    assert with_(0, "acks", 0, "token", to=other) == "void"
    nobody = world.token(ack["holder"], rec.ACK_TYP, {**ack, "i": 9})
    assert with_(0, "acks", 0, "token", to=nobody) == "void"
    # One holder's silence changes nothing; that of two of three voids the draw, but throws nobody out who delivered.
    assert with_(0, "acks", to=escrow[0]["acks"][:1]) == "void"
    fewer = changed(transcript, "escrow", 0, "acks", to=escrow[0]["acks"][:2])
    assert verify_draw(fewer, pool, world.log.trust).parties == PARTIES
    _, plain, simple = world_of("order/1", {"seats": None})
    assert code_of({**simple, "escrow": escrow}, plain) == "void"


def test_the_final_contributors_are_fixed_before_any_value_is_told() -> None:
    world, pool, transcript = with_escrow(lazy=["centre"])
    final = transcript["final"]
    _, plain, simple = world_of("order/1", {"seats": None})

    assert code_of(changed(transcript, "final", "detail", "parties", to=["agency", "owner"]), pool) == "void"
    for index in (transcript["escrow"][2]["acks"][2]["log"]["index"], transcript["result"]["log"]["index"]):
        assert code_of(changed(transcript, "final", "log", "index", to=index), pool) == "void"
    early = transcript["close"]["log"]["entry"]["at"]
    assert code_of(changed(transcript, "final", "log", "entry", "at", to=early), pool) == "void"
    assert code_of({**transcript, "final": None}, pool) == "void"
    assert code_of({**simple, "final": final}, plain) == "void"
    without = [delivery for delivery in transcript["escrow"] if delivery["token"] != transcript["escrow"][0]["token"]]
    reveals = [reveal for reveal in transcript["reveals"] if reveal["party"] != "agency"]
    assert code_of({**transcript, "escrow": without, "reveals": reveals}, pool, world.log.trust) == "void"


def test_shares_open_only_for_their_holder_and_only_as_promised() -> None:
    world, _, transcript = with_escrow()
    spec, value = read_spec(transcript["spec"]), world.secrets["owner"]
    told = hand_out(spec, "owner", value)
    keys = {holder: p256(f"{holder} unwraps") for holder in spec.holders("owner")}

    opened = [(one["i"], open_share(spec, "owner", one, keys[one["holder"]])) for one in told]

    hashes = check_shares(spec, "owner", told)
    assert recover(spec, "owner", commit_hash(spec.raw, "owner", value), hashes, opened[1:]) == value
    for broken in (
        told[1] | {"i": 1},
        told[0] | {"sc": told[1]["sc"]},
        told[0] | {"ct": told[1]["ct"]},
        told[0] | {"enc": "!"},
    ):
        with pytest.raises(EscrowFault) as caught:
            open_share(spec, "owner", broken, keys["agency"])
        assert caught.value.party == "owner"
    with pytest.raises(EscrowFault):
        open_share(spec, "agency", told[0], keys["agency"])
    plain, _, simple = world_of("order/1", {"seats": None})
    with pytest.raises(DrawError, match="no escrow"):
        hand_out(read_spec(simple["spec"]), "agency", plain.secrets["agency"])


def test_an_escrow_needs_a_wrapping_key_of_everybody() -> None:
    _, _, transcript = with_escrow()
    spec = transcript["spec"]
    one, other = spec["contributors"][:2]

    for wrap in ([], {**one["wrap"], "a": "rsa-oaep-256"}, {**one["wrap"], "kid": other["wrap"]["kid"]}):
        with pytest.raises(DrawError, match="json-profile"):
            read_spec(changed(spec, "contributors", 0, "wrap", to=wrap))
    with pytest.raises(DrawError, match="json-profile"):
        read_spec(changed(spec, "contributors", 0, "wrap", "spki", to="AA"))
    with pytest.raises(DrawError, match="json-profile"):
        read_spec({**spec, "escrow": None})


def test_each_step_has_its_time() -> None:
    _, _, transcript = with_escrow()
    spec = read_spec(transcript["spec"])
    at = spec.values_from + (spec.reveal_by - spec.values_from) / 3
    beacon = {"kind": "public-numbers", "at": format_time(at), "source": "x", "witnesses": []}
    later = read_spec({**transcript["spec"], "beacons": [beacon]})

    assert spec.escrow is not None
    assert spec.values_from == spec.escrow.by < spec.reveal_by < spec.recover_by
    assert spec.recover_by - spec.reveal_by == spec.reveal_by - spec.values_from
    assert later.values_from == at < later.beacon_by < later.reveal_by
    assert later.beacon_by - at == later.reveal_by - later.beacon_by
    plain = read_spec(world_of("order/1", {"seats": None})[2]["spec"])
    assert (plain.values_from, plain.recover_by) == (plain.commit_by, plain.reveal_by)


def test_whoever_breaks_a_recovery_is_named() -> None:
    world, _, transcript = with_escrow()
    spec = read_spec(transcript["spec"])
    value = world.secrets["owner"]
    c = commit_hash(spec.raw, "owner", value)
    shares = split32(value, 2, 3)
    hashes = {i: escrow_share_hash(spec.raw, "owner", i, share) for i, share in shares}
    other = split32(filler("another value"), 2, 3)
    lying = {i: escrow_share_hash(spec.raw, "owner", i, share) for i, share in other}

    assert recover(spec, "owner", c, hashes, shares[1:]) == value
    assert recover(spec, "owner", c, hashes, shares) == value
    with pytest.raises(EscrowFault) as caught:
        recover(spec, "owner", c, hashes, [shares[0], (2, bytes(32))])
    assert (caught.value.code, caught.value.party) == ("void", "centre")
    with pytest.raises(EscrowFault) as caught:
        recover(spec, "owner", c, lying, other[:2])
    assert caught.value.party == "owner"
    for wrong in (shares[:1], [(9, bytes(32)), shares[0]], [("1", bytes(32))], [shares[0], shares[0]]):
        with pytest.raises(DrawError, match="void"):
            recover(spec, "owner", c, hashes, wrong)
    assert len(escrow_context(spec.raw, "owner", 1)) == 32
    assert escrow_context(spec.raw, "owner", 1) != escrow_context(spec.raw, "owner", 2)
    unwrapped = [{k: v for k, v in one.items() if k != "wrap"} for one in transcript["spec"]["contributors"]]
    plain = read_spec({**transcript["spec"], "escrow": None, "contributors": unwrapped})
    with pytest.raises(DrawError, match="void"):
        recover(plain, "owner", c, hashes, shares)


# The log's part, and whatever else one may try


def test_every_record_stands_in_the_log(panel_draw) -> None:
    world, pool, transcript = panel_draw
    other = DrawWorld(origin="log.example/other")
    other.log.fill(40)

    assert code_of(changed(transcript, "freeze", "entry", "type", to="x"), pool, world.log.trust) == "inclusion"
    assert code_of(changed(transcript, "freeze", "path", to=[]), pool, world.log.trust) == "inclusion"
    assert code_of({**transcript, "freeze": {**transcript["close"]["log"], "index": 3}}, pool) == "entry-digest"
    assert code_of({**transcript, "checkpoint": "x"}, pool) == "checkpoint-format"
    foreign = {**transcript, "checkpoint": other.log.checkpoint()}
    assert code_of(foreign, pool, world.log.trust) == "checkpoint-origin"
    assert code_of(foreign, pool) == "inclusion"
    assert code_of(transcript, pool, {**world.log.trust_json, "log_keys": other.log.trust_json["log_keys"]}) == (
        "checkpoint-signature"
    )
    assert code_of(transcript, pool, {**world.log.trust_json, "witness_quorum": 2}) == "witness"
    assert code_of(transcript, pool, {**world.log.trust_json, "suites": []}) == "suite"
    assert code_of(transcript, pool, {}) == "trust-format"


def test_no_changed_byte_of_a_transcript_or_pool_survives(panel_draw) -> None:
    world, pool, transcript = panel_draw
    told, listed = jcs(transcript), jcs(pool)

    assert verify_draw(told, listed, world.log.trust)
    for position in range(0, len(told), 61):
        flipped = told[:position] + bytes([told[position] ^ 1]) + told[position + 1 :]
        assert code_of(flipped, listed, world.log.trust), position
    for position in range(0, len(listed), 101):
        flipped = listed[:position] + bytes([listed[position] ^ 1]) + listed[position + 1 :]
        assert code_of(told, flipped, world.log.trust), position


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just("A" * 43),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nonsense_anywhere_is_refused_without_a_crash(data: st.DataObject) -> None:
    world, pool, transcript = _escrowed()
    path, at = [], transcript
    while isinstance(at, dict | list) and at and (not path or data.draw(st.integers(0, 5))):
        name = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else list(range(len(at)))))
        path.append(name)
        at = at[name]
    value = data.draw(JSON)
    if value == at and type(value) is type(at):
        return

    assert code_of(changed(transcript, *path, to=value), pool, world.log.trust)


_KEPT: list[Any] = []


def _escrowed() -> tuple[DrawWorld, Any, Any]:
    if not _KEPT:
        _KEPT.extend(with_escrow(silent=["owner"]))
    return _KEPT[0], _KEPT[1], _KEPT[2]


def test_a_transcript_is_read_before_it_is_believed(panel_draw) -> None:
    _, _, transcript = panel_draw
    read = read_transcript(jcs(transcript))

    assert read.spec.ref == b64u_encode(spec_hash(transcript["spec"]))
    assert read.spec.holders("agency") == ["owner"]
