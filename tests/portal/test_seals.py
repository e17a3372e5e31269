"""The seal desk: documents under an organisation's seal, which outsiders judge as valid and unchanged."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from kernel.crypto.authority import create_authority
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk

NOW = datetime(2026, 8, 6, 6, 30, tzinfo=UTC)
USCC = "91350100M000100Y43"


def _blank() -> bytes:
    writer = PdfFileWriter()
    contents = writer.add_object(StreamObject(stream_data=b"0 0 m"))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def test_a_seal_holds_and_one_changed_byte_breaks_it(tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    desk = SealDesk(tmp_path / "seals", authority)

    sealed = await desk.seal(USCC, _blank(), reason="开标记录", now=NOW, name="测试单位")

    report = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])
    assert report.ok, report
    assert report.seals[0].uscc == USCC
    broken = bytearray(sealed.pdf)
    broken[len(_blank()) // 2] ^= 1
    assert not (await asyncio.to_thread(verify_sealed, bytes(broken), [authority.root])).ok


async def test_the_same_organisation_keeps_its_key(tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    await SealDesk(tmp_path / "seals", authority).seal(USCC, _blank(), reason="一", now=NOW)
    first = (tmp_path / "seals" / f"{USCC}.pem").read_bytes()

    await SealDesk(tmp_path / "seals", authority).seal(USCC, _blank(), reason="二", now=NOW)

    assert (tmp_path / "seals" / f"{USCC}.pem").read_bytes() == first
