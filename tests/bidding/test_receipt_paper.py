"""Receipts and rejections on paper: for their bidder only, under the centre's seal, unseen before the opening."""

import asyncio
import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import text

from kernel.canonical import b64u_encode
from kernel.web.pdf import PdfUnavailable, make_pdf_blocking
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk
from tests.factories.trading import at
from tests.worlds.bidding_world import BiddingWorld, uscc


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
