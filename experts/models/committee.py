"""Committees, who was excluded before their draw, and the calls that follow it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Committee(Base):
    """The evaluation committee of a lot, from the application for experts on; `groups` is what was asked for."""

    __tablename__ = "experts_committee"
    __table_args__ = (
        # A lot has one committee at a time.
        Index("uq_experts_committee_lot", "lot_id", unique=True, postgresql_where=text("state <> 'dissolved'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"))
    draw_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("draw_draw.id"), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    groups: Mapped[list[Any]]
    named_units: Mapped[list[str]]
    begins_at: Mapped[datetime]
    duration: Mapped[str]
    place: Mapped[str]
    answer_minutes: Mapped[int]
    requested_by: Mapped[uuid.UUID]
    requested_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class Exclusion(Base):
    """One ground on which an expert was left out before the freeze; the salted digest is in the log. Append-only."""

    __tablename__ = "experts_exclusion"

    committee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_committee.id"), primary_key=True)
    expert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_expert.id"), primary_key=True)
    ground: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    salt: Mapped[bytes]
    digest: Mapped[bytes] = mapped_column(unique=True)


class Call(Base):
    """A call to a selected expert: its identity was opened for it, its outcome is logged before the next one."""

    __tablename__ = "experts_call"
    __table_args__ = (
        UniqueConstraint("committee_id", "leaf", name="uq_experts_call_leaf"),
        UniqueConstraint("committee_id", "no", name="uq_experts_call_no"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    committee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_committee.id"))
    no: Mapped[int]
    leaf: Mapped[bytes]
    group_index: Mapped[int]
    expert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_expert.id"), index=True)
    code_hash: Mapped[bytes | None] = mapped_column(unique=True)
    used_by: Mapped[bytes | None] = mapped_column(unique=True, index=True)
    used_at: Mapped[datetime | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    jws: Mapped[str | None]
    called_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    entry_id: Mapped[int | None]


class Message(Base):
    """A message to a phone, never naming the project (R-DRAW-06). Its code lies apart, encrypted, until it is sent."""

    __tablename__ = "experts_message"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("experts_call.id"), index=True)
    phone: Mapped[str]
    body: Mapped[str]
    sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Member(Base):
    """A member of a committee; `code` is how everybody calls them until the award."""

    __tablename__ = "experts_member"
    __table_args__ = (UniqueConstraint("committee_id", "seat", name="uq_experts_member_seat"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    committee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_committee.id"))
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts_call.id"), unique=True)
    seat: Mapped[int]
    code: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), index=True)
    left_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    promise: Mapped[str | None]
    chair_vote: Mapped[int | None]
    review_locked_at: Mapped[datetime | None]
    review_jws: Mapped[str | None]
    scores_locked_at: Mapped[datetime | None]
    scores_jws: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    report_jws: Mapped[str | None]
    dissent: Mapped[str | None]
