"""From the pool to the signed report through HTTP, with the scenes of the demonstration and the worker running."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.demo.steps import evaluating
from tests.world import World
from tests.worlds.evaluation_world import TestStage, make_stage


@contextlib.asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    """Run the worker's rounds beside the test."""

    async def rounds() -> None:
        while True:
            await world.rounds.run()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(rounds())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def stage(world: World, tmp_path: Path) -> AsyncIterator[TestStage]:
    made = await make_stage(world, tmp_path)
    async with working(world):
        yield made
    for person in made.people.values():
        await person.close()


async def test_a_committee_is_drawn_called_and_signs_its_report(stage: TestStage) -> None:
    await evaluating.draw(stage)
    await evaluating.evaluate(stage)

    async with stage.world.services.db.begin_read_only() as tx:
        lot = (await tx.session.execute(text("SELECT stage FROM trading_lot"))).scalar_one()
        calls = (await tx.session.execute(text("SELECT state FROM experts_call ORDER BY no"))).scalars().all()
        opened = (
            await tx.session.execute(text("SELECT count(*) FROM audit_entry WHERE type = 'draw.identity-opened'"))
        ).scalar_one()
    assert lot == "report_signed"
    assert calls.count("refused") == 1
    assert calls.count("accepted") == 5
    assert opened == len(calls)
