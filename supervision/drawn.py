"""Which draws of inspections concern somebody: for the case of a lot."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from kernel.db.transaction import Tx
from supervision.models import Inspection, Target


async def list_draws_of_targets(tx: Tx, units: Collection[str], *, since: datetime) -> list[uuid.UUID]:
    """Return the draws of published inspections whose frozen list holds one of these units, oldest first.

    Args:
        units: credit codes of organisations, numbers of lots.
        since: only inspections planned from this instant on.
    """
    query = (
        select(Inspection.target_draw_id, Inspection.inspector_draw_id)
        .where(Inspection.published_at.is_not(None), Inspection.created_at >= since)
        .where(Inspection.id.in_(select(Target.inspection_id).where(Target.unit.in_(units))))
        .order_by(Inspection.created_at, Inspection.id)
    )
    rows = await tx.session.execute(query)
    return [draw_id for row in rows for draw_id in row if draw_id is not None]
