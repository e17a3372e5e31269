"""Projects and their lots."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Project(Base):
    """A tender project: who buys, under which law, with whose money.

    `number` is the human number, given once and never reused. The names of the parties are kept beside their ids,
    because what was registered does not change when an organisation is renamed. `provenance` tells facts of a source
    from inventions in a demonstration; it is empty in production.
    """

    __tablename__ = "trading_project"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    regime: Mapped[str]
    kind: Mapped[str]
    method: Mapped[str]
    region: Mapped[str]
    procuring_entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    procuring_entity_name: Mapped[str]
    agency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    agency_name: Mapped[str]
    entrustment: Mapped[dict[str, Any]]
    funds: Mapped[dict[str, Any]]
    approval: Mapped[str]
    supervising_body: Mapped[str]
    contacts: Mapped[list[Any]]
    provenance: Mapped[dict[str, Any]]
    registered_by: Mapped[uuid.UUID]
    registered_at: Mapped[datetime]


class Entrustment(Base):
    """A procuring entity entrusts an agency with a project; the agency acts while it is accepted and not ended."""

    __tablename__ = "trading_entrustment"

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_project.id"), primary_key=True)
    agency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    offered_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    accepted: Mapped[bool | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    end_reason: Mapped[str | None]

    @property
    def in_force(self) -> bool:
        """Whether the agency may act."""
        return self.accepted is True and self.ended_at is None


class Lot(Base):
    """A lot: what is bought, by which criteria, and where its procedure stands.

    `stage` has one writer, `trading.progress`. What merely follows from the clock is not stored: a lot is open for bids
    while its notice is published and the deadline has not come. `came_from` is the stage before a suspension.
    """

    __tablename__ = "trading_lot"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_trading_lot_deadline", "deadline", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_project.id"))
    number: Mapped[str]
    title: Mapped[str]
    stage: Mapped[str]
    stage_since: Mapped[datetime]
    came_from: Mapped[str | None]
    scope: Mapped[dict[str, Any]]
    qualifications: Mapped[list[Any]]
    consortium_allowed: Mapped[bool]
    agents_allowed: Mapped[bool]
    price_cap_fen: Mapped[int | None]
    estimate_fen: Mapped[int | None]
    bid_bond_fen: Mapped[int | None]
    criteria: Mapped[list[Any]]
    review_items: Mapped[list[Any]]
    price_method: Mapped[dict[str, Any]]
    procedure: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]
    registered_at: Mapped[datetime]
    documents_from: Mapped[datetime | None]
    documents_to: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    opening_at: Mapped[datetime | None]
    keyset: Mapped[str | None]
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    failed_reason: Mapped[str | None]


class Retender(Base):
    """A failed lot goes on as a new one. Append-only."""

    __tablename__ = "trading_retender"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    successor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), unique=True)
    decided_by: Mapped[uuid.UUID]
    decided_at: Mapped[datetime]
    entry_id: Mapped[int]
