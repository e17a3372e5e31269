"""The wallet's own command against a platform that really listens: registration, sign-in, and what it refuses."""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from portal.app import create_app
from portal.cli import main
from tests.world import World, _TokenHook
from tests.worlds.bidding_world import BiddingWorld, uscc

CODE, NAME = uscc(77), "云岭测绘有限公司"


@dataclass(slots=True)
class Street:
    """A platform that listens, its issuing authority, and a holder with a wallet."""

    bw: BiddingWorld
    url: str
    folder: Path

    def browser(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=self.url, trust_env=False)
        client.event_hooks = {"request": [_TokenHook(client)]}
        self.bw.world.clients.append(client)
        return client

    async def sunlit(self, *words: str) -> tuple[int, str]:
        """Run a command as the shell does; return its code and all that it said."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = await asyncio.to_thread(main, list(words))
        return code, said.getvalue()

    async def licence(self, act: str, *words: str) -> str:
        code, said = await self.sunlit("licence", act, *words, "--authority", str(self.bw.world.folder / "authority"))
        assert code == 0, said
        return said

    async def scan(self, address: str, *words: str) -> tuple[int, str]:
        secret = self.folder / "secret"
        secret.write_text("sunlit")
        kept = ("--wallet", str(self.folder / "wallet"), "--passphrase-file", str(secret))
        return await self.sunlit("wallet", "scan", address, *kept, *words)

    async def shown(self) -> tuple[httpx.AsyncClient, dict[str, Any]]:
        """A browser that shows a code."""
        browser = self.browser()
        return browser, await self.bw.begin_scan(browser)


@pytest.fixture
async def street(world: World, tmp_path: Path) -> AsyncIterator[Street]:
    bw = BiddingWorld(world)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    services = replace(world.services, site=replace(world.services.site, base_url=url))
    config = uvicorn.Config(create_app(services), lifespan="off", log_level="error", access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    (tmp_path / "wallet").mkdir()
    yield Street(bw, url, tmp_path)
    server.should_exit = True
    await serving


async def test_a_holder_registers_and_signs_in_with_the_wallets_command(street: Street) -> None:
    """Source: R-LIC-08"""
    file = street.folder / "wallet" / "licence.lic"
    issued = await street.licence("issue", "--uscc", CODE, "--name", NAME, "--out", str(file))
    listed = await street.sunlit("wallet", "list", "--wallet", str(street.folder / "wallet"))
    browser, code = await street.shown()

    done = await street.scan(code["url"], "--number", code["display"])
    stood = (await browser.get(f"/api/v1/auth/licence/scans/{code['id']}")).json()["state"]
    collected = await browser.post(f"/api/v1/auth/licence/scans/{code['id']}/session", json={})
    me = (await browser.get("/api/v1/me")).json()
    registration = (await browser.get("/api/v1/registration")).json()
    again = await street.scan(code["url"], "--number", code["display"])
    second, fresh = await street.shown()
    back = await street.scan(fresh["url"], "--number", fresh["display"])
    await second.post(f"/api/v1/auth/licence/scans/{fresh['id']}/session", json={})

    assert NAME in issued
    assert listed == (0, f"{CODE}  {NAME}  {file}\n")
    assert done[0] == 0, done[1]
    assert f"登录网站  阳光交易（{street.url}）" in done[1]
    assert f"核对数字  {code['display']}" in done[1]
    assert (stood, collected.status_code, me["uscc"], me["roles"]) == ("signed", 200, CODE, ["bidder"])
    assert registration["complete"] is False, "registered, and led on to the rest of the registration"
    assert again[0] == 1
    assert "只能使用一次" in again[1]
    assert back[0] == 0, back[1]
    assert (await second.get("/api/v1/me")).json()["id"] == me["id"], "the same account, not a second one"


async def test_the_wallet_signs_nothing_that_its_holder_or_it_does_not_recognise(street: Street) -> None:
    """Source: R-LIC-08"""
    file = street.folder / "wallet" / "licence.lic"
    await street.licence("issue", "--uscc", CODE, "--name", NAME, "--out", str(file))

    browser, code = await street.shown()
    other = str(int(code["display"]) % 90 + 10)
    mismatch = await street.scan(code["url"], "--number", other)
    told = (await browser.get(f"/api/v1/auth/licence/scans/{code['id']}")).json()["state"]
    collected = await browser.post(f"/api/v1/auth/licence/scans/{code['id']}/session", json={})
    _, relayed = await street.shown()
    elsewhere = await street.scan(relayed["url"].replace("127.0.0.1", "localhost"), "--number", relayed["display"])
    wrong = street.folder / "wrong"
    wrong.write_text("not the passphrase")
    _, locked = await street.shown()
    closed = await street.scan(locked["url"], "--number", locked["display"], "--passphrase-file", str(wrong))
    no_code = await street.scan(f"{street.url}/notices")
    nobody = await street.scan("http://127.0.0.1:9/wallet?c=abc", "--number", "10")
    made_up = await street.scan(f"{street.url}/wallet?c=abc", "--number", "10")
    none = await street.scan(locked["url"], "--uscc", uscc(78))
    _, late = await street.shown()
    await street.bw.world.clock_by(timedelta(seconds=121))
    expired = await street.scan(late["url"], "--number", late["display"])

    assert (mismatch[0], told, collected.status_code) == (1, "declined", 409)
    assert "没有签名" in mismatch[1]
    assert collected.json()["reason"] == "declined"
    assert elsewhere[0] == 1
    assert "http://localhost" in elsewhere[1]
    assert f"挑战却是给 {street.url}" in elsewhere[1]
    for (status, said), words in (
        (closed, "口令不正确"),
        (nobody, "无法连接"),
        (made_up, "没有找到这个登录二维码"),
        (expired, "已过期"),
    ):
        assert status == 1, said
        assert words in said
    assert (no_code[0], none[0]) == (2, 2)
    assert "这不是登录二维码的网址" in no_code[1]
    assert "没有这张执照" in none[1]


async def test_a_suspended_licence_is_refused_in_the_wallet_and_a_resumed_one_let_in(street: Street) -> None:
    """Source: R-LIC-08, R-LIC-09"""
    file = street.folder / "wallet" / "licence.lic"
    await street.licence("issue", "--uscc", CODE, "--name", NAME, "--out", str(file))
    await street.licence("suspend", CODE)
    browser, code = await street.shown()

    held = await street.scan(code["url"], "--number", code["display"])
    seen = (await browser.get(f"/api/v1/auth/licence/scans/{code['id']}")).json()
    await street.licence("resume", CODE)
    _, code = await street.shown()
    let_in = await street.scan(code["url"], "--number", code["display"])
    new = street.folder / "wallet" / "new.lic"
    await street.licence("rotate", CODE, "--out", str(new))
    file.rename(street.folder / "old.lic")
    _, code = await street.shown()
    renewed = await street.scan(code["url"], "--number", code["display"])
    new.unlink()
    (street.folder / "old.lic").rename(file)
    _, code = await street.shown()
    superseded = await street.scan(code["url"], "--number", code["display"])

    assert (held[0], let_in[0], renewed[0], superseded[0]) == (1, 0, 0, 1), (held, let_in, renewed, superseded)
    assert "暂停使用" in held[1]
    assert (seen["state"], seen["fault"]) == ("refused", "suspended")
    assert "已换发" in superseded[1]
