"""A consortium for one lot: what its members agree on, and what each has answered.

Who stands together tells who bids: rows are hidden from supervision until the lot is unsealed, and nobody but the
members sees them before the opening (R-ANN-05).
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Consortium(Base):
    """One agreement under a leader; a change is another row with the next number, and ends this one.

    `message` is exactly what each member signs, `agreement` the SHA-256 of the file, kept in the store by that name.
    """

    __tablename__ = "bidding_consortium"
    __table_args__ = (
        UniqueConstraint("lot_id", "leader_id", "no"),
        Index(
            "uq_bidding_consortium_live", "lot_id", "leader_id", unique=True, postgresql_where=text("state <> 'ended'")
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    leader_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    no: Mapped[int]
    state: Mapped[str]
    name: Mapped[str]
    message: Mapped[dict[str, Any]]
    digest: Mapped[bytes] = mapped_column(unique=True)
    agreement: Mapped[bytes]
    agreement_name: Mapped[str]
    agreement_size: Mapped[int]
    made_by: Mapped[uuid.UUID]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ConsortiumMember(Base):
    """A member's answer. `bound`: consented in a live consortium; a firm is bound once in a lot (条例 37)."""

    __tablename__ = "bidding_consortium_member"
    __table_args__ = (
        Index("uq_bidding_consortium_member_bound", "lot_id", "uscc", unique=True, postgresql_where=text("bound")),
        Index("ix_bidding_consortium_member_uscc", "uscc"),
    )

    consortium_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_consortium.id"), primary_key=True)
    uscc: Mapped[str] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    place: Mapped[int]
    name: Mapped[str]
    share: Mapped[int]
    work: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_organisation.id"))
    state: Mapped[str]
    bound: Mapped[bool]
    jws: Mapped[str | None]
    reason: Mapped[str]
    answered_at: Mapped[datetime | None]
