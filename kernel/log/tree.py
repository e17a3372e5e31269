"""The Merkle tree of the log: roots, proofs, and their verification.

A leaf is ``H(00 ‖ data)``, a node ``H(01 ‖ left ‖ right)``, the empty tree ``H("")``. Proofs are lists of node hashes
from the bottom up. Every proof is first a list of leaf ranges (plain index arithmetic), then the hashes of these
ranges; the in-memory `Log` and the tile reader share the first half, so they cannot disagree.

Source: RFC 9162 §2.1 (RFC 6962 §2.1), `docs/spec/log.md`.
"""

from collections.abc import Iterable, Sequence
from hmac import compare_digest
from typing import Protocol

#: A run of leaves, half-open.
Range = tuple[int, int]

#: No tree of ours is larger; keeps absurd sizes from costing time.
MAX_SIZE = 2**63 - 1


class Hasher(Protocol):
    """What the tree needs of a suite."""

    def hash(self, data: bytes, /) -> bytes:
        """Digest of `data`, 32 bytes."""


def leaf_hash(suite: Hasher, data: bytes) -> bytes:
    """Hash of one leaf's data."""
    return suite.hash(b"\x00" + data)


def node_hash(suite: Hasher, left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return suite.hash(b"\x01" + left + right)


def mth(suite: Hasher, hashes: Iterable[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes: pair neighbours, carry an odd last one up."""
    level = list(hashes)
    if not level:
        return suite.hash(b"")
    while len(level) > 1:
        paired = [suite.hash(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes prove leaf `index` in a tree of `size` leaves, bottom first.

    Raises:
        ValueError: not ``0 <= index < size``.
    """
    if not 0 <= index < size:
        raise ValueError("an inclusion proof needs 0 <= index < size")
    ranges: list[Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The leaf ranges whose hashes prove that the tree of `old` leaves begins the tree of `new` leaves.

    Raises:
        ValueError: not ``0 < old <= new``; nothing can be proved from the empty tree.
    """
    if not 0 < old <= new:
        raise ValueError("a consistency proof needs 0 < old <= new")
    ranges: list[Range] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low, whole = middle, False
    if not whole:
        ranges.append((low, high))
    ranges.reverse()
    return ranges


def perfect_subtrees(span: Range) -> list[tuple[int, int]]:
    """Cut a range of a proof into perfect subtrees ``(height, position)``, left to right, heights falling."""
    low, high = span
    parts: list[tuple[int, int]] = []
    while low < high:
        height = (high - low).bit_length() - 1
        parts.append((height, low >> height))
        low += 1 << height
    return parts


def join(suite: Hasher, parts: Sequence[bytes]) -> bytes:
    """Hash of a range from the hashes of its `perfect_subtrees`."""
    if not parts:
        return suite.hash(b"")
    joined = parts[-1]
    for part in reversed(parts[:-1]):
        joined = node_hash(suite, part, joined)
    return joined


class Log:
    """A whole log in memory: for tests, tools and small trees. The database keeps tiles instead."""

    def __init__(self, suite: Hasher) -> None:
        self._suite = suite
        self._levels: list[list[bytes]] = [[]]

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, data: bytes) -> int:
        """Add one leaf and return its index."""
        return self.append_hash(leaf_hash(self._suite, data))

    def append_hash(self, leaf: bytes) -> int:
        """Add a leaf known by its hash and return its index."""
        index = len(self)
        hashed, levels = leaf, self._levels
        for height in range(index.bit_length() + 1):
            if height == len(levels):
                levels.append([])
            levels[height].append(hashed)
            if len(levels[height]) % 2:
                break
            hashed = node_hash(self._suite, levels[height][-2], levels[height][-1])
        return index

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`."""
        return self._levels[0][index]

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves; of all leaves when `size` is None."""
        return self._hash((0, self._size(size)))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Proof that leaf `index` is in the tree of the first `size` leaves."""
        return [self._hash(span) for span in inclusion_ranges(index, self._size(size))]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Proof that the first `old` leaves begin the first `new` leaves."""
        return [self._hash(span) for span in consistency_ranges(old, self._size(new))]

    def _size(self, size: int | None) -> int:
        if size is None:
            return len(self)
        if not 0 <= size <= len(self):
            raise ValueError("the log has no such size")
        return size

    def _hash(self, span: Range) -> bytes:
        return join(self._suite, [self._levels[height][position] for height, position in perfect_subtrees(span)])


def verify_inclusion(suite: Hasher, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf with hash `leaf` stands at `index` in the tree of `size` leaves with `root`.

    Never raises on bad input: wrong types, lengths and positions are simply not a proof.

    Source:
        RFC 9162 §2.1.3.2
    """
    if not (_sizes(index, size) and 0 <= index < size and _hashes(suite, path, leaf, root)):
        return False
    first, second, reached = index, size - 1, leaf
    for step in path:
        if second == 0:
            return False
        if first & 1 or first == second:
            reached = node_hash(suite, step, reached)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            reached = node_hash(suite, reached, step)
        first, second = first >> 1, second >> 1
    return second == 0 and compare_digest(reached, root)


def verify_consistency(
    suite: Hasher, old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether `path` proves that the tree (`old`, `old_root`) is the beginning of the tree (`new`, `new_root`).

    A proof from the empty tree would prove nothing about its other side, so ``old = 0`` is refused; equal sizes need
    equal roots and an empty path. Never raises on bad input.

    Source:
        RFC 9162 §2.1.4.2
    """
    if not (_sizes(old, new) and 0 < old <= new and _hashes(suite, path, old_root, new_root)):
        return False
    if old == new:
        return not path and compare_digest(old_root, new_root)
    if not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    first, second = old - 1, new - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old_reached = new_reached = steps[0]
    for step in steps[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old_reached = node_hash(suite, step, old_reached)
            new_reached = node_hash(suite, step, new_reached)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            new_reached = node_hash(suite, new_reached, step)
        first, second = first >> 1, second >> 1
    return second == 0 and compare_digest(old_reached, old_root) and compare_digest(new_reached, new_root)


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _sizes(*numbers: object) -> bool:
    return all(type(number) is int and 0 <= number <= MAX_SIZE for number in numbers)


def _hashes(suite: Hasher, path: object, *others: object) -> bool:
    length = len(suite.hash(b""))
    if not isinstance(path, list | tuple) or len(path) > 2 * MAX_SIZE.bit_length():
        return False
    return all(type(item) is bytes and len(item) == length for item in (*path, *others))
