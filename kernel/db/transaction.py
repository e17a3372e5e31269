"""`Tx`: one act, one transaction, one instant.

An act gets a `Tx`, never commits, never asks another clock. The door opens it: `Database.begin()` for acts,
`Database.begin_read_only()` for reads (PostgreSQL itself refuses a write there). The commit happens before the answer
is sent, so that a failing commit is seen by the caller.

On an installation marked as rehearsal the instant is the database's clock plus an offset (`kernel_installation`);
no other installation can carry an offset, which a CHECK of that table keeps.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from kernel import ids
from kernel.db.gathering import Gatherings
from kernel.db.lease import Lease, borrowed, leased, reading

#: The platform's instant, as an expression for prepared SQL.
INSTANT = "(clock_timestamp() + coalesce((SELECT clock_offset FROM kernel_installation), interval '0'))"
_INSTANT = "SELECT " + INSTANT + ", coalesce((SELECT rehearsal FROM kernel_installation), false)"  # noqa: S608
#: SQLSTATEs after which the same act may simply be tried again: serialization failure, deadlock.
_T = TypeVar("_T")
_RETRY = {"40001", "40P01"}


@dataclass(slots=True)
class Tx:
    """A running transaction.

    Attributes:
        now: the instant of the act, UTC, read once from the database's clock.
        rehearsal: whether the installation is a rehearsal, whose clock may be offset.
    """

    _session: AsyncSession | None
    now: datetime
    rehearsal: bool
    read_only: bool = False
    _lease: Lease | None = None
    _after_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def session(self) -> AsyncSession:
        """SQLAlchemy session on the transaction's one connection; made when first asked for."""
        if self._session is None:
            assert self._lease is not None
            self._session = self._lease.session()
        return self._session

    async def instant(self) -> datetime:
        """Read the database's clock again: what time is it now that the lock is held?"""
        return _utc(await self.fetchval("SELECT " + INSTANT))

    async def connection(self) -> asyncpg.Connection:
        """Return the asyncpg connection of this transaction."""
        if self._lease is not None:
            return self._lease.driver
        connection = await self.session.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        return driver

    # Prepared SQL for hot paths: `$1` and so on stand for arguments; `jsonb` goes in as text and comes out as values.
    # What the session holds back is written first, as it is before the session's own queries.

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Return the rows of a prepared statement."""
        with _lost_is_lost(connection := await self._flushed()):
            rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
            return rows

    async def fetchrow(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """Return the first row of a prepared statement, or None."""
        with _lost_is_lost(connection := await self._flushed()):
            return await connection.fetchrow(sql, *values)

    async def _flushed(self) -> asyncpg.Connection:
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            await session.flush()
        return await self.connection()

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        row = await self.fetchrow(sql, *values)
        return None if row is None else row[0]

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


async def _opened(lease: Lease, *, read_only: bool) -> Tx:
    with _lost_is_lost(lease.driver):
        row = await lease.driver.fetchrow(_INSTANT)
    assert row is not None
    return Tx(None, _utc(row[0]), bool(row[1]), read_only, lease)


@contextmanager
def _lost_is_lost(connection: asyncpg.Connection) -> Iterator[None]:
    """The driver complains about its use when the server has hung up; for us that is a lost connection."""
    try:
        yield
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # The second kind comes when the server's last word arrives between two statements.
        if connection.is_closed() or isinstance(error, asyncpg.InternalClientError):
            raise ConnectionResetError("the database has hung up") from error
        raise


class Database:
    """The portal's way to its database.

    Args:
        engine: the login that reads and writes.
        oversight: the login of supervision, which may only read; None uses `engine` in read-only mode.
        reads: the login of `engine` on connections that refuse every write; None uses `engine` in read-only mode.

    Attributes:
        together: serves many who ask the same thing at the same moment by one run.
    """

    def __init__(
        self, engine: AsyncEngine, oversight: AsyncEngine | None = None, reads: AsyncEngine | None = None
    ) -> None:
        self.engine = engine
        self.oversight = oversight or engine
        self.reads = reads
        self.together = Gatherings()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """Open a transaction for one act; commit when the block ends well, roll back otherwise."""
        async with leased(self.engine, read_only=False) as lease:
            tx = await _opened(lease, read_only=False)
            yield tx
        for act in tx._after_commit:
            await act()

    @asynccontextmanager
    async def begin_read_only(self, *, oversight: bool = False) -> AsyncIterator[Tx]:
        """Read, where PostgreSQL refuses every write.

        Args:
            oversight: use supervision's own login.
        """
        if self.reads is not None and not oversight:
            async with reading(self.reads) as lease:
                yield await _opened(lease, read_only=True)
            return
        async with leased(self.oversight if oversight else self.engine, read_only=True) as lease:
            yield await _opened(lease, read_only=True)

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Return the rows of one prepared statement that only reads, outside of any transaction."""
        async with borrowed(self.reads or self.engine) as connection:
            with _lost_is_lost(connection):
                rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
                return rows

    async def fetchrow(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """Return the first row of one prepared statement that only reads, outside of any transaction."""
        async with borrowed(self.reads or self.engine) as connection:
            with _lost_is_lost(connection):
                return await connection.fetchrow(sql, *values)

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
            except (DBAPIError, asyncpg.PostgresError) as error:
                if getattr(getattr(error, "orig", error), "sqlstate", None) not in _RETRY or attempt == tries:
                    raise
                await asyncio.sleep(0.02 * attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self.reads is not None:
            await self.reads.dispose()
        if self.oversight is not self.engine:
            await self.oversight.dispose()
