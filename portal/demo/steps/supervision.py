"""Scene: the supervisor runs a double-random inspection after the award, and its result becomes public.

Everything in it is invented; the data stand in `inspection.json`, apart from the facts of the notice.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.canonical import format_time
from kernel.draw import verify_draw
from portal.demo.client import HttpPerson, Refused
from portal.demo.contributing import Contributor, witness
from portal.demo.stage import Stage, beijing

_DATA = Path(__file__).parents[1] / "inspection.json"
Json = dict[str, Any]


async def play(stage: Stage) -> None:
    """Play from the registers to the published result; leaves `inspection` and both draws' ids in `stage.found`."""
    data: Json = json.loads(_DATA.read_text(encoding="utf-8"))
    stage.scene("双随机抽查")
    await stage.clock_to(stage.case["dates"]["inspection"])
    supervisor, second, third = await _contributors(stage, data)
    inspectors = await _inspectors(stage, data)
    await _registers(stage, supervisor, data)
    inspection = await _plan(stage, supervisor, data)
    stage.found["inspection"] = inspection

    stage.found["target_draw"] = await _escrowed_draw(stage, inspection, [supervisor, second, third], data)
    told = await supervisor.get(f"/api/v1/inspections/{inspection}")
    await stage.say("平台", f"对象抽取：{told['objects']} 个中抽出 {told['picked']} 个，按信用等级分层", rule="R-DR-07")
    stage.found["inspector_draw"] = await _draw(stage, inspection, "inspectors", [supervisor, third])
    await _tell_teams(stage, inspection, supervisor, data)

    stage.scene("检查、记录与公开")
    await stage.clock_to(data["dates"]["recorded"])
    await _record(stage, inspection, inspectors, data)
    await _publish(stage, inspection, supervisor, data)


async def _contributors(stage: Stage, data: Json) -> list[HttpPerson]:
    """Return supervisor, agency and trading centre, signed in, each with registered keys."""
    inventions = stage.case["inventions"]
    for key in ("supervisor", "centre"):
        if key not in stage.logins:
            body = inventions["organisations"][key]
            await stage.staff(key, name=inventions["staff"][key], roles=[key], organisation=body)
    for row in inventions["trustees"]:
        if row["key"] in data["beacon"]["witnesses"] and row["key"] not in stage.logins:
            await stage.staff(row["key"], name=row["name"], roles=["trustee"], organisation=row["organisation"])
            await stage.person(row["key"]).register_key("sign")
    people = [stage.person(key) for key in ("supervisor", "agency", "centre")]
    for person in people:
        await person.register_key("sign")
        await person.register_key("unwrap")
    return people


async def _inspectors(stage: Stage, data: Json) -> dict[str, HttpPerson]:
    people = {}
    async with stage.progress("检查人员登记", len(data["inspectors"])) as advance:
        for row in data["inspectors"]:
            body = data["bodies"][row["body"]]
            person = await stage.staff(row["key"], name=row["name"], roles=["inspector"], organisation=body)
            await person.register_key("sign")
            people[row["certificate"]] = person
            advance(1)
    return people


async def _registers(stage: Stage, supervisor: HttpPerson, data: Json) -> None:
    targets = {"kind": "agency", "targets": data["targets"], "complete": True}
    objects = (await supervisor.post("/api/v1/registers/targets", targets))["registered"]
    drafts = [
        {
            "login": row["key"],
            "certificate": row["certificate"],
            "may_lead": row["may_lead"],
            "conflicts": [row["conflict"]] if "conflict" in row else [],
        }
        for row in data["inspectors"]
    ]
    people = (await supervisor.post("/api/v1/registers/inspectors", {"inspectors": drafts}))["registered"]
    await stage.say(supervisor.name, f"两库就绪：检查对象 {objects} 个，执法检查人员 {people} 人", rule="R-DR-02")


async def _plan(stage: Stage, supervisor: HttpPerson, data: Json) -> str:
    plan = {name: data[name] for name in ("title", "items", "batch", "starts_on", "ends_on")}
    plan |= {"target_kind": "agency", "team_size": 2, "certified_lead": True}
    try:
        await supervisor.post("/api/v1/inspections", plan | {"team_size": 1})
    except Refused as refusal:
        if refusal.code != "rule-broken":
            raise
        await stage.say(supervisor.name, f"计划被退回：{refusal.problem['detail']}", rule="R-DR-05")
    else:
        raise AssertionError("an inspection by one person was accepted")
    made = await supervisor.post("/api/v1/inspections", plan)
    inspection = str(made["id"])
    shares = "、".join(f"{credit} 级 {rate['percent']}%" for credit, rate in sorted(made["rates"].items()))
    entry = await _entry(stage, supervisor, inspection, "inspection.planned")
    await stage.say(supervisor.name, f"抽查计划 {made['number']}：{shares}", rule="R-DR-04", entry=entry)
    return inspection


async def _escrowed_draw(stage: Stage, inspection: str, people: list[HttpPerson], data: Json) -> str:
    """Draw the objects with three contributors, escrow and public numbers; one contributor never tells its value.

    Returns:
        The draw's id.
    """
    supervisor, silent, _ = people
    base, beacon = f"/api/v1/inspections/{inspection}", data["beacon"]
    now, at = await stage.now(), beijing(beacon["at"])
    terms = {
        "commit_by": format_time(now + timedelta(minutes=10)),
        "escrow_by": format_time(now + timedelta(minutes=20)),
        "reveal_by": format_time(at + timedelta(minutes=30)),
        "contributors": [person.folder.name for person in people],
        "beacon": {"source": beacon["source"], "at": format_time(at), "witnesses": beacon["witnesses"]},
    }
    draw = str((await supervisor.post(f"{base}/freeze", terms))["draw"])
    spec: Json = (await supervisor.get(base))["draws"]["targets"]["spec"]
    entry = await _entry(stage, supervisor, inspection, "draw.spec")
    words = "冻结对象名录与抽取规则：三方贡献随机数，设托管，并加入公共随机数"
    await stage.say(supervisor.name, words, rule="R-DR-12", entry=entry)
    parties = await _parties(people, spec, draw, base)
    for one in parties:
        await one.commit()
    await supervisor.post(f"{base}/close")
    entry = await _entry(stage, supervisor, inspection, "draw.close")
    await stage.say("各方", "提交随机数承诺；承诺截止，此后不能加入任何随机数", rule="R-DR-12", entry=entry)
    for one in parties:
        await one.deliver()
    ended = [await one.acknowledge() for one in parties]
    if not ended[-1]:
        raise AssertionError("the escrow did not end with the last acknowledgement")
    entry = await _entry(stage, supervisor, inspection, "draw.final")
    words = "托管：每方的随机数拆成两份加密交给另外两方，逐份打开、核对、签名确认"
    await stage.say("各方", words, rule="R-DR-12", entry=entry)

    await stage.clock_to(beacon["at"])
    stands = [await witness(stage.person(key), parties[0].spec, draw, beacon["numbers"]) for key in beacon["witnesses"]]
    if stands != [False, True]:
        raise AssertionError("public numbers stand before two witnesses agree, or not even then")
    entry = await _entry(stage, supervisor, inspection, "draw.beacon")
    await stage.say("两名见证人", f"签名登记公共随机数：{beacon['source']}", rule="R-DR-12", entry=entry)
    helping = [one for one in parties if one.person is not silent]
    for one in helping:
        await one.reveal()
    await stage.say("、".join(one.person.name for one in helping), "公开随机数")
    await stage.clock_to(beacon["silent_until"])
    await stage.say(silent.name, "逾期不公开随机数")
    missing = next(one.party for one in parties if one.person is silent)
    for one in helping:
        await one.give_back(missing)
    entry = await _entry(stage, supervisor, inspection, "draw.result")
    words = "其余两方交出保管的分片，恢复出同一随机数，结果由公式算出：沉默改变不了结果"
    await stage.say("平台", words, rule="R-DR-12", entry=entry)
    await _replay(stage, f"{base}/draws/targets", draw)
    await stage.wait_until(lambda: _stage_is(supervisor, base, "drawn"), what="抽查进入选派")
    return draw


async def _stage_is(reader: HttpPerson, base: str, wanted: str) -> bool:
    return bool((await reader.get(base))["stage"] == wanted)


async def _parties(people: list[HttpPerson], spec: Json, draw: str, base: str) -> list[Contributor]:
    found = []
    for person in people:
        uscc = (await person.get("/api/v1/me"))["uscc"]
        party = next(one["party"] for one in spec["contributors"] if one["org"] == uscc)
        found.append(Contributor(person, spec, draw, party, base))
    return found


async def _draw(stage: Stage, inspection: str, which: str, people: list[HttpPerson]) -> str:
    """Freeze, commit, close, reveal; then replay the draw as anybody may. Returns the draw's id."""
    supervisor = people[0]
    base = f"/api/v1/inspections/{inspection}"
    now = await stage.now()
    times = {
        "commit_by": format_time(now + timedelta(minutes=10)),
        "reveal_by": format_time(now + timedelta(minutes=40)),
        "contributors": [person.folder.name for person in people],
    }
    draw = str((await supervisor.post(f"{base}/freeze", times))["draw"])
    spec: Json = (await supervisor.get(base))["draws"][which]["spec"]
    words = (
        "冻结对象名录与抽取规则" if which == "targets" else f"冻结选派规则，须回避 {len(spec['params']['recused'])} 对"
    )
    entry = await _entry(stage, supervisor, inspection, "draw.spec")
    await stage.say(supervisor.name, f"{words}（{spec['algo']}）", rule="R-DR-12", entry=entry)

    parties = await _parties(people, spec, draw, base)
    for one in parties:
        await one.commit()
        entry = await _entry(stage, one.person, inspection, "draw.commit")
        await stage.say(one.person.name, "提交随机数承诺", rule="R-DR-12", entry=entry)
    await supervisor.post(f"{base}/close")
    for one in parties:
        await one.reveal()
    entry = await _entry(stage, supervisor, inspection, "draw.result")
    await stage.say("各方", "公开随机数，结果由公式算出", rule="R-DR-12", entry=entry)
    await _replay(stage, f"{base}/draws/{which}", draw)
    return draw


async def _replay(stage: Stage, address: str, draw: str) -> None:
    visitor = stage.person("visitor", "公众")

    async def files() -> Any:
        try:
            return await visitor.get(address)
        except Refused as refusal:
            if refusal.code != "too-early":
                raise
            return None

    found = await stage.wait_until(files, what="抽取记录")
    verify_draw(found["transcript"], found["pool"], await visitor.get("/api/v1/trust"))
    visitor.keep(f"draw-{draw}.json", found)
    await stage.say("公众", "下载抽取记录，在本机复算，结果一致")


async def _tell_teams(stage: Stage, inspection: str, supervisor: HttpPerson, data: Json) -> None:
    told = await supervisor.get(f"/api/v1/inspections/{inspection}")
    barred = next(row for row in data["inspectors"] if "conflict" in row)
    entry = await _entry(stage, supervisor, inspection, "inspection.assigned")
    words = f"人员选派：{told['picked']} 个对象各 2 人，工作量均衡；{barred['certificate']} 对曾任职单位回避"
    await stage.say("平台", words, rule="R-DR-05", entry=entry)


async def _record(stage: Stage, inspection: str, inspectors: dict[str, HttpPerson], data: Json) -> None:
    """Everybody opens the own tasks; for each object the lead records and the whole team signs."""
    base = f"/api/v1/inspections/{inspection}"
    tasks: dict[str, Json] = {}
    for person in inspectors.values():
        try:
            tasks |= {task["target"]: task for task in await person.post(f"{base}/assignments")}
        except Refused as refusal:
            if refusal.status != 404:  # not drawn this time
                raise
    conflicts = {row["certificate"]: row["conflict"]["unit"] for row in data["inspectors"] if "conflict" in row}
    if any(conflicts.get(member) == task["unit"] for task in tasks.values() for member in task["team"]):
        raise AssertionError("an inspector was sent to a former employer")
    await stage.say("检查人员", f"各自打开本人的检查任务，共 {len(tasks)} 个对象；每次打开都有记录", rule="R-DR-12")
    async with stage.progress("检查记录", len(tasks)) as advance:
        for target, task in tasks.items():
            team = [inspectors[member] for member in task["team"]]
            record = _finding(task["unit"], data)
            made = await team[0].post(f"{base}/records", {"target": target, "record": record})
            for person in team:
                token = {"jws": person.sign(made["typ"], made["payload"])}
                await person.post(f"{base}/records/{made['id']}/signatures", token)
            if record["code"] != "1":
                await stage.say("检查人员", f"{task['name']}：{record['summary']}", rule="R-DR-09")
            advance(1)
    entry = await _entry(stage, stage.person("supervisor"), inspection, "inspection.recorded")
    await stage.say("检查人员", f"{len(tasks)} 份检查记录由两人签名入账", rule="R-DR-05", entry=entry)


def _finding(unit: str, data: Json) -> Json:
    problem = data["problem"]
    if unit != problem["unit"]:
        return {"code": "1", "items": dict.fromkeys(data["items"], "ok"), **data["clean"]}
    words = {name: problem[name] for name in ("findings", "summary", "basis")}
    return {"code": "5", "items": dict.fromkeys(data["items"], "issue"), **words}


async def _publish(stage: Stage, inspection: str, supervisor: HttpPerson, data: Json) -> None:
    base = f"/api/v1/inspections/{inspection}"
    told = await supervisor.get(base)
    words = f"检查完成，结果须于 {told['publish_by']} 前公开（{told['publish_basis']}）"
    await stage.say("平台", words, rule="R-DR-08")
    await stage.clock_to(data["dates"]["published"])
    result = await supervisor.post(f"{base}/publish", {"statement": data["statement"]})
    problems = sum(line["code"] != "1" for line in result["results"])
    entry = await _entry(stage, supervisor, inspection, "inspection.published")
    words = f"公开抽查结果：{len(result['results'])} 个对象，发现问题 {problems} 个"
    await stage.say(supervisor.name, words, rule="R-DR-08", entry=entry)


async def _entry(stage: Stage, reader: HttpPerson, inspection: str, kind: str) -> int:
    """Return the number in the log of the inspection's newest entry of a kind; wait until it has one."""

    async def newest() -> list[int]:
        events = await reader.get(f"/api/v1/inspections/{inspection}/timeline")
        newest = [event["index"] for event in events if event["type"] == kind][-1:]
        return [index for index in newest if index is not None]

    found: list[int] = await stage.wait_until(newest, what=f"账本条目 {kind}")
    return found[-1]
