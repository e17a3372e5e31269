"""Acts after a problem was found: order its correction, check what came of it.

Law: 行政处罚法 28 (whoever punishes orders the unlawful act corrected, within a time), R-DR-09, R-DR-14.
"""

import uuid

from sqlalchemy import select

from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.periods import legal_date
from supervision.drafts import CheckDraft, CorrectionDraft
from supervision.inspections import access_inspection
from supervision.models import Correction, Inspection, Target
from supervision.record_documents import newest_record
from supervision.records import is_complete
from supervision.vocabulary import WRONG, ResultCode

MOST_WORDS = 1000


async def order_correction(
    tx: Tx, actor: Actor, inspection_id: uuid.UUID, target_id: uuid.UUID, draft: CorrectionDraft
) -> uuid.UUID:
    """Order an inspected party to correct what was found, by a day.

    Returns:
        The order's id.
    Raises:
        NotFound: no drawn object of an own inspection.
        Conflict: no signed record says that something is wrong, or an order is open already.
        InvalidInput: nothing is demanded, or the day is past.
    Effects:
        `supervision_correction`; entry `inspection.correction-ordered`, public, which names the object by its leaf and
        commits to the words of the order.
    Source:
        R-DR-09, R-DR-14
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    target = await _drawn(tx, inspection, target_id)
    made = await newest_record(tx, target.id)
    if made is None or not await is_complete(tx, inspection, made) or ResultCode(made.code) not in WRONG:
        raise Conflict("只有全组签名的记录认定存在问题，才能责令整改。")
    if await _open_order(tx, target.id) is not None:
        raise Conflict("该对象有一项整改尚未复查，复查后才能再次责令整改。")
    _require_sound(draft, tx)

    order = Correction(
        id=tx.new_id(),
        inspection_id=inspection.id,
        target_id=target.id,
        demand=draft.demand.strip(),
        due=draft.due,
        ordered_by=actor.account_id,
        ordered_at=tx.now,
        outcome=None,
        finding=None,
        checked_by=None,
        checked_at=None,
    )
    tx.session.add(order)
    await tx.session.flush()  # a second open order is refused here

    facts = {
        "inspection": inspection.number,
        "correction": str(order.id),
        "object": b64u_encode(target.object_leaf or b""),
        "due": draft.due.isoformat(),
        "demand": _digest(order.demand),
        "rules": ["R-DR-09", "R-DR-14"],
    }
    await record(tx, actor, "inspection.correction-ordered", facts, subject=inspection.id, visibility="public")
    return order.id


async def check_correction(
    tx: Tx, actor: Actor, inspection_id: uuid.UUID, correction_id: uuid.UUID, draft: CheckDraft
) -> None:
    """Write down what came of an ordered correction.

    Raises:
        NotFound: no such order of an own inspection.
        Conflict: it is checked already.
        InvalidInput: no words on what was found.
    Effects:
        entry `inspection.correction-checked`, public.
    Source:
        R-DR-14
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    query = select(Correction).where(Correction.id == correction_id, Correction.inspection_id == inspection.id)
    order = (await tx.session.execute(query.with_for_update())).scalar_one_or_none()
    if order is None:
        raise NotFound
    if order.outcome is not None:
        raise Conflict("这项整改已经复查。")
    if not draft.finding.strip() or len(draft.finding) > MOST_WORDS:
        raise InvalidInput("请写明复查情况。", [("finding", f"复查情况不能为空，且不超过 {MOST_WORDS} 字")])

    order.outcome, order.finding = draft.outcome.value, draft.finding.strip()
    order.checked_by, order.checked_at = actor.account_id, tx.now

    facts = {
        "inspection": inspection.number,
        "correction": str(order.id),
        "outcome": order.outcome,
        "finding": _digest(order.finding),
        "late": legal_date(tx.now) > order.due,
        "rules": ["R-DR-14"],
    }
    await record(tx, actor, "inspection.correction-checked", facts, subject=inspection.id, visibility="public")


def _require_sound(draft: CorrectionDraft, tx: Tx) -> None:
    faults = []
    if not draft.demand.strip() or len(draft.demand) > MOST_WORDS:
        faults.append(("demand", f"整改要求不能为空，且不超过 {MOST_WORDS} 字"))
    if draft.due < legal_date(tx.now):
        faults.append(("due", "整改期限不能早于今天"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)


def _digest(words: str) -> str:
    return b64u_encode(suite("intl-1").hash(words.encode()))


async def _drawn(tx: Tx, inspection: Inspection, target_id: uuid.UUID) -> Target:
    target = await tx.session.get(Target, target_id)
    if target is None or target.inspection_id != inspection.id or target.drawn_no is None:
        raise NotFound
    return target


async def _open_order(tx: Tx, target_id: uuid.UUID) -> uuid.UUID | None:
    query = select(Correction.id).where(Correction.target_id == target_id, Correction.outcome.is_(None))
    return (await tx.session.execute(query)).scalar_one_or_none()
