"""Many at once: a hundred submissions to one lot, and the deadline between fifty of them."""

import asyncio
from datetime import timedelta

import pytest

from bidding.submission import SubmissionLate
from kernel.canonical import b64u_encode
from kernel.log import reader
from kernel.log.receipt import verify_receipt
from tests.worlds.bid_crowd import gather_crowd, submit
from tests.worlds.bidding_world import BiddingWorld


@pytest.fixture
async def bw(world) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    return made


async def test_a_hundred_submissions_at_once_meet_no_conflict_and_lose_no_receipt(bw):
    crowd = await gather_crowd(bw, 100)

    accepted = await asyncio.gather(*(submit(bw, member) for member in crowd))
    await bw.world.settle()

    assert len({result.digest for result in accepted}) == 100
    async with bw.db.begin_read_only() as tx:
        indexes = set()
        for member, result in zip(crowd, accepted, strict=True):
            bundle = await reader.receipt_bundle(tx, result.entry_id, result.receipt)
            verified = verify_receipt(bundle, bw.world.services.trust)
            assert verified.detail["submission"] == b64u_encode(member.digest)
            indexes.add(verified.index)
    assert len(indexes) == 100
    states = await bw.rows("SELECT state, count(*) AS n FROM bidding_bid WHERE lot_id = :lot GROUP BY state")
    assert [(row.state, row.n) for row in states] == [("sealed", 100)]


async def test_the_same_message_from_many_connections_is_accepted_once(bw):
    (member,) = await gather_crowd(bw, 1)

    results = await asyncio.gather(*(submit(bw, member) for _ in range(12)))

    assert {result.digest for result in results} == {member.digest}
    assert len({result.receipt for result in results}) == 1
    assert [result.is_repeat for result in results].count(False) == 1


async def test_what_is_accepted_around_the_deadline_is_exactly_the_close_list(bw):
    crowd = await gather_crowd(bw, 50)
    # A few are surely in time, however slow the machine is; the rest race the deadline.
    early = [(await submit(bw, one)).digest for one in crowd[:5]]
    await bw.world.clock_to(bw.deadline - timedelta(milliseconds=700))

    async def try_at(number: int) -> bytes | None:
        await asyncio.sleep(number * 0.03)
        try:
            return (await submit(bw, crowd[number])).digest
        except SubmissionLate:
            return None

    async def close() -> None:
        while not await bw.rows("SELECT 1 FROM bidding_close WHERE lot_id = :lot"):
            await bw.world.rounds.run()
            await asyncio.sleep(0.01)

    results = await asyncio.gather(*(try_at(n) for n in range(5, 50)), close())
    accepted = {b64u_encode(digest) for digest in (*early, *results) if digest}

    (close_row,) = await bw.rows("SELECT items FROM bidding_close WHERE lot_id = :lot")
    assert {item["submission"] for item in close_row.items} == accepted
    late = await bw.rows("SELECT 1 FROM bidding_submission WHERE received_at >= :deadline", deadline=bw.deadline)
    assert late == []
    assert 0 < len(accepted) < 50
