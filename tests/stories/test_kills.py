"""Processes are killed at random moments of a tender, one by one and all at once; its result is the same.

The installation is one `./sunlit serve`; people act through HTTP and try again while it is away. In every scene
single processes die and come back under their supervisor. In the bidding, when the third receipt has just been handed
out, and at some moment of the opening everything dies at once, the supervisor too, and `serve` is started again;
every second time this happens in the draw as well. After each of these cuts, and at the end, every receipt verifies
and the log holds it at its place. At the end the opened prices are those that the bidders sealed, a committee has
signed its report, and the whole log re-hashes to what was signed.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from rich.console import Console
from sqlalchemy import text

from kernel.crypto import random_bytes
from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from kernel.log import read_trust, verify_receipt
from kernel.log.audit import audit_log
from portal import keyring
from portal.demo.play import Performance, Venue, perform
from portal.demo.stage import Stage
from portal.embedded.home import Home, open_home
from portal.settings import load_settings
from portal.wiring import async_url
from tests.serving import Serving, kill

T = TypeVar("T")

#: About how many requests a scene takes, and who is killed in it alone, besides one who is drawn.
SCENES = {
    "bidding": (150, ("web", "postgres")),
    "opening": (95, ("web", "worker", "sequencer", "postgres")),
    "draw": (95, ("worker", "postgres")),
    "evaluation": (75, ("web",)),
}
ANYBODY = ("web", "worker", "sequencer", "postgres", "valkey", "signer", "witness")
EVERYTHING = "everything"
#: In the bidding everything dies when so many bids are acknowledged: some are in, others on their way.
RECEIPTS_BEFORE_CUT = 3
#: How long people try again. A power cut costs them a start of the whole installation.
PATIENCE_S = 180.0
_OPENED = text("SELECT form FROM bidding_opened_bid")
_LEAF = text("SELECT leaf FROM log_leaf WHERE idx = :index")


def _shuffled(items: Sequence[T]) -> list[T]:
    return sorted(items, key=lambda _: random_bytes(8))


def _below(end: int) -> int:
    return int.from_bytes(random_bytes(4)) % end


class Trouble:
    """Kills while a scene is played, each after a random number of requests; what is left over, when it has ended."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.serving = Serving(home.path)
        self.killed: list[str] = []
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.cut_in = {"bidding", "opening", _shuffled(("draw", "opening"))[0]}

    async def before_scene(self, name: str, stage: Stage) -> None:
        """Finish with the scene before, and begin with this one."""
        await self.over()
        stage.largest = 3_000_000
        if name in SCENES:
            stage.be_patient(PATIENCE_S)
            self._ended.clear()
            self._task = asyncio.create_task(self._spoil(name, stage))

    async def over(self) -> None:
        """Wait until everybody who was to be killed has been, and all are back."""
        if self._task is not None:
            self._ended.set()
            await self._task
            self._task = None
            await self.until_whole()

    async def until_whole(self) -> None:
        """Wait until the last victim is back and the portal answers from its database."""
        async with asyncio.timeout(180):
            while await asyncio.to_thread(self.serving.health) is None:  # noqa: ASYNC110  processes set no event
                await asyncio.sleep(0.2)

    async def _spoil(self, scene: str, stage: Stage) -> None:
        requests, alone = SCENES[scene]
        victims = _shuffled([*alone, _shuffled(ANYBODY)[0], *([EVERYTHING] if scene in self.cut_in else [])])
        begun = stage.answered
        for victim, moment in zip(victims, sorted(_below(requests) for _ in victims), strict=True):
            at_receipts = scene == "bidding" and victim == EVERYTHING
            while not self._ended.is_set() and (  # noqa: ASYNC110  as below
                len(_receipts(stage.folder)) < RECEIPTS_BEFORE_CUT if at_receipts else stage.answered < begun + moment
            ):
                await asyncio.sleep(0.005)
            assert not (at_receipts and self._ended.is_set()), "the bidding ended before everything could die in it"
            print(f"{time.monotonic():.1f} {scene}: {victim} is killed after {stage.answered - begun} requests")
            if victim == EVERYTHING:
                await self._power_cut(stage)
            else:
                kill(await self._living(victim))
            self.killed.append(victim)

    async def _living(self, name: str) -> int:
        async with asyncio.timeout(120):
            while (pid := self.serving.living().get(name)) is None:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.05)
        return pid

    async def _power_cut(self, stage: Stage) -> None:
        for pid in _shuffled(list(self.serving.living().values())):
            kill(pid)
        await asyncio.to_thread(self.serving.kill)
        self.serving = Serving(self.home.path)  # at once: what was killed may still be dying
        await asyncio.to_thread(self.serving.greeting)
        await _require_acknowledged(self.home, stage.folder)
        stage.move_to(self.serving.url)


@pytest.mark.slow
async def test_a_tender_outlives_every_kill(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.mark(rehearsal=True)
    trouble = Trouble(home)
    try:
        await asyncio.to_thread(trouble.serving.greeting)
        venue = Venue(home.path, trouble.serving.url, home.password("operator"), home.password("security"))
        try:
            performance = await perform(
                venue, Console(quiet=True), stop_before="award", before_scene=trouble.before_scene
            )
        finally:
            await trouble.over()

        assert trouble.killed.count(EVERYTHING) == len(trouble.cut_in)
        await _require_same_result(home, performance)
        assert await asyncio.to_thread(trouble.serving.stop) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            trouble.serving.kill()


async def _require_same_result(home: Home, performance: Performance) -> None:
    trust = keyring.load_trust(home)
    assert len(_receipts(performance.client_dir)) >= 5
    await _require_acknowledged(home, performance.client_dir)
    db = Database(make_engine(async_url(load_settings(home.path).database_owner_url.reveal()), pool_size=1))
    try:
        async with db.begin_read_only() as tx:
            audit = await audit_log(tx, read_trust(trust))
            opened = {(row.form["uscc"], row.form["price"]) for row in await tx.session.execute(_OPENED)}
    finally:
        await db.close()
    assert audit.holds, audit.faults
    assert opened == _sealed(performance.client_dir)


def _receipts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*-receipt.json"))


async def _require_acknowledged(home: Home, folder: Path) -> None:
    """Every receipt that a bidder has verifies, and the log holds its entry at the place that it names."""
    trust = read_trust(keyring.load_trust(home))
    found = [verify_receipt(json.loads(file.read_text("utf-8")), trust) for file in _receipts(folder)]
    db = Database(make_engine(async_url(load_settings(home.path).database_owner_url.reveal()), pool_size=1))
    try:
        async with db.begin_read_only() as tx:
            for receipt in found:
                leaf = (await tx.session.execute(_LEAF, {"index": receipt.index})).scalar_one()
                assert bytes(leaf) == receipt.entry.leaf(trust.log_suite)
    finally:
        await db.close()


def _sealed(folder: Path) -> set[tuple[str, str]]:
    """What counts, read from the bidders' own folders: the last message that has a receipt, if it is no withdrawal."""
    found = set()
    for own in sorted(folder.glob("bidder-*")):
        revisions = sorted(int(file.name.split("-")[0]) for file in own.glob("*-receipt.json"))
        if revisions and (own / f"{revisions[-1]}-bid.submission.jws").exists():
            form = json.loads((own / f"{revisions[-1]}-form.json").read_text(encoding="utf-8"))
            found.add((form["uscc"], form["price"]))
    return found
