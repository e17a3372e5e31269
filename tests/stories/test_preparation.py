"""From the project to the deadline through HTTP: works with prequalification, procured goods, an invited tender."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from kernel.canonical import format_time
from tests.factories.trading import at, lot_draft, project_draft
from tests.world import World
from tests.worlds.story_world import BEGIN, Story, make_story
from trading import facade
from trading.drafts import Procedure
from trading.vocabulary import LotKind, Regime, TenderMethod


@pytest.fixture
async def story(world: World) -> Story:
    return await make_story(world)


async def test_works_are_tendered_with_a_prequalification(story: Story) -> None:
    """R-TIME-02, R-THR-10, R-ANN-05."""
    await story.register(project_draft(kind=LotKind.WORKS), lot_draft(procedure=Procedure(prequalified=True)))
    visitor = story.bw.world.client()
    assert await story.statuses("/api/v1/lots/{lot}", [visitor]) == [404]
    await story.agency.put(
        f"/api/v1/lots/{story.lot}/prequalification/documents?name=预审.pdf",
        content=b"%PDF-1.7 prequalification",
        headers={"content-type": "application/octet-stream"},
    )
    moments = {
        "documents_from": format_time(BEGIN + timedelta(hours=1)),
        "documents_to": format_time(at("2026-07-20 17:00")),
        "deadline": format_time(at("2026-07-24 10:00")),
    }
    refused = await story.post("/api/v1/lots/{lot}/prequalification", moments, 422)
    assert "实施条例》第十七条" in str(refused)
    moments["deadline"] = format_time(at("2026-07-27 10:00"))
    posted = await story.post("/api/v1/lots/{lot}/prequalification", moments)
    page = await visitor.get(posted["href"], headers={"accept": "text/html"})
    assert "资格预审公告" in page.text
    assert "2026年7月27日10时00分" in page.text

    await story.clock("2026-07-15 10:00")
    for firm in story.firms[:3]:
        file = {"file": ("申请.pdf", b"%PDF-1.7 application", "application/pdf")}
        answer = await firm.client.post(f"/api/v1/lots/{story.lot}/application", data={"statement": "满足"}, files=file)
        assert answer.status_code == 201, answer.text
    assert (await story.agency.get(f"/api/v1/lots/{story.lot}/applications")).json() == []

    await story.clock("2026-07-27 10:00")
    found = (await story.agency.get(f"/api/v1/lots/{story.lot}/applications")).json()
    file_href = f"/api/v1/lots/{story.lot}/application/files/{found[0]['files'][0]['file']}"
    others = [firm.client for firm in story.firms if firm.name != found[0]["applicant"]]
    assert await story.statuses(file_href, [story.agency, *others]) == [200, 404, 404, 404]
    verdicts = [{"application_id": item["id"], "passed": True} for item in found]
    result = await story.post("/api/v1/lots/{lot}/prequalification/result", verdicts)
    said = (await visitor.get(f"/api/v1/notices/{result['id']}")).text
    assert not any(firm.name in said for firm in story.firms)

    await story.plan("2026-07-28 09:00", "2026-08-04 17:00", "2026-08-18 09:30")
    await story.call()
    await story.clock("2026-07-28 09:30")
    assert await story.join(story.firms[3]) == 403
    assert [await story.join(firm) for firm in story.firms[:3]] == [200, 200, 200]
    assert await story.statuses("/api/v1/lots/{lot}", [visitor]) == [200]


async def test_goods_are_procured_under_the_procurement_law(story: Story) -> None:
    """R-GP-01 to R-GP-04, R-PRC-05."""
    goods = project_draft(regime=Regime.GP)
    with pytest.raises(AssertionError, match="政府采购法》第四条"):
        await story.register(msgspec.structs.replace(goods, kind=LotKind.WORKS), lot_draft())
    with pytest.raises(AssertionError, match="P-LOW"):
        await story.register(msgspec.structs.replace(goods, number="GP-2026-0002"), lot_draft())
    await story.register(
        msgspec.structs.replace(goods, number="GP-2026-0003"), lot_draft(price_method={"method": "P-LOW"})
    )

    refused = await story.plan("2026-07-14 09:00", "2026-07-20 17:00", "2026-08-06 14:00", 422)
    assert "政府采购法实施条例》第三十一条" in str(refused)
    await story.plan("2026-07-14 09:00", "2026-07-21 17:00", "2026-08-06 14:00")
    posted = await story.call()
    assert await story.join(story.firms[0]) in (200, 409)

    await story.clock("2026-07-23 10:00")
    change = {"reason": "需求调整", "quantity": "2 批"}
    refused = await story.post("/api/v1/lots/{lot}/corrections", change, 422)
    assert "2026-08-07" in str(refused)
    corrected = await story.post("/api/v1/lots/{lot}/corrections", change | {"move_as_needed": True})
    visitor = story.bw.world.client()
    page = (await visitor.get(corrected["href"], headers={"accept": "text/html"})).text
    assert all(said in page for said in ("更正前后对照", "1 批", "2 批", "2026年8月7日14时00分"))
    old = (await visitor.get(posted["href"], headers={"accept": "text/html"})).text
    assert "已有更新版本" in old
    assert "1 批" in old


async def test_an_invited_tender_is_hidden_from_everybody_else_until_its_deadline(story: Story) -> None:
    """R-THR-10, R-AWD-08, R-ANN-05."""
    await story.register(project_draft(method=TenderMethod.INVITED), lot_draft())
    await story.plan("2026-07-13 10:00", "2026-07-20 17:00", "2026-08-06 14:00")
    await story.call(409)
    decision: dict[str, Any] = {
        "ground": "few_bidders",
        "reason": "专用设备",
        "approved_by": "云岭市发展和改革委员会",
        "approval_no": "云发改〔2026〕18 号",
        "invitees": [{"uscc": firm.uscc, "name": firm.name} for firm in story.firms[:2]],
    }
    assert "第十七条" in str(await story.post("/api/v1/lots/{lot}/invitation", decision, 422))
    decision["invitees"] = [{"uscc": firm.uscc, "name": firm.name} for firm in story.firms[:3]]
    await story.post("/api/v1/lots/{lot}/invitation", decision)
    posted = await story.call()

    visitor, invited, stranger = story.bw.world.client(), story.firms[0].client, story.firms[3].client
    await visitor.get("/api/v1/time")
    await story.clock("2026-07-13 10:30")
    hidden = (
        posted["href"],
        f"/api/v1/notices/{posted['id']}",
        f"/api/v1/notices/{posted['id']}/proof",
        "/api/v1/lots/{lot}",
        "/api/v1/lots/{lot}/timeline",
        "/api/v1/lots/{lot}/opening",
        "/lots/{lot}",
        "/openings/{lot}",
    )
    for path in hidden:
        assert await story.statuses(path, [visitor, stranger]) == [404, 404], path
    for path in (posted["href"], "/api/v1/lots/{lot}", "/lots/{lot}"):
        assert await story.statuses(path, [invited, story.agency]) == [200, 200], path
    assert (await visitor.get("/api/v1/notices")).json()["items"] == []
    assert (await visitor.get("/api/v1/lots")).json()["items"] == []
    assert "服务器、数据库" not in (await visitor.get("/", headers={"accept": "text/html"})).text
    messages = (await invited.get("/api/v1/inbox")).json()
    assert [item["kind"] for item in messages] == ["invitation"]
    assert await story.join(story.firms[3]) == 404
    assert [await story.join(firm) for firm in story.firms[:3]] == [200, 200, 200]

    await story.clock("2026-08-06 14:00")
    async with story.bw.db.begin() as tx:
        await facade.mark_closed(tx, story.lot_id)
    assert await story.statuses("/api/v1/lots/{lot}", [visitor]) == [200]
    assert await story.statuses(posted["href"], [visitor]) == [200]
