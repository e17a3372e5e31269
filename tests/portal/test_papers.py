"""The public check of sealed documents: what is ours, what is not, what was altered, and files that mean harm.

Attack 47 of crypto.md 13: incremental update, shadow content, a seal moved from another file.
"""

import asyncio
import hashlib
import io
import uuid
import zlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter, copy_into_new_writer

from kernel.canonical import jcs
from kernel.crypto.authority import Authority, create_authority
from kernel.papers.checking import MAX_SIZE
from kernel.papers.issuing import Doer, Paper, SealRule, keep_paper, stands
from kernel.web.seal import Sealed, seal_svg
from portal.seals import SealDesk, load_policy
from portal.verify import verify_paths
from tests.factories.trading import at
from tests.world import World

USCC, NAME = "91350100M000100Y43", "云澜市公共资源交易中心"
NOW = at("2026-08-06 14:30")


def blank(text: str = "one") -> PdfFileWriter:
    writer = PdfFileWriter()
    contents = writer.add_object(StreamObject(stream_data=f"% {text}\n0 0 m".encode()))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 595, 842)))
    return writer


def written(writer: PdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Office:
    """A world with a seal service and a document that it issued."""

    def __init__(self, world: World, authority: Authority, desk: SealDesk) -> None:
        self.world, self.authority, self.desk = world, authority, desk

    async def seal(self, pdf: bytes) -> Sealed:
        return await self.desk.seal(USCC, pdf, reason="招标公告", now=NOW, name=NAME)

    async def issue(self) -> bytes:
        sealed = await self.seal(written(blank()))
        lot = uuid.uuid4()
        paper = Paper(
            subject=lot,
            kind="招标公告",
            number="C1-001-ZBGG-1",
            name="招标公告.pdf",
            template="",
            page={},
            signer=(NAME, USCC),
            access="public",
            matter=lot,
            at=NOW,
            twins=(),
        )
        async with self.world.services.db.begin() as tx:
            await keep_paper(tx, self.world.services, paper, sealed)
        await self.world.settle()
        return sealed.pdf

    async def ask(self, data: bytes) -> dict:
        client = self.world.client()
        await client.get("/api/v1/time")
        answer = await client.post(
            "/api/v1/verify/papers", content=data, headers={"content-type": "application/pdf"}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def office(world: World) -> Office:
    authority = create_authority(world.folder / "authority", at("2026-01-01 00:00"))
    world.services.trust["licence_roots"] = [authority.root.public_bytes(Encoding.PEM).decode()]
    return Office(world, authority, SealDesk(world.folder / "seals", authority))


async def test_what_the_platform_issued_is_called_the_original(office: Office) -> None:
    pdf = await office.issue()

    told = await office.ask(pdf)

    assert told["verdict"] == "original"
    assert told["issued"]["kind"] == "招标公告"
    assert told["report"]["seals"][0]["signer"] == NAME
    digest = hashlib.sha256(pdf).hexdigest()
    page = await office.world.client().get(
        f"/verify?q={digest}", headers={"accept": "text/html"}, follow_redirects=True
    )
    assert "平台发出过这份文件" in page.text
    proof = await office.world.client().get(told["issued"]["proof"])
    folder = office.world.folder
    files = [folder / "paper.pdf", folder / "proof.json"]
    (folder / "paper.pdf").write_bytes(pdf)
    (folder / "proof.json").write_bytes(proof.content)
    (folder / "trust.json").write_bytes(jcs(office.world.services.trust))
    report = await asyncio.to_thread(verify_paths, files, folder / "trust.json")
    assert report.ok, report.lines()
    assert {"seal", "seal-whole", "document", "inclusion"} <= {check.code for check in report.checks}
    (folder / "paper.pdf").write_bytes(pdf[:300] + bytes([pdf[300] ^ 1]) + pdf[301:])
    altered = await asyncio.to_thread(verify_paths, files, folder / "trust.json")
    assert [check.code for check in altered.failures] == ["broken"], altered.lines()


async def test_a_good_seal_on_what_the_platform_never_issued_is_told_apart(office: Office) -> None:
    told = await office.ask((await office.seal(written(blank("an invention")))).pdf)

    assert (told["verdict"], told["issued"], told["report"]["ok"]) == ("sealed", None, True)


async def problems(office: Office, data: bytes) -> list[str]:
    told = await office.ask(data)
    assert told["verdict"] == "refused"
    assert told["issued"] is None
    return told["report"]["problems"]


async def test_an_incremental_update_is_refused(office: Office) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(await office.issue()))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(StreamObject(stream_data=b"1 0 0 rg 0 0 595 842 re f"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)

    assert await problems(office, out.getvalue()) == ["changed-later"]


async def test_shadow_content_that_is_switched_on_later_is_refused(office: Office) -> None:
    """Two contents lie in the sealed file; afterwards the page is turned to the other one without adding any."""
    writer = blank("what was seen")
    hidden = writer.add_object(StreamObject(stream_data=b"1 0 0 rg 0 0 595 842 re f"))
    writer.root["/Shadow"] = DictionaryObject({NameObject("/Other"): hidden})
    sealed = (await office.seal(written(writer))).pdf
    turned = IncrementalPdfFileWriter(io.BytesIO(sealed))
    page = turned.root["/Pages"]["/Kids"][0]
    page["/Contents"] = turned.root["/Shadow"].raw_get("/Other")
    turned.update_container(page)
    out = io.BytesIO()
    turned.write(out)

    assert await problems(office, out.getvalue()) == ["changed-later"]


async def test_a_seal_moved_from_another_file_is_refused(office: Office) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    genuine = PdfFileReader(io.BytesIO(await office.issue()))
    moved = copy_into_new_writer(genuine)
    page = moved.root["/Pages"]["/Kids"][0]
    page["/Contents"] = moved.add_object(StreamObject(stream_data=b"% forged\n1 0 0 rg 0 0 595 842 re f"))

    assert (await problems(office, written(moved)))[0] == "broken"


async def test_bytes_behind_the_end_and_the_picture_of_a_seal_are_no_seal(office: Office) -> None:
    assert "changed-later" in await problems(office, await office.issue() + b"\n% more\n")
    painted = blank(str(seal_svg(NAME)).replace("\n", " ").encode("ascii", "replace").decode())
    assert await problems(office, written(painted)) == ["no-seal"]


async def test_a_seal_of_an_unknown_authority_is_refused(office: Office) -> None:
    stranger = create_authority(office.world.folder / "stranger", at("2026-01-01 00:00"))
    desk = SealDesk(office.world.folder / "elsewhere", stranger)
    forged = await desk.seal(USCC, written(blank()), reason="中标通知书", now=NOW, name=NAME)

    assert await problems(office, forged.pdf) == ["untrusted"]


async def test_what_is_no_plain_pdf_is_told(office: Office) -> None:
    assert await problems(office, b"GIF89a" + bytes(1000)) == ["not-pdf"]
    assert await problems(office, b"%PDF-1.7\n" + bytes(1000)) == ["not-pdf"]
    locked = blank()
    locked.encrypt(owner_pass="secret", user_pass="secret")
    assert await problems(office, written(locked)) == ["encrypted"]


async def test_a_bomb_stops_at_the_limits_of_its_process(office: Office) -> None:
    """A cross-reference stream of 3 GB in 3 MB: whoever unpacks it whole has no memory left."""
    press = zlib.compressobj(9)
    first = press.compress(bytes(1 << 20)) + press.flush(zlib.Z_FULL_FLUSH)
    again = press.compress(bytes(1 << 20)) + press.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it may be repeated
    body = first + again * (3 << 10)
    head = b"%PDF-1.7\n"
    size = 3 << 30
    stream = b"1 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root 2 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % (
        size // 7,
        len(body),
    )
    bomb = head + stream + body + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)

    assert await problems(office, bomb) in (["too-complex"], ["not-pdf"])


async def test_large_files_are_refused_before_they_are_read_whole(office: Office) -> None:
    client = office.world.client()
    await client.get("/api/v1/time")
    sent = 0

    async def pieces():
        nonlocal sent
        for _ in range(100):
            sent += 1 << 20
            yield bytes(1 << 20)

    answer = await client.post("/api/v1/verify/papers", content=pieces(), timeout=60)

    assert answer.status_code in (413, 422)
    page = await client.post("/verify/papers", files={"file": ("a.pdf", bytes(MAX_SIZE + (1 << 17)))}, timeout=60)
    assert page.status_code in (403, 413)


async def test_the_page_says_the_verdict_in_words(office: Office) -> None:
    pdf = await office.issue()
    client = office.world.client()
    shown = await client.get("/verify/papers", headers={"accept": "text/html"})
    token = client.cookies["csrf"]
    assert "核验盖章文件" in shown.text

    async def judge(data: bytes) -> str:
        answer = await client.post(
            "/verify/papers", data={"_csrf": token}, files={"file": ("公告.pdf", data)}, timeout=60
        )
        return answer.text

    assert "是原件" in await judge(pdf)
    assert "签章无效" in await judge(pdf[:300] + bytes([pdf[300] ^ 1]) + pdf[301:])
    assert (await client.get(f"/verify/papers/{'0' * 64}")).status_code == 404


def test_an_award_notice_takes_two_people_one_of_them_of_the_organisation() -> None:
    rule = load_policy()["中标通知书"]
    buyer, agent = Doer("a", "招标人"), Doer("b", "代理机构")

    assert stands(rule, "招标人", (buyer, agent))
    assert not stands(rule, "招标人", (agent,))
    assert not stands(rule, "招标人", (buyer, Doer("a", "招标人")))
    assert not stands(rule, "招标人", (agent, Doer("c", "代理机构")))
    assert stands(SealRule(), "招标人", ())
