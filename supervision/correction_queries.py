"""Reads of ordered corrections."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from kernel.db.transaction import Tx
from supervision.models import Correction, Target
from supervision.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """An ordered correction; `outcome`, `finding` and `checked_at` are empty until it is checked."""

    id: uuid.UUID
    target_id: uuid.UUID
    unit: str
    name: str
    demand: str
    due: date
    ordered_at: datetime
    outcome: Outcome | None
    finding: str
    checked_at: datetime | None


async def list_corrections(tx: Tx, inspection_id: uuid.UUID) -> list[CorrectionView]:
    """Return the corrections that were ordered after an inspection, in the order of the draw, then of time."""
    query = (
        select(Correction, Target)
        .join(Target, Target.id == Correction.target_id)
        .where(Correction.inspection_id == inspection_id)
        .order_by(Target.drawn_no, Correction.ordered_at, Correction.checked_at.nulls_last(), Correction.id)
    )
    return [
        CorrectionView(
            id=order.id,
            target_id=target.id,
            unit=target.unit,
            name=target.name,
            demand=order.demand,
            due=order.due,
            ordered_at=order.ordered_at,
            outcome=None if order.outcome is None else Outcome(order.outcome),
            finding=order.finding or "",
            checked_at=order.checked_at,
        )
        for order, target in await tx.session.execute(query)
    ]
