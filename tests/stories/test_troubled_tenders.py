"""Tenders that do not go straight on, through HTTP and with bids that are really sealed.

Too few bids and a second try; a late answer that moves the deadline; an objection that stops everything; an end with
bonds given back.
"""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from kernel.clock import SHANGHAI
from kernel.identity.actor import system_actor
from kernel.periods import legal_date
from tests.factories.trading import at, lot_draft, project_draft
from tests.world import World
from tests.worlds.bidding_world import REGISTRATION, Bidder, uscc
from tests.worlds.story_world import Story, make_story
from trading import facade
from trading.vocabulary import Stage

PAGE = {"accept": "text/html"}


@pytest.fixture
async def story(world: World) -> Story:
    made = await make_story(world)
    await made.register(project_draft(), lot_draft())
    await made.call_for_bids("2026-07-16 09:00", "2026-07-23 17:00", "2026-08-06 14:00")
    for firm in made.firms:
        await made.take_part(firm)
    return made


def bond(story: Story) -> dict[str, Any]:
    return {
        "form": "transfer",
        "amount": "80000.00",
        "payer_account": REGISTRATION["bank_account"],
        "issuer": REGISTRATION["bank_name"],
        "reference": "20260720000017",
        "valid_until": (legal_date(story.bw.deadline) + timedelta(days=120)).isoformat(),
    }


async def declare_bond(story: Story, firm: Bidder) -> str:
    answer = await firm.client.post(f"/api/v1/lots/{story.lot}/bond", json=bond(story))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def give_back(story: Story) -> list[str]:
    """The centre returns every bond that is due; return who got one back."""
    centre = await story.bw.staff("centre", "centre", code=uscc(900_003), organisation="交易中心")
    seen = (await centre.get(f"/api/v1/lots/{story.lot}/bonds")).json()["items"]
    today = legal_date(await story.bw.now()).isoformat()
    for item in seen:
        assert item["due"] >= today
        done = await centre.post(
            f"/api/v1/bonds/{item['id']}/settlement", json={"on": today, "reference": "R1", "interest": "3.20"}
        )
        assert done.status_code == 201, done.text
    return [item["bidder"] for item in seen]


async def stage(story: Story) -> Stage:
    async with story.bw.db.begin_read_only() as tx:
        return (await facade.get_lot(tx, story.lot_id)).stage


async def timeline(story: Story) -> list[dict[str, Any]]:
    told = await story.bw.world.client().get(f"/api/v1/lots/{story.lot}/timeline")
    assert told.status_code == 200, told.text
    return list(told.json())


async def test_two_bids_are_too_few_and_the_second_try_has_its_own_rules(story: Story) -> None:
    """R-FAIL-01, R-FAIL-05, R-TIME-23: nothing is opened, the bonds go back, a new lot goes on from the old."""
    bw, (one, two, third, _) = story.bw, story.firms
    for firm in (one, two):
        await declare_bond(story, firm)
        await bw.submit(firm)
    refused = await story.agency.post(f"/api/v1/lots/{story.lot}/failure", json={"next": "again"})
    assert refused.status_code == 409, "it has not failed"
    await bw.close()

    state = await bw.opening()
    assert (state["stage"], state["bids"]) == ("failed", [])
    assert await stage(story) is Stage.FAILED
    assert (await bw.release(one)).status_code == 409, "no key is taken for a bid that stays sealed"
    late = await bw.send(third, bw.message(third))
    assert late.status_code in (403, 409, 422), late.text
    assert await bw.rows("SELECT 1 FROM kernel_unsealed") == []
    assert set(await give_back(story)) == {one.name, two.name}

    room = await story.agency.get(f"/a/lots/{story.lot}", headers=PAGE)
    assert "发布招标失败公告" in room.text
    early = await story.post("/api/v1/lots/{lot}/again", msgspec.to_builtins(lot_draft()), 409, who=story.buyer)
    assert "先发布" in early["detail"]
    for way, approval, says in (
        ("no_tender", "云发改〔2026〕9 号", "依法重新招标"),
        ("other_method", "", "依法重新招标"),
    ):
        wrong = await story.post("/api/v1/lots/{lot}/failure", {"next": way, "approval": approval}, 422)
        assert says in str(wrong), "after the first failure only a new tender is lawful"
    posted = await story.post("/api/v1/lots/{lot}/failure", {"next": "again", "remark": "预计八月中旬重新公告。"})
    assert (await story.agency.post(f"/api/v1/lots/{story.lot}/failure", json={"next": "again"})).status_code == 409
    page = (await bw.world.client().get(posted["href"], headers=PAGE)).text
    for words in ("招标失败公告", "少于三个", "保持密封", "招标投标法》第二十八条", "八月中旬"):
        assert words in page
    assert not any(firm.name in page for firm in story.firms), "who had bid stays unknown"
    told = (await one.client.get("/api/v1/inbox")).json()
    assert any("招标失败公告" in item["title"] for item in told)

    first = story.lot
    body = msgspec.to_builtins(lot_draft(qualifications=("具有独立承担民事责任的能力",)))
    assert (await story.agency.post(f"/api/v1/lots/{first}/again", json=body)).status_code == 403
    form = (await story.buyer.get(f"/a/lots/{first}/again", headers=PAGE)).text
    assert "服务器、数据库、数据库集群软件采购" in form
    assert "须有制造商授权" in form
    story.lot = (await story.post("/api/v1/lots/{lot}/again", body, who=story.buyer))["id"]
    twice = await story.buyer.post(f"/api/v1/lots/{first}/again", json=body)
    assert twice.status_code == 409
    successor = (await story.buyer.get(f"/api/v1/lots/{story.lot}")).json()
    assert (successor["number"], successor["qualifications"]) == ("002", ["具有独立承担民事责任的能力"])
    async with bw.db.begin_read_only() as tx:
        assert (await facade.get_lot(tx, bw.lot_id)).stage is Stage.RETENDERED

    # The second try fails, too: now the law leaves a choice, with an approval.
    await story.plan("2026-08-10 09:00", "2026-08-17 17:00", "2026-09-01 14:00")
    await story.call()
    async with bw.db.begin() as tx:
        await facade.declare_failed(tx, system_actor(), story.lot_id, "两次招标投标人均少于三个。")
    page = (await story.agency.get(f"/a/lots/{story.lot}/failure", headers=PAGE)).text
    assert "第 2 次招标" in page
    assert "第三十八条" in page
    unapproved = await story.post("/api/v1/lots/{lot}/failure", {"next": "no_tender"}, 422)
    assert "批准文号" in str(unapproved)
    await story.post("/api/v1/lots/{lot}/failure", {"next": "no_tender", "approval": "云发改〔2026〕9 号"})
    refused = await story.post("/api/v1/lots/{lot}/again", body, 409, who=story.buyer)
    assert "公告载明不再进行招标" in refused["detail"], "what was published holds"
    page = (await story.buyer.get(f"/a/lots/{story.lot}/failure", headers=PAGE)).text
    assert f"/a/lots/{story.lot}/again" not in page


async def test_a_late_answer_moves_the_deadline_and_a_bid_that_lay_there_is_replaced(story: Story) -> None:
    """R-TIME-04, R-ET-05: fewer than fifteen days left, so everybody gets fifteen; the old deadline closes nothing."""
    bw, (one, two, third, _) = story.bw, story.firms
    await bw.submit(one, price="2986400.00")
    await story.clock("2026-07-28 10:00")
    asked = await two.client.post(f"/api/v1/lots/{story.lot}/questions", json={"text": "交货期是否含安装？"})
    assert asked.status_code == 201, asked.text
    answer = {"text": "含安装调试。", "affects_bids": True}
    done = await story.agency.post(f"/api/v1/questions/{asked.json()['id']}/answer", json=answer)
    assert done.status_code == 201, done.text
    old = bw.deadline
    await story.know_deadline()
    assert bw.deadline.astimezone(SHANGHAI).date() == at("2026-08-12 14:00").date()
    (notice, *_) = (await bw.world.client().get("/api/v1/notices")).json()["items"]
    page = (await bw.world.client().get(f"/notices/{notice['id']}", headers=PAGE)).text
    assert all(said in page for said in ("更正前后对照", "2026年8月6日14时00分", "2026年8月12日14时00分"))
    for firm in (one, two, third):
        kinds = {item["kind"] for item in (await firm.client.get("/api/v1/inbox")).json()}
        assert kinds >= {"answer", "correction"}

    # Who was told stays hidden, even how many, until the opening.
    told = f"/api/v1/lots/{story.lot}/deliveries"
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(900_004), organisation="监督局")
    for client in (story.agency, story.buyer, supervisor):
        hidden = await client.get(told)
        assert (hidden.status_code, "第二十二条" in hidden.text) == (409, True)
    page = (await story.agency.get(f"/a/lots/{story.lot}/deliveries", headers=PAGE)).text
    assert not any(firm.name in page for firm in story.firms)
    assert (await story.agency.get(f"/a/lots/{story.lot}/deliveries.csv")).status_code == 409
    (message, *_) = [item for item in (await one.client.get("/api/v1/inbox")).json() if item["kind"] == "answer"]
    assert (await one.client.post(f"/api/v1/inbox/{message['id']}/read", json={})).status_code == 204

    await bw.world.clock_to(old + timedelta(minutes=1))
    await bw.world.settle()
    assert await stage(story) is Stage.NOTICE_PUBLISHED
    replaced = await bw.submit(one, price="2900000.00")
    assert replaced.json()["receipt"]
    for firm, price in ((two, "2945000.00"), (third, "3051200.00")):
        await bw.submit(firm, price=price)
    await bw.close()
    for firm in (one, two, third):
        assert (await bw.release(firm)).status_code in (200, 201)
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code in (200, 201)
    await bw.world.settle()
    assert sorted(bid["price"] for bid in (await bw.opening())["bids"]) == ["2900000.00", "2945000.00", "3051200.00"]
    for client in (story.agency, supervisor):
        receipts = (await client.get(told)).json()
        answers = {item["holder"]: item["read_at"] for item in receipts if "answer" in item["href"]}
        assert answers.keys() == {firm.name for firm in story.firms}
        assert [name for name, read_at in answers.items() if read_at] == [one.name]
    page = (await story.agency.get(f"/a/lots/{story.lot}/deliveries", headers=PAGE)).text
    assert all(firm.name in page for firm in story.firms)
    assert one.name in (await story.agency.get(f"/a/lots/{story.lot}/deliveries.csv")).text
    assert (await one.client.get(told)).status_code == 403


async def test_an_objection_stops_everything_until_its_answer(story: Story) -> None:
    """R-TIME-07, R-TIME-08: no bid, no closing in the pause; its days are given back; the raiser stays unknown."""
    bw, (one, two, third, _) = story.bw, story.firms
    await bw.submit(one)
    await bw.prepare(third)
    await story.clock("2026-07-25 10:00")
    objection = {"text": "第三章要求特定品牌。", "request": "删去品牌要求。"}
    raised = await two.client.post(f"/api/v1/lots/{story.lot}/objections", json=objection)
    assert raised.status_code == 201, raised.text
    assert await stage(story) is Stage.PAUSED_DOCUMENTS
    page = (await bw.world.client().get(f"/lots/{story.lot}", headers=PAGE)).text
    assert "暂停" in page
    assert two.name not in page
    stopped = await bw.send(third, bw.message(third))
    assert stopped.status_code == 409
    assert "第二十二条" in stopped.text

    old = bw.deadline
    await bw.world.clock_to(old)
    await bw.world.settle()
    assert await stage(story) is Stage.PAUSED_DOCUMENTS, "a deadline that comes in a pause closes nothing"
    answer = {"outcome": "upheld", "text": "已删去品牌要求。", "affects_bids": True}
    done = await story.agency.post(f"/api/v1/objections/{raised.json()['id']}/answer", json=answer)
    assert done.status_code == 201, done.text
    await story.know_deadline()
    assert bw.deadline - old >= timedelta(days=12)
    assert legal_date(bw.deadline) - legal_date(await bw.now()) >= timedelta(days=15)
    for firm in (two, third):
        await bw.submit(firm)
    await bw.close()
    assert (await bw.opening())["stage"] == "releasing"
    kinds = [event["type"] for event in await timeline(story)]
    assert kinds.index("lot.paused") < kinds.index("objection.answered") < kinds.index("bid.close")


async def test_a_tender_that_ends_gives_the_bonds_back_and_opens_nothing(story: Story) -> None:
    """R-TIME-24: the buyer itself, for a cause; holders are told, bids stay sealed, money goes back in time."""
    bw, (one, two, third, _) = story.bw, story.firms
    for firm in (one, two, third):
        await declare_bond(story, firm)
        await bw.submit(firm)
    await story.clock("2026-07-30 10:00")
    ending = {"cause": "task_cancelled", "reason": "上级单位取消了本项目的采购任务。", "document": "〔2026〕8 号"}
    path = f"/api/v1/lots/{story.lot}/termination"
    assert (await story.agency.post(path, json=ending)).status_code == 403
    ended = await story.buyer.post(path, json=ending)
    assert ended.status_code == 201, ended.text

    page = (await bw.world.client().get(ended.json()["href"], headers=PAGE)).text
    assert "上级单位取消了本项目的采购任务" in page
    assert "2026-08-06" in page, "five working days"
    for firm in (one, two, third):
        assert any("终止" in item["title"] for item in (await firm.client.get("/api/v1/inbox")).json())
    assert (await bw.send(one, bw.message(one))).status_code == 409
    await bw.close()
    assert await stage(story) is Stage.TERMINATED
    assert await bw.rows("SELECT 1 FROM bidding_close WHERE lot_id = :lot") == []
    assert set(await give_back(story)) == {one.name, two.name, third.name}
    assert await bw.rows("SELECT 1 FROM bidding_opened_bid") == []
    public = await timeline(story)
    assert not any(firm.name in str(public) for firm in story.firms)
