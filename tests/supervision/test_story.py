"""The demonstration's inspection, played through HTTP against the real application, log, signer and witness."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from kernel.crypto.keys import KeyKind, generate
from kernel.draw import DrawError, verify_draw
from kernel.drawbook.vault import Vault
from portal.demo.client import HttpPerson
from portal.demo.stage import Stage
from portal.demo.steps import supervision
from tests.factories.trading import at, uscc
from tests.world import PASSWORD, World

CASE: dict[str, Any] = {
    "dates": {"inspection": "2026-08-17 09:00:00"},
    "inventions": {
        "staff": {"supervisor": "李卫东"},
        "organisations": {"supervisor": {"uscc": "11420000MB1A2B3C4W", "name": "云澜市公共资源交易监督管理局"}},
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


@pytest.fixture
async def stage(world: World, tmp_path: Path) -> LocalStage:
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    await world.clock_to(at("2026-08-14 10:00"))
    await world.signed_in("operator", "operator")
    made = LocalStage("http://testserver", CASE, tmp_path, Console(file=io.StringIO(), width=200), PASSWORD)
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
