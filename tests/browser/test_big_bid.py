"""Two hundred megabytes from a real browser: cut off twice, by the network and by a closed page, and never sent twice.

Source: R-ET-04, R-ET-05; docs/spec/browser.md, "Sealing, step by step".
"""

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from bidding import envelope, sbk
from kernel.canonical import b64u_encode
from tests.browser.served import PASSPHRASE, Person, licence_file, served
from tests.world import World
from tests.worlds.bidding_world import Bidder, BiddingWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZE = 200 * 10**6
CHUNKS = {"form": 1, "file": 191}
#: What the renderer may grow by: chunks that wait for the collector. Keeping the document, or its ciphertext, on top of
#: them would be too much.
MOST_GROWTH = 320 << 20
KEEPS_NOTHING = """async () => localStorage.length + sessionStorage.length + (await indexedDB.databases()).length
  + (await caches.keys()).length"""


def paper(path: Path, *, mark: bytes = b"one") -> Path:
    """A document with a hole in every mebibyte; no two mebibytes are alike."""
    with path.open("wb") as out:
        for at in range(0, SIZE - 64, 1 << 20):
            out.seek(at)
            out.write(b"%%PDF-1.7 page %d" % at)
        out.seek(SIZE - 64)
        out.write(mark.ljust(58) + b"%%EOF\n")
    assert path.stat().st_size == SIZE
    return path


class Wire:
    """What a page sends of chunks, and waiting for it."""

    def __init__(self, person: Person) -> None:
        self.sent: Counter[str] = Counter()
        self.answered = 0
        self._grown = asyncio.Condition()
        person.page.on("request", lambda r: self.sent.update([r.url] if self._is_chunk(r) else []))
        person.page.on("response", self._note)

    @staticmethod
    def _is_chunk(request: Any) -> bool:
        return request.method == "PUT" and "/chunks/" in request.url

    async def _note(self, answer: Any) -> None:
        if self._is_chunk(answer.request):
            async with self._grown:
                self.answered += 1
                self._grown.notify_all()

    async def until(self, count: int) -> None:
        async with self._grown:
            await asyncio.wait_for(self._grown.wait_for(lambda: self.answered >= count), 60)


async def renderer_peak(platform: Any) -> int:
    """The most memory that any process drawing a page has had, in bytes."""
    session = await platform.browser.new_browser_cdp_session()
    found = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    texts = [Path(f"/proc/{one['id']}/status").read_text() for one in found if one["type"] == "renderer"]
    return max(int(text.split("VmHWM:")[1].split()[0]) for text in texts) << 10


async def held(bw: BiddingWorld) -> set[str]:
    """The chunks on the platform, named as the page's requests end."""
    rows = await bw.rows("SELECT upload_id, j FROM bidding_chunk")
    return {f"/uploads/{row.upload_id}/chunks/{row.j}" for row in rows}


def sent_again(wire: Wire, there: set[str]) -> list[str]:
    return [url for url in wire.sent if any(url.endswith(one) for one in there)]


async def choose(person: Person, licence: Path, document: Path) -> None:
    await person.page.set_input_files("#files", document)
    await person.page.set_input_files("#licfile", licence)
    await person.page.fill("#licpass", PASSPHRASE)


async def take_up(person: Person, kept: Path) -> None:
    if not await person.page.locator("#resume").is_visible():
        await person.page.click("#resumebox summary")
    await person.page.set_input_files("#resumesbk", kept)
    await person.page.click("#resume")


async def plaintext_on_the_platform(bw: BiddingWorld, kept: sbk.OpeningFile, slot: str, folder: Path) -> Path:
    """Put a stored envelope together, open it, and require the id of the opening file."""
    ours = next(one for one in kept.slots if one.slot == slot)
    uploads = await bw.rows(f"SELECT id, head FROM bidding_upload WHERE slot = '{slot}'")
    assert len(uploads) == 1, "no second upload was opened"
    rows = await bw.rows(f"SELECT object_name FROM bidding_chunk WHERE upload_id = '{uploads[0].id}' ORDER BY j")
    assert len(rows) == CHUNKS[slot]
    sealed, plain = folder / f"{slot}.sbe", folder / f"{slot}.plain"
    with sealed.open("wb") as out:
        out.write(uploads[0].head)
        for row in rows:
            out.write(await bw.world.services.files.get(row.object_name))
    with sealed.open("rb") as source, plain.open("wb") as out:
        assert envelope.open_envelope(source, ours.file_key, out) == ours.eid
    return plain


async def test_a_big_bid_survives_a_cut_connection_and_a_closed_page(world: World, tmp_path: Path) -> None:
    bw = BiddingWorld(world)
    await bw.open_for_bids()
    bidder: Bidder = await bw.bidder(1)
    document, changed = paper(tmp_path / "投标文件.pdf"), paper(tmp_path / "改过的.pdf", mark=b"two")
    async with served(world, tmp_path) as platform:
        person = await platform.enter(bidder)
        page, wire, asked = person.page, Wire(person), list[str]()

        async def leave(dialog: Any) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        page.on("dialog", leave)
        await person.open(f"/b/lots/{bw.lot_id}/submit")
        licence = licence_file(bw.authority, bidder, person.folder)
        await page.fill("#f-price", "2,986,400.00")
        await page.fill("#f-period", "30 日")
        await page.fill("#f-manager", "张敏")
        await choose(person, licence, document)
        before = await renderer_peak(platform)
        async with page.expect_download() as saving:
            await page.click("#start")
        kept = await person.keep(await saving.value)

        # The network goes away in the middle, and comes back: the page goes on by itself.
        await wire.until(60)
        await expect(page.locator("#rate")).to_contain_text(re.compile(r"MB / 190\.7 MB · .*/秒 · 预计还需 \d+ "))
        await person.context.set_offline(True)
        await expect(page.locator("#pause")).to_contain_text("继续上传", timeout=30_000)
        assert "已暂停" in await page.inner_text("#phase")
        await person.check("bigbid-cut")
        first = await held(bw)
        assert 60 <= len(first) < 150
        wire.sent.clear()
        await person.context.set_offline(False)
        await wire.until(130)
        assert sent_again(wire, first) == []

        # The page is closed in the middle, after a warning. Nothing of it stays in the browser.
        await page.reload()
        assert asked == ["beforeunload"]
        assert await page.evaluate(KEEPS_NOTHING) == 0
        second = await held(bw)
        assert first < second
        assert len(second) < sum(CHUNKS.values())
        wire.sent.clear()

        # A document that was changed meanwhile never meets the keys of before.
        await choose(person, licence, changed)
        await take_up(person, kept)
        await expect(page.locator("#fail")).to_contain_text("与上次加密的不是同一份", timeout=30_000)
        assert wire.sent == Counter()
        await person.check("bigbid-again")

        await choose(person, licence, document)
        await take_up(person, kept)
        await expect(page.locator("#review")).to_be_visible(timeout=60_000)
        assert sent_again(wire, second) == []
        assert set(wire.sent.values()) == {1}
        assert len(wire.sent) == sum(CHUNKS.values()) - len(second)
        await person.check("bigbid-review")
        after = await renderer_peak(platform)

        await page.check("#agree")
        await page.click("#confirm")
        await expect(page.locator("#received")).to_contain_text("本机已核验平台签名与账本证明", timeout=20_000)
        async with page.expect_download() as saving:
            await page.get_by_text("保存回执（JSON）").click()
        receipt = await person.keep(await saving.value)

        reader = await platform.person()
        await reader.open("/verify")
        await reader.page.set_input_files("#receiptfile", receipt)
        await expect(reader.page.locator("#receiptout")).to_contain_text("全部一致", timeout=20_000)
        assert person.faults == []
        assert reader.faults == []

    opened = sbk.read_sbk(kept.read_bytes(), PASSPHRASE)
    plain = await plaintext_on_the_platform(bw, opened, "file", tmp_path)
    assert plain.stat().st_size == SIZE
    assert same_bytes(plain, document)
    assert b'"2986400.00"' in (await plaintext_on_the_platform(bw, opened, "form", tmp_path)).read_bytes()
    told = (await bw.rows("SELECT payload FROM bidding_submission"))[0].payload
    assert {doc["slot"]: doc["eid"] for doc in told["docs"]} == {s.slot: b64u_encode(s.eid) for s in opened.slots}
    print(f"\nrenderer: {before >> 20} MiB before sealing, at most {after >> 20} MiB")
    assert after - before < MOST_GROWTH


def same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
        return not b.read(1)
