"""The evaluation report as it was handed down, its candidates, the award, its notice, the contract: all append-only."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Report(Base):
    """The committee's report: a snapshot, one per lot."""

    __tablename__ = "trading_report"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), unique=True)
    method: Mapped[str]
    rejected: Mapped[list[Any]]
    digest: Mapped[str]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))
    signed_at: Mapped[datetime]
    received_at: Mapped[datetime]


class RankedBid(Base):
    """A bid in the report. `bid_id` has no foreign key: the arrow would point up the ladder; a test compares."""

    __tablename__ = "trading_ranked_bid"
    __table_args__ = (
        UniqueConstraint("lot_id", "bid_id"),
        # Only one bid of a lot is first: the award takes rank one (R-AWD-02).
        Index("uq_trading_ranked_bid_first", "lot_id", unique=True, postgresql_where=text("rank = 1")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_report.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    bid_id: Mapped[uuid.UUID]
    bidder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    bidder_name: Mapped[str]
    price_fen: Mapped[int]
    score: Mapped[str]
    rank: Mapped[int | None]
    details: Mapped[dict[str, Any]]


class Award(Base):
    """The decision: one per lot, and always one of the report's candidates."""

    __tablename__ = "trading_award"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), unique=True)
    ranked_bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_ranked_bid.id"))
    bid_id: Mapped[uuid.UUID]
    bidder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    bidder_name: Mapped[str]
    price_fen: Mapped[int]
    reason: Mapped[str]
    decided_by: Mapped[uuid.UUID]
    decided_at: Mapped[datetime]


class AwardNotice(Base):
    """中标通知书: what the winner gets; page and PDF are made from `content`."""

    __tablename__ = "trading_award_notice"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), unique=True)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_award.id"), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    content: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
    issued_at: Mapped[datetime]
    entry_id: Mapped[int]


class Contract(Base):
    """The contract that the procuring entity and the winner have signed: one per lot.

    `due_on` is the last day of the limit for signing it; a later signing has a reason.
    """

    __tablename__ = "trading_contract"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_award.id"), unique=True)
    number: Mapped[str]
    signed_on: Mapped[date]
    amount_fen: Mapped[int]
    term: Mapped[str]
    summary: Mapped[str]
    performance_bond_fen: Mapped[int]
    due_on: Mapped[date]
    late_reason: Mapped[str]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kernel_file.id"))
    digest: Mapped[bytes]
    concluded_by: Mapped[uuid.UUID]
    concluded_at: Mapped[datetime]
    entry_id: Mapped[int]
