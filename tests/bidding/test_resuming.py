"""An opening that dies after, or in the middle of, every single step ends as the undisturbed one does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bidding import closing, combining
from kernel.db.transaction import Database, Tx
from tests.worlds.bidding_world import BiddingWorld

PRICES = ("2986400.00", "3051200.00", "2945000.00")


class Killed(Exception):
    """The process is gone."""


class MortalDatabase(Database):
    """A database whose process dies at its first writing transaction: before its commit, or right after it.

    What goes on beside that transaction dies with it, uncommitted.
    """

    def __init__(self, real: Database, *, commits: bool) -> None:
        super().__init__(real.engine, real.oversight, real.reads)
        self._commits = commits
        self._dead = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        if self._dead:
            raise Killed
        async with super().begin() as tx:
            yield tx
            if self._dead or not self._commits:
                self._dead = True
                raise Killed
            self._dead = True
        raise Killed


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def test_an_opening_cut_off_at_every_step_ends_the_same(bw):
    await bw.open_for_bids()
    bidders = [await bw.bidder(n) for n in range(1, 5)]
    for bidder, price in zip(bidders, (*PRICES, "no price"), strict=True):
        await bw.submit(bidder, price=price)
    await bw.close()
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    services, deaths = bw.world.services, 0

    for _ in range(100):
        before = deaths
        for commits in (False, True):
            try:
                await combining.advance(MortalDatabase(services.db, commits=commits), services.files, bw.lot_id)
            except Killed:
                deaths += 1
        if deaths == before:
            break
    await bw.world.settle()
    state = await bw.opening()

    # Four bids, two documents each, a key and a plaintext for each, and the table: every one of them was died at twice.
    assert deaths == 2 * (8 + 4 + 1 + 3)
    assert [(b["price"], b["state"]) for b in state["bids"]] == [
        *((price, "opened") for price in PRICES),
        (None, "fault_bidder"),
    ]
    assert all(set(bid["files"]) == {"file", "form"} for bid in state["bids"][:3])
    assert len(await bw.entries("bid.opened")) == 1
    steps = await bw.rows("SELECT step, outcome, count(*) AS n FROM bidding_step GROUP BY 1, 2 ORDER BY 1")
    assert [(row.step, row.outcome, row.n) for row in steps] == [("key", "ok", 8), ("plain", "ok", 7)]
    files = await bw.rows("SELECT count(*) AS n FROM kernel_file WHERE access LIKE 'bidding.%'")
    assert files[0].n == 7


async def test_a_closing_that_dies_before_its_commit_happens_whole_or_not_at_all(bw):
    await bw.open_for_bids()
    for n in range(1, 4):
        await bw.submit(await bw.bidder(n))
    await bw.world.clock_to(bw.deadline)

    with pytest.raises(Killed):
        await MortalDatabase(bw.db, commits=False).run(lambda tx: closing.close_lot(tx, bw.lot_id))
    assert await bw.rows("SELECT 1 FROM bidding_close") == []
    assert await bw.entries("bid.close") == []
    with pytest.raises(Killed):
        await MortalDatabase(bw.db, commits=True).run(lambda tx: closing.close_lot(tx, bw.lot_id))
    await bw.db.run(lambda tx: closing.close_lot(tx, bw.lot_id))

    assert len(await bw.entries("bid.close")) == 1
