"""Writes tests/vectors/envelope.json: sealed envelopes with all their secrets, the same bytes on every run.

Run from the root of the repository: python tests/vectors/generate_envelope.py
The envelopes come from tests/worlds/reference.py, which shares no code with bidding.envelope; both the Python and the
browser half are checked against them.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).with_name("envelope.json")
sys.path.insert(0, str(ROOT))

from tests.worlds import reference  # noqa: E402

CASES = [
    # label, policy, k, n, plaintext bytes
    ("both, one chunk", "both", 3, 5, 317),
    ("both, empty", "both", 2, 2, 0),
    ("both, one chunk filled to its last byte", "both", 2, 3, 16376),
    ("both, two chunks", "both", 9, 16, 16377),
    ("bidder", "bidder", 0, 0, 40),
    ("trustees", "trustees", 2, 3, 40),
    ("either", "either", 2, 3, 40),
]


def case(label: str, policy: str, k: int, n: int, size: int) -> dict[str, Any]:
    names = {
        "suite": "intl-1",
        "tender": "C1100000189017141002",
        "lot": "001",
        "slot": "form",
        "bidder": reference.b64u(reference.drawn(f"{label}/pseudonym", 16)),
        "ks": reference.b64u(reference.drawn(f"{label}/ks")),
        "chunk": 16384,
    }
    data = reference.drawn(f"{label}/plaintext", size)
    made = reference.seal(label, names, policy, k, n, data)
    keys = {"bidder": reference.p256(f"{label}/bidder")} if policy != "trustees" else {}
    keys |= {f"trustee/{i}": reference.p256(f"{label}/trustee/{i}") for i in range(1, n + 1)}
    return {
        "label": label,
        "policy": policy,
        "k": k,
        "n": n,
        "plaintext": reference.b64u(data),
        "file": reference.b64u(made["file"]),
        **{name: reference.b64u(made[name]) for name in ("eid", "fk", "core_hash", "header_hash", "payload_key")},
        "bidder_secret": reference.b64u(made["bidder_secret"]) if policy != "trustees" else None,
        "trustee_secret": reference.b64u(made["trustee_secret"]) if policy != "bidder" else None,
        "shares": [reference.b64u(share) for share in made["shares"]],
        "wraps": made["wraps"],
        "keys": {
            name: {"pkcs8": reference.b64u(reference.pkcs8(key)), "spki": reference.b64u(reference.spki(key))}
            for name, key in keys.items()
        },
    }


def document() -> dict[str, Any]:
    return {
        "source": "tests/vectors/generate_envelope.py with tests/worlds/reference.py; format of docs/spec/sealing.md",
        "licence": "as this repository",
        "flag": "valid",
        "cases": [case(*row) for row in CASES],
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
