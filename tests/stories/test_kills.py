"""Processes are killed at random moments of an opening; nothing acknowledged is lost, and the result is the same.

The real platform runs with its own processes; people act through HTTP and try again while it is away. Afterwards every
receipt verifies, the opened prices are those that the bidders sealed, and the whole log re-hashes to what was signed.
"""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from sqlalchemy import text

from kernel.crypto import random_bytes
from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from kernel.log import read_trust, verify_receipt
from kernel.log.audit import audit_log
from portal import keyring
from portal.demo.play import perform
from portal.demo.stage import Stage
from portal.launch import Platform, launched
from portal.settings import load_settings
from portal.wiring import async_url

#: Who is killed; the signer and the witness have tests of their own.
VICTIMS = ("web", "worker", "sequencer", "postgres")
#: Kills during one opening.
KILLS = 10
_OPENED = text("SELECT form FROM bidding_opened_bid")


async def _kill_at_random(platform: Platform, done: list[str]) -> None:
    """Kill -9 one process after another, in random order at random moments, until cancelled or enough."""
    while len(done) < KILLS:
        noise = random_bytes(4)
        await asyncio.sleep(0.3 + noise[0] / 128)
        victim = VICTIMS[noise[1] % len(VICTIMS)] if len(done) >= len(VICTIMS) else VICTIMS[len(done)]
        pid = platform.supervisor.pids().get(victim)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            done.append(victim)


async def _until_whole(platform: Platform) -> None:
    """Wait until the last victim is back and the web answers from the database."""
    async with httpx.AsyncClient(base_url=platform.url, trust_env=False) as visitor, asyncio.timeout(120):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await visitor.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.5)


def _receipts(folder: Path) -> list[dict[str, object]]:
    found = []
    for file in sorted(folder.rglob("*-receipt.json")):
        found.append(json.loads(file.read_text(encoding="utf-8")))
    return found


@pytest.mark.slow
async def test_kills_during_an_opening_lose_nothing(tmp_path: Path) -> None:
    killed: list[str] = []
    killer: asyncio.Task[None] | None = None

    async with launched(tmp_path / "home", rehearsal=True) as platform:

        async def before_scene(name: str, stage: Stage) -> None:
            nonlocal killer
            if name == "opening":
                stage.patience_s = 120
                for person in stage.people.values():
                    person.patience_s = stage.patience_s
                killer = asyncio.create_task(_kill_at_random(platform, killed))

        try:
            performance = await perform(platform, Console(quiet=True), stop_before="draw", before_scene=before_scene)
        finally:
            if killer is not None:
                killer.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await killer
        await _until_whole(platform)

        assert set(killed) >= set(VICTIMS), killed
        trust = keyring.load_trust(platform.home)
        receipts = _receipts(performance.client_dir)
        assert len(receipts) >= 5
        for receipt in receipts:
            verify_receipt(receipt, trust)
        settings = load_settings(platform.home.path)
        db = Database(make_engine(async_url(settings.database_owner_url.reveal()), pool_size=1))
        try:
            async with db.begin_read_only() as tx:
                audit = await audit_log(tx, read_trust(trust))
                opened = {(row.form["uscc"], row.form["price"]) for row in await tx.session.execute(_OPENED)}
        finally:
            await db.close()
        assert audit.holds, audit.faults
        assert opened == _sealed(performance.client_dir)


def _sealed(folder: Path) -> set[tuple[str, str]]:
    """What counts, read from the bidders' own folders: the last message that has a receipt, if it is no withdrawal."""
    found = set()
    for own in sorted(folder.glob("bidder-*")):
        revisions = sorted(int(file.name.split("-")[0]) for file in own.glob("*-receipt.json"))
        if revisions and (own / f"{revisions[-1]}-bid.submission.jws").exists():
            form = json.loads((own / f"{revisions[-1]}-form.json").read_text(encoding="utf-8"))
            found.add((form["uscc"], form["price"]))
    return found
