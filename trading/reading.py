"""Reads of what was published: notices and their papers, the search, the timeline of a lot."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from trading.announcement import NoticeKind
from trading.search import like_of, terms_of, tsquery_of


class NoticeLine(NamedTuple):
    """A notice in a list."""

    id: uuid.UUID
    lot_id: uuid.UUID
    kind: NoticeKind
    version: int
    number: str
    title: str
    region: str
    published_at: datetime
    until: datetime | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice with its content and its place in the log.

    Attributes:
        log_index: its number in the public log; None until the sequencer has come by.
        superseded_by: the version that took its place.
        is_public: everybody may see it; else the invited alone, until the bids are closed.
        pdf_id: file of the sealed PDF; None until it is made.
        pdf_fault: why there is none.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    kind: NoticeKind
    version: int
    number: str
    title: str
    region: str
    content: dict[str, Any]
    digest: bytes
    published_at: datetime
    until: datetime | None
    entry_id: int
    log_index: int | None
    superseded_by: uuid.UUID | None
    is_public: bool
    pdf_id: uuid.UUID | None
    pdf_fault: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of notices begins: after this one, newest first."""

    published_at: datetime
    id: uuid.UUID


#: Everybody may see it: the notices of an invited tender from the moment its bids are closed.
_SEEN = (
    "(n.audience = 'public' OR EXISTS"
    " (SELECT 1 FROM trading_lot seen WHERE seen.id = n.lot_id AND seen.closed_at IS NOT NULL))"
)
#: The regions that notices name, for the filter.
REGIONS = "SELECT DISTINCT region FROM trading_notice WHERE audience = 'public' ORDER BY region LIMIT 100"
_LINE = (
    "SELECT n.id, n.lot_id, n.kind, n.version, n.number, n.title, n.region, n.published_at, n.until,"
    " NOT EXISTS (SELECT 1 FROM trading_notice later WHERE later.supersedes = n.id) AS is_current"
    " FROM trading_notice n"
)


async def load_notice(tx: Tx, notice_id: uuid.UUID) -> NoticeView:
    """Return a notice.

    Raises:
        NotFound: there is none.
    """
    rows = await tx.session.execute(
        text(
            "SELECT n.*, n.audience = 'public' OR lot.closed_at IS NOT NULL AS is_public, l.idx AS log_index,"
            " p.file_id AS pdf_id, p.fault AS pdf_fault,"
            " (SELECT later.id FROM trading_notice later WHERE later.supersedes = n.id) AS superseded_by"
            " FROM trading_notice n JOIN trading_lot lot ON lot.id = n.lot_id"
            " LEFT JOIN log_leaf l ON l.entry_id = n.entry_id"
            " LEFT JOIN trading_paper p ON p.subject_id = n.id WHERE n.id = :id"
        ),
        {"id": notice_id},
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFound
    return NoticeView(
        id=row.id,
        lot_id=row.lot_id,
        kind=NoticeKind(row.kind),
        version=row.version,
        number=row.number,
        title=row.title,
        region=row.region,
        content=row.content,
        digest=bytes(row.digest),
        published_at=row.published_at,
        until=row.until,
        entry_id=row.entry_id,
        log_index=row.log_index,
        superseded_by=row.superseded_by,
        is_public=row.is_public,
        pdf_id=row.pdf_id,
        pdf_fault=row.pdf_fault,
    )


async def list_notices_of(tx: Tx, lot_id: uuid.UUID) -> list[NoticeLine]:
    """Return every notice of a lot in every version, newest first."""
    rows = await tx.fetch(f"{_LINE} WHERE n.lot_id = $1 ORDER BY n.published_at DESC, n.id DESC", lot_id)
    return [_line(row) for row in rows]


async def search_notices(
    tx: Tx,
    *,
    query: str = "",
    kind: NoticeKind | None = None,
    region: str = "",
    published_from: datetime | None = None,
    published_to: datetime | None = None,
    after: Cursor | None = None,
    most: int = 20,
) -> list[NoticeLine]:
    """Return current notices that everybody may see, newest first, a page at a time.

    Args:
        query: terms between blanks; all must occur. Terms of one character are compared without the index.
        published_to: the first instant that is too late.
    """
    terms = terms_of(query)
    conditions = [_SEEN, "NOT EXISTS (SELECT 1 FROM trading_notice later WHERE later.supersedes = n.id)"]
    values: list[Any] = []

    def ask(condition: str, *given: Any) -> None:
        conditions.append(condition.format(*(f"${len(values) + at}" for at in range(1, len(given) + 1))))
        values.extend(given)

    if wanted := tsquery_of(terms):
        ask("n.search @@ {}::tsquery", wanted)
    for term in terms:
        ask("n.words LIKE {}", like_of(term))
    for condition, value in (
        ("n.kind = {}", kind.value if kind else None),
        ("n.region = {}", region or None),
        ("n.published_at >= {}", published_from),
        ("n.published_at < {}", published_to),
    ):
        if value is not None:
            ask(condition, value)
    if after is not None:
        ask("(n.published_at, n.id) < ({}, {})", after.published_at, after.id)
    where = " AND ".join(conditions)
    tail = f"WHERE {where} ORDER BY n.published_at DESC, n.id DESC LIMIT ${len(values) + 1}"
    return [_line(row) for row in await tx.fetch(f"{_LINE} {tail}", *values, most)]


async def list_regions(tx: Tx) -> list[str]:
    """Return the regions that notices name, for the filter."""
    rows = await tx.fetch(REGIONS)
    return [row["region"] for row in rows]


def _line(row: asyncpg.Record) -> NoticeLine:
    id_, lot_id, kind, *rest = row
    return NoticeLine(id_, lot_id, NoticeKind(kind), *rest)
