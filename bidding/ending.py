"""A tender that has ended opens nothing: what was handed in stays sealed, whatever the opening was just doing.

Law: R-TIME-24 (条例 31). The procuring entity may end a tender between the deadline and the opening; whoever takes a
step of the opening asks here first, and holds the lot while the answer counts.
"""

import uuid

from sqlalchemy import text

from bidding.closing import notify
from bidding.vocabulary import OpeningStage
from kernel.db.transaction import Tx
from kernel.errors import Conflict
from trading import facade as trading
from trading.vocabulary import Stage

_BEFORE = tuple(
    stage.value
    for stage in (OpeningStage.CLOSED, OpeningStage.RELEASING, OpeningStage.COMBINING, OpeningStage.FIRST_OPENED)
)


async def require_not_ended(tx: Tx, lot_id: uuid.UUID) -> None:
    """Refuse a key or a share for a tender that has ended.

    Raises:
        Conflict: it was terminated.
    """
    if await _hold_ended(tx, lot_id):
        raise Conflict("招标人已终止本标段的招标，投标文件不开启，保持密封（招标投标法实施条例第三十一条）。")


async def end_with_lot(tx: Tx, lot_id: uuid.UUID) -> bool:
    """End the opening of a tender that has ended; say whether it has.

    Effects:
        the opening's stage is FAILED, unless the bids were read out before.
    """
    if not await _hold_ended(tx, lot_id):
        return False
    await tx.session.execute(
        text("UPDATE bidding_opening SET stage = :failed WHERE lot_id = :lot AND stage = ANY(:before)"),
        {"failed": OpeningStage.FAILED.value, "lot": lot_id, "before": list(_BEFORE)},
    )
    await notify(tx, lot_id)
    return True


async def has_ended(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say whether a tender has ended, as far as one can see without holding it."""
    return (await trading.get_lot(tx, lot_id)).stage is Stage.TERMINATED


async def list_ended(tx: Tx) -> list[uuid.UUID]:
    """Return the lots that have ended while their opening goes on."""
    rows = await tx.session.execute(
        text(
            "SELECT o.lot_id FROM bidding_opening o JOIN trading_lot l ON l.id = o.lot_id"
            " WHERE l.stage = :ended AND o.stage = ANY(:before) ORDER BY o.lot_id"
        ),
        {"ended": Stage.TERMINATED.value, "before": list(_BEFORE)},
    )
    return list(rows.scalars())


async def _hold_ended(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say the same and hold the lot: it does not end beside the step that asks."""
    return (await trading.hold_due_lot(tx, lot_id)).stage is Stage.TERMINATED
