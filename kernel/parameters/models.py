"""Tables of the law as data: dated parameters and the calendar of each year.

Only migrations write them (reference data with a legal source); the portal and supervision read.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import ARRAY, CheckConstraint, Date, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class ParameterRow(Base):
    """One legal number in one span of time; the columns are those of `table.Parameter`."""

    __tablename__ = "kernel_parameter"
    __table_args__ = (
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="in_force_for_a_while"),
        CheckConstraint("value > 0", name="positive"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(primary_key=True)
    variant: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    effective_to: Mapped[date | None]
    value: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str]
    direction: Mapped[str | None]
    roll: Mapped[str]
    label: Mapped[str]
    basis: Mapped[str]
    rules: Mapped[list[str]]
    base: Mapped[str]
    stops: Mapped[str]
    confidence: Mapped[str]


class CalendarYear(Base):
    """The State Council's notice for one year: what differs from the plain week. A year without a row is refused."""

    __tablename__ = "kernel_calendar_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rest_weekdays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    make_up_days: Mapped[list[date]] = mapped_column(ARRAY(Date))
    basis: Mapped[str]
