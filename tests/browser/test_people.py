"""People and firms at real browsers: administrators and a new colleague, passkeys, a firm's registration, its clerk.

One installation serves the module: the tests share its set-up, not its people.
"""

from collections.abc import AsyncIterator
from typing import Any

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import text

from bidding.keyfile import LicenceFile, write_licence_file
from kernel.crypto.authority import Holder, issue_licence
from kernel.crypto.keys import KeyKind, generate
from tests.browser.served import PASSPHRASE, Person, Served, served
from tests.conftest import FreshDatabase
from tests.databases import Server
from tests.world import PASSWORD, make_world
from tests.worlds.bidding_world import Bidder, BiddingWorld, uscc

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    server: Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Served, BiddingWorld]]:
    name = await server.clone(template)
    async with make_world(FreshDatabase(name, server, None)) as world:  # type: ignore[arg-type]  # only its addresses
        bw = BiddingWorld(world)
        async with served(world, tmp_path_factory.mktemp("people")) as found:
            found.url = found.url.replace("127.0.0.1", "localhost")  # browsers make passkeys for names only
            world.live_at(found.url)
            yield found, bw
    await server.drop(name)


async def authenticator(person: Person) -> Any:
    """Give a browser a built-in authenticator with a person who is always recognised."""
    session = await person.context.new_cdp_session(person.page)
    await session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    kept = {"automaticPresenceSimulation": True, "isUserVerified": True}
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options | kept})
    return session, made["authenticatorId"]


async def press(page: Page, name: str, *, exact: bool = True) -> None:
    await page.get_by_role("button", name=name, exact=exact).click()


async def code_half(page: Page) -> str:
    await expect(page.locator(".note--ok .bigcode")).to_be_visible()
    return await page.locator(".note--ok .bigcode").inner_text()


async def test_two_administrators_let_a_colleague_in_and_the_third_reads_it(
    place: tuple[Served, BiddingWorld],
) -> None:
    platform, bw = place
    for login in ("system", "security", "audit"):
        await bw.world.signed_in(login, f"{login}_admin")
    system, security = await platform.person("system"), await platform.person("security")

    page = await system.open("/admin/staff")
    await page.fill("#f-login", "lin.wei")
    await press(page, "提交审批")
    await expect(page.locator(".errsum")).to_contain_text("姓名")
    assert await page.input_value("#f-login") == "lin.wei", "what was typed stays"
    for field, value in {
        "name": "林蔚", "organisation": "西安市公共资源交易中心", "uscc": uscc(77), "reason": "市公管办〔2026〕31 号",
    }.items():  # fmt: skip
        await page.fill(f"#f-{field}", value)
    await page.get_by_label("招标代理机构").first.check()
    await page.wait_for_timeout(4100)  # a second press within four seconds is taken for a slip
    await press(page, "提交审批")
    first = await code_half(page)
    await system.check("staff-asked")

    page = await security.open("/admin/staff")
    await press(page, "同意登记账户")
    second = await code_half(page)

    holder = await platform.person()
    page = await holder.open("/activate")
    await page.fill("#f-code", first + second)
    await page.fill("#f-password", PASSWORD)
    await press(page, "下一步")
    secret = (await page.locator(".bigcode").inner_text()).replace(" ", "")
    await page.fill("#f-otp", pyotp.TOTP(secret).now())
    await press(page, "激活并登录")
    await page.wait_for_url("**/a")

    audit = await platform.person("audit")
    page = await audit.open("/admin/access")
    await expect(page.locator("main")).to_contain_text("同意：lin.wei")
    await audit.check("access")
    await audit.open("/admin/policy")
    await audit.check("policy")
    assert (await audit.page.goto("/admin/staff")).status == 403  # type: ignore[union-attr]
    assert [person.faults for person in (system, security, holder, audit)] == [[], [], [], []]


async def test_a_passkey_is_made_signs_in_proves_anew_and_is_refused_once_removed(
    place: tuple[Served, BiddingWorld],
) -> None:
    platform, bw = place
    await bw.world.signed_in("zhou", "supervisor")
    person = await platform.person("zhou")
    session, key = await authenticator(person)
    page = await person.open("/me/security")
    await page.fill("#f-pkname", "办公室电脑")
    await press(page, "添加通行密钥")
    await expect(page.locator(".devices").first).to_contain_text("办公室电脑")
    await person.check("security-passkey")

    await page.context.clear_cookies()
    await person.open("/login?next=/me/security")
    await person.check("sign-in")
    await press(page, "用通行密钥登录")
    # The address of the page before ends the same way, so the page itself tells that the sign-in is over.
    await expect(page.locator(".devices").first).to_contain_text("办公室电脑")

    async with bw.db.begin() as tx:
        await tx.session.execute(text("UPDATE identity_session SET stepped_up_at = stepped_up_at - interval '1 hour'"))
    await page.locator(".edit summary").click()
    await press(page, "删除", exact=False)
    await page.wait_for_url("**/step-up?next=**")
    await person.check("step-up")
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    await press(page, "用通行密钥确认")
    await expect(page.get_by_role("alert").filter(has_text="没有完成")).to_be_visible(timeout=20_000)
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    await press(page, "用通行密钥确认")
    await page.wait_for_url("**/me/security")
    await page.locator(".edit summary").click()
    await press(page, "删除", exact=False)
    await expect(page.locator(".edit")).to_have_count(0)

    await page.context.clear_cookies()
    await person.open("/login")
    await press(page, "用通行密钥登录")
    await expect(page.get_by_role("alert").filter(has_text="没有通过核验")).to_be_visible()
    assert person.faults == []

    plain = await platform.person(script=False)
    page = await plain.open("/login")
    assert "通行密钥需要启用脚本" in await page.content()  # the emulated browser parses noscript as text
    await expect(page.locator("#f-password")).to_be_visible()


async def firm_at_browser(platform: Served, bw: BiddingWorld, firm: Bidder) -> Person:
    """A firm whose licence has signed in: its browser carries that session."""
    answer = await firm.client.post(
        "/api/v1/auth/licence", json={"token": await bw.token(firm, await bw.challenge(firm.client))}
    )
    assert answer.status_code == 200, answer.text
    person = await platform.person()
    await person.context.add_cookies([{"name": "sid", "value": answer.cookies["sid"], "url": platform.url}])
    return person


async def test_a_firm_registers_in_three_steps_and_appoints_a_clerk(place: tuple[Served, BiddingWorld]) -> None:
    platform, bw = place
    firm = await bw.company(51, "陕西光明科技有限公司")
    person = await firm_at_browser(platform, bw, firm)
    page = await person.open("/registration")
    await expect(page.locator("main")).to_contain_text(firm.uscc)
    await person.check("registration-1")
    await page.get_by_role("link", name="信息无误").click()
    await expect(page.locator("aside.stack")).to_contain_text("还缺")
    await page.fill("#f-contact_name", "周明远")
    await page.fill("#f-address", "陕西省西安市高新区科技路 1 号")
    await expect(page.locator("#saved")).to_contain_text("已自动保存", timeout=15_000)
    await page.reload()
    assert await page.input_value("#f-contact_name") == "周明远", "typed text survives a reload"
    await page.fill("#f-contact_phone", "12345")
    await page.fill("#f-bank_name", "示例银行西安高新支行")
    await page.fill("#f-bank_account", "1705020409200012345")
    await press(page, "保存，下一步")
    await expect(page.locator(".errsum")).to_contain_text("电话")
    await person.check("registration-2")
    await page.wait_for_timeout(4100)
    await page.fill("#f-contact_phone", "13812345678")
    await press(page, "保存，下一步")
    await page.wait_for_url("**/registration/3")
    await press(page, "完成登记")
    await expect(page.locator(".errsum")).to_be_visible()
    paper = person.folder / "bank.pdf"
    paper.write_bytes(b"%PDF-1.7 account")
    await page.set_input_files("#f-bank_proof", paper)
    await page.locator("form", has=page.locator("#f-bank_proof")).locator("button[type=submit]").click()
    await expect(page.locator("main")).to_contain_text("bank.pdf")
    await page.check("#f-promise")
    await person.check("registration-3")
    await press(page, "完成登记")
    await page.wait_for_url("**/organisation**")
    await person.check("organisation")

    clerk = await clerk_who_asked(bw, firm)
    page = await person.open("/b/clerks")
    await person.check("clerks-asked")
    licence = person.folder / "firm.lic"
    chain = [bw.authority.issuing]
    content = LicenceFile(
        firm.uscc, firm.name, firm.sign_key, [firm.licence.sign, *chain], firm.encrypt_key,  # type: ignore[arg-type]
        [firm.licence.encrypt, *chain],
    )  # fmt: skip
    licence.write_bytes(write_licence_file(content, PASSPHRASE))
    await press(page, "签名并授权")
    await expect(page.locator("#appointsay-err")).to_contain_text("请至少选择一项")
    for scope in ("prepare", "submit"):
        await page.check(f"#s-{scope}")
    await page.fill("#until", (await bw.now()).strftime("%Y") + "-12-31")
    await page.set_input_files("#licfile", licence)
    await page.fill("#licpass", PASSPHRASE)
    async with page.expect_navigation():
        await press(page, "签名并授权")
    await expect(page.locator("main")).to_contain_text("李办事")
    await bw.sign_in(clerk)
    assert (await clerk.client.get("/api/v1/me")).json()["name"] == "李办事"
    await page.locator(".more summary").click()
    await person.check("clerks")
    await press(page, "解除 李办事 的授权")
    await expect(page.locator("main")).to_contain_text("已解除")
    assert (await clerk.client.get("/api/v1/me")).status_code == 401, "ended at once"
    await person.open("/seals")
    await person.check("seals")
    assert person.faults == []


async def clerk_who_asked(bw: BiddingWorld, firm: Bidder) -> Bidder:
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    licence = issue_licence(
        bw.authority, Holder(firm.uscc, firm.name, "李办事", "clerk"), sign.public, encrypt.public, await bw.now()
    )
    clerk = Bidder(firm.name, firm.uscc, sign, licence, bw.world.client(), firm.bid_key)
    assert (await bw.sign_in(clerk)).json()["reason"] == "not-appointed"
    return clerk
