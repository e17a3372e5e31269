"""Waiting for the sequencer: one listener per process wakes everybody who waits for a receipt or watches a page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg

from kernel.clock import SystemClock
from kernel.db.transaction import Database
from kernel.log.covered import Covered, Prover, covered_entries

#: Channels of NOTIFY: the log grew; something visible of a matter changed (payload: its id).
CHANNELS = ("log_checkpoint", "matter")
#: A notification that was lost costs so much.
_PATIENCE_S = 0.25


class CheckpointFeed:
    """Listen on one connection; tell waiters.

    Args:
        dsn: plain `postgresql://` address of the portal's login.

    Attributes:
        prover: makes the bundles of entries that were waited for.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._task: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()
        self._waiting: dict[int, set[asyncio.Future[Covered]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._watchers: dict[str, set[asyncio.Queue[str]]] = {}
        self._offset = timedelta(0)
        self.prover = Prover()

    def last_instant(self) -> datetime:
        """Return about the platform's instant, for pages that open no transaction."""
        return (SystemClock().now() + self._offset).astimezone(UTC)

    async def start(self) -> None:
        """Begin to listen; reconnect for as long as the process lives."""
        self._task = asyncio.create_task(self._listen(), name="checkpoint-feed")

    async def stop(self) -> None:
        """Stop listening."""
        for task in (self._task, self._asking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._dsn)
                closed = asyncio.Event()
                connection.add_termination_listener(lambda _, closed=closed: closed.set())
                try:
                    for channel in CHANNELS:
                        await connection.add_listener(channel, self._heard)
                    while not closed.is_set():
                        row = await connection.fetchrow("SELECT clock_offset FROM kernel_installation")
                        self._offset = row["clock_offset"] if row else timedelta(0)
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(5):
                                await closed.wait()
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.sleep(0.5)

    def _heard(self, _: object, __: int, channel: str, payload: object) -> None:
        if channel == "log_checkpoint":
            self._grown.set()
        else:
            for queue in self._watchers.get(str(payload), ()):
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(str(payload))

    async def wait_for_entry(
        self, db: Database, entry_id: int, *, timeout_s: float, is_new: bool = False
    ) -> Covered | None:
        """Wait until an entry is covered by a published checkpoint; all who wait share one question to the database.

        Args:
            is_new: it was recorded a moment ago, so nobody asks before the log has grown.

        Returns:
            Where it stands and the first checkpoint that covers it; None when that did not happen in time.
        """
        waiter: asyncio.Future[Covered] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(entry_id, set()).add(waiter)
        if self._asking is None or self._asking.done():
            self._grown.clear()
            self._asking = asyncio.create_task(self._ask(db), name="checkpoint-feed-asking")
        if not is_new:
            self._grown.set()
        try:
            async with asyncio.timeout(timeout_s):
                return await waiter
        except TimeoutError:
            return None
        finally:
            waiters = self._waiting.get(entry_id, set())
            waiters.discard(waiter)
            if not waiters:
                self._waiting.pop(entry_id, None)

    async def _ask(self, db: Database) -> None:
        """Ask for everybody who waits: when somebody comes, when the log grows, and now and then.

        What goes wrong is told to everybody who waits.
        """
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._grown.wait()
            self._grown.clear()
            try:
                found = await covered_entries(db, list(self._waiting))
            except Exception as error:
                for waiters in list(self._waiting.values()):
                    for waiter in waiters:
                        if not waiter.done():
                            waiter.set_exception(error)
                return
            for one in found:
                for waiter in self._waiting.pop(one.entry_id, ()):
                    if not waiter.done():
                        waiter.set_result(one)

    @contextlib.asynccontextmanager
    async def watch(self, *matters: str) -> AsyncIterator[asyncio.Queue[str]]:
        """Get a queue that receives an item whenever one of the matters changes."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=8)
        for matter in matters:
            self._watchers.setdefault(matter, set()).add(queue)
        try:
            yield queue
        finally:
            for matter in matters:
                watchers = self._watchers.get(matter, set())
                watchers.discard(queue)
                if not watchers:
                    self._watchers.pop(matter, None)
