"""Bid bonds through HTTP: declared in secret, seen by nobody else before the opening, returned on record."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bidding.closing import close_lot
from kernel.periods import legal_date
from tests.world import World
from tests.worlds.bidding_world import AGENCY, BUYER, REGISTRATION, BiddingWorld, uscc


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    async with made.db.begin() as tx:
        await tx.session.execute(
            text("UPDATE trading_lot SET bid_bond_fen = 6000000, procedure = procedure || '{\"valid_days\": 90}'")
        )
    return made


def bond(bw: BiddingWorld, **changes: Any) -> dict[str, Any]:
    until = legal_date(bw.deadline) + timedelta(days=90)
    return {
        "form": "transfer",
        "amount": "60000.00",
        "payer_account": REGISTRATION["bank_account"],
        "issuer": REGISTRATION["bank_name"],
        "reference": "20261101000017",
        "valid_until": until.isoformat(),
    } | changes


async def test_a_bond_is_its_bidders_secret_until_the_opening(bw: BiddingWorld) -> None:
    one, two = await bw.bidder(1), await bw.bidder(2)
    path = f"/api/v1/lots/{bw.lot_id}/bond"

    declared = await one.client.post(path, json=bond(bw))
    again = await one.client.post(path, json=bond(bw, amount="70000.00"))
    own = (await one.client.get(path)).json()

    assert (declared.status_code, again.status_code) == (201, 201), declared.text
    assert (own["amount"]["amount"], own["from_basic_account"], own["payer_account"][-4:]) == ("70000.00", True, "2345")
    assert REGISTRATION["bank_account"] not in str(own)
    assert (await two.client.get(path)).status_code == 404
    centre = await bw.staff("centre", "centre", code=uscc(900_003), organisation="交易中心")
    for client in (await bw.agency(), centre):
        answer = await client.get(f"/api/v1/lots/{bw.lot_id}/bonds")
        absent = await client.get(f"/api/v1/lots/{one.pseudonym}/bonds")
        assert (answer.status_code, absent.status_code) == (404, 404)
        page = await client.get(f"/a/lots/{bw.lot_id}/bonds")
        assert (page.status_code, one.name in page.text) in {(200, False), (404, False)}
    rows = await bw.rows("SELECT visibility, detail FROM audit_entry WHERE type = 'bond.declared'")
    assert {row.visibility for row in rows} == {"sealed"}
    assert REGISTRATION["bank_account"] not in str([row.detail for row in rows])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"amount": "59999.99"}, "第二十六条"),
        ({"valid_until": "2026-08-01"}, "投标有效期"),
        ({"amount": "abc"}, "金额"),
        ({"payer_account": "六二二二"}, "账号"),
        ({"issuer": ""}, "银行"),
        ({"form": "cash"}, ""),
    ],
)
async def test_a_bond_that_would_not_count_is_refused_and_nothing_is_kept(
    bw: BiddingWorld, changes: dict[str, str], says: str
) -> None:
    bidder = await bw.bidder(1)

    answer = await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/bond", json=bond(bw, **changes))

    assert answer.status_code in (400, 409, 422), answer.text
    assert says in answer.text
    assert not await bw.rows("SELECT 1 FROM bidding_bond")


async def test_after_a_failed_tender_the_centre_returns_the_bonds_and_the_signal_stands(bw: BiddingWorld) -> None:
    """R-FAIL-01: two bids are too few; R-ANN-05: the buyer still does not learn who they were."""
    bidders = [await bw.bidder(n) for n in (1, 2)]
    for bidder in bidders:
        assert (await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/bond", json=bond(bw))).status_code == 201
        await bw.submit(bidder)
    await bw.world.clock_by(timedelta(days=10, seconds=1))
    async with bw.db.begin() as tx:
        await close_lot(tx, bw.lot_id)
    centre = await bw.staff("centre", "centre", code=uscc(900_003), organisation="交易中心")

    seen = (await centre.get(f"/api/v1/lots/{bw.lot_id}/bonds")).json()
    today = legal_date(await bw.now())
    assert [item["bidder"] for item in seen["items"]] == sorted(bidder.name for bidder in bidders)
    assert [set(names) for names in seen["same_account"]] == [{bidder.name for bidder in bidders}]
    assert all(item["due"] > today.isoformat() for item in seen["items"])
    assert (await (await bw.agency()).get(f"/api/v1/lots/{bw.lot_id}/bonds")).status_code == 404
    page = await centre.get(f"/a/lots/{bw.lot_id}/bonds")
    assert page.status_code == 200
    assert "同一账户" in page.text
    assert AGENCY not in page.text.split("投标保证金")[-1]


async def test_a_guarantee_left_no_account_and_accuses_nobody(bw: BiddingWorld) -> None:
    """An account number typed beside a guarantee could make somebody else's transfer look like collusion."""
    one, two = await bw.bidder(1), await bw.bidder(2)
    path = f"/api/v1/lots/{bw.lot_id}/bond"

    assert (await one.client.post(path, json=bond(bw))).status_code == 201
    assert (await two.client.post(path, json=bond(bw, form="guarantee"))).status_code == 201

    rows = await bw.rows("SELECT form, payer_mac IS NULL AS none FROM bidding_bond ORDER BY form")
    assert [(row.form, row.none) for row in rows] == [("guarantee", True), ("transfer", False)]


async def test_a_return_is_recorded_once_with_a_fresh_proof(bw: BiddingWorld) -> None:
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    declared = await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/bond", json=bond(bw))
    await bw.world.clock_by(timedelta(days=10, seconds=1))
    async with bw.db.begin() as tx:
        await close_lot(tx, bw.lot_id)
    centre = await bw.staff("centre", "centre", code=uscc(900_003), organisation="交易中心")
    path = f"/api/v1/bonds/{declared.json()['id']}/settlement"
    today = legal_date(await bw.now()).isoformat()

    future = await centre.post(path, json={"on": "2099-01-01", "reference": "T1"})
    silent = await centre.post(path, json={"on": today})
    done = await centre.post(path, json={"on": today, "reference": "T1", "interest": "12.50"})
    twice = await centre.post(path, json={"on": today, "reference": "T2"})

    assert [a.status_code for a in (future, silent, done, twice)] == [422, 422, 201, 409], done.text
    # The lot failed with its bids sealed: the record of the return must not tell the public who had bid.
    (kept,) = await bw.rows("SELECT visibility FROM audit_entry WHERE type = 'bond.returned'")
    assert kept.visibility == "sealed"
    for client in (await bw.agency(), other.client):
        told = await client.get(f"/api/v1/lots/{bw.lot_id}/timeline")
        assert told.status_code == 200
        assert bidder.name not in told.text
    own = (await bidder.client.get(f"/api/v1/lots/{bw.lot_id}/bond")).json()
    assert (own["returned_on"], own["interest"]["amount"], own["late"]) == (today, "12.50", False)
    assert (await bidder.client.post(path, json={"on": today, "reference": "X"})).status_code == 403


async def test_a_terminated_tender_gives_the_bonds_back(bw: BiddingWorld) -> None:
    """R-TIME-24: the buyer ends the tender, the bid stays sealed, the centre returns the bond in time."""
    bidder = await bw.bidder(1)
    declared = await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/bond", json=bond(bw))
    await bw.submit(bidder)
    buyer = await bw.staff("buyer", "procuring_entity", code=uscc(900_001), organisation=BUYER)
    ending = {"cause": "task_cancelled", "reason": "上级单位取消了本项目的采购任务。", "document": "〔2026〕8 号"}
    path = f"/api/v1/lots/{bw.lot_id}/termination"

    assert (await (await bw.agency()).post(path, json=ending)).status_code == 403
    ended = await buyer.post(path, json=ending)
    assert ended.status_code == 201, ended.text
    assert (await buyer.post(path, json=ending)).status_code == 409

    centre = await bw.staff("centre", "centre", code=uscc(900_003), organisation="交易中心")
    (seen,) = (await centre.get(f"/api/v1/lots/{bw.lot_id}/bonds")).json()["items"]
    today = legal_date(await bw.now()).isoformat()
    back = {"on": today, "reference": "R1", "interest": "3.20"}
    done = await centre.post(f"/api/v1/bonds/{declared.json()['id']}/settlement", json=back)
    assert (done.status_code, seen["due"] >= today) == (201, True), done.text
    assert (await bidder.client.get(f"/api/v1/lots/{bw.lot_id}/bond")).json()["returned_on"] == today
    assert not await bw.rows("SELECT 1 FROM bidding_opened_bid")
