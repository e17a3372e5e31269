"""Declared affiliations: who may not bid because of whom."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Affiliation(Base):
    """One organisation is tied to another from a day on; organisations are named by code, registered here or not.

    It comes with an approved petition and ends with another one; nothing else of it ever changes.
    """

    __tablename__ = "trading_affiliation"
    __table_args__ = (
        CheckConstraint("kind IN ('itself', 'holding', 'management', 'adviser')", name="kind"),
        CheckConstraint("until IS NULL OR until >= since", name="span"),
        CheckConstraint("kind <> 'itself' OR of_uscc = ''", name="itself"),
        CheckConstraint("(kind = 'adviser') = (project_id IS NOT NULL)", name="adviser"),
        CheckConstraint("uscc <> of_uscc", name="not_its_own"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_petition IS NULL) AND (ended_at IS NULL) = (end_basis IS NULL)", name="ended"
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    uscc: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    #: Empty: the platform's operator.
    of_uscc: Mapped[str] = mapped_column(server_default="")
    of_name: Mapped[str] = mapped_column(server_default="")
    #: Advice to bidders concerns one project; the other kinds hold for all.
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trading_project.id"), index=True)
    basis: Mapped[str]
    since: Mapped[date]
    #: The first day on which it holds no more.
    until: Mapped[date | None]
    declared_petition: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_petition.id"), unique=True)
    declared_at: Mapped[datetime]
    end_basis: Mapped[str | None]
    ended_petition: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_petition.id"))
    ended_at: Mapped[datetime | None]
