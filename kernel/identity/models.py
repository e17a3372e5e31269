"""Tables of identity."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Organisation(Base):
    """A legal person, keyed by its unified social credit code (R-USC)."""

    __tablename__ = "identity_organisation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    region: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]


class Account(Base):
    """A person's way in. Staff carry a password; holders of an e-licence carry none."""

    __tablename__ = "identity_account"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    display_name: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_organisation.id"))
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PersonKey(Base):
    """A public key with which a person signs acts: shares, commitments, reports."""

    __tablename__ = "identity_person_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    kid: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    spki: Mapped[bytes]
    certificate: Mapped[bytes | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Session(Base):
    """A signed-in browser; only the digest of its secret is kept."""

    __tablename__ = "identity_session"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    method: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginAttempt(Base):
    """Failed and successful sign-ins, for the rate limit and for oversight."""

    __tablename__ = "identity_login_attempt"
    __table_args__ = (Index("ix_identity_login_attempt_login_at", "login", "at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    login: Mapped[str]
    origin: Mapped[str]
    ok: Mapped[bool]
    at: Mapped[datetime]
