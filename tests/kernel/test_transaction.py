"""The transaction: one instant, refusal of writes in reads, the installation's clock."""

import asyncio
import contextlib
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.db.engine import make_engine
from kernel.db.lost import is_lost_connection
from kernel.db.transaction import Database, Tx
from portal.wiring import async_url
from tests.conftest import FreshDatabase


async def test_an_act_sees_one_instant_and_may_ask_again(database: FreshDatabase) -> None:
    async with database.db.begin() as tx:
        await tx.session.execute(text("SELECT pg_sleep(0.01)"))

        later = await tx.instant()

        assert later > tx.now
        assert later - tx.now < timedelta(seconds=5)


async def test_a_read_cannot_write(database: FreshDatabase) -> None:
    async with database.db.begin_read_only() as tx:
        with pytest.raises(DBAPIError) as refusal:
            await tx.session.execute(text("UPDATE kernel_installation SET clock_offset = interval '1 hour'"))

    assert "read-only" in str(refusal.value)


async def test_a_failed_block_leaves_nothing(database: FreshDatabase) -> None:
    class StopHere(Exception):
        pass

    with pytest.raises(StopHere):  # noqa: PT012 - the block is the transaction
        async with database.db.begin() as tx:
            await tx.session.execute(text("UPDATE kernel_installation SET clock_offset = interval '1 hour'"))
            raise StopHere

    async with database.db.begin_read_only() as tx:
        offset = (await tx.session.execute(text("SELECT clock_offset FROM kernel_installation"))).scalar_one()
    assert offset == timedelta(0)


async def test_the_offset_moves_the_instant_of_a_rehearsal(database: FreshDatabase) -> None:
    async with database.db.begin() as tx:
        before = tx.now
        await tx.session.execute(text("UPDATE kernel_installation SET clock_offset = interval '10 days'"))

    async with database.db.begin_read_only() as tx:
        assert tx.now - before >= timedelta(days=10)


async def test_a_production_installation_cannot_carry_an_offset(tx: Tx) -> None:
    with pytest.raises(DBAPIError) as refusal:
        await tx.session.execute(text("UPDATE kernel_installation SET clock_offset = interval '1h', rehearsal = false"))

    assert "offset_only_in_rehearsal" in str(refusal.value) or "permission denied" in str(refusal.value)


async def test_work_after_the_commit_is_not_done_when_the_commit_fails(database: FreshDatabase) -> None:
    done: list[str] = []

    async def act() -> None:
        done.append("done")

    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction
        async with database.db.begin() as tx:
            tx.after_commit(act)
            raise ZeroDivisionError

    assert done == []
    async with database.db.begin() as tx:
        tx.after_commit(act)
    assert done == ["done"]


async def test_session_and_prepared_statements_share_one_transaction(database: FreshDatabase) -> None:
    class StopHere(Exception):
        pass

    with pytest.raises(StopHere):  # noqa: PT012 - the block is the transaction
        async with database.db.begin() as tx:
            await tx.fetch("UPDATE kernel_installation SET clock_offset = $1", timedelta(hours=1))
            seen = (await tx.session.execute(text("SELECT clock_offset FROM kernel_installation"))).scalar_one()
            assert seen == timedelta(hours=1)
            raise StopHere

    async with database.db.begin() as tx:
        assert await tx.fetchval("SELECT clock_offset FROM kernel_installation") == timedelta(0)
        await tx.session.execute(text("UPDATE kernel_installation SET clock_offset = interval '2 hours'"))
        await tx.fetch("UPDATE kernel_installation SET clock_offset = clock_offset * 2")

    async with database.db.begin_read_only() as tx:
        assert await tx.fetchval("SELECT clock_offset FROM kernel_installation") == timedelta(hours=4)


async def test_a_prepared_statement_cannot_write_in_a_read_and_the_connection_writes_again(
    database: FreshDatabase,
) -> None:
    db = Database(make_engine(async_url(database.url()), pool_size=1, max_overflow=0))
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with db.begin_read_only() as tx:
                await tx.fetch("UPDATE kernel_installation SET clock_offset = interval '1 hour'")
        async with db.begin() as tx:
            await tx.fetch("UPDATE kernel_installation SET clock_offset = interval '1 hour'")
    finally:
        await db.close()


async def test_connections_that_only_read_refuse_writes_without_a_transaction(database: FreshDatabase) -> None:
    reads = make_engine(async_url(database.url()), pool_size=1, reading=True)
    db = Database(database.db.engine, reads=reads)
    write = "UPDATE kernel_installation SET clock_offset = interval '1 hour'"
    try:
        async with db.begin_read_only() as tx:
            assert await tx.fetchval("SELECT count(*) FROM kernel_installation") == 1
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await tx.fetch(write)
            with pytest.raises(DBAPIError, match="read-only"):
                await tx.session.execute(text(write))
        async with db.begin() as tx:
            await tx.fetch(write)
        async with db.begin_read_only() as tx:  # the same connection, with nothing left on it
            assert await tx.fetchval("SELECT clock_offset FROM kernel_installation") == timedelta(hours=1)
    finally:
        await reads.dispose()


async def test_connections_that_the_server_closed_are_replaced_and_a_cut_one_is_called_lost(
    database: FreshDatabase,
) -> None:
    db = Database(make_engine(async_url(database.url()), pool_size=1, max_overflow=0))
    end = "SELECT pg_terminate_backend($1)"
    try:
        async with db.begin() as tx:
            first = await tx.fetchval("SELECT pg_backend_pid()")
        async with database.db.begin() as other:
            await other.fetch(end, first)
        await asyncio.sleep(0.1)
        with pytest.raises((asyncpg.PostgresError, OSError)) as cut:  # noqa: PT012 - the block is the transaction
            async with db.begin() as tx:
                second = await tx.fetchval("SELECT pg_backend_pid()")
                assert second != first
                async with database.db.begin() as other:
                    await other.fetch(end, second)
                await tx.fetch("SELECT pg_sleep(1)")
        assert is_lost_connection(cut.value)
        async with db.begin() as tx:
            assert await tx.fetchval("SELECT pg_backend_pid()") != second
    finally:
        await db.close()


async def test_whoever_stops_waiting_leaves_no_transaction_behind(database: FreshDatabase) -> None:
    db = Database(make_engine(async_url(database.url()), pool_size=1, max_overflow=0))

    async def slow() -> None:
        async with db.begin() as tx:
            await tx.fetch("UPDATE kernel_installation SET clock_offset = interval '1 hour'")
            await tx.fetch("SELECT pg_sleep(30)")

    try:
        waiting = asyncio.create_task(slow())
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with db.begin() as tx:
            assert await tx.fetchval("SELECT clock_offset FROM kernel_installation") == timedelta(0)
    finally:
        await db.close()


async def test_whoever_stops_at_any_point_leaves_a_connection_that_really_commits(database: FreshDatabase) -> None:
    """Cut off while BEGIN or COMMIT is on its way, a connection must not go back: what follows would never be kept."""
    db = Database(make_engine(async_url(database.url()), pool_size=1))
    watcher = await asyncpg.connect(database.url("owner"))
    await watcher.execute("CREATE TABLE cut (n int PRIMARY KEY)")
    await watcher.execute("GRANT ALL ON cut TO portal_rw")

    async def read() -> None:
        async with db.begin_read_only() as tx:
            await tx.fetchval("SELECT 1")

    async def write(n: int) -> None:
        async with db.begin() as tx:
            await tx.fetchrow("INSERT INTO cut VALUES ($1) RETURNING n", n)

    await write(0)
    for steps in range(1, 60):
        for waiting in [asyncio.create_task(read())] if steps % 2 else [asyncio.create_task(write(-steps))]:
            for _ in range(steps % 20):
                await asyncio.sleep(0)
            if steps >= 20:
                await asyncio.sleep((steps - 19) * 0.0001)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
            await write(steps)
            assert await watcher.fetchval("DELETE FROM cut WHERE n = $1 RETURNING n", steps) == steps
    await watcher.execute("DROP TABLE cut")
    await watcher.close()
    await db.close()
