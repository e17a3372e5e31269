"""Putting a transcript together from what happened.

Source: `docs/spec/draw.md`, "Transcript".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.canonical import b64u_encode
from kernel.draw.spec import Spec
from kernel.log import Entry

Json = Mapping[str, Any]


def log_proof(entry: Entry, index: int, path: Sequence[bytes]) -> dict[str, Any]:
    """The member `log` of a record: its entry, and where and how the transcript's checkpoint holds it."""
    return {"entry": entry.as_json(), "index": index, "path": [b64u_encode(step) for step in path]}


def transcript_of(
    spec: Spec,
    *,
    freeze: Json,
    commits: Sequence[Json],
    close: Json,
    reveals: Mapping[str, bytes],
    seed: bytes,
    output: Json,
    result: Json,
    checkpoint: str,
    attempts: Sequence[Json] = (),
    escrow: Sequence[Json] = (),
    final: Json | None = None,
    recovered: Mapping[str, Sequence[tuple[int, bytes]]] | None = None,
    beacons: Sequence[Json] = (),
    replacements: Sequence[Json] = (),
) -> dict[str, Any]:
    """The transcript's JSON value.

    Args:
        freeze: `log_proof` of the spec's entry.
        commits: `{token, log}`, by ascending party.
        close: `{detail, log}`; likewise `result`.
        reveals: party → value, of the final contributors.
        attempts: `{spec, log, void: {detail, log}}`, oldest first.
        escrow: `{token, log, acks: [{token, log}]}`.
        final: `{detail, log}` of the final contributors, where the spec has an escrow.
        recovered: party → the shares its value was put together from.
        beacons: `{value, statements}` in the order of the spec.
        replacements: `{act, group, out, in, reason, evidence, log}` in order.
    """
    told = recovered or {}
    return {
        "v": 1,
        "type": "draw.transcript",
        "spec": dict(spec.raw),
        "freeze": dict(freeze),
        "attempts": list(attempts),
        "commits": list(commits),
        "close": dict(close),
        "escrow": list(escrow),
        "final": None if final is None else dict(final),
        "beacons": list(beacons),
        "reveals": [
            {"party": party, "r": b64u_encode(value), "shares": _shares(told.get(party))}
            for party, value in sorted(reveals.items(), key=lambda item: item[0].encode())
        ],
        "seed": b64u_encode(seed),
        "output": dict(output),
        "result": dict(result),
        "replacements": list(replacements),
        "checkpoint": checkpoint,
    }


def _shares(shares: Sequence[tuple[int, bytes]] | None) -> list[dict[str, Any]] | None:
    return None if shares is None else [{"i": index, "share": b64u_encode(share)} for index, share in shares]
