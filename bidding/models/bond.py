"""Bid bonds as bidders declare them, and what became of each.

Who paid tells who bids: rows are hidden from supervision until the lot is unsealed, and no query gives them to the
buyer before the opening (R-ANN-05).
"""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Bond(Base):
    """One declaration of a bidder's bond; the newest of a bidder holds. Append-only.

    `payer_account` is encrypted, `payer_mac` is equal for equal accounts.
    """

    __tablename__ = "bidding_bond"
    __table_args__ = (UniqueConstraint("interest_id", "rev"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    interest_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_interest.id"))
    rev: Mapped[int]
    form: Mapped[str]
    amount_fen: Mapped[int]
    payer_name: Mapped[str]
    payer_account: Mapped[bytes | None]
    payer_mac: Mapped[bytes | None]
    payer_tail: Mapped[str]
    from_basic_account: Mapped[bool]
    issuer: Mapped[str]
    reference: Mapped[str]
    valid_until: Mapped[date]
    declared_at: Mapped[datetime]


class BondReturn(Base):
    """A bond was returned with its interest, or kept with the article that allows it. Append-only."""

    __tablename__ = "bidding_bond_return"

    bond_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bond.id"), primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    kind: Mapped[str]
    on: Mapped[date]
    interest_fen: Mapped[int]
    reference: Mapped[str]
    reason: Mapped[str]
    late: Mapped[bool]
    recorded_by: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
