"""The peer of a submission: the same rows, written by bare asyncpg into tables of the same shape, and nothing else.

Same connection count, same rows (submission, documents, the bid's head, the log entry with its covers and their places
in the queue), same indexes, same commit rule (the settings of the same login), one transaction per submission. No
check, no signature, no numbering, no HTTP.
"""

import asyncio
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from kernel.log.writer import MOST_COVER

SCHEMA = "bench_submit"
#: Connections: as many as the portal's own engine opens at most (`kernel.db.engine`).
CONNECTIONS = 16
_TABLES = ("bidding_bid", "bidding_submission", "bidding_document", "audit_entry", "audit_queue")


@dataclass(frozen=True, slots=True)
class Rows:
    """What one submission wrote, as read back from the platform's tables."""

    submission: dict[str, Any]
    documents: list[dict[str, Any]]
    entry: dict[str, Any]


class RawInserts:
    """Scratch tables and the connections to them."""

    def __init__(self, owner_url: str, url: str) -> None:
        self._owner_url, self._url = owner_url, url
        self._pool: Any = None

    async def prepare(self) -> None:
        """Make the tables, indexes included; constraints between tables are left out, which favours the peer."""
        owner = await asyncpg.connect(self._owner_url)
        try:
            await owner.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            await owner.execute(f"CREATE SCHEMA {SCHEMA}")
            for table in _TABLES:
                await owner.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
            await owner.execute(f"INSERT INTO {SCHEMA}.bidding_bid SELECT * FROM public.bidding_bid")
            await owner.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO portal_rw")
            await owner.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO portal_rw")
            await owner.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO portal_rw")
        finally:
            await owner.close()
        self._pool = await asyncpg.create_pool(self._url, min_size=CONNECTIONS, max_size=CONNECTIONS)

    async def close(self) -> None:
        """Drop everything again."""
        await self._pool.close()
        owner = await asyncpg.connect(self._owner_url)
        await owner.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await owner.close()

    async def commit_rule(self) -> str:
        """Return what a commit means for this login: the same settings hold for the portal."""
        async with self._pool.acquire() as connection:
            return ", ".join(
                [f"{name}={await connection.fetchval(f'SHOW {name}')}" for name in ("fsync", "synchronous_commit")]
            )

    async def read_back(self, digests: Sequence[bytes]) -> list[Rows]:
        """Return what the platform wrote for these submissions."""
        async with self._pool.acquire() as connection:
            submissions = await connection.fetch(
                "SELECT * FROM public.bidding_submission WHERE digest = ANY($1)", list(digests)
            )
            found = []
            for row in submissions:
                documents = await connection.fetch(
                    "SELECT * FROM public.bidding_document WHERE submission_id = $1", row["id"]
                )
                entry = await connection.fetchrow("SELECT * FROM public.audit_entry WHERE id = $1", row["entry_id"])
                found.append(Rows(dict(row), [dict(one) for one in documents], dict(entry)))
        return found

    async def write(self, rows: Sequence[Rows]) -> None:
        """Write them all at once, each in a transaction of its own."""
        await asyncio.gather(*(self._write(one) for one in rows))

    async def _write(self, rows: Rows) -> None:
        submission_id = uuid.uuid4()
        entry = {name: value for name, value in rows.entry.items() if name != "id"}
        covers = [list(entry.values())] * (os.urandom(1)[0] % (MOST_COVER + 1))
        async with self._pool.acquire() as connection, connection.transaction():
            entry_id = await connection.fetchval(_insert("audit_entry", entry) + " RETURNING id", *entry.values())
            if covers:
                made = await connection.fetchmany(_insert("audit_entry", entry) + " RETURNING id", covers)
                queued = [(row["id"],) for row in made] + [(entry_id,)]
                await connection.executemany(_QUEUE, queued)
            else:
                await connection.execute(_QUEUE, entry_id)
            fresh = {"id": submission_id, "bid_id": uuid.uuid4(), "digest": os.urandom(32), "entry_id": entry_id}
            submission = rows.submission | fresh
            await connection.execute(_insert("bidding_submission", submission), *submission.values())
            documents = [one | {"submission_id": submission_id} for one in rows.documents]
            await connection.executemany(_insert("bidding_document", documents[0]), [[*d.values()] for d in documents])
            await connection.execute(_UPDATE, submission["rev"], submission["digest"], rows.submission["bid_id"])


_QUEUE = f"INSERT INTO {SCHEMA}.audit_queue (entry_id) VALUES ($1)"
_UPDATE = f"UPDATE {SCHEMA}.bidding_bid SET state = 'sealed', rev = $1, head = $2 WHERE id = $3"


def _insert(table: str, row: dict[str, Any]) -> str:
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    return f"INSERT INTO {SCHEMA}.{table} ({', '.join(row)}) VALUES ({places})"
