"""Read the log: checkpoints, tiles, proofs, and the bundle that proves one entry (crypto.md §3.6, §5.4)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from kernel.canonical import b64u_encode, parse
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log.tiles import Tile, TileReader, consistency_tiles, inclusion_tiles


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A published tree head.

    Attributes:
        tst: an outside authority's time stamp over the note; None where there is none.
    """

    size: int
    root: bytes
    note: str
    at: datetime
    tst: bytes | None = None


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry with its number; `index` is None until the sequencer has come by."""

    entry_id: int
    index: int | None
    type: str
    data: bytes
    detail: dict[str, Any]
    visibility: str
    at: datetime


async def latest_checkpoint(tx: Tx) -> Checkpoint | None:
    """Return the newest published head; None in an empty log."""
    return await _checkpoint(tx, "ORDER BY size DESC", {})


async def first_checkpoint_covering(tx: Tx, index: int) -> Checkpoint | None:
    """Return the first published head whose tree holds entry `index`: for a close list, the deadline checkpoint."""
    return await _checkpoint(tx, "AND size > :index ORDER BY size", {"index": index})


async def first_stamped_covering(tx: Tx, index: int) -> Checkpoint | None:
    """Return the first head with a time stamp whose tree holds entry `index`."""
    return await _checkpoint(tx, "AND size > :index AND tst IS NOT NULL ORDER BY size", {"index": index})


async def latest_stamped(tx: Tx) -> Checkpoint | None:
    """Return the newest head with a time stamp."""
    return await _checkpoint(tx, "AND tst IS NOT NULL ORDER BY size DESC", {})


async def checkpoint_of_size(tx: Tx, size: int) -> Checkpoint:
    """Return the published head of a size.

    Raises:
        NotFound: no head of this size was published.
    """
    found = await _checkpoint(tx, "AND size = :size", {"size": size})
    if found is None:
        raise NotFound
    return found


async def _checkpoint(tx: Tx, tail: str, values: dict[str, Any]) -> Checkpoint | None:
    row = (
        await tx.session.execute(
            text(f"SELECT size, root, note, at, tst FROM log_checkpoint WHERE note IS NOT NULL {tail} LIMIT 1"),  # noqa: S608
            values,
        )
    ).one_or_none()
    return None if row is None else Checkpoint(row.size, bytes(row.root), row.note, row.at, row.tst and bytes(row.tst))


async def list_checkpoints(tx: Tx) -> list[Checkpoint]:
    """Return every published head, smallest first."""
    rows = await tx.session.execute(
        text("SELECT size, root, note, at FROM log_checkpoint WHERE note IS NOT NULL ORDER BY size")
    )
    return [Checkpoint(row.size, bytes(row.root), row.note, row.at) for row in rows]


async def find_entry(tx: Tx, entry_id: int) -> LoggedEntry:
    """Return an entry by its database id.

    Raises:
        NotFound: there is none.
    """
    rows = await _entries(tx, "e.id = $1", entry_id)
    if not rows:
        raise NotFound
    return rows[0]


async def list_entries(tx: Tx, subject: uuid.UUID) -> list[LoggedEntry]:
    """Return the entries of a matter in order of their number (unnumbered ones last)."""
    return await _entries(tx, "e.subject = $1", subject)


async def list_visible_entries(
    tx: Tx, subjects: Sequence[uuid.UUID], visibilities: Sequence[str], account_id: uuid.UUID | None
) -> list[LoggedEntry]:
    """Return the entries of matters, one matter after the other, each in order of its numbers.

    Args:
        visibilities: entries of these.
        account_id: entries of this account's acts as well, whatever their visibility.
    """
    return await _entries(
        tx,
        "e.subject = ANY($1::uuid[]) AND (e.visibility = ANY($2::text[]) OR e.detail #>> '{actor,account}' = $3)",
        list(subjects),
        list(visibilities),
        None if account_id is None else str(account_id),
        order="array_position($1, e.subject), l.idx NULLS LAST, e.id",
    )


async def list_public_entries(tx: Tx, *, most: int, before: int | None = None) -> list[LoggedEntry]:
    """Return the newest public entries, a page at a time.

    Args:
        before: only numbers below this one.
    """
    return await _entries(
        tx,
        "e.visibility = 'public' AND l.idx IS NOT NULL AND ($1::bigint IS NULL OR l.idx < $1)",
        before,
        order="l.idx DESC",
        limit=most,
    )


async def _entries(
    tx: Tx, where: str, *values: Any, order: str = "l.idx NULLS LAST, e.id", limit: int = 100_000
) -> list[LoggedEntry]:
    rows = await tx.fetch(
        "SELECT e.id, l.idx, e.type, e.data, e.detail, e.visibility, e.at FROM audit_entry e"  # noqa: S608
        f" LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE {where} ORDER BY {order} LIMIT ${len(values) + 1}",
        *values,
        limit,
    )
    return [LoggedEntry(*row) for row in rows]


async def load_tile(tx: Tx, tile: Tile) -> bytes:
    """Return the bytes of a tile at its width.

    Raises:
        NotFound: the log is not that long.
    """
    found = await _tiles(tx, [tile])
    data = found.get((tile.level, tile.index), b"")
    if len(data) < tile.width * 32:
        raise NotFound
    return data[: tile.width * 32]


async def _tiles(tx: Tx, tiles: list[Tile]) -> dict[tuple[int, int], bytes]:
    found: dict[tuple[int, int], bytes] = {}
    for tile in tiles:
        row = (
            await tx.session.execute(
                text("SELECT data FROM log_tile WHERE level = :level AND idx = :idx"),
                {"level": tile.level, "idx": tile.index},
            )
        ).scalar_one_or_none()
        if row is not None:
            found[tile.level, tile.index] = bytes(row)
    return found


async def inclusion_path(tx: Tx, index: int, size: int) -> list[bytes]:
    """Return the proof that entry `index` is in the tree of `size` entries.

    Raises:
        NotFound: the tree is not that long.
    """
    if not 0 <= index < size:
        raise NotFound
    stored = await _tiles(tx, inclusion_tiles(index, size))
    return TileReader(suite("intl-1"), size, lambda tile: stored.get((tile.level, tile.index))).inclusion(index)


async def consistency_path(tx: Tx, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` entries is the beginning of that of `new`.

    Raises:
        NotFound: the sizes do not fit.
    """
    if not 0 < old <= new:
        raise NotFound
    if old == new:
        return []
    stored = await _tiles(tx, consistency_tiles(old, new))
    return TileReader(suite("intl-1"), new, lambda tile: stored.get((tile.level, tile.index))).consistency(old)


async def proof_of_entry(tx: Tx, entry_id: int, *, checkpoint: Checkpoint | None = None) -> dict[str, Any]:
    """Return `{entry, index, size, path, checkpoint}` for a published entry.

    Args:
        checkpoint: prove against this head; without it the first head that holds the entry.

    Raises:
        NotFound: the entry is not covered by a published head yet.
    """
    entry = await find_entry(tx, entry_id)
    if entry.index is None:
        raise NotFound("日志尚未收录此条目，请稍后再试。")
    head = checkpoint or await first_checkpoint_covering(tx, entry.index)
    if head is None or head.size <= entry.index:
        raise NotFound("日志尚未收录此条目，请稍后再试。")
    path = await inclusion_path(tx, entry.index, head.size)
    return {
        "entry": parse(entry.data),
        "index": entry.index,
        "size": head.size,
        "path": [b64u_encode(item) for item in path],
        "checkpoint": head.note,
    }


async def receipt_bundle(tx: Tx, entry_id: int, receipt: str) -> dict[str, Any]:
    """Return the bundle of crypto.md §3.6: the signed receipt with the proof that its entry is in the log.

    Where a checkpoint that covers the entry bears a time stamp, the proof leads to the first such one, and `timestamp`
    is the token: then an outside authority vouches for the time before which the entry was there.
    """
    entry = await find_entry(tx, entry_id)
    head = None if entry.index is None else await first_stamped_covering(tx, entry.index)
    proof = await proof_of_entry(tx, entry_id, checkpoint=head)
    if head is not None and head.tst is not None:
        proof["timestamp"] = b64u_encode(head.tst)
    return {"receipt": receipt, **proof}
