"""Objections to an opening: raised on the spot, answered on the spot, and the record waits for the answers."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bidding.printing import _objection
from tests.bidding.test_opening import opened, sealed
from tests.worlds.bidding_world import BiddingWorld, uscc

HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def test_an_objection_is_answered_on_the_spot_and_both_are_in_the_record(bw):
    """R-TIME-09, R-ET-09 (条例 44)."""
    bidders = await sealed(bw)
    await opened(bw, bidders)
    agency, public = await bw.agency(), bw.world.client()
    path, record = f"/api/v1/lots/{bw.lot_id}/opening/objections", f"/api/v1/lots/{bw.lot_id}/opening/confirm"

    raised = await bidders[1].client.post(path, json={"text": "唱标的交货期与投标函不一致"})
    again = await bidders[1].client.post(path, json={"text": " 唱标的交货期与投标函不一致 "})
    (listed,) = (await public.get(path)).json()
    too_early = await agency.post(record)
    reply = {"outcome": "dismissed", "text": "当场重新解出投标函，与唱标一致"}
    answered = await agency.post(f"{path}/{listed['id']}/answer", json=reply)
    twice = await agency.post(f"{path}/{listed['id']}/answer", json=reply)
    await bw.world.clock_by(timedelta(minutes=10))
    confirmed = await agency.post(record)
    late = await bidders[0].client.post(path, json={"text": "还有一项"})
    await bw.world.settle()

    assert (raised.status_code, raised.json(), again.json()) == (201, {"no": 1}, {"no": 1})
    assert (listed["name"], listed["answer"]) == (bidders[1].name, None)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "too-early")
    assert "开标异议尚未答复" in too_early.json()["detail"]
    assert (answered.status_code, twice.status_code, confirmed.status_code) == (200, 409, 200)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert "第四十四条" in late.json()["detail"]
    content = (await public.get(f"/api/v1/lots/{bw.lot_id}/opening/record")).json()
    (kept,) = content["objections"]
    assert (kept["name"], kept["text"]) == (bidders[1].name, "唱标的交货期与投标函不一致")
    assert (kept["outcome"], kept["answer"]) == ("dismissed", reply["text"])
    (first,), (second,) = (
        await bw.entries("opening.objection-raised"),
        await bw.entries("opening.objection-answered"),
    )
    assert first["facts"]["bidder"] == bidders[1].pseudonym
    assert second["facts"]["answer"] == reply["text"]
    (printed,) = await bw.rows("SELECT file_id, fault FROM bidding_record WHERE lot_id = :lot")
    assert printed.file_id is not None or printed.fault  # the job has laid it out, or says why it could not
    (row,) = [_objection(line) for line in content["objections"]]
    assert (row.name, row.answer.split("（")[0]) == (bidders[1].name, f"异议不成立。{reply['text']}")
    hall = (await public.get(f"/openings/{bw.lot_id}", headers=HTML)).text
    assert reply["text"] in hall
    assert "异议不成立" in hall


async def test_only_a_bidder_that_was_opened_objects_and_only_after_the_reading_out(bw):
    bidders = await sealed(bw)
    outsider = await bw.bidder(9)  # took part, handed in nothing
    path = f"/api/v1/lots/{bw.lot_id}/opening/objections"
    said = {"text": "开标程序违反规定"}
    before = await bidders[0].client.post(path, json=said)
    await bw.close()
    during = await bidders[0].client.post(path, json=said)
    for bidder in bidders[:2]:
        await bw.release(bidder)
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await bw.world.settle()

    stranger = await outsider.client.post(path, json=said)
    empty = await bidders[0].client.post(path, json={"text": "  "})
    unreleased = await bidders[2].client.post(path, json=said)  # out, and has the most to object to
    many = [await bidders[0].client.post(path, json={"text": f"第 {n} 项异议"}) for n in range(6)]
    (one, *_) = (await bw.world.client().get(path)).json()
    agency = await bw.agency()
    another = await bw.staff("other", "agency", code=uscc(900_777), organisation="别的代理机构")
    foreign = await another.post(f"{path}/{one['id']}/answer", json={"outcome": "upheld", "text": "同意"})
    wordless = await agency.post(f"{path}/{one['id']}/answer", json={"outcome": "upheld", "text": ""})

    assert before.status_code == stranger.status_code == foreign.status_code == 404
    assert (during.status_code, during.json()["code"]) == (409, "too-early")
    assert (empty.status_code, wordless.status_code) == (422, 422)
    assert unreleased.json() == {"no": 1}
    assert [answer.status_code for answer in many] == [201] * 5 + [409]
    assert (await another.post(f"/a/lots/{bw.lot_id}/opening/confirm", headers=HTML)).status_code == 404


async def test_two_objections_at_one_moment_get_two_numbers_and_none_is_ever_changed(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders)
    path = f"/api/v1/lots/{bw.lot_id}/opening/objections"

    answers = await asyncio.gather(*(one.client.post(path, json={"text": "时间有误"}) for one in bidders))

    assert sorted(answer.json()["no"] for answer in answers) == [1, 2, 3]
    for change in ("UPDATE bidding_opening_objection SET text = ''", "DELETE FROM bidding_opening_objection"):
        with pytest.raises(DBAPIError):
            async with bw.db.begin() as tx:
                await tx.session.execute(text(change))


async def test_pages_of_objection_keep_what_was_typed_and_lead_to_the_record(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders)
    agency, bidder = await bw.agency(), bidders[0].client
    mine, desk = f"/b/lots/{bw.lot_id}/opening", f"/a/lots/{bw.lot_id}/opening"
    assert mine in (await bidder.get(f"/openings/{bw.lot_id}", headers=HTML)).text
    assert mine not in (await agency.get(f"/openings/{bw.lot_id}", headers=HTML)).text

    unticked = await bidder.post(f"{mine}/objections", data={"text": "报价小数点有误"}, headers=HTML)
    raised = await bidder.post(f"{mine}/objections", data={"text": "报价小数点有误", "agree": "yes"}, headers=HTML)
    (one,) = (await bidder.get(f"/api/v1/lots/{bw.lot_id}/opening/objections")).json()
    blocked = await agency.post(f"{desk}/confirm", headers=HTML)
    answer = f"{desk}/objections/{one['id']}/answer"
    undecided = await agency.post(answer, data={f"answer-{one['id']}": "已核对"}, headers=HTML)
    decided = {f"answer-{one['id']}": "已核对", f"outcome-{one['id']}": "upheld"}
    answered = await agency.post(answer, data=decided, headers=HTML)

    assert (unticked.status_code, raised.status_code) == (422, 303)
    assert "报价小数点有误</textarea>" in unticked.text
    assert blocked.status_code == 409
    assert "尚未答复" in blocked.text
    assert undecided.status_code == 422
    assert "已核对</textarea>" in undecided.text
    assert answered.status_code == 303
    waiting = (await agency.get(desk, headers=HTML)).text
    assert "确认开标记录</button>" in waiting
    assert "距异议、签署时间结束" in waiting
    await bw.world.clock_by(timedelta(minutes=10))
    assert (await agency.post(f"{desk}/confirm", headers=HTML)).status_code == 303
    assert "现在不能提出" in (await bidder.get(mine, headers=HTML)).text
