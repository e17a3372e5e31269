"""Staff: two persons, a code in two halves, an authenticator; fresh proofs; sessions that end; the audit of access."""

from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text

from kernel.canonical import b64u_encode
from kernel.crypto.keys import KeyKind, generate
from kernel.identity.factors import matching_step
from portal.administrators import PLUGIN, ensure_administrators, forget_used_codes
from portal.embedded.home import open_home
from tests.world import PASSWORD, World
from tests.worlds.bidding_world import uscc

HTML = {"accept": "text/html"}
CHOSEN = "chosen by its holder"


def wish(login: str, *roles: str) -> dict[str, Any]:
    return {
        "login": login,
        "name": "林蔚",
        "roles": list(roles),
        "uscc": uscc(61),
        "organisation": "交易中心",
        "reason": "市公管办任职通知",
    }


async def admins(world: World) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    return await world.signed_in("sys", "system_admin"), await world.signed_in("sec", "security_admin")


async def rows(world: World, query: str) -> list[Any]:
    async with world.services.db.begin_read_only() as tx:
        return list((await tx.session.execute(text(query))).all())


async def open_account(world: World, code: str) -> tuple[httpx.AsyncClient, pyotp.TOTP]:
    holder = world.client()
    await holder.get("/api/v1/time")
    made = await holder.post("/api/v1/auth/activate", json={"code": code, "password": CHOSEN})
    assert made.status_code == 200, made.text
    otp = pyotp.TOTP(made.json()["secret"])
    done = await holder.post("/api/v1/auth/activate/confirm", json={"code": code, "otp": otp.now()})
    assert done.status_code == 200, done.text
    await holder.get("/api/v1/me")
    return holder, otp


async def test_one_asks_another_approves_the_holder_activates(world: World) -> None:
    """Source: R-SEC-02"""
    system, security = await admins(world)

    asked = (await system.post("/api/v1/accounts", json=wish("lin", "centre"))).json()
    own = await system.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    early = await system.post("/api/v1/auth/password", json={"login": "lin", "password": CHOSEN})
    decided = await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    twice = await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    code = asked["code"] + decided.json()["code"]
    for half in (asked["code"], decided.json()["code"], decided.json()["code"] + asked["code"]):
        refused = await system.post("/api/v1/auth/activate", json={"code": half, "password": CHOSEN})
        assert refused.status_code == 403
    holder, otp = await open_account(world, code.lower())
    again = await system.post("/api/v1/auth/activate", json={"code": code, "password": "another password"})

    assert (own.status_code, early.status_code, twice.status_code, again.status_code) == (403, 403, 409, 403)
    assert (await holder.get("/api/v1/me")).json()["roles"] == ["centre"]
    used = {"login": "lin", "password": CHOSEN, "code": otp.now()}
    assert (await system.post("/api/v1/auth/password", json=used)).status_code == 403, "a code counts once"
    assert [
        row.second_id is not None
        for row in await rows(world, "SELECT * FROM identity_access")
        if row.kind == "decision"
    ]


async def test_who_is_both_may_still_not_decide_the_own_petition(world: World) -> None:
    system, _ = await admins(world)
    asked = (await system.post("/api/v1/accounts", json=wish("lin", "centre"))).json()
    async with world.services.db.begin() as tx:  # as if a fault of ours had given one person both roles
        await tx.session.execute(
            text("UPDATE identity_account SET roles = '{security_admin,system_admin}' WHERE login = 'sys'")
        )

    answer = await system.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})

    assert answer.status_code == 403
    assert "另一人" in answer.json()["detail"]


@pytest.mark.parametrize(
    "roles",
    [
        ("system_admin", "audit_admin"),
        ("security_admin", "agency"),
        ("supervisor", "agency"),
        ("bidder",),
        ("operator",),
        (),
    ],
)
async def test_roles_that_do_not_go_together_are_refused(world: World, roles: tuple[str, ...]) -> None:
    system, _ = await admins(world)

    answer = await system.post("/api/v1/accounts", json=wish("lin", *roles))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "roles"


async def test_a_disabled_account_is_refused_at_once_everywhere(world: World) -> None:
    system, security = await admins(world)
    agency = await world.signed_in("li.agency", "agency")
    account = (await agency.get("/api/v1/me")).json()["id"]
    assert (await agency.get("/api/v1/own/lots")).status_code == 200

    body = {"change": "disable", "reason": "已调离岗位"}
    asked = (await system.post(f"/api/v1/accounts/{account}/changes", json=body)).json()
    assert (await agency.get("/api/v1/own/lots")).status_code == 200, "asked for is not decided"
    await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})

    assert (await agency.get("/api/v1/own/lots")).status_code == 401
    body = {"login": "li.agency", "password": PASSWORD, "code": await world.code("li.agency")}
    assert (await system.post("/api/v1/auth/password", json=body)).status_code == 403


async def test_a_recovery_takes_two_others_and_ends_what_was(world: World) -> None:
    system, security = await admins(world)
    agency = await world.signed_in("li.agency", "agency")
    account = (await agency.get("/api/v1/me")).json()["id"]

    body = {"change": "recover", "reason": "手机丢失"}
    asked = (await system.post(f"/api/v1/accounts/{account}/changes", json=body)).json()
    decided = await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    holder, _ = await open_account(world, f"{asked['code']}-{decided.json()['code']}")

    assert (await agency.get("/api/v1/me")).status_code == 401
    assert (await holder.get("/api/v1/me")).json()["roles"] == ["agency"]
    own = (await system.get("/api/v1/me")).json()["id"]
    refused = await system.post(f"/api/v1/accounts/{own}/changes", json=body)
    assert refused.status_code == 403, "nobody asks for the own account"


async def test_a_password_alone_opens_only_the_way_to_an_authenticator(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    async with world.services.db.begin() as tx:
        await tx.session.execute(text("UPDATE identity_factor SET revoked_at = clock_timestamp()"))
    client = world.client()
    await client.get("/api/v1/time")
    answer = await client.post("/api/v1/auth/password", json={"login": "li.agency", "password": PASSWORD})
    await client.get("/api/v1/me")

    assert answer.json() == {"name": "li.agency", "roles": [], "next": "/me/security"}
    assert (await client.get("/api/v1/own/lots")).status_code == 403
    otp = pyotp.TOTP((await client.post("/api/v1/me/second-factor")).json()["secret"])
    wrong = await client.post("/api/v1/me/second-factor/confirm", json={"code": "000000"})
    right = await client.post("/api/v1/me/second-factor/confirm", json={"code": otp.now()})
    assert (wrong.status_code, right.status_code) == (422, 200)
    assert (await client.get("/api/v1/own/lots")).status_code == 200


async def test_what_weighs_much_needs_a_fresh_proof(world: World) -> None:
    system, _ = await admins(world)
    async with world.services.db.begin() as tx:
        await tx.session.execute(
            text("UPDATE identity_session SET stepped_up_at = clock_timestamp() - interval '11 min'")
        )

    stale = await system.post("/api/v1/accounts", json=wish("lin", "centre"))
    page = await system.post(
        "/admin/staff", data={"login": "lin"}, headers={**HTML, "referer": "http://testserver/admin/staff"}
    )
    wrong = await system.post("/api/v1/auth/step-up", json={"code": "12345"})
    proved = await system.post("/api/v1/auth/step-up", json={"code": await world.code("sys")})
    fresh = await system.post("/api/v1/accounts", json=wish("lin", "centre"))

    assert (stale.status_code, stale.json()["code"], stale.json()["where"]) == (401, "step-up-required", "/step-up")
    assert page.headers["location"] == "/step-up?next=/admin/staff"
    assert (wrong.status_code, proved.status_code, fresh.status_code) == (422, 200, 201)
    assert (await system.get("/admin/staff")).status_code == 200, "reading needs none"


async def test_sessions_are_listed_and_ended_and_nobody_ends_anothers(world: World) -> None:
    first = await world.signed_in("li.agency", "agency")
    second = await world.signed_in("li.agency", "agency")
    stranger = await world.signed_in("wang.expert", "expert")
    query = (
        "SELECT s.id FROM identity_session s JOIN identity_account a ON a.id = s.account_id"
        " WHERE login = 'li.agency' ORDER BY s.created_at"
    )
    ids = [row.id for row in await rows(world, query)]

    listed = (await first.get("/me/security", headers=HTML)).text
    theirs = await stranger.post(f"/me/security/sessions/{ids[0]}/end")
    assert (theirs.status_code, listed.count("本次登录")) == (404, 1)
    assert str(ids[1]) in listed
    assert (await first.post(f"/me/security/sessions/{ids[1]}/end")).status_code == 303
    assert (await second.get("/api/v1/me")).status_code == 401
    assert (await first.get("/api/v1/me")).status_code == 200


async def test_idle_sessions_of_administrators_end_sooner(world: World) -> None:
    system, _ = await admins(world)
    agency = await world.signed_in("li.agency", "agency")
    async with world.services.db.begin() as tx:
        await tx.session.execute(text("UPDATE identity_session SET seen_at = clock_timestamp() - interval '31 min'"))

    assert (await system.get("/api/v1/me")).status_code == 401
    assert (await agency.get("/api/v1/me")).status_code == 200


async def test_the_audit_shows_refusals_and_both_persons_and_no_supplier(world: World) -> None:
    system, security = await admins(world)
    audit = await world.signed_in("aud", "audit_admin")
    bidder = await world.signed_in("licence:x", "bidder")
    asked = (await system.post("/api/v1/accounts", json=wish("lin", "centre"))).json()
    await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": False})
    await system.get("/admin/access")
    await bidder.get("/admin/access")

    page = (await audit.get("/admin/access", headers=HTML)).text
    sheet = (await audit.get("/admin/access.csv?kind=decision")).text
    refused = (await audit.get("/admin/access?kind=refused", headers=HTML)).text

    assert "staff.create" in page
    assert "不同意：lin" in sheet
    assert "sec" in sheet
    assert "sys" in sheet
    assert "GET /admin/access" in refused
    assert "licence:x" not in page


async def test_the_audit_is_written_once(world: World) -> None:
    await admins(world)
    for change in ("UPDATE identity_access SET login = 'x'", "DELETE FROM identity_access"):
        with pytest.raises(Exception, match="permission denied"):
            async with world.services.db.begin() as tx:
                await tx.session.execute(text(change))


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, the last six of eight digits."""
    secret = b"12345678901234567890"

    for instant, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert matching_step(secret, code, instant) == instant // 30
        assert matching_step(secret, code, instant + 30) == instant // 30, "a clock one step off is forgiven"
        assert matching_step(secret, code, instant + 61) is None
    assert matching_step(secret, "28708²", 59) is None


async def test_a_lost_key_is_revoked_by_two_and_signs_nothing_any_more(world: World) -> None:
    """Source: R-SEC-02"""
    system, security = await admins(world)
    witness = await world.signed_in("zhou.witness", "trustee")
    account = (await witness.get("/api/v1/me")).json()["id"]
    key = b64u_encode(generate(KeyKind.P256).public.spki)
    body = {"change": "revoke-sign", "reason": "密钥文件所在电脑被盗"}
    none = await system.post(f"/api/v1/accounts/{account}/changes", json=body)
    await witness.post("/api/v1/me/keys", json={"purpose": "sign", "spki": key})
    (kid,) = (await witness.get("/api/v1/me")).json()["keys"]["sign"]

    alone = await witness.post(f"/api/v1/accounts/{account}/changes", json=body)
    asked = (await system.post(f"/api/v1/accounts/{account}/changes", json=body)).json()
    own = await system.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    assert (await witness.get("/api/v1/me")).json()["keys"]["sign"] == [kid], "asked for is not decided"
    await security.post(f"/api/v1/petitions/{asked['petition']}/decision", json={"approve": True})
    ended = await witness.get("/api/v1/me")
    witness = await world.signed_in("zhou.witness", "trustee")
    again = await witness.post("/api/v1/me/keys", json={"purpose": "sign", "spki": key})
    fresh = b64u_encode(generate(KeyKind.P256).public.spki)
    other = await witness.post("/api/v1/me/keys", json={"purpose": "sign", "spki": fresh})

    assert (none.status_code, alone.status_code, own.status_code, ended.status_code) == (409, 403, 403, 401)
    assert asked["code"] == "", "nothing to activate"
    assert (again.status_code, other.status_code) == (409, 201)
    assert (await witness.get("/api/v1/me")).json()["keys"]["sign"] == [other.json()["kid"]]
    (entry,) = await rows(world, "SELECT detail->'facts' AS facts FROM audit_entry WHERE type = 'key.revoked'")
    assert (entry.facts["kid"], entry.facts["reason"]) == (kid, body["reason"])
    lines = await rows(world, "SELECT kind, second_id FROM identity_access WHERE act = 'staff.revoke-sign' ORDER BY id")
    assert [(row.kind, row.second_id is not None) for row in lines] == [("petition", False), ("decision", True)]


async def test_in_production_the_first_administrators_have_codes_in_two_halves_and_no_password(
    world: World, tmp_path: Path
) -> None:
    """Source: R-SEC-02"""
    home = open_home(tmp_path / "data")
    async with world.services.db.begin() as tx:
        codes = await ensure_administrators(tx, home, rehearsal=False)
    async with world.services.db.begin() as tx:
        again = await ensure_administrators(tx, home, rehearsal=False)
    seconds = {one.login: one.second.read_text().strip() for one in codes}
    halves = world.client()
    await halves.get("/api/v1/time")
    for code in (codes[0].first, seconds["operator"], codes[0].first + seconds["audit"]):
        refused = await halves.post("/api/v1/auth/activate", json={"code": code, "password": CHOSEN})
        assert refused.status_code == 403

    holder, _ = await open_account(world, codes[0].first + seconds["operator"])
    world.services.plugins[PLUGIN] = home / "keys"
    await forget_used_codes(world.services)

    assert [one.login for one in codes] == ["operator", "security", "audit"]
    assert [one.first for one in again] == ["", "", ""], "a live code is shown once"
    assert all(one.second.stat().st_mode & 0o077 == 0 for one in codes[1:])
    assert (await holder.get("/api/v1/me")).json()["roles"] == ["operator", "system_admin"]
    assert sorted(file.name for file in (home / "keys").iterdir()) == ["audit.activation", "security.activation"]
    async with world.services.db.begin() as tx:  # the other two let theirs run out
        await tx.session.execute(text("UPDATE identity_invitation SET expires_at = clock_timestamp()"))
    async with world.services.db.begin() as tx:
        renewed = await ensure_administrators(tx, home, rehearsal=False)
    assert [(one.login, bool(one.first)) for one in renewed] == [("security", True), ("audit", True)]
    async with world.services.db.begin() as tx:  # a recovery is a matter of two people, not of a restart
        await tx.session.execute(text("UPDATE identity_account SET state = 'invited' WHERE login = 'operator'"))
    async with world.services.db.begin() as tx:
        assert "operator" not in [one.login for one in await ensure_administrators(tx, home, rehearsal=False)]
