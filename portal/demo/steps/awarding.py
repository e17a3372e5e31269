"""Scene: candidates are made public, an award that comes too early is refused, the award and its notice follow."""

from typing import Any

from portal.demo.client import HttpPerson, Refused
from portal.demo.stage import Stage


async def play(stage: Stage) -> None:
    """Play from the committee's report to the award notice; leaves `award_notice` in `stage.found`."""
    stage.scene("中标候选人公示")
    agency, buyer = stage.person("agency"), stage.person("buyer")
    lot, dates = stage.found["lot"], stage.case["dates"]

    await stage.clock_to(dates["candidates"])
    posted = await agency.post(f"/api/v1/lots/{lot}/candidates")
    notice = await agency.get(f"/api/v1/notices/{posted['id']}")
    candidates: list[dict[str, Any]] = notice["content"]["data"]["candidates"]
    entry = await stage.entry("candidates.published")
    for candidate in candidates:
        words = f"第 {candidate['rank']} 名 {candidate['bidder_name']}，{candidate['price']} 元"
        await stage.say(agency.name, words, rule="R-ANN-03", entry=entry)
    last_day = (await _facts(agency, lot, "candidates.published"))["last_day"]
    await stage.say("平台", f"公示期最后一日 {last_day}，期内可以提出异议", rule="R-TIME-15")

    stage.scene("定标与中标通知书")
    first = candidates[0]
    try:
        await buyer.post(f"/api/v1/lots/{lot}/award", {"bid_id": first["bid"]})
    except Refused as refusal:
        if refusal.code != "rule-broken":
            raise
        await stage.say(buyer.name, f"提前定标被拒绝：{refusal.problem['detail']}", rule="R-TIME-15")
    else:
        raise AssertionError("an award within the publicity was accepted")
    await stage.clock_to(dates["award"])
    await buyer.post(f"/api/v1/lots/{lot}/award", {"bid_id": first["bid"]})
    entry = await stage.entry("award.decided")
    await stage.say(buyer.name, f"确定中标人：{first['bidder_name']}", rule="R-AWD-02", entry=entry)

    await stage.clock_to(dates["award_notice"])
    stage.found["award_notice"] = (await agency.post(f"/api/v1/lots/{lot}/award-notice"))["id"]
    entry = await stage.entry("award.notice")
    until = (await _facts(agency, lot, "award.notice"))["contract_until"]
    words = f"发出中标通知书，公告结果，同时告知全部投标人；合同最迟 {until} 订立"
    await stage.say(agency.name, words, rule="R-TIME-19", entry=entry)


async def _facts(person: HttpPerson, lot: str, kind: str) -> dict[str, Any]:
    events = await person.get(f"/api/v1/lots/{lot}/timeline")
    facts: dict[str, Any] = [event["facts"] for event in events if event["type"] == kind][-1]
    return facts
