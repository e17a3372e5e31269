"""The outbox: work written with an act is done once, is tried again, and outlives a database that goes away."""

from typing import Any

import pytest
from sqlalchemy import text

from kernel.outbox.queue import MAX_ATTEMPTS, drain, enqueue
from tests.conftest import FreshDatabase

Json = dict[str, Any]


async def _write(database: FreshDatabase, *keys: str) -> None:
    async with database.db.begin() as tx:
        for key in keys:
            await enqueue(tx, "test:act", {"key": key}, key=key)


async def _rows(database: FreshDatabase) -> list[Any]:
    async with database.db.begin() as tx:
        # What waits for a later try is due now: tests do not sit it out.
        await tx.session.execute(text("UPDATE kernel_outbox SET next_at = clock_timestamp()"))
        query = text("SELECT key, attempts, done_at IS NOT NULL AS done, last_error FROM kernel_outbox ORDER BY key")
        return list(await tx.session.execute(query))


async def test_each_key_is_done_once(database: FreshDatabase):
    done: list[str] = []

    async def handler(_: Any, payload: Json) -> None:
        done.append(payload["key"])

    await _write(database, "a", "b", "a")
    await drain(database.db, None, {"test:act": handler})
    await drain(database.db, None, {"test:act": handler})

    assert sorted(done) == ["a", "b"]


async def test_a_failing_job_does_not_keep_others_waiting_and_ends_with_a_person(database: FreshDatabase):
    tried: list[str] = []

    async def handler(_: Any, payload: Json) -> None:
        tried.append(payload["key"])
        if payload["key"] == "bad":
            raise ValueError("no such thing")

    await _write(database, "bad", "good")
    for _ in range(MAX_ATTEMPTS + 2):
        await drain(database.db, None, {"test:act": handler})
        rows = await _rows(database)

    assert tried.count("bad") == MAX_ATTEMPTS
    assert tried.count("good") == 1
    assert [(row.key, row.done) for row in rows] == [("bad", False), ("good", True)]
    assert rows[0].last_error == "ValueError: no such thing"


@pytest.mark.parametrize("where", ["the handler's own connection", "another service"])
async def test_that_the_database_was_away_is_no_failure_of_the_job(database: FreshDatabase, where: str):
    tried = 0

    async def handler(_: Any, __: Json) -> None:
        nonlocal tried
        tried += 1
        if tried > MAX_ATTEMPTS + 2:
            return
        if where == "another service":
            raise ConnectionRefusedError("not listening yet")
        async with database.db.begin() as tx:  # its server process ends under it, as when the server is killed
            await tx.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await _write(database, "a")
    for _ in range(MAX_ATTEMPTS + 3):
        await drain(database.db, None, {"test:act": handler})
        rows = await _rows(database)

    assert tried == MAX_ATTEMPTS + 3
    assert [(row.attempts, row.done) for row in rows] == [(1, True)]
