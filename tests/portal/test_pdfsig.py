"""Each kind of official document, judged by Poppler: valid under our root, broken after one changed byte."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kernel.crypto.authority import create_authority
from kernel.timestamps.asking import StampService
from kernel.web.pdf import Attachment, PdfUnavailable, print_document
from kernel.web.seal import verify_sealed
from portal.gallery import environment
from portal.samples.documents import DOCUMENTS
from portal.seals import SealDesk
from portal.timestamps import local_timestamper
from tests.pdfsig import changed, judge

NOW = datetime(2026, 8, 14, 1, 30, tzinfo=UTC)
USCC = "91350100M000100Y43"


@pytest.mark.parametrize("template", sorted(DOCUMENTS))
async def test_poppler_calls_every_kind_valid_and_its_forgery_broken(template: str, tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    expert = await asyncio.to_thread(judge, tmp_path, authority.root)
    context = DOCUMENTS[template]
    twin = Attachment("twin.json", b'{"v":1}', "the same as data")
    try:
        plain = await print_document(environment(), template, context, now=NOW, attachments=[twin])
    except PdfUnavailable as error:
        pytest.skip(str(error.extra["cause"]))
    stamps = StampService(local_timestamper(tmp_path / "stamps", authority), [authority.root])
    sealed = await SealDesk(tmp_path / "seals", authority, stamps).seal(
        USCC, plain, reason=template, now=NOW, name=context["page"].sign_name
    )
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(sealed.pdf)
    bad.write_bytes(changed(sealed.pdf))

    report = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])
    assert (report.ok, report.seals[0].stamp, report.seals[0].stamped_at) == (True, "demo", NOW)
    assert expert.approves(good), expert.says(good)
    assert "Signature is Valid." not in expert.says(bad)
    assert "Digest Mismatch" in expert.says(bad)


async def test_a_root_that_is_not_known_is_not_trusted(tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    stranger = create_authority(tmp_path / "stranger", datetime(2026, 1, 1, tzinfo=UTC))
    expert = await asyncio.to_thread(judge, tmp_path, stranger.root)
    try:
        plain = await print_document(environment(), "print/receipt.html", DOCUMENTS["print/receipt.html"], now=NOW)
    except PdfUnavailable as error:
        pytest.skip(str(error.extra["cause"]))
    sealed = await SealDesk(tmp_path / "seals", authority).seal(USCC, plain, reason="回执", now=NOW)
    (tmp_path / "a.pdf").write_bytes(sealed.pdf)

    said = expert.says(tmp_path / "a.pdf")

    assert "Signature is Valid." in said
    assert "Certificate is Trusted." not in said
