"""Entries under their first checkpoint, many at a time: what a hundred waiting receipts need, in two questions.

Everything read here is written once: an entry, its number, a signed head, a tile at a given width. So it is read
outside of any transaction, and tiles are remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.canonical import b64u_encode, parse
from kernel.crypto import suite
from kernel.db.transaction import Database
from kernel.errors import NotFound
from kernel.log.tiles import Tile, TileReader, inclusion_tiles
from kernel.log.tree import Range

_COVERED = (
    "SELECT l.entry_id, l.idx, e.data, c.size, c.note FROM log_leaf l JOIN audit_entry e ON e.id = l.entry_id"
    " CROSS JOIN LATERAL (SELECT size, note FROM log_checkpoint WHERE size > l.idx AND note IS NOT NULL"
    "  ORDER BY size LIMIT 1) c WHERE l.entry_id = ANY($1::bigint[])"
)
_TILES = (
    "SELECT t.level, t.idx, t.data FROM unnest($1::bigint[], $2::bigint[]) AS w (level, idx)"
    " JOIN log_tile t ON t.level = w.level AND t.idx = w.idx"
)
#: 8 KiB each at most.
_MOST_TILES = 512
#: Heads whose proofs are likely to be asked for again.
_MOST_HEADS = 8


@dataclass(frozen=True, slots=True)
class Covered:
    """A numbered entry and the first published head that covers it.

    Attributes:
        data: canonical bytes of the entry.
        size: of the tree under the head; `note` is the head itself.
    """

    entry_id: int
    index: int
    data: bytes
    size: int
    note: str


async def covered_entries(db: Database, entries: Sequence[int]) -> list[Covered]:
    """Return those of the entries that a published head covers."""
    return [Covered(*row) for row in await db.fetch(_COVERED, list(entries))]


class _Reader(TileReader):
    """Remembers the subtrees that the proofs under one head have in common; a tree of fixed size never changes."""

    def __init__(self, size: int, tiles: dict[Tile, bytes]) -> None:
        super().__init__(suite("intl-1"), size, tiles.get)
        self._known: dict[tuple[int, int], bytes] = {}
        self._spans: dict[Range, bytes] = {}

    def _hash(self, span: Range) -> bytes:
        known = self._spans.get(span)
        if known is None:
            known = self._spans[span] = super()._hash(span)
        return known

    def _subtree(self, height: int, position: int) -> bytes:
        known = self._known.get((height, position))
        if known is None:
            known = self._known[height, position] = super()._subtree(height, position)
        return known


class Prover:
    """Proves entries; remembers tiles and the readers of the last heads."""

    def __init__(self) -> None:
        self._tiles: dict[Tile, bytes] = {}
        self._readers: dict[int, _Reader] = {}

    async def bundle(self, db: Database, entry: Covered, receipt: str) -> dict[str, Any]:
        """Return the bundle of crypto.md §3.6 for an entry: `{receipt, entry, index, size, path, checkpoint}`."""
        wanted = inclusion_tiles(entry.index, entry.size)
        missing = [tile for tile in wanted if tile not in self._tiles]
        if missing:
            await self._load(db, missing)
        path = self._reader(entry.size).inclusion(entry.index)
        return {
            "receipt": receipt,
            "entry": parse(entry.data),
            "index": entry.index,
            "size": entry.size,
            "path": [b64u_encode(item) for item in path],
            "checkpoint": entry.note,
        }

    def _reader(self, size: int) -> _Reader:
        known = self._readers.get(size)
        if known is None:
            if len(self._readers) >= _MOST_HEADS:
                self._readers.clear()
            known = self._readers[size] = _Reader(size, self._tiles)
        return known

    async def _load(self, db: Database, missing: Sequence[Tile]) -> None:
        rows = await db.fetch(_TILES, [tile.level for tile in missing], [tile.index for tile in missing])
        found = {(row["level"], row["idx"]): row["data"] for row in rows}
        if len(self._tiles) >= _MOST_TILES:
            self._tiles.clear()
        for tile in missing:
            data = found.get((tile.level, tile.index), b"")
            if len(data) < tile.width * 32:
                raise NotFound
            self._tiles[tile] = data[: tile.width * 32]
