"""A consortium from its proposal to the case bundle: consents, refusals both ways, opening, verification offline.

Source: R-ANN-02, R-VETO-02, R-VETO-09; 招投法 31, 条例 37.
"""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from bidding.client import sign_message
from kernel.canonical import b64u_decode, jcs
from portal.archive import read_archive
from portal.case import gather, write_case
from portal.verify import Verdict, verify_paths
from tests.bidding.test_independence import declare
from tests.world import World
from tests.worlds.bidding_world import AGENCY, SUITE, TENDER, Bidder, BiddingWorld, uscc
from trading import facade as trading

PDF = b"%PDF-1.7 agreement of the consortium"


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    made = BiddingWorld(world)
    world.services.trust["licence_roots"] = [made.authority.root.public_bytes(Encoding.PEM).decode()]
    await made.open_for_bids(consortium=True)
    return made


async def company(bw: BiddingWorld, n: int) -> Bidder:
    """A firm that has signed in and takes part in nothing."""
    found = await bw.company(n)
    assert (await bw.sign_in(found)).status_code == 200
    return found


async def propose(bw: BiddingWorld, leader: Bidder, *members: Bidder, **changes: Any) -> httpx.Response:
    share = 100 // (len(members) + 1)
    rows = [{"share": str(100 - share * len(members)), "work": "设备供货、总体集成"}]
    rows += [{"uscc": one.uscc, "name": one.name, "share": str(share), "work": "安装调试"} for one in members]
    rows = changes.get("rows", rows)
    name, data = changes.get("file", ("联合体协议.pdf", PDF))
    return await leader.client.post(
        f"/api/v1/lots/{bw.lot_id}/consortium",
        data={"members": json.dumps(rows)},
        files={"file": (name, data, "application/pdf")},
    )


async def sign(bw: BiddingWorld, member: Bidder, made: dict[str, Any], by: Bidder | None = None, **changes: Any) -> int:
    """Consent with one's licence, or with somebody else's, or to something else; return the status."""
    signer = by or member
    chain = [signer.licence.sign, bw.authority.issuing]
    token = sign_message(SUITE, {**made["message"], **changes}, signer.sign_key, chain)
    return (await member.client.post(f"/api/v1/consortia/{made['id']}/consent", json={"jws": token})).status_code


async def proposed(bw: BiddingWorld, leader: Bidder, *members: Bidder) -> dict[str, Any]:
    """Propose, and let the leader sign."""
    answer = await propose(bw, leader, *members)
    assert answer.status_code == 201, answer.text
    assert await sign(bw, leader, answer.json()) == 200
    return answer.json()


async def try_to_submit(bw: BiddingWorld, bidder: Bidder) -> tuple[int, str]:
    if not bidder.docs:
        await bw.prepare(bidder)
    answer = await bw.send(bidder, bw.message(bidder))
    return 201 if answer.status_code == 202 else answer.status_code, answer.json().get("reason", "")


async def test_a_consortium_bids_is_read_out_with_all_members_and_verifies_offline(bw: BiddingWorld, tmp_path) -> None:
    leader, joined = await bw.bidder(1), await bw.bidder(3)
    second = await company(bw, 2)
    rivals = [await bw.bidder(4), await bw.bidder(5)]

    made = (await propose(bw, leader, second, joined)).json()
    address = f"/api/v1/consortia/{made['id']}"
    assert b64u_decode(made["message"]["agreement"]) == hashlib.sha256(PDF).digest()
    assert (await second.client.get(address)).status_code == 404  # the leader has not signed
    assert await try_to_submit(bw, leader) == (409, "consents")
    assert await sign(bw, leader, made) == 200
    agent = await bw.agency()
    watch = await bw.staff("watch", "supervisor", code=uscc(700_001), organisation="监督机构")
    readers = [second.client, joined.client, rivals[0].client, agent, watch, bw.world.client()]
    assert [(await reader.get(address)).status_code for reader in readers] == [200, 200, 404, 403, 403, 401]
    assert (await second.client.get(f"{address}/agreement")).content == PDF
    assert (await rivals[0].client.get(f"{address}/agreement")).status_code == 404
    inbox = (await second.client.get("/inbox", headers={"accept": "text/html"})).text
    assert "联合体待同意" in inbox

    # Signatures that do not hold.
    assert await sign(bw, second, made, by=rivals[0]) == 422
    assert await sign(bw, second, made, no=7) == 422
    assert await sign(bw, rivals[0], made) == 404
    assert await sign(bw, second, made) == 200
    assert (await second.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})).status_code == 409
    # Who has a bid of its own in force takes it back first; then it may not bid alone any more.
    assert (await try_to_submit(bw, joined))[0] == 201
    assert await sign(bw, joined, made) == 409
    await bw.withdraw(joined)
    assert await sign(bw, joined, made) == 200
    assert await try_to_submit(bw, joined) == (409, "member")
    other = await proposed(bw, rivals[0], second)
    assert await sign(bw, second, other) == 409  # nor in two consortia
    assert (await rivals[0].client.post(f"/api/v1/lots/{bw.lot_id}/consortium/end")).status_code == 204
    assert (await propose(bw, joined, second)).status_code == 409  # nor at the head of another

    # Once the bid is in force nobody leaves and nothing changes; a change needs all signatures again.
    assert (await try_to_submit(bw, leader))[0] == 201
    assert (await second.client.post(f"{address}/refusal", json={"reason": ""})).status_code == 409
    assert (await propose(bw, leader, second)).status_code == 409
    assert (await leader.client.post(f"/api/v1/lots/{bw.lot_id}/consortium/end")).status_code == 409
    await bw.withdraw(leader)
    made = await proposed(bw, leader, joined, second)
    assert await try_to_submit(bw, leader) == (409, "consents")
    assert [await sign(bw, one, made) for one in (joined, second, second)] == [200, 200, 200]
    address = f"/api/v1/consortia/{made['id']}"
    assert (await second.client.post(f"{address}/refusal", json={"reason": "份额有误"})).status_code == 204
    assert await try_to_submit(bw, leader) == (409, "consents")
    assert await sign(bw, second, made) == 200
    assert (await try_to_submit(bw, leader))[0] == 201
    for rival in rivals:
        assert (await try_to_submit(bw, rival))[0] == 201

    # Sealed until the opening: in the log, and for the login of supervision.
    kinds = "consortium.proposed', 'consortium.consented', 'consortium.declined', 'consortium.ended"
    seen = await bw.rows(f"SELECT DISTINCT visibility, subject FROM audit_entry WHERE type IN ('{kinds}')")
    assert [tuple(row) for row in seen] == [("sealed", bw.lot_id)]
    assert await oversight_sees(bw) == 0

    await bw.close()
    assert await sign(bw, second, made) == 409
    for bidder in (leader, *rivals):
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code == 200
    await bw.world.settle()

    title = f"{leader.name}（牵头人）、{joined.name}、{second.name}联合体"
    lines = {line["name"]: line for line in (await bw.entries("bid.opened"))[0]["bids"]}
    assert [one["uscc"] for one in lines[title]["consortium"]["members"]] == [leader.uscc, joined.uscc, second.uscc]
    assert title in [line["name"] for line in (await bw.opening())["bids"]]
    assert title in (await bw.world.client().get(f"/openings/{bw.lot_id}")).text
    assert await oversight_sees(bw) > 0
    await bw.world.clock_to(await bw.now() + timedelta(minutes=11))  # time for objections to the opening
    confirmed = await agent.post(f"/api/v1/lots/{bw.lot_id}/opening/confirm")
    assert confirmed.status_code < 300, confirmed.text
    await bw.world.settle()
    content = (await bw.rows("SELECT content FROM bidding_record"))[0].content
    recorded = next(bid for bid in content["bids"] if bid["name"] == title)["consortium"]["members"]
    assert [one["share"] for one in recorded] == [3400, 3300, 3300]

    data = await bundle(bw)
    assert verdict(bw, tmp_path, data) == set()
    names = [name for name in members(data) if "/consent-" in name]
    assert len(names) == 3
    assert verdict(bw, tmp_path, await bundle(bw, leave_out=names[1])) == {"consent-missing"}
    assert verdict(bw, tmp_path, await bundle(bw, swap=(names[1], names[2]))) == {"consent-missing"}
    chain = [second.licence.sign, bw.authority.issuing]
    wrong = sign_message(SUITE, made["message"] | {"no": 9}, second.sign_key, chain)
    assert verdict(bw, tmp_path, await bundle(bw, put=(names[2], wrong))) == {"consent-logged"}


async def oversight_sees(bw: BiddingWorld) -> int:
    """How many rows of consortia the login of supervision finds."""
    async with bw.db.begin_read_only(oversight=True) as tx:
        query = "SELECT (SELECT count(*) FROM bidding_consortium) + (SELECT count(*) FROM bidding_consortium_member)"
        return int((await tx.session.execute(text(query))).scalar_one())


async def bundle(
    bw: BiddingWorld, leave_out: str = "", swap: tuple[str, str] | None = None, put: tuple[str, str] | None = None
) -> bytes:
    """The public bundle, perhaps with its consents changed before the platform signs it."""
    async with bw.db.begin_read_only() as tx:
        gathered = await gather(tx, bw.world.services, await trading.get_lot(tx, bw.lot_id))
    parts = {part.name: part for part in gathered.parts if part.name != leave_out}
    if swap is not None:
        parts[swap[0]] = replace(parts[swap[0]], content=parts[swap[1]].content)
    if put is not None:
        parts[put[0]] = replace(parts[put[0]], content=put[1].encode())
    path = bw.world.folder / "case.zip"
    await asyncio.to_thread(write_case, replace(gathered, parts=tuple(parts.values())), bw.world.services, path)
    return path.read_bytes()


def members(data: bytes) -> list[str]:
    return [member.name for member in read_archive(io.BytesIO(data))]


def verdict(bw: BiddingWorld, tmp_path, data: bytes) -> set[str]:
    """Codes of what fails for a stranger with our trust file."""
    file, trust = tmp_path / "case.zip", tmp_path / "trust.json"
    file.write_bytes(data)
    trust.write_bytes(jcs(bw.world.services.trust))
    report = verify_paths([file], trust)
    return {check.code for check in report.checks if check.verdict is Verdict.FAILED}


async def test_what_cannot_be_a_consortium_is_refused_and_says_why(bw: BiddingWorld) -> None:
    leader, second = await bw.bidder(1), await company(bw, 2)
    stranger = await company(bw, 6)
    third = {"uscc": second.uscc, "name": second.name, "work": "安装调试"}
    lead = {"share": "60", "work": "总体集成"}
    for rows, field in (
        ([lead], "uscc_1"),
        ([lead, {**third, "share": "39.99"}], "share_0"),
        ([lead, {**third, "share": "40.001"}], "share_1"),
        ([lead, {**third, "share": "40", "work": ""}], "work_1"),
        ([lead, {**third, "share": "40", "uscc": second.uscc[:-1] + "0"}], "uscc_1"),
        ([lead, {**third, "share": "20"}, {**third, "share": "20"}], "uscc_2"),
        ([lead, {**third, "share": "40", "uscc": leader.uscc}], "uscc_1"),
    ):
        answer = await propose(bw, leader, rows=rows)
        assert answer.status_code == 422, rows
        assert field in answer.text, answer.text
    assert (await propose(bw, leader, second, file=("协议.pdf", b"MZ"))).status_code == 422
    assert (await propose(bw, leader, second, file=("协议.docx", b"PK\x03\x04"))).status_code == 422
    agent = {"uscc": uscc(900_002), "name": AGENCY, "share": "40", "work": "监理"}
    assert (await propose(bw, leader, rows=[lead, agent])).status_code == 403
    assert (await propose(bw, stranger, second)).status_code == 404  # takes no part in the lot
    assert await bw.rows("SELECT 1 FROM bidding_consortium") == []
    # A firm that is named otherwise than its licence says does not consent to that.
    made = (await propose(bw, leader, rows=[lead, {**third, "share": "40", "name": "另一单位有限公司"}])).json()
    assert await sign(bw, leader, made) == 200
    assert await sign(bw, second, made) == 409
    async with bw.db.begin() as tx:
        await tx.session.execute(text("UPDATE trading_lot SET consortium_allowed = false"))
    refused = await propose(bw, leader, second)
    assert refused.status_code == 409
    assert "不接受联合体" in refused.text


async def test_a_member_who_may_not_bid_keeps_the_consortium_out(bw: BiddingWorld) -> None:
    """R-ET-01, R-AGT-03: at its own consent it is told why, later the leader only learns that it is so."""
    leader, second, third = await bw.bidder(1), await company(bw, 2), await company(bw, 3)
    made = await proposed(bw, leader, second, third)
    assert await sign(bw, second, made) == 200
    await declare(bw, third)
    assert await sign(bw, third, made) == 403
    made = await proposed(bw, leader, second)
    assert await sign(bw, second, made) == 200
    await bw.prepare(leader)
    await declare(bw, second)
    assert await try_to_submit(bw, leader) == (409, "member-tie")
    assert TENDER not in str(await bw.entries("consortium.consented"))


async def test_of_a_consent_and_a_bid_of_ones_own_at_one_moment_one_is_refused(bw: BiddingWorld) -> None:
    leader, others = await bw.bidder(1), [await bw.bidder(n) for n in range(2, 6)]
    made = await proposed(bw, leader, *others)
    for one in others:
        await bw.prepare(one)

    async def both(member: Bidder) -> tuple[int, int]:
        consented, sent = await asyncio.gather(sign(bw, member, made), bw.send(member, bw.message(member)))
        return consented, 201 if sent.status_code == 202 else sent.status_code

    outcomes = [await both(one) for one in others]

    assert set(outcomes) <= {(200, 409), (409, 201)}
    state = await bw.rows(
        "SELECT b.state, b.hold FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
        " JOIN bidding_consortium_member m ON m.organisation_id = i.organisation_id AND m.bound AND m.place > 1"
    )
    assert all(tuple(row) == ("registered", "member") for row in state)


@asynccontextmanager
async def held_back(bw: BiddingWorld, leader: Bidder) -> AsyncIterator[None]:
    """Keep all acts on the consortia of a leader waiting, in the order in which they come, until the block ends."""
    async with bw.db.begin() as tx:
        firm = (await tx.session.execute(_FIRM, {"uscc": leader.uscc})).scalar_one()
        await tx.session.execute(_LOCK, {"key": f"{bw.lot_id}{firm}"})
        yield


_FIRM = text("SELECT id FROM identity_organisation WHERE uscc = :uscc")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def waiting(bw: BiddingWorld, count: int) -> None:
    """Return when so many acts wait for firms."""
    query = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(30):
        while (await bw.rows(query))[0].n < count:  # noqa: ASYNC110 - what the database does tells no event
            await asyncio.sleep(0.01)


async def test_acts_on_one_consortium_at_one_moment_see_what_the_one_before_did(bw: BiddingWorld) -> None:
    leader, second, third = [await bw.bidder(n) for n in (1, 2, 3)]

    async def queue(*acts: Coroutine[Any, Any, Any]) -> list[Any]:
        async with held_back(bw, leader):
            tasks = []
            for n, act in enumerate(acts, 1):
                tasks.append(asyncio.create_task(act))
                await waiting(bw, n)
        return [await task for task in tasks]

    # The last two members consent: the consortium is complete.
    made = await proposed(bw, leader, second, third)
    assert await queue(sign(bw, second, made), sign(bw, third, made)) == [200, 200]
    assert [tuple(row) for row in await bw.rows("SELECT state FROM bidding_consortium")] == [("complete",)]
    # The leader changes it twice: the last proposal stands, no other binds anybody.
    answers = await queue(propose(bw, leader, second), propose(bw, leader, third))
    assert [answer.status_code for answer in answers] == [201, 201]
    live = await bw.rows("SELECT id FROM bidding_consortium WHERE state <> 'ended'")
    assert [str(row.id) for row in live] == [answers[1].json()["id"]]
    # A member consents while the leader ends it: the member is free.
    made = await proposed(bw, leader, second)
    end = leader.client.post(f"/api/v1/lots/{bw.lot_id}/consortium/end")
    status, ended = await queue(sign(bw, second, made), end)
    assert (status, ended.status_code) == (200, 204)
    assert await bw.rows("SELECT uscc FROM bidding_consortium_member WHERE bound") == []
    assert await bw.rows("SELECT id FROM bidding_bid WHERE hold IS NOT NULL") == []
    # The leader replaces it while a member consents to the one before.
    made = await proposed(bw, leader, second)
    status, answer = await queue(sign(bw, second, made), propose(bw, leader, third))
    assert (status, answer.status_code) == (200, 201)
    assert await bw.rows("SELECT uscc FROM bidding_consortium_member WHERE bound") == []
    # Ended twice, and replaced while it is ended.
    again, replaced = await queue(
        leader.client.post(f"/api/v1/lots/{bw.lot_id}/consortium/end"), propose(bw, leader, second)
    )
    assert (again.status_code, replaced.status_code) == (204, 201)
