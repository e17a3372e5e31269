"""Acts on the expert pool: import, change of standing, and the root that puts the whole pool on record.

Law: R-POOL-03, R-POOL-18; crypto.md §4.2: supervisors recompute "registry − avoidance = pool".
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, text

from experts.admission import check_row
from experts.drafts import NewExpert
from experts.models.pool import Expert, Registry
from experts.standing import POOL
from experts.vocabulary import Standing
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.drawbook.vault import Vault
from kernel.errors import InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.tree import leaf_hash, mth
from kernel.log.writer import record

#: One import at a time: numbers are given in a row.
_LOCK = 0x45585054
MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that did not enter: its place in the list, from 1, and everything that stands against it."""

    row: int
    name: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PoolImport:
    """What came of an import."""

    imported: int
    refused: tuple[RefusedRow, ...]
    total: int
    root: bytes


async def import_experts(tx: Tx, actor: Actor, vault: Vault, rows: Sequence[NewExpert]) -> PoolImport:
    """Take experts whom the provincial pool has admitted; rows with faults stay out and are told.

    Raises:
        NotPermitted: the actor is not of the centre.
        InvalidInput: the list is empty or too long.
    Effects:
        rows in `experts_expert`; a new root of the registry; entries `pool.imported` and `pool.rooted`.
    Source:
        R-POOL-03, R-POOL-12, R-COM-10
    """
    policy.require(actor, "pool.keep")
    if not 0 < len(rows) <= MAX_ROWS:
        raise InvalidInput(f"一次导入 1 至 {MAX_ROWS} 人。", [("rows", "人数不正确")])
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    start = (await tx.session.execute(select(func.count()).select_from(Expert))).scalar_one()
    accepted, refused = await judge_rows(tx, vault, rows)
    taken = [
        _values(tx, vault, row, identity, f"ZJ{start + place:06d}") for place, (row, identity) in enumerate(accepted, 1)
    ]
    if taken:
        await tx.session.execute(insert(Expert), taken)

    facts = {"imported": len(taken), "refused": len(refused), "rules": ["R-POOL-03", "R-POOL-12", "R-COM-10"]}
    await record(tx, actor, "pool.imported", facts)
    registry = await root_registry(tx, actor)
    return PoolImport(len(taken), tuple(refused), registry.count, registry.root)


async def judge_rows(
    tx: Tx, vault: Vault, rows: Sequence[NewExpert]
) -> tuple[list[tuple[NewExpert, bytes]], list[RefusedRow]]:
    """Say which rows may enter, with the digest of each identity, and what stands against the others. Changes nothing.

    Somebody who stands in the list twice enters by the first row.
    """
    known = {bytes(item) for item in (await tx.session.execute(select(Expert.identity))).scalars()}
    listed: set[bytes] = set()
    accepted, refused = [], []
    for place, row in enumerate(rows, 1):
        identity = vault.identity(row.id_number)
        faults = check_row(row)
        if identity in known:
            faults += ("该专家已在库，不得重复入库。",)
        elif identity in listed:
            faults += ("同一人在本次名单中已出现，不得重复入库。",)
        if faults:
            refused.append(RefusedRow(place, row.name, faults))
        else:
            listed.add(identity)
            accepted.append((row, identity))
    return accepted, refused


async def root_registry(tx: Tx, actor: Actor) -> Registry:
    """Put the pool as it stands on record: a Merkle root over every expert's record, in the order of their numbers.

    Effects:
        a row in `experts_registry`; entry `pool.rooted`, public.
    """
    everybody = (await tx.session.execute(select(Expert).order_by(Expert.number))).scalars().all()
    provider = suite("intl-1")
    root = mth(provider, [leaf_hash(provider, jcs(_record(expert))) for expert in everybody])
    counts: dict[str, int] = {}
    for expert in everybody:
        counts[expert.standing] = counts.get(expert.standing, 0) + 1
    facts = {"root": b64u_encode(root), "count": len(everybody), "standing": counts}
    recorded = await record(tx, actor, "pool.rooted", facts, visibility="public")
    registry = Registry(id=tx.new_id(), root=root, count=len(everybody), entry_id=recorded.entry_id, at=tx.now)
    tx.session.add(registry)
    return registry


async def change_standing(tx: Tx, actor: Actor, expert_id: uuid.UUID, act: str, basis: str) -> Standing:
    """Move an expert to another standing; every change rests on a document.

    Raises:
        MoveNotAllowed: the table has no such step from here.
        InvalidInput: no document is named.
    Effects:
        entry `pool.standing-changed`.
    Source:
        R-POOL-16, R-POOL-18
    """
    policy.require(actor, "pool.keep")
    if not basis.strip():
        raise InvalidInput("请写明依据文件。", [("basis", "不能为空")])
    query = select(Expert).where(Expert.id == expert_id).with_for_update()
    expert = (await tx.session.execute(query)).scalar_one_or_none()
    if expert is None:
        raise NotFound
    before = Standing(expert.standing)
    move = POOL.move(act, before)
    after = POOL.target(act, before)

    expert.standing = after.value
    await tx.session.flush()  # the root is read by SQL

    facts = {"expert": expert.number, "from": before.value, "to": after.value, "basis": basis}
    await record(tx, actor, "pool.standing-changed", facts | {"rules": move.source.split()})
    await root_registry(tx, actor)
    return after


def _values(tx: Tx, vault: Vault, row: NewExpert, identity: bytes, number: str) -> dict[str, Any]:
    return {
        "id": tx.new_secret_id(),
        "number": number,
        "name": row.name.strip(),
        "identity": identity,
        "phone": row.phone.strip(),
        "employer_uscc": row.employer_uscc,
        "employer_name": row.employer_name.strip(),
        "region": row.region.strip(),
        "specialities": sorted(row.specialities),
        "title": row.title.strip(),
        "years": row.years,
        "standing": Standing.ACTIVE.value,
        "relations": msgspec.to_builtins(row.relations),
        "relatives": sorted(vault.identity(item).hex() for item in row.relatives),
        "was_punished": row.was_punished,
        "account_id": None,
        "admitted_at": tx.now,
    }


def _record(expert: Expert) -> dict[str, Any]:
    """Return what the root says of an expert."""
    return {
        "number": expert.number,
        "name": expert.name,
        "identity": b64u_encode(expert.identity),
        "employer": expert.employer_uscc,
        "region": expert.region,
        "specialities": list(expert.specialities),
        "title": expert.title,
        "years": expert.years,
        "standing": expert.standing,
    }
