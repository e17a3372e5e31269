"""The sealed papers of notices: made once from what was published, verified by their seal, missing without harm."""

import asyncio
import dataclasses
import uuid

import pytest
from sqlalchemy import text

from kernel.crypto.authority import create_authority
from kernel.errors import NotFound, NotPermitted
from kernel.files.library import find_file, read_file
from kernel.papers.confirming import confirm_use, list_waiting
from kernel.web.pdf import PdfUnavailable, make_pdf_blocking
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk, load_policy
from tests.factories.trading import AGENCY, BUYER, at, make_lot_in_publicity, make_published_lot, set_clock
from tests.world import World
from trading.award_reading import find_award_notice
from trading.awarding import decide_award, send_award_notice
from trading.drafts import AwardDraft
from trading.jobs import make_paper
from trading.reading import list_notices_of, load_notice
from trading.reports import load_report


def has_pango() -> bool:
    try:
        make_pdf_blocking("<p>1</p>", now=at("2026-07-13 09:00"))
    except PdfUnavailable:
        return False
    return True


async def count(world: World, kind: str) -> int:
    async with world.services.db.begin_read_only() as tx:
        query = text("SELECT count(*) FROM audit_entry WHERE type = :kind")
        return int((await tx.session.execute(query, {"kind": kind})).scalar_one())


async def test_without_seals_the_page_says_why_there_is_no_pdf(world: World) -> None:
    async with world.services.db.begin() as tx:
        lot = await make_published_lot(tx)

    await world.rounds.run()

    async with world.services.db.begin_read_only() as tx:
        (line,) = await list_notices_of(tx, lot.lot_id)
        notice = await load_notice(tx, line.id)
    assert notice.pdf_id is None
    page = await world.client().get(f"/notices/{notice.id}", headers={"accept": "text/html"})
    assert "没有配置电子签章" in page.text
    assert (await world.client().get(f"/notices/{notice.id}/pdf")).status_code == 404
    assert await count(world, "seal.used") == 0


async def test_every_published_paper_carries_the_seal_of_its_issuer(world: World) -> None:
    if not await asyncio.to_thread(has_pango):
        pytest.skip("no Pango on this machine")
    authority = create_authority(world.folder / "authority", at("2026-01-01 00:00"))
    world.services.plugins["seals"] = SealDesk(world.folder / "seals", authority)
    async with world.services.db.begin() as tx:
        lot = await make_lot_in_publicity(tx)
        first = (await load_report(tx, lot.lot_id)).candidates[0]
        await set_clock(tx, at("2026-08-14 09:00"))
        await decide_award(tx, lot.buyer, lot.lot_id, AwardDraft(bid_id=first.bid_id))
        await send_award_notice(tx, lot.agency, lot.lot_id)

    await world.rounds.run()

    async with world.services.db.begin_read_only() as tx:
        papers = [await load_notice(tx, line.id) for line in await list_notices_of(tx, lot.lot_id)]
        award = await find_award_notice(tx, lot.lot_id)
        assert award is not None
        files = [(paper.pdf_id, AGENCY[1]) for paper in papers] + [(award.pdf_id, BUYER[1])]
        for file_id, signer in files:
            assert file_id is not None
            pdf = await read_file(world.services.files, await find_file(tx, file_id))
            report = await asyncio.to_thread(verify_sealed, pdf, [authority.root])
            assert (report.ok, [seal.signer for seal in report.seals]) == (True, [signer])
            broken = await asyncio.to_thread(verify_sealed, pdf[:2000] + b"X" + pdf[2001:], [authority.root])
            assert not broken.ok
    assert await count(world, "seal.used") == 4

    await make_paper(world.services, {"notice": str(papers[0].id)})

    assert await count(world, "seal.used") == 4, "doing it twice changes nothing"
    served = await world.client().get(f"/notices/{papers[0].id}/pdf")
    assert served.content.startswith(b"%PDF")


async def test_an_award_notice_by_one_person_waits_for_a_second_of_the_organisation(world: World) -> None:
    if not await asyncio.to_thread(has_pango):
        pytest.skip("no Pango on this machine")
    authority = create_authority(world.folder / "authority", at("2026-01-01 00:00"))
    world.services.plugins["seals"] = SealDesk(world.folder / "seals", authority)
    world.services.plugins["seal_policy"] = load_policy()
    async with world.services.db.begin() as tx:
        lot = await make_lot_in_publicity(tx)
        first = (await load_report(tx, lot.lot_id)).candidates[0]
        await set_clock(tx, at("2026-08-14 09:00"))
        await decide_award(tx, lot.buyer, lot.lot_id, AwardDraft(bid_id=first.bid_id))
        await send_award_notice(tx, lot.buyer, lot.lot_id)

    await world.rounds.run()

    async with world.services.db.begin() as tx:
        award = await find_award_notice(tx, lot.lot_id)
        assert award is not None
        assert award.pdf_id is None
        assert "第二名人员确认" in str(award.pdf_fault)
        (waiting,) = await list_waiting(tx, lot.buyer.uscc)
        with pytest.raises(NotPermitted):
            await confirm_use(tx, lot.buyer, award.id, waiting.kind)
        with pytest.raises(NotFound):
            await confirm_use(tx, lot.agency, award.id, waiting.kind)
        second = dataclasses.replace(lot.buyer, account_id=uuid.uuid4())
        await confirm_use(tx, second, award.id, waiting.kind)

    await world.rounds.run()

    async with world.services.db.begin_read_only() as tx:
        made = await find_award_notice(tx, lot.lot_id)
        assert made is not None
        assert made.pdf_id is not None
        assert await list_waiting(tx, lot.buyer.uscc) == []
    assert await count(world, "seal.confirmed") == 1
