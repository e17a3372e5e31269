"""Tables of supervision: the two registers, inspections with their frozen lists, assignments, records, signatures.

Frozen lists are snapshots: what was drawn from must not change when a register row does. Assignments hold leaves of the
draw until an inspector opens the own one, so that a reader of this database does not learn who will visit whom.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class RegisterTarget(Base):
    """An object of the register (检查对象名录库). Source: R-DR-02, R-DR-06.

    `unit` is the credit code of an organisation or the number of a lot; `responsible` is the credit code of who answers
    for it. `last_inspected` holds for inspections kept elsewhere; our own are looked up.
    """

    __tablename__ = "supervision_register_target"
    __table_args__ = (UniqueConstraint("kind", "unit"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str]
    name: Mapped[str]
    responsible: Mapped[str]
    credit: Mapped[str]
    last_inspected: Mapped[date | None]
    active: Mapped[bool]
    updated_at: Mapped[datetime]


class RegisterInspector(Base):
    """An inspector of the register (执法检查人员名录库). Source: R-DR-02, R-DR-05.

    `conflicts` lists `{unit, reason}`: former employers, declared interests; never shown to the public.
    """

    __tablename__ = "supervision_register_inspector"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"), unique=True)
    name: Mapped[str]
    certificate: Mapped[str] = mapped_column(unique=True)
    organisation: Mapped[str]
    unit: Mapped[str]
    may_lead: Mapped[bool]
    conflicts: Mapped[list[Any]]
    active: Mapped[bool]
    updated_at: Mapped[datetime]


class Inspection(Base):
    """One double-random inspection, from its plan to its publication."""

    __tablename__ = "supervision_inspection"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    target_kind: Mapped[str]
    items: Mapped[list[Any]]
    rates: Mapped[dict[str, Any]]
    team_size: Mapped[int]
    certified_lead: Mapped[bool]
    batch: Mapped[str]
    departments: Mapped[list[str]]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    stage: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    organisation: Mapped[str]
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime]
    contributors: Mapped[list[Any]]
    target_draw_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("draw_draw.id"), unique=True)
    inspector_draw_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("draw_draw.id"), unique=True)
    finished_on: Mapped[date | None]
    publish_by: Mapped[date | None]
    publish_basis: Mapped[str]
    published_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    entry_id: Mapped[int | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kernel_file.id"))


class Target(Base):
    """An object of an inspection's frozen list. `drawn_no` is its place in the order of the draw, by class.

    `object_leaf` is its leaf in the assignment's draw, known only once an inspector has opened the assignment.
    """

    __tablename__ = "supervision_target"
    __table_args__ = (UniqueConstraint("inspection_id", "unit"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspection.id"))
    unit: Mapped[str]
    name: Mapped[str]
    responsible: Mapped[str]
    credit: Mapped[str]
    drawn_no: Mapped[int | None]
    object_leaf: Mapped[bytes | None]


class Inspector(Base):
    """An inspector of an inspection's frozen list."""

    __tablename__ = "supervision_inspector"
    __table_args__ = (UniqueConstraint("inspection_id", "account_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspection.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    name: Mapped[str]
    certificate: Mapped[str]
    organisation: Mapped[str]
    unit: Mapped[str]
    may_lead: Mapped[bool]


class Assignment(Base):
    """A place in the team of a drawn object, as leaves of the draw; who and what once one of the team opened it."""

    __tablename__ = "supervision_assignment"

    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspection.id"), primary_key=True)
    object_leaf: Mapped[bytes] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    object_no: Mapped[int]
    inspector_leaf: Mapped[bytes]
    target_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("supervision_target.id"))
    inspector_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("supervision_inspector.id"))
    opened_at: Mapped[datetime | None]


class Record(Base):
    """A version of the record of one object's inspection; the newest counts, and none follows a complete one."""

    __tablename__ = "supervision_record"
    __table_args__ = (UniqueConstraint("target_id", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspection.id"), index=True)
    target_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_target.id"))
    version: Mapped[int]
    code: Mapped[str]
    items: Mapped[dict[str, Any]]
    findings: Mapped[str]
    summary: Mapped[str]
    basis: Mapped[str]
    evidence: Mapped[list[Any]]
    digest: Mapped[bytes]
    drafted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspector.id"))
    drafted_at: Mapped[datetime]


class Signature(Base):
    """An inspector's signature under a record."""

    __tablename__ = "supervision_signature"

    record_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_record.id"), primary_key=True)
    inspector_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspector.id"), primary_key=True)
    token: Mapped[str]
    signed_at: Mapped[datetime]


class Correction(Base):
    """An order to correct what an inspection found, and, once checked, what came of it. Source: R-DR-09, R-DR-14.

    `outcome` is `corrected` or `not_corrected`; without a check all four last columns are empty. A check that finds
    nothing corrected closes this order; another may follow.
    """

    __tablename__ = "supervision_correction"
    __table_args__ = (
        Index("uq_supervision_correction_open", "target_id", unique=True, postgresql_where=text("outcome IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_inspection.id"), index=True)
    target_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supervision_target.id"))
    demand: Mapped[str]
    due: Mapped[date]
    ordered_by: Mapped[uuid.UUID]
    ordered_at: Mapped[datetime]
    outcome: Mapped[str | None]
    finding: Mapped[str | None]
    checked_by: Mapped[uuid.UUID | None]
    checked_at: Mapped[datetime | None]
