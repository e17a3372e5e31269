"""Reads of lots: frozen views, one statement each."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from trading.lot_view import Criterion, LotView, ReviewItem
from trading.stages import PublicDates, phase_of
from trading.vocabulary import LotKind, Phase, Regime, Stage, TenderMethod

_PUBLICITY_UNTIL = (
    "(SELECT n.until FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'candidates'"
    " ORDER BY n.version DESC LIMIT 1) AS publicity_until"
)
_LOT = (
    "SELECT l.id, l.project_id, p.number AS tender, l.number, p.title AS project_title, l.title, p.regime, p.kind,"  # noqa: S608
    " p.method, p.region, l.stage, l.stage_since, l.came_from, p.procuring_entity_id, p.procuring_entity_name,"
    " p.agency_id, p.agency_name,"
    " e.accepted IS TRUE AND e.ended_at IS NULL AS is_entrusted,"
    " p.funds, p.approval, p.supervising_body, p.contacts, l.scope, l.qualifications,"
    " l.consortium_allowed, l.agents_allowed, l.price_cap_fen, l.estimate_fen, l.bid_bond_fen, l.criteria,"
    " l.review_items, l.price_method, l.procedure, p.provenance || l.provenance AS provenance,"
    " p.registered_at, l.documents_from, l.documents_to, l.deadline, l.opening_at, l.keyset,"
    " l.published_at, l.closed_at, l.opened_at, l.failed_reason,"
    f" {_PUBLICITY_UNTIL}"
    " FROM trading_lot l JOIN trading_project p ON p.id = l.project_id"
    " JOIN trading_entrustment e ON e.project_id = p.id"
)


async def get_lot(tx: Tx, lot_id: uuid.UUID) -> LotView:
    """Return a lot; who may see it is asked by the caller.

    Raises:
        NotFound: there is none.
    """
    return await _one(tx, "WHERE l.id = $1", lot_id)


async def find_lot(tx: Tx, tender: str, number: str) -> LotView | None:
    """Return the lot of a project number and a lot number, or None."""
    rows = await _rows(tx, "WHERE p.number = $1 AND l.number = $2", tender, number)
    return rows[0] if rows else None


async def list_lots_of(tx: Tx, organisation_id: uuid.UUID) -> list[LotView]:
    """Return the lots of a procuring entity or agency, the nearest deadline first."""
    tail = "WHERE $1 IN (p.procuring_entity_id, p.agency_id) ORDER BY l.deadline NULLS FIRST, l.id"
    return await _rows(tx, tail, organisation_id)


async def list_lots(
    tx: Tx, *, stages: tuple[Stage, ...] = (), published: bool = True, most: int = 50, after: uuid.UUID | None = None
) -> list[LotView]:
    """Return lots, newest first, a page at a time.

    Args:
        stages: only these; empty for all.
        published: only lots that everybody may see; drafts are nobody else's business.
        after: the last id of the page before.
    """
    tail = (
        "WHERE (NOT $1 OR (l.published_at IS NOT NULL AND (p.method <> 'invited' OR l.closed_at IS NOT NULL)))"
        " AND (cardinality($2::text[]) = 0 OR l.stage = ANY($2))"
        " AND ($3::uuid IS NULL OR l.id < $3) ORDER BY l.id DESC LIMIT $4"
    )
    return await _rows(tx, tail, published, [stage.value for stage in stages], after, most)


class LotLine(NamedTuple):
    """A lot in a list: the columns of `PUBLIC_LINES`."""

    id: uuid.UUID
    project_id: uuid.UUID
    tender: str
    number: str
    project_title: str
    title: str
    regime: str
    kind: str
    method: str
    region: str
    stage: str
    procuring_entity_id: uuid.UUID
    procuring_entity_name: str
    agency_id: uuid.UUID
    agency_name: str
    consortium_allowed: bool
    agents_allowed: bool
    price_cap_fen: int | None
    bid_bond_fen: int | None
    registered_at: datetime
    documents_from: datetime | None
    documents_to: datetime | None
    deadline: datetime | None
    opening_at: datetime | None
    published_at: datetime | None
    closed_at: datetime | None
    opened_at: datetime | None
    failed_reason: str | None
    publicity_until: datetime | None

    def phase(self, now: datetime) -> Phase:
        """Return what a visitor sees at an instant."""
        dates = PublicDates(self.documents_from, self.documents_to, self.deadline, self.publicity_until)
        return phase_of(Stage(self.stage), dates, now)


#: The lots that everybody may see, as their list shows them, newest first; after $1, at most $2.
PUBLIC_LINES = (
    "SELECT l.id, l.project_id, p.number AS tender, l.number, p.title AS project_title, l.title, p.regime, p.kind,"  # noqa: S608
    " p.method, p.region, l.stage, p.procuring_entity_id, p.procuring_entity_name, p.agency_id, p.agency_name,"
    " l.consortium_allowed, l.agents_allowed, l.price_cap_fen, l.bid_bond_fen, p.registered_at, l.documents_from,"
    " l.documents_to, l.deadline, l.opening_at, l.published_at, l.closed_at, l.opened_at, l.failed_reason,"
    f" {_PUBLICITY_UNTIL}"
    " FROM trading_lot l JOIN trading_project p ON p.id = l.project_id"
    " WHERE l.published_at IS NOT NULL AND (p.method <> 'invited' OR l.closed_at IS NOT NULL)"
    " AND ($1::uuid IS NULL OR l.id < $1) ORDER BY l.id DESC LIMIT $2"
)


async def list_public_lots(tx: Tx, *, most: int, after: uuid.UUID | None = None) -> list[LotLine]:
    """Return the lots that everybody may see, newest first, a page at a time.

    Args:
        after: the last id of the page before.
    """
    return [LotLine._make(row) for row in await tx.fetch(PUBLIC_LINES, after, most)]


async def lots_due_for_closing(tx: Tx) -> list[uuid.UUID]:
    """Return the lots whose deadline has come and whose bidding is not closed yet."""
    rows = await tx.fetch(
        "SELECT id FROM trading_lot WHERE closed_at IS NULL AND deadline <= $1 AND stage = $2 ORDER BY deadline, id",
        tx.now,
        Stage.NOTICE_PUBLISHED.value,
    )
    return [row["id"] for row in rows]


async def lock_lot_row(tx: Tx, lot_id: uuid.UUID, how: str) -> LotView:
    """Return a lot whose row is held until the transaction ends.

    Args:
        how: `SHARE`: others may read and hold it as well, nobody may change it; `UPDATE`: nobody else.

    Raises:
        NotFound: there is none.
    """
    if how not in ("SHARE", "UPDATE"):
        raise ValueError(how)
    return await _one(tx, f"WHERE l.id = $1 FOR {how} OF l", lot_id)


async def _one(tx: Tx, tail: str, *values: Any) -> LotView:
    rows = await _rows(tx, tail, *values)
    if not rows:
        raise NotFound
    return rows[0]


async def _rows(tx: Tx, tail: str, *values: Any) -> list[LotView]:
    return [_view(row) for row in await tx.fetch(f"{_LOT} {tail}", *values)]


def _view(row: asyncpg.Record) -> LotView:
    values: dict[str, Any] = dict(row)
    values["regime"] = Regime(values["regime"])
    values["kind"] = LotKind(values["kind"])
    values["method"] = TenderMethod(values["method"])
    values["stage"] = Stage(values["stage"])
    values["came_from"] = Stage(values["came_from"]) if values["came_from"] else None
    values["criteria"] = tuple(Criterion(**item) for item in values["criteria"])
    values["review_items"] = tuple(ReviewItem(**item) for item in values["review_items"])
    return LotView(**values)
