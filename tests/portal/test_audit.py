"""One changed, deleted or inserted row of the log is found, whoever did it."""

import asyncpg
import pytest

from kernel.identity.actor import system_actor
from kernel.log.audit import Audit, audit_log
from kernel.log.trust import read_trust
from kernel.log.writer import record
from tests.world import World


async def _fill(world: World, count: int = 12) -> None:
    for number in range(count):
        async with world.services.db.begin() as tx:
            await record(tx, system_actor(), "test.act", {"number": number}, visibility="public")
    await world.settle()


async def _audit(world: World) -> Audit:
    async with world.services.db.begin_read_only() as tx:
        return await audit_log(tx, read_trust(world.services.trust))


async def _as_superuser(world: World, *statements: str) -> None:
    """Do what a database administrator can: switch the triggers off and write."""
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_an_untouched_log_holds(world: World) -> None:
    await _fill(world)

    found = await _audit(world)

    assert found.holds, found.faults
    assert found.entries == 12
    assert found.checkpoints >= 1


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE audit_entry SET data = convert_to(replace(convert_from(data, 'UTF8'), 'test.act', 'test.bct'), 'UTF8')"
         " WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"leaf", "entry-digest", "root", "tile"}),
        ("UPDATE audit_entry SET detail = jsonb_set(detail, '{facts,number}', '99')"
         " WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"entry-digest"}),
        ("UPDATE audit_entry SET type = 'other' WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-digest"}),
        ("UPDATE audit_entry SET at = at + interval '1 hour' WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-row"}),
        ("UPDATE audit_entry SET subject = gen_random_uuid() WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-row"}),
        ("DELETE FROM audit_entry WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"missing-entry"}),
        ("DELETE FROM log_leaf WHERE idx = 5", {"gap"}),
        ("DELETE FROM log_leaf WHERE idx = (SELECT max(idx) FROM log_leaf)", {"gap", "tile", "unnumbered"}),
        ("UPDATE log_leaf SET leaf = '\\x00' WHERE idx = 5", {"leaf"}),
        ("UPDATE log_tile SET data = '\\x00'", {"tile"}),
        ("DELETE FROM log_tile", {"tile"}),
        ("UPDATE log_checkpoint SET root = '\\x00'", {"root"}),
        ("UPDATE log_checkpoint SET note = replace(note, E'\\n12\\n', E'\\n13\\n') WHERE size = 12",
         {"checkpoint-signature"}),
        ("INSERT INTO audit_entry (data, type, detail, visibility, at) OVERRIDING SYSTEM VALUE"
         " SELECT data, type, detail, visibility, at FROM audit_entry LIMIT 1", {"unnumbered"}),
        ("WITH e AS (INSERT INTO audit_entry (data, type, detail, visibility, at)"
         " SELECT data, type, detail, visibility, at FROM audit_entry ORDER BY id LIMIT 1 RETURNING id)"
         " INSERT INTO log_leaf (idx, entry_id, leaf) SELECT 12, id, (SELECT leaf FROM log_leaf WHERE idx = 0) FROM e",
         {"tile"}),
    ],
)  # fmt: skip
async def test_a_touched_row_is_found(world: World, statement: str, codes: set[str]) -> None:
    await _fill(world)

    await _as_superuser(world, statement)
    found = await _audit(world)

    assert not found.holds
    assert codes <= {fault.code for fault in found.faults}, found.faults


async def test_two_entries_that_change_places_are_found(world: World) -> None:
    await _fill(world)

    await _as_superuser(
        world,
        "UPDATE log_leaf SET entry_id = -entry_id WHERE idx IN (3, 4)",
        "UPDATE log_leaf a SET entry_id = (SELECT max(-entry_id) + min(-entry_id) FROM log_leaf WHERE idx IN (3, 4))"
        " - (-a.entry_id) WHERE idx IN (3, 4)",
    )
    found = await _audit(world)

    assert not found.holds
