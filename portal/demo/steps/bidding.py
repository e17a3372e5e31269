"""Scene: companies register with their licences, ask, seal and submit; one replaces its bid, one withdraws."""

from typing import Any

from portal.demo.client import Refused
from portal.demo.company import SIZES, Company, found_company, revoke_licence
from portal.demo.stage import Stage
from portal.demo.steps.trading import ask_and_answer


async def play(stage: Stage) -> None:
    """Play up to the last minutes before the deadline; leaves the companies in `stage.found["companies"]`."""
    stage.scene("投标人登记")
    companies = await _register(stage)
    stage.found["companies"] = companies
    stage.scene("提问与答复")
    await ask_and_answer(stage, companies[0].person, [company.person for company in companies])
    stage.scene("密封与递交")
    await _submit(stage, companies)


async def _register(stage: Stage) -> list[Company]:
    await stage.clock_to(stage.case["dates"]["interest"])
    companies = []
    for case in stage.case["inventions"]["bidders"]:
        company = await found_company(stage, case)
        if case["part"] == "revoked":
            await _refused(stage, company)
            continue
        await company.sign_in()
        if await company.register():
            await stage.say(company.name, "首次登录，完成单位登记：联系人、基本账户、材料与承诺", rule="R-LIC-10")
        await company.take_part()
        stage.logins[company.person.folder.name] = (f"{case['name']}.lic", "sunlit")
        await stage.say(company.name, "以电子营业执照登录，登记参加并取得招标文件", rule="R-ET-03")
        companies.append(company)
    return companies


async def _refused(stage: Stage, company: Company) -> None:
    await revoke_licence(company)
    try:
        await company.sign_in()
    except Refused as refusal:
        if refusal.problem.get("reason") != "revoked":
            raise
        await stage.say(company.name, f"登录被拒绝：{refusal.problem['detail']}", rule="R-ET-03")
    else:
        raise AssertionError("a revoked licence signed in")


async def _submit(stage: Stage, companies: list[Company]) -> None:
    await stage.clock_to(stage.case["dates"]["bids"])
    for number, company in enumerate(companies):
        size = SIZES[number % len(SIZES)]
        await company.prepare(company.case["price"], min(size, stage.largest or size))
        if company.case["part"] == "late":
            await stage.say(company.name, "密文已上传，尚未签名递交（没有递交，不是投标）", rule="R-ET-05")
            continue
        receipt = await company.submit()
        size = sum(doc["bytes"] for doc in company.docs)
        await stage.say(
            company.name,
            f"密封 {size / 1e6:.1f} MB 并递交，回执已在本机核验，第 {company.rev} 次",
            rule="R-ET-05",
            entry=receipt.index,
        )
    await stage.clock_to(stage.case["dates"]["last_minutes"])
    for company in companies:
        await _change_of_mind(stage, company)
    await _nobody_knows(stage)


async def _change_of_mind(stage: Stage, company: Company) -> None:
    if company.case["part"] == "replaces":
        await company.prepare(company.case["final_price"], SIZES[0])
        receipt = await company.submit()
        await stage.say(company.name, f"修改投标，替换第 {company.rev - 1} 次", rule="R-ET-05", entry=receipt.index)
    elif company.case["part"] == "withdraws":
        receipt = await company.withdraw()
        await stage.say(company.name, "撤回投标", rule="R-ET-05", entry=receipt.index)


async def _nobody_knows(stage: Stage) -> None:
    """The agency looks, and sees nothing."""
    agency, lot = stage.person("agency"), stage.found["lot"]
    state: dict[str, Any] = await agency.get(f"/api/v1/lots/{lot}/opening")
    if state["stage"] != "sealed" or state["bids"]:
        raise AssertionError("the agency sees bids before the opening")
    try:
        await agency.get(f"/api/v1/lots/{lot}/close-list")
    except Refused as refusal:
        if refusal.status != 404:
            raise
    else:
        raise AssertionError("there is a close list before the close")
    await stage.say(agency.name, "查看本标段：开标前看不到投标人名称、数量和内容", rule="R-ET-05")
