"""One pooled connection for the length of one transaction, without the toolkit's cost where nobody asks for it.

The transaction begins and ends on the driver's own connection. A SQLAlchemy session on that same connection comes into
being when something first asks for it; what runs prepared SQL through the driver never pays for one. The dialect's
adapter knows of the transaction all along, so that session and driver see the same one, whoever comes first.

No ping before use: a connection that the server has closed is known to be closed, and is replaced here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util.concurrency import await_only, greenlet_spawn

#: More closed connections than a pool has room for are no accident of a restart.
_TRIES = 64


class Lease:
    """A connection with a running transaction.

    Attributes:
        driver: for prepared SQL.
    """

    __slots__ = ("_adapter", "_engine", "_fairy", "_is_doubtful", "_session", "driver")

    def __init__(self, engine: AsyncEngine, fairy: Any) -> None:
        self._engine = engine
        self._fairy = fairy
        self._adapter = fairy.dbapi_connection
        self._session: AsyncSession | None = None
        self._is_doubtful = False
        self.driver: asyncpg.Connection = fairy.driver_connection

    def session(self) -> AsyncSession:
        """Return the session of this transaction."""
        if self._session is None:
            connection = Connection(self._engine.sync_engine, connection=self._fairy)
            self._session = AsyncSession(AsyncConnection(self._engine, connection), expire_on_commit=False)
        return self._session

    async def commit(self) -> None:
        """Write what the session holds back, and commit."""
        try:
            if self._session is not None:
                await self._session.commit()
            if self._is_running:
                await greenlet_spawn(self._adapter.commit)
        except asyncio.CancelledError:
            self._is_doubtful = True
            raise

    @property
    def _is_running(self) -> bool:
        return self._adapter._transaction is not None

    async def close(self) -> None:
        """Give the connection back; roll back whatever is not committed."""
        if self._session is None and not self._is_running:
            await greenlet_spawn(self._give_back)
        else:
            # Not even the end of the waiting request may leave a transaction behind in the pool.
            await asyncio.shield(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        try:
            if self._session is not None:
                await self._session.close()
            if self._is_running:
                await greenlet_spawn(self._adapter.rollback)
        except Exception:
            # The connection is gone, and the transaction with it; whoever used it has heard why.
            with suppress(Exception):
                await greenlet_spawn(self._fairy.invalidate)
        finally:
            await greenlet_spawn(self._give_back)

    def _give_back(self) -> None:
        # Cut off while BEGIN or COMMIT was on its way, driver and server may disagree about the transaction: whatever
        # followed on this connection would be a part of it and never be kept. Such a connection is thrown away.
        if self._fairy.is_valid and (self._is_doubtful or self.driver.is_in_transaction()):
            self._fairy.invalidate()
        else:
            self._adapter.readonly = False
        self._fairy.close()


def _check_out(engine: AsyncEngine) -> Any:
    """Return a living connection of the pool; runs where the toolkit's synchronous half runs."""
    for _ in range(_TRIES):
        fairy: Any = engine.sync_engine.raw_connection()
        if not fairy.driver_connection.is_closed():
            break
        fairy.invalidate()
        fairy.close()
    return fairy


def _take(engine: AsyncEngine, read_only: bool) -> Lease:
    lease = Lease(engine, _check_out(engine))
    lease._adapter.readonly = read_only
    try:
        await_only(lease._adapter._start_transaction())
    except BaseException:
        lease._is_doubtful = True
        lease._give_back()
        raise
    return lease


@asynccontextmanager
async def leased(engine: AsyncEngine, *, read_only: bool) -> AsyncIterator[Lease]:
    """Hold a connection in a transaction; commit when the block ends well, roll back otherwise."""
    lease = await greenlet_spawn(_take, engine, read_only)
    try:
        yield lease
        await lease.commit()
    finally:
        await lease.close()


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Lease]:
    """Hold a connection of an engine on which PostgreSQL refuses every write, without opening a transaction.

    At READ COMMITTED each statement sees what was committed when it began, inside of a transaction or not, so that
    statements that only read need none; a session that is asked for begins one by itself.
    """
    lease = Lease(engine, await greenlet_spawn(_check_out, engine))
    try:
        yield lease
    finally:
        await lease.close()


@asynccontextmanager
async def borrowed(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """Hold a connection without a transaction, for one statement that only reads."""
    fairy = await greenlet_spawn(_check_out, engine)
    try:
        yield fairy.driver_connection
    finally:
        await greenlet_spawn(fairy.close)
