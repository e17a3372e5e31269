"""Objections and their answers: append-only, but for the withdrawal.

Who objected before the opening tells who holds the documents, which stays secret until the award is decided (R-ANN-05):
migration hides the rows from the login of supervision until the lot is unsealed.
"""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Objection(Base):
    """An objection of a bidder or another interested party. `id` does not tell when it came."""

    __tablename__ = "trading_objection"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    subject: Mapped[str]
    raiser_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    interest: Mapped[str]
    text: Mapped[str]
    request: Mapped[str]
    raised_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ObjectionAnswer(Base):
    """The answer of the procuring entity: one, public, never changed."""

    __tablename__ = "trading_objection_answer"

    objection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_objection.id"), primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    no: Mapped[int]
    objection_text: Mapped[str]
    outcome: Mapped[str]
    text: Mapped[str]
    affects_bids: Mapped[bool]
    late: Mapped[bool]
    answered_by: Mapped[uuid.UUID]
    answered_at: Mapped[datetime]
