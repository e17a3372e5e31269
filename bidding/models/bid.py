"""The bid of one organisation for one lot: uploads, revisions, refusals."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Bid(Base):
    """One row per bidder and lot: the lock of its revisions, and where it stands. `id` is public after the opening.

    `hold` says that a consortium is concerned, and is empty for a firm that bids alone.
    """

    __tablename__ = "bidding_bid"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    interest_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_interest.id"), unique=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    state: Mapped[str]
    rev: Mapped[int]
    head: Mapped[bytes | None]
    fault: Mapped[str | None]
    hold: Mapped[str | None]


class Upload(Base):
    """The head of an envelope whose chunks are coming in. Without a submission it is nothing (R-ET-05)."""

    __tablename__ = "bidding_upload"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"), index=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    slot: Mapped[str]
    head: Mapped[bytes]
    head_digest: Mapped[bytes]
    chunk_bytes: Mapped[int]
    chunks: Mapped[int]


class Chunk(Base):
    """One sealed chunk: its leaf digest, and the random name of the object that holds it."""

    __tablename__ = "bidding_chunk"

    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_upload.id"), primary_key=True)
    j: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lot_id: Mapped[uuid.UUID]
    leaf: Mapped[bytes]
    object_name: Mapped[str] = mapped_column(unique=True)


class Submission(Base):
    """One accepted revision of a bid: a submission or a withdrawal, as the bidder signed it. Append-only."""

    __tablename__ = "bidding_submission"
    __table_args__ = (UniqueConstraint("bid_id", "rev"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_bid.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    kind: Mapped[str]
    rev: Mapped[int]
    prev: Mapped[bytes | None]
    digest: Mapped[bytes] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]
    jws: Mapped[str]
    receipt: Mapped[str]
    entry_id: Mapped[int] = mapped_column(unique=True)
    received_at: Mapped[datetime]


class Document(Base):
    """One envelope of a submission: the slot, the envelope's id, and the upload that holds its bytes. Append-only."""

    __tablename__ = "bidding_document"

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_submission.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID]
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_upload.id"))
    eid: Mapped[bytes] = mapped_column(index=True)
    chunks: Mapped[int]
    size: Mapped[int]


class Rejection(Base):
    """A refused submission with the platform's signed reason. Append-only."""

    __tablename__ = "bidding_rejection"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    digest: Mapped[bytes]
    reason: Mapped[str]
    jws: Mapped[str]
    entry_id: Mapped[int]
    received_at: Mapped[datetime]
