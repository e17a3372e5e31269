"""The records of a draw: what parties sign, and what the log holds of each step.

A party signs a JWS (one `typ` per kind, `kid` or certificate chain in the header); the log entry's detail wraps the
token. The platform's own steps are details without a token: the log's signature stands behind them.

Source: `docs/spec/draw.md`, "Records".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.canonical import b64u_encode
from kernel.draw.seed import output_hash
from kernel.draw.spec import Spec

COMMIT_TYP = "draw-commit+jws"
ESCROW_TYP = "draw-escrow+jws"
ACK_TYP = "draw-escrow-ack+jws"
BEACON_TYP = "draw-beacon+jws"

#: Why an attempt came to nothing. None of them lets anybody choose after knowing an outcome, but for an empty reserve,
#: which the transcript of that attempt shows.
VOID_REASONS = frozenset({"too-few", "not-revealed", "escrow-failed", "beacon-missing", "reserve-empty"})
#: What ends a membership.
REASONS = frozenset({"refused", "no-answer", "avoidance", "absent"})


def commit_payload(spec: Spec, party: str, commitment: bytes) -> dict[str, Any]:
    """What a contributor signs before the close."""
    return {"v": 1, "type": "draw.commit", "spec": spec.ref, "party": party, "c": b64u_encode(commitment)}


def escrow_payload(spec: Spec, party: str, shares: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a contributor signs when it hands out its shares.

    Args:
        shares: `{i, holder, a, kid, enc, ct, sc}`, i = 1 … n in order.
    """
    listed = [dict(share) for share in shares]
    return {"v": 1, "type": "draw.escrow", "spec": spec.ref, "party": party, "shares": listed}


def ack_payload(spec: Spec, party: str, holder: str, index: int, commitment: bytes) -> dict[str, Any]:
    """What a holder signs once it has opened its share and found it to match its commitment."""
    return {
        "v": 1,
        "type": "draw.escrow-ack",
        "spec": spec.ref,
        "party": party,
        "holder": holder,
        "i": index,
        "sc": b64u_encode(commitment),
    }


def beacon_payload(spec: Spec, number: int, value: str) -> dict[str, Any]:
    """What a witness of public numbers signs.

    Args:
        number: place of the beacon in the spec, from 0.
        value: key string of RFC 3797 §4, for example ``9319./2.5.8.10.12./``.
    """
    beacon = spec.beacons[number]
    return {
        "v": 1,
        "type": "draw.beacon",
        "spec": spec.ref,
        "beacon": number,
        "source": beacon["source"],
        "at": beacon["at"],
        "value": value,
    }


def public_numbers(sources: Sequence[Sequence[int]]) -> str:
    """The key string of public numbers: ascending within a source, a point after each, a slash after each source.

    Source:
        RFC 3797 §4
    """
    return "".join("".join(f"{number}." for number in sorted(source)) + "/" for source in sources)


def token_detail(token: str, kind: str) -> dict[str, Any]:
    """Log detail of a signed step: `draw.commit`, `draw.escrow` or `draw.escrow-ack`."""
    return {"v": 1, "type": kind, "token": token}


def close_detail(spec: Spec, commitments: Mapping[str, bytes]) -> dict[str, Any]:
    """Log detail of the close: after it nothing new can enter the seed."""
    listed = sorted(commitments.items(), key=lambda item: item[0].encode())
    commits = [{"party": party, "c": b64u_encode(c)} for party, c in listed]
    return {"v": 1, "type": "draw.close", "spec": spec.ref, "commits": commits}


def final_detail(spec: Spec, parties: Sequence[str]) -> dict[str, Any]:
    """Log detail of the end of the escrow: the contributors whose values enter the seed, fixed before any is told."""
    return {"v": 1, "type": "draw.final", "spec": spec.ref, "parties": sorted(parties, key=str.encode)}


def void_detail(spec_ref: str, reason: str, party: str | None) -> dict[str, Any]:
    """Log detail of an attempt that came to nothing, with who is to blame, if that is provable."""
    return {"v": 1, "type": "draw.void", "spec": spec_ref, "reason": reason, "party": party}


def result_detail(spec: Spec, seed: bytes, output: Mapping[str, Any]) -> dict[str, Any]:
    """Log detail of the outcome."""
    digest = b64u_encode(output_hash(spec.raw, output))
    return {"v": 1, "type": "draw.result", "spec": spec.ref, "seed": b64u_encode(seed), "output": digest}


def replacement_detail(spec: Spec, number: int, step: Mapping[str, Any]) -> dict[str, Any]:
    """Log detail of a step of the replacement log.

    Args:
        number: place among the steps, from 0.
        step: `{act, group, out, in, reason, evidence}`; see `docs/spec/draw.md`, "Replacements".
    """
    told = {name: step[name] for name in ("act", "group", "out", "in", "reason", "evidence")}
    return {"v": 1, "type": "draw.replacement", "spec": spec.ref, "n": number, **told}
