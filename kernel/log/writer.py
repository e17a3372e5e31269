"""Write an act's entry into the log, atomically with its effect (crypto.md §5.1).

Writers never wait for each other: the entry gets its number later, from the sequencer.
"""

import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kernel.canonical import format_time
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.log.entry import Entry, entry_of

#: The most cover entries that come with one sealed act, or at one random time.
MOST_COVER = 7


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the act knows of its entry before it has a number."""

    entry_id: int
    entry: Entry
    detail: dict[str, Any]


async def record(
    tx: Tx,
    actor: Actor,
    kind: str,
    facts: dict[str, Any],
    *,
    subject: uuid.UUID | None = None,
    visibility: str = "restricted",
) -> Recorded:
    """Record an act in the log.

    Args:
        kind: dotted name of the event: `lot.registered`, `notice.published`.
        facts: JSON-safe (integers, strings, lists, objects): what was done, with the rule ids that bore on it.
        subject: id of the matter (a lot) that the entry belongs to.
        visibility: `public`, `parties` or `restricted` (who may read the detail; the leaf is public anyway).

    Effects:
        one row in `audit_entry`, one in `audit_queue`.
    """
    detail: dict[str, Any] = {
        "v": 1,
        "type": kind,
        "at": format_time(tx.now),
        "actor": actor.described(),
        "facts": facts,
        "visibility": visibility,
    }
    if subject is not None:
        detail["subject"] = str(subject)
    if tx.rehearsal:
        detail["rehearsal"] = await rehearsal_offset_s(tx)
    return await record_detail(tx, kind, detail, subject=subject, visibility=visibility)


async def record_detail(
    tx: Tx,
    kind: str,
    detail: dict[str, Any],
    *,
    subject: uuid.UUID | None = None,
    visibility: str = "restricted",
) -> Recorded:
    """Record an entry whose detail has a fixed form (receipts, keysets, close lists).

    Args:
        detail: exactly what the digest covers.
    """
    (recorded,) = await record_details(tx, [(kind, detail)], subject=subject, visibility=visibility)
    return recorded


async def record_details(
    tx: Tx,
    acts: Sequence[tuple[str, dict[str, Any]]],
    *,
    subject: uuid.UUID | None = None,
    visibility: str = "restricted",
) -> list[Recorded]:
    """Record the entries of acts that share a transaction, an entry for each, in one statement.

    Args:
        acts: kind and detail of each; all of one subject and one visibility.

    Returns:
        The entries in the order of the acts; their ids, and so their numbers, are in no order when they are sealed.
    """
    at = format_time(tx.now)
    entries = [entry_of(suite("intl-1"), kind, at, detail, os.urandom(16)) for kind, detail in acts]
    texts = [json.dumps(detail, ensure_ascii=False) for _, detail in acts]
    rows = [(entry.data(), entry.kind, text) for entry, text in zip(entries, texts, strict=True)]
    if visibility == "sealed":
        # Neither how much the log grows nor where an entry stands may tell how many sealed acts there were.
        rows += [cover for _ in acts for cover in _covers(tx, os.urandom(1)[0] % (MOST_COVER + 1))]
        rows.sort(key=lambda _: os.urandom(8))
    data, kinds, details = (list(column) for column in zip(*rows, strict=True))
    found = await tx.fetch(_RECORD, data, kinds, details, visibility, subject, tx.now)
    ids = {row["data"]: row["id"] for row in found}
    return [Recorded(ids[entry.data()], entry, detail) for entry, (_, detail) in zip(entries, acts, strict=True)]


COVER = "cover"
#: Entries with their covers, their places in the queue, and the call that wakes the sequencer, in one statement.
_RECORD = (
    "WITH made AS (INSERT INTO audit_entry (data, type, detail, visibility, subject, at)"
    " SELECT r.data, r.type, r.detail, $4, CASE WHEN r.type <> 'cover' THEN $5::uuid END, $6"
    " FROM unnest($1::bytea[], $2::text[], $3::jsonb[]) WITH ORDINALITY AS r (data, type, detail, n) ORDER BY r.n"
    " RETURNING id, data, type),"
    " queued AS (INSERT INTO audit_queue (entry_id) SELECT id FROM made)"
    " SELECT id, data, pg_notify('audit', '') FROM made WHERE type <> 'cover'"
)


def _covers(tx: Tx, count: int) -> list[tuple[bytes, str, str]]:
    """Return data, kind and detail of cover entries."""
    provider, at = suite("intl-1"), format_time(tx.now)
    details = [{"v": 1, "type": COVER, "noise": os.urandom(16).hex()} for _ in range(count)]
    return [
        (entry_of(provider, COVER, at, detail, os.urandom(16)).data(), COVER, json.dumps(detail)) for detail in details
    ]


async def record_cover(tx: Tx, count: int) -> None:
    """Record entries that mean nothing, so that the growth of the public log tells nothing either.

    The tree is public, and on a quiet platform its size would count the sealed acts one by one. Cover entries come with
    every sealed act in a random number, and by themselves at random times (`portal.worker`); nobody without the entries
    tells them from others.

    Args:
        count: how many, 0 to `MOST_COVER`.
    """
    if not count:
        return
    covers = _covers(tx, count)
    await tx.fetch(
        "WITH made AS (INSERT INTO audit_entry (data, type, detail, visibility, subject, at)"
        " SELECT c.data, 'cover', c.detail, 'sealed', NULL, $1"
        " FROM unnest($2::bytea[], $3::jsonb[]) AS c (data, detail) RETURNING id)"
        " INSERT INTO audit_queue (entry_id) SELECT id FROM made",
        tx.now,
        [data for data, _, _ in covers],
        [detail for _, _, detail in covers],
    )


async def rehearsal_offset_s(tx: Tx) -> int:
    """Return by how many seconds the rehearsal's clock is moved."""
    offset = await tx.fetchval("SELECT clock_offset FROM kernel_installation")
    assert isinstance(offset, timedelta)
    return int(offset.total_seconds())
