"""The one row that says what kind of installation this is."""

from datetime import timedelta

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Installation(Base):
    """Whether this is a rehearsal, and how far its clock is moved.

    A production installation cannot carry an offset: a CHECK refuses it, and `rehearsal` cannot be switched on later
    (a trigger of migration 0001).
    """

    __tablename__ = "kernel_installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("rehearsal OR clock_offset = interval '0'", name="offset_only_in_rehearsal"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1, autoincrement=False)
    rehearsal: Mapped[bool]
    clock_offset: Mapped[timedelta] = mapped_column(server_default="0")
