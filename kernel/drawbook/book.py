"""Acts of a draw: freeze, commit, close, reveal, compute, replace; and the transcript that lets a stranger replay it.

Every step is an entry of the log before anything follows from it (crypto.md §4.1). The outcome is computed by the pure
engine from what was logged; nothing here chooses.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.crypto import CryptoError, jws, random_bytes, suite
from kernel.db.transaction import Tx
from kernel.draw.compute import Pools, compute
from kernel.draw.errors import DrawError
from kernel.draw.panel import replacement
from kernel.draw.pool import Candidate, leaf_of, pool_of, pool_root, read_pool
from kernel.draw.records import (
    COMMIT_TYP,
    REASONS,
    close_detail,
    replacement_detail,
    result_detail,
    token_detail,
)
from kernel.draw.rehearsal import rehearse
from kernel.draw.seed import commit_hash, seed_of
from kernel.draw.spec import POOLS, Spec, read_spec
from kernel.drawbook.models import Contribution, Draw, Identity, Step
from kernel.drawbook.shelf import list_contributions, list_steps, lock_draw
from kernel.drawbook.vault import DrawKey, Vault
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log.writer import record, record_detail

#: What people read when a frozen draw would not work; the codes are those of crypto.md §4.4.
_WHY = {
    "infeasible": "按这些条件抽不出符合要求的人选，请放宽条件或扩大名录。",
    "attempts": "条件过严，抽取尝试次数不足，请放宽条件。",
    "weight-range": "权重应为 1 至 1000 的整数。",
    "json-profile": "抽取规则的格式不正确。",
    "pool-duplicate": "名录中有重复的人选。",
}


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate before the freeze.

    Attributes:
        id: stable id of the person or object, known to the owning package.
        pub: what the rule needs and everybody sees.
        priv: the identity.
    """

    id: str
    pub: Mapping[str, Any]
    priv: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FrozenPool:
    """A pool with its leaves."""

    entries: list[dict[str, Any]]
    leaves: dict[str, bytes]
    salts: dict[str, bytes]

    @property
    def frozen(self) -> dict[str, Any]:
        """`{root, count}` as the spec carries it."""
        root = pool_root(suite("intl-1"), self.entries)
        return {"root": b64u_encode(root), "count": len(self.entries)}


def freeze_pool(people: Sequence[Person]) -> FrozenPool:
    """Salt every candidate freshly and order the leaves; hashing two thousand takes a few hundredths of a second.

    Raises:
        InvalidInput: the same candidate stands in the pool twice.
    """
    provider = suite("intl-1")
    leaves: dict[str, bytes] = {}
    salts: dict[str, bytes] = {}
    listed: list[Candidate] = []
    for person in people:
        if person.id in leaves:
            raise InvalidInput("名录中有重复的人选。", [("pool", person.id)])
        salts[person.id] = random_bytes(32)
        leaves[person.id] = leaf_of(provider, salts[person.id], person.pub, person.priv)
        listed.append((leaves[person.id], person.pub))
    return FrozenPool(pool_of(listed), leaves, salts)


async def freeze(
    tx: Tx,
    actor: Actor,
    vault: Vault,
    spec: dict[str, Any],
    pools: Mapping[str, FrozenPool],
    people: Mapping[str, Sequence[Person]],
    *,
    subject: uuid.UUID | None,
) -> Draw:
    """Freeze a draw: spec and pool become public, nothing about the outcome is known to anybody.

    Args:
        spec: complete, with the pools' roots (crypto.md §4.4).
        pools: by the name the algorithm gives them; a single one is `pool`.
        people: the same names; their identities go into the vault.

    Raises:
        InvalidInput: the draw could not succeed, whatever the seed (rehearsed with a dummy seed).

    Effects:
        `draw_draw`, `draw_identity`; entry `draw.spec`, public.
    """
    try:
        read = read_spec(spec)
        rehearse(read, _read_pools(read, {name: pool.entries for name, pool in pools.items()}))
    except DrawError as error:
        raise InvalidInput(_WHY.get(error.code, "抽取规则不成立。"), [("spec", error.code)]) from error
    recorded = await record_detail(tx, "draw.spec", spec, subject=subject, visibility="public")
    key, enc, ct = vault.make(read.hash)
    draw = Draw(
        id=tx.new_secret_id(),
        number=str(spec["id"]),
        purpose=str(spec["purpose"]),
        subject=subject,
        state="frozen",
        spec=spec,
        spec_hash=read.hash,
        pools={name: pool.entries for name, pool in pools.items()},
        key_enc=enc,
        key_ct=ct,
        seed=None,
        output=None,
        spec_entry=recorded.entry_id,
        close_entry=None,
        result_entry=None,
        created_at=tx.now,
        drawn_at=None,
    )
    tx.session.add(draw)
    await tx.session.flush()  # identities refer to it
    for name, pool in pools.items():
        tx.session.add_all(_identity(draw.id, key, pool, person) for person in people[name])
    await tx.session.flush()  # a duplicate leaf must be refused here
    return draw


def _identity(draw_id: uuid.UUID, key: DrawKey, pool: FrozenPool, person: Person) -> Identity:
    leaf = pool.leaves[person.id]
    return Identity(
        draw_id=draw_id,
        leaf=leaf,
        sealed=key.seal(leaf, pool.salts[person.id], dict(person.priv)),
        person=key.person(person.id),
        opened_at=None,
    )


def _read_pools(spec: Spec, pools: Mapping[str, Any]) -> Pools:
    return {name: read_pool(spec.suite, pools[name], spec.pools[name]) for name in POOLS[spec.algo]}


async def commit(tx: Tx, actor: Actor, draw_id: uuid.UUID, token: str) -> str:
    """Take a contributor's signed commitment.

    Returns:
        The party whose commitment it is.

    Raises:
        VerificationFailed: not a commitment of a contributor of this draw.
        NotPermitted: the signer acts for another organisation than the actor.
        DeadlinePassed: the time for commitments is over.
        Conflict: the party has committed already, or the draw is closed.
    """
    draw = await lock_draw(tx, draw_id)
    spec = read_spec(draw.spec)
    if draw.state != "frozen":
        raise Conflict("承诺阶段已结束。")
    if await tx.instant() >= spec.commit_by:
        raise DeadlinePassed("已过提交承诺的截止时间。")
    party, commitment = _read_commit(spec, token)
    if spec.contributors[party].org != actor.uscc:
        raise NotPermitted("该承诺不属于您所在的单位。")
    if await tx.session.get(Contribution, (draw.id, party)) is not None:
        raise Conflict("您已提交过承诺，不能更换。")
    recorded = await record_detail(
        tx, "draw.commit", token_detail(token, "draw.commit"), subject=draw.subject, visibility="public"
    )
    tx.session.add(
        Contribution(
            draw_id=draw.id,
            party=party,
            token=token,
            commitment=commitment,
            commit_entry=recorded.entry_id,
            value=None,
            revealed_at=None,
        )
    )
    return party


def _read_commit(spec: Spec, token: str) -> tuple[str, bytes]:
    try:
        party = str(parse(jws.take_apart(token, COMMIT_TYP, "ES256", frozenset({"kid"})).payload)["party"])
        signer = spec.contributors[party]
        payload = jws.verify(spec.suite, token, COMMIT_TYP, signer.key, signer.alg, frozenset({"kid"}))
        expected = {"v": 1, "type": "draw.commit", "spec": spec.ref, "party": party, "c": payload["c"]}
        if payload != expected:
            raise VerificationFailed("承诺的内容与本次抽取不符。")
        return party, b64u_decode(payload["c"], 32)
    except (CryptoError, NotCanonical, KeyError, TypeError) as error:
        raise VerificationFailed("承诺的签名或格式不正确。") from error


async def close(tx: Tx, draw_id: uuid.UUID) -> None:
    """Close the commitments: nothing new can enter the seed from here on.

    Raises:
        Conflict: not frozen, or too few contributors have committed.
        TooEarly: somebody may still commit.
    """
    draw = await lock_draw(tx, draw_id)
    spec = read_spec(draw.spec)
    if draw.state != "frozen":
        raise Conflict("承诺阶段已结束。")
    given = {row.party: row.commitment for row in await list_contributions(tx, draw_id)}
    if len(given) < len(spec.contributors) and await tx.instant() < spec.commit_by:
        raise TooEarly("还有参与方未提交承诺，且未到截止时间。")
    if len(given) < max(1, spec.least):
        raise Conflict("提交承诺的参与方不足，本次抽取无效，应重新发起。")
    recorded = await record_detail(
        tx, "draw.close", close_detail(spec, given), subject=draw.subject, visibility="public"
    )
    draw.state, draw.close_entry = "closed", recorded.entry_id


async def reveal(tx: Tx, actor: Actor, draw_id: uuid.UUID, party: str, value: bytes) -> bool:
    """Take a contributor's random value; with the last one the outcome is computed and logged.

    Returns:
        Whether the draw is now drawn.

    Raises:
        VerificationFailed: the value does not match the commitment.
        NotPermitted: the party is not the actor's.
        Conflict: commitments are not closed yet.
    """
    draw = await lock_draw(tx, draw_id)
    spec = read_spec(draw.spec)
    if draw.state == "drawn":
        return True
    if draw.state != "closed":
        raise TooEarly("承诺尚未截止，现在不能公开随机数。")
    row = await tx.session.get(Contribution, (draw.id, party))
    if row is None:
        raise NotFound
    if spec.contributors[party].org != actor.uscc:
        raise NotPermitted("该随机数不属于您所在的单位。")
    if commit_hash(draw.spec, party, value) != row.commitment:
        raise VerificationFailed("随机数与先前的承诺不一致。")
    if row.value is None:
        row.value, row.revealed_at = value, tx.now
        await record(
            tx, actor, "draw.reveal", {"draw": draw.number, "party": party}, subject=draw.subject, visibility="public"
        )
    given = await list_contributions(tx, draw_id)
    if any(one.value is None for one in given):
        return False
    await _compute(tx, draw, spec, {one.party: one.value for one in given if one.value is not None})
    return True


async def _compute(tx: Tx, draw: Draw, spec: Spec, values: Mapping[str, bytes]) -> None:
    seed = seed_of(draw.spec, values, [])
    output = compute(spec, _read_pools(spec, draw.pools), seed)
    recorded = await record_detail(
        tx, "draw.result", result_detail(spec, seed, output), subject=draw.subject, visibility="public"
    )
    draw.state, draw.seed, draw.output = "drawn", seed, output
    draw.result_entry, draw.drawn_at = recorded.entry_id, tx.now


async def standing_panel(tx: Tx, draw: Draw) -> list[list[bytes]]:
    """Return the members by group as they stand after all replacements."""
    if draw.output is None:
        raise TooEarly("尚未抽取。")
    panel = [[b64u_decode(leaf, 32) for leaf in group] for group in draw.output["groups"]]
    for step in await list_steps(tx, draw.id):
        if step.act != "replace" or step.group_index is None:
            continue
        members = panel[step.group_index]
        at = members.index(step.out_leaf)
        members[at : at + 1] = [] if step.in_leaf is None else [step.in_leaf]
    return panel


async def replace(tx: Tx, actor: Actor, draw_id: uuid.UUID, out: bytes, reason: str, evidence: bytes) -> bytes | None:
    """Put the next of the reserve order in a member's place.

    Args:
        out: the leaf of the member who leaves.
        reason: `refused`, `no-answer`, `avoidance` or `absent`.
        evidence: SHA-256 of what proves it: the callee's signed answer or the call's record.

    Returns:
        The leaf that comes in; None when the reserve is empty.

    Raises:
        NotFound: `out` is not a member.
        InvalidInput: no such reason.
    """
    if reason not in REASONS:
        raise InvalidInput("更换理由不正确。", [("reason", "应为拒绝、未应答、回避或缺席")])
    draw = await lock_draw(tx, draw_id)
    if draw.seed is None:
        raise TooEarly("尚未抽取。")
    spec = read_spec(draw.spec)
    panel = await standing_panel(tx, draw)
    group = next((number for number, members in enumerate(panel) if out in members), None)
    if group is None:
        raise NotFound
    steps = await list_steps(tx, draw_id)
    barred = {step.out_leaf for step in steps} | {out}
    candidates = _read_pools(spec, draw.pools)["pool"]
    params = spec.params
    taken = replacement(
        spec.suite,
        draw.seed,
        spec.stage,
        candidates,
        params["groups"],
        params["rules"],
        params["cap"],
        panel,
        group,
        out,
        barred,
    )
    step = {
        "act": "replace",
        "group": group,
        "out": b64u_encode(out),
        "in": None if taken is None else b64u_encode(taken),
        "reason": reason,
        "evidence": b64u_encode(evidence),
    }
    detail = replacement_detail(spec, len(steps), step)
    recorded = await record_detail(tx, "draw.replacement", detail, subject=draw.subject, visibility="public")
    tx.session.add(
        Step(
            draw_id=draw.id,
            number=len(steps),
            act="replace",
            group_index=group,
            out_leaf=out,
            in_leaf=taken,
            reason=reason,
            evidence=b64u_encode(evidence),
            entry_id=recorded.entry_id,
        )
    )
    await tx.session.flush()  # the next call sees this step
    return taken


def evidence_of(text: str) -> bytes:
    """Return the digest of a record that proves a call's outcome."""
    return hashlib.sha256(text.encode()).digest()
