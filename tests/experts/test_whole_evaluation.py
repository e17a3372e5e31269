"""From the pool to the signed report through HTTP, with the scenes of the demonstration and the worker running."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.clock import SystemClock
from kernel.crypto.authority import create_authority
from portal.demo.client import HttpPerson, Refused
from portal.demo.steps import evaluating
from portal.seals import SealDesk
from tests.world import World
from tests.worlds.evaluation_world import TestStage, make_stage
from tests.worlds.rails import walk_rails


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
    now = SystemClock().now()
    authority = create_authority(tmp_path / "authority", now - timedelta(days=3650), "试验机构")
    world.services.plugins["seals"] = SealDesk(tmp_path / "seals", authority)
    async with working(world):
        yield made
    for person in made.people.values():
        await person.close()


async def rows(stage: TestStage, statement: str) -> Any:
    async with stage.world.services.db.begin_read_only() as tx:
        return (await tx.session.execute(text(statement))).scalars().all()


async def refused(person: HttpPerson, path: str, body: Any = None) -> str:
    with pytest.raises(Refused) as refusal:
        await (person.get(path) if body is None else person.post(path, body))
    return refusal.value.code


async def test_a_committee_is_drawn_called_and_signs_its_report(stage: TestStage) -> None:
    agency, lot = stage.person("agency"), stage.found["lot"]
    assert "提出条件" in await agency.page(f"/a/lots/{lot}/committee")
    await evaluating.draw(stage)
    await _the_draw_is_what_it_should_be(stage)

    members = [stage.person(key) for key in stage.found["experts"]]
    tasks = {member.name: (await member.get("/api/v1/calls"))[0]["id"] for member in members}
    calls = [(await member.get("/api/v1/calls"))[0]["id"] for member in members]
    assert stage.case["facts"]["title"] not in await members[0].page(f"/e/tasks/{calls[0]}")
    assert len(tasks) == 5
    assert await refused(members[0], f"/api/v1/lots/{lot}/evaluation-report") == "not-found"

    session = await evaluating.begin(stage)
    assert await refused(members[0], f"/api/v1/calls/{calls[1]}/answer", {"answer": "accept"}) == "not-found"
    await _no_locked_door(members[0], calls[0], "/review", is_open=False)
    await evaluating.check_in(stage, session, members)
    await _no_locked_door(members[0], calls[0], "/score", is_open=False)
    review = await members[0].page(f"/e/tasks/{calls[0]}/review")
    assert "签名并提交" in review
    await evaluating.review(stage, session, members)
    assert "成员意见不一致" in await members[0].page(f"/e/tasks/{calls[0]}/review")
    grid = await members[0].page(f"/e/tasks/{calls[0]}/score")
    assert "评分表" in grid
    assert "证明材料：合同关键页复印件" in grid
    await _others_scores_are_hidden(stage, session, members, calls)
    await evaluating.score(stage, session, members)
    assert "综合得分与排序" in await members[1].page(f"/e/tasks/{calls[1]}/summary")
    await _locked_scores_stay(stage)
    await _no_locked_door(members[0], calls[0], "/summary", is_open=True)
    await evaluating.conclude(stage, session, members)
    assert "全体已签署" in await members[0].page(f"/e/tasks/{calls[0]}/report")
    await _the_report_is_sealed(stage)
    await _no_locked_door(members[0], calls[0], "/report", is_open=True)

    assert await rows(stage, "SELECT stage FROM trading_lot") == ["report_signed"]
    named = (await agency.get(f"/api/v1/lots/{lot}/committee"))["calls"]
    assert all(call["name"] != "●●●" for call in named if call["state"] == "accepted")
    supervisor = stage.person("supervisor")
    masked = (await supervisor.get(f"/api/v1/lots/{lot}/committee"))["calls"]
    assert {call["name"] for call in masked} == {"●●●"}
    report = await supervisor.get(f"/api/v1/lots/{lot}/evaluation-report")
    assert {member["name"] for member in report["report"]["members"]} == {""}


async def _no_locked_door(member: HttpPerson, call: str, step: str, *, is_open: bool) -> None:
    seen, faults = await walk_rails(member._http, f"/e/tasks/{call}")
    assert faults == []
    assert (f"/e/tasks/{call}{step}" in seen) == is_open


async def _the_draw_is_what_it_should_be(stage: TestStage) -> None:
    lot = stage.found["lot"]
    states = await rows(stage, "SELECT state FROM experts_call ORDER BY no")
    opened = await rows(stage, "SELECT id FROM audit_entry WHERE type = 'draw.identity-opened' ORDER BY id")
    steps = await rows(stage, "SELECT id FROM audit_entry WHERE type = 'draw.replacement'")
    assert states.count("refused") == 1
    assert states.count("accepted") == 5
    # As many identities were opened as calls were made, and the replacement was logged before the last of them.
    assert len(opened) == len(states)
    assert steps[0] < opened[-1]
    assert "评标委员会成员" in await stage.person("agency").page(f"/a/lots/{lot}/committee")
    bodies = await rows(stage, "SELECT body FROM experts_message")
    assert all(stage.case["facts"]["number"] not in body for body in bodies)
    names = await rows(stage, "SELECT e.name FROM experts_expert e JOIN experts_call c ON c.expert_id = e.id")
    told = await rows(stage, "SELECT string_agg(detail::text, '') FROM audit_entry")
    assert not [name for name in names if f'"{name}"' in told[0]]


async def _others_scores_are_hidden(
    stage: TestStage, session: str, members: list[HttpPerson], calls: list[str]
) -> None:
    assert await refused(members[0], f"/api/v1/sessions/{session}/summary") == "conflict"
    assert "等待" in await members[0].page(f"/e/tasks/{calls[0]}/summary")
    desk = await members[1].get(f"/api/v1/sessions/{session}")
    most = {item["code"]: item["max"] for item in desk["criteria"]}
    bid, code = desk["valid"][0], desk["criteria"][0]["code"]
    too_much = {"scores": [{"bid": bid, "criterion": code, "points": f"{float(most[code]) + 0.01:.2f}"}]}
    assert await refused(members[0], f"/api/v1/sessions/{session}/scores", too_much) == "invalid-input"
    await members[0].post(
        f"/api/v1/sessions/{session}/scores", {"scores": [{"bid": bid, "criterion": code, "points": "1"}]}
    )
    assert (await members[1].get(f"/api/v1/sessions/{session}"))["scores"] == []
    agency = stage.person("agency")
    assert await refused(agency, f"/api/v1/sessions/{session}") == "not-permitted"


async def _locked_scores_stay(stage: TestStage) -> None:
    """What a member has signed cannot be changed by any statement of the portal."""
    async with stage.world.services.db.begin() as tx:
        with pytest.raises(DBAPIError, match="locked"):
            await tx.session.execute(text("UPDATE experts_score SET points = 0"))


async def _the_report_is_sealed(stage: TestStage) -> None:
    path = f"/api/v1/lots/{stage.found['lot']}/evaluation-report.pdf"

    async def paper() -> bytes | None:
        try:
            return await stage.person("agency").raw(path)
        except Refused:
            return None

    pdf = await stage.wait_until(paper, what="评标报告 PDF")
    assert pdf.startswith(b"%PDF")
    assert await refused(stage.person("visitor"), path) == "not-signed-in"
    assert (
        await refused(stage.person("supervisor"), path) == "not-found"
    )  # names are in it, and the award is not decided
