"""Verify a draw from its public files alone: transcript, pool, and (for the log's signatures) a trust file.

Source: `docs/spec/draw.md`, "Verification".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.draw import records
from kernel.draw.beacon import verify_public_numbers
from kernel.draw.compute import Pools, compute, panel_rules, require_possible
from kernel.draw.errors import DrawError
from kernel.draw.escrow import Kept, kept_contributors, recover
from kernel.draw.panel import replacement
from kernel.draw.pool import read_pool
from kernel.draw.seed import commit_hash, seed_of
from kernel.draw.spec import POOLS, Spec
from kernel.draw.transcript import Logged, Transcript, read_transcript
from kernel.log import Checkpoint, LogError, Trust, parse_checkpoint, read_trust, verify_inclusion
from kernel.log.receipt import hashes_of


@dataclass(frozen=True, slots=True)
class VerifiedDraw:
    """What a transcript proves.

    Attributes:
        parties: whose randomness is in the seed.
        members: of a panel, as they stand after all replacements; empty for other algorithms.
        records: the records the transcript rests on, in the order of the log.
        signed: whether the checkpoint was verified against a trust file; without one, the log's part is unproved.
    """

    spec: Spec
    parties: tuple[str, ...]
    seed: bytes
    output: Mapping[str, Any]
    members: tuple[tuple[bytes, ...], ...]
    records: tuple[Logged, ...]
    checkpoint: Checkpoint
    signed: bool


def verify_draw(
    transcript: Mapping[str, Any] | bytes,
    pool: object,
    trust: Trust | Mapping[str, Any] | bytes | None = None,
) -> VerifiedDraw:
    """Check that a draw is the only possible outcome of its published rule.

    Args:
        transcript: the transcript's JSON value or its canonical bytes.
        pool: the pool file's value or bytes; for `assign/1` an object of two pools.
        trust: a trust file; None checks everything but who signed the checkpoint.
    Raises:
        DrawError: `json-profile`, `pool-order`, `pool-duplicate`, `pool-root`, `party-unknown`, `party-duplicate`,
            `commit-late`, `commit-mismatch`, `beacon`, `void`, `weight-range`, `attempts`, `infeasible`,
            `result-mismatch`, `replacement-order`, checked in this order; last the log's proofs, with codes of
            `kernel.log`.
    """
    read = read_transcript(transcript)
    spec = read.spec
    pools = _pools(spec, pool)
    commitments = _commitments(read)
    kept = kept_contributors(spec, read.escrow, read.close, set(commitments))
    reveals = _reveals(read, commitments, kept)
    beacons = _beacons(read)
    _require_valid(read, set(commitments), kept, reveals)
    require_possible(spec, pools)
    seed = seed_of(spec.raw, reveals, beacons)
    output = compute(spec, pools, seed)
    _require_result(read, seed, output)
    members = _replacements(read, pools, seed)
    checkpoint = _require_logged(read, trust)
    found = tuple(sorted(_records(read), key=lambda record: record.index))
    return VerifiedDraw(spec, tuple(sorted(reveals)), seed, output, members, found, checkpoint, trust is not None)


def _pools(spec: Spec, pool: object) -> Pools:
    names = POOLS[spec.algo]
    if names == ("pool",):
        return {"pool": read_pool(spec.suite, pool, spec.pools["pool"])}
    if isinstance(pool, bytes):
        pool = _parse_pools(pool)
    if not isinstance(pool, Mapping) or set(pool) != set(names):
        raise DrawError("json-profile", f"this draw has the pools {', '.join(names)}")
    return {name: read_pool(spec.suite, pool[name], spec.pools[name]) for name in names}


def _parse_pools(data: bytes) -> object:
    try:
        return parse(data)
    except NotCanonical as refusal:
        raise DrawError("json-profile", f"pool: {refusal}") from None


def _commitments(read: Transcript) -> dict[str, bytes]:
    """Party → commitment, each signed by its party, in time, and in the close list; nobody else."""
    spec, parties = read.spec, [str(commit.payload["party"]) for commit in read.commits]
    revealing = [reveal.party for reveal in read.reveals]
    if not set(parties) <= set(spec.contributors) or not set(revealing) <= set(spec.contributors):
        raise DrawError("party-unknown", "somebody takes part who is not a contributor")
    if len(set(parties)) != len(parties) or len(set(revealing)) != len(revealing):
        raise DrawError("party-duplicate", "a contributor takes part twice")
    closed = {party for party, _ in _close_list(read.close)}
    for commit in read.commits:
        late = commit.log.at >= spec.commit_by or commit.log.index >= read.close.index
        if late or commit.payload["party"] not in closed:
            raise DrawError("commit-late", "a commitment came after the close")
    commitments = {}
    for commit in read.commits:
        party = str(commit.payload["party"])
        signer = spec.contributors[party]
        if not commit.holds(spec.suite, signer.key, signer.alg, signer.kid, records.COMMIT_TYP):
            raise DrawError("commit-mismatch", f"{party} has not signed its commitment")
        if commit.payload["spec"] != spec.ref or commit.log.index <= read.freeze.index:
            raise DrawError("commit-mismatch", f"the commitment of {party} belongs to another spec")
        commitments[party] = _hash32(commit.payload["c"])
    if not _same(read.close.detail, records.close_detail(spec, commitments)) or parties != sorted(
        parties, key=str.encode
    ):
        raise DrawError("commit-mismatch", "the close list holds other commitments")
    return commitments


def _close_list(close: Logged) -> list[tuple[str, str]]:
    listed = close.detail.get("commits")
    try:
        return [(str(item["party"]), str(item["c"])) for item in listed or []]
    except (TypeError, KeyError):
        raise DrawError("json-profile", "the close list is malformed") from None


def _reveals(read: Transcript, commitments: Mapping[str, bytes], kept: Mapping[str, Kept]) -> dict[str, bytes]:
    reveals = {}
    for reveal in read.reveals:
        if reveal.party not in kept:
            raise DrawError("party-unknown", f"{reveal.party} is not among the final contributors")
        commitment = commitments[reveal.party]
        if commit_hash(read.spec.raw, reveal.party, reveal.value) != commitment:
            raise DrawError("commit-mismatch", f"the value of {reveal.party} is not what it committed to")
        if reveal.shares is not None:
            recover(read.spec, reveal.party, commitment, kept[reveal.party].shares, reveal.shares)
        reveals[reveal.party] = reveal.value
    return reveals


def _beacons(read: Transcript) -> list[bytes]:
    if len(read.beacons) != len(read.spec.beacons):
        raise DrawError("beacon", "the transcript has other beacons than the spec")
    for number, (value, statements) in enumerate(read.beacons):
        verify_public_numbers(read.spec, number, value, statements)
    return [value for value, _ in read.beacons]


def _require_valid(
    read: Transcript, committed: set[str], kept: Mapping[str, Kept], reveals: Mapping[str, bytes]
) -> None:
    spec = read.spec
    if read.close.at < spec.commit_by and len(committed) < len(spec.contributors):
        raise DrawError("void", "the close came before its time, and not everybody had committed")
    if read.result.index <= read.close.index:
        raise DrawError("void", "the result was logged before the close")
    _require_final(read, kept)
    if len(kept) < spec.least or not committed >= set(kept):
        raise DrawError("void", "too few contributors")
    if set(reveals) != set(kept):
        raise DrawError("void", "a contributor's value is missing")
    chain = [*(attempt.spec for attempt in read.attempts), spec]
    if chain[0].prev is not None or any(b.prev != a.ref for a, b in pairwise(chain)):
        raise DrawError("void", "earlier attempts are not all shown")
    logged = [record.index for attempt in read.attempts for record in (attempt.log, attempt.void)]
    if [*logged, read.freeze.index] != sorted({*logged, read.freeze.index}):
        raise DrawError("void", "an attempt began before the earlier one was void")
    for attempt in read.attempts:
        told = attempt.void.detail
        expected = records.void_detail(attempt.spec.ref, str(told.get("reason")), told.get("party"))
        if not _same(told, expected) or told["reason"] not in records.VOID_REASONS:
            raise DrawError("void", "an earlier attempt was not declared void for a reason of the rules")


def _require_final(read: Transcript, kept: Mapping[str, Kept]) -> None:
    """With an escrow, the final contributors were logged before any value was told, so none can be left out later."""
    spec, final = read.spec, read.final
    if spec.escrow is None or final is None:
        if spec.escrow is not None or final is not None:
            raise DrawError("void", "the final contributors are logged if and only if there is an escrow")
        return
    if not _same(final.detail, records.final_detail(spec, list(kept))):
        raise DrawError("void", "the final contributors are not those whose escrow stands")
    acks = [ack.log.index for delivery in read.escrow for ack in delivery.acks]
    if not max([read.close.index, *acks]) < final.index < read.result.index:
        raise DrawError("void", "the final contributors were logged out of order")
    if final.at < spec.escrow.by and len(acks) < len(spec.contributors) * spec.escrow.n:
        raise DrawError("void", "the escrow ended before its time, and not everybody had delivered")


def _require_result(read: Transcript, seed: bytes, output: Mapping[str, Any]) -> None:
    if read.seed != seed:
        raise DrawError("result-mismatch", "the seed is not that of the contributions")
    if not _same(read.output, output):
        raise DrawError("result-mismatch", "the outcome is not that of the rule")
    if not _same(read.result.detail, records.result_detail(read.spec, seed, output)):
        raise DrawError("result-mismatch", "the logged result is another")


def _replacements(read: Transcript, pools: Pools, seed: bytes) -> tuple[tuple[bytes, ...], ...]:
    """Walk the replacement log; every step must be the only one the reserve order allows."""
    spec = read.spec
    if spec.algo != "panel/1":
        if read.replacements:
            raise DrawError("replacement-order", "only members of a panel are replaced")
        return ()
    groups, rules, cap = panel_rules(spec)
    panel = [[_hash32(leaf) for leaf in group] for group in read.output["groups"]]
    known, barred, last = {leaf for leaf, _ in pools["pool"]}, set[bytes](), read.result.index
    for step in read.replacements:
        raw, out = step.raw, _hash32(step.raw["out"])
        if step.log.index <= last or raw["reason"] not in records.REASONS:
            raise DrawError("replacement-order", "a step was logged out of order, or for no known reason")
        if out in barred or out not in known:
            raise DrawError("replacement-order", "somebody is barred twice, or not a candidate")
        last = step.log.index
        if raw["act"] == "bar":
            if raw["group"] is not None or raw["in"] is not None or any(out in group for group in panel):
                raise DrawError("replacement-order", "a member is replaced, not barred")
            barred.add(out)
            continue
        if raw["act"] != "replace":
            raise DrawError("replacement-order", "no such act")
        barred.add(out)
        taken = replacement(
            spec.suite, seed, spec.stage, pools["pool"], groups, rules, cap, panel, raw["group"], out, barred
        )
        if raw["in"] != (None if taken is None else b64u_encode(taken)):
            raise DrawError("replacement-order", "another reserve was next")
        members = panel[raw["group"]]
        members[members.index(out) : members.index(out) + 1] = [] if taken is None else [taken]
    return tuple(tuple(group) for group in panel)


def _require_logged(read: Transcript, trust: Trust | Mapping[str, Any] | bytes | None) -> Checkpoint:
    try:
        trusted = None if trust is None else read_trust(trust)
        if trusted is not None:
            trusted.suite(read.spec.suite.id)
        checkpoint = parse_checkpoint(read.checkpoint, trusted)
        suite = read.spec.suite if trusted is None else trusted.log_suite
        for record in _records(read):
            if not record.entry.holds(suite, record.detail):
                raise LogError("entry-digest", f"the entry at {record.index} is of another record")
            leaf, path = record.entry.leaf(suite), hashes_of(record.path)
            if not verify_inclusion(suite, leaf, record.index, checkpoint.size, path, checkpoint.root):
                raise LogError("inclusion", f"the record at {record.index} is not in the log")
    except LogError as refusal:
        raise DrawError(refusal.code, refusal.reason) from None
    return checkpoint


def _records(read: Transcript) -> Iterator[Logged]:
    for attempt in read.attempts:
        yield from (attempt.log, attempt.void)
    yield read.freeze
    yield from (commit.log for commit in read.commits)
    yield read.close
    for delivery in read.escrow:
        yield delivery.token.log
        yield from (ack.log for ack in delivery.acks)
    if read.final is not None:
        yield read.final
    yield read.result
    yield from (step.log for step in read.replacements)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two JSON values are the same; in Python alone `true` would pass for 1."""
    return jcs(dict(one)) == jcs(dict(other))


def _hash32(value: object) -> bytes:
    try:
        return b64u_decode(value, 32)
    except NotCanonical as refusal:
        raise DrawError("json-profile", str(refusal)) from None
