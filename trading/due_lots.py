"""A lot as those see it who hand something in against its deadline: few columns, prepared SQL, one row held.

What a deadline surge asks for thousands of times is kept apart from `LotView`, which tells everything.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from kernel.db.transaction import INSTANT, Database, Tx
from kernel.errors import NotFound
from trading.slots import Slot, read_slots
from trading.vocabulary import Stage

#: What whoever wants to bid is told while the tender stands still (R-TIME-08).
PAUSED = "招标人正在答复对招标文件的异议，招标投标活动暂停；答复后继续，截止时间相应顺延（条例第二十二条）。"


@dataclass(frozen=True, slots=True)
class DueLot:
    """A published lot by its numbers, and whose it is."""

    id: uuid.UUID
    tender: str
    number: str
    project_id: uuid.UUID
    procuring_entity_id: uuid.UUID
    agency_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot whose row is held, at an instant at which that was so.

    Attributes:
        keyset: `ks` of the keyset that bids are sealed to, b64u.
        slots: the parts of a bid.
        instant: the database's clock after the row was held.
    """

    stage: Stage
    deadline: datetime | None
    keyset: str | None
    slots: tuple[Slot, ...]
    instant: datetime

    @property
    def takes_bids(self) -> bool:
        """Whether the lot's stage is the one in which bids come; the deadline is asked beside it."""
        return self.stage is Stage.NOTICE_PUBLISHED

    @property
    def is_paused(self) -> bool:
        """Whether the lot stands still for an objection: then its deadline moves, and nobody is late."""
        return self.stage is Stage.PAUSED_DOCUMENTS

    @property
    def is_over(self) -> bool:
        """Whether the deadline had come at the instant."""
        return self.deadline is None or self.instant >= self.deadline


_DUE = (
    "SELECT l.id, p.number, l.number, p.id, p.procuring_entity_id, p.agency_id FROM trading_lot l"
    " JOIN trading_project p ON p.id = l.project_id WHERE l.published_at IS NOT NULL AND "
)


async def find_due_lot(tx: Tx, tender: str, number: str) -> DueLot | None:
    """Return the published lot of a project number and a lot number, or None."""
    found = await tx.fetchrow(_DUE + "p.number = $1 AND l.number = $2", tender, number)
    return None if found is None else DueLot(*found)


async def get_due_lot(tx: Tx, lot_id: uuid.UUID) -> DueLot:
    """Return a published lot.

    Raises:
        NotFound: there is none, or its notice is not out.
    """
    found = await tx.fetchrow(_DUE + "l.id = $1", lot_id)
    if found is None:
        raise NotFound
    return DueLot(*found)


#: The clock is read from the held row's answer, never beside the lock: below it, it would be read before the waiting.
_HOLD = (
    "WITH held AS MATERIALIZED (SELECT stage, deadline, keyset, (procedure -> 'slots')::text AS slots FROM trading_lot"  # noqa: S608
    " WHERE id = $1 AND published_at IS NOT NULL FOR SHARE)"
    " SELECT held.stage, held.deadline, held.keyset, held.slots, " + INSTANT + " AS instant FROM held"
)


#: The same without holding it.
_LOOK = (
    "SELECT id, stage, deadline, keyset, (procedure -> 'slots')::text AS slots, " + INSTANT + " AS instant"  # noqa: S608
    " FROM trading_lot WHERE id = ANY($1) AND published_at IS NOT NULL"
)


async def look_at_due_lots(tx: Tx | Database, lot_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, HeldLot]:
    """Return lots as they are now; nobody is kept from closing them. What is not published is left out."""
    rows = await tx.fetch(_LOOK, list(lot_ids))
    return {row["id"]: _held(row) for row in rows}


async def hold_due_lot(tx: Tx, lot_id: uuid.UUID) -> HeldLot:
    """Hold a lot as many may at a time, while nobody may close it, and say at which instant that was so.

    A late waiter is judged by the time at which the row was theirs.

    Raises:
        NotFound: there is none, or its notice is not out.
    Source:
        R-ET-05
    """
    row = await tx.fetchrow(_HOLD, lot_id)
    if row is None:
        raise NotFound
    return _held(row)


def _held(row: asyncpg.Record) -> HeldLot:
    return HeldLot(Stage(row["stage"]), row["deadline"], row["keyset"], read_slots(row["slots"]), row["instant"])
