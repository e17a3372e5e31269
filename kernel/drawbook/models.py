"""Tables of draws.

Identities lie encrypted under the vault's key; whoever reads this database learns leaves, not names.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Draw(Base):
    """One draw, from the freeze of its spec to its result.

    `state`: `frozen` (commitments come in), `closed` (reveals come in), `drawn`, `void`.
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
    result_entry: Mapped[int | None]
    void_entry: Mapped[int | None]
    void_reason: Mapped[str | None]
    void_party: Mapped[str | None]
    created_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]


class Contribution(Base):
    """A contributor's commitment, and later its random value."""

    __tablename__ = "draw_contribution"

    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    commitment: Mapped[bytes]
    commit_entry: Mapped[int]
    value: Mapped[bytes | None]
    revealed_at: Mapped[datetime | None]


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
