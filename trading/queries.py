"""Reads of lots: frozen views, one statement each."""

import uuid
from typing import Any

from sqlalchemy import Row, text

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from trading.lot_view import Criterion, LotView, ReviewItem
from trading.vocabulary import LotKind, Regime, Stage, TenderMethod

_LOT = (
    "SELECT l.id, l.project_id, p.number AS tender, l.number, p.title AS project_title, l.title, p.regime, p.kind,"
    " p.method, p.region, l.stage, l.stage_since, l.came_from, p.procuring_entity_id, p.procuring_entity_name,"
    " p.agency_id, p.agency_name,"
    " e.accepted IS TRUE AND e.ended_at IS NULL AS is_entrusted,"
    " p.funds, p.approval, p.supervising_body, p.contacts, l.scope, l.qualifications,"
    " l.consortium_allowed, l.agents_allowed, l.price_cap_fen, l.estimate_fen, l.bid_bond_fen, l.criteria,"
    " l.review_items, l.price_method, l.procedure, p.provenance || l.provenance AS provenance,"
    " p.registered_at, l.documents_from, l.documents_to, l.deadline, l.opening_at, l.keyset,"
    " l.published_at, l.closed_at, l.opened_at, l.failed_reason,"
    " (SELECT n.until FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'candidates'"
    "   ORDER BY n.version DESC LIMIT 1) AS publicity_until"
    " FROM trading_lot l JOIN trading_project p ON p.id = l.project_id"
    " JOIN trading_entrustment e ON e.project_id = p.id"
)


async def get_lot(tx: Tx, lot_id: uuid.UUID) -> LotView:
    """Return a lot; who may see it is asked by the caller.

    Raises:
        NotFound: there is none.
    """
    return await _one(tx, "WHERE l.id = :id", {"id": lot_id})


async def find_lot(tx: Tx, tender: str, number: str) -> LotView | None:
    """Return the lot of a project number and a lot number, or None."""
    rows = await _rows(tx, "WHERE p.number = :tender AND l.number = :number", {"tender": tender, "number": number})
    return rows[0] if rows else None


async def list_lots_of(tx: Tx, organisation_id: uuid.UUID) -> list[LotView]:
    """Return the lots of a procuring entity or agency, the nearest deadline first."""
    tail = "WHERE :org IN (p.procuring_entity_id, p.agency_id) ORDER BY l.deadline NULLS FIRST, l.id"
    return await _rows(tx, tail, {"org": organisation_id})


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
        "WHERE (NOT :published OR (l.published_at IS NOT NULL AND (p.method <> 'invited' OR l.closed_at IS NOT NULL)))"
        " AND (cardinality(cast(:stages AS text[])) = 0 OR l.stage = ANY(:stages))"
        " AND (cast(:after AS uuid) IS NULL OR l.id < :after) ORDER BY l.id DESC LIMIT :most"
    )
    values = {"published": published, "stages": [stage.value for stage in stages], "after": after, "most": most}
    return await _rows(tx, tail, values)


async def lots_due_for_closing(tx: Tx) -> list[uuid.UUID]:
    """Return the lots whose deadline has come and whose bidding is not closed yet."""
    rows = await tx.session.execute(
        text(
            "SELECT id FROM trading_lot WHERE closed_at IS NULL AND deadline <= :now AND stage = :stage"
            " ORDER BY deadline, id"
        ),
        {"now": tx.now, "stage": Stage.NOTICE_PUBLISHED.value},
    )
    return list(rows.scalars())


async def lock_lot_row(tx: Tx, lot_id: uuid.UUID, how: str) -> LotView:
    """Return a lot whose row is held until the transaction ends.

    Args:
        how: `SHARE`: others may read and hold it as well, nobody may change it; `UPDATE`: nobody else.

    Raises:
        NotFound: there is none.
    """
    if how not in ("SHARE", "UPDATE"):
        raise ValueError(how)
    return await _one(tx, f"WHERE l.id = :id FOR {how} OF l", {"id": lot_id})


async def _one(tx: Tx, tail: str, values: dict[str, Any]) -> LotView:
    rows = await _rows(tx, tail, values)
    if not rows:
        raise NotFound
    return rows[0]


async def _rows(tx: Tx, tail: str, values: dict[str, Any]) -> list[LotView]:
    rows = await tx.session.execute(text(f"{_LOT} {tail}"), values)
    return [_view(row) for row in rows]


def _view(row: Row[Any]) -> LotView:
    return LotView(
        id=row.id,
        project_id=row.project_id,
        tender=row.tender,
        number=row.number,
        project_title=row.project_title,
        title=row.title,
        regime=Regime(row.regime),
        kind=LotKind(row.kind),
        method=TenderMethod(row.method),
        region=row.region,
        stage=Stage(row.stage),
        stage_since=row.stage_since,
        came_from=Stage(row.came_from) if row.came_from else None,
        procuring_entity_id=row.procuring_entity_id,
        procuring_entity_name=row.procuring_entity_name,
        agency_id=row.agency_id,
        agency_name=row.agency_name,
        is_entrusted=row.is_entrusted,
        funds=row.funds,
        approval=row.approval,
        supervising_body=row.supervising_body,
        contacts=row.contacts,
        scope=row.scope,
        qualifications=row.qualifications,
        consortium_allowed=row.consortium_allowed,
        agents_allowed=row.agents_allowed,
        price_cap_fen=row.price_cap_fen,
        estimate_fen=row.estimate_fen,
        bid_bond_fen=row.bid_bond_fen,
        criteria=tuple(Criterion(**item) for item in row.criteria),
        review_items=tuple(ReviewItem(**item) for item in row.review_items),
        price_method=row.price_method,
        procedure=row.procedure,
        provenance=row.provenance,
        registered_at=row.registered_at,
        documents_from=row.documents_from,
        documents_to=row.documents_to,
        deadline=row.deadline,
        opening_at=row.opening_at,
        publicity_until=row.publicity_until,
        keyset=row.keyset,
        published_at=row.published_at,
        closed_at=row.closed_at,
        opened_at=row.opened_at,
        failed_reason=row.failed_reason,
    )
