"""`Tx`: one act, one transaction, one instant.

An act gets a `Tx`, never commits, never asks another clock. The door opens it: `Database.begin()` for acts,
`Database.begin_read_only()` for reads (PostgreSQL itself refuses a write there). The commit happens before the answer
is sent, so that a failing commit is seen by the caller.

On an installation marked as rehearsal the instant is the database's clock plus an offset (`kernel_installation`);
no other installation can carry an offset, which a CHECK of that table keeps.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from kernel import ids

_INSTANT = text(
    "SELECT clock_timestamp() + coalesce((SELECT clock_offset FROM kernel_installation), interval '0'),"
    " coalesce((SELECT rehearsal FROM kernel_installation), false)"
)
#: SQLSTATEs after which the same act may simply be tried again: serialization failure, deadlock.
_T = TypeVar("_T")
_RETRY = {"40001", "40P01"}


@dataclass(slots=True)
class Tx:
    """A running transaction.

    Attributes:
        session: SQLAlchemy session on the transaction's one connection.
        now: the instant of the act, UTC, read once from the database's clock.
        rehearsal: whether the installation is a rehearsal, whose clock may be offset.
    """

    session: AsyncSession
    now: datetime
    rehearsal: bool
    read_only: bool = False
    _after_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def instant(self) -> datetime:
        """Read the database's clock again: what time is it now that the lock is held?"""
        row = (await self.session.execute(_INSTANT)).one()
        return _utc(row[0])

    async def connection(self) -> asyncpg.Connection:
        """Return the asyncpg connection of this transaction, for hot paths with prepared SQL."""
        connection = await self.session.connection()
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, asyncpg.Connection)
        return driver

    def new_id(self) -> uuid.UUID:
        """Return a time-ordered id, for records whose order is public."""
        return ids.public_id(self.now)

    def new_secret_id(self) -> uuid.UUID:
        """Return an id that does not tell when it was made."""
        return ids.secret_id()

    def after_commit(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something when, and only when, the commit has held: wake a queue, never decide."""
        self._after_commit.append(act)


def _utc(value: Any) -> datetime:
    assert isinstance(value, datetime)
    return value.astimezone(UTC)


class Database:
    """The portal's way to its database.

    Args:
        engine: the login that reads and writes.
        oversight: the login of supervision, which may only read; None uses `engine` in read-only mode.
    """

    def __init__(self, engine: AsyncEngine, oversight: AsyncEngine | None = None) -> None:
        self.engine = engine
        self.oversight = oversight or engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """Open a transaction for one act; commit when the block ends well, roll back otherwise."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            async with session.begin():
                row = (await session.execute(_INSTANT)).one()
                tx = Tx(session, _utc(row[0]), bool(row[1]))
                yield tx
            for act in tx._after_commit:
                await act()

    @asynccontextmanager
    async def begin_read_only(self, *, oversight: bool = False) -> AsyncIterator[Tx]:
        """Open a transaction in which PostgreSQL refuses every write.

        Args:
            oversight: use supervision's own login.
        """
        engine = self.oversight if oversight else self.engine
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            await session.execute(text("SET TRANSACTION READ ONLY"))
            row = (await session.execute(_INSTANT)).one()
            yield Tx(session, _utc(row[0]), bool(row[1]), read_only=True)

    async def run(self, act: Callable[[Tx], Awaitable[_T]], *, tries: int = 3) -> _T:
        """Run one act in a transaction of its own; try again after a deadlock or serialization failure.

        Args:
            act: called with a fresh `Tx` on each try.
            tries: the most attempts.
        """
        for attempt in range(1, tries + 1):
            try:
                async with self.begin() as tx:
                    return await act(tx)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _RETRY or attempt == tries:
                    raise
                await asyncio.sleep(0.02 * attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self.oversight is not self.engine:
            await self.oversight.dispose()
