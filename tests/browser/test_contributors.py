"""Contributors of a draw take part on their pages: a random value made in the browser, a signed commitment, reveal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from kernel.crypto.keys import KeyKind, generate
from kernel.draw import commit_hash
from kernel.drawbook.models import Contribution, Draw
from kernel.drawbook.vault import Vault
from kernel.identity.accounts import add_person_key, create_account
from kernel.identity.models import Account
from tests.browser.served import Person, Served, give_passwords, key_file, served, tampered
from tests.factories.supervision import Office, make_office, make_person
from tests.factories.trading import at, uscc
from tests.world import World
from tests.worlds.draw_world import p256
from tests.worlds.evaluation_world import make_opened_lot
from tests.worlds.expert_world import CENTRE, OVERSIGHT, import_pool
from trading import facade as trading

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def place(world: World, tmp_path: Path) -> AsyncIterator[Served]:
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    async with served(world, tmp_path) as made:
        yield made


async def frozen(world: World, place: Served) -> tuple[Office, Person, Person, str]:
    """An inspection whose draw of objects the supervisor has frozen on the page, with the two contributors."""
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
        await office.planned(tx)
    await world.clock_to(at("2026-08-14 09:00"))
    await give_passwords(world)
    supervisor, centre = await place.person("supervisor"), await place.person("centre")
    path = f"/s/inspections/{office.inspection_id}"
    page = await supervisor.open(path)
    await page.get_by_label("云岭市公共资源交易中心 centre").check()
    await page.fill("#f-commit_by", "2026-08-14 10:00:00")
    await page.fill("#f-reveal_by", "2026-08-14 11:00:00")
    await page.get_by_role("button", name="冻结", exact=True).click()
    await expect(page.locator("#drawcard")).to_contain_text("待您承诺")
    return office, supervisor, centre, path


async def make_value(person: Person) -> Path:
    async with person.page.expect_download() as waiting:
        await person.page.click("#drawmake")
    path = await person.keep(await waiting.value)
    await person.page.set_input_files("#drawfile", path)
    return path


async def choose_own_key(person: Person, login: str) -> None:
    await person.choose_key(key_file(person.folder / "own.key", p256(login), p256(f"{login} unwraps")))


async def commit(person: Person, login: str) -> Path:
    """Make a value, choose its file and the key, sign."""
    value = await make_value(person)
    await choose_own_key(person, login)
    async with person.page.expect_navigation():
        await person.page.click("#drawcommit")
    return value


async def reveal(person: Person, value: Path) -> None:
    await person.page.set_input_files("#drawfile", value)
    async with person.page.expect_navigation():
        await person.page.click("#drawreveal")


async def test_an_inspections_draw_from_freeze_to_result(world: World, place: Served) -> None:
    office, supervisor, centre, path = await frozen(world, place)
    await supervisor.check("draw-commit")
    await centre.open("/inbox")
    await centre.page.click("text=请参与双随机抽查的抽取")
    await expect(centre.page.locator("#drawcard")).to_contain_text("待您承诺")

    first = await commit(supervisor, "supervisor")
    await expect(supervisor.page.locator("#drawcard")).to_contain_text("等待其他方承诺")
    second = await commit(centre, "centre")
    await expect(centre.page.locator("#drawcard")).to_contain_text("等待截止承诺")
    await expect(supervisor.page.locator("#drawreveal")).to_be_visible(timeout=20_000)  # the page saw it by itself
    await reveal(supervisor, first)
    await centre.open(path)
    await centre.check("draw-reveal")
    await reveal(centre, second)
    await expect(centre.page.locator("#drawcard")).to_contain_text("已抽取")

    await centre.open("/draws")
    await expect(centre.page.locator("main")).to_contain_text("已抽取")
    await centre.check("draws")
    async with world.services.db.begin_read_only() as tx:
        draw = (await tx.session.execute(select(Draw))).scalar_one()
        given = (await tx.session.execute(select(Contribution))).scalars().all()
    assert draw.state == "drawn"
    assert all(commit_hash(draw.spec, row.party, row.value or b"") == row.commitment for row in given)
    assert {row.party.split(":")[0] for row in given} == {"supervisor", "centre"}
    assert office.inspection_id == draw.subject
    assert supervisor.faults == centre.faults == []


async def test_a_committees_draw_by_agency_and_supervisor(world: World, place: Served) -> None:
    vault = world.services.plugins["vault"]
    async with world.services.db.begin() as tx:
        opened = await make_opened_lot(tx)
        await import_pool(tx, await make_person(tx, "centre", "centre", CENTRE), vault, opened.trading)
        await make_person(tx, "supervisor", "supervisor", OVERSIGHT)
        lot = await trading.get_lot(tx, opened.lot_id)
        told = {"login": "agency", "display_name": "王珂", "roles": ["agency"], "organisation_id": lot.agency_id}
        await create_account(tx, **told)
    await world.clock_to(at("2026-08-06 15:00"))
    await give_passwords(world)
    agency, supervisor = await place.person("agency"), await place.person("supervisor")

    page = await agency.open(f"/a/lots/{opened.lot_id}/committee")
    key = await agency.make_key()
    await page.select_option("#f-groups-1-speciality", "B0133")
    await page.select_option("#f-groups-2-speciality", "C0502")
    await page.fill("#f-begins", "2026-08-07 09:00:00")
    await page.fill("#f-place", "评标一室")
    await page.get_by_role("button", name="核对并冻结名单").click()
    await expect(page.locator("#drawcard")).to_contain_text("待您承诺")
    await agency.check("committee-commit")
    first = await make_value(agency)
    await agency.choose_key(key)
    async with page.expect_navigation():
        await page.click("#drawcommit")
    await supervisor.open("/inbox")
    await supervisor.page.click("text=请参与评标专家抽取")
    await expect(supervisor.page.locator("h1")).to_contain_text("评标专家抽取")
    await supervisor.check("oversight")
    second = await commit(supervisor, "supervisor")
    await reveal(supervisor, second)  # both have committed: the first value closes the commitments
    await page.reload()
    await reveal(agency, first)

    await expect(page.locator("#drawcard")).to_contain_text("已抽取")
    await supervisor.page.reload()
    await supervisor.check("oversight-drawn")
    await expect(supervisor.page.locator("main")).to_contain_text("与投标人有利害关系")
    await supervisor.open("/draws")
    await supervisor.page.click("text=评标专家抽取")
    await expect(supervisor.page.locator("#drawcard")).to_contain_text("已抽取")
    async with world.services.db.begin_read_only() as tx:
        draw = (await tx.session.execute(select(Draw))).scalar_one()
    assert draw.state == "drawn"
    for client in (await world.signed_in("a bidder", "bidder"), await world.signed_in("agency")):
        answer = await client.get(f"/s/lots/{opened.lot_id}/committee", headers={"accept": "application/json"})
        assert answer.status_code == 403  # who was left out is supervision's alone


async def test_what_a_contributor_must_not_do_is_refused_in_words(world: World, place: Served) -> None:
    _, supervisor, centre, path = await frozen(world, place)
    page, said = supervisor.page, supervisor.page.locator("#drawsay-err")

    await page.click("#drawcommit")
    await expect(said).to_contain_text("请选择随机数文件")
    value = await make_value(supervisor)
    await page.click("#drawcommit")
    await expect(said).to_contain_text("请选择密钥文件")
    other = await place.person()
    await supervisor.choose_key(key_file(other.folder / "foreign.key", generate(KeyKind.P256)))
    await page.click("#drawcommit")
    await expect(said).to_contain_text("这是另一把密钥", timeout=20_000)
    await supervisor.choose_key(key_file(supervisor.folder / "own.key", p256("supervisor")), "wrong passphrase")
    await page.click("#drawcommit")
    await expect(said).to_contain_text("口令不正确", timeout=20_000)
    await page.set_input_files("#drawfile", tampered(value, spec="A" * 43))
    await page.click("#drawcommit")
    await expect(said).to_contain_text("它属于另一次抽取")

    # Twice from two windows: the second is refused, the first stands.
    again = await supervisor.context.new_page()
    await again.goto(path)
    await page.set_input_files("#drawfile", value)
    await supervisor.choose_key(supervisor.folder / "own.key")
    async with page.expect_navigation():
        await page.click("#drawcommit")
    await again.set_input_files("#drawfile", value)
    await again.set_input_files("#keyfile", supervisor.folder / "own.key")
    await again.fill("#keypass", "a long passphrase")
    await again.click("#drawcommit")
    await expect(again.locator("#drawsay-err")).to_contain_text("您已提交过承诺，不能更换", timeout=20_000)
    await again.close()

    # A value that is not the one committed to is refused; the right one still counts.
    await centre.open(path)
    await commit(centre, "centre")
    await supervisor.open(path)
    await page.set_input_files("#drawfile", tampered(value, r="A" * 43))
    await page.click("#drawreveal")
    await expect(said).to_contain_text("随机数与先前的承诺不一致", timeout=20_000)
    await page.set_input_files("#drawfile", tampered(value, party="centre:1"))
    await page.click("#drawreveal")
    await expect(said).to_contain_text("它是另一贡献方的随机数")
    await reveal(supervisor, value)
    await expect(page.locator("#drawcard")).to_contain_text("等待其他方揭示")


async def test_who_stays_silent_leaves_a_void_attempt_that_is_repeated(world: World, place: Served) -> None:
    _, supervisor, centre, path = await frozen(world, place)
    await commit(supervisor, "supervisor")
    await world.clock_to(at("2026-08-14 10:00"))

    page = await supervisor.open(path)
    await expect(page.locator("#drawcard")).to_contain_text("不能得出结果")
    await supervisor.check("draw-stuck")
    await page.get_by_role("button", name="作废并重新抽取").click()
    await expect(page.locator(".errsum")).to_contain_text("请勾选确认")
    await page.check("#f-void")
    await page.get_by_role("button", name="作废并重新抽取").click()
    await expect(page.locator("main")).to_contain_text("冻结名录与检查对象抽取规则")
    await centre.open("/draws")
    await expect(centre.page.locator("main")).to_contain_text("已作废")


async def test_only_contributors_see_the_page(world: World, place: Served) -> None:
    *_, path = await frozen(world, place)
    await world.signed_in("other agency", "agency", uscc=uscc("91610133MA6TX0XJ2"), organisation="旁观代理")
    stranger = await world.signed_in("other agency")
    bidder, visitor = await world.signed_in("a bidder", "bidder"), world.client()

    for client, status in ((stranger, 404), (bidder, 403), (visitor, 401)):
        assert (await client.get(path, headers={"accept": "application/json"})).status_code == status
    assert (await bidder.get("/draws", headers={"accept": "application/json"})).status_code == 403
    assert "没有需要参与的抽取" in (await stranger.get("/draws", headers={"accept": "text/html"})).text


async def test_escrow_and_public_numbers_make_silence_useless(world: World, place: Served) -> None:
    three, bodies = ("centre", "supervisor", "third"), (uscc("12610100MB0X0004X"), uscc("12610100MB0X0005X"))
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
        await office.planned(tx)
        await make_person(tx, "agency", "third", (uscc("91610133MA6TX0XJ2"), "旁观代理"))
        for login in three:
            account = (await tx.session.execute(select(Account).where(Account.login == login))).scalar_one()
            await add_person_key(tx, account.id, purpose="unwrap", spki=p256(f"{login} unwraps").public.spki)
        for login, code in zip(("notary", "union"), bodies, strict=True):
            await make_person(tx, "trustee", login, (code, f"{login} 单位"))
    await world.clock_to(at("2026-08-14 09:00"))
    await give_passwords(world)
    people = {login: await place.person(login) for login in three}
    supervisor, path = people["supervisor"], f"/s/inspections/{office.inspection_id}"
    page = await supervisor.open(path)
    await expect(page.locator("#f-beacon")).to_be_checked()  # usual for inspections, once there are witnesses
    for words in ("云岭市公共资源交易中心 centre", "旁观代理 third", "notary 单位 notary", "union 单位 union"):
        await page.get_by_label(words).check()
    told = {"commit_by": "10:00:00", "beacon_at": "12:00:00", "reveal_by": "13:00:00"}
    for name, time in told.items():
        await page.fill(f"#f-{name}", f"2026-08-14 {time}")
    await page.get_by_role("button", name="冻结", exact=True).click()
    await expect(page.locator(".errsum")).to_contain_text("请写明公共随机数的来源")
    await page.fill("#f-beacon_source", "福利彩票 3D 第 2026216 期开奖号码")
    await page.get_by_role("button", name="冻结", exact=True).click()
    await expect(page.locator("#drawcard")).to_contain_text("待您承诺")

    values = {}
    for login, person in people.items():
        await person.open(path)
        values[login] = await commit(person, login)
    await supervisor.open(path)
    await page.get_by_role("button", name="截止承诺", exact=True).click()
    for login, person in people.items():
        await person.open(path)
        await expect(person.page.locator("#drawcard")).to_contain_text("待您托管")
        await person.page.set_input_files("#drawfile", values[login])
        await choose_own_key(person, login)
    await supervisor.check("draw-escrow")
    for person in people.values():
        await person.page.click("#drawescrow")  # each page goes on by itself as the others deliver
    for person in people.values():
        await expect(person.page.locator("#drawcard")).to_contain_text("等待公共随机数", timeout=40_000)

    await world.clock_to(at("2026-08-14 12:00"))
    for login in ("notary", "union"):
        witness = await place.person(login)
        await witness.open("/draws")
        await witness.page.click("text=检查对象抽取")
        await witness.page.fill("#beaconnumbers", "8 2 5")
        await witness.choose_key(key_file(witness.folder / "own.key", p256(login)))
        await witness.check(f"draw-witness-{login}")
        async with witness.page.expect_navigation():
            await witness.page.click("#beaconsign")
        assert witness.faults == []
    await expect(witness.page.locator("#drawcard")).to_contain_text("2.5.8./")
    for login in ("centre", "supervisor"):
        await people[login].open(path)
        await reveal(people[login], values[login])
    await world.clock_to(at("2026-08-14 13:00"))
    for login in ("centre", "supervisor"):
        await people[login].open(path)
        await expect(people[login].page.locator("#drawcard")).to_contain_text("待您交出分片")
        await choose_own_key(people[login], login)
        async with people[login].page.expect_navigation():
            await people[login].page.click("#drawrecover")
    await expect(page.locator("#drawcard")).to_contain_text("由分片恢复")

    await world.settle()
    async with world.services.db.begin_read_only() as tx:
        draw = (await tx.session.execute(select(Draw))).scalar_one()
    visitor = await place.person()
    await visitor.open(f"/verify/draws/{draw.id}")
    await visitor.page.click("#verify")
    await expect(visitor.page.locator("#vres")).to_contain_text("全部一致", timeout=30_000)
    await visitor.check("draw-verified")
    assert all(person.faults == [] for person in (*people.values(), visitor))
