"""Tender documents: files by digest, drafts until a notice or clarification issues them."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Document(Base):
    """One version of one document of a lot. What was issued stays; a later version supersedes it."""

    __tablename__ = "trading_document"
    __table_args__ = (UniqueConstraint("lot_id", "name", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    name: Mapped[str]
    version: Mapped[int]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kernel_file.id"))
    digest: Mapped[bytes]
    size: Mapped[int]
    media_type: Mapped[str]
    uploaded_by: Mapped[uuid.UUID]
    uploaded_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    purpose: Mapped[str]
