"""The demonstration's inspection, played through HTTP against the real application, log, signer and witness."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from rich.console import Console
from sqlalchemy import text

from kernel.crypto.keys import KeyKind, generate
from kernel.draw import DrawError, verify_draw
from kernel.drawbook.vault import Vault
from portal.demo.client import HttpPerson
from portal.demo.stage import Stage
from portal.demo.steps import supervision
from supervision.jobs import follow_draws
from supervision.queries import list_picks
from tests.factories.supervision import make_office
from tests.factories.trading import at, uscc
from tests.world import PASSWORD, World
from tests.worlds.rails import walk_rails

PAGE = {"accept": "text/html"}
CASE: dict[str, Any] = {
    "dates": {"inspection": "2026-08-17 09:00:00"},
    "inventions": {
        "staff": {"supervisor": "李卫东", "centre": "何静"},
        "organisations": {
            "supervisor": {"uscc": "11420000MB1A2B3C4W", "name": "云澜市公共资源交易监督管理局"},
            "centre": {"uscc": "12420000MB1D5E6F7U", "name": "云澜市公共资源交易中心"},
        },
        "trustees": [
            {
                "key": "trustee-2",
                "name": "周文博",
                "organisation": {"uscc": "12420000MB2G8H9J18", "name": "云澜市明信公证处"},
            },
            {
                "key": "trustee-5",
                "name": "孙越",
                "organisation": {"uscc": "51420000MJ0K1L2M32", "name": "云澜市招标投标协会"},
            },
        ],
    },
}


class LocalPerson(HttpPerson):
    """A person whose browser talks to the application in this process."""

    def __init__(self, world: World, name: str, folder: Path) -> None:
        super().__init__("http://testserver", name, folder)
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=world.app, raise_app_exceptions=False), base_url="http://testserver"
        )
        world.clients.append(self._http)


class LocalStage(Stage):
    """A stage whose people live in this process."""

    world: World

    def person(self, key: str, name: str = "") -> HttpPerson:
        if key not in self.people:
            self.people[key] = LocalPerson(self.world, name or key, self.folder / key)
        return self.people[key]

    async def wait_until(
        self, ask: Callable[[], Awaitable[Any]], *, within_s: float = 60, every_s: float = 0.25, what: str = ""
    ) -> Any:
        async def after_the_workers_round() -> Any:
            await follow_draws(self.world.services)
            return await ask()

        return await super().wait_until(after_the_workers_round, within_s=within_s, every_s=every_s, what=what)


@pytest.fixture
async def stage(world: World, tmp_path: Path) -> LocalStage:
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    await world.clock_to(at("2026-08-14 10:00"))
    await world.signed_in("operator", "operator", "system_admin")
    await world.signed_in("security", "security_admin")
    console = Console(file=io.StringIO(), width=200)
    made = LocalStage("http://testserver", CASE, tmp_path, console, PASSWORD, PASSWORD)
    for login in ("operator", "security"):
        await world.code(login)  # the codes of the sign-ins above are not used up for the person on the stage
        (tmp_path / login).mkdir()
        (tmp_path / login / "authenticator.txt").write_text(world.authenticators[login].secret)
    made.world = world
    made.begun = True
    agency = {"uscc": uscc("91610133MA6TX0XJ2"), "name": "云岭项目管理有限公司"}
    await made.staff("agency", name="王珂", roles=["agency"], organisation=agency)
    return made


@pytest.mark.slow
async def test_an_inspection_from_the_registers_to_its_publication(stage: LocalStage, world: World) -> None:
    await supervision.play(stage)

    visitor = world.client()
    base = f"/api/v1/inspections/{stage.found['inspection']}"
    told = (await visitor.get(base)).json()
    assert told["stage"] == "published"
    assert (told["objects"], told["picked"], told["inspectors"], told["recusals"]) == (40, 12, 12, 1)
    assert told["publish_by"] == "2026-09-17"
    assert [line["code"] for line in told["result"]["results"]].count("5") == 1
    for which, name in (("targets", "target_draw"), ("inspectors", "inspector_draw")):
        files = (await visitor.get(f"{base}/draws/{which}")).json()
        assert verify_draw(files["transcript"], files["pool"], world.services.trust).signed
        assert files["transcript"]["spec"]["algo"] == {"targets": "strata/1", "inspectors": "assign/1"}[which]
        files["transcript"]["seed"] = "A" * 43
        with pytest.raises(DrawError):
            verify_draw(files["transcript"], files["pool"], world.services.trust)
        assert told["draws"][which]["id"] == stage.found[name]
    printed = stage.console.file.getvalue()  # type: ignore[attr-defined]
    assert "对曾任职单位回避" in printed
    assert "每个检查对象的执法检查人员不得少于 2 人" in printed


@pytest.mark.slow
async def test_every_page_shows_what_its_reader_may_know(world: World) -> None:
    """Before the publication no name is public; each step has its page."""
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
        await office.assigned(tx)
        base = f"/inspections/{office.inspection_id}"
        picks = await list_picks(tx, office.inspection_id)
    world.services.plugins["vault"] = office.vault
    await give_passwords(world)
    visitor = world.client()
    supervisor, lead, centre = [await world.signed_in(login) for login in ("supervisor", "zf1", "centre")]
    await world.settle()

    public = (await visitor.get(base, headers=PAGE)).text
    assert "检查对象已抽取" not in public
    assert not [pick.name for pick in picks if pick.name in public]
    assert "名录 37 个，抽取 8 个" in public
    assert [pick.name for pick in picks if pick.name in (await supervisor.get(f"/s{base}", headers=PAGE)).text]
    for address in ("/s", "/s/inspections/new"):
        assert (await supervisor.get(address, headers=PAGE)).status_code == 200
        assert (await lead.get(address, headers=PAGE)).status_code == 403
    assert (await centre.get(f"/s{base}", headers=PAGE)).status_code == 200
    assert (await visitor.get("/inspections", headers=PAGE)).text.count("CQ-2026-01") == 1
    for client in (supervisor, lead, centre):
        assert (await walk_rails(client, f"/s{base}"))[1] == []

    assert "尚未打开的任务" in (await lead.get("/s/tasks", headers=PAGE)).text
    assert (await lead.post(f"/s{base}/assignments", headers=PAGE)).status_code == 303
    async with world.services.db.begin_read_only() as tx:
        mine = [pick for pick in await list_picks(tx, office.inspection_id) if pick.team]
    listed = (await lead.get("/s/tasks", headers=PAGE)).text
    assert [pick.name for pick in picks if pick.name in listed] == [pick.name for pick in mine]

    await world.clock_to(at("2026-08-18 09:00"))
    form = {"code": "1", "findings": "未见异常", "summary": "未发现问题。", "found-GZ-09": "ok", "agree": "yes"}
    evidence = {"evidence": ("photo.jpg", b"bytes of a photo", "image/jpeg")}
    address = f"/s{base}/records/{mine[0].target_id}"
    refused = await lead.post(address, data={**form, "found-GZ-09": "issue"}, files=evidence, headers=PAGE)
    assert refused.status_code == 422
    assert "结论不能是" in refused.text
    kept = await lead.post(address, data=form, files=evidence, headers=PAGE)
    assert kept.status_code == 303
    shown = (await lead.get(kept.headers["location"], headers=PAGE)).text
    assert "待签名（0/2）" in shown
    assert f'data-sign="/api/v1{base}/records/' in shown


@pytest.mark.slow
async def test_a_plan_is_made_and_frozen_on_its_pages(world: World) -> None:
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
    world.services.plugins["vault"] = office.vault
    await world.clock_to(at("2026-08-14 09:00"))
    await give_passwords(world)
    supervisor = await world.signed_in("supervisor")
    plan = {
        "title": "2026 年第 4 期：招标代理机构从业行为",
        "target_kind": "agency",
        "items": "GZ-09",
        "from": "2026-08-17",
        "until": "2026-08-28",
        "team": "1",
        "lead": "1",
    }

    refused = await supervisor.post("/s/inspections/new", data=plan, headers=PAGE)
    made = await supervisor.post("/s/inspections/new", data={**plan, "team": "2"}, headers=PAGE)

    assert refused.status_code == 422
    assert "第四十二条" in refused.text
    assert made.status_code == 303
    address = made.headers["location"]
    assert "冻结名录与检查对象抽取规则" in (await supervisor.get(address, headers=PAGE)).text
    times = {"commit_by": "2026-08-14 10:00:00", "reveal_by": "2026-08-14 11:00:00"}
    alone = await supervisor.post(f"{address}/freeze", data={**times, "contributors": "supervisor"}, headers=PAGE)
    assert alone.status_code == 422
    assert "至少由两个单位贡献" in alone.text
    both = {**times, "contributors": ["supervisor", "centre"]}
    assert (await supervisor.post(f"{address}/freeze", data=both, headers=PAGE)).status_code == 303
    assert "名录已冻结" in (await supervisor.get(address, headers=PAGE)).text


async def give_passwords(world: World) -> None:
    """Let the people of the factory sign in."""
    async with world.services.db.begin() as tx:
        await tx.session.execute(
            text("UPDATE identity_account SET password_hash = :h"), {"h": PasswordHasher(1, 8, 1).hash(PASSWORD)}
        )
