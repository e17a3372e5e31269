"""Four people sit in the hall during an opening: bidder, agency, supervisor and public, two at phones, two at desks.

Each page is opened once; whatever happens arrives by the event stream, and no page is loaded again. What one of them
does (checks in, draws, signs, objects, answers) the others see happen.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from kernel.crypto.keys import KeyKind, generate
from kernel.drawbook.vault import Vault
from tests.bidding.test_parameters import base, contributors, sealed_with_k
from tests.browser.served import NARROW, PASSPHRASE, WIDE, Person, Served, licence_file, served
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld

#: A stream tells at once; a busy machine takes longer.
PATIENCE_MS = 30_000

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def sit_down(platform: Served, client, hall: str, viewport: dict[str, int]) -> Person:
    """Somebody who is signed in elsewhere, or nobody in particular, opens the hall and leaves it open."""
    person = await platform.person()
    if client is not None:
        await person.context.add_cookies([{"name": "sid", "value": client.cookies["sid"], "url": platform.url}])
    await person.page.set_viewport_size(viewport)  # type: ignore[arg-type]
    await person.open(hall)
    await settled(person)
    return person


async def settled(person: Person) -> None:
    """The stream is there, and the page knows since when it sits."""
    await expect(person.page.locator("#livetext")).to_have_text("实时连接正常", timeout=PATIENCE_MS)
    await person.page.evaluate("window.sitting = true")


async def hear(people: list[Person], place: str, words: str) -> None:
    """Wait until everybody reads it, each on the page that was never loaded again."""
    for person in people:
        await expect(person.page.locator(f"#{place}")).to_contain_text(words, timeout=PATIENCE_MS)
        assert await person.page.evaluate("window.sitting"), f"{person.page.url} was loaded again"


async def test_an_opening_is_watched_and_signed_by_those_who_sit_in_the_hall(world: World, tmp_path: Path) -> None:
    await world.clock_by(timedelta(days=-30))  # the witness looks at the real clock
    bw = BiddingWorld(world)
    world.services.plugins.setdefault("vault", Vault(generate(KeyKind.P256)))
    bidders = await sealed_with_k(bw)
    first, hall, api = bidders[0], f"/openings/{bw.lot_id}", f"/api/v1/lots/{bw.lot_id}/opening"
    drawing = await contributors(bw)
    agent, watcher = (one.client for one in drawing)
    await world.clock_to(bw.deadline - timedelta(minutes=30))
    async with served(world, tmp_path) as platform:
        bidder = await sit_down(platform, first.client, hall, WIDE)
        agency = await sit_down(platform, agent, hall, WIDE)
        supervisor = await sit_down(platform, watcher, hall, NARROW)
        public = await sit_down(platform, None, hall, NARROW)
        everybody = [bidder, agency, supervisor, public]

        await bidder.page.click("#own-presence button")
        await settled(bidder)
        assert "您已签到" in await bidder.page.inner_text("#own-presence")
        await supervisor.page.click("#own-presence button")
        await settled(supervisor)
        await hear(everybody, "hall-people", "监督局")
        assert first.name not in await public.page.inner_text("#main")
        await bidder.check("hall-checked-in")

        await bw.close()
        await hear(everybody, "hall-state", "投标人解密")
        await hear([bidder], "hall-duties", "前往解密")
        for one in bidders:
            assert (await bw.release(one)).status_code == 200
        begun = await agent.post(f"{base(bw)}/draw", json={"minutes": 10})
        await hear(everybody, "hall-parameters", "尚未抽取")
        for contributor in drawing:
            assert (await contributor.commit(begun.json()["draw"])).status_code == 200
        assert (await agent.post(f"{base(bw)}/close")).status_code == 200
        for contributor in drawing:
            assert (await contributor.reveal()).status_code == 200
        ((drawn,),) = (one.json() for one in [await agent.get(base(bw))])
        await hear(everybody, "hall-parameters", f"下浮系数 K：{drawn['value']}")
        await bw.end_window()
        for number, trustee in enumerate(bw.trustees[:3], 1):
            assert (await bw.share(trustee)).status_code == 200
            for person in everybody:
                await expect(person.page.locator("#hall-keys .on")).to_have_count(number, timeout=PATIENCE_MS)
        assert first.name not in await public.page.inner_text("#main")
        await world.settle()
        await hear(everybody, "hall-table", "2,986,400.00")
        await hear(everybody, "hall-people", first.name)
        await hear(everybody, "hall-until", "距异议、签署时间结束")

        signing = await bidder.context.new_page()
        await signing.goto(f"{hall}/record")
        await signing.check("[name=stance][value=agreed]")
        await signing.set_input_files("#licfile", licence_file(bw.authority, first, bidder.folder))
        await signing.fill("#licpass", PASSPHRASE)
        await signing.click("#signrecord")
        await signing.wait_for_selector("text=您已签署")
        await hear(everybody, "hall-signatures", "对开标记录无异议")

        assert (await bidders[1].client.post(f"{api}/objections", json={"text": "请核对交货期"})).status_code == 201
        await hear(everybody, "hall-objections", "请核对交货期")
        await hear([agency], "hall-closing", "有 1 项异议等待当场答复")
        (one,) = (await agent.get(f"{api}/objections")).json()
        answer = {"outcome": "dismissed", "text": "当场重新解出，与唱标一致"}
        assert (await agent.post(f"{api}/objections/{one['id']}/answer", json=answer)).status_code == 200
        await hear(everybody, "hall-objections", "与唱标一致")
        await hear(everybody, "hall-signatures", "签署的是变化之前的记录")
        await public.check("hall")
        await agency.open(f"{hall}/parameters")
        await agency.check("hall-parameters")
        await agency.open(hall)
        await settled(agency)

        await world.clock_by(timedelta(minutes=10))
        assert (await agent.post(f"{api}/confirm")).status_code == 200
        await hear(everybody, "hall-state", "开标结束")
        await hear(everybody, "hall-signatures", "签署的是变化之前的记录")
        await public.check("hall-recorded")
        assert [person.faults for person in everybody] == [[]] * 4
