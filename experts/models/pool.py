"""The expert pool and the roots under which it is on record."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Expert(Base):
    """A person in the pool. The identity number is kept as a keyed digest only.

    `relations` lists declared ties `{unit, kind, since, until}`, `relatives` digests of relatives' identity numbers.
    """

    __tablename__ = "experts_expert"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    identity: Mapped[bytes] = mapped_column(unique=True)
    phone: Mapped[str]
    employer_uscc: Mapped[str] = mapped_column(index=True)
    employer_name: Mapped[str]
    region: Mapped[str]
    specialities: Mapped[list[str]]
    title: Mapped[str]
    years: Mapped[int]
    standing: Mapped[str]
    relations: Mapped[list[Any]]
    relatives: Mapped[list[str]]
    was_punished: Mapped[bool]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity_account.id"), unique=True)
    admitted_at: Mapped[datetime]


class Registry(Base):
    """A Merkle root over the whole pool, in the log: supervisors recompute "registry − avoidance = pool"."""

    __tablename__ = "experts_registry"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    root: Mapped[bytes]
    count: Mapped[int]
    entry_id: Mapped[int]
    at: Mapped[datetime]
