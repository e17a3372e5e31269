"""Receipts and rejections on paper: for their bidder only, under the centre's seal, unseen before the opening."""

import asyncio
import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import text

from kernel.canonical import b64u_encode
from kernel.log import LogError, parse_checkpoint, parse_entry, read_trust, verify_inclusion, verify_receipt
from kernel.log.receipt import hashes_of, platform_message
from kernel.web.pdf import PdfUnavailable, make_pdf_blocking
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk
from tests.factories.trading import at
from tests.worlds.bidding_world import SUITE, BiddingWorld, uscc


@pytest.fixture
async def bw(world) -> BiddingWorld:
    try:
        await asyncio.to_thread(make_pdf_blocking, "<p>1</p>", now=at("2026-07-13 09:00"))
    except PdfUnavailable:
        pytest.skip("no Pango on this machine")
    made = BiddingWorld(world)
    world.services.plugins["seals"] = SealDesk(world.folder / "seals", made.authority)
    await made.staff("desk", "centre", code=uscc(800_001), organisation="交易中心")
    return made


async def test_a_bidder_gets_the_sealed_paper_of_the_own_receipt_and_nobody_else_does(bw):
    await bw.open_for_bids()
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.submit(bidder)
    await bw.world.settle()
    async with bw.db.begin_read_only() as tx:
        digest = b64u_encode((await tx.session.execute(text("SELECT digest FROM bidding_submission"))).scalar_one())
    address = f"/b/receipts/{digest}"

    assert (await bidder.client.get(f"{address}/paper.pdf")).status_code == 404
    assert (await bidder.client.post(f"{address}/paper")).status_code == 303
    assert (await other.client.post(f"{address}/paper")).status_code == 404
    await bw.world.settle()

    served = await bidder.client.get(f"{address}/paper.pdf")
    assert served.status_code == 200, served.text
    report = await asyncio.to_thread(verify_sealed, served.content, [bw.authority.root])
    assert (report.ok, report.seals[0].signer) == (True, "交易中心")
    assert "/EmbeddedFiles" in PdfFileReader(io.BytesIO(served.content)).root["/Names"]
    assert (await other.client.get(f"{address}/paper.pdf")).status_code == 404
    async with bw.db.begin_read_only() as tx:
        used = await tx.session.execute(text("SELECT visibility FROM audit_entry WHERE type = 'seal.used'"))
        assert used.scalars().all() == ["sealed"]
    async with bw.db.begin_read_only(oversight=True) as tx:
        assert (await tx.session.execute(text("SELECT count(*) FROM kernel_seal_use"))).scalar_one() == 0


async def test_a_bidder_finds_the_own_rejection_again_with_paper_and_proof_and_nobody_else_does(bw):
    await bw.open_for_bids()
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.prepare(bidder)
    await bw.close()
    refused = (await bw.send(bidder, bw.message(bidder))).json()
    page, proof = refused["page"], refused["proof"]
    await bw.world.settle()

    shown = await bidder.client.get(page)
    assert shown.status_code == 200, shown.text
    assert "投标已截止，平台未接收本次递交。" in shown.text
    assert "招标投标法第二十八条" in shown.text
    assert page in (await bidder.client.get(f"/b/lots/{bw.lot_id}/submit")).text
    (listed,) = (await bidder.client.get(f"/api/v1/lots/{bw.lot_id}/rejections")).json()
    assert (listed["reason"], listed["page"], listed["proof"]) == ("late", page, proof)
    bundle = (await bidder.client.get(proof)).json()
    entry, head = parse_entry(bundle["entry"]), parse_checkpoint(bundle["checkpoint"], bw.world.services.trust)
    detail = platform_message(bundle["rejection"], read_trust(bw.world.services.trust), "otp-rejection+jws")
    assert entry.holds(SUITE, detail)
    assert verify_inclusion(SUITE, entry.leaf(SUITE), bundle["index"], head.size, hashes_of(bundle["path"]), head.root)
    with pytest.raises(LogError):
        verify_receipt(bundle | {"receipt": bundle["rejection"]}, bw.world.services.trust)

    # Somebody else who sends the very same message is refused too, and each has a paper of the own refusal only.
    for address in (page, proof, f"{page}/paper.pdf"):
        assert (await other.client.get(address)).status_code == 404
    assert (await other.client.get(f"/api/v1/lots/{bw.lot_id}/rejections")).json() == []
    async with bw.db.begin() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO bidding_rejection"
                " (id, lot_id, organisation_id, digest, reason, jws, entry_id, received_at)"
                " SELECT gen_random_uuid(), r.lot_id, i.organisation_id, r.digest, 'certificate', r.jws, r.entry_id,"
                "  r.received_at - interval '1 minute' FROM bidding_rejection r, bidding_interest i"
                " JOIN identity_organisation o ON o.id = i.organisation_id WHERE o.uscc = :uscc"
            ),
            {"uscc": other.uscc},
        )
    for client in (bidder.client, other.client):
        assert (await client.post(f"{page}/paper")).status_code == 303
    await bw.world.settle()
    papers = [(await client.get(f"{page}/paper.pdf")) for client in (bidder.client, other.client)]
    assert [paper.status_code for paper in papers] == [200, 200]
    assert papers[0].content != papers[1].content
    report = await asyncio.to_thread(verify_sealed, papers[0].content, [bw.authority.root])
    assert (report.ok, report.seals[0].reason) == (True, "投标文件拒收凭证")
