"""The log's part of a case: the matter's entries with their proofs, and the proofs that all heads are of one log."""

import uuid
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

from kernel.canonical import b64u_encode, parse
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log import parse_entry
from kernel.log.reader import (
    Checkpoint,
    LoggedEntry,
    consistency_path,
    inclusion_path,
    latest_checkpoint,
    list_entries,
)

#: Whose details everybody may read; the timeline of a lot shows the same (`trading.timeline`).
_WITH_DETAIL = frozenset({"public", "parties"})


async def entries_of(tx: Tx, subjects: Iterable[uuid.UUID]) -> dict[str, Any]:
    """Return a bundle's `entries` member: every entry of the matters, proved towards the newest head.

    Public entries come with detail. Of what was sealed until the opening only that it happened, and when; of restricted
    entries only the leaf, so that nobody can leave one out unseen.

    Raises:
        NotFound: the newest head does not cover all of them yet.
    """
    head = await latest_checkpoint(tx)
    found = [entry for subject in subjects for entry in await list_entries(tx, subject)]
    if head is None or any(entry.index is None or entry.index >= head.size for entry in found):
        raise NotFound
    rows = [await _row(tx, head, entry) for entry in sorted(found, key=lambda entry: entry.index or 0)]
    return {"v": 1, "type": "bundle.entries", "checkpoint": head.note, "entries": rows}


async def _row(tx: Tx, head: Checkpoint, entry: LoggedEntry) -> dict[str, Any]:
    assert entry.index is not None
    path = await inclusion_path(tx, entry.index, head.size)
    row: dict[str, Any] = {"index": entry.index, "path": [b64u_encode(item) for item in path]}
    told = parse(entry.data)
    if entry.visibility in _WITH_DETAIL:
        return row | {"entry": told, "detail": entry.detail}
    if entry.visibility == "sealed":
        return row | {"entry": told}
    return row | {"leaf": b64u_encode(parse_entry(told).leaf(suite("intl-1")))}


async def consistency_of(tx: Tx, sizes: Collection[int]) -> dict[str, Any]:
    """Return a bundle's `consistency` member: each size begins the next larger one."""
    proofs = [
        {"old": old, "new": new, "path": [b64u_encode(item) for item in await consistency_path(tx, old, new)]}
        for old, new in pairwise(sorted(sizes))
    ]
    return {"v": 1, "type": "bundle.consistency", "proofs": proofs}
