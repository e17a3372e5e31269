"""The tree cut into tiles: what the database stores, the web serves, and proofs are read from.

Tile (level, index) holds up to 256 hashes; hash number i of it covers a perfect subtree of ``256^level`` leaves from
leaf ``(256·index + i)·256^level`` on. A tile of 256 hashes is full and feeds one hash into the level above; a partial
tile is always the prefix of the full one, so one stored row serves every older width too.

Source: C2SP tlog-tiles, `docs/spec/log.md`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kernel.log.tree import (
    Hasher,
    Range,
    consistency_ranges,
    inclusion_ranges,
    join,
    mth,
    perfect_subtrees,
)

HASH_BYTES = 32
TILE_BITS = 8
TILE_WIDTH = 1 << TILE_BITS
MAX_LEVEL = 63

_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Address of a tile: its level, its place in the level, and how many hashes of it are meant."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not (0 <= self.level <= MAX_LEVEL and self.index >= 0 and 1 <= self.width <= TILE_WIDTH):
            raise ValueError("no such tile")

    @property
    def path(self) -> str:
        """Address as served, for example ``tile/0/x001/x234/067`` or ``tile/1/000.p/17``."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        return f"tile/{self.level}/{number}" + ("" if self.width == TILE_WIDTH else f".p/{self.width}")


def parse_tile_path(path: str) -> Tile:
    """Read an address as `Tile.path` writes it.

    Raises:
        ValueError: any other spelling, so that every tile has one address.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError("not a tile path")
    level, number, width = found.groups()
    tile = Tile(int(level), int(number.replace("/", "").replace("x", "")), int(width or TILE_WIDTH))
    if tile.path != path:
        raise ValueError("not a tile path")
    return tile


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a tree of `size` leaves; 0 when it does not exist."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_BITS * level)) - index * TILE_WIDTH))


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles at the right edge of a tree of `size` leaves, lowest level first: all a writer reloads."""
    tiles: list[Tile] = []
    level, count = 0, size
    while count:
        if count % TILE_WIDTH:
            tiles.append(Tile(level, count // TILE_WIDTH, count % TILE_WIDTH))
        level, count = level + 1, count // TILE_WIDTH
    return tiles


class TileError(ValueError):
    """A tile is missing, or has another length than its address says."""


class Edge:
    """The growing right edge of the tree: append leaf hashes, get back the tiles to store.

    Holds at most 255 hashes per level, so a writer's memory and the work of one append do not grow with the log.
    """

    def __init__(self, suite: Hasher, size: int = 0, tiles: Mapping[int, bytes] | None = None) -> None:
        """Resume at `size` from the right-edge tiles.

        Args:
            tiles: level → stored bytes of the tile, for each level named by `edge_tiles(size)`; a longer
                one is cut to its width.

        Raises:
            TileError: a tile is missing or too short.
        """
        self._suite = suite
        self._levels: list[list[bytes]] = []
        self.size = size
        for tile in edge_tiles(size):
            while len(self._levels) <= tile.level:
                self._levels.append([])
            self._levels[tile.level] = _cut((tiles or {}).get(tile.level), tile)

    def append(self, leaves: Iterable[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaf hashes in order and return the tiles that changed, each once, in its state after the last leaf."""
        changed: dict[tuple[int, int], bytes] = {}
        touched: set[int] = set()
        for leaf in leaves:
            if len(leaf) != HASH_BYTES:
                raise TileError("a leaf hash has 32 bytes")
            self._push(0, leaf, changed, touched)
            self.size += 1
        for level in touched:
            count = self.size >> (TILE_BITS * level)
            if count % TILE_WIDTH:
                changed[level, count // TILE_WIDTH] = b"".join(self._levels[level])
        return [(Tile(level, index, len(data) // HASH_BYTES), data) for (level, index), data in sorted(changed.items())]

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        parts: list[bytes] = []
        for hashes in reversed(self._levels):
            parts += [mth(self._suite, hashes[p << h : (p + 1) << h]) for h, p in perfect_subtrees((0, len(hashes)))]
        return join(self._suite, parts)

    def _push(self, level: int, hashed: bytes, changed: dict[tuple[int, int], bytes], touched: set[int]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(hashed)
        touched.add(level)
        if len(hashes) == TILE_WIDTH:
            # `size` still counts the leaves before the one being added, so the shift names the tile just filled.
            changed[level, self.size >> (TILE_BITS * (level + 1))] = b"".join(hashes)
            self._levels[level] = []
            self._push(level + 1, mth(self._suite, hashes), changed, touched)


class TileReader:
    """Reads roots and proofs of a tree of fixed `size` from its tiles."""

    def __init__(self, suite: Hasher, size: int, fetch: Callable[[Tile], bytes | None]) -> None:
        """Prepare to read.

        Args:
            fetch: gives the bytes of a tile, at least as wide as asked, or None. A reader of a database loads
                `inclusion_tiles` or `consistency_tiles` first and passes the ``get`` of a dictionary.
        """
        self._suite, self.size, self._fetch = suite, size, fetch

    def root(self) -> bytes:
        """Root of the tree."""
        return self._hash((0, self.size))

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`."""
        if not 0 <= index < self.size:
            raise ValueError("no such leaf")
        return self._hash((index, index + 1))

    def inclusion(self, index: int) -> list[bytes]:
        """Proof that leaf `index` is in the tree."""
        return [self._hash(span) for span in inclusion_ranges(index, self.size)]

    def consistency(self, old: int) -> list[bytes]:
        """Proof that the first `old` leaves begin the tree."""
        return [self._hash(span) for span in consistency_ranges(old, self.size)]

    def _hash(self, span: Range) -> bytes:
        return join(self._suite, [self._subtree(height, position) for height, position in perfect_subtrees(span)])

    def _subtree(self, height: int, position: int) -> bytes:
        tile, start, count = _place(height, position, self.size)
        return mth(self._suite, _cut(self._fetch(tile), tile, start, count))


def root_tiles(size: int) -> list[Tile]:
    """Tiles from which the root of a tree of `size` leaves is computed."""
    return _tiles([(0, size)], size)


def inclusion_tiles(index: int, size: int) -> list[Tile]:
    """Tiles from which the inclusion proof of leaf `index` and the leaf itself are read."""
    return _tiles([(index, index + 1), *inclusion_ranges(index, size)], size)


def consistency_tiles(old: int, new: int) -> list[Tile]:
    """Tiles from which the consistency proof is read."""
    return _tiles(consistency_ranges(old, new), new)


def _tiles(ranges: Iterable[Range], size: int) -> list[Tile]:
    return sorted({_place(h, p, size)[0] for span in ranges for h, p in perfect_subtrees(span)})


def _place(height: int, position: int, size: int) -> tuple[Tile, int, int]:
    """Where a perfect subtree lies: its tile, the first hash in it, and the number of hashes to join."""
    level, inner = divmod(height, TILE_BITS)
    index, start = divmod(position << inner, TILE_WIDTH)
    return Tile(level, index, width_at(level, index, size)), start, 1 << inner


def _cut(data: bytes | None, tile: Tile, start: int = 0, count: int | None = None) -> list[bytes]:
    """Return the hashes of a tile, or `count` of them from `start` on."""
    if (
        data is None
        or len(data) % HASH_BYTES
        or len(data) < tile.width * HASH_BYTES
        or len(data) > TILE_WIDTH * HASH_BYTES
    ):
        raise TileError(f"{tile.path} is missing or damaged")
    end = tile.width if count is None else min(tile.width, start + count)
    return [data[i : i + HASH_BYTES] for i in range(start * HASH_BYTES, end * HASH_BYTES, HASH_BYTES)]
