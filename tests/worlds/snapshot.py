"""What a world has become, kept, so that the next test begins there instead of walking there again through HTTP.

A snapshot holds the rows and sequences by which a database differs from a fresh one, the objects of its store, and the
last head that signer and witness have signed. It is put into a world that is still fresh, and only there.
"""

import io
import time
from dataclasses import dataclass, field

import asyncpg
import obstore

from kernel.log.signer import Head, HeadKeeper
from tests.world import World

#: A snapshot tells its makers' time; sessions, challenges and fresh proofs of identity in it must still hold.
GOOD_FOR_S = 240.0
_TABLES = (
    "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    " ORDER BY 1"
)
_SEQUENCES = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
_FRESH = (
    "SELECT NOT EXISTS (SELECT 1 FROM audit_entry) AND NOT EXISTS (SELECT 1 FROM identity_account)"
    " AND NOT EXISTS (SELECT 1 FROM identity_organisation)"
    " AND (SELECT coalesce(clock_offset, '0') FROM kernel_installation) = interval '0'"
)


@dataclass(slots=True)
class Snapshot:
    """A state to begin from; see the module's head."""

    tables: dict[str, bytes]
    sequences: dict[str, int]
    objects: dict[str, bytes]
    head: Head | None
    made: float = field(default_factory=time.monotonic)

    @property
    def holds(self) -> bool:
        """Whether it is young enough."""
        return time.monotonic() - self.made < GOOD_FOR_S


async def is_fresh(world: World) -> bool:
    """Say whether nothing has happened in a world yet."""
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        return bool(await connection.fetchval(_FRESH)) and not await _objects(world)
    finally:
        await connection.close()


async def tables_of(world: World) -> dict[str, bytes]:
    """Return every table's rows as PostgreSQL copies them."""
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        return {row[0]: await _rows(connection, row[0]) for row in await connection.fetch(_TABLES)}
    finally:
        await connection.close()


async def take(world: World, before: dict[str, bytes]) -> Snapshot:
    """Keep what a world has become since its tables were those of `before`; the log has taken in everything first."""
    await world.until_logged()
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = {name: await _rows(connection, name) for name in before}
            sequences = dict(await connection.fetch(_SEQUENCES))
    finally:
        await connection.close()
    heads = {keeper.last for keeper in world.keepers}
    assert len(heads) == 1, "signer and witness know one head"
    changed = {name: rows for name, rows in tables.items() if rows != before[name]}
    return Snapshot(changed, sequences, await _objects(world), heads.pop())


async def restore(world: World, snapshot: Snapshot) -> None:
    """Let a fresh world be what another one had become."""
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")  # the rows keep each other's rules
            for name, rows in snapshot.tables.items():
                await connection.execute(f"DELETE FROM {name}")
                await connection.copy_to_table(name, source=io.BytesIO(rows), format="binary")
            for name, last in snapshot.sequences.items():
                await connection.execute("SELECT setval(cast($1::text AS regclass), $2)", name, last)
            _remember(world.keepers, snapshot.head)  # before the rows can be seen
    finally:
        await connection.close()
    for name, data in snapshot.objects.items():
        await world.services.files.put(name, data)


def _remember(keepers: list[HeadKeeper], head: Head | None) -> None:
    for keeper in keepers:
        if head is not None:
            keeper._memory.store(head)
        keeper._last = head


async def _rows(connection: asyncpg.Connection, table: str) -> bytes:
    out = io.BytesIO()
    await connection.copy_from_table(table, output=out, format="binary")
    return out.getvalue()


async def _objects(world: World) -> dict[str, bytes]:
    store = world.services.files
    found = await obstore.list(store._store).collect_async()
    return {item["path"]: await store.get(item["path"]) for item in found}
