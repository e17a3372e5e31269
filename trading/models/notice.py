"""What was published: snapshots that are superseded, never overwritten, and their sealed papers."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Notice(Base):
    """A published notice of a kind, in one version; append-only.

    `content` is the whole notice as data; page and PDF are made from it alone. `digest` is the SHA-256 of its canonical
    bytes, which the log entry carries. `audience` is `public` or, before the opening of an invited tender, `invited`.
    `words` is the text that searches look into, `search` its bigrams.
    """

    __tablename__ = "trading_notice"
    __table_args__ = (
        UniqueConstraint("lot_id", "kind", "version"),
        Index("ix_trading_notice_search", "search", postgresql_using="gin"),
        Index("ix_trading_notice_published_at_id", "published_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    kind: Mapped[str]
    version: Mapped[int]
    supersedes: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trading_notice.id"), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    region: Mapped[str]
    content: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
    audience: Mapped[str]
    published_at: Mapped[datetime]
    until: Mapped[datetime | None]
    entry_id: Mapped[int]
    words: Mapped[str]
    search: Mapped[Any] = mapped_column(TSVECTOR)


class Paper(Base):
    """The sealed PDF of a notice or award notice, made after the act by a job; `fault` says why there is none."""

    __tablename__ = "trading_paper"

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    kind: Mapped[str]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))
    digest: Mapped[bytes | None]
    fault: Mapped[str | None]
    made_at: Mapped[datetime]
