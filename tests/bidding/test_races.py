"""Many at once: a hundred submissions to one lot, and the deadline between fifty of them."""

import asyncio
import os
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bidding import keyset, messages
from bidding.client import sign_message
from bidding.refusing import SubmissionLate, SubmissionRefused
from bidding.submission import Accepted
from kernel.canonical import b64u_encode
from kernel.crypto.authority import Holder, issue_licence
from kernel.crypto.keys import KeyKind, generate
from kernel.errors import NotFound
from kernel.log import reader
from kernel.log.receipt import verify_receipt
from tests.worlds.bid_crowd import Member, gather_crowd, submit, submit_together
from tests.worlds.bidding_world import SUITE, TENDER, BiddingWorld


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


async def test_a_refused_bid_leaves_those_that_share_its_transaction_as_they_are(bw):
    one, two, three, four, stranger = await gather_crowd(bw, 5)
    again = await submit(bw, two)
    forged = replace(three, token=three.token[:-8] + "AAAAAAAA")
    strange = replace(stranger, actor=replace(stranger.actor, organisation_id=uuid.uuid4()))

    outcomes = await submit_together(bw, [one, two, forged, strange, four])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, SubmissionRefused, NotFound, Accepted]
    assert outcomes[1].is_repeat
    assert (outcomes[1].entry_id, outcomes[1].receipt) == (again.entry_id, again.receipt)
    assert outcomes[2].reason == "signature"
    await bw.world.settle()
    rows = await bw.rows("SELECT digest, entry_id FROM bidding_submission")
    assert {bytes(row.digest): row.entry_id for row in rows} == {
        member.digest: outcome.entry_id for member, outcome in ((one, outcomes[0]), (two, again), (four, outcomes[4]))
    }
    async with bw.db.begin_read_only() as tx:
        for outcome in (outcomes[0], outcomes[4]):
            bundle = await reader.receipt_bundle(tx, outcome.entry_id, outcome.receipt)
            assert verify_receipt(bundle, bw.world.services.trust).detail == outcome.detail


async def test_a_bid_that_no_database_could_hold_is_refused_by_itself_and_keeps_nobody_waiting(bw):
    """An error of the database rolls everybody back and has each try again alone: nobody may bring it about at will."""
    one, hostile, two = await gather_crowd(bw, 3)
    now = await bw.now()
    poison = signed(bw, hostile, now, slot="form\x00")

    outcomes = await submit_together(bw, [one, poison, two])

    assert [type(outcome) for outcome in outcomes] == [Accepted, SubmissionRefused, Accepted]
    assert outcomes[1].reason == "message"
    with pytest.raises(NotFound):
        await submit(bw, signed(bw, hostile, now, lot="001\x00"))


def signed(bw: BiddingWorld, member: Member, now: datetime, *, lot: str = "001", slot: str = "form") -> Member:
    """Return the member with a message of its own making, signed by a licence that is genuine."""
    holder, key = Holder(member.actor.uscc, "敌意单位"), generate(KeyKind.P256)
    licence = issue_licence(bw.authority, holder, key.public, generate(KeyKind.P256).public, now - timedelta(days=30))
    doc = messages.document(slot, os.urandom(32), 1, 100)
    ks = keyset.keyset_hash(bw.keyset)
    fields = {"tender": TENDER, "lot": lot, "bidder": member.pseudonym, "rev": 1, "prev": None}
    message = messages.submission(**fields, docs=[doc], ks=ks)
    return replace(member, token=sign_message(SUITE, message, key, [licence.sign, bw.authority.issuing]))


async def test_all_that_share_a_transaction_after_the_deadline_are_late_except_what_was_accepted_before(bw):
    one, two, three = await gather_crowd(bw, 3)
    before = await submit(bw, one)
    await bw.world.clock_to(bw.deadline)

    outcomes = await submit_together(bw, [one, two, three])

    assert [type(outcome) for outcome in outcomes] == [Accepted, SubmissionLate, SubmissionLate]
    assert outcomes[0].receipt == before.receipt
    assert len(await bw.rows("SELECT 1 FROM bidding_submission")) == 1


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
