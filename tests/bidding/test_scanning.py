"""Sign in by scanning a code: one browser, one wallet, once, within two minutes. Everything goes through HTTP."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from bidding.licence import session_binding
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld

BEGIN = "/api/v1/auth/licence/scans"


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    return BiddingWorld(world)


async def entries(bw: BiddingWorld, kind: str) -> list[dict]:
    async with bw.db.begin_read_only() as tx:
        rows = await tx.session.execute(text("SELECT detail FROM audit_entry WHERE type = :k ORDER BY id"), {"k": kind})
        return [detail["facts"] for detail in rows.scalars()]


async def opened(bw: BiddingWorld, n: int = 1):
    """A company whose browser shows a code that its wallet has opened."""
    company, wallet = await bw.company(n), bw.world.client()
    scan = await bw.begin_scan(company.client)
    prompt = (await bw.open_scan(wallet, scan["id"])).json()
    return company, wallet, scan, prompt


def refusal(answer) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["reason"]


async def test_a_browser_shows_a_code_a_wallet_confirms_and_the_browser_is_signed_in(bw):
    company, wallet, scan, prompt = await opened(bw)
    assert re.fullmatch(r"\d\d", scan["display"])
    assert (prompt["display"], prompt["site"], prompt["act"]) == (scan["display"], "阳光交易", "login")
    assert prompt["bind"] == session_binding(company.client.cookies["pre"])
    assert scan["url"] == f"{prompt['aud']}/wallet?c={scan['id']}"
    assert 0 < scan["left_ms"] <= 120_000
    assert (await company.client.get(f"{BEGIN}/{scan['id']}")).json()["state"] == "opened"

    confirmed = await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))

    assert (confirmed.status_code, confirmed.json()) == (200, {"state": "signed"})
    assert (await company.client.get("/api/v1/me")).status_code == 401
    assert (await company.client.get(f"{BEGIN}/{scan['id']}")).json()["state"] == "signed"
    collected = await company.client.post(f"{BEGIN}/{scan['id']}/session", json={})
    assert collected.json() == {"name": company.name, "uscc": company.uscc, "roles": ["bidder"], "next": "/b"}
    assert (await company.client.get("/api/v1/me")).json()["uscc"] == company.uscc
    assert (await wallet.get("/api/v1/me")).status_code == 401
    assert len(await entries(bw, "bidder.registered")) == 1


async def test_the_code_is_a_picture_of_its_address_for_its_own_browser_only(bw):
    browser = bw.world.client()
    scan = await bw.begin_scan(browser)

    picture = await browser.get(scan["image"])

    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.startswith("<svg")
    assert "script" not in picture.text
    assert (await bw.world.client().get(scan["image"])).status_code == 409


async def test_another_browser_gets_nothing_from_somebody_elses_code(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))
    thief = bw.world.client()
    await thief.get("/api/v1/time")

    assert refusal(await thief.get(f"{BEGIN}/{scan['id']}")) == (409, "scan-refused", "elsewhere")
    stolen = await thief.post(f"{BEGIN}/{scan['id']}/session", json={})

    assert refusal(stolen) == (409, "scan-refused", "elsewhere")
    assert "另一个浏览器" in stolen.json()["detail"]
    assert (await thief.get("/api/v1/me")).status_code == 401
    assert (await company.client.post(f"{BEGIN}/{scan['id']}/session", json={})).status_code == 200


async def test_the_second_wallet_at_one_code_is_told_so(bw):
    company, wallet, scan, prompt = await opened(bw)
    second = bw.world.client()

    late = await bw.open_scan(second, scan["id"], "another wallet's secret")

    assert refusal(late) == (409, "scan-refused", "taken")
    assert "另一台设备" in late.json()["detail"]
    forged = await bw.answer_scan(second, scan["id"], await bw.token(company, prompt), "another wallet's secret")
    assert refusal(forged) == (409, "scan-refused", "taken")
    assert (await bw.open_scan(wallet, scan["id"])).status_code == 200
    assert (await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))).status_code == 200


async def test_of_two_wallets_at_the_same_moment_one_opens(bw):
    scan = await bw.begin_scan(bw.world.client())
    wallets = [bw.world.client() for _ in range(4)]

    answers = await asyncio.gather(
        *(bw.open_scan(w, scan["id"], f"secret of wallet {n}") for n, w in enumerate(wallets))
    )

    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]


async def test_a_code_answered_twice_serves_once(bw):
    company, wallet, scan, prompt = await opened(bw)
    token = await bw.token(company, prompt)
    await bw.answer_scan(wallet, scan["id"], token)

    again = await bw.answer_scan(wallet, scan["id"], token)

    assert refusal(again) == (409, "scan-refused", "answered")
    assert "只能使用一次" in again.json()["detail"]
    assert (await entries(bw, "licence.refused"))[-1] == {
        "reason": "answered",
        "cause": "answered",
        "way": "scan",
        "claimed_uscc": company.uscc,
    }


async def test_a_code_answered_twice_at_the_same_moment_serves_once(bw):
    company, wallet, scan, prompt = await opened(bw)
    token = await bw.token(company, prompt)

    answers = await asyncio.gather(*(bw.answer_scan(wallet, scan["id"], token) for _ in range(4)))

    assert sorted(a.status_code == 200 for a in answers) == [False, False, False, True]
    assert (await company.client.post(f"{BEGIN}/{scan['id']}/session", json={})).status_code == 200


async def test_a_session_is_collected_once(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))

    answers = await asyncio.gather(*(company.client.post(f"{BEGIN}/{scan['id']}/session", json={}) for _ in range(3)))

    assert sorted(a.status_code for a in answers)[0] == 200
    assert [a.status_code for a in answers].count(200) == 1


async def test_an_expired_code_says_so_everywhere(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.world.clock_by(timedelta(seconds=121))
    token = await bw.token(company, prompt)

    assert (await company.client.get(f"{BEGIN}/{scan['id']}")).json()["state"] == "expired"
    assert refusal(await bw.open_scan(wallet, scan["id"])) == (409, "scan-refused", "expired")
    late = await bw.answer_scan(wallet, scan["id"], token)
    assert refusal(late) == (409, "scan-refused", "expired")
    assert "已过期" in late.json()["detail"]
    collected = await company.client.post(f"{BEGIN}/{scan['id']}/session", json={})
    assert refusal(collected) == (409, "scan-refused", "expired")
    assert (await entries(bw, "licence.refused"))[-1]["reason"] == "expired"


async def test_a_signed_code_that_nobody_collects_dies(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))
    await bw.world.clock_by(timedelta(seconds=200))

    assert refusal(await company.client.post(f"{BEGIN}/{scan['id']}/session", json={}))[2] == "expired"


async def test_nothing_is_collected_before_the_wallet_confirms(bw):
    company, _, scan, _ = await opened(bw)

    assert refusal(await company.client.post(f"{BEGIN}/{scan['id']}/session", json={}))[2] == "not-signed"


async def test_an_answer_without_opening_the_code_is_refused(bw):
    company, wallet = await bw.company(1), bw.world.client()
    scan = await bw.begin_scan(company.client)
    await wallet.get("/api/v1/time")
    token = await bw.token(company, await bw.challenge(company.client))

    assert refusal(await bw.answer_scan(wallet, scan["id"], token))[2] == "not-opened"


async def test_a_made_up_code_is_unknown(bw):
    wallet = bw.world.client()

    assert refusal(await bw.open_scan(wallet, "AAAAAAAAAAAAAAAAAAAAAA"))[2] == "unknown"
    assert refusal(await bw.open_scan(wallet, "x" * 500))[2] == "unknown"


async def test_the_holder_may_say_no(bw):
    company, wallet, scan, prompt = await opened(bw)

    said = await wallet.post(f"/api/v1/wallet/scans/{scan['id']}/decline", json={"wallet": "w" * 22})

    assert said.json() == {"state": "declined"}
    assert (await company.client.get(f"{BEGIN}/{scan['id']}")).json()["state"] == "declined"
    assert refusal(await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt)))[2] == "declined"
    assert refusal(await company.client.post(f"{BEGIN}/{scan['id']}/session", json={}))[2] == "declined"


async def test_a_new_code_ends_the_one_before(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.begin_scan(company.client)

    assert refusal(await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt)))[2] == "unknown"


async def test_a_refused_licence_is_told_to_wallet_and_browser_and_logged(bw):
    company, wallet, scan, prompt = await opened(bw)
    await bw.revoke(company)

    answer = await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))

    assert refusal(answer) == (422, "licence-refused", "revoked")
    shown = (await company.client.get(f"{BEGIN}/{scan['id']}")).json()
    assert (shown["state"], shown["fault"]) == ("refused", "revoked")
    assert "吊销" in shown["detail"]
    assert refusal(await company.client.post(f"{BEGIN}/{scan['id']}/session", json={})) == (
        422,
        "licence-refused",
        "revoked",
    )
    assert (await entries(bw, "licence.refused"))[-1]["way"] == "scan"


async def test_the_challenge_of_another_code_does_not_answer_this_one(bw):
    company, wallet, scan, _ = await opened(bw)
    other = bw.world.client()
    theirs = await bw.begin_scan(other)
    prompt = (await bw.open_scan(bw.world.client(), theirs["id"], "another wallet's secret")).json()

    answer = await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt))

    assert refusal(answer)[2] in ("nonce", "binding")
    assert (await other.post(f"{BEGIN}/{theirs['id']}/session", json={})).status_code == 409


async def test_a_wallet_whose_clock_is_off_is_refused(bw):
    for seconds in (-61, 62):
        company, wallet, scan, prompt = await opened(bw, 10 + (seconds > 0))
        off = await bw.now() + timedelta(seconds=seconds)

        answer = await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt, now=off))

        assert refusal(answer)[2] == "expired"
        assert answer.json()["cause"] == "clock"
        assert "60 秒" in answer.json()["detail"]
    company, wallet, scan, prompt = await opened(bw, 20)
    slow = await bw.now() - timedelta(seconds=50)
    assert (await bw.answer_scan(wallet, scan["id"], await bw.token(company, prompt, now=slow))).status_code == 200


async def test_codes_are_no_business_of_supervision(bw):
    await opened(bw)

    async with bw.db.begin_read_only(oversight=True) as tx:
        with pytest.raises(Exception, match="permission denied"):
            await tx.session.execute(text("SELECT * FROM bidding_licence_scan"))
