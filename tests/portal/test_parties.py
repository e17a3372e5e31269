"""Registration, my organisation, the party library: over HTTP, as those who use them."""

import csv
import io
import re

import pytest
from sqlalchemy import text

from kernel.codes import citizen_check_char
from tests.worlds.bidding_world import REGISTRATION, BiddingWorld, uscc

ID_NUMBER = "61010419900307001" + citizen_check_char("61010419900307001")
PHONE = REGISTRATION["contact_phone"]
CENTRE = "西安市公共资源交易中心"
HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def newcomer(bw: BiddingWorld, n: int = 1, name: str = ""):
    """A company that has signed in for the first time and registered nothing."""
    company = await bw.company(n, name)
    challenge = await bw.challenge(company.client)
    answer = await company.client.post("/api/v1/auth/licence", json={"token": await bw.token(company, challenge)})
    assert answer.status_code == 200, answer.text
    await company.client.get("/api/v1/me")
    return company


async def staff(bw: BiddingWorld, login: str = "centre-1"):
    return await bw.staff(login, "centre", code=uscc(700_001), organisation=CENTRE)


async def page(client, path: str) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[-400:])
    return answer.text


async def organisation_id(bw: BiddingWorld, code: str) -> str:
    async with bw.db.begin_read_only() as tx:
        row = await tx.session.execute(text("SELECT id FROM identity_organisation WHERE uscc = :u"), {"u": code})
        return str(row.scalar_one())


async def test_a_newcomer_walks_through_the_three_steps(bw):
    """Source: R-LIC-02, R-LIC-10, R-AGT-05"""
    company = await newcomer(bw)
    client = company.client

    begin = await client.get("/registration", headers=HTML)
    assert begin.headers["location"] == "/registration/1"
    first = await page(client, "/registration/1")
    assert company.name in first
    assert company.uscc in first
    assert "陕西省" in first
    assert '<input class="inp"' not in first, "what the licence says cannot be edited"

    wrong = await client.post(
        "/registration/2", data={"contact_name": "周明远", "contact_phone": "12345", "address": REGISTRATION["address"]}
    )
    assert wrong.status_code == 422
    assert "请填写 11 位手机号码" in wrong.text
    assert 'value="12345"' in wrong.text, "what was typed is kept"

    right = await client.post(
        "/registration/2", data={**REGISTRATION, "contact_id_number": ID_NUMBER.lower(), "promise": ""}
    )
    assert right.headers["location"] == "/registration/3"
    again = await page(client, "/registration/2")
    assert PHONE not in again
    assert ID_NUMBER not in again
    assert "138****5678" in again

    early = await client.post("/registration/3", data={"promise": "yes"})
    assert early.status_code == 422
    assert "请上传基本存款账户信息" in early.text
    files = {"bank_proof": ("账户.pdf", b"%PDF-1.7 account", "application/pdf")}
    token = client.cookies["csrf"]
    sent = await client.post("/registration/documents/bank_proof", files=files, data={"_csrf": token})
    assert sent.headers["location"] == "/registration/3"
    unpromised = await client.post("/registration/3", data={})
    assert unpromised.status_code == 422
    assert "诚信承诺" in unpromised.text
    done = await client.post("/registration/3", data={"promise": "yes"})
    assert done.headers["location"] == "/organisation?done=1"

    own = await page(client, "/organisation?done=1")
    assert "登记完成" in own
    assert "138****5678" in own
    assert ID_NUMBER not in own
    assert REGISTRATION["bank_account"] not in own
    printed = await page(client, "/registration/print")
    assert ID_NUMBER not in printed


async def test_what_is_typed_is_saved_by_itself_and_survives_the_session(bw):
    company = await newcomer(bw)

    saved = await company.client.put(
        "/api/v1/registration/draft", json={"values": {"contact_name": "周明远", "contact_phone": PHONE}}
    )
    await company.client.post("/logout")
    challenge = await bw.challenge(company.client)
    await company.client.post("/api/v1/auth/licence", json={"token": await bw.token(company, challenge)})

    assert saved.status_code == 200
    shown = await page(company.client, "/registration/2")
    assert 'value="周明远"' in shown
    assert "138****5678" in shown


async def test_an_unfinished_registration_looks_around_and_takes_part_in_nothing(bw):
    await bw.open_for_bids()
    company = await newcomer(bw)
    join = f"/api/v1/lots/{bw.lot_id}/interest"

    assert bw.lot_id.hex in (await page(company.client, "/b")).replace("-", "")
    refused = await company.client.post(join, json={})
    await bw.register(company)
    taken = await company.client.post(join, json={})

    assert (refused.status_code, refused.json()["code"]) == (409, "registration-incomplete")
    assert refused.json()["where"] == "/registration"
    assert taken.status_code == 200


async def test_a_renamed_firm_has_both_names_in_its_history(bw):
    """Source: R-LIC-10"""
    company = await newcomer(bw)
    old = company.name

    await newcomer(bw, name="西安新名（集团）有限公司")

    public = await page(bw.world.client(), f"/parties/{company.uscc}")
    assert old in public
    assert "<h1>西安新名（集团）有限公司</h1>" in public


async def test_the_public_sees_no_person_no_account_and_no_document(bw):
    company = await newcomer(bw)
    await bw.register(company)

    public = await page(bw.world.client(), f"/parties/{company.uscc}")

    assert company.name in public
    assert "投标人" in public
    for secret in (PHONE, "138****", REGISTRATION["bank_account"], "周明远", "bank.pdf", REGISTRATION["address"]):
        assert secret not in public
    assert (await bw.world.client().get("/parties/91610000000000000X")).status_code == 404


async def test_a_document_is_for_its_own_organisation(bw):
    one, other = await newcomer(bw, 1), await newcomer(bw, 2)
    await bw.register(one)
    href = re.search(r"/organisation/documents/[0-9a-f-]{36}", await page(one.client, "/organisation"))
    assert href is not None

    assert (await one.client.get(href.group())).content == b"%PDF-1.7 account"
    assert (await other.client.get(href.group())).status_code == 404


async def test_staff_find_export_and_look_only_with_a_reason(bw):
    company = await newcomer(bw)
    await bw.register(company)
    centre = await staff(bw)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in company.uscc)

    found = await page(centre, f"/c/parties?q={wide}")
    assert company.name in found
    assert "全角字符已改为半角" in found
    wrong = await page(centre, f"/c/parties?q={company.uscc[:17]}O")
    assert "不使用字母 I、O、S、V、Z" in wrong
    table = (await centre.get("/c/parties.csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert company.uscc in [row[0] for row in rows]
    assert PHONE not in table

    here = f"/c/parties/{await organisation_id(bw, company.uscc)}"
    file = await page(centre, here)
    assert PHONE not in file
    person = re.search(r'name="person" value="([0-9a-f-]{36})"', file)
    assert person is not None
    asked = {"person": person.group(1), "field": "phone"}
    silent = await centre.post(f"{here}/sight", data={**asked, "reason": " "})
    assert (silent.status_code, PHONE in silent.text) == (422, False)
    shown = await centre.post(f"{here}/sight", data={**asked, "reason": "开标前联系供应商"})
    assert (shown.status_code, PHONE in shown.text) == (200, True)
    assert PHONE not in await page(centre, here)
    assert "开标前联系供应商" in await page(company.client, "/organisation")


async def test_a_name_like_a_formula_is_text_in_the_export(bw):
    async with bw.db.begin() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO identity_organisation (id, uscc, name, created_at)"
                " VALUES (gen_random_uuid(), :u, '=1+1', :t)"
            ),
            {"u": uscc(5), "t": tx.now},
        )
    table = (await (await staff(bw)).get("/c/parties.csv")).content.decode("utf-8-sig")

    assert ",'=1+1," in table


async def test_only_the_centre_opens_the_library(bw):
    company = await newcomer(bw)
    await staff(bw)

    for path in ("/c/parties", "/c/parties.csv", "/c/merges", f"/c/parties/{await organisation_id(bw, company.uscc)}"):
        assert (await company.client.get(path)).status_code == 403
        assert (await bw.world.client().get(path)).status_code == 401


async def test_two_people_of_the_centre_merge_what_is_one(bw):
    """Source: R-LIC-10"""
    first, second = await staff(bw, "centre-1"), await staff(bw, "centre-2")
    names = {"华中（西安）建设有限公司": uscc(11), "华中(西安)建设有限责任公司": uscc(12)}
    for login, (name, code) in enumerate(names.items()):
        await bw.staff(f"agency-{login}", "agency", code=code, organisation=name)
    ids = [await organisation_id(bw, code) for code in names.values()]
    assert "名称相近" in await page(first, "/c/merges")

    asked = {"kind": "organisation", "into_id": ids[0], "pair": " ".join(ids)}
    unexplained = await first.post("/c/merges", data={**asked, "reason": ""})
    assert unexplained.status_code == 422
    assert (await first.post("/c/merges", data={**asked, "reason": "名称写法不同"})).status_code == 303
    act = re.search(r'action="(/c/merges/[0-9a-f-]{36})"', await page(second, "/c/merges"))
    assert act is not None
    assert act.group(1) not in await page(first, "/c/merges")
    assert (await first.post(act.group(1), data={"decision": "approve"})).status_code == 403
    assert (await second.post(act.group(1), data={"decision": "approve"})).status_code == 303

    gone = await bw.world.client().get(f"/parties/{uscc(12)}", headers=HTML)
    assert gone.headers["location"] == f"/parties/{uscc(11)}"
