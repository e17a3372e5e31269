"""One board for all watchers of a hall: read once, told once, gone with the last of them."""

import asyncio
from contextlib import aclosing

from sqlalchemy import text

from bidding.pages import live_hall
from bidding.pages.halls import Place, _stream
from bidding.pages.live_hall import board_of
from tests.worlds.bidding_world import BiddingWorld


async def test_watchers_share_one_reading_and_hear_the_same_words(world) -> None:
    bw = BiddingWorld(world)
    await bw.make_lot()
    services, readings = world.services, []
    plain = live_hall.hall_page

    async def counted(*args):
        readings.append(args)
        return await plain(*args)

    live_hall.hall_page = counted
    try:
        async with aclosing(_Watchers(services, bw.lot_id, 40)) as watchers:
            await watchers.are_there()
            assert len(readings) == 1
            async with bw.db.begin() as tx:
                await tx.session.execute(
                    text("UPDATE trading_lot SET stage = 'terminated' WHERE id = :id"), {"id": bw.lot_id}
                )
                await tx.session.execute(text("SELECT pg_notify('matter', :id)"), {"id": str(bw.lot_id)})
            heard = await watchers.first_words()
    finally:
        live_hall.hall_page = plain

    assert len({id(message) for message in heard}) == 1
    assert b"hall-state" in heard[0]
    assert len(readings) == 2
    assert not live_hall._boards


async def test_a_board_that_failed_is_made_anew(world) -> None:
    bw = BiddingWorld(world)
    await bw.make_lot()
    async with board_of(world.services, bw.lot_id) as first:
        await first.after(None)
        first.stop()
        await asyncio.wait({first._task})
        async with board_of(world.services, bw.lot_id) as second:
            assert second is not first
            assert (await second.after(None)).fragments


class _Watchers:
    """So many streams of visitors who are not signed in."""

    def __init__(self, services, lot_id, count: int) -> None:
        self._services, self._lot_id = services, lot_id
        self._tasks = [asyncio.create_task(self._first(n)) for n in range(count)]

    async def _first(self, n: int):
        place = Place(visitor=f"visitor-{n}", origin=f"192.0.2.{n}")
        async with aclosing(_stream(self._services, place, self._lot_id)) as stream:
            return await anext(stream)

    async def are_there(self) -> None:
        async with asyncio.timeout(10):
            while True:
                boards = list(live_hall._boards.values())
                if boards and boards[0].watchers == len(self._tasks) and boards[0]._version is not None:
                    await asyncio.sleep(0.05)
                    return
                await asyncio.sleep(0.01)

    async def first_words(self):
        return await asyncio.wait_for(asyncio.gather(*self._tasks), 10)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
