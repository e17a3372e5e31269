"""Tables of outgoing documents: each use of a seal, and uses that wait for a second person."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class SealUse(Base):
    """One use of an organisation's seal; append-only. The document is found by what it is the paper of, or by digest.

    `sealed` rows are hidden from oversight until the matter is unsealed, as the log's entries are.
    """

    __tablename__ = "kernel_seal_use"
    __table_args__ = (UniqueConstraint("subject", "kind"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    subject: Mapped[uuid.UUID]
    kind: Mapped[str]
    number: Mapped[str]
    name: Mapped[str]
    size: Mapped[int]
    matter: Mapped[uuid.UUID | None] = mapped_column(index=True)
    signer: Mapped[str]
    uscc: Mapped[str] = mapped_column(index=True)
    certificate: Mapped[bytes]
    visibility: Mapped[str]
    entry_id: Mapped[int] = mapped_column(unique=True)
    used_at: Mapped[datetime]


class SealRequest(Base):
    """A use of a seal that waits, or waited, for a second person of the organisation whose seal it is."""

    __tablename__ = "kernel_seal_request"

    subject: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    title: Mapped[str]
    matter: Mapped[uuid.UUID | None]
    signer: Mapped[str]
    uscc: Mapped[str] = mapped_column(index=True)
    asked_by: Mapped[list[str]]
    job: Mapped[str]
    payload: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[uuid.UUID | None]
    confirmed_at: Mapped[datetime | None]
