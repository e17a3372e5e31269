"""Vectors for other implementations (the browser's half, outsiders): deterministic, with the codes that come back.

`python -m tests.vectors.generate_log_draw` writes draw.json, log.json and receipt.json. They are frozen: a test
compares them with what the code gives, so a change of format cannot pass unnoticed.
"""

import copy
import json
from pathlib import Path
from typing import Any

from kernel.canonical import b64u_decode, b64u_encode
from kernel.draw import (
    assign,
    below,
    commit_hash,
    escrow_context,
    escrow_share_hash,
    leaf_of,
    order,
    output_hash,
    panel,
    pool_of,
    pool_root,
    replacement,
    seed_of,
    spec_hash,
    strata,
    stream,
    ticket,
    worder,
)
from kernel.log import detail_digest
from kernel.log.note import cosigned_message, parse_note
from kernel.log.tiles import Edge, Tile, edge_tiles
from tests.worlds.draw_world import PANEL, DrawWorld, filler, people, step
from tests.worlds.log_world import SUITE, LogWorld, accepted, ed25519

HERE = Path(__file__).parent
SEED = SUITE.hash(b"vector seed")


def changed(value: Any, path: list[Any], to: Any) -> Any:
    """A copy with one place changed."""
    made = copy.deepcopy(value)
    at = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return made


def draw_vectors() -> dict[str, Any]:
    pool = people(30)
    leaves = [leaf for leaf, _ in pool]
    weighted = [(leaf, pub["weight"]) for leaf, pub in pool]
    classes = {"A08": leaves[::3], "B01": leaves[1::3]}
    rates = {"A08": {"num": 1, "den": 3, "min": 1}, "B01": {"num": 1, "den": 100, "min": 2}}
    groups, rules, cap = PANEL["groups"], PANEL["rules"], PANEL["cap"]
    attempt, members = panel(SUITE, SEED, "v/1", pool, groups, rules, cap, 10_000)
    out = members[0][1]
    taken = replacement(SUITE, SEED, "v/1", pool, groups, rules, cap, members, 0, out, {out})
    assert taken
    then = replacement(SUITE, SEED, "v/1", pool, groups, rules, cap, members, 0, out, {out, taken})
    objects = [SUITE.hash(b"object %d" % n) for n in range(9)]
    crew = dict(pool[:8])
    slots = [{"n": 1, "a": "tags", "v": "senior"}, {"n": 1}]
    recused = {(objects[0], leaves[0]), (objects[4], leaves[3])}
    spec = {"suite": "intl-1", "id": "V-1"}
    reveals = {"甲方": filler("a"), "agency": filler("b")}
    share = filler("share")
    return {
        "source": "tests/vectors/generate_log_draw.py; definitions in docs/spec/draw.md",
        "seed": SEED.hex(),
        "stream": [
            {"label": label, "bytes": stream(SUITE, SEED, label).take(80).hex()} for label in ("", "panel/x/0", "席位")
        ],
        "below": [
            {"label": f"below/{n}", "n": n, "values": [below(source, n) for _ in range(12)]}
            for n in (1, 2, 3, 10, 255, 256, 257, 65_537, 2**53 - 1)
            for source in [stream(SUITE, SEED, f"below/{n}")]
        ],
        "ticket": [
            {"stage": stage, "leaf": leaves[0].hex(), "t": t, "ticket": ticket(SUITE, SEED, stage, leaves[0], t).hex()}
            for stage, t in (("a", 0), ("平局/1", 0), ("a", 999))
        ],
        "pool": [{"leaf": leaf.hex(), "pub": pub} for leaf, pub in pool],
        "order": {"stage": "v/1", "order": _hex(order(SUITE, SEED, "v/1", leaves))},
        "worder": {
            "stage": "v/1", "weights": [[leaf.hex(), weight] for leaf, weight in weighted],
            "order": _hex(worder(SUITE, SEED, "v/1", weighted)),
        },
        "strata": {
            "stage": "v/1", "classes": {name: _hex(some) for name, some in classes.items()}, "rates": rates,
            "drawn": {name: _hex(some) for name, some in strata(SUITE, SEED, "v/1", classes, rates).items()},
        },
        "panel": {"stage": "v/1", **PANEL, "attempt": attempt, "members": [_hex(group) for group in members]},
        "replacement": [
            {"group": 0, "out": out.hex(), "barred": [out.hex()], "in": taken.hex()},
            {"group": 0, "out": out.hex(), "barred": [out.hex(), taken.hex()], "in": then.hex() if then else None},
        ],
        "assign": {
            "stage": "v/1", "objects": _hex(objects), "inspectors": [[leaf.hex(), pub] for leaf, pub in crew.items()],
            "slots": slots, "recused": [[one.hex(), other.hex()] for one, other in sorted(recused)],
            "teams": [
                [thing.hex(), _hex(team)]
                for thing, team in assign(SUITE, SEED, "v/1", objects, crew, slots, recused)
            ],
        },
        "hashes": {
            "spec": spec, "spec_hash": spec_hash(spec).hex(),
            "reveals": {party: value.hex() for party, value in reveals.items()}, "beacons": ["9319./2.5.8.10.12./"],
            "seed": seed_of(spec, reveals, [b"9319./2.5.8.10.12./"]).hex(),
            "commit": {party: commit_hash(spec, party, value).hex() for party, value in reveals.items()},
            "escrow_context": escrow_context(spec, "甲方", 2).hex(),
            "escrow_share": {"share": share.hex(), "hash": escrow_share_hash(spec, "甲方", 2, share).hex()},
            "output": {"value": {"order": []}, "hash": output_hash(spec, {"order": []}).hex()},
            "leaf": {
                "salt": filler("salt").hex(), "pub": {"region": "local"}, "priv": {"name": "李四"},
                "leaf": leaf_of(SUITE, filler("salt"), {"region": "local"}, {"name": "李四"}).hex(),
            },
            "pool_root": pool_root(SUITE, pool_of(pool)).hex(),
        },
        "transcripts": _transcripts(),
    }  # fmt: skip


def _transcripts() -> list[dict[str, Any]]:
    world, pool = DrawWorld(), pool_of(people(30))
    raw = world.spec("panel/1", PANEL, {"pool": pool})
    draft = DrawWorld().play(raw, {"pool": pool})
    members = [[_bytes(leaf) for leaf in group] for group in draft["output"]["groups"]]
    out = members[1][0]
    rules = (PANEL["groups"], PANEL["rules"], PANEL["cap"])
    taken = replacement(SUITE, _bytes(draft["seed"]), "test/1", people(30), *rules, members, 1, out, {out})
    told = world.play(raw, {"pool": pool}, steps=[step("replace", 1, out, taken, "no-answer")])
    invalid = [
        {"in": "transcript", "path": path, "to": to, "code": code}
        for path, to, code in (
            (["v"], 2, "json-profile"),
            (["spec", "min"], "2", "json-profile"),
            (["reveals", 0, "party"], "stranger", "party-unknown"),
            (["reveals", 1, "party"], "agency", "party-duplicate"),
            (["commits", 0, "log", "index"], 99, "commit-late"),
            (["commits", 0, "log", "entry", "at"], raw["commit_by"], "commit-late"),
            (["reveals", 0, "r"], b64u_encode(bytes(32)), "commit-mismatch"),
            (["reveals"], told["reveals"][:1], "void"),
            (["seed"], b64u_encode(bytes(32)), "result-mismatch"),
            (["output", "attempt"], 77, "result-mismatch"),
            (["replacements", 0, "in"], told["output"]["groups"][0][0], "replacement-order"),
            (["replacements", 0, "reason"], "absent", "entry-digest"),
            (["freeze", "path"], [], "inclusion"),
            (["checkpoint"], "x", "checkpoint-format"),
        )
    ]
    invalid += [
        {"in": "pool", "path": [0, "p", "region"], "to": "x", "code": "pool-root"},
        {"in": "pool", "path": [1], "to": pool[0], "code": "pool-duplicate"},
        {"in": "pool", "path": [0], "to": pool[2], "code": "pool-order"},
    ]
    other = DrawWorld()
    pools = {"inspectors": pool_of(people(6, "inspector")), "objects": pool_of((x, {}) for x, _ in people(5, "object"))}
    double = other.spec("assign/1", {"slots": [{"n": 2}], "recused": []}, pools)
    return [
        {"transcript": told, "pool": pool, "trust": world.log.trust_json, "invalid": invalid},
        {"transcript": other.play(double, pools), "pool": pools, "trust": other.log.trust_json, "invalid": []},
    ]


def log_vectors() -> dict[str, Any]:
    world = LogWorld(quorum=1)
    world.fill(21)
    log, note = world.log, world.checkpoint(13)
    edge = Edge(SUITE)
    tiles = edge.append([SUITE.hash(b"leaf %d" % n) for n in range(600)])
    entry, detail = world.entries[4]
    stranger = world.checkpoint(13, key=ed25519("stranger"))
    return {
        "source": "tests/vectors/generate_log_draw.py; definitions in docs/spec/log.md",
        "leaves": [log.leaf(index).hex() for index in range(21)],
        "roots": [log.root(size).hex() for size in range(22)],
        "inclusion": [
            {"index": index, "size": size, "path": _hex(log.inclusion(index, size))}
            for index, size in ((0, 1), (0, 2), (3, 7), (6, 7), (12, 13), (15, 16), (20, 21))
        ],
        "consistency": [
            {"old": old, "new": new, "path": _hex(log.consistency(old, new))}
            for old, new in ((1, 1), (1, 2), (3, 7), (4, 7), (6, 8), (8, 21), (13, 21))
        ],
        "tiles": {
            "leaf": "SHA-256('leaf <n>') stands for leaf hash n", "size": 600, "root": edge.root().hex(),
            "paths": [tile.path for tile, _ in tiles], "sha256": [SUITE.hash(data).hex() for _, data in tiles],
            "edge_70000": [tile.path for tile in edge_tiles(70_000)], "path": Tile(0, 1234067).path,
        },
        "entry": {
            "detail": detail, "digest": detail_digest(SUITE, detail).hex(), "entry": entry.as_json(),
            "data": entry.data().decode(), "leaf": entry.leaf(SUITE).hex(),
        },
        "trust": world.trust_json,
        "checkpoint": {
            "note": note, "size": 13, "root": log.root(13).hex(),
            "cosigned": cosigned_message(parse_note(note).text, int(world.now.timestamp())).decode(),
        },
        "invalid": [
            {"note": text, "code": code}
            for text, code in (
                (note.replace("\n", "\r\n"), "checkpoint-format"),
                (note.replace("\n13\n", "\n013\n"), "checkpoint-format"),
                (note.replace("\n13\n", "\n13\n13\n"), "checkpoint-format"),
                (note + note.split("\n")[4] + "\n", "checkpoint-format"),
                (note[:-1], "checkpoint-format"),
                (LogWorld("log.example/other").checkpoint(), "checkpoint-origin"),
                (note.replace("\n13\n", "\n14\n"), "checkpoint-signature"),
                (stranger, "checkpoint-signature"),
                (world.checkpoint(13, 0), "witness"),
            )
        ],
    }  # fmt: skip


def receipt_vectors() -> dict[str, Any]:
    world = LogWorld()
    world.fill(4)
    world.record("bid.accepted", accepted())
    world.fill(6)
    good = world.receipt(4) | {"checkpoint": world.checkpoint(witnesses=1)}
    stranger = ed25519("stranger")
    invalid = [
        (["receipt"], world.sign("otp-receipt+jws", accepted(), stranger), "receipt-signature"),
        (["receipt"], world.sign("otp-rejection+jws", accepted()), "receipt-type"),
        (["receipt"], world.sign("otp-receipt+jws", {**accepted(), "type": "bid.rejected"}), "receipt-type"),
        (["receipt"], world.sign("otp-receipt+jws", accepted("bidder-2")), "entry-digest"),
        (["entry", "digest"], b64u_encode(bytes(32)), "entry-digest"),
        (["checkpoint"], good["checkpoint"].replace("\n", "\r\n"), "checkpoint-format"),
        (["checkpoint"], LogWorld("log.example/other").checkpoint(), "checkpoint-origin"),
        (["checkpoint"], world.checkpoint(key=stranger), "checkpoint-signature"),
        (["checkpoint"], world.checkpoint(witnesses=0), "witness"),
        (["checkpoint"], world.checkpoint(10, 1), "checkpoint-size"),
        (["size"], 10, "checkpoint-size"),
        (["index"], 5, "inclusion"),
        (["index"], 11, "inclusion"),
        (["path"], good["path"][:-1], "inclusion"),
        (["entry", "salt"], b64u_encode(bytes(16)), "inclusion"),
    ]
    return {
        "source": "tests/vectors/generate_log_draw.py; definitions in docs/spec/log.md",
        "trust": world.trust_json,
        "receipt": good,
        "invalid": [{"path": path, "to": to, "code": code} for path, to, code in invalid],
    }


VECTORS = {"draw.json": draw_vectors, "log.json": log_vectors, "receipt.json": receipt_vectors}


def text_of(value: Any) -> str:
    """The form in which vectors are kept."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _hex(hashes: list[bytes]) -> list[str]:
    return [item.hex() for item in hashes]


def _bytes(text: str) -> bytes:
    return b64u_decode(text)


if __name__ == "__main__":
    for name, make in VECTORS.items():
        (HERE / name).write_text(text_of(make()), encoding="utf-8")
