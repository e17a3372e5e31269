"""Pages render from real data, for those they are for, at every stage of a lot."""

import asyncio
from datetime import timedelta

import pytest

from bidding.pages.halls import Place, _stream
from kernel.canonical import b64u_encode
from tests.worlds.bidding_world import BiddingWorld, uscc

HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def page(client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status, (path, answer.status_code, answer.text[-500:])
    return answer.text


async def test_the_sign_in_page_names_the_authority_and_this_site(bw):
    text = await page(bw.world.client(), "/bidding/login")

    assert bw.world.services.site.base_url in text
    assert "root" in text


async def test_a_bidder_finds_the_way_from_the_workbench_to_the_receipt(bw):
    await bw.open_for_bids()
    bidder = await bw.company(1)
    await bw.sign_in(bidder)
    base = f"/b/lots/{bw.lot_id}"

    assert base in await page(bidder.client, "/b")
    assert "登记并获取招标文件" in await page(bidder.client, base)
    joined = await bidder.client.post(f"{base}/join")
    assert joined.headers["location"] == f"{base}/documents"
    bidder.pseudonym = (await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})).json()["bidder"]
    await page(bidder.client, f"{base}/documents")
    text = await page(bidder.client, f"{base}/submit")
    assert f'data-bidder="{bidder.pseudonym}"' in text
    assert 'data-rev="1"' in text
    assert "应附的证明材料" in text
    assert "合同关键页" in text
    assert (await bidder.client.get(f"{base}/withdraw", headers=HTML)).status_code == 303
    await bw.submit(bidder)
    await bw.world.settle()
    digest = b64u_encode(bidder.head)

    assert digest in await page(bidder.client, f"{base}/submit")
    assert f'data-prev="{digest}"' in await page(bidder.client, f"{base}/submit")
    assert "投标文件递交成功" in await page(bidder.client, f"/b/receipts/{digest}")
    assert "已递交第 1 次" in await page(bidder.client, "/b")
    assert digest in await page(bidder.client, f"{base}/withdraw")
    assert "投标截止后才能释放密钥" in await page(bidder.client, f"{base}/release")


async def test_pages_of_the_opening_follow_its_stages(bw):
    await bw.open_for_bids()
    bidders = [await bw.bidder(n) for n in range(1, 4)]
    for n, bidder in enumerate(bidders):
        await bw.submit(bidder, price=f"{2_900_000 + n}.00")
    public, agency = bw.world.client(), await bw.agency()
    hall, base, release = f"/openings/{bw.lot_id}", f"/b/lots/{bw.lot_id}", f"/b/lots/{bw.lot_id}/release"
    assert "开标前不显示" in await page(public, hall)
    assert "等待开标" in await page(bw.trustees[0].client, "/w")

    await bw.close()
    await page(bidders[0].client, f"{base}/submit")
    text = await page(bidders[0].client, release)
    assert 'id="release"' in text
    assert release in await page(bidders[0].client, hall)
    assert bidders[1].name not in await page(public, hall)
    for bidder in bidders:
        await bw.release(bidder)
    assert "您的密钥已释放" in await page(bidders[0].client, release)
    await bw.end_window()
    assert "请释放分片" in await page(bw.trustees[0].client, "/w")
    assert "开标前不显示" in await page(public, hall)
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await bw.world.settle()

    text = await page(public, hall)
    assert all(bidder.name in text for bidder in bidders)
    assert "2,900,001.00" in text
    assert "确认开标记录" in await page(agency, hall)
    await bw.world.clock_by(timedelta(minutes=10))
    done = await agency.post(f"/a/lots/{bw.lot_id}/opening/confirm")
    assert done.status_code == 303
    assert "本场开标已结束" in await page(public, hall)
    assert "无需再做什么" in await page(bw.trustees[0].client, "/w")
    assert str(bw.lot_id) in await page(public, "/openings")


async def test_the_agency_proposes_trustees_from_a_page(bw):
    await bw.make_lot(published=False)
    agency = await bw.agency()
    path = f"/a/lots/{bw.lot_id}/keyset"
    assert "还没有可提名的见证人" in await page(agency, path)
    accounts = await bw.make_trustees(5)

    refused = await agency.post(path, data={f"role-{accounts[0]}": "公证处"}, headers=HTML)
    fine = await agency.post(path, data={f"role-{account}": "公证处" for account in accounts}, headers=HTML)

    assert refused.status_code == 422
    assert fine.status_code == 303
    text = await page(agency, path)
    assert "等待密钥演练" in text
    assert "请完成密钥演练" in await page(bw.trustees[0].client, "/w")


async def test_a_new_trustee_is_asked_to_make_keys(bw):
    trustee = await bw.staff("fresh", "trustee", code=uscc(700_009), organisation="某公证处")

    assert "制作您的见证密钥" in await page(trustee, "/w")


async def test_the_hall_streams_the_table_when_it_becomes_public(bw):
    await bw.open_for_bids()
    bidders = [await bw.bidder(n) for n in range(1, 4)]
    for bidder in bidders:
        await bw.submit(bidder)
    await bw.close()
    heard: list[str] = []

    async def listen() -> None:
        async for message in _stream(bw.world.services, Place(), bw.lot_id):
            heard.append(message.decode())
            if any(bidder.name in heard[-1] for bidder in bidders):
                return

    listening = asyncio.create_task(listen())
    for bidder in bidders:
        await bw.release(bidder)
    await asyncio.sleep(0.3)
    before = list(heard)
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await bw.world.settle()
    await asyncio.wait_for(listening, 20)

    assert before == []
    assert not any(bidder.name in text for text in heard[:-1] for bidder in bidders)
    assert all(bidder.name in heard[-1] for bidder in bidders)
