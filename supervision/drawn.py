"""The draws of published inspections, for those who verify them."""

import uuid
from datetime import datetime

from sqlalchemy import select

from kernel.db.transaction import Tx
from supervision.models import Inspection


async def list_draws_of_inspections(tx: Tx, *, since: datetime, until: datetime) -> list[uuid.UUID]:
    """Return both draws of each published inspection that was planned in this time, oldest first."""
    query = (
        select(Inspection.target_draw_id, Inspection.inspector_draw_id)
        .where(Inspection.published_at.is_not(None), Inspection.created_at >= since, Inspection.created_at < until)
        .order_by(Inspection.created_at, Inspection.id)
    )
    rows = await tx.session.execute(query)
    return [draw_id for row in rows for draw_id in row if draw_id is not None]
