"""Acts of a draw: freeze, commit, close, reveal with the outcome, void. Replacements have a room of their own.

Every step is an entry of the log before anything follows from it (crypto.md §4.1). The outcome is computed by the pure
engine from what was logged; nothing here chooses. This version keeps draws without escrow and beacons.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.crypto import CryptoError, jws, random_bytes, suite
from kernel.db.transaction import Tx
from kernel.draw.compute import Pools, compute
from kernel.draw.errors import DrawError
from kernel.draw.pool import Candidate, leaf_of, pool_of, pool_root, read_pool
from kernel.draw.records import COMMIT_TYP, close_detail, result_detail, token_detail, void_detail
from kernel.draw.rehearsal import rehearse
from kernel.draw.seed import commit_hash, seed_of
from kernel.draw.spec import POOLS, Spec, read_spec
from kernel.drawbook.models import Contribution, Draw, Identity
from kernel.drawbook.shelf import find_void, list_contributions, list_steps, lock_draw
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
        InvalidInput: the draw could not succeed, whatever the seed (rehearsed with a dummy seed); two contributors act
            for one organisation; or the void attempt before this one is not named.

    Effects:
        `draw_draw`, `draw_identity`; entry `draw.spec`, public.
    """
    try:
        read = read_spec(spec)
        rehearse(read, _read_pools(read, {name: pool.entries for name, pool in pools.items()}))
    except DrawError as error:
        raise InvalidInput(_WHY.get(error.code, "抽取规则不成立。"), [("spec", error.code)]) from error
    _require_fair(read, tx.now)
    before = await find_void(tx, subject, str(spec["purpose"]))
    if read.prev != (None if before is None else b64u_encode(before.spec_hash)):
        raise InvalidInput("此前作废的抽取必须写入本次抽取规则。", [("prev", "应为上一次作废抽取的指纹")])
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
        void_entry=None,
        void_reason=None,
        void_party=None,
        created_at=tx.now,
        drawn_at=None,
    )
    tx.session.add(draw)
    await tx.session.flush()  # identities refer to it
    for name, pool in pools.items():
        tx.session.add_all(_identity(draw.id, key, pool, person) for person in people[name])
    await tx.session.flush()  # a duplicate leaf must be refused here
    return draw


def _require_fair(spec: Spec, now: datetime) -> None:
    """Refuse what would leave the seed in one hand, or what this version cannot carry through."""
    organisations = {contributor.org for contributor in spec.contributors.values()}
    if len(organisations) != len(spec.contributors) or len(organisations) < 2:
        raise InvalidInput("随机数贡献方至少两家，且应来自不同单位。", [("contributors", "至少两家不同单位")])
    if spec.escrow is not None or spec.beacons or spec.least != len(spec.contributors):
        raise InvalidInput("本版本的抽取由全部贡献方参与，不设托管和信标。", [("spec", "escrow, beacons, min")])
    if spec.commit_by <= now:
        raise InvalidInput("提交承诺的截止时间应晚于现在。", [("commit_by", "已过")])


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
            tx,
            actor,
            "draw.reveal",
            {"draw": draw.number, "party": party, "r": b64u_encode(value)},
            subject=draw.subject,
            visibility="public",
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


async def void(tx: Tx, draw_id: uuid.UUID) -> str:
    """Declare an attempt void when the rules leave nothing else; the next one names it and counts on (crypto.md §4.1).

    Returns:
        The reason: `too-few` did not commit in time, `not-revealed` in time, or `reserve-empty`.

    Raises:
        Conflict: the draw is alive; nobody ends it because of its outcome.

    Effects:
        the draw's state; entry `draw.void`, public, with who is to blame.
    """
    draw = await lock_draw(tx, draw_id)
    spec = read_spec(draw.spec)
    reason, party = await _why_void(tx, draw, spec)
    detail = void_detail(spec.ref, reason, party)
    recorded = await record_detail(tx, "draw.void", detail, subject=draw.subject, visibility="public")
    draw.state, draw.void_entry, draw.void_reason, draw.void_party = "void", recorded.entry_id, reason, party
    await tx.session.flush()  # the next attempt looks for it
    return reason


async def _why_void(tx: Tx, draw: Draw, spec: Spec) -> tuple[str, str | None]:
    given = {row.party: row.value for row in await list_contributions(tx, draw.id)}
    now = await tx.instant()
    if draw.state == "frozen" and now >= spec.commit_by and len(given) < spec.least:
        missing = sorted(set(spec.contributors) - set(given), key=str.encode)
        return "too-few", missing[0] if len(missing) == 1 else None
    if draw.state == "closed" and now >= spec.reveal_by:
        silent = [party for party, value in given.items() if value is None]
        return "not-revealed", silent[0] if len(silent) == 1 else None
    if draw.state == "drawn" and any(
        step.act == "replace" and step.in_leaf is None for step in await list_steps(tx, draw.id)
    ):
        return "reserve-empty", None
    raise Conflict("本次抽取仍然有效，不能作废。")
