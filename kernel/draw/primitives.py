"""The two primitives under all draws: a stream of bytes with exact uniform numbers, and lottery tickets.

Both are hashes of the seed and a label, so that anybody can recompute them with a command-line hash tool.

Source: `docs/spec/draw.md`, "Primitives".
"""

from kernel.crypto import Suite
from kernel.crypto.suites import Hasher
from kernel.draw.errors import DrawError

SEED_BYTES = LEAF_BYTES = 32


class Stream:
    """The bytes ``H(OTD1/stream 00 ‖ seed ‖ label ‖ 00 ‖ u64 j)`` for j = 0, 1, …, one after another."""

    __slots__ = ("_block", "_position", "_state", "_taken")

    def __init__(self, state: Hasher) -> None:
        self._state, self._block, self._position, self._taken = state, b"", 0, 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._position + count
        if end > len(self._block):
            parts, have = [self._block[self._position :]], len(self._block) - self._position
            while have < count:
                state = self._state.copy()
                state.update(self._taken.to_bytes(8, "big"))
                parts.append(state.digest())
                have += len(parts[-1])
                self._taken += 1
            self._block, self._position, end = b"".join(parts), 0, count
        taken = self._block[self._position : end]
        self._position = end
        return taken


def stream(suite: Suite, seed: bytes, label: str | bytes) -> Stream:
    """The stream of a seed under a label."""
    return StreamFamily(suite, seed).stream(label)


class StreamFamily:
    """Streams of one seed; the common beginning is hashed once."""

    def __init__(self, suite: Suite, seed: bytes) -> None:
        self._state = suite.hasher(b"OTD1/stream\0" + _fixed(seed, SEED_BYTES))

    def stream(self, label: str | bytes) -> Stream:
        """The stream under a label."""
        state = self._state.copy()
        state.update(terminated(label))
        return Stream(state)


def below(source: Stream, n: int) -> int:
    """A uniform number in ``0 … n-1``.

    Takes the fewest whole bytes that hold ``n-1``, drops the surplus high bits, and tries again while it is too large.
    """
    if type(n) is not int or n < 1:
        raise DrawError("infeasible", "there is no number below this bound")
    if n == 1:
        return 0
    bits = (n - 1).bit_length()
    size, mask = (bits + 7) // 8, (1 << bits) - 1
    while True:
        value = int.from_bytes(source.take(size), "big") & mask
        if value < n:
            return value


class Tickets:
    """The lottery tickets of one stage; the common beginning is hashed once."""

    __slots__ = ("_state",)

    def __init__(self, suite: Suite, seed: bytes, stage: str | bytes) -> None:
        self._state = suite.hasher(b"OTD1/ticket\0" + _fixed(seed, SEED_BYTES) + terminated(stage))

    def of(self, leaf: bytes, t: int = 0) -> bytes:
        """Ticket number `t` of a leaf."""
        state = self._state.copy()
        state.update(leaf + t.to_bytes(2, "big"))
        return state.digest()

    def keyed(self, leaves: list[bytes]) -> list[bytes]:
        """``ticket 0 ‖ leaf`` of every leaf: sorting these strings is sorting by (ticket, leaf)."""
        copy = self._state.copy
        keyed = []
        for leaf in leaves:
            state = copy()
            state.update(leaf + b"\0\0")
            keyed.append(state.digest() + leaf)
        return keyed


def ticket(suite: Suite, seed: bytes, stage: str | bytes, leaf: bytes, t: int = 0) -> bytes:
    """``H(OTD1/ticket 00 ‖ seed ‖ stage ‖ 00 ‖ leaf ‖ u16 t)``."""
    if type(t) is not int or not 0 <= t < 1 << 16:
        raise DrawError("weight-range", "a ticket number has 16 bits")
    return Tickets(suite, seed, stage).of(_fixed(leaf, LEAF_BYTES), t)


def terminated(label: str | bytes) -> bytes:
    """A label with its closing zero byte; a label that holds one itself could be read in two ways."""
    data = label.encode() if isinstance(label, str) else label
    if b"\0" in data:
        raise DrawError("json-profile", "a stage or label must not contain a zero byte")
    return data + b"\0"


def distinct(leaves: list[bytes]) -> list[bytes]:
    """The leaves, checked: 32 bytes each, none twice."""
    for leaf in leaves:
        _fixed(leaf, LEAF_BYTES)
    if len(set(leaves)) != len(leaves):
        raise DrawError("pool-duplicate", "two candidates have the same leaf")
    return leaves


def _fixed(data: bytes, length: int) -> bytes:
    if not isinstance(data, bytes) or len(data) != length:
        raise DrawError("json-profile", f"{length} bytes are expected")
    return data
