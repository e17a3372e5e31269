"""`assign/1`, double random: objects in drawn order, each given the least loaded eligible people.

Loads differ by at most one where nobody is recused. An assignment that could get stuck for some seed is refused before
the freeze (`require_never_stuck`), so nobody can craft a draw that fails on demand.

Source: `docs/spec/draw.md`, "assign/1".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kernel.crypto import Suite
from kernel.draw.errors import DrawError
from kernel.draw.order import order
from kernel.draw.panel import matches
from kernel.draw.primitives import SEED_BYTES, distinct, terminated

Pair = tuple[bytes, bytes]
Slot = Mapping[str, Any]


def assign(
    suite: Suite,
    seed: bytes,
    stage: str,
    objects: Iterable[bytes],
    inspectors: Mapping[bytes, Mapping[str, Any]],
    slots: Sequence[Slot],
    recused: Collection[Pair],
) -> list[tuple[bytes, list[bytes]]]:
    """Assign people to objects.

    Args:
        inspectors: leaf → public attributes.
        slots: `{n}` or `{n, a, v}`, filled in this order for every object.
        recused: (object, inspector) who must not meet.
    Returns:
        (object, people in the order of the slots), in the drawn order of the objects.
    Raises:
        DrawError: `infeasible` if an object runs out of eligible people.
    """
    things = list(objects)
    if len(seed) != SEED_BYTES:
        raise DrawError("json-profile", "a seed has 32 bytes")
    barred, places = set(recused), _places(inspectors, slots)
    distinct(list(inspectors))
    load = dict.fromkeys(inspectors, 0)
    prefix = suite.hasher(b"OTD1/pair\0" + seed + terminated(stage))
    assigned = []
    for thing in order(suite, seed, f"{stage}/objects", things):
        pair = prefix.copy()
        pair.update(thing)
        team: list[bytes] = []
        for matching in places:
            free = [leaf for leaf in matching if leaf not in team and (thing, leaf) not in barred]
            if not free:
                raise DrawError("infeasible", "an object has too few eligible people")
            least = min(map(load.__getitem__, free))
            chosen = min((_digest(pair, leaf), leaf) for leaf in free if load[leaf] == least)[1]
            team.append(chosen)
            load[chosen] += 1
        assigned.append((thing, team))
    return assigned


def require_never_stuck(
    objects: Iterable[bytes],
    inspectors: Mapping[bytes, Mapping[str, Any]],
    slots: Sequence[Slot],
    recused: Collection[Pair],
) -> None:
    """Check that every object will have enough eligible people, whatever the seed.

    A slot is safe when its eligible people outnumber those whom earlier slots could take from it.

    Raises:
        DrawError: `infeasible`.
    """
    matching = [set(who) for who in _matching(inspectors, slots)]
    sizes = [slot["n"] for slot in slots]
    away: dict[bytes, set[bytes]] = {}
    for thing, leaf in recused:
        away.setdefault(thing, set()).add(leaf)
    checked: set[frozenset[bytes]] = set()
    for thing in objects:
        absent = frozenset(away.get(thing, ()))
        if absent in checked:
            continue
        checked.add(absent)
        free = [who - absent for who in matching]
        for at, who in enumerate(free):
            taken = sum(min(sizes[before], len(free[before] & who)) for before in range(at))
            if len(who) - taken < sizes[at]:
                raise DrawError("infeasible", "an object could run out of eligible people")


def _places(inspectors: Mapping[bytes, Mapping[str, Any]], slots: Sequence[Slot]) -> list[list[bytes]]:
    """Eligible people of every place, a slot of n counting n times."""
    places: list[list[bytes]] = []
    for who, slot in zip(_matching(inspectors, slots), slots, strict=True):
        places += [who] * slot["n"]
    return places


def _matching(inspectors: Mapping[bytes, Mapping[str, Any]], slots: Sequence[Slot]) -> list[list[bytes]]:
    matching = []
    for slot in slots:
        if type(slot.get("n")) is not int or slot["n"] < 1 or slot.keys() not in ({"n"}, {"n", "a", "v"}):
            raise DrawError("infeasible", "a slot is {n} or {n, a, v} with n of at least 1")
        wanted = slot.get("a")
        if wanted is not None and not isinstance(wanted, str):
            raise DrawError("infeasible", "a slot names no attribute")
        matching.append([leaf for leaf, pub in inspectors.items() if wanted is None or matches(pub, wanted, slot["v"])])
    if not slots:
        raise DrawError("infeasible", "there is no slot to fill")
    return matching


def _digest(prefix: Any, leaf: bytes) -> bytes:
    state = prefix.copy()
    state.update(leaf)
    digest: bytes = state.digest()
    return digest
