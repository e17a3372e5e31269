"""The only place that asks a machine for the time.

Decisive time is the database's clock (R-CNT-11): `kernel.db.transaction` reads it. What runs beside the database
(signer, witness, clients) asks `SystemClock`. Legal time is Asia/Shanghai; stored time is UTC.
"""

from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

#: The zone in which the law's days begin and end.
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Something that tells the instant."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""


class SystemClock:
    """The machine's own clock, for processes that have no database."""

    def now(self) -> datetime:
        """Return the machine's instant in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place that may ask


class FixedClock:
    """A clock that stands still until it is moved; for tests and vectors."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a naive instant")
        self.instant = instant

    def now(self) -> datetime:
        """Return the fixed instant."""
        return self.instant


def legal_day(instant: datetime) -> str:
    """Return the day in legal time as YYYY-MM-DD."""
    return instant.astimezone(SHANGHAI).date().isoformat()
