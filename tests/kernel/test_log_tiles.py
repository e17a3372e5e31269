"""Tiles: addresses as C2SP tlog-tiles gives them, and the same roots and proofs as the tree in memory."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.log.tiles import (
    Edge,
    Tile,
    TileError,
    TileReader,
    consistency_tiles,
    edge_tiles,
    inclusion_tiles,
    parse_tile_path,
    root_tiles,
    width_at,
)
from kernel.log.tree import Log, leaf_hash, mth


class Sha256:
    def hash(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()


SUITE = Sha256()


class Store:
    """What the database keeps: one row per tile, overwritten as the tile grows."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], bytes] = {}
        self.asked: set[Tile] = set()

    def write(self, tiles: list[tuple[Tile, bytes]]) -> None:
        for tile, data in tiles:
            assert len(data) == tile.width * 32
            before = self.rows.get((tile.level, tile.index), b"")
            assert data.startswith(before)
            assert len(data) > len(before)
            self.rows[tile.level, tile.index] = data

    def fetch(self, tile: Tile) -> bytes | None:
        self.asked.add(tile)
        return self.rows.get((tile.level, tile.index))


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(SUITE, n.to_bytes(4, "big")) for n in range(count)]


def built(count: int) -> tuple[Log, Store, Edge]:
    log, store, edge = Log(SUITE), Store(), Edge(SUITE)
    for leaf in leaves_of(count):
        log.append_hash(leaf)
    store.write(edge.append(leaves_of(count)))
    return log, store, edge


@pytest.mark.parametrize(
    "tile,path",
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),  # the example of C2SP tlog-tiles, "Merkle Tree"
        (Tile(0, 0), "tile/0/000"),
        (Tile(2, 0, 1), "tile/2/000.p/1"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 1000), "tile/63/x001/000"),
    ],
)
def test_tile_addresses(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    ["tile/00/000", "tile/0/0", "tile/0/1000", "tile/0/x000/001", "tile/0/001.p/0", "tile/0/001.p/256",
     "tile/0/001.p/01",
     "tile/64/000", "tile/0/001.p/257",
     "/tile/0/001", "tile/0/001\n", "tile/0/x001", "tile/-1/000", "tile/0/００１", "tile/entries/000"],
)  # fmt: skip
def test_other_spellings_of_an_address_are_refused(path: str) -> None:
    with pytest.raises(ValueError):
        parse_tile_path(path)


@given(st.integers(0, 63), st.integers(0, 10**13), st.integers(1, 256))
def test_addresses_round_trip(level: int, index: int, width: int) -> None:
    assert parse_tile_path(Tile(level, index, width).path) == Tile(level, index, width)


def test_the_worked_examples_of_the_specification() -> None:
    """C2SP tlog-tiles, "Partial Tiles": trees of 70,000 and of 256 leaves."""
    assert edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert edge_tiles(256) == [Tile(1, 0, 1)]
    assert width_at(0, 272, 70_000) == 256
    assert width_at(1, 0, 70_000) == 256
    assert width_at(0, 274, 70_000) == 0


def test_a_tree_of_70000_leaves_from_its_tiles() -> None:
    log, store, edge = built(70_000)
    reader = TileReader(SUITE, 70_000, store.fetch)

    assert len(store.rows) == 274 + 2 + 1
    assert store.rows[1, 0][:32] == mth(SUITE, leaves_of(256))
    assert store.rows[2, 0] == log.root(65_536)
    assert edge.root() == reader.root() == log.root()
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert reader.inclusion(index) == log.inclusion(index)
        assert reader.leaf(index) == log.leaf(index)
    for old in (1, 255, 256, 257, 65_535, 65_536, 65_537, 69_888, 70_000):
        assert reader.consistency(old) == log.consistency(old)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6), st.data())
def test_batches_of_any_size_give_the_tree_of_one_batch(batches: list[int], data: st.DataObject) -> None:
    log, store, edge = Log(SUITE), Store(), Edge(SUITE)
    leaves = iter(leaves_of(sum(batches)))
    for batch in batches:
        chunk = [next(leaves) for _ in range(batch)]
        for leaf in chunk:
            log.append_hash(leaf)
        # A new process after every batch: only the right-edge tiles survive.
        edge = Edge(
            SUITE, edge.size, {tile.level: store.rows[tile.level, tile.index] for tile in edge_tiles(edge.size)}
        )
        store.write(edge.append(chunk))
        assert edge.root() == log.root()
    size = data.draw(st.integers(0, len(log)))
    store.asked.clear()
    reader = TileReader(SUITE, size, store.fetch)

    assert reader.root() == log.root(size)
    assert store.asked == set(root_tiles(size))
    if size:
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        store.asked.clear()
        assert (reader.leaf(index), reader.inclusion(index)) == (log.leaf(index), log.inclusion(index, size))
        assert store.asked == set(inclusion_tiles(index, size))
        store.asked.clear()
        assert reader.consistency(old) == log.consistency(old, size)
        assert store.asked == set(consistency_tiles(old, size))


def test_a_missing_short_or_ragged_tile_is_noticed() -> None:
    _, store, _ = built(300)
    for damaged in (None, b"", store.rows[0, 1][:-1], store.rows[0, 1][:-32], store.rows[0, 1] + b"\0" * 32 * 256):
        reader = TileReader(SUITE, 300, lambda tile, damaged=damaged: damaged if tile.index == 1 else store.fetch(tile))
        with pytest.raises(TileError):
            reader.root()
        with pytest.raises(TileError):
            Edge(SUITE, 300, {0: damaged, 1: store.rows[1, 0]} if damaged is not None else {1: store.rows[1, 0]})


def test_impossible_tiles_and_leaves_are_refused() -> None:
    for arguments in ((-1, 0), (64, 0), (0, -1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError):
            Tile(*arguments)
    with pytest.raises(TileError):
        Edge(SUITE).append([b"short"])
    with pytest.raises(ValueError):
        TileReader(SUITE, 3, {}.get).leaf(3)
