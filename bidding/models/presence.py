"""Who is present at an opening and who signs its record. Append-only: who came, came; what is signed, is signed."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Presence(Base):
    """A person who has checked in to an opening; `bid_id` is the bid for which a bidder came, None for all others."""

    __tablename__ = "bidding_presence"
    __table_args__ = (UniqueConstraint("lot_id", "account_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    capacity: Mapped[str]
    bid_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bidding_bid.id"))
    came_at: Mapped[datetime]
    entry_id: Mapped[int]


class Signature(Base):
    """A signature under a draft of the opening record: of which draft, as agreed or with an objection."""

    __tablename__ = "bidding_signature"
    __table_args__ = (UniqueConstraint("lot_id", "account_id", "draft"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    capacity: Mapped[str]
    bid_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bidding_bid.id"))
    draft: Mapped[bytes]
    stance: Mapped[str]
    remark: Mapped[str]
    jws: Mapped[str]
    signed_at: Mapped[datetime]
    entry_id: Mapped[int]
