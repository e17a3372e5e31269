"""Evaluation sessions: reviews, scores, summary, report."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class EvaluationSession(Base):
    """The evaluation of a lot by its committee; `outcome` is the preliminary review's, `report` what members sign."""

    __tablename__ = "experts_session"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    committee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_committee.id"), unique=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    state: Mapped[str]
    chair_seat: Mapped[int | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    report_digest: Mapped[bytes | None]
    opened_at: Mapped[datetime]
    summarised_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))


class Review(Base):
    """A member's verdict on one bid against one item. Fixed once the member has locked (a trigger keeps it)."""

    __tablename__ = "experts_review"

    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_member.id"), primary_key=True)
    bid_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    reason: Mapped[str]


class Score(Base):
    """A member's points for one bid in one criterion. Fixed once the member has locked (a trigger keeps it)."""

    __tablename__ = "experts_score"

    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_member.id"), primary_key=True)
    bid_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    criterion: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))
