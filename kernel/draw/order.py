"""`order/1`, `worder/1`, `strata/1`: draws that sort lottery tickets.

A ticket depends on nobody else's presence: no list order matters, adding or removing a candidate does not reorder the
others, and one candidate can be checked alone.

Source: `docs/spec/draw.md`, "Algorithms".
"""

import heapq
from collections.abc import Iterable, Mapping
from typing import Any

from kernel.crypto import Suite
from kernel.draw.errors import DrawError
from kernel.draw.primitives import LEAF_BYTES, Tickets, distinct

MAX_WEIGHT = 1000


def order(suite: Suite, seed: bytes, stage: str, leaves: Iterable[bytes]) -> list[bytes]:
    """All leaves by ascending (ticket, leaf): a uniform permutation."""
    keyed = Tickets(suite, seed, stage).keyed(distinct(list(leaves)))
    keyed.sort()
    return [key[-LEAF_BYTES:] for key in keyed]


def first(suite: Suite, seed: bytes, stage: str, leaves: Iterable[bytes], count: int) -> list[bytes]:
    """The first `count` of `order`, without sorting the rest."""
    keyed = Tickets(suite, seed, stage).keyed(distinct(list(leaves)))
    return [key[-LEAF_BYTES:] for key in heapq.nsmallest(count, keyed)]


def worder(suite: Suite, seed: bytes, stage: str, weighted: Iterable[tuple[bytes, int]]) -> list[bytes]:
    """All leaves by the lowest of their tickets, a leaf of weight w holding w of them.

    That is successive sampling in proportion to weight, in whole numbers.

    Raises:
        DrawError: `weight-range` unless every weight is a whole number in 1..1000.
    """
    pairs = list(weighted)
    for _, weight in pairs:
        if type(weight) is not int or not 1 <= weight <= MAX_WEIGHT:
            raise DrawError("weight-range", f"a weight is a whole number from 1 to {MAX_WEIGHT}")
    distinct([leaf for leaf, _ in pairs])
    of = Tickets(suite, seed, stage).of
    keyed = sorted(min(of(leaf, t) for t in range(weight)) + leaf for leaf, weight in pairs)
    return [key[-LEAF_BYTES:] for key in keyed]


def strata(
    suite: Suite,
    seed: bytes,
    stage: str,
    classes: Mapping[str, Iterable[bytes]],
    rates: Mapping[str, Mapping[str, Any]],
) -> dict[str, list[bytes]]:
    """Of every class a share, rounded up, at least its minimum and never more than there are.

    Args:
        rates: class → `num`, `den`, `min`.
    Raises:
        DrawError: `infeasible` for a class without a rate, or a rate that is none.
    """
    drawn = {}
    for name in sorted(classes):
        leaves = list(classes[name])
        drawn[name] = first(suite, seed, f"{stage}/class/{name}", leaves, share(rates.get(name), len(leaves)))
    return drawn


def share(rate: Mapping[str, Any] | None, members: int) -> int:
    """How many of a class of `members` are drawn."""
    num, den, least = (rate.get(name) for name in ("num", "den", "min")) if rate else (None, None, None)
    if type(num) is not int or type(den) is not int or type(least) is not int or num < 0 or den < 1 or least < 0:
        raise DrawError("infeasible", "a class has no rate of whole numbers num, den and min")
    return min(members, max(least, -(-members * num // den)))
