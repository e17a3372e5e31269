"""Tables of identity."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Identity, Index, text
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
    #: When its registration was complete; None while something is missing.
    registered_at: Mapped[datetime | None]
    #: The registration that this one turned out to be the same as (`kernel.parties.merging`).
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_organisation.id"))


class Account(Base):
    """A person's way in. Staff carry a password; holders of an e-licence carry none."""

    __tablename__ = "identity_account"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    display_name: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_person.id"), index=True)
    roles: Mapped[list[str]]
    #: `pending` (waits for the second person), `invited` (approved; its holder has a code), `active`.
    state: Mapped[str] = mapped_column(server_default="active")
    #: A clerk: acts only while an appointment is live.
    by_appointment: Mapped[bool] = mapped_column(server_default=text("false"))
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
    #: What the holder's list of sessions calls it; opens nothing.
    id: Mapped[uuid.UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    method: Mapped[str]
    origin: Mapped[str] = mapped_column(server_default="")
    device: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    idle: Mapped[timedelta] = mapped_column(server_default=text("interval '2 hours'"))
    expires_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime | None]


class Factor(Base):
    """A second factor of an account: a TOTP secret (encrypted) or a passkey's public key (COSE)."""

    __tablename__ = "identity_factor"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    kind: Mapped[str]
    label: Mapped[str]
    secret: Mapped[bytes]
    credential: Mapped[bytes | None] = mapped_column(unique=True)
    #: TOTP: the last time step that was used; passkey: the signature counter. Neither ever goes back.
    counter: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: Passkey: when it last signed in or proved anew.
    used_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """A challenge to an authenticator that is out: deleted when it is answered. Not kept long."""

    __tablename__ = "identity_passkey_challenge"

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    #: Digest of the browser's secret and the purpose.
    binding: Mapped[bytes]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Invitation(Base):
    """A one-time code with which its holder activates an account, or recovers it; only the digest is kept."""

    __tablename__ = "identity_invitation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Petition(Base):
    """A privileged act that one person has asked for and a second one approves or refuses."""

    __tablename__ = "identity_petition"
    __table_args__ = (CheckConstraint("decided_by <> asked_by", name="two_persons"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    act: Mapped[str]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"), index=True)
    facts: Mapped[dict[str, Any]]
    reason: Mapped[str]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]


class Access(Base):
    """One line of the audit of access: sign-ins, refusals, unmaskings, privileged acts. Written once, never changed."""

    __tablename__ = "identity_access"
    __table_args__ = (Index("ix_identity_access_at", "at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    second_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    login: Mapped[str]
    origin: Mapped[str]
    act: Mapped[str]
    reason: Mapped[str]


class LoginAttempt(Base):
    """Failed and successful sign-ins, for oversight, and to know the origins that are a login's own."""

    __tablename__ = "identity_login_attempt"
    __table_args__ = (Index("ix_identity_login_attempt_login_at", "login", "at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    login: Mapped[str]
    origin: Mapped[str]
    ok: Mapped[bool]
    at: Mapped[datetime]


class Throttle(Base):
    """How full a bucket of sign-in attempts was at an instant (`kernel.identity.throttle`)."""

    __tablename__ = "identity_throttle"
    __table_args__ = (Index("ix_identity_throttle_at", "at"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    level: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime]
