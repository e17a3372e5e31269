"""The tables of stored files, and of files that arrive in pieces."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class StoredFile(Base):
    """One immutable file; the object's key follows from the digest.

    `access` names who may read it: `public`, or a key of the owning package that its door understands.
    """

    __tablename__ = "kernel_file"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    size: Mapped[int]
    media_type: Mapped[str]
    name: Mapped[str]
    access: Mapped[str]
    subject: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]


class Arrival(Base):
    """A file that arrives in pieces; the row goes when it is whole. `leaves` is the pieces' digests, joined."""

    __tablename__ = "kernel_arrival"
    __table_args__ = (Index("ix_kernel_arrival_owner", "owner_id", "subject"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_organisation.id"))
    subject: Mapped[uuid.UUID]
    access: Mapped[str]
    name: Mapped[str]
    size: Mapped[int]
    leaves: Mapped[bytes]
    begun_at: Mapped[datetime]


class ArrivalPiece(Base):
    """A piece that is here."""

    __tablename__ = "kernel_arrival_piece"

    arrival_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kernel_arrival.id", ondelete="CASCADE"), primary_key=True)
    j: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
