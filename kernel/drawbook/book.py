"""Acts at the beginning of a draw: freeze, commit, close. Escrow, beacons, values and the void have rooms of their own.

Every step is an entry of the log before anything follows from it (crypto.md §4.1). The outcome is computed by the pure
engine from what was logged; nothing here chooses.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs
from kernel.crypto import random_bytes, suite
from kernel.db.transaction import Tx
from kernel.draw.beacon import WITNESSES, check_beacon
from kernel.draw.errors import DrawError
from kernel.draw.pool import Candidate, leaf_of, pool_of, pool_root
from kernel.draw.records import COMMIT_TYP, close_detail, commit_payload, token_detail
from kernel.draw.rehearsal import rehearse
from kernel.draw.spec import Spec, read_spec
from kernel.drawbook.models import Contribution, Draw, Identity
from kernel.drawbook.revealing import read_pools
from kernel.drawbook.shelf import find_newest, list_barred, list_contributions, lock_draw
from kernel.drawbook.tokens import read_token
from kernel.drawbook.vault import DrawKey, Vault
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log.writer import record_detail

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
            for one organisation; one of them broke an earlier attempt; or the void attempt before is not named.
        Conflict: the matter has a draw that is alive or has its result.

    Effects:
        `draw_draw`, `draw_identity`; entry `draw.spec`, public.
    """
    try:
        read = read_spec(spec)
        rehearse(read, read_pools(read, {name: pool.entries for name, pool in pools.items()}))
    except DrawError as error:
        raise InvalidInput(_WHY.get(error.code, "抽取规则不成立。"), [("spec", error.code)]) from error
    before = await _before(tx, subject, str(spec["purpose"]))
    _require_fair(read, tx.now, await list_barred(tx, subject, str(spec["purpose"])))
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
        final_entry=None,
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


async def _before(tx: Tx, subject: uuid.UUID | None, purpose: str) -> Draw | None:
    """Return the void attempt before this one; an attempt that is alive, or has its result, is not repeated."""
    newest = await find_newest(tx, subject, purpose)
    if newest is not None and newest.state != "void":
        raise Conflict("本事项的抽取已经冻结或已有结果，不能重新抽取。")
    return newest


def _require_fair(spec: Spec, now: datetime, barred: set[str]) -> None:
    """Refuse what would leave the seed in one hand, or could not be carried through."""
    organisations = {contributor.org for contributor in spec.contributors.values()}
    if len(organisations) != len(spec.contributors) or len(organisations) < 2:
        raise InvalidInput("随机数贡献方至少两家，且应来自不同单位。", [("contributors", "至少两家不同单位")])
    if organisations & barred:
        told = "、".join(sorted(organisations & barred))
        raise InvalidInput(
            f"此前的抽取因 {told} 的托管是假的而作废，该单位不能再参与。", [("contributors", "已被排除")]
        )
    if spec.commit_by <= now:
        raise InvalidInput("提交承诺的截止时间应晚于现在。", [("commit_by", "已过")])
    if spec.least < 2 or (spec.escrow is None and spec.least != len(spec.contributors)):
        raise InvalidInput("不设托管的抽取由全部贡献方参与；设托管的至少两方。", [("min", "人数不足")])
    for number in range(len(spec.beacons)):
        _require_witnessed(spec, number)
    if spec.values_from >= spec.reveal_by:
        raise InvalidInput("揭示截止应晚于公共随机数产生的时刻。", [("reveal_by", "过早")])


def _require_witnessed(spec: Spec, number: int) -> None:
    try:
        witnesses = set(check_beacon(spec, number))
    except DrawError as error:
        raise InvalidInput("公共随机数的来源或见证人不正确。", [("beacons", "不能核验")]) from error
    if len(witnesses) < WITNESSES or not str(spec.beacons[number]["source"]).strip():
        raise InvalidInput("公共随机数须写明来源，并有至少两名见证人。", [("beacons", "来源或见证人不足")])
    if witnesses & {contributor.kid for contributor in spec.contributors.values()}:
        raise InvalidInput("贡献随机数的人不能同时见证公共随机数。", [("beacons", "见证人应为其他人")])


def _identity(draw_id: uuid.UUID, key: DrawKey, pool: FrozenPool, person: Person) -> Identity:
    leaf = pool.leaves[person.id]
    return Identity(
        draw_id=draw_id,
        leaf=leaf,
        sealed=key.seal(leaf, pool.salts[person.id], dict(person.priv)),
        person=key.person(person.id),
        opened_at=None,
    )


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
            recovered=False,
        )
    )
    return party


def _read_commit(spec: Spec, token: str) -> tuple[str, bytes]:
    payload = read_token(spec, token, COMMIT_TYP, what="承诺")
    party = str(payload["party"])
    try:
        commitment = b64u_decode(payload.get("c"), 32)
    except NotCanonical as error:
        raise VerificationFailed("承诺的格式不正确。") from error
    if jcs(payload) != jcs(commit_payload(spec, party, commitment)):
        raise VerificationFailed("承诺的内容与本次抽取不符。")
    return party, commitment


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
    if len(given) < len(spec.contributors) and tx.now < spec.commit_by:  # the entry will say this instant
        raise TooEarly("还有参与方未提交承诺，且未到截止时间。")
    if len(given) < max(1, spec.least):
        raise Conflict("提交承诺的参与方不足，本次抽取无效，应重新发起。")
    recorded = await record_detail(
        tx, "draw.close", close_detail(spec, given), subject=draw.subject, visibility="public"
    )
    draw.state, draw.close_entry = "closed", recorded.entry_id
