"""Sign-in nonces, interest in a lot, and the keyset with its trustees."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class LoginNonce(Base):
    """A challenge that is out: deleted when it is answered, bound to one browser session."""

    __tablename__ = "bidding_login_nonce"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    binding: Mapped[str]
    expires_at: Mapped[datetime]


class LicenceScan(Base):
    """A sign-in by QR code: begun by one browser, answered by one wallet, collected by that browser. Not kept long."""

    __tablename__ = "bidding_licence_scan"

    id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    binding: Mapped[str]
    display: Mapped[str]
    state: Mapped[str]
    wallet: Mapped[bytes | None]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    fault: Mapped[str | None]
    on_grace: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Interest(Base):
    """An organisation takes part in a lot, under a pseudonym that tells nothing. Append-only, without a time."""

    __tablename__ = "bidding_interest"
    __table_args__ = (UniqueConstraint("lot_id", "organisation_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    pseudonym: Mapped[str] = mapped_column(unique=True)


class Keyset(Base):
    """The keys that a lot's bids are sealed to (crypto.md §3.4): `document` is exactly what `ks` is the digest of."""

    __tablename__ = "bidding_keyset"
    __table_args__ = (
        # Bids are sealed to one keyset; a second published one would split them.
        Index(
            "uq_bidding_keyset_published",
            "lot_id",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    ks: Mapped[bytes] = mapped_column(unique=True)
    document: Mapped[dict[str, Any]]
    state: Mapped[str]
    policy: Mapped[str]
    k: Mapped[int]
    n: Mapped[int]
    opens_at: Mapped[datetime]
    window_s: Mapped[int]
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    entry_id: Mapped[int | None]


class Seat(Base):
    """A trustee's seat in a keyset, with the drill: a test share that only the seat's key opens."""

    __tablename__ = "bidding_seat"

    keyset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bidding_keyset.id"), primary_key=True)
    i: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    role: Mapped[str]
    wrapping: Mapped[str]
    kid: Mapped[str]
    spki: Mapped[bytes]
    drill_enc: Mapped[bytes]
    drill_ct: Mapped[bytes]
    drill_digest: Mapped[bytes]
    accept_jws: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
