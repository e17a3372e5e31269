"""Waiting for the sequencer: one listener per process wakes everybody who waits for a receipt or watches a page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy import text

from kernel.clock import SystemClock
from kernel.db.transaction import Database

#: Channels of NOTIFY: the log grew; something visible of a matter changed (payload: its id).
CHANNELS = ("log_checkpoint", "matter")


class CheckpointFeed:
    """Listen on one connection; tell waiters.

    Args:
        dsn: plain `postgresql://` address of the portal's login.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._task: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()
        self._watchers: dict[str, set[asyncio.Queue[str]]] = {}
        self._offset = timedelta(0)

    def last_instant(self) -> datetime:
        """Return about the platform's instant, for pages that open no transaction."""
        return (SystemClock().now() + self._offset).astimezone(UTC)

    async def start(self) -> None:
        """Begin to listen; reconnect for as long as the process lives."""
        self._task = asyncio.create_task(self._listen(), name="checkpoint-feed")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

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
                            await asyncio.wait_for(closed.wait(), 5)
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.sleep(0.5)

    def _heard(self, _: object, __: int, channel: str, payload: object) -> None:
        if channel == "log_checkpoint":
            self._grown.set()
            self._grown = asyncio.Event()
        else:
            for queue in self._watchers.get(str(payload), ()):
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(str(payload))

    async def wait_for_entry(self, db: Database, entry_id: int, *, timeout_s: float) -> bool:
        """Wait until an entry is covered by a published checkpoint.

        Returns:
            False when that did not happen in time.
        """
        clock = asyncio.get_running_loop()
        until = clock.time() + timeout_s
        while True:
            grown = self._grown
            async with db.begin_read_only() as tx:
                covered = (
                    await tx.session.execute(
                        text(
                            "SELECT EXISTS (SELECT 1 FROM log_leaf l JOIN log_checkpoint c ON c.size > l.idx"
                            " WHERE l.entry_id = :id AND c.note IS NOT NULL)"
                        ),
                        {"id": entry_id},
                    )
                ).scalar_one()
            if covered:
                return True
            left = until - clock.time()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(grown.wait(), min(left, 0.25))

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
