"""Affiliates of the operator and of the agency do not bid: declared by two administrators, refused at the door."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from kernel.periods import legal_date
from tests.world import World
from tests.worlds.bidding_world import AGENCY, TENDER, Bidder, BiddingWorld, uscc

DAY = timedelta(days=1)


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    return BiddingWorld(world)


async def admins(bw: BiddingWorld) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    system = await bw.staff("sys", "system_admin", code=uscc(700_001), organisation="数据局")
    return system, await bw.staff("sec", "security_admin", code=uscc(700_002), organisation="信息中心")


async def wish(bw: BiddingWorld, bidder: Bidder, **changes: Any) -> dict[str, str]:
    body = {"kind": "holding", "uscc": bidder.uscc, "name": bidder.name, "to": "operator", "basis": "股东名册 2026-07"}
    return {**body, "since": str(legal_date(await bw.now()) - DAY), **changes}


async def declare(bw: BiddingWorld, bidder: Bidder, **changes: Any) -> None:
    system, security = await admins(bw)
    asked = await system.post("/api/v1/affiliations", json=await wish(bw, bidder, **changes))
    assert asked.status_code == 201, asked.text
    address = f"/api/v1/affiliations/petitions/{asked.json()['petition']}/decision"
    decided = await security.post(address, json={"approve": True})
    assert decided.status_code == 204, decided.text


async def join(bw: BiddingWorld, bidder: Bidder) -> httpx.Response:
    return await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})


async def rows(bw: BiddingWorld, query: str) -> list[Any]:
    async with bw.db.begin_read_only() as tx:
        return list((await tx.session.execute(text(query))).all())


async def test_an_affiliate_of_the_operator_does_not_join_and_nobody_else_learns_of_it(bw: BiddingWorld) -> None:
    """Source: R-ET-01, R-ET-05"""
    await bw.open_for_bids()
    affiliate, stranger = await bw.company(1), await bw.bidder(2)
    assert (await bw.sign_in(affiliate)).status_code == 200
    system, _ = await admins(bw)
    asked = await system.post("/api/v1/affiliations", json=await wish(bw, affiliate))
    before = await rows(bw, "SELECT 1 FROM bidding_interest")
    address = f"/api/v1/affiliations/petitions/{asked.json()['petition']}/decision"

    own = await system.post(address, json={"approve": True})
    _, security = await admins(bw)
    await security.post(address, json={"approve": True})
    answer = await join(bw, affiliate)
    page = await affiliate.client.post(f"/b/lots/{bw.lot_id}/join", headers={"accept": "text/html"})

    assert own.status_code == 403, "who asks does not decide"
    assert (answer.status_code, answer.json()["code"]) == (403, "not-independent")
    assert answer.json()["article"] == "《电子招标投标办法》第二十三条"
    assert "控股关系" in answer.json()["detail"]
    assert page.status_code == 403
    assert "第二十三条" in page.text
    assert await rows(bw, "SELECT 1 FROM bidding_interest") == before
    kept = await rows(bw, "SELECT visibility, subject, detail FROM audit_entry WHERE type = 'interest.refused'")
    assert [(row.visibility, row.subject) for row in kept] == [("sealed", bw.lot_id)] * 2
    assert kept[0].detail["facts"]["uscc"] == affiliate.uscc
    assert not await rows(bw, "SELECT 1 FROM identity_access WHERE kind = 'refused' AND login LIKE 'licence:%'")
    for client in (stranger.client, await bw.agency(), system, security):
        for path in (f"/api/v1/lots/{bw.lot_id}/timeline", f"/lots/{bw.lot_id}"):
            assert affiliate.uscc not in (await client.get(path)).text


async def test_an_affiliation_that_ended_yesterday_keeps_nobody_out(bw: BiddingWorld) -> None:
    """Source: R-ET-01"""
    await bw.open_for_bids()
    bidder = await bw.company(1)
    await bw.sign_in(bidder)
    today = legal_date(await bw.now())
    await declare(bw, bidder, since=str(today - 30 * DAY), until=str(today + DAY))
    refused = await join(bw, bidder)
    system, security = await admins(bw)
    (row,) = (await system.get("/api/v1/affiliations")).json()["affiliations"]

    early = await system.post(
        f"/api/v1/affiliations/{row['id']}/end", json={"until": str(today - 31 * DAY), "basis": "股权转让登记"}
    )
    asked = await system.post(
        f"/api/v1/affiliations/{row['id']}/end", json={"until": str(today), "basis": "股权转让登记"}
    )
    twice = await system.post(
        f"/api/v1/affiliations/{row['id']}/end", json={"until": str(today), "basis": "股权转让登记"}
    )
    waiting = await join(bw, bidder)
    await security.post(f"/api/v1/affiliations/petitions/{asked.json()['petition']}/decision", json={"approve": True})
    admitted = await join(bw, bidder)

    assert (refused.status_code, waiting.status_code) == (403, 403), "asked for is not decided"
    assert (early.status_code, twice.status_code) == (422, 409)
    assert admitted.status_code == 200, admitted.text
    (row,) = (await security.get("/api/v1/affiliations")).json()["affiliations"]
    assert (row["holds"], row["until"], row["end_basis"]) == (False, str(today), "股权转让登记")


async def test_the_agency_its_affiliates_and_whom_it_advised_do_not_bid_in_its_project(bw: BiddingWorld) -> None:
    """Source: R-AGT-03"""
    await bw.open_for_bids()
    itself = await bw.company(900_002, AGENCY)
    held, advised = await bw.company(1), await bw.company(2)
    for company in (itself, held, advised):
        await bw.sign_in(company)
    to_agency = {"to": "party", "of_uscc": uscc(900_002), "of_name": AGENCY}
    await declare(bw, held, **to_agency)
    await declare(bw, advised, kind="adviser", project=TENDER, **to_agency)

    answers = [await join(bw, company) for company in (itself, held, advised)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert all("第十三条" in answer.json()["article"] for answer in answers)
    assert [answer.json().get("tie") for answer in answers] == [None, "holding", "adviser"]


async def test_who_becomes_an_affiliate_after_joining_submits_nothing_and_may_withdraw(bw: BiddingWorld) -> None:
    """Source: R-ET-01, R-AGT-03"""
    await bw.open_for_bids()
    first, late = await bw.bidder(1), await bw.bidder(2)
    await bw.submit(first)
    await declare(bw, first)
    await declare(bw, late)

    await bw.prepare(first)
    await bw.prepare(late)
    changed = await bw.send(first, bw.message(first))
    refused = await bw.send(late, bw.message(late))
    withdrawn = await bw.withdraw(first)

    for answer in (changed, refused):
        assert (answer.status_code, answer.json()["reason"]) == (409, "independence")
        assert "第二十三条" in answer.json()["detail"]
    assert withdrawn.status_code in (201, 202), withdrawn.text
    kept = await rows(bw, "SELECT visibility FROM audit_entry WHERE type = 'bid.rejected'")
    assert [row.visibility for row in kept] == ["sealed", "sealed"]


async def test_a_declaration_is_checked_all_at_once_and_entered_once(bw: BiddingWorld) -> None:
    await bw.make_lot()
    system, security = await admins(bw)
    bidder = await bw.company(1)
    sound = await wish(bw, bidder)
    wrong = {"kind": "cousin", "uscc": bidder.uscc[:-1] + "I", "name": "", "to": "party", "basis": "听说"}

    faults = await system.post("/api/v1/affiliations", json={**sound, **wrong, "since": "上月", "of_uscc": ""})
    misplaced = await system.post("/api/v1/affiliations", json={**sound, "kind": "adviser"})
    first = await system.post("/api/v1/affiliations", json=sound)
    twice = await system.post("/api/v1/affiliations", json=sound)
    refused = await security.post(
        f"/api/v1/affiliations/petitions/{first.json()['petition']}/decision", json={"approve": False}
    )
    again = await system.post("/api/v1/affiliations", json=sound)

    assert faults.status_code == 422
    pointers = {error["pointer"] for error in faults.json()["errors"]}
    assert pointers == {"kind", "uscc", "name", "basis", "since", "of_uscc", "of_name"}
    assert [error["pointer"] for error in misplaced.json()["errors"]] == ["kind", "project"]
    assert (first.status_code, twice.status_code, refused.status_code, again.status_code) == (201, 409, 204, 201)
    assert (await system.get("/api/v1/affiliations")).json()["affiliations"] == []
    audit = await rows(bw, "SELECT kind, second_id FROM identity_access WHERE act = 'affiliation.declare' ORDER BY id")
    assert [(row.kind, row.second_id is not None) for row in audit] == [
        ("petition", False),
        ("decision", True),
        ("petition", False),
    ]


async def test_the_page_takes_a_declaration_and_a_decision(bw: BiddingWorld) -> None:
    await bw.make_lot()
    system, security = await admins(bw)
    bidder = await bw.company(1)
    html = {"accept": "text/html"}

    bad = await system.post("/admin/affiliations", data={"name": bidder.name}, headers=html)
    good = await system.post("/admin/affiliations", data=await wish(bw, bidder), headers=html)
    listed = await security.get("/admin/affiliations", headers=html)
    (waiting,) = (await security.get("/api/v1/affiliations")).json()["waiting"]
    await security.post(f"/admin/affiliations/petitions/{waiting['petition']}", data={"decision": "approve"})
    shown = await system.get("/admin/affiliations", headers=html)

    assert bad.status_code == 422
    assert bidder.name in bad.text, "what was typed is kept"
    assert (good.status_code, listed.status_code, shown.status_code) == (303, 200, 200)
    assert "同意登记" in listed.text
    assert "同意登记" not in (await system.get("/admin/affiliations", headers=html)).text
    assert "不得投标" in shown.text
    watcher = await bw.staff("watch", "supervisor", code=uscc(700_003), organisation="公管局")
    assert (await watcher.get("/admin/affiliations", headers=html)).status_code == 200
    assert (await watcher.get("/api/v1/affiliations")).status_code == 200
