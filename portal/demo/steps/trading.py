"""Scene: the lot is registered, a plan is refused and one accepted, trustees pass the drill, the notice is out."""

from typing import Any

from bidding.client import accept_keyset
from bidding.messages import TYPES
from kernel.canonical import format_time
from portal.demo.client import HttpPerson, Refused
from portal.demo.papers import make_pdf
from portal.demo.stage import Stage, beijing


async def play(stage: Stage) -> None:
    """Play everything up to the published notice; leaves `project`, `lot` and `notice` in `stage.found`."""
    stage.scene("登记项目与标段")
    buyer, agency = await _cast(stage)
    await _register(stage, buyer)
    await _plan(stage, agency)
    await _drill(stage, agency)
    await _publish(stage, agency)


async def ask_and_answer(stage: Stage, asker: HttpPerson, holders: list[HttpPerson]) -> None:
    """Have one holder ask and the agency answer to all; every holder finds the answer in the own inbox.

    Args:
        asker: a signed-in bidder who holds the documents.
        holders: signed-in bidders, the asker among them.
    """
    inventions, dates, lot = stage.case["inventions"], stage.case["dates"], stage.found["lot"]
    agency = stage.person("agency")
    await stage.clock_to(dates["question"])
    asked = await asker.post(f"/api/v1/lots/{lot}/questions", {"text": inventions["question"]})
    await stage.say("一名投标人", f"提问（不署名）：{inventions['question']}", rule="R-ET-09")
    await stage.clock_to(dates["answer"])
    answer = {"text": inventions["answer"], "affects_bids": True}
    await agency.post(f"/api/v1/questions/{asked['id']}/answer", answer)
    entry = await stage.entry("question.answered")
    await stage.say(agency.name, f"答复全部获取文件的人：{inventions['answer']}", rule="R-TIME-04", entry=entry)
    for holder in holders:
        inbox = await holder.get("/api/v1/inbox")
        if not any(inventions["answer"] in message["text"] for message in inbox):
            raise AssertionError(f"{holder.name} did not receive the answer")
    await stage.say("平台", f"答复已送达全部 {len(holders)} 名获取文件的人，距投标截止 17 日，不须顺延", rule="R-ET-02")


async def _cast(stage: Stage) -> tuple[HttpPerson, HttpPerson]:
    facts, inventions = stage.case["facts"], stage.case["inventions"]
    staff, usccs = inventions["staff"], inventions["usccs"]
    await stage.clock_to(stage.case["dates"]["registered"])
    people = {}
    for key, role in (("buyer", "procuring_entity"), ("agency", "agency")):
        organisation = {"uscc": usccs[role], "name": facts[role]}
        people[key] = await stage.staff(key, name=staff[key], roles=[role], organisation=organisation)
    return people["buyer"], people["agency"]


async def _register(stage: Stage, buyer: HttpPerson) -> None:
    facts, inventions = stage.case["facts"], stage.case["inventions"]
    project = {
        "number": facts["number"],
        "title": facts["title"],
        "regime": facts["regime"],
        "kind": facts["kind"],
        "method": facts["method"],
        "region": inventions["region"],
        "agency_uscc": inventions["usccs"]["agency"],
        "agency_name": facts["agency"],
        "entrustment": inventions["entrustment"],
        "funds": {
            "source": "state_owned",
            "description": facts["funds"],
            "state_percent": facts["state_percent"],
            "investment": inventions["investment"],
            "state_controls": True,
        },
        "approval": inventions["approval"],
        "supervising_body": inventions["supervising_body"],
        "contacts": inventions["contacts"],
        "provenance": {"source": facts["source"], "invented": inventions["named"]},
    }
    stage.found["project"] = (await buyer.post("/api/v1/projects", project))["id"]
    lot = {
        "number": inventions["lot_number"],
        "title": inventions["lot_title"],
        "scope": inventions["scope"],
        "qualifications": inventions["qualifications"],
        "consortium_allowed": facts["consortium_allowed"],
        "agents_allowed": facts["agents_allowed"],
        "provenance": {"source": facts["source"], "invented": inventions["named"]},
    } | {name: inventions[name] for name in ("price_cap", "estimate", "bid_bond", "criteria", "review_items")}
    lot |= {"price_method": inventions["price_method"], "procedure": inventions["procedure"]}
    stage.found["lot"] = (await buyer.post(f"/api/v1/projects/{stage.found['project']}/lots", lot))["id"]
    entry = await stage.entry("lot.registered", buyer)
    await stage.say(buyer.name, f"登记项目 {facts['number']} 与标段 001", rule="R-ET-11", entry=entry)
    agency = stage.person("agency")
    await agency.post(f"/api/v1/projects/{stage.found['project']}/entrustment", {"accept": True})
    await stage.say(agency.name, "接受招标人的委托", rule="R-AGT-02")


async def _plan(stage: Stage, agency: HttpPerson) -> None:
    facts, refused = stage.case["facts"], stage.case["inventions"]["refused_plan"]
    await stage.clock_to(stage.case["dates"]["plan"])
    address = f"/api/v1/lots/{stage.found['lot']}/plan"
    lawful = {name: _moment(facts[name]) for name in ("documents_from", "documents_to", "deadline", "opening_at")}
    hasty = lawful | {name: _moment(text) for name, text in refused.items()} | {"opening_at": None}
    try:
        await agency.post(address, hasty)
    except Refused as refusal:
        if refusal.code != "rule-broken":
            raise
        entry = await stage.entry("plan.refused", agency)
        for finding in refusal.problem["findings"]:
            words = f"时间计划被退回：{finding['message']}（{finding['article']}）"
            await stage.say(agency.name, words, rule=finding["rule"], entry=entry)
    else:
        raise AssertionError("an unlawful plan was accepted")
    await agency.post(address, lawful)
    entry = await stage.entry("plan.accepted", agency)
    await stage.say(agency.name, "时间计划通过：投标截止 2026-08-06 14:00", rule="R-TIME-03", entry=entry)


async def _drill(stage: Stage, agency: HttpPerson) -> None:
    stage.scene("开标见证人与密钥演练")
    await stage.clock_to(stage.case["dates"]["keyset"])
    trustees: list[tuple[dict[str, Any], HttpPerson]] = []
    seats = []
    for seat in stage.case["inventions"]["trustees"]:
        person = await stage.staff(seat["key"], name=seat["name"], roles=["trustee"], organisation=seat["organisation"])
        for purpose in ("sign", "unwrap"):
            await person.register_key(purpose)
        seats.append({"account": (await person.get("/api/v1/me"))["id"], "role": seat["role"]})
        trustees.append((seat, person))
    stage.found["trustees"] = [seat["key"] for seat, _ in trustees]
    keyset = await agency.post(f"/api/v1/lots/{stage.found['lot']}/keyset", {"trustees": seats})
    for seat, person in trustees:
        drill = await person.get(f"/api/v1/keysets/{keyset['id']}/drill")
        message = accept_keyset(drill["keyset"], drill["i"], drill["challenge"], person.key("unwrap"))
        await person.post(
            f"/api/v1/keysets/{keyset['id']}/accept", {"jws": person.sign(TYPES[message["type"]], message)}
        )
        await stage.say(person.name, f"（{seat['role']}）打开测试分片，接受席位", rule="R-ET-04")
    entry = await stage.entry("keyset.published", agency)
    k, n = stage.case["inventions"]["procedure"]["k"], len(trustees)
    await stage.say("平台", f"公布开标密钥：{n} 名见证人中任意 {k} 名，与投标人共同打开", entry=entry)


async def _publish(stage: Stage, agency: HttpPerson) -> None:
    stage.scene("发布招标公告与招标文件")
    lot, dates = stage.found["lot"], stage.case["dates"]
    await stage.clock_to(dates["documents"])
    for paper in stage.case["inventions"]["documents"]:
        data = make_pdf(paper["lines"][0], paper["lines"][1:], size=400_000)
        kept = await agency.put(f"/api/v1/lots/{lot}/documents?name={paper['name']}", data, "application/pdf")
        await stage.say(agency.name, f"上传{paper['name']}，{len(data) / 1024:.0f} KB，SHA-256 {kept['sha256'][:16]}…")
    await stage.clock_to(dates["notice"])
    stage.found["notice"] = (await agency.post(f"/api/v1/lots/{lot}/notice"))["id"]
    entry = await stage.entry("notice.published", agency)
    await stage.say(agency.name, "发布招标公告，发出招标文件", rule="R-ANN-01", entry=entry)


def _moment(local: str) -> str:
    return format_time(beijing(local))
