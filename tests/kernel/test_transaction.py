"""The transaction: one instant, refusal of writes in reads, the installation's clock."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.db.transaction import Tx
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
