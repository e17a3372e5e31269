"""The sealed paper of a published inspection: R-DR-08."""

import asyncio
from pathlib import Path

import pytest

from kernel.crypto.authority import create_authority
from kernel.files.library import find_file, read_file
from kernel.web.pdf import PdfUnavailable, make_pdf_blocking
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk
from supervision.paper import make_paper
from supervision.queries import get_inspection
from tests.factories.supervision import BODY, make_office
from tests.factories.trading import at
from tests.world import World


async def test_a_published_result_gets_one_paper_under_the_bodys_seal(world: World, tmp_path: Path) -> None:
    try:
        make_pdf_blocking("<p>probe</p>", now=at("2026-08-20 10:00"))
    except PdfUnavailable as missing:
        pytest.skip(str(missing))
    authority = create_authority(tmp_path / "authority", at("2026-01-01 00:00"))
    world.services.plugins["seals"] = SealDesk(tmp_path / "seals", authority)
    async with world.services.db.begin() as tx:
        office = await make_office(tx)
        await office.assigned(tx)
        await office.recorded(tx)
        await office.published(tx)

    await make_paper(world.services, office.inspection_id)
    await make_paper(world.services, office.inspection_id)

    async with world.services.db.begin_read_only() as tx:
        view = await get_inspection(tx, office.inspection_id)
        assert view.file_id is not None
        pdf = await read_file(world.services.files, await find_file(tx, view.file_id))
    report = await asyncio.to_thread(verify_sealed, pdf, [authority.root], at=at("2026-08-20 10:00"))
    assert report.ok, report.problems
    assert report.seals[0].uscc == BODY[0]
    answer = await world.client().get(f"/inspections/{office.inspection_id}/paper.pdf")
    assert answer.content == pdf
