"""Inspectors write and sign records on their pages; the supervisor orders corrections, publishes, and checks them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from kernel.crypto.keys import KeyKind, generate
from supervision import records
from supervision.queries import list_picks
from tests.browser.served import Person, Served, give_passwords, key_file, served
from tests.factories.supervision import Office, make_office, record_draft
from tests.factories.trading import at
from tests.world import World
from tests.worlds.draw_world import p256

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HTML = {"accept": "text/html"}


@pytest.fixture
async def place(world: World, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(world, tmp_path) as made:
        yield made


@dataclass
class Team:
    """An inspection whose teams are drawn; two people of one team, of whom the first has opened the task."""

    office: Office
    path: str
    target: UUID
    lead: Person
    mate: Person
    logins: tuple[str, str]


async def begin(world: World, place: Served) -> Team:
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
        await office.assigned(tx)
    world.services.plugins["vault"] = office.vault
    await world.clock_to(at("2026-08-18 09:00"))
    await give_passwords(world)
    first = ""
    for login in office.inspectors:
        client = await world.signed_in(login)
        if "尚未打开的任务" in (await client.get("/s/tasks", headers=HTML)).text:
            first = login
            break
    lead = await place.person(first)
    await lead.open("/s/tasks")
    await lead.page.click("text=尚未打开的任务")
    await lead.page.get_by_role("button", name="打开任务").click()
    await lead.page.wait_for_load_state()
    async with world.services.db.begin_read_only() as tx:
        pick = next(one for one in await list_picks(tx, office.inspection_id) if one.team)
    mine = office.inspectors[first].account_id
    second = next(
        login
        for login, actor in office.inspectors.items()
        if actor.account_id in pick.members and actor.account_id != mine
    )
    path = f"/s/inspections/{office.inspection_id}?object={pick.target_id}"
    return Team(office, path, pick.target_id, lead, await place.person(second), (first, second))


async def write(page: Page, folder: Path, summary: str = "收费高于约定，已责令改正。") -> None:
    """Write the record of a problem."""
    await page.get_by_label("发现问题", exact=True).check()
    await page.select_option("#f-code", "5")
    await page.fill("#f-findings", "抽查三份合同，一份收费高于约定。\n当事人陈述：录入错误，愿意退还。")
    await page.fill("#f-basis", "招标投标法实施条例第十四条")
    await page.fill("#f-summary", summary)
    (folder / "收费凭证.pdf").write_bytes(b"%PDF-1.7 evidence")
    await page.set_input_files("#f-evidence", folder / "收费凭证.pdf")
    await page.check("#f-agree")
    await page.get_by_role("button", name="提交记录，请全组签名").click()
    await expect(page.locator("#signcard")).to_contain_text("收费")


async def sign(person: Person, login: str) -> None:
    await person.choose_key(key_file(person.folder / "own.key", p256(login)))
    await person.page.check("#signagree")
    async with person.page.expect_navigation():
        await person.page.click("#signrecord")


async def test_a_record_is_written_signed_published_and_corrected(world: World, place: Served) -> None:
    team = await begin(world, place)
    lead, mate, page = team.lead, team.mate, team.lead.page

    await lead.open(team.path)
    await lead.check("record-form")
    await page.get_by_role("button", name="提交记录，请全组签名").click()
    await expect(page.locator(".errsum")).to_contain_text("请选择结论")
    await page.select_option("#f-code", "1")
    await page.check("#f-agree")
    await page.get_by_role("button", name="提交记录，请全组签名").click()
    await expect(page.locator("#f-items")).to_contain_text("请对每个抽查事项填写")
    await lead.check("record-errors")
    await write(page, lead.folder)
    await lead.check("record-sign")
    await sign(lead, team.logins[0])
    await expect(page.locator("#signcard")).to_contain_text("您已签名")

    await mate.open("/s/tasks")
    await mate.check("tasks")
    await mate.page.click("text=待您签名 >> xpath=ancestor::tr >> css=a")
    await expect(mate.page.locator("#signcard")).to_contain_text("收费凭证.pdf")
    await sign(mate, team.logins[1])
    await expect(mate.page.locator("#signcard")).to_contain_text("全组已签名")
    assert await mate.page.locator("text=修改第").count() == 0  # complete: no version follows
    await mate.check("record-complete")

    await others(world, team)
    supervisor = await place.person("supervisor")
    await publish_with_correction(world, team, supervisor)

    visitor = await place.person()
    shown = await visitor.open(f"/inspections/{team.office.inspection_id}")
    await expect(shown.locator("main")).to_contain_text("退还多收的代理费")
    await expect(shown.locator("main")).to_contain_text("已逾期")
    await expect(shown.locator("main")).to_contain_text("依法不公开（商业秘密保护规定）")
    await visitor.check("inspection-public")
    told = supervisor.page
    await told.reload()
    await supervisor.check("inspection-check")
    await told.get_by_role("button", name="记录复查结果").click()
    await expect(told.locator(".errsum")).to_contain_text("请选择复查结果")
    await told.get_by_text("已整改", exact=True).click()
    await told.get_by_label("复查情况").fill("已退还，凭证齐全。")
    await told.get_by_role("button", name="记录复查结果").click()
    await shown.reload()
    await expect(shown.locator("main")).to_contain_text("复查：已退还，凭证齐全。")
    assert [person.faults for person in (lead, mate, supervisor, visitor)] == [[], [], [], []]


async def others(world: World, team: Team) -> None:
    """The other objects are found in order, and signed."""
    office = team.office
    async with world.services.db.begin() as tx:
        teams = await office.opened(tx)
        for target, members in teams.items():
            if target != team.target:
                made = await records.record_result(tx, members[0], office.inspection_id, target, record_draft())
                for actor in members:
                    await office.sign(tx, actor, made)


async def publish_with_correction(world: World, team: Team, supervisor: Person) -> None:
    page = await supervisor.open(f"/s/inspections/{team.office.inspection_id}")
    await supervisor.check("inspection-publish")
    await page.click("text=已检查 >> xpath=ancestor::tr >> css=a >> nth=0")
    await expect(page.locator("#signcard")).to_contain_text("全组已签名")
    await page.select_option("#f-target", str(team.target))
    await page.fill("#f-demand", "退还多收的代理费。")
    await page.fill("#f-due", "2026-08-01")
    await page.get_by_role("button", name="责令整改").click()
    await expect(page.locator(".errsum")).to_contain_text("不能早于今天")
    await page.fill("#f-due", "2026-08-25")
    await page.get_by_role("button", name="责令整改").click()
    await expect(page.locator("main")).to_contain_text("整改中")
    await world.clock_to(at("2026-08-27 09:00"))
    await supervisor.sign_in("supervisor", await world.code("supervisor"))  # the proof of identity is old by now
    await supervisor.open(f"/s/inspections/{team.office.inspection_id}")
    await page.get_by_role("button", name="签章并公开").click()
    await expect(page.locator(".errsum")).to_contain_text("请勾选确认")
    await page.click("text=依法不公开的检查对象")
    async with world.services.db.begin_read_only() as tx:
        picks = await list_picks(tx, team.office.inspection_id)
    hidden = next(pick for pick in picks if pick.target_id != team.target)
    await page.fill(f"#f-withheld-{hidden.unit}", "商业秘密保护规定")
    await page.check("#f-agree")
    await page.get_by_role("button", name="签章并公开").click()
    await expect(page.locator("main")).to_contain_text("已公开")


async def refuse(page: Page, words: str) -> None:
    """Press the button and wait until the page has thought about it."""
    await page.click("#signrecord")
    await expect(page.locator("#signrecord")).not_to_have_attribute("aria-disabled", "true", timeout=20_000)
    await expect(page.locator("#signsay-err")).to_contain_text(words)


async def test_nobody_signs_what_they_did_not_see(world: World, place: Served) -> None:
    team = await begin(world, place)
    lead, mate, page = team.lead, team.mate, team.lead.page
    await lead.open(team.path)
    await write(page, lead.folder)
    await mate.open(team.path)

    await refuse(page, "请先勾选确认")
    await page.check("#signagree")
    await refuse(page, "请选择密钥文件")
    await lead.choose_key(key_file(lead.folder / "foreign.key", generate(KeyKind.P256)))
    await refuse(page, "没有登记在您名下")
    await lead.choose_key(key_file(lead.folder / "own.key", p256(team.logins[0])))
    for changed in ("[data-told=summary]", "[data-told=findings]", "[data-told-item]"):
        before = await page.locator(changed).first.inner_text()
        await page.locator(changed).first.evaluate("(node) => { node.textContent = '没有任何问题'; }")
        await refuse(page, "页面显示的记录与平台保存的不一致")
        await page.locator(changed).first.evaluate("(node, text) => { node.textContent = text; }", before)
    async with page.expect_navigation():
        await page.click("#signrecord")
    await expect(page.locator("#signcard")).to_contain_text("您已签名")

    # A new version voids the signature under the old one; who still has the old page cannot sign it any more.
    stale = await mate.context.new_page()
    await stale.goto(team.path)
    await mate.page.click("text=修改第 1 版")
    assert await mate.page.locator("#k1").is_checked()  # evidence stays unless somebody takes it out
    await mate.page.fill("#f-summary", "更正后的摘要：收费高于约定。")
    await mate.page.check("#f-agree")
    await mate.page.get_by_role("button", name="提交记录，请全组签名").click()
    await expect(mate.page.locator("#signcard")).to_contain_text("第 2 版")
    await expect(mate.page.locator("#signcard")).to_contain_text("收费凭证.pdf")
    await stale.check("#signagree")
    await stale.set_input_files("#keyfile", key_file(mate.folder / "own.key", p256(team.logins[1])))
    await stale.fill("#keypass", "a long passphrase")
    await refuse(stale, "新的版本")
    await lead.open(team.path)
    await expect(page.locator("#signcard")).to_contain_text("待 2 人签名")

    # Nobody outside the team reads or signs it.
    outsider = next(login for login in team.office.inspectors if login not in team.logins)
    client = await world.signed_in(outsider)
    href = await page.locator("#signcard").get_attribute("data-sign")
    assert href is not None
    assert (await client.get(href, headers={"accept": "application/json"})).status_code == 404
    assert "更正后的摘要" not in (await client.get(team.path, headers=HTML)).text
    assert lead.faults == mate.faults == []


async def test_an_inspector_declares_whom_to_stay_away_from(world: World, place: Served) -> None:
    team = await begin(world, place)
    page = await team.lead.open("/s/tasks")

    await page.fill("#f-unit", "91610131MA6TX0XJ2X")
    await page.fill("#f-reason", "近亲属在该单位任职")
    await page.get_by_role("button", name="申报").click()
    await expect(page.locator(".errsum")).to_contain_text("代码不正确")
    await page.fill("#f-unit", "91610100ma6t00001" + "x")
    async with world.services.db.begin_read_only() as tx:
        unit = (await list_picks(tx, team.office.inspection_id))[0].unit
    await page.fill("#f-unit", unit.lower())
    await page.get_by_role("button", name="申报").click()
    await expect(page.locator("main")).to_contain_text(unit)
    await expect(page.locator("main")).to_contain_text("近亲属在该单位任职")
