"""Many who ask at the same moment: one run, an outcome for each, and nobody pays for another's fault."""

import asyncio

import pytest

from kernel.db.gathering import Gatherings
from kernel.errors import NotFound


class Book:
    """Notes what each run was given; refuses what is negative, fails as a whole over 13."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []

    async def run(self, items):
        self.runs.append(list(items))
        await asyncio.sleep(0)
        if 13 in items:
            raise RuntimeError("thirteen")
        return [NotFound() if item < 0 else item * 2 for item in items]


async def asked(together: Gatherings, book: Book, *items: int, owners=None):
    names = owners or [None] * len(items)
    asking = (together.ask("n", book.run, item, owner=owner) for item, owner in zip(items, names, strict=True))
    return await asyncio.gather(*asking, return_exceptions=True)


async def test_who_waits_at_the_same_moment_shares_a_run():
    book = Book()

    assert await asked(Gatherings(lanes=1), book, 1, 2, 3) == [2, 4, 6]

    assert book.runs == [[1, 2, 3]]


async def test_a_refusal_stands_for_its_own_item_alone():
    answers = await asked(Gatherings(lanes=1), Book(), 1, -1, 3)

    assert (answers[0], answers[2]) == (2, 6)
    assert isinstance(answers[1], NotFound)


async def test_a_run_that_fails_is_tried_again_one_by_one():
    book = Book()

    answers = await asked(Gatherings(lanes=1), book, 1, 13, 3)

    assert (answers[0], answers[2]) == (2, 6)
    assert isinstance(answers[1], RuntimeError)
    assert book.runs == [[1, 13, 3], [1], [13], [3]]


async def test_items_of_one_owner_are_never_served_at_the_same_time():
    book = Book()

    assert await asked(Gatherings(lanes=2), book, 1, 2, 3, 4, owners=["a", "a", "b", "a"]) == [2, 4, 6, 8]

    assert book.runs == [[1, 3], [2], [4]]


async def test_no_run_is_larger_than_it_may_be():
    book = Book()

    await asked(Gatherings(most=2, lanes=1), book, 1, 2, 3, 4, 5)

    assert book.runs == [[1, 2], [3, 4], [5]]


async def test_who_hangs_up_while_waiting_is_not_served_and_nothing_is_remembered():
    book, together = Book(), Gatherings(lanes=1)
    gone = asyncio.create_task(together.ask("n", book.run, 1))
    await asyncio.sleep(0)
    gone.cancel()

    assert await together.ask("n", book.run, 2) == 4

    with pytest.raises(asyncio.CancelledError):
        await gone
    assert book.runs == [[2]]
    await asyncio.sleep(0)
    assert together._desks == {}
