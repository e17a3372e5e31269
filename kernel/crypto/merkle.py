"""The root of a Merkle tree over leaf digests that arrive one by one.

Only the root, in memory that grows with the logarithm of the number of leaves; proofs belong to `kernel.log`.

Source: RFC 9162 section 2.1.1 (same tree as RFC 6962).
"""

from collections.abc import Iterable

from kernel.crypto.suites import Suite


class MerkleRoot:
    """Takes in leaf digests in order and gives the root of the tree over them."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        # Perfect subtrees from left to right with their number of leaves, largest first: the bits of `count`.
        self._peaks: list[tuple[int, bytes]] = []
        self.count = 0

    def append(self, leaf: bytes) -> None:
        """Take in the next leaf digest, H(00 || data)."""
        size = 1
        while self._peaks and self._peaks[-1][0] == size:
            leaf = node_hash(self._suite, self._peaks.pop()[1], leaf)
            size *= 2
        self._peaks.append((size, leaf))
        self.count += 1

    def digest(self) -> bytes:
        """The root so far; of no leaves, the digest of nothing."""
        if not self._peaks:
            return self._suite.hash(b"")
        *others, (_, root) = self._peaks
        for _, left in reversed(others):
            root = node_hash(self._suite, left, root)
        return root


def leaf_hash(suite: Suite, data: bytes) -> bytes:
    """Digest of a leaf: H(00 || data)."""
    hasher = suite.hasher(b"\x00")
    hasher.update(data)
    return hasher.digest()


def node_hash(suite: Suite, left: bytes, right: bytes) -> bytes:
    """Digest of an inner node: H(01 || left || right)."""
    return suite.hash(b"\x01" + left + right)


def merkle_root(suite: Suite, leaves: Iterable[bytes]) -> bytes:
    """MTH over leaf digests."""
    root = MerkleRoot(suite)
    for leaf in leaves:
        root.append(leaf)
    return root.digest()
