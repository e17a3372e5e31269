"""Tables of draws.

Identities lie encrypted under the vault's key; whoever reads this database learns leaves, not names.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Draw(Base):
    """One draw, from the freeze of its spec to its result.

    `state`: `frozen` (commitments come in), `closed` (with an escrow: shares go out and are acknowledged; without one:
    values come in), `final` (only with an escrow: values come in), `drawn`, `void`.
    `pools` holds the public pool files by name; the member of a single one is `pool`.
    """

    __tablename__ = "draw_draw"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    subject: Mapped[uuid.UUID | None] = mapped_column(index=True)
    state: Mapped[str]
    spec: Mapped[dict[str, Any]]
    spec_hash: Mapped[bytes] = mapped_column(unique=True)
    pools: Mapped[dict[str, Any]]
    key_enc: Mapped[bytes]
    key_ct: Mapped[bytes]
    seed: Mapped[bytes | None]
    output: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    spec_entry: Mapped[int]
    close_entry: Mapped[int | None]
    final_entry: Mapped[int | None]
    result_entry: Mapped[int | None]
    void_entry: Mapped[int | None]
    void_reason: Mapped[str | None]
    void_party: Mapped[str | None]
    created_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]


class Contribution(Base):
    """A contributor's commitment, and later its random value: told, or put together by holders of the escrow."""

    __tablename__ = "draw_contribution"

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    commitment: Mapped[bytes]
    commit_entry: Mapped[int]
    value: Mapped[bytes | None]
    revealed_at: Mapped[datetime | None]
    recovered: Mapped[bool] = mapped_column(server_default=false())


class Delivery(Base):
    """The escrow a contributor handed out, as it signed it."""

    __tablename__ = "draw_delivery"
    __table_args__ = (
        ForeignKeyConstraint(["draw_id", "party"], ["draw_contribution.draw_id", "draw_contribution.party"]),
    )

    draw_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    entry_id: Mapped[int]
    delivered_at: Mapped[datetime]


class Share(Base):
    """One share of a contributor's value: who holds it, the acknowledgement, and the share itself if it was needed."""

    __tablename__ = "draw_share"
    __table_args__ = (ForeignKeyConstraint(["draw_id", "party"], ["draw_delivery.draw_id", "draw_delivery.party"]),)

    draw_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder: Mapped[str]
    ack_token: Mapped[str | None]
    ack_entry: Mapped[int | None]
    value: Mapped[bytes | None]
    handed_at: Mapped[datetime | None]


class Statement(Base):
    """What a witness says of a beacon's public numbers; it may be corrected until two witnesses agree."""

    __tablename__ = "draw_statement"

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), primary_key=True)
    beacon: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kid: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    token: Mapped[str]
    stated_at: Mapped[datetime]


class Identity(Base):
    """Who a leaf is: salt and identity, encrypted under the draw's own key, which lies wrapped for the vault.

    `person` is a keyed digest of the person's id: with the vault a person finds the own leaf, without it nobody does.
    """

    __tablename__ = "draw_identity"
    __table_args__ = (Index("ix_draw_identity_person", "person"),)

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), primary_key=True)
    leaf: Mapped[bytes] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    person: Mapped[bytes]
    opened_at: Mapped[datetime | None]


class Step(Base):
    """A step of the replacement log."""

    __tablename__ = "draw_step"
    __table_args__ = (UniqueConstraint("draw_id", "out_leaf", name="uq_draw_step_out"),)

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    act: Mapped[str]
    group_index: Mapped[int | None]
    out_leaf: Mapped[bytes]
    in_leaf: Mapped[bytes | None]
    reason: Mapped[str]
    evidence: Mapped[str | None]
    entry_id: Mapped[int]
