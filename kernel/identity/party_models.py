"""Tables of the party library: what organisations are and were called, may do, have handed in; natural persons.

ID numbers, phones and bank accounts are kept encrypted per field (`kernel.parties.fields`); nothing is ever deleted.
"""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Person(Base):
    """A natural person; `id_number_mac` finds the same person registered twice without telling the number."""

    __tablename__ = "identity_person"
    __table_args__ = (
        CheckConstraint("merged_into <> id", name="not_into_itself"),
        CheckConstraint("(id_number IS NULL) = (id_number_mac IS NULL)", name="mac_with_number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    id_number: Mapped[bytes | None]
    id_number_mac: Mapped[bytes | None] = mapped_column(index=True)
    phone: Mapped[bytes | None]
    created_at: Mapped[datetime]
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_person.id"))


class OrganisationName(Base):
    """A name and a legal representative with the time they were valid; the row without an end is the present one."""

    __tablename__ = "identity_organisation_name"
    __table_args__ = (
        CheckConstraint("source IN ('licence', 'staff', 'before', 'merge')", name="source"),
        Index(
            "uq_identity_organisation_name_current",
            "organisation_id",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(index=True)
    legal_representative: Mapped[str]
    source: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class OrganisationRole(Base):
    """A role that an organisation has on the platform: since when, by whom, until when."""

    __tablename__ = "identity_organisation_role"
    __table_args__ = (
        Index(
            "uq_identity_organisation_role_current",
            "organisation_id",
            "role",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    role: Mapped[str]
    since: Mapped[datetime]
    granted_by: Mapped[str]
    until: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")


class OrganisationProfile(Base):
    """What an organisation says of itself: addresses, basic bank account."""

    __tablename__ = "identity_organisation_profile"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), primary_key=True)
    address: Mapped[str]
    postcode: Mapped[str]
    email: Mapped[str]
    bank_name: Mapped[str]
    bank_account: Mapped[bytes]
    bank_account_tail: Mapped[str]
    changed_at: Mapped[datetime]


class Contact(Base):
    """A person whom the platform may call for an organisation."""

    __tablename__ = "identity_contact"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class OrganisationDocument(Base):
    """A document that an organisation handed in; a newer one of its kind ends it."""

    __tablename__ = "identity_organisation_document"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), index=True)
    kind: Mapped[str]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kernel_file.id"))
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Draft(Base):
    """An unfinished registration as it was saved last, encrypted: it may hold ID numbers."""

    __tablename__ = "identity_draft"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"), primary_key=True)
    content: Mapped[bytes]
    saved_at: Mapped[datetime]


class Unmasking(Base):
    """Somebody looked at a person's data in clear; the person may see who and why. Append-only."""

    __tablename__ = "identity_unmasking"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    field: Mapped[str]
    reason: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    at: Mapped[datetime]


class Merge(Base):
    """Two registrations that are one: asked by one person, decided by another."""

    __tablename__ = "identity_merge"
    __table_args__ = (
        CheckConstraint("kind IN ('organisation', 'person')", name="kind"),
        CheckConstraint("decided_by <> asked_by", name="two_persons"),
        CheckConstraint("from_id <> into_id", name="not_into_itself"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    from_id: Mapped[uuid.UUID]
    into_id: Mapped[uuid.UUID]
    reason: Mapped[str]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_account.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"))
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
