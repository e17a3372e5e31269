"""Acts that higher packages bring about in a lot: keyset ready, closed, opened, failed, committee, evaluation.

The higher package asks who may and writes its own entry; here the row is locked, the table is asked, and the facts that
belong to the lot are kept.
"""

import uuid

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading import queries
from trading.due_lots import PAUSED
from trading.lot_view import LotView
from trading.models.project import Lot
from trading.progress import advance_by_system
from trading.vocabulary import Stage


async def lock_lot(tx: Tx, lot_id: uuid.UUID) -> LotView:
    """Hold a lot for oneself until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return await queries.lock_lot_row(tx, lot_id, "UPDATE")


async def lock_lot_for_bidding(tx: Tx, lot_id: uuid.UUID) -> LotView:
    """Hold a lot open for bids: many at a time, while nobody may close it.

    The caller asks `await tx.instant()` after this returns and compares it with the deadline: a late waiter is refused
    by the lock, not by luck.

    Raises:
        NotFound: there is none, or its notice is not out.
        Conflict: bidding is closed, stands still or has ended.
    """
    lot = await queries.lock_lot_row(tx, lot_id, "SHARE")
    if lot.published_at is None:
        raise NotFound
    if lot.stage is Stage.PAUSED_DOCUMENTS:
        raise Conflict(PAUSED, stage=lot.stage.value)
    if lot.stage is not Stage.NOTICE_PUBLISHED:
        raise Conflict("本标段现在不接收投标文件。", stage=lot.stage.value)
    return lot


async def set_keyset_ready(tx: Tx, lot_id: uuid.UUID, ks: str) -> None:
    """Note which keyset bids are sealed to, once its trustees have accepted; only before the notice.

    Raises:
        Conflict: the notice is out; a new keyset would mean sealing every bid again (crypto.md §3.3).
    """
    lot = await _locked(tx, lot_id)
    if lot.published_at is not None:
        raise Conflict("招标公告已发布，不能更换开标密钥。")
    lot.keyset = ks
    await tx.session.flush()  # views are read by SQL


async def mark_closed(tx: Tx, lot_id: uuid.UUID) -> None:
    """Close bidding: from here on no bid changes.

    Raises:
        TooEarly: the deadline has not come.
    """
    lot = await _locked(tx, lot_id)
    now = await tx.instant()
    if lot.deadline is None or now < lot.deadline:
        raise TooEarly("投标截止时间未到。")
    await advance_by_system(tx, lot, "close_bidding")
    lot.closed_at = now
    await tx.session.flush()  # views are read by SQL


async def mark_opened(tx: Tx, lot_id: uuid.UUID) -> None:
    """Note that the opening record is signed."""
    lot = await _locked(tx, lot_id)
    await advance_by_system(tx, lot, "open_bids")
    lot.opened_at = tx.now
    await tx.session.flush()  # views are read by SQL


async def declare_failed(tx: Tx, actor: Actor, lot_id: uuid.UUID, reason: str) -> None:
    """End a lot without a winner (流标).

    Args:
        reason: one Chinese sentence for the public.

    Effects:
        entry `lot.failed`, public.
    Source:
        R-FAIL-01 to R-FAIL-08
    """
    lot = await _locked(tx, lot_id)
    rules = await advance_by_system(tx, lot, "declare_failed")
    lot.failed_reason = reason
    facts = {"reason": reason, "rules": rules.split()}
    await record(tx, actor, "lot.failed", facts, subject=lot_id, visibility="public")


async def mark_committee_ready(tx: Tx, lot_id: uuid.UUID) -> None:
    """Note that the committee is complete."""
    await advance_by_system(tx, await _locked(tx, lot_id), "confirm_committee")


async def mark_evaluating(tx: Tx, lot_id: uuid.UUID) -> None:
    """Note that the evaluation has begun."""
    await advance_by_system(tx, await _locked(tx, lot_id), "start_evaluation")


async def _locked(tx: Tx, lot_id: uuid.UUID) -> Lot:
    query = select(Lot).where(Lot.id == lot_id).with_for_update()
    lot = (await tx.session.execute(query)).scalar_one_or_none()
    if lot is None:
        raise NotFound
    return lot
