"""An opening whose trustees do not come: supervision decides on its page, bidders give file keys in the browser."""

from datetime import timedelta
from pathlib import Path

import pytest

from bidding.sbk import OpeningFile, SlotKey, write_sbk
from tests.browser.served import PASSPHRASE, Person, give_passwords, licence_file, served
from tests.world import World
from tests.worlds.bidding_world import TENDER, Bidder, BiddingWorld, uscc

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def files(bw: BiddingWorld, bidder: Bidder, folder: Path, lot: str = "001") -> tuple[Path, Path]:
    """The licence and the opening file as the company keeps them."""
    slots = tuple(SlotKey(slot, bidder.eids[slot], bidder.file_keys[slot]) for slot in ("file", "form"))
    kept = OpeningFile(TENDER, lot, bidder.pseudonym, bidder.bid_key, slots)
    (folder / f"{lot}.sbk").write_bytes(write_sbk(kept, PASSPHRASE))
    return licence_file(bw.authority, bidder, folder), folder / f"{lot}.sbk"


async def give(person: Person, licence: Path, opening_file: Path) -> None:
    await person.page.set_input_files("#licfile", licence)
    await person.page.fill("#licpass", PASSPHRASE)
    await person.page.set_input_files("#sbk", opening_file)
    await person.page.check("#agree")
    await person.page.click("#give")


async def test_the_emergency_path_from_the_decision_to_the_prices(world: World, tmp_path: Path) -> None:
    await world.clock_by(
        timedelta(days=-30)
    )  # the witness looks at the real clock, and the deadline must be over there
    bw = BiddingWorld(world)
    await bw.open_for_bids()
    bidders = [await bw.bidder(n) for n in range(1, 4)]
    for bidder in bidders:
        await bw.submit(bidder)
    await bw.close()
    await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")
    await give_passwords(world)
    async with served(world, tmp_path) as platform:
        watcher = await platform.person("supervisor")
        await watcher.open(f"/openings/{bw.lot_id}")
        await watcher.page.click("text=作出处置")
        await watcher.check("intervene-window")
        await watcher.page.click("text=作出决定并公告")
        await watcher.page.wait_for_selector("#e-window_reason")
        await watcher.check("intervene-window-refused")

        for bidder in bidders:
            assert (await bw.release(bidder)).status_code == 200
        await bw.end_window()
        await watcher.open(f"/s/lots/{bw.lot_id}/opening")
        await watcher.check("intervene")
        await watcher.page.fill("#f-emergency_reason", "三名见证人因道路中断不能到场，候补联系不上")
        await watcher.page.check("#f-emergency_agree")
        await watcher.page.click("section:has(#emergency-h) button[type=submit]")
        await watcher.page.wait_for_selector("text=应急解密已经启用")
        await watcher.check("intervene-decided")

        for bidder in bidders:
            person = await platform.enter(bidder)
            await person.open(f"/b/lots/{bw.lot_id}/emergency")
            licence, opening_file = files(bw, bidder, person.folder)
            if bidder is bidders[0]:
                await person.check("emergency-keys")
                await give(person, licence, files(bw, bidder, person.folder, "002")[1])
                await person.page.wait_for_selector("text=不属于本标段")
            await give(person, licence, opening_file)
            await person.page.wait_for_selector("text=您的文件密钥已提交")
            await person.open(f"/b/lots/{bw.lot_id}/emergency")
            await person.check("emergency-keys-done" if bidder is bidders[0] else "")
        await world.settle()

        await watcher.open(f"/openings/{bw.lot_id}")
        assert "2,986,400.00" in await watcher.page.inner_text("#hall-table")
        await watcher.check("hall-after-emergency")
