"""A procuring entity registers a project: the scoring grid is edited with a script and without one."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route

from tests.browser.served import Person, Served, served
from tests.factories.trading import AGENCY, BUYER, at, set_clock, uscc
from tests.world import World
from trading import facade as trading

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What the person types besides the grid, which comes filled with the usual factors.
TYPED = {
    "title": "服务器采购",
    "number": "YL-2026-0001",
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
    "estimate": "3100000.00",
    "qualifications": "依法注册的法人",
}


@pytest.fixture
async def platform(world: World, tmp_path: Path) -> AsyncIterator[Served]:
    for login, role, who in (("agent", "agency", AGENCY), ("buyer", "procuring_entity", BUYER)):
        await world.signed_in(login, role, uscc=uscc(who[0][:17]), organisation=who[1])
    async with world.services.db.begin() as tx:
        await set_clock(tx, at("2026-07-13 09:00"))
    async with served(world, tmp_path) as found:
        yield found


async def fill(page: Page) -> None:
    for name, text in TYPED.items():
        await page.fill(f"[name={name}]", text)
    await page.select_option("[name=agency]", uscc(AGENCY[0][:17]))


async def test_the_grid_is_edited_while_the_sum_is_shown(platform: Served) -> None:
    visit = await platform.person("buyer")
    page = await visit.open("/a/projects/new")
    await visit.check("registering")
    await fill(page)

    await page.click("text=添加评审因素")
    await page.keyboard.type("T9")
    await page.fill("[name=criteria-5-max]", "2.5")
    assert await page.inner_text("#grid-total") == "102.5"
    assert await page.inner_text("#grid-state") == "多出 2.5 分"
    await page.click("main button.btn:has-text('登记项目'):visible")

    await page.wait_for_selector("#e-criteria:has-text('第三十五条')")
    assert "请填写评审因素名称" in await page.inner_text("#e-criteria-5-name")
    assert await page.input_value("[name=criteria-5-code]") == "T9"
    assert await page.input_value("[name=title]") == "服务器采购"
    await visit.check("registering-refused")
    await page.click("[value='criteria:up:5']")
    assert await page.input_value("[name=criteria-4-code]") == "T9"
    await page.click("[value='criteria:drop:4']")
    assert await page.inner_text("#grid-state") == "合计正确"
    await page.click("main button.btn:has-text('登记项目'):visible")

    await page.wait_for_url("**/plan")
    await visit.check("registered")
    await send_in_pieces(visit, page.url.removesuffix("/plan"))


async def send_in_pieces(visit: Person, room: str) -> None:
    """Upload a document of three pieces: one is cut off, the page is closed, the same file chosen again goes on."""
    file = visit.folder / "图纸.pdf"
    file.write_bytes(b"%PDF-1.7 " + os.urandom(10_000_000))
    sent: list[str] = []
    pieces = re.compile(r"/api/v1/pieces/[^/]+/\d$")

    async def cut(route: Route) -> None:
        sent.append(route.request.url[-1])
        await (route.abort() if sent[-1] == "1" else route.continue_())

    await visit.page.route(pieces, cut)
    page = await visit.open(f"{room}/documents")
    await page.set_input_files("#f-file", file)
    await page.click("#docform button[type=submit]")
    await page.wait_for_selector("#docsay:has-text('连接中断，正在重试')")
    await page.wait_for_selector("#doc-rate:has-text('5.5 MB /')")  # both others have arrived
    page.once("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    page = await visit.open(f"{room}/documents")
    await page.unroute(pieces, cut)
    assert {"0", "1", "2"} <= set(sent)

    again: list[str] = []
    page.on("request", lambda request: again.append(request.url[-1]) if request.method == "PUT" else None)
    await page.set_input_files("#f-file", file)
    async with page.expect_navigation():
        await page.click("#docform button[type=submit]")
    assert "图纸.pdf" in await page.inner_text(".docs")
    assert again == ["1"], "what had arrived was not sent again"
    await visit.check("document-in-pieces")


async def test_without_a_script_every_button_of_the_grid_works(world: World, platform: Served) -> None:
    visit = await platform.person("buyer", script=False)
    page = await visit.open("/a/projects/new")
    await fill(page)

    await page.click("text=添加评审项")
    await page.fill("[name=review_items-4-code]", "R3")
    await page.fill("[name=review_items-4-name]", "质保期不少于三年")
    await page.click("[value='review_items:up:4']")
    assert await page.input_value("[name=review_items-3-code]") == "R3"
    assert page.url.endswith("#f-review_items")
    await page.click("[value='criteria:drop:4']")
    assert await page.inner_text("#grid-total") == "90"
    await page.fill("[name=criteria-3-max]", "20")
    assert await page.input_value("[name=lot_title]") == "服务器采购"
    await page.press("[name=lot_title]", "Enter")

    await page.wait_for_url("**/plan")
    async with world.services.db.begin_read_only() as tx:
        lot = await trading.find_lot(tx, "YL-2026-0001", "001")
    assert lot is not None
    assert [item.code for item in lot.review_items] == ["F1", "Q1", "R1", "R3", "R2"]
    assert [item.max for item in lot.criteria] == ["30", "35", "15", "20"]
