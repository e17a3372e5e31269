"""The law in the database: what migrations loaded is what ships, and nobody but a migration changes it."""

from datetime import date

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from kernel.db.transaction import Tx
from kernel.parameters.seed import SEED
from kernel.parameters.store import load_calendar, load_law, load_table
from kernel.periods import HolidayTable
from tests.conftest import FreshDatabase


async def test_the_database_holds_exactly_the_seed(tx: Tx):
    assert set(await load_table(tx)) == set(SEED)


async def test_the_database_holds_the_calendars_that_ship(tx: Tx):
    assert await load_calendar(tx) == HolidayTable.seeded()


async def test_a_law_from_the_database_counts_like_the_seeded_one(tx: Tx):
    law = await load_law(tx, "ZTB", date(2025, 9, 1), "CN-42-10-83")

    assert law.forward("candidate_publicity", date(2025, 9, 30)).date == date(2025, 10, 9)
    assert law.knows("hubei_expert_draw")
    assert not (await load_law(tx, "ZTB", date(2025, 9, 1))).knows("hubei_expert_draw")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_parameter SET value = 1 WHERE key = 'bid_prepare'",
        "DELETE FROM kernel_parameter",
        "INSERT INTO kernel_calendar_year VALUES (2027, '{}', '{}', '')",
        "DELETE FROM kernel_calendar_year",
    ],
)
async def test_the_portal_cannot_change_the_law(tx: Tx, statement):
    with pytest.raises(ProgrammingError, match="permission denied"):
        await tx.session.execute(text(statement))


async def test_a_migration_holds_from_the_next_act_on(database: FreshDatabase):
    async def days() -> int:
        async with database.db.begin_read_only() as tx:
            return (await load_law(tx, "ZTB", date(2025, 9, 1))).row("bid_prepare").count

    before = await days()
    owner = await asyncpg.connect(database.url("owner"))
    try:
        await owner.execute("UPDATE kernel_parameter SET value = value + 1 WHERE key = 'bid_prepare'")
        assert await days() == before + 1
        await owner.execute("UPDATE kernel_parameter SET value = value - 1 WHERE key = 'bid_prepare'")
        assert await days() == before
    finally:
        await owner.close()
