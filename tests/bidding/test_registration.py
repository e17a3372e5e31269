"""Signing in with an e-licence and taking part in a lot, through HTTP."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bidding.licence import session_binding
from kernel.canonical import b64u_decode
from portal.policy import platform_policy
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld, uscc


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    return BiddingWorld(world)


async def entries(bw: BiddingWorld, kind: str) -> list[dict]:
    async with bw.db.begin_read_only() as tx:
        rows = await tx.session.execute(text("SELECT detail FROM audit_entry WHERE type = :k ORDER BY id"), {"k": kind})
        return list(rows.scalars())


async def test_the_first_sign_in_registers_the_organisation_and_the_second_does_not(bw):
    company = await bw.company(1)

    first = await bw.sign_in(company)
    second = await bw.sign_in(company)

    assert first.status_code == second.status_code == 200
    assert first.json() == {"name": company.name, "uscc": company.uscc, "roles": ["bidder"], "next": "/b"}
    me = (await company.client.get("/api/v1/me")).json()
    assert (me["uscc"], me["roles"]) == (company.uscc, ["bidder"])
    assert len(await entries(bw, "bidder.registered")) == 1


async def test_a_holder_sees_where_the_own_sessions_came_from_and_they_live_by_the_policy(bw):
    """Source: R-SEC-02"""
    company = await bw.company(1)
    company.client.headers["user-agent"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    await bw.sign_in(company)

    page = await company.client.get("/me/security", headers={"accept": "text/html"})

    assert "Windows 电脑 · Firefox" in page.text
    assert "127.0.0.1" in page.text
    async with bw.db.begin_read_only() as tx:
        row = (
            await tx.session.execute(text("SELECT idle, expires_at - created_at AS life FROM identity_session"))
        ).one()
    limits = platform_policy().limits({"bidder"}, (await bw.now()).date())
    assert (row.idle, row.life) == (limits.idle, limits.absolute)


async def test_a_revoked_licence_is_refused_with_the_reason_and_it_is_logged(bw):
    company = await bw.company(1)
    await bw.revoke(company)

    answer = await bw.sign_in(company)

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["reason"]) == ("licence-refused", "revoked")
    assert "吊销" in answer.json()["detail"]
    assert [e["facts"] for e in await entries(bw, "licence.refused")] == [
        {"reason": "revoked", "cause": "revoked", "way": "browser", "claimed_uscc": company.uscc}
    ]
    assert (await company.client.get("/api/v1/me")).status_code == 401


async def test_an_expired_licence_is_refused(bw):
    company = await bw.company(1)
    await bw.world.clock_by(timedelta(days=400))

    answer = await bw.sign_in(company)

    assert (answer.status_code, answer.json()["reason"]) == (422, "chain")


async def test_a_code_with_a_wrong_check_character_is_refused(bw):
    company = await bw.company(1)
    challenge = await bw.challenge(company.client)
    wrong = company.uscc[:-1] + ("0" if company.uscc[-1] != "0" else "1")

    token = await bw.token(company, challenge, uscc=wrong)
    answer = await company.client.post("/api/v1/auth/licence", json={"token": token})

    assert answer.json()["reason"] == "uscc"


async def test_somebody_elses_code_is_refused(bw):
    company = await bw.company(1)
    challenge = await bw.challenge(company.client)

    token = await bw.token(company, challenge, uscc=uscc(2))
    answer = await company.client.post("/api/v1/auth/licence", json={"token": token})

    assert answer.json()["reason"] == "uscc"


async def test_a_challenge_serves_once_even_when_answered_twice_at_the_same_time(bw):
    company = await bw.company(1)
    token = await bw.token(company, await bw.challenge(company.client))

    answers = await asyncio.gather(
        *(company.client.post("/api/v1/auth/licence", json={"token": token}) for _ in range(4))
    )

    assert sorted(a.status_code for a in answers) == [200, 422, 422, 422]
    assert {a.json().get("reason") for a in answers if a.status_code == 422} == {"nonce"}


async def test_a_challenge_answered_in_another_session_is_refused(bw):
    company, thief = await bw.company(1), bw.world.client()
    await bw.challenge(thief)
    token = await bw.token(company, await bw.challenge(company.client))

    answer = await thief.post("/api/v1/auth/licence", json={"token": token})

    assert answer.json()["reason"] == "binding"


async def test_a_challenge_rebound_to_another_session_is_refused(bw):
    company, other = await bw.company(1), bw.world.client()
    theirs = await bw.challenge(other)
    ours = await bw.challenge(company.client)
    assert ours["bind"] == session_binding(company.client.cookies["pre"])

    token = await bw.token(company, {**theirs, "bind": ours["bind"]})
    answer = await company.client.post("/api/v1/auth/licence", json={"token": token})

    assert answer.json()["reason"] == "binding"


async def test_a_challenge_lives_for_two_minutes(bw):
    company = await bw.company(1)
    challenge = await bw.challenge(company.client)
    await bw.world.clock_by(timedelta(seconds=121))

    answer = await company.client.post("/api/v1/auth/licence", json={"token": await bw.token(company, challenge)})

    assert answer.json()["reason"] == "nonce"


async def test_a_login_for_another_site_is_refused(bw):
    company = await bw.company(1)
    challenge = await bw.challenge(company.client)

    token = await bw.token(company, challenge, audience="https://elsewhere.example")
    answer = await company.client.post("/api/v1/auth/licence", json={"token": token})

    assert answer.json()["reason"] == "audience"


async def test_what_is_no_token_at_all_is_refused(bw):
    client = bw.world.client()
    await bw.challenge(client)

    for token in ("", "a.b.c", "e30.e30.", "x" * 1000):
        answer = await client.post("/api/v1/auth/licence", json={"token": token})
        assert (answer.status_code, answer.json()["code"]) in ((422, "licence-refused"), (429, "too-many-requests"))


async def test_five_failures_close_the_door_for_a_while(bw):
    company = await bw.company(1)
    await bw.revoke(company)

    for _ in range(5):
        assert (await bw.sign_in(company)).status_code == 422
    answer = await bw.sign_in(company)

    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")


async def test_interest_gives_a_random_pseudonym_and_the_same_one_again(bw):
    await bw.make_lot()
    one, two = await bw.bidder(1), await bw.bidder(2)

    again = await one.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})

    assert again.json()["bidder"] == one.pseudonym != two.pseudonym
    assert len(b64u_decode(one.pseudonym)) == 16
    sealed = await entries(bw, "interest.registered")
    assert {e["facts"]["bidder"] for e in sealed} == {one.pseudonym, two.pseudonym}


async def test_interest_needs_the_document_period(bw):
    await bw.make_lot()
    company = await bw.company(1)
    await bw.sign_in(company)
    await bw.world.clock_by(timedelta(days=7))

    late = await company.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})

    assert (late.status_code, late.json()["code"]) == (409, "deadline-passed")


async def test_interest_in_an_unpublished_lot_is_not_found(bw):
    await bw.make_lot(published=False)
    company = await bw.company(1)
    await bw.sign_in(company)

    answer = await company.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})

    assert answer.status_code == 404


async def test_the_buying_side_cannot_bid(bw):
    await bw.make_lot()
    agency = await bw.company(900_002)
    await bw.sign_in(agency)

    answer = await agency.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})

    assert answer.status_code == 403


async def test_staff_cannot_register_interest(bw):
    await bw.make_lot()
    staff = await bw.world.signed_in("agent", "agency")

    assert (await staff.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})).status_code == 403


async def test_supervision_sees_no_interest_until_the_lot_is_unsealed(bw):
    await bw.make_lot()
    await bw.bidder(1)

    async def seen() -> int:
        async with bw.db.begin_read_only(oversight=True) as tx:
            rows = await tx.session.execute(
                text(
                    "SELECT (SELECT count(*) FROM bidding_interest) + (SELECT count(*) FROM bidding_bid)"
                    " + (SELECT count(*) FROM audit_entry WHERE subject = :lot)"
                ),
                {"lot": bw.lot_id},
            )
            return int(rows.scalar_one())

    assert await seen() == 0
    async with bw.db.begin() as tx:
        await tx.session.execute(
            text("INSERT INTO kernel_unsealed (subject, at) VALUES (:lot, clock_timestamp())"), {"lot": bw.lot_id}
        )
    assert await seen() == 3


async def test_supervision_sees_a_new_supplier_with_the_first_opening_it_is_read_out_in(bw):
    """While one lot is open, a firm that is new on the platform is new for that lot."""
    company = await bw.company(1)
    await bw.revoke(company)
    await bw.sign_in(company)
    revoked = await seen_by_supervision(bw, company.uscc, company.name)
    company = await bw.company(2)
    assert (await bw.sign_in(company)).status_code == 200
    before = await seen_by_supervision(bw, company.uscc, company.name)
    async with bw.db.begin() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO kernel_unsealed (subject, at)"
                " SELECT id, clock_timestamp() FROM identity_organisation WHERE uscc = :code"
            ),
            {"code": company.uscc},
        )
    after = await seen_by_supervision(bw, company.uscc, company.name)

    assert (revoked, before) == (set(), set())
    shown = {"audit_entry", "identity_organisation", "identity_organisation_name", "identity_organisation_role"}
    assert after == shown


async def seen_by_supervision(bw: BiddingWorld, *words: str) -> set[str]:
    """The tables in which supervision's own login finds one of the words."""
    found = set()
    async with bw.db.begin_read_only(oversight=True) as tx:
        columns = await tx.session.execute(
            text(
                "SELECT c.relname AS name, string_agg(quote_ident(a.attname) || '::text', ', ') AS columns"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                " WHERE n.nspname = 'public' AND c.relkind = 'r' AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
                " GROUP BY c.relname"
            )
        )
        for row in columns.all():
            query = text(f'SELECT string_agg(concat_ws(chr(10), {row.columns}), chr(10)) FROM "{row.name}"')
            told = (await tx.session.execute(query)).scalar_one() or ""
            if any(word in told for word in words):
                found.add(row.name)
    return found
