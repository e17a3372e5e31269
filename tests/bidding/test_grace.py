"""A revocation list that is out of date: acts are refused at once, looking around goes on for a day, and says so."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from bidding.trust_list import TrustedIssuer, TrustList
from kernel.crypto.authority import make_crl
from portal.licences import IssuerTrust
from portal.revocation import CrlFolder
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld

HOUR = timedelta(hours=1)
HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world: World, tmp_path: Path) -> BiddingWorld:
    """An issuer whose newest list was fetched today and ends tomorrow."""
    made = BiddingWorld(world)
    source = tmp_path / "issuer.crl"
    source.write_bytes(make_crl(made.authority, await made.now()).public_bytes(Encoding.DER))
    since = made.authority.root.not_valid_before_utc
    row = TrustedIssuer("签发机构", made.authority.root, (made.authority.issuing,), since, None, str(source))
    content = TrustList(1, since, since + timedelta(days=9000), (row,))
    world.services.plugins["licences"] = IssuerTrust(content, CrlFolder(tmp_path / "crl"))
    return made


async def test_on_grace_one_looks_and_does_nothing_and_after_it_nobody_gets_in(bw: BiddingWorld) -> None:
    """Source: R-LIC-09"""
    await bw.open_for_bids()
    known, newcomer = await bw.bidder(1), await bw.company(2)
    await bw.world.clock_by(timedelta(days=1) + HOUR)

    again = await bw.sign_in(known)
    looked = await known.client.get(f"/b/lots/{bw.lot_id}", headers=HTML)
    joined = await known.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})
    key = await known.client.post("/api/v1/me/keys", json={"purpose": "sign", "spki": "AA"})
    first = await bw.sign_in(newcomer)
    browser, wallet = bw.world.client(), bw.world.client()
    code = await bw.begin_scan(browser)
    prompt = (await bw.open_scan(wallet, code["id"])).json()
    await bw.answer_scan(wallet, code["id"], await bw.token(known, prompt))
    await browser.post(f"/api/v1/auth/licence/scans/{code['id']}/session", json={})
    await browser.get("/api/v1/me")  # the form token of the new session
    scanned = await browser.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})
    left = await known.client.post("/logout")
    await bw.world.clock_by(timedelta(days=1))
    late = await bw.sign_in(known)

    assert again.status_code == 200
    assert looked.status_code == 200
    assert "本次登录只能查看" in looked.text
    for refused in (joined, key, scanned):
        assert refused.status_code == 403
        assert "本次登录只能查看" in refused.json()["detail"]
    assert (first.status_code, first.json()["reason"]) == (422, "crl-stale"), "who is new would be registered"
    assert left.status_code == 303
    assert (late.status_code, late.json()["reason"]) == (422, "crl-stale")
    async with bw.db.begin_read_only() as tx:
        query = text("SELECT count(*) FROM identity_organisation WHERE uscc = :u")
        assert (await tx.session.execute(query, {"u": newcomer.uscc})).scalar_one() == 0


async def test_a_signed_act_needs_a_fresh_list_even_in_a_session_from_before(bw: BiddingWorld) -> None:
    """Source: R-LIC-09"""
    await bw.open_for_bids()
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    await bw.world.clock_by(timedelta(days=1) + HOUR)

    answer = await bw.send(bidder, bw.message(bidder))

    assert answer.status_code == 409
    assert answer.json()["reason"] == "signature"
