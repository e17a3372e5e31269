"""Table of the checkpoints that are to get a time stamp."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class StampRequest(Base):
    """A checkpoint that is to get a time stamp, and how that went; the token itself is `log_checkpoint.tst`.

    `day` is set where the checkpoint ends a calendar day (Beijing). `next_at` is the machine's time, not the
    rehearsal's; `stamped_at` is the authority's.
    """

    __tablename__ = "log_stamp_request"
    __table_args__ = (
        CheckConstraint("reason IN ('deadline', 'daily')", name="reason"),
        Index("ix_log_stamp_request_due", "next_at", postgresql_where=text("stamped_at IS NULL")),
    )

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoint.size"), primary_key=True, autoincrement=False)
    reason: Mapped[str]
    day: Mapped[date | None] = mapped_column(unique=True)
    asked_at: Mapped[datetime]
    next_at: Mapped[datetime]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    stamped_at: Mapped[datetime | None]
    authority: Mapped[str | None]
