"""Close, release, shares, the steps of opening, the reading-out table, the record."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Close(Base):
    """The close list: which revisions count. Its root is public at once, the list at the opening. Append-only."""

    __tablename__ = "bidding_close"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    items: Mapped[list[Any]]
    root: Mapped[bytes]
    entry_id: Mapped[int]
    closed_at: Mapped[datetime]


class Opening(Base):
    """How far a lot's opening has come. Holds nothing that counts bids: it is shown to everybody.

    `step` is the one that runs, from 1; `begun_at` is when the second began. What the first came to is `FirstOpening`.

    `reading` is the reading-out table as the log's `bid.opened` digests it; it is written when it becomes public.
    """

    __tablename__ = "bidding_opening"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    keyset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_keyset.id"))
    stage: Mapped[str]
    step: Mapped[int]
    begun_at: Mapped[datetime | None]
    closed_at: Mapped[datetime]
    deadline_size: Mapped[int | None]
    window_until: Mapped[datetime]
    window_closed_at: Mapped[datetime | None]
    window_entry_id: Mapped[int | None]
    window_jws: Mapped[str | None]
    emergency_reason: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    opened_entry_id: Mapped[int | None]
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class FirstOpening(Base):
    """What the first of two openings came to: its window and what was read out, without prices. Append-only."""

    __tablename__ = "bidding_first_opening"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    window_until: Mapped[datetime]
    window_closed_at: Mapped[datetime | None]
    window_entry_id: Mapped[int | None]
    window_jws: Mapped[str | None]
    emergency_reason: Mapped[str | None]
    opened_at: Mapped[datetime]
    opened_entry_id: Mapped[int]
    reading: Mapped[dict[str, Any]]


class TechnicalResult(Base):
    """Who passed the technical evaluation, so that the second envelope may be opened, and who did not. Append-only."""

    __tablename__ = "bidding_technical_result"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    verdicts: Mapped[list[Any]]
    concluded_by: Mapped[uuid.UUID]
    concluded_at: Mapped[datetime]
    entry_id: Mapped[int]


class Release(Base):
    """A bidder's secret of one slot, checked against its commitment. Append-only."""

    __tablename__ = "bidding_release"

    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    secret: Mapped[bytes]
    jws: Mapped[str]
    entry_id: Mapped[int]
    released_at: Mapped[datetime]


class EmergencyKey(Base):
    """A file key that its bidder gave directly after a supervisor's logged decision (crypto.md §3.8). Append-only."""

    __tablename__ = "bidding_emergency_key"

    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    file_key: Mapped[bytes]
    jws: Mapped[str]
    entry_id: Mapped[int]
    released_at: Mapped[datetime]


class ShareBatch(Base):
    """All shares of one trustee for one step of a lot's opening, in one signed message. Append-only."""

    __tablename__ = "bidding_share_batch"

    keyset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_keyset.id"), primary_key=True)
    i: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    jws: Mapped[str]
    entry_id: Mapped[int]
    posted_at: Mapped[datetime]


class Share(Base):
    """One checked share of one envelope. Append-only."""

    __tablename__ = "bidding_share"

    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    i: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    share: Mapped[bytes]


class OpeningStep(Base):
    """The result of one step for one document. Append-only: what is done once is not done again."""

    __tablename__ = "bidding_step"

    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    outcome: Mapped[str]
    code: Mapped[str]
    file_key: Mapped[bytes | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))
    digest: Mapped[bytes | None]
    size: Mapped[int | None]
    done_at: Mapped[datetime]


class OpenedBid(Base):
    """A line of the reading-out table. Append-only."""

    __tablename__ = "bidding_opened_bid"

    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    no: Mapped[int]
    bidder_name: Mapped[str]
    form: Mapped[dict[str, Any]]
    price_fen: Mapped[int]


class Record(Base):
    """The opening record: its JSON twin, and the sealed PDF once a job has made it; `fault` says why there is none."""

    __tablename__ = "bidding_record"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    content: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
    entry_id: Mapped[int]
    confirmed_by: Mapped[uuid.UUID]
    confirmed_at: Mapped[datetime]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))
    fault: Mapped[str | None]
