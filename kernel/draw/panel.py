"""`panel/1`: choose groups of members under rules, uniformly over all admissible panels; and replace a member.

Attempts are drawn until one is admissible. Rejection keeps the choice uniform whatever the rules are; that some attempt
will be admissible soon enough is rehearsed before the freeze (`kernel.draw.rehearsal`).

Source: `docs/spec/draw.md`, "panel/1".
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.crypto import Suite
from kernel.draw.errors import DrawError
from kernel.draw.order import order
from kernel.draw.primitives import Stream, StreamFamily, below, distinct

MAX_ATTEMPTS = 1_000_000

Pub = Mapping[str, Any]
Candidate = tuple[bytes, Pub]
Rule = Mapping[str, Any]


def matches(pub: Pub, attribute: str, value: object) -> bool:
    """Whether an attribute equals the value, or is a list that contains it; `true` is not 1."""
    held = pub.get(attribute)
    return _same(held, value) or (isinstance(held, list | tuple) and any(_same(item, value) for item in held))


def panel(
    suite: Suite,
    seed: bytes,
    stage: str,
    candidates: Iterable[Candidate],
    groups: Sequence[Rule],
    rules: Sequence[Rule],
    cap: Rule | None,
    max_attempts: int,
) -> tuple[int, list[list[bytes]]]:
    """Draw a panel.

    Args:
        candidates: (leaf, public attributes).
        groups: `{a, v, n}`: choose n whose attribute a has the value v.
        rules: `{a, v, min, max}` over the whole panel.
        cap: `{a, max}`: at most so many members share a value of a; None for no cap.
    Returns:
        The number of the accepted attempt, from 0, and the members by group, in the order drawn.
    Raises:
        DrawError: `infeasible` if no seed could ever give a panel; `attempts` if none of `max_attempts` was admissible.
    """
    if type(max_attempts) is not int or not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise DrawError("attempts", f"a draw makes 1 to {MAX_ATTEMPTS} attempts")
    task = Task.of(candidates, groups, rules, cap)
    streams = StreamFamily(suite, seed)
    for attempt in range(max_attempts):
        members = task.attempt(streams.stream(f"panel/{stage}/{attempt}"))
        if members is not None:
            return attempt, [[task.leaves[i] for i in group] for group in members]
    raise DrawError("attempts", "no attempt was admissible")


def replacement(
    suite: Suite,
    seed: bytes,
    stage: str,
    candidates: Iterable[Candidate],
    groups: Sequence[Rule],
    rules: Sequence[Rule],
    cap: Rule | None,
    panel: Sequence[Sequence[bytes]],
    group: int,
    out: bytes,
    barred: Collection[bytes],
) -> bytes | None:
    """Who takes the place of `out` in a group: the first of the group's reserve order who keeps all rules.

    Args:
        panel: the members by group as they stand, `out` among them.
        barred: those who may not be called any more: all who left before, and those found to have to stay out.
    Returns:
        The leaf, or None if the reserve is empty.
    Raises:
        DrawError: `replacement-order` if `out` is not a member of that group.
    """
    task = Task.of(candidates, groups, rules, cap)
    if type(group) is not int or not 0 <= group < len(panel) or out not in panel[group]:
        raise DrawError("replacement-order", "who leaves is not a member of that group")
    present = {leaf for members in panel for leaf in members}
    staying = [task.number(leaf) for leaf in present if leaf != out]
    reserve = [task.leaves[i] for i in task.eligible[group]]
    for leaf in order(suite, seed, f"{stage}/reserve/{group}", reserve):
        if leaf not in present and leaf not in barred and task.admissible([*staying, task.number(leaf)]):
            return leaf
    return None


@dataclass(frozen=True, slots=True)
class Task:
    """A panel to be drawn, with every question about a candidate answered beforehand.

    Attributes:
        leaves: ascending; a candidate is known by its place here.
        eligible: candidates of each group.
        sizes: members wanted of each group.
        bounds: (least, most, who counts) of each rule.
        shared: for the cap, the values a candidate holds; `limit` is None without a cap.
    """

    leaves: list[bytes]
    eligible: list[list[int]]
    sizes: list[int]
    bounds: list[tuple[int, int, frozenset[int]]]
    shared: list[tuple[Any, ...]]
    limit: int | None

    @classmethod
    def of(
        cls, candidates: Iterable[Candidate], groups: Sequence[Rule], rules: Sequence[Rule], cap: Rule | None
    ) -> "Task":
        """Check the parameters and prepare.

        Raises:
            DrawError: `infeasible` for parameters that no panel can meet; `pool-duplicate` for equal leaves.
        """
        pool = sorted(candidates, key=lambda candidate: candidate[0])
        pubs = [pub for _, pub in pool]
        leaves = distinct([leaf for leaf, _ in pool])
        who = [_matching(pubs, group) for group in groups]
        sizes = [_whole(group.get("n"), 1) for group in groups]
        total = sum(sizes)
        bounds = [
            (_whole(rule.get("min", 0), 0), _whole(rule.get("max", total), 0), frozenset(_matching(pubs, rule)))
            for rule in rules
        ]
        limit = None if cap is None else _whole(cap.get("max"), 1)
        shared = [() if cap is None else _values(pub, cap.get("a")) for pub in pubs]
        task = cls(leaves, who, sizes, bounds, shared, limit)
        task._require_possible()
        return task

    def number(self, leaf: bytes) -> int:
        """The place of a leaf.

        Raises:
            DrawError: `replacement-order`: nobody has it.
        """
        place = bisect_left(self.leaves, leaf)
        if place == len(self.leaves) or self.leaves[place] != leaf:
            raise DrawError("replacement-order", "a member is not in the pool")
        return place

    def attempt(self, source: Stream) -> list[list[int]] | None:
        """One attempt: members by group, or None if they are not admissible."""
        drawn: list[list[int]] = []
        members: list[int] = []
        for who, size in zip(self.eligible, self.sizes, strict=True):
            drawn.append(_sample(source, who, size))
            members += drawn[-1]
        if len(set(members)) != len(members):
            return None
        return drawn if self.admissible(members) else None

    def admissible(self, members: list[int]) -> bool:
        """Whether these members keep every rule and the cap."""
        for least, most, who in self.bounds:
            if not least <= sum(member in who for member in members) <= most:
                return False
        if self.limit is None:
            return True
        held: dict[Any, int] = {}
        for member in members:
            for value in self.shared[member]:
                held[value] = held.get(value, 0) + 1
        return all(count <= self.limit for count in held.values())

    def _require_possible(self) -> None:
        total, groups = sum(self.sizes), list(zip(self.sizes, self.eligible, strict=True))
        if not groups or total > len(self.leaves) or any(size > len(who) for size, who in groups):
            raise DrawError("infeasible", "a group has fewer candidates than are to be chosen")
        for least, most, who in self.bounds:
            inside = sum(size for size, group in groups if who.issuperset(group))
            if least > most or least > min(total, len(who)) or inside > most:
                raise DrawError("infeasible", "a rule cannot be kept by any panel")


def _sample(source: Stream, items: list[int], count: int) -> list[int]:
    """The first `count` of a Fisher-Yates shuffle, remembering only the places that moved."""
    moved: dict[int, int] = {}
    chosen = []
    for i in range(count):
        j = i + below(source, len(items) - i)
        chosen.append(moved.get(j, items[j]))
        moved[j] = moved.get(i, items[i])
    return chosen


def _matching(pubs: Sequence[Pub], rule: Rule) -> list[int]:
    attribute, value = rule.get("a"), rule.get("v")
    if not isinstance(attribute, str):
        raise DrawError("infeasible", "a group or rule names no attribute")
    return [place for place, pub in enumerate(pubs) if matches(pub, attribute, value)]


def _values(pub: Pub, attribute: object) -> tuple[Any, ...]:
    if not isinstance(attribute, str):
        raise DrawError("infeasible", "the cap names no attribute")
    held = pub.get(attribute)
    values = held if isinstance(held, list | tuple) else () if held is None else (held,)
    if not all(isinstance(value, str | int) for value in values):
        raise DrawError("json-profile", "a public attribute is a text, a number, or a list of these")
    return tuple({(type(value), value): None for value in values})


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _whole(value: object, least: int) -> int:
    if type(value) is not int or value < least:
        raise DrawError("infeasible", f"a whole number of at least {least} is expected")
    return value
