"""Write work with an act; claim and finish it in the worker.

The database is the truth: a lost wake-up loses nothing, because the worker asks every second what is due. Due times
are the machine's real time (`clock_timestamp()`), not the rehearsal's.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kernel.db.lost import is_lost_connection
from kernel.db.transaction import Database, Tx

#: After so many failures a job waits for a person; `./sunlit doctor` and the metrics show it. That the database was
#: away is no failure of the job: it is tried again for as long as it takes.
MAX_ATTEMPTS = 5
_FROM_DATABASE = (SQLAlchemyError, asyncpg.PostgresError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed piece of work."""

    id: UUID
    kind: str
    payload: dict[str, Any]
    attempts: int


#: A handler gets the worker's context object and the payload.
Handler = Callable[[Any, dict[str, Any]], Awaitable[None]]


async def enqueue(tx: Tx, kind: str, payload: dict[str, Any], *, key: str) -> None:
    """Write work that happens after this transaction's commit.

    Args:
        kind: `package:verb_object`; the worker's table maps it to a handler.
        payload: ids, not objects.
        key: the same key is accepted once; a second row is dropped.
    """
    await tx.session.execute(
        text(
            "INSERT INTO kernel_outbox (id, kind, key, payload, created_at, next_at, attempts)"
            " VALUES (:id, :kind, :key, cast(:payload AS jsonb), clock_timestamp(), clock_timestamp(), 0)"
            " ON CONFLICT (key) DO NOTHING"
        ),
        {"id": tx.new_secret_id(), "kind": kind, "key": key, "payload": _json(payload)},
    )
    await tx.session.execute(text("SELECT pg_notify('outbox', '')"))


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)


async def drain(db: Database, context: Any, handlers: Mapping[str, Handler], *, most: int = 50) -> int:
    """Do due work, one row at a time, each claimed with SKIP LOCKED.

    The claim holds a row lock while the handler runs in transactions of its own, so two workers never do one job at the
    same time, and a worker that dies gives the job back at once.

    Returns:
        How many jobs were tried.

    Raises:
        SQLAlchemyError: the database went away under the claim; the next round tries the same job again.
    """
    done = 0
    while done < most:
        async with db.begin() as tx:
            row = (
                await tx.session.execute(
                    text(
                        "SELECT id, kind, payload, attempts FROM kernel_outbox"
                        " WHERE done_at IS NULL AND next_at <= clock_timestamp() AND attempts < :most"
                        " ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED"
                    ),
                    {"most": MAX_ATTEMPTS},
                )
            ).one_or_none()
            if row is None:
                return done
            error: str | None = None
            counts = 1
            try:
                handler = handlers[row.kind]
                await handler(context, row.payload)
            except Exception as caught:
                # The worker must go on with other jobs; the cause is kept beside the row, without the payload.
                error = f"{type(caught).__name__}: {caught}"[:500]
                counts = 0 if isinstance(caught, _FROM_DATABASE) and is_lost_connection(caught) else 1
            if error is None:
                await tx.session.execute(
                    text(
                        "UPDATE kernel_outbox SET done_at = clock_timestamp(), attempts = attempts + 1 WHERE id = :id"
                    ),
                    {"id": row.id},
                )
            else:
                await tx.session.execute(
                    text(
                        "UPDATE kernel_outbox SET attempts = attempts + :counts, last_error = :error,"
                        " next_at = clock_timestamp() + make_interval(secs => 2 ^ attempts) WHERE id = :id"
                    ),
                    {"id": row.id, "error": error, "counts": counts},
                )
        done += 1
    return done
