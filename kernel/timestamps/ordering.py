"""Which checkpoints get a time stamp, and getting them: beside every legal act, never in its way.

Every deadline checkpoint, and the last checkpoint of each calendar day (Beijing). What cannot be had now is asked for
again, ever more slowly, for as long as it takes; until then it is a duty of the operator's, and nothing else waits.

Source: crypto.md 3.7, 5.3; docs/spec/log.md, "Time stamps".
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kernel.canonical import b64u_encode, format_time
from kernel.clock import SHANGHAI
from kernel.crypto import suite
from kernel.db.transaction import Database, Tx
from kernel.errors import Unavailable
from kernel.identity.actor import system_actor
from kernel.log.writer import record
from kernel.timestamps.asking import StampService

log = logging.getLogger("sunlit.timestamps")

#: Name of the desk in `Services.plugins`; only the worker has one.
STAMPS: Final = "stamps"
#: The longest wait between two tries: 2^12 seconds, a little more than an hour.
SLOWEST: Final = 12
#: The most tokens of one round.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Ordered:
    """A checkpoint that is to get a time stamp.

    Attributes:
        reason: `deadline` or `daily`.
        stamped_at: the authority's time; None as long as there is no token.
        tried: how often it was asked for;  next_at: when it is asked for next, by the machine's clock.
    """

    size: int
    reason: str
    day: date | None
    asked_at: datetime
    tried: int
    next_at: datetime
    last_error: str
    stamped_at: datetime | None
    authority: str


async def order_stamp(tx: Tx, size: int) -> None:
    """Have a deadline checkpoint stamped; a second order of the same one changes nothing.

    Effects:
        a row in `log_stamp_request`.
    """
    await _order(tx, size, "deadline", None)


async def order_daily_stamp(tx: Tx) -> None:
    """Have the last checkpoint from before today stamped, once; on the platform's calendar.

    Effects:
        a row in `log_stamp_request`, or the day noted in the row of a deadline checkpoint.
    """
    today = tx.now.astimezone(SHANGHAI).date()
    known = text("SELECT EXISTS (SELECT 1 FROM log_stamp_request WHERE day = :day)")
    if (await tx.session.execute(known, {"day": today - timedelta(days=1)})).scalar_one():
        return
    midnight = datetime.combine(today, time(), SHANGHAI)
    last = text(
        "SELECT size FROM log_checkpoint WHERE at < :m AND note IS NOT NULL ORDER BY at DESC, size DESC LIMIT 1"
    )
    size = (await tx.session.execute(last, {"m": midnight})).scalar_one_or_none()
    if size is not None:
        await _order(tx, size, "daily", today - timedelta(days=1))


async def _order(tx: Tx, size: int, reason: str, day: date | None) -> None:
    await tx.session.execute(
        text(
            "INSERT INTO log_stamp_request (size, reason, day, asked_at, next_at, attempts)"
            " VALUES (:size, :reason, :day, :now, clock_timestamp(), 0)"
            " ON CONFLICT (size) DO UPDATE SET day = coalesce(excluded.day, log_stamp_request.day)"
        ),
        {"size": size, "reason": reason, "day": day, "now": tx.now},
    )


class StampDesk:
    """Gets the tokens that are due, one round at a time, beside everything else the worker does."""

    def __init__(self, service: StampService) -> None:
        self._service = service
        self._running: asyncio.Task[int] | None = None

    def begin(self, db: Database) -> asyncio.Task[int]:
        """Begin a round unless one is running: a slow authority must not hold up what is due, such as closing a lot."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._round(db), name="timestamps")
        return self._running

    async def _round(self, db: Database) -> int:
        done = 0
        try:
            while done < MOST and await self._one(db):
                done += 1
        except (OSError, SQLAlchemyError) as error:
            log.warning("no time stamps this time (%s)", type(error).__name__)
        return done

    async def _one(self, db: Database) -> bool:
        """Get one token that is due; the row stays claimed meanwhile, so two workers never ask for the same.

        Effects:
            the token beside its checkpoint and entry `checkpoint.stamped`; or a later time for the next try.
        """
        async with db.begin() as tx:
            row = (await tx.session.execute(_DUE)).one_or_none()
            if row is None:
                return False
            try:
                token, stamp = await self._service.stamp(row.note.encode(), tx.now)
            except (Unavailable, ValueError, TypeError, LookupError) as refusal:
                # An answer that no parser can read is a refusal like any other: it must not hold up the next row.
                why = refusal.detail if isinstance(refusal, Unavailable) else f"unreadable ({type(refusal).__name__})"
                log.warning("checkpoint %d got no time stamp: %s", row.size, why)
                values = {"size": row.size, "error": why[:300], "slowest": SLOWEST}
                await tx.session.execute(_LATER, values)
                return True
            await tx.session.execute(
                text("UPDATE log_checkpoint SET tst = :token WHERE size = :size"), {"token": token, "size": row.size}
            )
            await tx.session.execute(_DONE, {"size": row.size, "at": stamp.at, "authority": stamp.authority})
            facts = {
                "size": row.size,
                "token": b64u_encode(suite("intl-1").hash(token)),
                "at": format_time(stamp.at),
                "authority": stamp.authority,
                "demonstration": stamp.local,
            }
            await record(tx, system_actor(), "checkpoint.stamped", facts, visibility="public")
        return True


_DUE = text(
    "SELECT r.size, c.note FROM log_stamp_request r JOIN log_checkpoint c ON c.size = r.size"
    " WHERE r.stamped_at IS NULL AND r.next_at <= clock_timestamp() ORDER BY r.next_at LIMIT 1"
    " FOR UPDATE OF r SKIP LOCKED"
)
_LATER = text(
    "UPDATE log_stamp_request SET attempts = attempts + 1, last_error = :error,"
    " next_at = clock_timestamp() + make_interval(secs => 2 ^ least(attempts, :slowest)) WHERE size = :size"
)
_DONE = text(
    "UPDATE log_stamp_request SET attempts = attempts + 1, last_error = NULL, stamped_at = :at,"
    " authority = :authority WHERE size = :size"
)


async def list_ordered(tx: Tx, *, most: int = 100, before: int | None = None) -> list[Ordered]:
    """Return checkpoints that are to get a stamp: those without one first, then the newest.

    Args:
        before: only sizes below this one, for the next page of those that are stamped.
    """
    rows = await tx.session.execute(
        text(
            "SELECT * FROM log_stamp_request WHERE cast(:before AS bigint) IS NULL"
            " OR (size < :before AND stamped_at IS NOT NULL)"
            " ORDER BY stamped_at IS NOT NULL, size DESC LIMIT :most"
        ),
        {"most": most, "before": before},
    )
    return [
        Ordered(
            size=row.size,
            reason=row.reason,
            day=row.day,
            asked_at=row.asked_at,
            tried=row.attempts,
            next_at=row.next_at,
            last_error=row.last_error or "",
            stamped_at=row.stamped_at,
            authority=row.authority or "",
        )
        for row in rows
    ]


async def count_missing(tx: Tx) -> int:
    """Return how many checkpoints still wait for their stamp."""
    found = await tx.session.execute(text("SELECT count(*) FROM log_stamp_request WHERE stamped_at IS NULL"))
    return int(found.scalar_one())
