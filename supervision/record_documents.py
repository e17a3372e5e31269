"""Records of inspections as documents: what is hashed, what a team signs, what somebody of the team reads before."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from supervision.models import Assignment, Inspection, Inspector, Record, Target


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A record as somebody of its team reads it.

    Attributes:
        document: what `payload` names by its digest.
        payload: what each of the team signs.
    """

    document: dict[str, Any]
    payload: dict[str, Any]


async def read_record(tx: Tx, actor: Actor, inspection_id: uuid.UUID, record_id: uuid.UUID) -> OwnRecord:
    """Return the newest record of an own object, in full, to somebody of its team: what they are about to sign.

    Raises:
        NotFound: not the actor's object, or there is a newer version.
    """
    found = await tx.session.get(Record, record_id)
    if found is None or found.inspection_id != inspection_id:
        raise NotFound
    query = (
        select(Assignment.target_id)
        .join(Inspector, Inspector.id == Assignment.inspector_id)
        .where(
            Assignment.inspection_id == inspection_id,
            Assignment.target_id == found.target_id,
            Inspector.account_id == actor.account_id,
        )
    )
    newest = await newest_record(tx, found.target_id)
    if (await tx.session.execute(query)).first() is None or newest is None or newest.id != record_id:
        raise NotFound("记录已有新的版本，请刷新页面后核对。")
    inspection = await tx.session.get_one(Inspection, inspection_id)
    target = await tx.session.get_one(Target, found.target_id)
    return OwnRecord(record_document(inspection, target, newest), signed_payload(inspection, target, newest))


def record_document(inspection: Inspection, target: Target, made: Record) -> dict[str, Any]:
    """Return a record as it is hashed (docs/spec/inspection.md)."""
    return {
        "v": 1,
        "type": "inspection.record",
        "inspection": inspection.number,
        "object": b64u_encode(target.object_leaf or b""),
        "version": made.version,
        "code": made.code,
        "items": dict(made.items),
        "findings": made.findings,
        "summary": made.summary,
        "basis": made.basis,
        "evidence": list(made.evidence),
    }


def signed_payload(inspection: Inspection, target: Target, made: Record) -> dict[str, Any]:
    """Return what an inspector signs: which record of which object, by its digest."""
    return {
        "v": 1,
        "type": "inspection.record-signature",
        "inspection": inspection.number,
        "object": b64u_encode(target.object_leaf or b""),
        "version": made.version,
        "digest": b64u_encode(made.digest),
    }


async def newest_record(tx: Tx, target_id: uuid.UUID) -> Record | None:
    """Return the newest version of an object's record."""
    query = select(Record).where(Record.target_id == target_id).order_by(Record.version.desc()).limit(1)
    return (await tx.session.execute(query)).scalar_one_or_none()
