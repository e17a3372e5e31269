"""State machines as tables: moves, look-up by act, and checks of the table itself.

A machine is a tuple of moves; nothing else may change a state. The table is checked by tests (`faults`), drawn in the
documentation (`diagram`), and asked by acts (`move`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from kernel.errors import Conflict

S = TypeVar("S", bound=StrEnum)


class MoveNotAllowed(Conflict):
    """The act has no move from this state."""

    code = "move-not-allowed"


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """One line of a table.

    Args:
        to: where it leads; None leads back to where the matter came from (out of a suspension).
        role: who takes the step.
        source: rule ids, separated by blanks.
    """

    act: str
    from_: S
    to: S | None
    role: str
    source: str


class Machine(Generic[S]):
    """A table of moves over one enumeration of states.

    Args:
        initial: where every matter starts.
        final: states without a way on.
        moves: order is that of the procedure and of the diagram.
    Raises:
        ValueError: an act has two moves from one state, or the table has other faults (see `faults`).
    """

    __slots__ = ("_by_act", "final", "initial", "moves", "states")

    def __init__(self, states: type[S], initial: S, final: Iterable[S], moves: Iterable[Move[S]]) -> None:
        self.states = states
        self.initial = initial
        self.final = frozenset(final)
        self.moves = tuple(moves)
        self._by_act = {(move.act, move.from_): move for move in self.moves}
        if found := self.faults():
            raise ValueError("; ".join(found))

    def move(self, act: str, state: S) -> Move[S]:
        """Return the move of an act from a state.

        Raises:
            MoveNotAllowed: there is none.
        """
        found = self._by_act.get((act, state))
        if found is None:
            raise MoveNotAllowed("当前阶段不能办理此事项。", act=act, stage=state.value)
        return found

    def target(self, act: str, state: S, came_from: S | None = None) -> S:
        """Return the state that an act leads to.

        Args:
            came_from: the state before the suspension; only moves that lead back ask for it.
        Raises:
            MoveNotAllowed: no such move, or the way back is not one that leads here.
        """
        to = self.move(act, state).to
        if to is not None:
            return to
        if came_from is None or came_from not in self.entrances(state):
            raise MoveNotAllowed("不能恢复到中止前的阶段。", act=act, stage=state.value)
        return came_from

    def acts_from(self, state: S) -> tuple[Move[S], ...]:
        """Return the moves that are open in a state, in table order."""
        return tuple(move for move in self.moves if move.from_ is state)

    def entrances(self, state: S) -> frozenset[S]:
        """Return the states from which one move leads here."""
        return frozenset(move.from_ for move in self.moves if move.to is state)

    def faults(self) -> list[str]:
        """Tell what is wrong with the table: doubles, unreachable states, dead ends, ways out of final states."""
        found = []
        if len(self._by_act) != len(self.moves):
            found.append("an act has two moves from one state")
        onward = self._edges()
        reachable = _closure({self.initial}, onward)
        found += [f"{state} cannot be reached" for state in self.states if state not in reachable]
        backward: dict[S, set[S]] = {}
        for state, targets in onward.items():
            for target in targets:
                backward.setdefault(target, set()).add(state)
        finishing = _closure(set(self.final), backward)
        found += [f"{state} is a dead end" for state in self.states if state not in finishing]
        found += [f"{state} is final and has a way out" for state in self.final if onward.get(state)]
        return found

    def diagram(self) -> str:
        """Draw the table as a Mermaid state diagram, for the documentation."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for move in self.moves:
            for to in [move.to] if move.to is not None else sorted(self.entrances(move.from_)):
                lines.append(f"    {move.from_} --> {to}: {move.act}")
        lines += [f"    {state} --> [*]" for state in self.states if state in self.final]
        return "\n".join(lines) + "\n"

    def _edges(self) -> dict[S, set[S]]:
        edges: dict[S, set[S]] = {}
        for move in self.moves:
            targets = {move.to} if move.to is not None else self.entrances(move.from_)
            edges.setdefault(move.from_, set()).update(targets)
        return edges


def _closure(start: set[S], edges: dict[S, set[S]]) -> set[S]:
    """Return everything that can be reached along edges."""
    seen, todo = set(start), list(start)
    while todo:
        for state in edges.get(todo.pop(), set()) - seen:
            seen.add(state)
            todo.append(state)
    return seen
