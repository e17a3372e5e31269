"""The real application of one test, with its database and its log, behind a real address; people with real browsers.

Journeys walk here where `platform.py` (no database) cannot follow: what a page sends is judged by the acts themselves.
With SUNLIT_SHOTS=<folder> every `shot` is kept, at 1440 and at 390 pixels.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright
from sqlalchemy import text

from bidding.keyfile import LicenceFile, PersonFile, write_licence_file, write_person_file
from kernel.crypto.authority import Authority
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from tests.browser.modules import ARGS, CHROMIUM
from tests.world import PASSWORD, World, quick_hash
from tests.worlds.bidding_world import Bidder

PASSPHRASE = "a long passphrase"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

#: What reaches beyond the page, for a page that is wider than its window.
_TOO_WIDE = """() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  const name = (e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right - clientWidth)}`;
  const far = [...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > clientWidth + 0.5);
  return scrollWidth <= clientWidth ? [] : far.map(name).slice(0, 8);
}"""


@dataclass
class Person:
    """Somebody at a browser; `faults` is what should not have happened there."""

    page: Page
    context: BrowserContext
    folder: Path
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        """Go to a page; one that is just renewing itself is waited for."""
        try:
            await self.page.goto(path, wait_until="load")
        except Error as error:
            if "interrupted by another navigation" not in error.message:
                raise
            await self.page.wait_for_load_state("load")
            await self.page.goto(path, wait_until="load")
        return self.page

    async def sign_in(self, login: str, code: str) -> None:
        """Sign in by password and authenticator."""
        await self.open("/login")
        await self.page.fill("#f-login", login)
        await self.page.fill("#f-password", PASSWORD)
        await self.page.fill("#f-otp", code)
        await self.page.click("main form button[type=submit]")
        await self.page.wait_for_url(lambda url: "/login" not in url)

    async def make_key(self) -> Path:
        """Make the own signing key on the page that is open, and keep its file."""
        await self.page.fill("#newpass", PASSPHRASE)
        async with self.page.expect_download() as waiting, self.page.expect_navigation():
            await self.page.click("#makekey")
        return await self.keep(await waiting.value)

    async def keep(self, download: Any) -> Path:
        """Keep a downloaded file."""
        path = self.folder / download.suggested_filename
        await download.save_as(path)
        return path

    async def choose_key(self, path: Path, passphrase: str = PASSPHRASE) -> None:
        """Choose the key file and type its passphrase."""
        await self.page.set_input_files("#keyfile", path)
        await self.page.fill("#keypass", passphrase)

    async def check(self, name: str = "") -> None:
        """Require a page without faults that fits both widths and shows no accessibility finding; take its pictures."""
        for viewport, mark in ((NARROW, "390"), (WIDE, "1440")):
            await self.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            over = await self.page.evaluate(_TOO_WIDE)
            assert over == [], f"{self.page.url} is too wide at {mark}: {over}"
            if name and os.environ.get("SUNLIT_SHOTS"):
                shots = Path(os.environ["SUNLIT_SHOTS"])
                await self.page.screenshot(path=shots / f"{name}-{mark}.png", full_page=True)
        assert await self.page.locator("h1").count() == 1
        found = (await Axe().run(self.page)).response["violations"]
        assert [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found] == []
        assert self.faults == []


@dataclass
class Served:
    """An address, and browsers for whoever comes."""

    url: str
    browser: Browser
    folder: Path
    world: World

    async def person(self, login: str = "", *, script: bool = True) -> Person:
        """Return somebody with a browser of their own, signed in if a login is given; scripts may be off."""
        context = await self.browser.new_context(
            base_url=self.url,
            locale="zh-CN",
            timezone_id="America/New_York",
            viewport=WIDE,
            accept_downloads=True,
            java_script_enabled=script,
        )
        folder = self.folder / (login or "visitor")
        folder.mkdir(parents=True, exist_ok=True)
        made = Person(await context.new_page(), context, folder)
        made.page.on("pageerror", lambda error: made.faults.append(f"script: {error}"))
        made.page.on("console", lambda m: made.faults.append(m.text) if "Content Security" in m.text else None)
        made.page.on("response", lambda a: made.faults.append(f"{a.status} {a.url}") if a.status >= 500 else None)
        made.page.on(
            "request", lambda r: None if r.url.startswith((self.url, "blob:", "data:")) else made.faults.append(r.url)
        )
        if login:
            await made.sign_in(login, await self.world.code(login))
        return made

    async def enter(self, bidder: Bidder) -> Person:
        """A bidder whose licence has signed in elsewhere: the session is carried over."""
        person = await self.person()
        session = bidder.client.cookies["sid"]
        await person.context.add_cookies([{"name": "sid", "value": session, "url": self.url}])
        return person


def licence_file(authority: Authority, bidder: Bidder, folder: Path) -> Path:
    """Write the licence as the company keeps it."""
    chain = [authority.issuing]
    assert bidder.encrypt_key is not None
    licence = LicenceFile(
        bidder.uscc,
        bidder.name,
        bidder.sign_key,
        [bidder.licence.sign, *chain],
        bidder.encrypt_key,
        [bidder.licence.encrypt, *chain],
    )
    (folder / "own.lic").write_bytes(write_licence_file(licence, PASSPHRASE))
    return folder / "own.lic"


@contextlib.asynccontextmanager
async def served(world: World, folder: Path) -> AsyncIterator[Served]:
    """Serve the application on a free port, and start Chromium."""
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, lifespan="off", log_level="error", ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            yield Served(f"http://127.0.0.1:{port}", browser, folder, world)
            await browser.close()
    finally:
        server.should_exit = True
        await running


async def give_passwords(world: World) -> None:
    """Let every account of the database sign in with `PASSWORD`."""
    async with world.services.db.begin() as tx:
        await tx.session.execute(text("UPDATE identity_account SET password_hash = :h"), {"h": quick_hash()})


def key_file(path: Path, key: PrivateKey, unwrap: PrivateKey | None = None) -> Path:
    """Write the file of a person's keys as the pages read it."""
    path.write_bytes(write_person_file(PersonFile(key, unwrap or generate(KeyKind.P256)), PASSPHRASE))
    return path


def tampered(path: Path, **changes: Any) -> Path:
    """Return a copy of a JSON file with other members."""
    copy = path.with_name("tampered.json")
    copy.write_text(json.dumps({**json.loads(path.read_text()), **changes}, separators=(",", ":"), sort_keys=True))
    return copy
