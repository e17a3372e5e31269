"""The doors of trading through HTTP: pages render, forms work without a script, strangers find nothing."""

import uuid
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser

import httpx

from tests.factories.trading import (
    AGENCY,
    BIDDERS,
    BUYER,
    OTHER_AGENCY,
    TradingWorld,
    at,
    make_evaluated_lot,
    make_lot,
    make_lot_in_publicity,
    make_planned_lot,
    make_published_lot,
    project_draft,
    set_clock,
    uscc,
)
from tests.world import World
from trading import facade
from trading.documents import list_documents
from trading.reading import list_notices_of
from trading.reports import load_report
from trading.vocabulary import Stage

HTML = {"accept": "text/html"}


async def enter(world: World, role: str, organisation: tuple[str, str]) -> httpx.AsyncClient:
    code = uscc(organisation[0][:17])
    client = await world.signed_in(f"{role}-{code[-4:]}", role, uscc=code, organisation=organisation[1])
    client.headers.update(HTML)
    return client


async def made(world: World, maker: Callable[..., Awaitable[TradingWorld]]) -> TradingWorld:
    async with world.services.db.begin() as tx:
        lot: TradingWorld = await maker(tx, files=world.services.files)
    world.services.plugins["holders"] = lot.holders
    return lot


async def stage_of(world: World, lot_id: uuid.UUID) -> Stage:
    async with world.services.db.begin_read_only() as tx:
        return (await facade.get_lot(tx, lot_id)).stage


async def clock(world: World, local: str) -> None:
    async with world.services.db.begin() as tx:
        await set_clock(tx, at(local))


async def test_every_page_of_a_room_renders_at_every_stage(world: World) -> None:
    agency = await enter(world, "agency", AGENCY)
    makers = (make_lot, make_planned_lot, make_published_lot, make_evaluated_lot, make_lot_in_publicity)

    for at_stage, maker in enumerate(makers):
        number = f"YL-2026-{at_stage:04d}"
        async with world.services.db.begin() as tx:
            lot = await maker(tx, project=project_draft(number=number))
        for path in ("", "/plan", "/documents", "/questions", "/candidates", "/award"):
            answer = await agency.get(f"/a/lots/{lot.lot_id}{path}")
            assert answer.status_code == 200, (path, answer.text[:400])
            assert number in answer.text
        assert number in (await agency.get("/a")).text
    assert (await agency.get("/inbox")).status_code == 200


async def test_a_lot_before_its_notice_is_nobody_elses_business(world: World) -> None:
    lot = await made(world, make_planned_lot)
    visitor, stranger = world.client(), await enter(world, "agency", OTHER_AGENCY)
    agency = await enter(world, "agency", AGENCY)

    for path in (f"/lots/{lot.lot_id}", f"/api/v1/lots/{lot.lot_id}", f"/api/v1/lots/{lot.lot_id}/timeline"):
        hidden, absent = await visitor.get(path), await visitor.get(path.replace(str(lot.lot_id), str(uuid.uuid4())))
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["detail"] == absent.json()["detail"]
        assert (await agency.get(path)).status_code == 200
    for path in ("", "/plan", "/documents", "/questions", "/candidates", "/award"):
        assert (await stranger.get(f"/a/lots/{lot.lot_id}{path}")).status_code == 404


async def test_a_published_lot_and_its_notice_are_public(world: World) -> None:
    lot = await made(world, make_published_lot)
    visitor = world.client()
    visitor.headers.update(HTML)
    async with world.services.db.begin_read_only() as tx:
        (notice,) = await list_notices_of(tx, lot.lot_id)

    page = await visitor.get(f"/lots/{lot.lot_id}")
    for said in ("发布招标公告", "《中华人民共和国招标投标法》第十六条", "编制投标文件的时间", "21 日", "截止前不显示"):
        assert said in page.text
    document = await visitor.get(f"/notices/{notice.id}")
    assert "2026年8月6日14时00分" in document.text
    assert notice.number in document.text
    assert (await visitor.get(f"/notices/{uuid.uuid4()}")).status_code == 404


async def test_notices_are_found_by_words_of_one_two_and_more_characters(world: World) -> None:
    await made(world, make_published_lot)
    visitor = world.client()
    title = "服务器、数据库、数据库集群软件招标公告"

    async def found(query: str) -> list[str]:
        items = (await visitor.get("/api/v1/notices", params={"q": query})).json()["items"]
        return [item["title"] for item in items]

    for query in ("库", "集群", "数据库集群", "服务器 集群", "C1100000189017141002", "c110000", "云岭动力", "ｃ１１"):
        assert await found(query) == [title], query
    for query in ("桥", "桥梁", "集群数据库软", "服务器 桥梁", "%", "_", "' & 'x", "据集"):
        assert await found(query) == [], query
    page = await visitor.get("/notices", params={"q": "集群", "type": "tender"}, headers=HTML)
    assert title in page.text
    assert title not in (await visitor.get("/notices", params={"type": "award"}, headers=HTML)).text


async def test_pages_of_notices_follow_each_other_without_gap_or_repetition(world: World) -> None:
    async with world.services.db.begin() as tx:
        lot = await make_published_lot(tx)
        await set_clock(tx, at("2026-07-18 10:00"))
    agency = await enter(world, "agency", AGENCY)
    for day in ("10", "11", "12"):
        body = {"deadline": f"2026-08-{day}T14:00:00+08:00", "reason": "补充说明。"}
        answer = await agency.post(f"/api/v1/lots/{lot.lot_id}/deadline", json=body)
        assert answer.status_code == 201, answer.text
    visitor = world.client()

    first = (await visitor.get("/api/v1/notices", params={"most": 1})).json()
    second = (await visitor.get("/api/v1/notices", params={"most": 1, "after": first["after"]})).json()

    assert [item["version"] for item in first["items"]] == [4], "only the newest version is in the list"
    assert second == {"items": [], "after": None}
    assert (await visitor.get("/api/v1/notices", params={"after": "x"})).status_code == 422


async def test_a_plan_that_breaks_a_limit_is_shown_again_with_its_article(world: World) -> None:
    lot = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)
    typed = {
        "documents_from": "2026-07-16 22:00:00",
        "documents_to": "2026-07-20 22:00:00",
        "deadline": "2026-08-06 14:00",
        "opening_at": "2026-08-06 14:00",
        "_csrf": agency.cookies["csrf"],
    }

    refused = await agency.post(f"/a/lots/{lot.lot_id}/plan", data=typed)
    assert refused.status_code == 422
    assert "《中华人民共和国招标投标法实施条例》第十六条" in refused.text
    assert 'value="2026-07-20 22:00:00"' in refused.text
    accepted = await agency.post(f"/a/lots/{lot.lot_id}/plan", data=typed | {"documents_to": "2026-07-23 22:00:00"})
    assert accepted.status_code == 303
    timeline = (await agency.get(f"/api/v1/lots/{lot.lot_id}/timeline", headers={"accept": "*/*"})).json()
    assert [event["type"] for event in timeline][-2:] == ["plan.refused", "plan.accepted"]


async def test_the_api_answers_a_refused_plan_as_a_problem_and_keeps_it(world: World) -> None:
    lot = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)
    body = {
        "documents_from": "2026-07-16T14:00:00Z",
        "documents_to": "2026-07-23T14:00:00Z",
        "deadline": "2026-08-04T06:00:00Z",
    }

    answer = await agency.post(f"/api/v1/lots/{lot.lot_id}/plan", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["rule"], problem["findings"][0]["rule"]) == (
        "rule-broken",
        "R-TIME-03",
        "R-TIME-03",
    )
    timeline = (await agency.get(f"/api/v1/lots/{lot.lot_id}/timeline")).json()
    assert timeline[-1]["type"] == "plan.refused"


async def test_unreadable_dates_are_told_beside_their_fields(world: World) -> None:
    lot = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)

    answer = await agency.post(
        f"/a/lots/{lot.lot_id}/plan", data={"documents_from": "明天", "deadline": "2026-02-30 9:00"}
    )

    assert answer.status_code == 422
    assert "请填写招标文件发售开始时间" in answer.text
    assert 'value="明天"' in answer.text


async def test_an_upload_without_a_script_is_kept(world: World) -> None:
    lot = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)
    token = agency.cookies["csrf"]
    address = f"/a/lots/{lot.lot_id}/documents"
    file = ("招标文件.pdf", b"%PDF-1.7 " + b"x" * 3_000_000, "application/pdf")

    async def send(token: str, name: str = "file") -> httpx.Response:
        request = agency.build_request("POST", address, data={"_csrf": token, "kind": "tender"}, files={name: file})
        request.headers["x-csrf-token"] = ""
        return await agency.send(request)

    assert (await send("wrong")).status_code == 403
    assert (await send(token)).status_code == 303
    assert (await send(token, name="other")).status_code == 422
    async with world.services.db.begin_read_only() as tx:
        (kept,) = await list_documents(tx, lot.lot_id)
    assert (kept.name, kept.size) == ("招标文件.pdf", len(file[1]))


async def test_a_document_is_fetched_by_holders_only(world: World) -> None:
    lot = await made(world, make_published_lot)
    holder = await enter(world, "bidder", BIDDERS[0])
    stranger = await enter(world, "bidder", ("91420112MA4KNEW33X", "未登记的公司"))
    (document,) = (await world.client().get(f"/api/v1/lots/{lot.lot_id}/documents")).json()

    fetched = await holder.get(document["href"])

    assert fetched.content == b"%PDF-1.7 the documents"
    assert "filename*=UTF-8''" in fetched.headers["content-disposition"]
    assert (await stranger.get(document["href"])).status_code == 404
    assert (await world.client().get(document["href"])).status_code == 401


async def test_a_notice_is_published_from_its_page(world: World) -> None:
    lot = await made(world, make_planned_lot)
    agency = await enter(world, "agency", AGENCY)
    page = await agency.get(f"/a/lots/{lot.lot_id}/documents")
    assert "签章并发布公告" in page.text

    unticked = await agency.post(f"/a/lots/{lot.lot_id}/notice", data={})
    assert unticked.status_code == 422
    assert await stage_of(world, lot.lot_id) is Stage.REGISTERED
    ticked = await agency.post(f"/a/lots/{lot.lot_id}/notice", data={"agree": "yes"})
    assert ticked.status_code == 303
    assert await stage_of(world, lot.lot_id) is Stage.NOTICE_PUBLISHED


async def test_question_and_answer_go_through_the_pages(world: World) -> None:
    lot = await made(world, make_published_lot)
    asker, other = await enter(world, "bidder", BIDDERS[0]), await enter(world, "bidder", BIDDERS[1])
    agency = await enter(world, "agency", AGENCY)

    empty = await asker.post(f"/b/lots/{lot.lot_id}/questions", data={"kind": "question", "text": " "})
    assert empty.status_code == 422
    asked = await asker.post(f"/b/lots/{lot.lot_id}/questions", data={"kind": "question", "text": "含安装吗？"})
    assert asked.status_code == 303
    (open_one,) = (await agency.get(f"/api/v1/lots/{lot.lot_id}/questions")).json()["open"]
    page = await agency.get(f"/a/lots/{lot.lot_id}/questions")
    assert "含安装吗？" in page.text
    assert BIDDERS[0][1] not in page.text
    address = f"/a/lots/{lot.lot_id}/questions/{open_one['id']}/answer"
    assert (await agency.post(address, data={f"answer-{open_one['id']}": ""})).status_code == 422
    assert (await agency.post(address, data={f"answer-{open_one['id']}": "含安装。"})).status_code == 303
    assert "含安装。" in (await other.get("/inbox")).text
    assert "含安装。" in (await other.get(f"/b/lots/{lot.lot_id}/questions")).text
    visitor = world.client()
    assert (await visitor.get(f"/api/v1/lots/{lot.lot_id}/questions")).json()["answered"][0]["answer"] == "含安装。"


async def test_a_refused_form_leaves_nothing_behind(world: World) -> None:
    """R-TIME-04: the answer would move the deadline, but not far enough; neither happens."""
    lot = await made(world, make_published_lot)
    asker, agency = await enter(world, "bidder", BIDDERS[0]), await enter(world, "agency", AGENCY)
    await asker.post(f"/b/lots/{lot.lot_id}/questions", data={"kind": "question", "text": "数量？"})
    (question,) = (await agency.get(f"/api/v1/lots/{lot.lot_id}/questions")).json()["open"]
    await clock(world, "2026-07-30 10:00")
    number = question["id"]
    form = {f"answer-{number}": "改。", f"affects-{number}": "yes", f"deadline-{number}": "2026-08-10 14:00"}

    answer = await agency.post(f"/a/lots/{lot.lot_id}/questions/{number}/answer", data=form)

    assert answer.status_code == 422
    assert "第二十一条" in answer.text
    async with world.services.db.begin_read_only() as tx:
        assert (await facade.get_lot(tx, lot.lot_id)).deadline == at("2026-08-06 14:00")
        assert len(await list_notices_of(tx, lot.lot_id)) == 1


async def test_from_candidates_to_the_award_notice_through_the_pages(world: World) -> None:
    lot = await made(world, make_evaluated_lot)
    agency, buyer = await enter(world, "agency", AGENCY), await enter(world, "procuring_entity", BUYER)
    base = f"/a/lots/{lot.lot_id}"
    assert (await agency.post(f"{base}/candidates", data={"agree": "yes"})).status_code == 303
    assert "距公示期满" in (await agency.get(f"{base}/award")).text
    async with world.services.db.begin_read_only() as tx:
        first, second = (await load_report(tx, lot.lot_id)).candidates
    await clock(world, "2026-08-14 09:00")

    wrong = await buyer.post(f"{base}/award", data={"agree": "yes", "bid": str(second.bid_id)})
    assert wrong.status_code == 422
    assert "第五十五条" in wrong.text
    assert (await agency.post(f"{base}/award", data={"agree": "yes", "bid": str(first.bid_id)})).status_code == 403
    right = await buyer.post(f"{base}/award", data={"agree": "yes", "bid": str(first.bid_id)})
    assert right.status_code == 303
    assert (await agency.post(f"{base}/award-notice", data={"agree": "yes"})).status_code == 303
    assert "中标人：" + first.bidder_name in (await buyer.get(f"{base}/award")).text

    winner, loser = await enter(world, "bidder", BIDDERS[0]), await enter(world, "bidder", BIDDERS[1])
    (message,) = (await winner.get("/api/v1/inbox")).json()
    assert "被确定为中标人" in (await winner.get(message["href"])).text
    assert (await loser.get(message["href"])).status_code == 404
    assert "中标人为" in (await loser.get("/inbox")).text
    page = await world.client().get(f"/lots/{lot.lot_id}", headers=HTML)
    assert "发出中标通知书" in page.text
    assert first.bidder_name in page.text


class _Fields(HTMLParser):
    """What a browser would send of a form as it came."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""
        self._inert = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {key: value or "" for key, value in attrs}
        self._inert += tag == "template"
        if self._inert:
            return
        if tag == "input" and (names.get("type") not in ("radio", "checkbox") or "checked" in names):
            self.found[names.get("name", "")] = names.get("value", "")
        if tag == "select":
            self._select = names.get("name", "")
        if tag == "option" and (self._select not in self.found or "selected" in names):
            self.found[self._select] = names.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"


def fields_of(html: str) -> dict[str, str]:
    return _Fields(html).found


async def test_rows_of_the_grid_are_edited_without_a_script_and_nothing_typed_is_lost(world: World) -> None:
    buyer = await enter(world, "procuring_entity", BUYER)
    await clock(world, "2026-07-13 09:00")
    form = fields_of((await buyer.get("/a/projects/new")).text) | {"title": "服务器采购", "criteria-1-max": "36"}

    added = await buyer.post("/a/projects/new", data=form | {"edit": "criteria:add"})
    moved = await buyer.post("/a/projects/new", data=fields_of(added.text) | {"edit": "criteria:down:0"})
    kept = fields_of(moved.text)

    assert added.status_code == moved.status_code == 200
    assert (kept["title"], kept["criteria-0-code"], kept["criteria-1-code"]) == ("服务器采购", "T1", "P1")
    assert (kept["criteria-0-max"], kept["criteria-5-code"]) == ("36", "")
    assert "合计 <output" in moved.text
    assert ">101</output>" in moved.text
    refused = await buyer.post("/a/projects/new", data=kept | {"criteria-5-code": "T1", "criteria-5-name": "甲"})
    assert refused.status_code == 422
    for said in ('id="e-criteria-5-code"', 'id="e-criteria-5-max"', 'id="e-number"', 'id="e-lot_title"'):
        assert said in refused.text, said
    dear = await buyer.post("/a/projects/new", data=kept)
    assert "各评审因素满分合计应为 100 分，现为 101 分。（《评标委员会和评标方法暂行规定》第三十五条）" in dear.text


async def test_a_project_is_registered_from_its_page(world: World) -> None:
    buyer = await enter(world, "procuring_entity", BUYER)
    await enter(world, "agency", AGENCY)
    await clock(world, "2026-07-13 09:00")
    form = {
        "title": "服务器采购",
        "number": "YL-2026-0001",
        "regime": "ZTB",
        "kind": "goods",
        "method": "open",
        "agency": uscc(AGENCY[0][:17]),
        "region": "云岭市",
        "funds": "国有资金",
        "funds_share": "100",
        "supervising_body": "云岭市监督局",
        "contact": "周工",
        "contact_phone": "029-1",
        "contact_address": "测试路 1 号",
        "contact_agency": "吴工",
        "contact_agency_phone": "029-2",
        "entrustment": "委托合同 1",
        "lot_title": "服务器采购",
        "quantity": "12 台",
        "place": "云岭市",
        "term": "30 日",
        "price_cap": "3200000.00",
        "estimate": "3100000.00",
        "bid_bond": "62000.01",
        "consortium": "no",
        "agents": "yes",
        "qualifications": "依法注册的法人\n未被列入失信名单",
    }
    empty = await buyer.get("/a/projects/new")
    assert empty.status_code == 200
    form = fields_of(empty.text) | form

    over_cap = await buyer.post("/a/projects/new", data=form)
    assert over_cap.status_code == 422
    assert "第二十六条" in over_cap.text
    assert 'value="YL-2026-0001"' in over_cap.text
    registered = await buyer.post("/a/projects/new", data=form | {"bid_bond": "62000.00"})
    assert registered.status_code == 303
    assert registered.headers["location"].endswith("/plan")
    assert (await buyer.get(registered.headers["location"])).status_code == 200
    nothing = await buyer.post("/a/projects/new", data={})
    assert nothing.status_code == 422


async def test_one_day_gives_the_earliest_lawful_plan_and_says_which_dates_a_rest_day_moved(world: World) -> None:
    """R-CNT-08: twenty days from 11 September end on 1 October, a holiday."""
    lot = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)

    page = await agency.get(f"/a/lots/{lot.lot_id}/plan", params={"begin": "2026-09-11 09:00:00"})

    for said in ("2026-09-16 09:00:00", "2026-10-08 09:30:00", "2026-10-01 是休假日", "其后第一个工作日 2026-10-08"):
        assert said in page.text, said
    wrong = await agency.get(f"/a/lots/{lot.lot_id}/plan", params={"begin": "bald"})
    assert "请填写招标文件开始发出的时间" in wrong.text
