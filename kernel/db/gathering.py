"""One run for everybody who waits at the same moment; each gets an outcome of its own.

Under load, what a hundred requests ask costs a hundred round trips and a hundred commits, or one. Nobody is made to
wait for company: who comes while nothing runs is served at once, alone; who comes meanwhile shares the next run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

_I = TypeVar("_I")
_R = TypeVar("_R")

#: Serves many: as many outcomes as items, in their order; a refusal stands for its own item alone.
Run = Callable[[Sequence[_I]], Awaitable[Sequence[_R | Exception]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    owner: Hashable
    item: Any
    answer: "asyncio.Future[Any]"


class _Desk:
    """Those who wait under one name, and the owners whose items are being served."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.served: set[Hashable] = set()
        self.lanes: set[asyncio.Task[None]] = set()

    def take(self, most: int) -> list[_Waiting]:
        """Take who is next, in order; who has to wait for their own other item stays."""
        taken: list[_Waiting] = []
        left: list[_Waiting] = []
        for one in self.waiting:
            if one.answer.done():  # nobody listens any more
                continue
            if len(taken) == most or one.owner in self.served:
                left.append(one)
                continue
            taken.append(one)
            if one.owner is not None:
                self.served.add(one.owner)
        self.waiting = left
        return taken


class Gatherings:
    """Gathers items under names: only those of one name share a run.

    Args:
        most: the most items of one run.
        lanes: runs of one name at a time; while the database works for one, the next is made ready.
    """

    def __init__(self, *, most: int = 64, lanes: int = 2) -> None:
        self._most, self._lanes = most, lanes
        self._desks: dict[Hashable, _Desk] = {}

    async def ask(self, name: Hashable, run: Run[_I, _R], item: _I, *, owner: Hashable = None) -> _R:
        """Have an item served, alone or in company.

        A run that fails as a whole is tried again for each of its items alone, so that only the one at fault hears of
        it. Therefore a failed run must have had no effect.

        Args:
            run: the same for everybody who asks under the name.
            owner: no two items of one owner are served at the same time, in one run or two; None: they may be.

        Raises:
            Exception: the item's own outcome, if that is one.
        """
        desk = self._desks.setdefault(name, _Desk())
        waiting = _Waiting(owner, item, asyncio.get_running_loop().create_future())
        desk.waiting.append(waiting)
        if len(desk.lanes) < self._lanes:
            desk.lanes.add(asyncio.create_task(self._work(name, desk, run), name="gathering"))
        answer: _R = await waiting.answer
        return answer

    async def _work(self, name: Hashable, desk: _Desk, run: Run[Any, Any]) -> None:
        """Serve until nobody waits; the last to leave forgets the name."""
        try:
            while taken := desk.take(self._most):
                try:
                    await _serve(run, taken)
                finally:
                    desk.served -= {one.owner for one in taken}
        finally:
            desk.lanes.discard(asyncio.current_task())
            if not desk.lanes:
                for one in desk.waiting:  # only when this was broken off
                    one.answer.cancel()
                self._desks.pop(name, None)


async def _serve(run: Run[Any, Any], taken: Sequence[_Waiting]) -> None:
    try:
        outcomes = await run([one.item for one in taken])
    except Exception as error:
        if len(taken) == 1:
            _answer(taken[0], error)
            return
        for one in taken:
            await _serve(run, [one])
        return
    except BaseException:
        for one in taken:
            one.answer.cancel()
        raise
    for one, outcome in zip(taken, outcomes, strict=True):
        _answer(one, outcome)


def _answer(one: _Waiting, outcome: Any) -> None:
    if one.answer.done():
        return
    if isinstance(outcome, Exception):
        one.answer.set_exception(outcome)
    else:
        one.answer.set_result(outcome)
