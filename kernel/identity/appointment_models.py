"""Tables of appointments: who may act for an organisation beside its licence holder."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from kernel.db.base import Base


class Appointment(Base):
    """A clerk's authorisation, signed by the organisation's licence; one live one per account.

    Only its end is written later.
    """

    __tablename__ = "identity_appointment"
    __table_args__ = (
        CheckConstraint("not_before < expires_at", name="order"),
        Index("uq_identity_appointment_live", "account_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    #: Names the key of the clerk's own certificate.
    kid: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[str]]
    #: None: every lot.
    lots: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    jws: Mapped[str]
    appointed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    appointed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))


class ClerkRequest(Base):
    """Somebody with a clerk's certificate came and was not appointed: their organisation may do so."""

    __tablename__ = "identity_clerk_request"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), primary_key=True)
    kid: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    certificate: Mapped[bytes]
    asked_at: Mapped[datetime]


class ExpiryWarning(Base):
    """A warning that was sent, so that it is sent once."""

    __tablename__ = "identity_expiry_warning"

    #: What expires: `licence:<kid>` or `appointment:<id>`.
    subject: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime]
