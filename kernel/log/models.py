"""Tables of the append-only log (crypto.md §5.2).

`audit_entry` and `log_*` take INSERTs only: grants and triggers of migration 0001 refuse the rest. The acts of the
portal write `audit_entry` and `audit_queue` in their own transaction; the sequencer alone writes `log_*`.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class AuditEntry(Base):
    """One entry: the leaf data, and beside it the detail with its own access control.

    `visibility` is `public` (entry and detail may be published), `parties` (those of the subject, later the public) or
    `restricted`. `subject` groups the entries of one matter.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "id"), Index("ix_audit_entry_type", "type", "id"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    data: Mapped[bytes]
    type: Mapped[str]
    detail: Mapped[dict[str, Any]]
    visibility: Mapped[str]
    subject: Mapped[uuid.UUID | None]
    at: Mapped[datetime]


class AuditQueue(Base):
    """Entries that the sequencer has not numbered yet."""

    __tablename__ = "audit_queue"

    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False)


class LogLeaf(Base):
    """The number that an entry got: gapless, from 0."""

    __tablename__ = "log_leaf"

    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    leaf: Mapped[bytes]


class LogTile(Base):
    """Up to 256 hashes of one level, in the layout of C2SP tlog-tiles."""

    __tablename__ = "log_tile"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]


class LogCheckpoint(Base):
    """A tree head; `note` is the signed and cosigned text once signer and witnesses have answered.

    `tst` is an outside authority's time stamp over the whole note, where one was asked for; set once.
    """

    __tablename__ = "log_checkpoint"
    __table_args__ = (
        Index("ix_log_checkpoint_at", "at"),
        Index("ix_log_checkpoint_stamped", "size", postgresql_where=text("tst IS NOT NULL")),
    )

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str | None]
    tst: Mapped[bytes | None]
    at: Mapped[datetime]
