"""Scenes: experts are drawn in public and called one by one; five members review, score, lock and sign."""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from experts import messages
from kernel.canonical import b64u_decode, format_time
from kernel.draw import verify_draw
from portal.demo.client import HttpPerson, Refused
from portal.demo.contributing import Contributor
from portal.demo.experts_pool import faulty_rows, make_pool
from portal.demo.stage import Stage, beijing

_CODE = re.compile(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}")
#: Four of software, one of accounting.
_GROUPS = ({"speciality": "B0133", "count": 4}, {"speciality": "C0502", "count": 1})
_MEMBERS = sum(int(str(group["count"])) for group in _GROUPS)
_GROUNDS = {
    "economic_interest": "与投标人有利害关系",
    "buyer_or_agency": "在招标人或代理机构任职",
    "department_staff": "监督部门人员",
}


async def draw(stage: Stage) -> None:
    """Play from the pool to the complete committee; leaves `expert_draw` and `experts` in `stage.found`."""
    stage.scene("公开抽取评标专家")
    await stage.clock_to(stage.case["dates"]["draw"])
    centre, supervisor = await _staff(stage, "centre", "centre"), await _staff(stage, "supervisor", "supervisor")
    agency = stage.person("agency")
    await _fill_pool(stage, centre)
    for person in (agency, supervisor):
        await person.register_key("sign")
    await _apply(stage, agency, supervisor)
    await _contribute(stage, {"agency": agency, "supervisor": supervisor})
    await _answer_calls(stage, agency)
    await _replay(stage)


async def evaluate(stage: Stage) -> None:
    """Play from the opening of the session to the signed report."""
    session = await begin(stage)
    members = [stage.person(key) for key in stage.found["experts"]]
    await check_in(stage, session, members)
    await review(stage, session, members)
    await score(stage, session, members)
    await conclude(stage, session, members)


async def begin(stage: Stage) -> str:
    """Open the session at its time; leaves `session` in `stage.found`."""
    stage.scene("评标")
    await stage.clock_to(stage.case["dates"]["evaluation"])
    centre, lot = stage.person("centre"), stage.found["lot"]
    begun = await centre.post(f"/api/v1/lots/{lot}/session", look=lambda: centre.get(f"/api/v1/lots/{lot}/committee"))
    session = str(begun["session"])
    stage.found["session"] = session
    entry = await stage.entry("session.opened")
    await stage.say(centre.name, "评标会开始，成员凭新口令签到", rule="R-COM-08", entry=entry)
    return session


async def _staff(stage: Stage, key: str, role: str) -> HttpPerson:
    if key in stage.people:
        return stage.person(key)
    inventions = stage.case["inventions"]
    organisation = inventions["organisations"][key]
    return await stage.staff(key, name=inventions["staff"][key], roles=[role], organisation=organisation)


async def _fill_pool(stage: Stage, centre: HttpPerson) -> None:
    facts, inventions = stage.case["facts"], stage.case["inventions"]
    usccs, body = inventions["usccs"], inventions["organisations"]["supervisor"]
    insiders = [(bidder["uscc"], bidder["name"], 4) for bidder in inventions["bidders"]]
    insiders.append((usccs["procuring_entity"], facts["procuring_entity"], 5))
    insiders += [(usccs["agency"], facts["agency"], 3), (body["uscc"], body["name"], 2)]
    rows = make_pool(insiders) + faulty_rows()
    async with stage.progress("导入专家库", len(rows)) as advance:
        done = await centre.post("/api/v1/experts/pool", {"rows": rows})
        advance(len(rows))
    await stage.say(centre.name, f"导入评标专家 {done['imported']} 人，库根入账", rule="R-POOL-03")
    for refused in done["refused"]:
        await stage.say("平台", f"第 {refused['row']} 行未入库：{''.join(refused['faults'])}", rule="R-POOL-12")


async def _apply(stage: Stage, agency: HttpPerson, supervisor: HttpPerson) -> None:
    lot, dates = stage.found["lot"], stage.case["dates"]
    application: dict[str, Any] = {
        "groups": list(_GROUPS),
        "begins_at": format_time(beijing(dates["evaluation"])),
        "place": "云澜市公共资源交易中心评标一室",
        "duration": "半天",
        "commit_minutes": 30,
        "answer_minutes": 60,
    }
    later = application | {"begins_at": format_time(beijing(dates["candidates"]))}
    even = application | {"groups": [{"speciality": "B0133", "count": 4}]}
    for refused in (later, even):
        try:
            await agency.post(f"/api/v1/lots/{lot}/committee", refused)
        except Refused as refusal:
            if refusal.code != "rule-broken":
                raise
            finding = refusal.problem["findings"][0]
            await stage.say(
                "平台", f"抽取申请被退回：{finding['message']}（{finding['article']}）", rule=finding["rule"]
            )
        else:
            raise AssertionError("an unlawful application was accepted")
    address = f"/api/v1/lots/{lot}/committee"
    frozen = await agency.post(address, application, look=lambda: agency.get(address))
    stage.found["expert_draw"] = frozen["draw"]
    pool = (await agency.get(f"/api/v1/draws/{frozen['draw']}"))["spec"]["pool"]["count"]
    entry = await stage.entry("draw.spec")
    words = f"申请抽取 {_MEMBERS} 人，候选名单 {pool} 人冻结，回避剔除 {frozen['excluded']} 人"
    await stage.say(agency.name, words, rule="R-COM-01 R-DRAW-01", entry=entry)
    excluded = await supervisor.get(f"/api/v1/lots/{lot}/committee/exclusions")
    if not any(row["ground"] == "economic_interest" for row in excluded):
        raise AssertionError("experts of a bidder's own people were not left out")
    counted = Counter((row["ground"], row["rule"]) for row in excluded)
    for (ground, rule), count in sorted(counted.items()):
        await stage.say("平台", f"抽取前回避：{_GROUNDS.get(ground, ground)} {count} 人（按单位核对）", rule=rule)


async def _contribute(stage: Stage, parties: dict[str, HttpPerson]) -> None:
    draw_id = stage.found["expert_draw"]
    base, contributors = f"/api/v1/draws/{draw_id}", []
    for party, person in parties.items():
        contributors.append(Contributor(person, (await person.get(base))["spec"], draw_id, party, base))
        await contributors[-1].commit()
        await stage.say(person.name, "提交随机数承诺并签名", rule="R-DRAW-10", entry=await stage.entry("draw.commit"))
    await parties["agency"].post(f"/api/v1/draws/{draw_id}/close")
    await stage.say("平台", "承诺截止，此后不能加入任何随机数", entry=await stage.entry("draw.close"))
    for one in contributors:
        await one.reveal()
        await stage.say(one.person.name, "公开随机数")
    await stage.say(
        "平台", "合成种子，抽取结果入账；姓名仍为密文", rule="R-DRAW-10", entry=await stage.entry("draw.result")
    )


async def _answer_calls(stage: Stage, agency: HttpPerson) -> None:
    """Play the phones: the first expert called refuses, all others accept."""
    seen: set[str] = set()
    accepted: list[str] = []
    stage.found["experts"] = accepted

    async def ringing() -> list[dict[str, str]]:
        operator = await stage.operator()
        found = await operator.get("/api/v1/rehearsal/messages")
        return [item for item in reversed(found) if item["id"] not in seen]

    number = 0
    while len(accepted) < _MEMBERS:
        for message in await stage.wait_until(ringing, what="评标邀请"):
            seen.add(message["id"])
            number += 1
            key = f"expert-{number}"
            expert = stage.person(key, f"被抽中的专家（第 {number} 次通知）")
            stage.found.setdefault("phones", {})[key] = message["phone"]
            if stage.case["facts"]["title"] in message["text"]:
                raise AssertionError("a call names the project")
            await expert.post("/api/v1/auth/call", {"code": _code_of(message["text"])})
            await expert.get("/api/v1/me")  # sets the token that belongs to the new session
            await expert.register_key("sign")
            call = (await expert.get("/api/v1/calls"))[0]
            answer, reason = ("refuse", "busy") if number == 1 else ("accept", "")
            token = expert.sign(messages.ANSWER_TYP, messages.call_answer(call["id"], answer, reason))
            body = {"answer": answer, "reason": reason, "jws": token}
            await expert.post(f"/api/v1/calls/{call['id']}/answer", body)
            if answer == "refuse":
                entry = await stage.entry("draw.replacement")
                await stage.say(
                    expert.name, "不接受（时间冲突），结果先入账，再按候补次序通知下一位", rule="R-DRAW-07", entry=entry
                )
            else:
                accepted.append(key)
                await stage.say(expert.name, "接受邀请；通知只有时间、地点，没有项目名称", rule="R-DRAW-06")
    view = await agency.get(f"/api/v1/lots/{stage.found['lot']}/committee")
    names = {call["name"] for call in view["calls"]}
    if view["state"] != "complete" or len(names) != 1:
        raise AssertionError("the committee is not complete, or its names are not masked")
    codes = "、".join(call["code"] for call in view["calls"] if call["code"])
    words = f"评标委员会组建完成：{codes}；姓名对招标人和代理机构保密"
    await stage.say("平台", words, rule="R-COM-07", entry=await stage.entry("committee.completed", agency))


async def _replay(stage: Stage) -> None:
    """Replay the draw as any visitor may, with nothing but public files."""
    visitor = stage.person("visitor", "公众")
    draw_id = stage.found["expert_draw"]

    async def files() -> Any:
        try:
            return await visitor.get(f"/api/v1/verify/draws/{draw_id}")
        except Refused as refusal:
            if refusal.code != "too-early":
                raise
            return None

    told = await stage.wait_until(files, what="抽取记录")
    verified = verify_draw(told["transcript"], told["pool"], await visitor.get("/api/v1/trust"))
    visitor.keep("expert-draw.transcript.json", told["transcript"])
    visitor.keep("expert-draw.pool.json", told["pool"])
    replaced, drawn = len(told["transcript"]["replacements"]), sum(map(len, verified.members))
    words = f"下载抽取记录，从 {len(told['pool'])} 人中复算出同样的 {drawn} 人（递补 {replaced} 次）"
    await stage.say(visitor.name, words, rule="R-DRAW-10")


async def check_in(stage: Stage, session: str, members: list[HttpPerson]) -> None:
    """Have every member show the code, promise and declare, and elect a chair."""
    operator = await stage.operator()
    newest: dict[str, str] = {}
    for message in reversed(await operator.get("/api/v1/rehearsal/messages")):
        newest[message["phone"]] = message["text"]
    phones = stage.found["phones"]
    for key, member in zip(stage.found["experts"], members, strict=True):
        await member.post(f"/api/v1/sessions/{session}/arrive", {"code": _code_of(newest[phones[key]])})
        desk = await member.get(f"/api/v1/sessions/{session}")
        member.name = desk["code"]
        token = member.sign(messages.CHECK_IN_TYP, messages.check_in(session, desk["seat"]))
        await member.post(f"/api/v1/sessions/{session}/check-in", {"jws": token})
        sitting = (await member.get(f"/api/v1/sessions/{session}"))["members"]
        if not any(row["seat"] == desk["seat"] and row["checked_in"] for row in sitting):
            raise AssertionError("a member without a conflict had to leave")
        await stage.say(member.name, "签到，签署保密与公正承诺，对已知投标人声明无须回避", rule="R-REC-08")
    for member in members:
        await member.post(f"/api/v1/sessions/{session}/chair", {"seat": 1})
    chair = (await members[0].get(f"/api/v1/sessions/{session}"))["chair_seat"]
    await stage.say("评标委员会", f"推选 {chair} 号席为负责人，与其他成员有同等表决权", rule="R-COM-08")


async def review(stage: Stage, session: str, members: list[HttpPerson]) -> None:
    """Have every member judge every bid; one doubts one item, the majority does not."""
    for place, member in enumerate(members):
        desk = await member.get(f"/api/v1/sessions/{session}")
        await member.raw(f"/api/v1/sessions/{session}/bids/{desk['bids'][0]['id']}/file")
        marks = [
            {"bid": bid["id"], "item": item["code"], "verdict": "pass", "reason": ""}
            for bid in desk["bids"]
            for item in desk["review_items"]
        ]
        if place == 2:  # one member doubts one item; the majority does not
            marks[-1] |= {"verdict": "fail", "reason": "交货计划未写明分批时间"}
        await member.post(f"/api/v1/sessions/{session}/reviews", {"marks": marks})
        digest = messages.digest_of_marks((m["bid"], m["item"], m["verdict"], m["reason"]) for m in marks)
        payload = messages.lock("evaluation.review", session, desk["seat"], digest)
        token = member.sign(messages.REVIEW_TYP, payload)
        await member.post(f"/api/v1/sessions/{session}/lock", {"part": "review", "jws": token})
    outcome = (await members[0].get(f"/api/v1/sessions/{session}"))["outcome"]
    words = f"初步评审：{len(outcome['valid'])} 份通过，否决 {len(outcome['rejected'])} 份"
    split = "；".join(f"“{item['name']}” {item['pass']} 人符合、{item['fail']} 人不符合" for item in outcome["split"])
    await stage.say("评标委员会", f"{words}；意见不一致按多数：{split}", rule="R-EVAL-04 R-VETO-10")


async def score(stage: Stage, session: str, members: list[HttpPerson]) -> None:
    """Have every member score alone and lock; nobody sees the others before."""
    for place, member in enumerate(members):
        desk = await member.get(f"/api/v1/sessions/{session}")
        sheet = {
            bid: {item["code"]: _points(item, order, place) for item in desk["criteria"]}
            for order, bid in enumerate(desk["valid"])
        }
        scores = [
            {"bid": bid, "criterion": code, "points": f"{value:.2f}"}
            for bid, points in sheet.items()
            for code, value in points.items()
        ]
        await member.post(f"/api/v1/sessions/{session}/scores", {"scores": scores})
        if place == 0:
            await _hidden(stage, session, members[1])
        payload = messages.lock("evaluation.scores", session, desk["seat"], messages.digest_of_sheet(sheet))
        token = member.sign(messages.SCORES_TYP, payload)
        await member.post(f"/api/v1/sessions/{session}/lock", {"part": "scores", "jws": token})
        await stage.say(member.name, f"独立评分 {len(scores)} 项，签名锁定", rule="R-EVAL-14")


async def _hidden(stage: Stage, session: str, member: HttpPerson) -> None:
    try:
        await member.get(f"/api/v1/sessions/{session}/summary")
    except Refused as refusal:
        if refusal.code != "conflict":
            raise
        await stage.say("平台", f"{member.name} 提前查看汇总被拒绝：{refusal.problem['detail']}")
        return
    raise AssertionError("scores were shown before all had locked")


def _points(criterion: dict[str, str], order: int, place: int) -> Decimal:
    """Return points in half steps: objective ones the same from everybody, subjective ones a little apart."""
    most = Decimal(criterion["max"])
    share = Decimal("0.95") - Decimal("0.06") * order
    if criterion["kind"] == "subjective":
        share -= Decimal("0.02") * ((place + order) % 3)
    return (most * share * 2).to_integral_value() / 2


async def conclude(stage: Stage, session: str, members: list[HttpPerson]) -> None:
    """Have the chair confirm the summary and every member sign the report."""
    chair = members[0]
    summary = await chair.get(f"/api/v1/sessions/{session}/summary")
    await stage.say("平台", f"{summary['formula']}；基准价 {summary['benchmark']} 元", rule="R-PRC-02")
    for row in summary["ranking"]:
        words = f"第 {row['rank']} 名 {row['bidder']}：价格分 {row['price_score']}，总分 {row['total']}"
        await stage.say("平台", words, rule="R-EVAL-10")
    explanation = "已逐项核对，属于成员独立判断，分数不变。" if summary["alarms"] else ""
    await chair.post(f"/api/v1/sessions/{session}/summary", {"explanation": explanation})
    for member in members:
        desk = await member.get(f"/api/v1/sessions/{session}")
        report = messages.digest_of_report(desk["report"])
        if report != b64u_decode(desk["report_digest"]):
            raise AssertionError("the report is not the one whose digest is shown")
        token = member.sign(messages.REPORT_TYP, messages.report_signature(session, desk["seat"], report))
        await member.post(f"/api/v1/sessions/{session}/sign", {"jws": token})
    signed = await stage.person("agency").get(f"/api/v1/lots/{stage.found['lot']}/evaluation-report")
    words = f"{len(signed['signatures'])} 名成员全部签名，评标报告送达招标人，推荐中标候选人"
    await stage.say("评标委员会", words, rule="R-EVAL-08")


def _code_of(text: str) -> str:
    found = _CODE.search(text)
    if found is None:
        raise AssertionError("the message carries no code")
    return found.group()
