"""A published lot many times over, so that lists have rows: copied in the tables, notices included."""

import uuid

import asyncpg

#: Numbers of copied lots begin here.
_FIRST = 101


async def copy_lot(owner: asyncpg.Connection, lot_id: uuid.UUID, count: int) -> None:
    """Copy a lot with the notices it has; at most 899 times.

    Args:
        owner: connection of the login that owns the tables.
    """
    for n in range(count):
        fresh, number = uuid.uuid4(), f"{_FIRST + n:03d}"
        await owner.execute(
            "INSERT INTO trading_lot SELECT (jsonb_populate_record(l, jsonb_build_object('id', $2::uuid,"
            " 'number', $3::text))).* FROM trading_lot l WHERE l.id = $1",
            *(lot_id, fresh, number),
        )
        await owner.execute(
            "INSERT INTO trading_notice SELECT (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(),"
            " 'lot_id', $2::uuid, 'number', n.number || '-' || $3::text))).* FROM trading_notice n"
            " WHERE n.lot_id = $1 AND n.supersedes IS NULL",
            *(lot_id, fresh, number),
        )
    await owner.execute("ANALYZE trading_lot, trading_notice")
