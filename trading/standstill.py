"""A lot stands still while an objection is open, and goes on with the last answer; its deadline moves with the pause.

Law: R-TIME-08, R-TIME-17 (条例 22, 54), R-TIME-04. Called by the acts of `trading.objections`, which hold the lot.
"""

import uuid
from datetime import datetime

from sqlalchemy import func, select, text

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import RuleBroken
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record
from kernel.parameters.law import Law
from trading.findings import Finding, moment_in_print
from trading.holders import Holders
from trading.models.objection import Objection, ObjectionAnswer
from trading.models.project import Lot, Project
from trading.notices import postpone
from trading.objection_rules import resumed_deadline
from trading.progress import advance_by_system
from trading.vocabulary import Limit, ObjectionSubject, Stage

_PAUSES = {
    ObjectionSubject.DOCUMENTS: ("pause_for_document_objection", Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS),
    ObjectionSubject.RESULT: ("pause_for_result_objection", Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT),
}


async def pause(tx: Tx, lot: Lot, subject: ObjectionSubject, answer_by: datetime) -> None:
    """Let the lot stand still, unless it does already for an earlier objection.

    Effects:
        the lot's stage; entry `lot.paused`, public.
    """
    act, running, _ = _PAUSES[subject]
    if lot.stage != running:
        return
    source = await advance_by_system(tx, lot, act)
    facts = {"subject": subject.value, "answer_by": format_time(answer_by), "rules": source.split()}
    await record(tx, system_actor(), "lot.paused", facts, subject=lot.id, visibility="public")
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})


async def resume(tx: Tx, lot: Lot, subject: ObjectionSubject) -> str | None:
    """Let the lot go on if nothing is open any more; return the rules of the step, None if it stays as it is."""
    paused = _PAUSES[subject][2]
    if lot.stage != paused or await _count_open(tx, lot.id, subject):
        return None
    act = "answer_document_objection" if subject is ObjectionSubject.DOCUMENTS else "answer_result_objection"
    source = await advance_by_system(tx, lot, act)
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})
    return source


def takes_bids(lot: Lot, now: datetime) -> bool:
    """Say whether the bid deadline may still move: after it bids are closed, whoever has closed them yet or not."""
    return lot.stage == Stage.NOTICE_PUBLISHED and lot.deadline is not None and now < lot.deadline


async def give_time(
    tx: Tx,
    actor: Actor,
    holders: Holders,
    lot: Lot,
    project: Project,
    law: Law,
    paused_at: datetime,
    now: datetime,
    wished: datetime | None,
) -> None:
    """Move the bid deadline by the pause, and so far that an answer that affects bids leaves its interval."""
    assert lot.deadline is not None
    affecting = select(func.count()).where(
        ObjectionAnswer.lot_id == lot.id, ObjectionAnswer.answered_at >= paused_at, ObjectionAnswer.affects_bids
    )
    affects = bool((await tx.session.execute(affecting)).scalar_one())
    earliest = resumed_deadline(lot.deadline, paused_at, now, law, affects_bids=affects)
    if wished is not None:
        _require_not_earlier(wished, earliest, law)
    deadline = wished or earliest
    if deadline > lot.deadline:
        reason = "答复对招标文件的异议期间暂停招标投标活动，暂停期间不计入编制投标文件的时间。"
        await postpone(tx, actor, holders, lot, project, deadline, reason, ("R-TIME-08", "R-TIME-04"))


def _require_not_earlier(wished: datetime, earliest: datetime, law: Law) -> None:
    if wished.tzinfo is not None and wished >= earliest:
        return
    row = law.row(Limit.CLARIFICATION)
    finding = Finding(
        rule=row.rules[0],
        article=row.article,
        field="deadline",
        message=f"新的投标截止时间不得早于{moment_in_print(earliest)}。",
        actual=moment_in_print(wished) if wished.tzinfo else str(wished),
        required=f"不早于{moment_in_print(earliest)}",
        earliest=earliest,
    )
    raise RuleBroken(f"{finding.message}（{finding.article}）", [finding.described()], rule=finding.rule)


async def _count_open(tx: Tx, lot_id: uuid.UUID, subject: ObjectionSubject) -> int:
    query = (
        select(func.count())
        .select_from(Objection)
        .outerjoin(ObjectionAnswer, ObjectionAnswer.objection_id == Objection.id)
        .where(Objection.lot_id == lot_id, Objection.subject == subject.value)
        .where(Objection.withdrawn_at.is_(None), ObjectionAnswer.objection_id.is_(None))
    )
    return int((await tx.session.execute(query)).scalar_one())
