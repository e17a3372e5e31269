"""Who may take part: invitations, and prequalification with its applications."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Invitation(Base):
    """Whom a lot invites, why it may, and who approved; append-only, the newest row holds.

    `invitees` is a list of `{uscc, name}`; it is never published before the opening (R-ANN-05).
    """

    __tablename__ = "trading_invitation"
    __table_args__ = (UniqueConstraint("lot_id", "no"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    no: Mapped[int]
    ground: Mapped[str]
    reason: Mapped[str]
    approved_by: Mapped[str]
    approval_no: Mapped[str]
    invitees: Mapped[list[Any]]
    decided_by: Mapped[uuid.UUID]
    decided_at: Mapped[datetime]


class Prequalification(Base):
    """The dates of a lot's prequalification; `concluded_at` is when its result was published."""

    __tablename__ = "trading_prequalification"

    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), primary_key=True)
    documents_from: Mapped[datetime]
    documents_to: Mapped[datetime]
    deadline: Mapped[datetime]
    review_method: Mapped[str]
    announced_at: Mapped[datetime]
    concluded_at: Mapped[datetime | None]


class Application(Base):
    """A firm's application; `files` is a list of `{name, file, sha256, size}`. Replaced until the deadline."""

    __tablename__ = "trading_application"
    __table_args__ = (UniqueConstraint("lot_id", "organisation_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    organisation_name: Mapped[str]
    statement: Mapped[str]
    files: Mapped[list[Any]]
    submitted_by: Mapped[uuid.UUID]
    submitted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    passed: Mapped[bool | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
