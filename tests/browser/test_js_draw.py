"""Draws and the log in the browser: what the platform computes is recomputed, what is touched is refused alike."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs
from kernel.draw import DrawError, commit_hash, escrow_share_hash, pool_of, read_spec, recover, verify_draw
from kernel.draw import records as rec
from kernel.draw.escrow import check_shares, hand_out, open_share
from kernel.draw.order import order
from kernel.draw.panel import Task
from kernel.draw.records import public_numbers
from kernel.log import Log, LogError, verify_receipt
from tests.browser.modules import Modules, RefusedError
from tests.worlds.draw_world import PANEL, SUITE, DrawWorld, p256, people, step, world_of
from tests.worlds.log_world import LogWorld, accepted

pytestmark = pytest.mark.browser

RATES = {"local": {"num": 1, "den": 9, "min": 1}, "other": {"num": 3, "den": 10, "min": 2}}
ALGORITHMS: list[tuple[str, dict[str, Any]]] = [
    ("order/1", {"seats": None}),
    ("order/1", {"seats": [f"S{n:02}" for n in range(60)]}),
    ("worder/1", {"a": "weight"}),
    ("strata/1", {"a": "region", "rates": RATES}),
    ("panel/1", PANEL),
]
PARTIES = ("agency", "centre", "owner", "supervisor")


def python_says(transcript: Any, pool: Any, trust: Any) -> str:
    try:
        verify_draw(transcript, pool, trust)
    except DrawError as refusal:
        return refusal.code
    return ""


def agree(js: Modules, transcript: Any, pool: Any, trust: Any) -> str:
    """Both halves must judge alike; returns what they say."""
    ours = python_says(transcript, pool, trust)
    assert js.code("probe", "draw", transcript, pool, trust) == ours
    return ours


@pytest.mark.parametrize(("algo", "params"), ALGORITHMS, ids=[f"{n}-{a}" for n, (a, _) in enumerate(ALGORITHMS)])
def test_every_algorithm_is_recomputed(js: Modules, algo: str, params: dict[str, Any]) -> None:
    world, pool, transcript = world_of(algo, params)
    answer = js("probe", "draw", transcript, pool, world.log.trust_json)
    found = verify_draw(transcript, pool, world.log.trust_json)
    assert answer["output"] == found.output
    assert (answer["seed"], answer["parties"]) == (found.seed, list(found.parties))
    assert js.code("probe", "draw", transcript, pool, None) == ""


def double_random(**changes: Any) -> tuple[DrawWorld, dict[str, Any], dict[str, Any]]:
    world = DrawWorld()
    objects = pool_of(people(20, "object"))
    inspectors = pool_of(people(9, "inspector"))
    params = {
        "slots": [{"n": 1, "a": "region", "v": "local"}, {"n": 1}],
        "recused": [[objects[n]["l"], inspectors[n % 9]["l"]] for n in range(12)],
        **changes,
    }
    pools = {"objects": objects, "inspectors": inspectors}
    raw = world.spec("assign/1", params, pools)
    return world, pools, raw


def test_double_random_is_recomputed(js: Modules) -> None:
    world, pools, raw = double_random()
    transcript = world.play(raw, pools)
    assert agree(js, transcript, pools, world.log.trust_json) == ""
    transcript["output"]["teams"][0][1].reverse()
    assert agree(js, transcript, pools, world.log.trust_json) == "result-mismatch"


def test_an_assignment_that_could_get_stuck_is_refused(js: Modules) -> None:
    world, pools, raw = double_random(slots=[{"n": 5, "a": "region", "v": "local"}, {"n": 5}])
    transcript = world.play(raw, pools, output={"teams": []})
    assert agree(js, transcript, pools, world.log.trust_json) == "infeasible"


def escrowed(world: DrawWorld, pool: Any, **other: Any) -> dict[str, Any]:
    by = format_time(world.log.now + timedelta(minutes=20))
    return world.spec("panel/1", PANEL, {"pool": pool}, escrow={"k": 2, "n": 3, "by": by}, **other)


def test_escrow_brings_the_value_of_the_silent(js: Modules) -> None:
    world, pool = DrawWorld(PARTIES), pool_of(people(60))
    transcript = world.play(escrowed(world, pool), {"pool": pool}, silent=["owner"], lazy=["centre"])
    answer = js("probe", "draw", transcript, pool, world.log.trust_json)
    assert answer["parties"] == ["agency", "owner", "supervisor"]
    assert agree(js, transcript, pool, world.log.trust_json) == ""


def test_shares_cross_between_browser_and_python(js: Modules) -> None:
    world, pool = DrawWorld(PARTIES), pool_of(people(60))
    raw = escrowed(world, pool)
    spec, value = read_spec(raw), world.secrets["owner"]

    told = js("probe", "handOut", raw, "owner", value)
    hashes = check_shares(spec, "owner", told)
    opened = [(one["i"], open_share(spec, "owner", one, p256(f"{one['holder']} unwraps"))) for one in told]
    assert recover(spec, "owner", commit_hash(raw, "owner", value), hashes, opened[1:]) == value

    for one in hand_out(spec, "owner", value):
        key = p256(f"{one['holder']} unwraps").pkcs8()
        share = js("probe", "openShare", raw, "owner", one, key)
        assert escrow_share_hash(raw, "owner", one["i"], share) == b64u_decode(one["sc"])
        assert js.code("probe", "openShare", raw, "owner", {**one, "sc": told[0]["sc"]}, key) == "share"
    assert js("escrow", "keyString", "8 2 05\n 9319 ") == public_numbers([[8, 2, 5], [9319]])


def test_escrow_and_public_numbers_in_one_draw(js: Modules) -> None:
    world, pool = DrawWorld(PARTIES), pool_of(people(60))
    beacon = {
        "kind": "public-numbers",
        "at": format_time(world.log.now + timedelta(minutes=30)),
        "source": "lottery of the day",
        "witnesses": [world.witness(1), world.witness(2)],
    }
    raw = escrowed(world, pool, beacons=[beacon])
    transcript = world.play(raw, {"pool": pool}, silent=["owner"], beacons=["2.5.8./"])
    assert agree(js, transcript, pool, world.log.trust_json) == ""
    fewer = with_place(transcript, ("escrow", 0, "acks"), transcript["escrow"][0]["acks"][:1])
    assert agree(js, fewer, pool, world.log.trust_json) == "void"


def test_public_numbers_need_two_witnesses(js: Modules) -> None:
    world, pool = DrawWorld(), pool_of(people(20))
    beacon = {
        "kind": "public-numbers",
        "at": format_time(world.log.now + timedelta(minutes=30)),
        "source": "lottery of the day",
        "witnesses": [world.witness(1), world.witness(2)],
    }
    raw = world.spec("order/1", {"seats": None}, {"pool": pool}, beacons=[beacon])
    transcript = world.play(raw, {"pool": pool}, beacons=["9319./2.5.8.10.12./9.18.26.34.41.45./"])
    assert agree(js, transcript, pool, world.log.trust_json) == ""
    told = transcript["beacons"][0]
    for change in (
        {"statements": told["statements"][:1]},
        {"statements": [told["statements"][0]] * 2},
        {"value": b64u_encode(b"9320./")},
        {"statements": []},
    ):
        broken = {**transcript, "beacons": [{**told, **change}]}
        assert agree(js, broken, pool, world.log.trust_json) == "beacon"


def replaced() -> tuple[DrawWorld, Any, dict[str, Any]]:
    """A panel in which one member is barred beforehand from the reserve and two are replaced."""
    world, pool = DrawWorld(), pool_of(people(60))
    raw = world.spec("panel/1", PANEL, {"pool": pool})
    first = DrawWorld().play(raw, {"pool": pool})  # the same draw without replacements, to see who is in it
    groups = [[b64u_decode(leaf) for leaf in group] for group in first["output"]["groups"]]
    candidates = [(b64u_decode(entry["l"]), entry["p"]) for entry in pool]
    seed, steps, barred = b64u_decode(first["seed"]), [], set()
    task = Task.of(candidates, PANEL["groups"], PANEL["rules"], PANEL["cap"])
    reserve = [task.leaves[n] for n in task.eligible[0]]
    outside = next(leaf for leaf in order(SUITE, seed, "test/1/reserve/0", reserve) if leaf not in groups[0])
    steps.append(step("bar", None, outside, None, "avoidance"))
    barred.add(outside)
    from kernel.draw import replacement

    for group in (0, 0):
        out = groups[group][0]
        barred.add(out)
        into = replacement(
            SUITE, seed, "test/1", candidates, PANEL["groups"], PANEL["rules"], PANEL["cap"], groups, group, out, barred
        )
        assert into is not None
        steps.append(step("replace", group, out, into))
        groups[group][0] = into
    return world, pool, world.play(raw, {"pool": pool}, steps=steps)


def test_replacements_follow_the_reserve(js: Modules) -> None:
    world, pool, transcript = replaced()
    answer = js("probe", "draw", transcript, pool, world.log.trust_json)
    found = verify_draw(transcript, pool, world.log.trust_json)
    assert answer["members"] == [[leaf.hex() for leaf in group] for group in found.members]
    for number in range(2):
        missing = {**transcript, "replacements": [s for n, s in enumerate(transcript["replacements"]) if n != number]}
        assert agree(js, missing, pool, world.log.trust_json) != ""
    wrong = copy.deepcopy(transcript)
    wrong["replacements"][1]["in"] = pool[0]["l"]
    assert agree(js, wrong, pool, world.log.trust_json) == "replacement-order"


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value."""
    if way:
        yield way
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*way, name))
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from places(value[at], (*way, at))


def spoilt(value: Any) -> list[Any]:
    """Other values for a place."""
    if isinstance(value, str):
        return [value[:-1] + ("A" if value[-1:] != "A" else "Q"), "", None]
    if isinstance(value, bool) or value is None:
        return [0, "x"]
    if isinstance(value, int):
        return [value + 1, -1, str(value)]
    if isinstance(value, list):
        return [value[1:], [*value, *value[-1:]], value[::-1] if len(value) > 1 else {}]
    return [{**value, "more": 1}, {k: v for n, (k, v) in enumerate(value.items()) if n}, []]


def with_place(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(value)
    at = made
    for name in way[:-1]:
        at = at[name]
    at[way[-1]] = new
    return made


@pytest.mark.parametrize("kind", ["panel", "escrow"])
def test_any_change_is_judged_alike(js: Modules, kind: str) -> None:
    if kind == "panel":
        world, pool, transcript = replaced()
    else:
        world, pool = DrawWorld(PARTIES), pool_of(people(60))
        attempt = world.void(world.spec("panel/1", PANEL, {"pool": pool}))
        raw = escrowed(world, pool, prev=attempt[0].ref)
        transcript = world.play(raw, {"pool": pool}, silent=["owner"], attempts=[attempt])
    trust, codes, tried = world.log.trust_json, set(), 0
    ways = list(places(transcript))
    for number, way in enumerate(ways[:: max(1, len(ways) // 70)]):
        at: Any = transcript
        for name in way:
            at = at[name]
        for new in spoilt(at)[number % 2 :: 2]:
            if new == at:
                continue
            tried += 1
            broken = with_place(transcript, way, new)
            ours = python_says(broken, pool, trust)
            theirs = js.code("probe", "draw", broken, pool, trust)
            assert theirs == ours, (way, new)
            codes.add(ours)
            # One acknowledgement less than all, or in another order, is still enough.
            assert ours or way[-1] == "acks", (way, new)
    assert tried > 60
    assert {"json-profile", "commit-mismatch", "result-mismatch"} <= codes


def test_a_pool_that_was_touched_is_refused(js: Modules) -> None:
    world, pool, transcript = world_of("order/1", {"seats": None}, 20)
    trust = world.log.trust_json
    assert agree(js, transcript, pool[::-1], trust) == "pool-order"
    assert agree(js, transcript, [pool[0], *pool], trust) == "pool-duplicate"
    assert agree(js, transcript, pool[1:], trust) == "pool-root"
    assert agree(js, transcript, with_place(pool, (3, "p", "region"), "moon"), trust) == "pool-root"
    assert agree(js, transcript, with_place(pool, (3, "l"), "x"), trust) == "json-profile"
    assert agree(js, transcript, with_place(pool, (3, "p"), []), trust) == "json-profile"
    assert agree(js, transcript, {"pool": pool}, trust) == "json-profile"


def test_parameters_nobody_could_draw_by(js: Modules) -> None:
    pool = pool_of(people(30))
    groups = PANEL["groups"]
    cases: list[tuple[str, dict[str, Any]]] = [
        ("panel/1", {**PANEL, "groups": [{**groups[0], "n": 31}]}),
        ("panel/1", {**PANEL, "groups": [{**groups[0], "n": 0}]}),
        ("panel/1", {**PANEL, "groups": []}),
        ("panel/1", {**PANEL, "rules": [{"a": "tags", "v": "senior", "min": 6, "max": 9}]}),
        ("panel/1", {**PANEL, "rules": [{"a": "tags", "v": "senior", "min": 2, "max": 1}]}),
        ("panel/1", {**PANEL, "rules": [{"a": "speciality", "v": "A08", "min": 0, "max": 2}]}),
        ("panel/1", {**PANEL, "max_attempts": 0}),
        ("panel/1", {**PANEL, "max_attempts": 1_000_001}),
        ("panel/1", {**PANEL, "cap": {"a": "employer", "max": 0}}),
        ("panel/1", {**PANEL, "cap": []}),
        ("panel/1", {**PANEL, "groups": {}}),
        ("panel/1", {**PANEL, "cap": {"a": "speciality", "max": 1}, "max_attempts": 5}),
        ("worder/1", {"a": "region"}),
        ("worder/1", {"a": 1}),
        ("worder/1", {"a": "nothing"}),
        ("strata/1", {"a": "region", "rates": {"local": RATES["local"]}}),
        ("strata/1", {"a": "weight", "rates": RATES}),
        ("strata/1", {"a": "region", "rates": {**RATES, "other": {"num": -1, "den": 1, "min": 0}}}),
        ("order/1", {"seats": ["a"]}),
        ("order/1", {"seats": [f"S{30 - n:02}" for n in range(30)]}),
        ("order/1", {"seats": 3}),
    ]
    codes = []
    for algo, params in cases:
        world = DrawWorld()
        transcript = world.play(world.spec(algo, params, {"pool": pool}), {"pool": pool}, output={"none": True})
        codes.append(agree(js, transcript, pool, world.log.trust_json))
        assert codes[-1] not in ("", "result-mismatch")
    assert {"infeasible", "attempts", "weight-range", "json-profile"} == set(codes)


def test_early_and_late_are_refused(js: Modules) -> None:
    """A commitment after the close, and a contributor nobody named."""
    world, pool, transcript = world_of("order/1", {"seats": None}, 20)
    spec = transcript["spec"]
    late = copy.deepcopy(transcript)
    late["commits"][0]["log"]["entry"]["at"] = spec["commit_by"]
    assert agree(js, late, pool, world.log.trust_json) == "commit-late"
    unknown = copy.deepcopy(transcript)
    unknown["reveals"][0]["party"] = "stranger"
    assert agree(js, unknown, pool, world.log.trust_json) == "party-unknown"
    twice = copy.deepcopy(transcript)
    twice["commits"].append(twice["commits"][0])
    assert agree(js, twice, pool, world.log.trust_json) == "party-duplicate"
    hash_ = commit_hash(spec, "agency", bytes(32))
    assert js("draw", "commitment", js("draw", "specHash", spec), "agency", bytes(32)) == hash_
    assert rec.COMMIT_TYP == "draw-commit+jws"


def test_proofs_of_the_log(js: Modules) -> None:
    log = Log(SUITE)
    for n in range(70):
        log.append(bytes([n]))
    for size in (1, 2, 3, 7, 8, 33, 64, 70):
        root = log.root(size)
        for index in {0, 1, size // 2, size - 1}:
            if index >= size:
                continue
            leaf, path = log.leaf(index), log.inclusion(index, size)
            assert js("log", "verifyInclusion", leaf, index, size, path, root) is True
            wrong = [
                (leaf, index, size, path[:-1], root) if path else (leaf, index, size, [root], root),
                (leaf, index, size, [*path, root], root),
                (leaf, size, size, path, root),
                (leaf, -1, size, path, root),
                (log.leaf((index + 1) % 70), index, size, path, root),
                (leaf, index, size, path, bytes(32)),
                (leaf, index + 0.5, size, path, root),
            ]
            for case in wrong:
                assert js("log", "verifyInclusion", *case) is False
        assert js("log", "verifyConsistency", 0, size, [], log.root(0), root) is False
        for old in {1, max(1, size // 2), max(1, size - 1), size}:
            path, before = log.consistency(old, size), log.root(old)
            assert js("log", "verifyConsistency", old, size, path, before, root) is True
            assert js("log", "verifyConsistency", old, size, [*path, root], before, root) is False
            assert js("log", "verifyConsistency", size + 1, size, path, before, root) is False
            if before != root:
                assert js("log", "verifyConsistency", old, size, path, root, before) is False


def receipt_says(bundle: Any, trust: Any) -> str:
    try:
        verify_receipt(bundle, trust)
    except LogError as refusal:
        return refusal.code
    return ""


def test_receipts_are_judged_alike(js: Modules) -> None:
    world = LogWorld()
    world.fill(4)
    detail = accepted()
    index = world.record(detail["type"], detail)
    world.fill(6)
    bundle = world.receipt(index)
    assert js("log", "verifyReceipt", bundle, world.trust_json)["detail"]["type"] == "bid.accepted"
    codes = set()
    for way in places(bundle):
        at: Any = bundle
        for name in way:
            at = at[name]
        for new in spoilt(at):
            broken = with_place(bundle, way, new)
            ours = receipt_says(broken, world.trust_json)
            assert js.code("log", "verifyReceipt", broken, world.trust_json) == ours, (way, new)
            codes.add(ours)
    for note in checkpoints(bundle["checkpoint"]):
        broken = {**bundle, "checkpoint": note}
        ours = receipt_says(broken, world.trust_json)
        assert js.code("log", "verifyReceipt", broken, world.trust_json) == ours, note
        codes.add(ours)
    assert {
        "receipt-signature",
        "entry-digest",
        "checkpoint-format",
        "checkpoint-origin",
        "checkpoint-signature",
        "witness",
        "checkpoint-size",
        "inclusion",
    } <= codes


def checkpoints(note: str) -> list[str]:
    """Spoilt checkpoints."""
    lines = note.split("\n")
    text, signatures = lines[:3], lines[4:-1]

    def put(body: list[str], signed: list[str], end: str = "\n") -> str:
        return "\n".join([*body, "", *signed]) + end

    return [
        put(["elsewhere", *text[1:]], signatures),
        put([text[0], "0" + text[1], text[2]], signatures),
        put([text[0], str(int(text[1]) + 1), text[2]], signatures),
        put([*text, "more"], signatures),
        put(text, signatures[:1]),
        put(text, signatures[1:]),
        put(text, [*signatures, signatures[0]]),
        put(text, signatures, ""),
        put(text, signatures).replace("\n", "\r\n"),
        put(text, [signatures[0], signatures[-1][:-8] + "AAAAAAA="]),
        put(text, []),
        put(text, [s.replace("— ", "- ") for s in signatures]),
        put(text, [f"{s} x" for s in signatures]),
        put(text, [*signatures, "— stranger AAAAAAAA"]),
        note + "\n",
        "",
        jcs({}).decode(),
    ]


def test_a_refusal_is_an_answer_not_a_crash(js: Modules) -> None:
    for value in (None, 1, "x", [], {}, {"spec": {}}):
        with pytest.raises(RefusedError) as refused:
            js("probe", "draw", value, [], None)
        assert refused.value.code == "json-profile"
