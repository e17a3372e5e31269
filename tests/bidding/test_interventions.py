"""Supervision intervenes in an opening: more time up to a limit, file keys, going on; with reason and consent."""

from datetime import timedelta

import httpx
import pytest

from kernel.canonical import format_time
from kernel.web.filters import local
from tests.worlds.bidding_world import BiddingWorld, uscc

HTML = {"accept": "text/html"}
REASON = "平台网络中断 40 分钟"


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def supervisor(bw: BiddingWorld) -> httpx.AsyncClient:
    return await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")


async def sealed(bw: BiddingWorld, bidders: int = 3, **procedure) -> list:
    await bw.open_for_bids(**procedure)
    made = [await bw.bidder(n) for n in range(1, bidders + 1)]
    for bidder in made:
        await bw.submit(bidder)
    return made


async def waiting_for_trustees(bw: BiddingWorld) -> list:
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders:
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()
    return bidders


async def test_all_extensions_together_move_the_end_by_a_day_at_most(bw):
    """R-ET-07; parameter `release_extension`."""
    await sealed(bw)
    await bw.close()
    client, path = await supervisor(bw), f"/api/v1/lots/{bw.lot_id}/opening/window"
    planned = bw.deadline + timedelta(seconds=1800)
    (row,) = await bw.rows("SELECT closed_at FROM bidding_opening WHERE lot_id = :lot")
    planned = max(row.closed_at, bw.deadline) + timedelta(seconds=1800)
    last = (planned + timedelta(hours=24)).replace(microsecond=(planned.microsecond // 1000) * 1000)

    async def extend(until, reason=REASON):
        return await client.post(path, json={"until": format_time(until), "reason": reason})

    too_late = await extend(last + timedelta(milliseconds=1))
    first = await extend(last - timedelta(hours=20))
    back = await extend(last - timedelta(hours=21))
    to_the_end = await extend(last)
    more = await extend(last + timedelta(seconds=1))

    assert (first.status_code, to_the_end.status_code) == (200, 200)
    for refused in (too_late, more):
        assert (refused.status_code, refused.json()["code"]) == (422, "rule-broken")
        assert (refused.json()["rule"], refused.json()["findings"][0]["field"]) == ("R-ET-07", "until")
        assert "累计最多延长 24 小时" in refused.json()["detail"]
    assert back.json()["code"] == "invalid-input"
    assert [entry["facts"]["reason"] for entry in await bw.entries("bid.window-extended")] == [REASON, REASON]
    (row,) = await bw.rows("SELECT window_until FROM bidding_opening WHERE lot_id = :lot")
    assert row.window_until == last


async def test_time_that_has_passed_is_no_extension(bw):
    await sealed(bw)
    await bw.close()
    client = await supervisor(bw)
    await bw.world.clock_to(bw.deadline + timedelta(hours=3))

    answer = await client.post(
        f"/api/v1/lots/{bw.lot_id}/opening/window",
        json={"until": format_time(bw.deadline + timedelta(hours=2)), "reason": REASON},
    )

    assert answer.json()["code"] == "invalid-input"


async def test_where_bidders_do_not_release_there_is_no_window_to_extend(bw):
    await sealed(bw, policy="trustees")
    await bw.close()
    client = await supervisor(bw)

    answer = await client.post(
        f"/api/v1/lots/{bw.lot_id}/opening/window",
        json={"until": format_time(bw.deadline + timedelta(hours=2)), "reason": REASON},
    )

    assert answer.json()["code"] == "conflict"


async def test_the_page_asks_for_reason_and_consent_and_keeps_what_was_typed(bw):
    await sealed(bw)
    base = f"/s/lots/{bw.lot_id}/opening"
    client = await supervisor(bw)
    client.headers.update(HTML)
    early = await client.get(base)
    await bw.close()
    page = await client.get(base)
    until = f"{local(bw.deadline + timedelta(hours=2)):%Y-%m-%d %H:%M:%S}"

    empty = await client.post(f"{base}/window", data={"until": "明天"})
    silent = await client.post(f"{base}/window", data={"until": until, "window_reason": REASON})
    beyond = f"{local(bw.deadline + timedelta(days=9)):%Y-%m-%d %H:%M:%S}"
    far = await client.post(f"{base}/window", data={"until": beyond, "window_reason": REASON, "window_agree": "yes"})
    done = await client.post(f"{base}/window", data={"until": until, "window_reason": REASON, "window_agree": "yes"})
    after = (await client.get(base)).text

    assert "现在没有需要处置的事项" in early.text
    assert "延长投标人解密时间" in page.text
    assert "启用应急解密</h2>" not in page.text
    for name in ("until", "window_reason", "window_agree"):
        assert f"#f-{name}" in empty.text, name
    assert (empty.status_code, silent.status_code, far.status_code, done.status_code) == (422, 422, 422, 303)
    assert REASON in silent.text
    assert "累计最多延长 24 小时" in far.text
    assert f"延长解密时限：至 {until}，{REASON}" in after
    assert REASON in (await bw.world.client().get(f"/openings/{bw.lot_id}", headers=HTML)).text


async def test_the_hall_leads_supervision_and_bidders_to_what_they_may_do(bw):
    bidders = await waiting_for_trustees(bw)
    client, visitor = await supervisor(bw), bw.world.client()
    hall, base = f"/openings/{bw.lot_id}", f"/s/lots/{bw.lot_id}/opening"
    give = f"/b/lots/{bw.lot_id}/emergency"

    before = (await bidders[0].client.get(hall, headers=HTML)).text
    told = await client.post(
        f"{base}/emergency", data={"emergency_reason": "见证人不能到场", "emergency_agree": "yes"}, headers=HTML
    )
    after = (await bidders[0].client.get(hall, headers=HTML)).text

    assert told.status_code == 303
    assert base in (await client.get(hall, headers=HTML)).text
    assert base not in (await visitor.get(hall, headers=HTML)).text
    assert give not in before
    assert give in after
    assert give in (await bidders[0].client.get("/b", headers=HTML)).text
    assert "见证人不能到场" in (await bidders[0].client.get(give, headers=HTML)).text
    assert (await bw.agency()).headers is not None
    assert (await (await bw.agency()).get(base, headers=HTML)).status_code == 403


async def test_before_the_decision_the_bidders_page_warns_not_to_give_anything(bw):
    bidders = await sealed(bw)

    page = (await bidders[0].client.get(f"/b/lots/{bw.lot_id}/emergency", headers=HTML)).text

    assert "请勿在此之前把解密备份文件" in page
    assert "givecard" not in page


async def test_supervision_goes_on_from_the_page_and_only_while_something_waits(bw):
    await waiting_for_trustees(bw)
    client, base = await supervisor(bw), f"/s/lots/{bw.lot_id}/opening"
    typed = {"conclude_reason": "分片不足", "conclude_agree": "yes"}

    done = await client.post(f"{base}/conclude", data=typed, headers=HTML)
    await bw.world.settle()
    again = await client.post(f"{base}/conclude", data=typed, headers=HTML)

    assert done.status_code == 303
    assert {(b["state"], b["fault"]) for b in (await bw.opening())["bids"]} == {("fault_platform", "share-count")}
    assert again.status_code == 422
    assert "没有需要等待的" in again.text
    assert len(await bw.entries("opening.concluded")) == 1
