"""The seal desk: documents under an organisation's seal, which outsiders judge as valid and unchanged."""

import asyncio
import contextlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from kernel.crypto.authority import create_authority
from kernel.errors import Unavailable
from kernel.timestamps.asking import StampService
from kernel.web.seal import verify_sealed
from portal.seals import SealDesk
from portal.timestamps import local_timestamper

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
    first = {file.name: file.read_bytes() for file in (tmp_path / "seals").glob(f"{USCC}*")}

    await SealDesk(tmp_path / "seals", authority).seal(USCC, _blank(), reason="二", now=NOW)

    assert len(first) == 2
    assert {file.name: file.read_bytes() for file in (tmp_path / "seals").glob(f"{USCC}*")} == first


async def test_a_seal_bears_a_time_stamp_that_is_judged_with_it(tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    stranger = create_authority(tmp_path / "stranger", datetime(2026, 1, 1, tzinfo=UTC))
    stamper = local_timestamper(tmp_path / "tsa", authority)

    sealed = await SealDesk(tmp_path / "seals", authority, StampService(stamper, [authority.root])).seal(
        USCC, _blank(), reason="开标记录", now=NOW, name="测试单位"
    )
    good = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])
    other = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root], stamping=[stranger.root])

    assert good.ok, good
    assert sealed.stamped
    assert (good.seals[0].stamp, good.seals[0].stamped_at, good.seals[0].stamped_by) == ("demo", NOW, "演示时间戳")
    assert (other.ok, other.problems, other.seals[0].stamp) == (False, ("timestamp",), "bad")
    assert not other.seals[0].stamped_at  # a time that nobody vouches for is not shown as one


async def test_a_stamp_over_another_signature_is_refused(tmp_path: Path) -> None:
    """The token of one document, put into another: everything else of both is good."""
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    stamper = local_timestamper(tmp_path / "tsa", authority)

    class Elsewhere:
        """Answers each question with a token over other bytes."""

        local = True

        async def answer(self, request: bytes, now: datetime) -> bytes:
            asked = tsp.TimeStampReq.load(request)
            asked["message_imprint"]["hashed_message"] = b"\1" * 32
            return await stamper.answer(asked.dump(), now)

    sealed = await SealDesk(tmp_path / "seals", authority, StampService(Elsewhere(), [authority.root])).seal(
        USCC, _blank(), reason="开标记录", now=NOW, name="测试单位"
    )

    report = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])
    assert (report.ok, report.problems) == (False, ("timestamp",))


async def test_a_paper_waits_for_no_time_stamping_authority(tmp_path: Path) -> None:
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))

    class Away:
        local = False

        async def answer(self, request: bytes, now: datetime) -> bytes:
            raise Unavailable("away")

    desk = SealDesk(tmp_path / "seals", authority, StampService(Away(), [authority.root]))
    sealed = await desk.seal(USCC, _blank(), reason="开标记录", now=NOW)

    report = await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])
    assert (sealed.stamped, report.ok, report.seals[0].stamp) == (False, True, "none")


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(1, 4))
async def test_a_desk_that_is_killed_anywhere_seals_again(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a new name a new key is made; the kill hits each of the file operations in turn, then the name reverts."""
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    folder = tmp_path / "seals"
    before = await SealDesk(folder, authority).seal(USCC, _blank(), reason="一", now=NOW, name="旧名")
    done = 0
    real = {name: getattr(Path, name) for name in ("rename", "replace")}

    def counting(name: str) -> Any:
        def act(self: Path, target: Path) -> Path:
            nonlocal done
            done += 1
            if done == step:
                raise Killed
            return real[name](self, target)

        return act

    for name in real:
        monkeypatch.setattr(Path, name, counting(name))
    with contextlib.suppress(Killed):
        await SealDesk(folder, authority).seal(USCC, _blank(), reason="二", now=NOW, name="新名")
    monkeypatch.undo()

    after = await SealDesk(folder, authority).seal(USCC, _blank(), reason="三", now=NOW, name="新名")
    again = await SealDesk(folder, authority).seal(USCC, _blank(), reason="四", now=NOW, name="旧名")

    assert before.certificate == again.certificate != after.certificate
    for sealed in (before, after, again):
        assert (await asyncio.to_thread(verify_sealed, sealed.pdf, [authority.root])).ok


async def test_a_desk_that_an_earlier_version_left_half_moved_seals_again(tmp_path: Path) -> None:
    """It renamed the key, then the certificate; killed between the two, the certificate stood there without its key."""
    authority = create_authority(tmp_path / "authority", datetime(2026, 1, 1, tzinfo=UTC))
    folder = tmp_path / "seals"
    before = await SealDesk(folder, authority).seal(USCC, _blank(), reason="一", now=NOW, name="旧名")
    next(folder.glob(f"{USCC}.*.pem")).rename(folder / f"{USCC}.pem")

    after = await SealDesk(folder, authority).seal(USCC, _blank(), reason="二", now=NOW, name="旧名")
    renamed = await SealDesk(folder, authority).seal(USCC, _blank(), reason="三", now=NOW, name="新名")

    assert after.certificate == before.certificate != renamed.certificate
