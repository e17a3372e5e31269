"""Accounts that staff make under a company's code learn nothing of what the company does in a lot (R-ANN-05)."""

from datetime import timedelta

import pytest

from kernel.canonical import b64u_encode
from tests.worlds.bidding_world import BiddingWorld, uscc

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
async def bw(world) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    return made


async def test_another_account_of_the_organisation_does_not_learn_that_it_bids(bw):
    bidder = await bw.bidder(1)
    await bw.submit(bidder)
    spy = await bw.staff("spy", "centre", code=uscc(1), organisation=bidder.name)

    receipt = await spy.get(f"/api/v1/receipts/{b64u_encode(bidder.head)}")
    await bw.world.clock_to(bw.deadline + timedelta(seconds=1))
    await bw.world.settle()
    closed = await spy.get(f"/api/v1/lots/{bw.lot_id}/close-list")
    stranger = await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/close-list")

    assert receipt.status_code in (403, 404)
    assert (closed.status_code, stranger.status_code) == (404, 404)


async def test_no_chunk_is_stored_for_a_lot_that_takes_no_bids(bw):
    bidder = await bw.bidder(1)
    raw = bw.seal(bidder, "file", b"%PDF-1.7 bid")
    upload = (await bw.open_upload(bidder, "file", raw)).json()["id"]
    stored = []
    put = bw.world.services.files.put

    async def counted(name: str, data: bytes) -> None:
        stored.append(name)
        await put(name, data)

    bw.world.services.files.put = counted
    await bw.world.clock_to(bw.deadline)

    answer = await bidder.client.put(f"/api/v1/uploads/{upload}/chunks/0", content=raw[-((1 << 20) + 16) :])

    assert answer.json()["code"] == "deadline-passed", answer.text
    assert stored == []


async def test_nobody_takes_the_login_of_a_licence_holder_in_advance(bw):
    operator = await bw.staff("op", "system_admin", code=uscc(77), organisation="运营单位")
    body = {
        "login": f"licence:{uscc(5)}",
        "reason": "试图抢注",
        "name": "x",
        "roles": ["centre"],
        "uscc": uscc(77),
        "organisation": "运营单位",
    }

    answer = await operator.post("/api/v1/accounts", json=body)

    assert answer.status_code == 422, answer.text
