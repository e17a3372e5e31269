"""Plans of dates, accepted and refused: each proposal is kept with what was found."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Plan(Base):
    """One proposal. The newest accepted one holds; its dates are copied to the lot."""

    __tablename__ = "trading_plan"
    __table_args__ = (UniqueConstraint("lot_id", "no"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    no: Mapped[int]
    dates: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    accepted: Mapped[bool]
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
