"""Visitors and role holders walk through a platform on which the whole demonstration was played.

A real Chromium under the real policy. Every page must load without a console error, a request to elsewhere or a
violation of the policy, have one heading of the first level, fit its width, and show no accessibility finding.
With SUNLIT_PICTURES=1 the pictures of the READMEs are written to docs/pictures.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from portal.demo.client import AUTHENTICATOR
from tests.browser.modules import ARGS, CHROMIUM, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = ROOT / "docs" / "pictures"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: Rules that need a person's judgement, or that a rehearsal's banner breaks on purpose: none.
IGNORED: set[str] = set()


@dataclass(frozen=True, slots=True)
class Played:
    """The platform after the last scene."""

    url: str
    home: Path
    lot: str
    logins: dict[str, tuple[str, str]]
    draws: list[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Play the demonstration; SUNLIT_TEST_PLAYED names the home of one that is being served already."""
    given = os.environ.get("SUNLIT_TEST_PLAYED")
    if given:
        yield _played(Path(given), json.loads((Path(given) / "run" / "endpoints.json").read_text())["web"]["url"])
        return
    home = tmp_path_factory.mktemp("played") / "home"
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "portal.cli", "demo", "--home", str(home)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        )
        try:
            url = _wait(child, log)
            yield _played(home, url)
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(60)


def _played(home: Path, url: str) -> Played:
    told = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    assert told["finished"]
    lot, draws = _ids(url)
    return Played(url, home, lot, {role: tuple(pair) for role, pair in told["logins"].items()}, draws)


def _wait(child: "subprocess.Popen[bytes]", log: Path) -> str:
    import time

    for _ in range(2400):
        text = log.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^portal: (http://\S+)$", text, re.M)
        if found:
            return found.group(1)
        if child.poll() is not None:
            raise AssertionError(text[-4000:])
        time.sleep(0.25)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-4000:])


def _ids(url: str) -> tuple[str, list[str]]:
    import httpx

    with httpx.Client(base_url=url, trust_env=False) as client:
        page = client.get("/verify", headers={"accept": "text/html"}).text
        draws = sorted(set(re.findall(r"/verify/draws/([0-9a-f-]{36})", page)))
        lot = re.search(r"/api/v1/verify/forms/([0-9a-f-]{36})", page)
    assert lot is not None
    return lot.group(1), draws


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield started
        started.close()


class Walk:
    """One person's browser, which notes everything that should not happen."""

    def __init__(self, browser: Browser, base: str, viewport: dict[str, int]) -> None:
        self.base = base
        self.faults: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="America/New_York",  # the page must show Beijing time wherever its reader sits
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda m: m.type == "error" and self.faults.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._check_request)
        self.page.on(
            "response",
            lambda answer: answer.status >= 400 and self.faults.append(f"{answer.status} {answer.url}"),
        )

    def _check_request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"elsewhere: {request.url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path, wait_until="load")
        self.page.wait_for_timeout(250)
        return self.page

    def check(self, path: str) -> None:
        page = self.open(path)
        assert page.locator("h1").count() == 1, path
        assert page.title().strip(), path
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide"
        found = [
            f"{rule['id']}: {rule['nodes'][0]['html'][:120]}"
            for rule in Axe().run(page).response["violations"]
            if rule["id"] not in IGNORED
        ]
        assert found == [], f"{path}: {found}"
        assert self.faults == [], f"{path}: {self.faults}"

    def picture(self, name: str) -> None:
        if os.environ.get("SUNLIT_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=PICTURES / f"{name}.png", clip={"x": 0, "y": 0, "width": 1440, "height": 1000})

    def sign_in(self, login: str, password: str, home: Path) -> None:
        page = self.open("/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password)
        secret = (home / "clients" / login / AUTHENTICATOR).read_text(encoding="ascii")
        page.fill("input[name=code]", pyotp.TOTP(secret).now())
        page.click("form[action='/login'] button[type=submit], main form button[type=submit]")
        page.wait_for_load_state()
        assert "/login" not in page.url, page.url

    def close(self) -> None:
        self.context.close()


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def visitor(browser: Browser, played: Played, request: pytest.FixtureRequest) -> Iterator[Walk]:
    walk = Walk(browser, played.url, request.param)
    yield walk
    walk.close()


@pytest.fixture
def reader(browser: Browser, played: Played) -> Iterator[Walk]:
    walk = Walk(browser, played.url, WIDE)
    yield walk
    walk.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/notices",
        "/openings",
        "/verify",
        "/ledger",
        "/inspections",
        "/schema",
        "/login",
        "/bidding/login",
        "/help",
    ],
)
def test_public_pages_are_sound(visitor: Walk, path: str) -> None:
    visitor.check(path)


def test_the_lot_its_notices_and_its_hall_are_sound(visitor: Walk, played: Played) -> None:
    visitor.check(f"/lots/{played.lot}")
    visitor.check(f"/openings/{played.lot}")
    page = visitor.open("/notices")
    for path in page.eval_on_selector_all("main a[href^='/notices/']", "all => all.map(a => a.getAttribute('href'))"):
        visitor.check(path)


def test_pictures_of_the_readme(reader: Walk, played: Played) -> None:
    for name, path in (("home", "/"), ("hall", f"/openings/{played.lot}"), ("lot", f"/lots/{played.lot}")):
        reader.open(path)
        reader.picture(name)
    assert reader.faults == []


def test_a_stranger_recomputes_every_draw(reader: Walk, played: Played) -> None:
    assert len(played.draws) >= 3
    for draw in played.draws:
        reader.check(f"/verify/draws/{draw}")
        reader.page.click("#verify")
        reader.page.wait_for_selector("#vres:not([hidden])", timeout=60_000)
        text = reader.page.inner_text("#vres")
        assert "一致" in text, text
        assert "不一致" not in text, text
    reader.picture("draw")


def test_a_stranger_recomputes_the_prices(reader: Walk, played: Played) -> None:
    page = reader.open("/verify")
    page.click("#verifyforms")
    page.wait_for_selector("#formsout :text('一致')", timeout=60_000)

    assert "不一致" not in page.inner_text("#formsout")
    assert reader.faults == []
    reader.picture("prices")


def test_a_bidders_receipt_is_checked_in_the_browser(reader: Walk, played: Played) -> None:
    receipt = sorted((played.home / "clients").rglob("*-receipt.json"))[0]
    page = reader.open("/verify")

    page.set_input_files("#receiptfile", receipt)
    page.wait_for_function("() => document.getElementById('receiptout').innerText.length > 20")

    assert "成立" in page.inner_text("#receiptout") or "一致" in page.inner_text("#receiptout")
    assert reader.faults == []


@pytest.mark.parametrize("role", ["agency", "buyer", "supervisor", "trustee", "operator", "inspector"])
def test_each_role_finds_its_workbench(reader: Walk, played: Played, role: str) -> None:
    login = next((pair for key, pair in played.logins.items() if key.startswith(role)), None)
    if login is None:
        pytest.fail(f"the demonstration names no login for {role}: {sorted(played.logins)}")

    reader.sign_in(*login, played.home)
    path = reader.page.url.removeprefix(played.url)

    reader.check(path)
    reader.picture(f"workbench-{role}")


def test_modes_for_elders_and_for_contrast_are_kept(reader: Walk) -> None:
    page = reader.open("/")
    page.click("button[data-setmode=elder]")
    reader.open("/notices")

    assert page.get_attribute("html", "data-mode") == "elder"
    reader.check("/")
