"""Presence at an opening: who checks in when, and that nobody learns of a bidder's before the prices were read out."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.bidding.test_opening import opened, sealed
from tests.stories.test_secrecy import _MOVING
from tests.worlds.bidding_world import AGENCY, BUYER, BiddingWorld, uscc

HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def names(bw: BiddingWorld, client=None) -> list[str]:
    """The organisations that somebody sees as present."""
    answer = await (client or bw.world.client()).get(f"/api/v1/lots/{bw.lot_id}/opening/presence")
    return [row["organisation"] for row in answer.json()]


async def test_bidders_are_present_for_themselves_alone_until_the_prices_are_read_out(bw):
    bidders = await sealed(bw)
    path, hall = f"/api/v1/lots/{bw.lot_id}/opening/presence", f"/openings/{bw.lot_id}"
    early = await bidders[0].client.post(path)
    await bw.world.clock_to(bw.deadline - timedelta(minutes=30))
    agency, public = await bw.agency(), bw.world.client()
    buyer = await bw.staff("buyer", "procuring_entity", code=uscc(900_001), organisation=BUYER)
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")

    unseen = (await public.get(hall, headers=HTML)).text
    came = await bidders[0].client.post(f"{hall}/presence", headers=HTML)
    again = await bidders[0].client.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "too-early")
    assert (came.status_code, again.status_code) == (303, 200)
    assert await names(bw) == await names(bw, bidders[1].client) == await names(bw, agency) == []
    for client in (public, agency, supervisor, bidders[1].client):
        assert bidders[0].name not in (await client.get(hall, headers=HTML)).text
    assert _MOVING.sub("~", unseen) == _MOVING.sub("~", (await public.get(hall, headers=HTML)).text)
    own = (await bidders[0].client.get(hall, headers=HTML)).text
    assert "您已签到" in own
    assert "唱标前只有您自己看得到" in own
    assert "签到不影响" in (await bidders[1].client.get(hall, headers=HTML)).text.replace("是否", "")
    for client in (agency, buyer, supervisor, bw.trustees[0].client):
        assert (await client.post(path)).status_code == 200
    assert await names(bw) == [AGENCY, BUYER, "监督局", "见证单位1"]

    await opened(bw, bidders)
    late = await bidders[2].client.post(path)

    assert late.status_code == 200
    assert await names(bw) == [bidders[0].name, AGENCY, BUYER, "监督局", "见证单位1", bidders[2].name]
    assert bidders[0].name in (await public.get(hall, headers=HTML)).text.split('id="hall-people"')[1]
    kinds = await bw.rows("SELECT visibility FROM audit_entry WHERE type = 'opening.attended' ORDER BY id")
    assert [row.visibility for row in kinds] == ["sealed", *["public"] * 5]


async def test_nobody_checks_in_who_has_no_part_in_the_opening_nor_for_somebody_else(bw):
    bidders = await sealed(bw)
    await bw.world.clock_to(bw.deadline - timedelta(minutes=30))
    path = f"/api/v1/lots/{bw.lot_id}/opening/presence"
    stranger = await bw.company(9)
    await bw.sign_in(stranger)
    foreign = await bw.staff("other", "agency", code=uscc(900_777), organisation="别的代理机构")
    seatless = await bw.staff("witness", "trustee", code=uscc(900_778), organisation="别的见证单位")
    expert = await bw.staff("expert", "expert", code=uscc(900_779), organisation="专家库")

    answers = [await one.post(path) for one in (stranger.client, foreign, seatless, expert)]
    named = await bidders[0].client.post(path, json={"account": "somebody-else", "organisation": bidders[1].name})
    together = await asyncio.gather(*(bidders[0].client.post(path) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [404, 404, 404, 403]
    assert {answer.status_code for answer in (named, *together)} == {200}
    rows = await bw.rows(
        "SELECT o.name FROM bidding_presence p JOIN identity_organisation o ON o.id = p.organisation_id"
    )
    assert [row.name for row in rows] == [bidders[0].name]
    for change in ("UPDATE bidding_presence SET came_at = now()", "DELETE FROM bidding_presence"):
        with pytest.raises(DBAPIError):
            async with bw.db.begin() as tx:
                await tx.session.execute(text(change))


async def test_after_the_opening_nobody_checks_in_and_a_failed_one_never_shows_its_bidders(bw):
    bidders = await sealed(bw, "1.00", "2.00")
    await bw.world.clock_to(bw.deadline - timedelta(minutes=1))
    path = f"/api/v1/lots/{bw.lot_id}/opening/presence"
    assert (await bidders[0].client.post(path)).status_code == 200
    await bw.close()

    after = await bidders[1].client.post(path)

    assert (await bw.opening())["stage"] == "failed"
    assert (after.status_code, after.json()["code"]) == (409, "conflict")
    assert await names(bw) == []
    assert bidders[0].name not in (await bw.world.client().get(f"/openings/{bw.lot_id}", headers=HTML)).text
