"""Objections to an opening and their answers. Both append-only: what was said on the spot stays as it was said."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class OpeningObjection(Base):
    """What a bidder objects to in the opening, said between the reading out and the record's confirmation."""

    __tablename__ = "bidding_opening_objection"
    __table_args__ = (UniqueConstraint("lot_id", "no"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    no: Mapped[int]
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"))
    raiser_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    text: Mapped[str]
    raised_by: Mapped[uuid.UUID]
    raised_at: Mapped[datetime]
    entry_id: Mapped[int]


class OpeningAnswer(Base):
    """The procuring entity's answer on the spot: one, public, never changed."""

    __tablename__ = "bidding_opening_answer"

    objection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_opening_objection.id"), primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    outcome: Mapped[str]
    text: Mapped[str]
    answered_by: Mapped[uuid.UUID]
    answered_at: Mapped[datetime]
    entry_id: Mapped[int]
