"""The worker: arq carries cron and wake-ups; what is due is asked of the database.

Every second each package's `DUE` functions run (lots to close, windows that end) and the outbox is drained. A wake-up
through PostgreSQL's NOTIFY makes that sooner; a lost one costs a second. Nothing legal depends on the queue server:
when it cannot be reached, the same rounds run from a plain loop.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from arq import cron
from arq.connections import RedisSettings
from arq.worker import Worker
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kernel.log.writer import MOST_COVER, record_cover
from kernel.outbox.queue import Handler, drain
from kernel.web.services import Services
from portal.jobs import DUE, JOBS

log = logging.getLogger("sunlit.worker")

Due = Callable[[Services], Awaitable[None]]
#: Seconds between two rounds when nothing wakes the worker.
INTERVAL_S = 1.0
#: Of 256: in how many rounds cover entries are written.
COVER_CHANCE = 16


async def emit_cover(services: Services) -> None:
    """Write cover entries at random times: on average every quarter of a minute, whatever else happens.

    Not before the log has begun: there is nothing to cover yet, and a rehearsal's clock can still be set.
    """
    if os.urandom(1)[0] >= COVER_CHANCE:
        return
    async with services.db.begin() as tx:
        if not (await tx.session.execute(text("SELECT EXISTS (SELECT 1 FROM audit_entry)"))).scalar_one():
            return
        await record_cover(tx, 1 + os.urandom(1)[0] % MOST_COVER)
        await tx.session.execute(text("SELECT pg_notify('audit', '')"))


class Rounds:
    """One round after another, never two at once in this process.

    Args:
        services: what jobs reach.
    """

    def __init__(self, services: Services, jobs: dict[str, Handler] = JOBS, due: tuple[Due, ...] = DUE) -> None:
        self._services = services
        self._jobs = jobs
        self._due = due
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Do what is due, then drain the outbox."""
        if self._lock.locked():
            return
        async with self._lock:
            for act in self._due:
                try:
                    await act(self._services)
                except Exception:
                    # One matter's fault must not keep the others waiting; the next round tries again.
                    log.exception("due act %s failed", getattr(act, "__qualname__", act))
            await drain(self._services.db, self._services, self._jobs)


async def _round(context: dict[str, Any]) -> None:
    await context["rounds"].run()


async def listen(dsn: str, rounds: Rounds) -> None:
    """Run a round whenever an act has written work, and at least every second."""
    while True:
        try:
            connection = await asyncpg.connect(dsn)
            wake = asyncio.Event()
            await connection.add_listener("outbox", lambda *_, wake=wake: wake.set())
            try:
                while not connection.is_closed():
                    await rounds.run()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(INTERVAL_S):
                            await wake.wait()
                    wake.clear()
            finally:
                await connection.close(timeout=2)
        except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("database not reached (%s); the next round begins anew", type(error).__name__)
            await asyncio.sleep(0.5)


async def run_worker(services: Services, database_url: str, redis_url: str) -> None:
    """Work until cancelled.

    Args:
        redis_url: the queue server's address; an unreachable one only costs the cron's share.
    """
    rounds = Rounds(services)
    await services.feed.start()
    tasks = [
        asyncio.create_task(listen(database_url, rounds), name="outbox"),
        asyncio.create_task(_cover(services), name="cover"),
    ]
    if redis_url:
        tasks.append(asyncio.create_task(_arq(redis_url, rounds), name="arq"))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await services.feed.stop()
        await services.db.close()


async def _cover(services: Services) -> None:
    while True:
        await asyncio.sleep(INTERVAL_S)
        try:
            await emit_cover(services)
        except (OSError, SQLAlchemyError) as error:
            log.warning("no cover entries this time (%s)", type(error).__name__)


async def _arq(redis_url: str, rounds: Rounds) -> None:
    while True:
        worker = Worker(
            functions=[_round],
            cron_jobs=[cron(_round, second=set(range(0, 60, 5)), unique=True)],
            redis_settings=RedisSettings.from_dsn(redis_url),
            ctx={"rounds": rounds},
            handle_signals=False,
            poll_delay=0.5,
            job_timeout=600,
            keep_result=0,
        )
        try:
            await worker.async_run()
        except (OSError, RedisError, TimeoutError) as error:
            log.warning("queue server not reached (%s); rounds go on without it", type(error).__name__)
            await asyncio.sleep(2)
        finally:
            with contextlib.suppress(Exception):
                await worker.close()
