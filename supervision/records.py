"""Acts of inspectors: open the own assignment, record what was found, sign.

Law: R-DR-05, R-DR-09. A record counts when the whole team has signed its newest version; with the last record of an
inspection the time for publication begins (R-DR-08).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs
from kernel.crypto import CryptoError, jws, suite
from kernel.db.transaction import Tx
from kernel.drawbook.identities import leaf_of_person, open_identity
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly, VerificationFailed
from kernel.identity import policy
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parameters.articles import cite
from kernel.periods import legal_date
from supervision.drafts import RecordDraft
from supervision.inspections import advance, lock_inspection
from supervision.models import Assignment, Inspection, Inspector, Record, Signature, Target
from supervision.record_documents import newest_record, record_document, signed_payload
from supervision.stages import INSPECTION
from supervision.vocabulary import REGIME, WRONG, ResultCode, Stage
from trading.legal import law_of

#: Kind of the message that an inspector signs.
RECORD_TYP = "inspection-record+jws"


@dataclass(frozen=True, slots=True)
class DraftedRecord:
    """A record that waits for signatures.

    Attributes:
        payload: what each of the team signs.
    """

    id: uuid.UUID
    version: int
    payload: dict[str, Any]


async def open_assignment(tx: Tx, actor: Actor, vault: Vault, inspection_id: uuid.UUID) -> list[uuid.UUID]:
    """Open, as an inspector, the own assignments: objects and team mates. Each opening is logged.

    Returns:
        Ids of the objects to inspect.
    Raises:
        NotFound: not in this inspection's list, or not drawn.
    Source:
        R-DR-05, R-DR-12
    """
    policy.require(actor, "inspection.record")
    inspection = await lock_inspection(tx, inspection_id)
    person = await _own_place(tx, actor, inspection)
    if inspection.inspector_draw_id is None or inspection.stage not in (
        Stage.ASSIGNED,
        Stage.RECORDED,
        Stage.PUBLISHED,
    ):
        raise TooEarly("检查人员尚未选派。")

    own = await leaf_of_person(tx, vault, inspection.inspector_draw_id, str(person.id))
    rows = await list_assignments(tx, inspection.id)
    objects = {row.object_leaf for row in rows if row.inspector_leaf == own}
    if not objects:
        raise NotFound("您未被选派参加本次抽查。")

    opened: list[uuid.UUID] = []
    for leaf in sorted(objects):
        team = [row for row in rows if row.object_leaf == leaf]
        if any(row.opened_at is None for row in team):
            await _open_team(tx, vault, inspection.inspector_draw_id, team)
        opened += [row.target_id for row in team[:1] if row.target_id is not None]
    await record(
        tx,
        actor,
        "inspection.assignment-opened",
        {"inspection": inspection.number, "objects": len(objects)},
        subject=inspection.id,
    )
    return opened


async def _open_team(tx: Tx, vault: Vault, draw_id: uuid.UUID, team: Sequence[Assignment]) -> None:
    thing = await open_identity(tx, vault, draw_id, team[0].object_leaf, purpose="检查任务")
    target = await tx.session.get_one(Target, uuid.UUID(thing["id"]))
    target.object_leaf = team[0].object_leaf
    for row in team:
        who = await open_identity(tx, vault, draw_id, row.inspector_leaf, purpose="检查任务")
        row.target_id, row.inspector_id, row.opened_at = target.id, uuid.UUID(who["id"]), tx.now


async def record_result(
    tx: Tx, actor: Actor, inspection_id: uuid.UUID, target_id: uuid.UUID, draft: RecordDraft
) -> DraftedRecord:
    """Write down what was found at an object; a new version voids the signatures under the one before.

    Raises:
        NotFound: not the actor's object, or the assignment is not opened.
        TooEarly: the inspection has not begun.
        Conflict: the record is complete.
        InvalidInput: an item without a finding, a result that does not fit them; all faults together.
    Effects:
        `supervision_record`; no entry before the team has signed.
    Source:
        R-DR-05, R-DR-09
    """
    inspection, person, target = await _own_target(tx, actor, inspection_id, target_id)
    INSPECTION.move("complete", Stage(inspection.stage))
    if legal_date(tx.now) < inspection.starts_on:
        raise TooEarly(f"检查自 {inspection.starts_on} 开始。", opens_at=inspection.starts_on.isoformat())
    newest = await newest_record(tx, target.id)
    if newest is not None and await is_complete(tx, inspection, newest):
        raise Conflict("该对象的检查记录已由全组签名，不能再改。")
    _require_sound(draft, {item["code"] for item in inspection.items})

    made = Record(
        id=tx.new_secret_id(),
        inspection_id=inspection.id,
        target_id=target.id,
        version=1 if newest is None else newest.version + 1,
        code=draft.code.value,
        items=dict(draft.items),
        findings=draft.findings.strip(),
        summary=draft.summary.strip(),
        basis=draft.basis.strip(),
        evidence=[msgspec.to_builtins(piece) for piece in draft.evidence],
        drafted_by=person.id,
        drafted_at=tx.now,
    )
    made.digest = suite("intl-1").hash(jcs(record_document(inspection, target, made)))
    tx.session.add(made)
    await tx.session.flush()  # signatures refer to it, and a mate's version of the same number is refused here
    return DraftedRecord(made.id, made.version, signed_payload(inspection, target, made))


async def sign_record(tx: Tx, actor: Actor, inspection_id: uuid.UUID, record_id: uuid.UUID, token: str) -> bool:
    """Sign the newest record of an own object with the own key.

    Args:
        token: compact JWS of `RECORD_TYP` over the payload that `record_result` returned.

    Returns:
        Whether the record is complete now.
    Raises:
        NotFound: not the actor's object.
        Conflict: there is a newer version, or it is signed already.
        VerificationFailed: the signature does not hold, or is over something else.
    Effects:
        `supervision_signature`; with the whole team's, entry `inspection.recorded`, public, which commits to the record
        without telling it; with the last object's, the inspection is recorded and the time for publication runs.
    Source:
        R-DR-05, R-DR-08, R-DR-09
    """
    found = await tx.session.get(Record, record_id)
    if found is None or found.inspection_id != inspection_id:
        raise NotFound
    inspection, person, target = await _own_target(tx, actor, inspection_id, found.target_id)
    newest = await newest_record(tx, target.id)
    if newest is None or newest.id != record_id:
        raise Conflict("记录已有新的版本，请核对后重新签名。")
    if await tx.session.get(Signature, (record_id, person.id)) is not None:
        raise Conflict("您已在这份记录上签名。")
    await _require_signature(tx, actor, token, signed_payload(inspection, target, newest))

    tx.session.add(Signature(record_id=record_id, inspector_id=person.id, token=token, signed_at=tx.now))
    await tx.session.flush()  # counted below
    if not await is_complete(tx, inspection, newest):
        return False

    facts = {
        "inspection": inspection.number,
        "object": b64u_encode(target.object_leaf or b""),
        "version": newest.version,
        "record": b64u_encode(newest.digest),
        "signatures": inspection.team_size,
        "rules": ["R-DR-05", "R-DR-09"],
    }
    await record(tx, actor, "inspection.recorded", facts, subject=inspection.id, visibility="public")
    if await count_complete(tx, inspection) == await _objects(tx, inspection):
        await _finish(tx, inspection)
    return True


async def _finish(tx: Tx, inspection: Inspection) -> None:
    law = await law_of(tx, REGIME, inspection.created_at)
    inspection.finished_on = legal_date(tx.now)
    inspection.publish_by = law.forward("inspection_publish", inspection.finished_on).date
    inspection.publish_basis = cite(law.row("inspection_publish").basis)
    advance(inspection, "complete")


async def list_assignments(tx: Tx, inspection_id: uuid.UUID) -> list[Assignment]:
    """Return the teams in the order of the draw."""
    query = select(Assignment).where(Assignment.inspection_id == inspection_id)
    return list((await tx.session.execute(query.order_by(Assignment.object_no, Assignment.place))).scalars())


async def count_complete(tx: Tx, inspection: Inspection) -> int:
    """Return how many objects have a record that the whole team has signed.

    A version that all have signed is the newest: none can follow it.
    """
    signed = (
        select(Record.target_id)
        .join(Signature, Signature.record_id == Record.id)
        .where(Record.inspection_id == inspection.id)
        .group_by(Record.id, Record.target_id)
        .having(func.count() >= inspection.team_size)
        .subquery()
    )
    return (await tx.session.execute(select(func.count()).select_from(signed))).scalar_one()


async def _objects(tx: Tx, inspection: Inspection) -> int:
    query = select(func.count()).where(Target.inspection_id == inspection.id, Target.drawn_no.is_not(None))
    return (await tx.session.execute(query)).scalar_one()


async def is_complete(tx: Tx, inspection: Inspection, made: Record) -> bool:
    """Say whether the whole team has signed a record."""
    query = select(func.count()).where(Signature.record_id == made.id)
    return (await tx.session.execute(query)).scalar_one() >= inspection.team_size


async def _own_place(tx: Tx, actor: Actor, inspection: Inspection) -> Inspector:
    query = select(Inspector).where(Inspector.inspection_id == inspection.id, Inspector.account_id == actor.account_id)
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def _own_target(
    tx: Tx, actor: Actor, inspection_id: uuid.UUID, target_id: uuid.UUID
) -> tuple[Inspection, Inspector, Target]:
    """Lock the inspection and return the actor's place in it with an object that the actor has been assigned."""
    policy.require(actor, "inspection.record")
    inspection = await lock_inspection(tx, inspection_id)
    person = await _own_place(tx, actor, inspection)
    query = select(Assignment).where(
        Assignment.inspection_id == inspection.id,
        Assignment.target_id == target_id,
        Assignment.inspector_id == person.id,
    )
    if (await tx.session.execute(query)).first() is None:
        raise NotFound
    return inspection, person, await tx.session.get_one(Target, target_id)


async def _require_signature(tx: Tx, actor: Actor, token: str, expected: dict[str, Any]) -> None:
    provider = suite("intl-1")
    try:
        kid = jws.take_apart(token, RECORD_TYP, "ES256", frozenset({"kid"})).header["kid"]
        keys = {key.kid: key for key in await list_person_keys(tx, actor.account_id, purpose="sign")}
        if kid not in keys:
            raise VerificationFailed("签名所用的密钥没有登记在您名下。")
        key = provider.load_public(keys[kid].spki)
        payload = jws.verify(provider, token, RECORD_TYP, key, "ES256", frozenset({"kid"}))
    except CryptoError as error:
        raise VerificationFailed("签名不成立。") from error
    if payload != expected:
        raise VerificationFailed("签名的内容与检查记录不符。")


def _require_sound(draft: RecordDraft, items: set[str]) -> None:
    faults: list[tuple[str, str]] = []
    if draft.items.keys() != items or not set(draft.items.values()) <= {"ok", "issue"}:
        faults.append(("items", "请对每个抽查事项填写“未发现问题”或“发现问题”"))
    problem = "issue" in draft.items.values()
    if problem and draft.code is ResultCode.NO_PROBLEM:
        faults.append(("code", "有事项发现问题，结论不能是“未发现问题”"))
    if draft.code in WRONG and not draft.basis.strip():
        faults.append(("basis", "请写明所依据的条款"))
    if not draft.findings.strip() or len(draft.findings) > 10_000:
        faults.append(("findings", "检查情况不能为空，且不超过 10000 字"))
    if not draft.summary.strip() or len(draft.summary) > 500:
        faults.append(("summary", "公开的结果摘要不能为空，且不超过 500 字"))
    for at, piece in enumerate(draft.evidence):
        try:
            b64u_decode(piece.sha256, 32)
        except NotCanonical:
            faults.append((f"evidence/{at}", "证据指纹应为 SHA-256"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
