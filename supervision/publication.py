"""Act: publish the result of an inspection; what the public reads is a snapshot with its digest in the log.

Law: R-DR-08 (within 20 working days of the end of the inspection, except what law keeps closed), R-DR-09, R-DR-12.
"""

import uuid
from typing import Any

from sqlalchemy import select

from kernel.canonical import b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.drawbook.shelf import find_draw
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue
from kernel.periods import legal_date
from supervision.drafts import PublicationDraft
from supervision.freezing import list_inspectors, list_targets
from supervision.inspections import access_inspection, advance
from supervision.models import Inspection, Record, Target
from supervision.record_documents import newest_record
from supervision.records import list_assignments
from supervision.stages import INSPECTION
from supervision.vocabulary import RESULT_WORDS, ResultCode, Stage

#: Kind of the outbox row that makes the sealed paper.
PAPER = "supervision:make_paper"


async def publish(tx: Tx, actor: Actor, inspection_id: uuid.UUID, draft: PublicationDraft) -> dict[str, Any]:
    """Publish the results of a recorded inspection, object by object.

    Returns:
        The published document.
    Raises:
        MoveNotAllowed: not every object has a signed record, or it is published already.
        InvalidInput: no statement, or something is withheld that is no drawn object or names no article.
    Effects:
        the snapshot; entry `inspection.published`, public, which holds it; an outbox row for the sealed paper.
    Source:
        R-DR-08, R-DR-09
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    INSPECTION.move("publish", Stage(inspection.stage))
    drawn = [one for one in await list_targets(tx, inspection.id) if one.drawn_no is not None]
    unknown = sorted(set(draft.withheld) - {one.unit for one in drawn})
    if not draft.statement.strip() or unknown or not all(text.strip() for text in draft.withheld.values()):
        raise InvalidInput("请确认公开声明；依法不公开的对象须写明条款。", [("statement", "声明或条款缺失")])

    result = await _document(tx, inspection, drawn, draft.withheld)
    inspection.result = result
    inspection.published_at = tx.now
    advance(inspection, "publish")

    facts = {
        "inspection": inspection.number,
        "statement": draft.statement.strip(),
        "digest": b64u_encode(result_digest(result)),
        "result": result,
        "late": result["late"],
        "rules": ["R-DR-08", "R-DR-09"],
    }
    recorded = await record(tx, actor, "inspection.published", facts, subject=inspection.id, visibility="public")
    inspection.entry_id = recorded.entry_id
    await enqueue(tx, PAPER, {"inspection": str(inspection.id)}, key=f"{PAPER}:{inspection.id}")
    return result


def result_digest(result: dict[str, Any]) -> bytes:
    """Return the digest of a published document, as the log and the paper carry it."""
    return suite("intl-1").hash(jcs(result))


async def _document(tx: Tx, inspection: Inspection, drawn: list[Target], withheld: dict[str, str]) -> dict[str, Any]:
    assert inspection.target_draw_id is not None
    assert inspection.inspector_draw_id is not None
    assert inspection.finished_on is not None
    assert inspection.publish_by is not None
    draws = [await find_draw(tx, one) for one in (inspection.target_draw_id, inspection.inspector_draw_id)]
    certificates = {one.id: one.certificate for one in await list_inspectors(tx, inspection.id)}
    teams: dict[uuid.UUID, list[str]] = {}
    for row in await list_assignments(tx, inspection.id):
        if row.target_id is not None and row.inspector_id is not None:
            teams.setdefault(row.target_id, []).append(certificates[row.inspector_id])
    lines = []
    for target in drawn:
        made = await newest_record(tx, target.id)
        assert made is not None
        lines.append(_line(target, made, teams[target.id], withheld.get(target.unit, "")))
    return {
        "v": 1,
        "type": "inspection.result",
        "inspection": inspection.number,
        "title": inspection.title,
        "body": inspection.organisation,
        "departments": inspection.departments,
        "items": [{"code": one["code"], "name": one["name"], "basis": one["basis"]} for one in inspection.items],
        "draws": [
            {"number": one.number, "algo": one.spec["algo"], "spec": b64u_encode(one.spec_hash)} for one in draws
        ],
        "objects": await _count(tx, inspection.id),
        "results": lines,
        "finished_on": inspection.finished_on.isoformat(),
        "publish_by": inspection.publish_by.isoformat(),
        "published_at": format_time(tx.now),
        "late": legal_date(tx.now) > inspection.publish_by,
    }


def _line(target: Target, made: Record, team: list[str], withheld: str) -> dict[str, Any]:
    code = ResultCode(made.code)
    return {
        "no": target.drawn_no,
        "name": "" if withheld else target.name,
        "unit": "" if withheld else target.unit,
        "withheld": withheld,
        "credit": target.credit,
        "team": team,
        "code": code.value,
        "result": RESULT_WORDS[code],
        "summary": "" if withheld else made.summary,
        "basis": made.basis,
        "record": b64u_encode(made.digest),
    }


async def _count(tx: Tx, inspection_id: uuid.UUID) -> int:
    query = select(Target.id).where(Target.inspection_id == inspection_id)
    return len((await tx.session.execute(query)).all())


async def keep_paper(tx: Tx, inspection_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Note the sealed paper of a published inspection; the first one stays."""
    inspection = await tx.session.get_one(Inspection, inspection_id, with_for_update=True)
    if inspection.file_id is None:
        inspection.file_id = file_id
