"""Bad files and bad uploads: each is refused clearly, and nothing is lost; the same bid can be mended and completed.

First the bidder's own machine (drafts, files, what lies in the folder), then the platform. What is wrong inside an
envelope is in `test_envelope_attacks.py`; relabelled envelopes, wrong signers and the deadline in `test_submission.py`.

Source: R-ET-04, R-ET-05; crypto.md §13, attacks 2 to 5, 12, 16; docs/spec/offline.md.
"""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidding import envelope
from bidding.attachments import MAX_ENTRIES, check_attachment
from bidding.keyset import Trustee, make_keyset
from bidding.messages import document
from bidding.parts import find_slot, most_chunks
from bidding.proofs import log_file
from bidding.vocabulary import CHUNK_OF_SLOT, FILE, MAX_FILE_BYTES
from kernel.canonical import b64u_encode, jcs
from kernel.crypto.keys import KeyKind, generate
from portal.bidder.drafts import DraftRefused, read_contents
from portal.bidder.folder import BidFolder, Terms
from portal.bidder.refusals import BidRefused, NotWhatWasPromised
from portal.bidder.sealing import seal_contents, sealed_documents, try_opening
from portal.demo.papers import make_pdf
from tests.worlds.bidding_world import TENDER, BiddingWorld, cut
from tests.worlds.envelope_world import key
from trading.slots import CLASSIC

CHINESE = re.compile("[\u4e00-\u9fff]{4}")
PDF = make_pdf("投标文件", ["响应"])
COMPANY = "投标单位一有限公司"


def archive(*members: tuple[str, bytes], flags: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, data in members:
            made.writestr(name, data)
    data = bytearray(out.getvalue())
    if flags:  # in the directory, where a reader looks
        at = data.index(b"PK\x01\x02") + 8
        data[at] |= flags
    return bytes(data)


def claiming(size: int) -> bytes:
    """An archive whose directory claims a size for its only member."""
    data = bytearray(archive(("a.txt", b"x" * 100)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = size.to_bytes(4, "little")
    return bytes(data)


FILES: dict[str, tuple[str, bytes, str]] = {
    "a program": ("投标.exe", b"MZ" + bytes(100), "类型不在其中"),
    "no extension": ("投标文件", PDF, "类型不在其中"),
    "a script behind two extensions": ("报价.pdf.js", b"alert(1)", "类型不在其中"),
    "empty": ("投标.pdf", b"", "空文件"),
    "a program in a PDF's clothes": ("投标.pdf", b"MZ" + bytes(100), "内容与扩展名不符"),
    "a text in a table's clothes": ("报价.xlsx", "序号,报价".encode(), "内容与扩展名不符"),
    "a truncated PDF": ("投标.pdf", PDF[:-20], "PDF 文件不完整"),
    "a PDF under a password": ("投标.pdf", PDF.replace(b"trailer\n<<", b"trailer\n<</Encrypt 9 0 R"), "去除口令"),
    "a truncated archive": ("投标.zip", archive(("a.pdf", PDF))[:-30], "已损坏或不完整"),
    "a broken table": ("报价.xlsx", b"PK\x03\x04" + bytes(200), "已损坏或不完整"),
    "a zip bomb": ("投标.zip", archive(("zeros", bytes(210 << 20))), "解开后过大"),
    "a bomb by its directory": ("投标.zip", claiming(0xFFFF_FFF0), "解开后过大"),
    "a swarm of files": ("投标.zip", archive(*((f"{n}", b"") for n in range(MAX_ENTRIES + 1))), "解开后过大"),
    "a path out of its folder": ("投标.zip", archive(("../../etc/cron.d/x", b"x")), "文件夹之外的路径"),
    "a path of another machine": ("投标.zip", archive(("C:\\windows\\x", b"x")), "文件夹之外的路径"),
    "an archive under a password": ("投标.zip", archive(("a.pdf", PDF), flags=1), "去除口令后重新打包"),
    "an archive of nothing": ("投标.zip", archive(("folder/", b"")), "没有文件"),
    "a name written backwards": ("投标\u202efdp.exe.pdf", PDF, "文件名含有控制字符"),
    "a script in the name": ("<img src=x onerror=alert(1)>.pdf", PDF, "文件名含有控制字符"),
    "a line break in the name": ("投标\n文件.pdf", PDF, "文件名含有控制字符"),
    "an endless name": ("标" * 90 + ".pdf", PDF, "过长"),
    "the company's name": (f"{COMPANY}技术标.pdf", PDF, "不要包含单位名称"),
    "sealed already": ("投标.pdf", b"\x89SBE1\r\n\x1a" + bytes(400), "已经是密封信封"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_refused_before_it_is_sealed(case: str) -> None:
    name, data, words = FILES[case]

    faults = check_attachment(name, len(data), io.BytesIO(data), COMPANY)

    assert any(words in fault.words for fault in faults), faults
    assert all(CHINESE.search(fault.words) for fault in faults)


def test_five_hundred_mebibytes_are_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "投标.pdf"
    file.write_bytes(PDF)
    told = []

    for size in (MAX_FILE_BYTES, MAX_FILE_BYTES + 1):
        with file.open("r+b") as paper:  # a file with a hole: nothing is written
            paper.truncate(size - 6)
            paper.seek(0, 2)
            paper.write(b"%%EOF\n")
        with file.open("rb") as paper:
            told.append([fault.words for fault in check_attachment(file.name, size, paper)])

    assert told == [[], ["请压缩或拆分：文件超过 500 MiB 的上限。"]]
    assert envelope.chunk_count(MAX_FILE_BYTES, CHUNK_OF_SLOT["file"]) == MOST_CHUNKS


_PART = find_slot(CLASSIC, FILE)
assert _PART is not None
MOST_CHUNKS = most_chunks(_PART)

GOOD = {"price": "2986400.00", "period": "30 日", "manager": "张敏", "remark": "", "file": "投标文件.pdf"}


def typed(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


DRAFTS: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"price = 2986400", "不是有效的 JSON"),
    "cut off": (typed()[:-20], "不是有效的 JSON"),
    "a list": (b"[1, 2]", "花括号"),
    "a price twice": (typed()[:-1] + b', "price": "1.00"}', "出现了两次"),
    "another encoding": (typed().decode().encode("gb18030"), "UTF-8"),
    "endless": (b" " * (1 << 20), "文件过大"),
    "nested without end": (b"[" * 100_000, "嵌套过深"),
    "a field of its own": (typed(prise="1.00"), "不认识的栏目“prise”"),
    "no price": (typed(price=""), "请填写投标报价。（《中华人民共和国招标投标法》第三十六条）"),
    "a price of zero": (typed(price="0.00"), "大于零的金额"),
    "a price below zero": (typed(price="-5"), "大于零的金额"),
    "a tenth of a fen": (typed(price="1.005"), "最多两位小数"),
    "an exponent": (typed(price="1e6"), "大于零的金额"),
    "a float": (typed().replace(b'"2986400.00"', b"2.9e6"), "大于零的金额"),
    "no number": (typed().replace(b'"2986400.00"', b"NaN"), "带引号的文字"),
    "full-width digits": (typed(price="２９８"), "大于零的金额"),
    "words": (typed(price="贰佰万元整"), "大于零的金额"),
    "above the cap": (
        typed(price="3200000.01"),
        "超过最高投标限价 3200000.00 元。（《中华人民共和国招标投标法实施条例》第五十一条）",
    ),
    "true": (typed(manager=True), "带引号的文字"),
    "a control character": (typed(remark="\x1b[31m"), "控制字符"),
    "half a character": (typed().replace("张敏".encode(), b"\\ud800"), "控制字符"),
    "a novel": (typed(remark="长" * 2001), "最多 2000 字"),
    "no file": (typed(file=""), "请填写投标文件的路径"),
    "a file that is not there": (typed(file="别处.pdf"), "文件不存在"),
    "a folder": (typed(file="evidence"), "这是文件夹"),
    "a name with a zero": (typed(file="a\x00b.pdf"), "文件不存在"),
    "two faults": (typed(price="0", period=""), "有 2 处需要更正"),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> BidFolder:
    """A folder as `bid prepare` leaves it, filled in; without a platform, as sealing needs none."""
    folder = BidFolder(tmp_path_factory.mktemp("bid"))
    seats = [Trustee("notary", "hpke-p256", key(f"t{i}").public, f"o{i}") for i in range(1, 4)]
    opens = datetime(2026, 8, 6, 6, tzinfo=UTC)
    keyset = make_keyset(
        tender=TENDER, lot="001", suite_id="intl-1", policy="both", k=2, opens_at=opens, window_s=1800, trustees=seats
    )
    licence = generate(KeyKind.P256).public
    terms = Terms("http://x", "1", "服务器", keyset, "", 320_000_000, "p-7Q2x", COMPANY, "91610000000000001X", licence)
    folder.write("terms.json", terms.as_json())
    folder.write("evidence/keyset.json", log_file(keyset, {}))
    folder.write("form.json", typed())
    folder.write("投标文件.pdf", PDF)
    return folder


@pytest.mark.parametrize("case", DRAFTS)
def test_a_bad_draft_is_refused_with_every_fault_and_stays_as_it_was(prepared: BidFolder, case: str) -> None:
    data, words = DRAFTS[case]
    prepared.write("form.json", data)

    with pytest.raises(DraftRefused) as refused:
        read_contents(prepared, prepared.terms(), 1)

    assert words in str(refused.value)
    assert CHINESE.search(str(refused.value))
    assert prepared.read("form.json") == data
    prepared.write("form.json", b"\xef\xbb\xbf" + typed(price=" 2,986,400 "))  # mended, with a byte order mark
    form = json.loads(read_contents(prepared, prepared.terms(), 1)[-1].file.read_bytes())
    assert (form["price"], form["bidder_name"]) == ("2986400.00", COMPANY)


PASSPHRASE = "kept on paper"


@pytest.fixture(scope="module")
def sealed(prepared: BidFolder) -> BidFolder:
    prepared.write("form.json", typed())
    for number in (1, 2):
        contents = read_contents(prepared, prepared.terms(), number)
        seal_contents(prepared, number, prepared.terms(), generate(KeyKind.P256), PASSPHRASE, contents)
    return prepared


def flipped(name: str, at: int) -> Callable[[BidFolder], None]:
    def change(folder: BidFolder) -> None:
        data = bytearray(folder.read(name))
        data[at] ^= 1
        folder.write(name, bytes(data))

    return change


def replaced(name: str, by: str) -> Callable[[BidFolder], None]:
    return lambda folder: shutil.copy(folder / by, folder / name) and None


FOLDERS: dict[str, tuple[Callable[[BidFolder], None], str]] = {
    "a flipped bit in the file's envelope": (flipped("1-file.sbe", -1), "已损坏或被改动"),
    "a flipped bit in the form's header": (flipped("1-form.sbe", 40), "已损坏或被改动"),
    "a truncated envelope": (lambda f: f.write("1-file.sbe", f.read("1-file.sbe")[:-16]) and None, "已损坏或被改动"),
    "the envelope of another sealing": (replaced("1-form.sbe", "2-form.sbe"), "已损坏或被改动"),
    "slots exchanged": (replaced("1-file.sbe", "1-form.sbe"), "已损坏或被改动"),
    "an envelope gone": (lambda f: (f / "1-file.sbe").unlink(), "已损坏或被改动"),
    "no list of what was sealed": (lambda f: (f / "1-sealed.json").unlink(), "请先运行 bid seal"),
    "a list that was edited": (lambda f: f.write("1-sealed.json", b'{"v": 1}') and None, "已被改动"),
    "terms that were edited": (lambda f: f.write("terms.json", b'{"v":1}') and None, "bid prepare 重新准备"),
    "a keyset of somebody else": (lambda f: f.write("evidence/keyset.json", jcs({"detail": {}})) and None, "重新准备"),
    "sealed for another pseudonym": (
        lambda f: f.write("terms.json", f.read("terms.json").replace(b"p-7Q2x", b"p-9999")) and None,
        "投标代号已改变",
    ),
    "the opening file of another sealing": (replaced("1.sbk", "2.sbk"), "请勿递交"),
    "a damaged opening file": (flipped("1.sbk", -3), "请勿递交"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_changed_folder_is_noticed_before_anything_is_sent(sealed: BidFolder, tmp_path: Path, case: str) -> None:
    change, words = FOLDERS[case]
    folder = BidFolder(tmp_path / "copy")
    shutil.copytree(sealed.path, folder.path)
    sealed_documents(folder, 1, folder.terms())
    change(folder)

    def look() -> None:
        sealed_documents(folder, 1, folder.terms())
        try_opening(folder, 1, folder.terms(), PASSPHRASE)

    with pytest.raises((BidRefused, NotWhatWasPromised), match=words):
        look()


# The platform.


@pytest.fixture
async def bw(world: Any) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    return made


def headed(raw: bytes, header: bytes) -> bytes:
    head, pieces = cut(raw)
    return head[:8] + len(header).to_bytes(4, "big") + header + b"".join(pieces)


async def test_bad_heads_are_refused_and_the_honest_one_still_comes_through(bw: BiddingWorld) -> None:
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    raw, theirs = bw.seal(bidder, "form", jcs(bw.form(bidder))), bw.seal(other, "form", b"{}")
    head = cut(raw)[0]
    header = head[12:]
    weaker = envelope.parse_header(io.BytesIO(raw))

    heads: dict[str, tuple[bytes, str]] = {
        "nothing": (b"", "magic"),
        "line ends converted": (head.replace(b"\r\n", b"\n"), "magic"),
        "cut before the length": (head[:10], "truncated"),
        "cut inside the header": (head[:-1], "truncated"),
        "something after the header": (head + b"\x00", "header-length"),
        "a header of 4 GiB": (head[:8] + b"\xff\xff\xff\xff" + header, "header-length"),
        "no JSON": (headed(raw, b"{" + header)[: len(head) + 1], "header-json"),
        "with spaces": (headed(raw, header.replace(b":", b": ", 1))[: len(head) + 1], "header-not-canonical"),
        "another version": (_head(with_core_raw(header, v=2)), "version"),
        "an unknown suite": (_head(with_core_raw(header, suite="rot13")), "version"),
        "chunks of another size": (_head(with_core_raw(header, chunk=4096)), "chunk-size"),
        "chunks of files in a form": (_head(with_core_raw(header, chunk=1048576)), "chunk"),
        "an unknown member": (_head(with_core_raw(header, price="1.00")), "header-fields"),
        "fewer trustees": (_head(jcs({**weaker, "k": 2})), "tk"),
        "a threshold of one": (_head(jcs({**weaker, "k": 1})), "threshold"),
        "another bidder's envelope": (cut(theirs)[0], "bidder"),
        "a downgraded policy": (_head(_bidder_only(weaker)), "policy"),
    }
    for case, (data, reason) in heads.items():
        body = {"lot": str(bw.lot_id), "slot": "form", "header": b64u_encode(data), "chunks": 1}
        answer = await bidder.client.post("/api/v1/uploads", json=body)
        assert (answer.status_code, answer.json().get("reason")) == (422, reason), (case, answer.text)
        assert CHINESE.search(answer.json()["detail"]), case

    honest = {"lot": str(bw.lot_id), "slot": "form", "header": b64u_encode(head), "chunks": 1}
    bodies: dict[str, tuple[dict[str, Any], int]] = {
        "no base64url": ({**honest, "header": "%PDF-1.7"}, 422),
        "over 500 MiB": ({**honest, "chunks": MOST_CHUNKS + 1}, 422),
        "fewer than no chunks": ({**honest, "chunks": -1}, 422),
        "half a chunk": ({**honest, "chunks": 1.5}, 400),
        "more than a number": ({**honest, "chunks": 2**80}, 400),
        "no such lot": ({**honest, "lot": "0" * 8 + "-0000-4000-8000-" + "0" * 12}, 404),
        "no lot at all": ({**honest, "lot": "../../etc"}, 404),
        "a script for a slot": ({**honest, "slot": "<script>alert(1)</script>"}, 422),
        "a member too many": ({**honest, "price": "1.00"}, 400),
        "a member too few": ({"lot": str(bw.lot_id)}, 400),
    }
    for case, (body, status) in bodies.items():
        answer = await bidder.client.post("/api/v1/uploads", json=body)
        assert answer.status_code in (status, 422), (case, answer.text)
        assert CHINESE.search(answer.json()["detail"]), case
        assert "script" not in answer.text, case
    mangled = await bidder.client.post(
        "/api/v1/uploads", content=b'{"lot": ', headers={"content-type": "application/json"}
    )
    assert mangled.status_code in (400, 422)
    assert CHINESE.search(mangled.json()["detail"])
    assert await bw.rows("SELECT 1 FROM bidding_upload") == []

    await bw.submit(bidder)


def with_core_raw(header: bytes, **changes: Any) -> bytes:
    told = json.loads(header)
    return jcs({**told, "core": {**told["core"], **changes}})


def _head(header: bytes) -> bytes:
    return bytes.fromhex("89534245310d0a1a") + len(header).to_bytes(4, "big") + header


def _bidder_only(header: dict[str, Any]) -> bytes:
    core = {**header["core"], "policy": "bidder"}
    return jcs({"core": core, "sbc": header["sbc"], "bk": header["bk"]})


async def test_bad_chunks_are_refused_and_the_same_upload_is_mended_and_submitted(bw: BiddingWorld) -> None:
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.submit(other)
    await bw.prepare(bidder)
    form_doc = bidder.docs[1]
    raw = bw.seal(bidder, "file", b"%PDF-1.7 " + bytes(2_500_000))
    pieces = cut(raw)[1]
    assert len(pieces) == 3
    doc = document("file", bidder.eids["file"], 3, len(raw))

    async def begin(chunks: int = 3) -> str:
        answer = await bw.open_upload(bidder, "file", raw, chunks=chunks)
        return f"/api/v1/uploads/{answer.json()['id']}"

    async def refused(message: dict[str, Any], reason: str, case: str) -> None:
        answer = await bw.send(bidder, message)
        assert (answer.status_code, answer.json().get("reason")) == (409, reason), (case, answer.text)
        assert CHINESE.search(answer.json()["detail"]), case

    good = await begin()
    for case, j, data, status in (
        ("an empty chunk", "0", b"", 422),
        ("one byte", "0", b"x", 422),
        ("a byte too few", "0", pieces[0][:-1], 422),
        ("a byte too many", "0", pieces[0] + b"x", (413, 422)),
        ("beyond the last", "3", pieces[0], 422),
        ("far beyond the last", str(2**40), pieces[0], 422),
        ("beyond any number", str(2**80), pieces[0], (404, 422)),
        ("before the first", "-1", pieces[0], (404, 422)),
        ("far before the first", str(-(2**40)), pieces[0], (404, 422)),
        ("no number", "first", pieces[0], 404),
    ):
        answer = await bidder.client.put(f"{good}/chunks/{j}", content=data)
        assert answer.status_code in (status if isinstance(status, tuple) else (status,)), (case, answer.text)
        assert CHINESE.search(answer.json()["detail"]), case
    strange = await other.client.get(good)
    absent = await bidder.client.get(f"/api/v1/uploads/{bw.lot_id}")
    assert (strange.status_code, strange.json()["detail"]) == (404, absent.json()["detail"])
    assert (await other.client.put(f"{good}/chunks/0", content=pieces[0])).status_code == 404
    assert (await bidder.client.get(good)).json()["bitmap"] == "000"  # none of it left a trace

    # Whole chunks in wrong places: only the digest can tell, and it does.
    for case, order, claimed in (
        ("reordered", (1, 0, 2), 3),
        ("duplicated", (0, 0, 2), 3),
        ("missing", (0, 1), 3),
        ("truncated at a border", (0, 1), 2),
        ("extended", (0, 1, 2, 2), 4),
    ):
        path = await begin(claimed)
        for place, j in enumerate(order):
            assert (await bidder.client.put(f"{path}/chunks/{place}", content=pieces[j])).status_code == 200
        size = len(raw) - len(pieces[0]) * (3 - claimed)
        bidder.docs = [document("file", bidder.eids["file"], claimed, size), form_doc]
        await refused(bw.message(bidder), "eid", case)

    for j, piece in enumerate(pieces):
        assert (await bidder.client.put(f"{good}/chunks/{j}", content=piece)).status_code == 200
    told = bw.message(bidder, docs=[doc, form_doc])
    for case, changes, reason in (
        ("slots exchanged", {"docs": [{**doc, "slot": "form"}, {**form_doc, "slot": "file"}]}, "eid"),
        ("another's envelope", {"docs": [other.docs[0], form_doc]}, "eid"),
        ("another size", {"docs": [{**doc, "bytes": doc["bytes"] + 1}, form_doc]}, "eid"),
        ("another digest", {"docs": [{**doc, "eid": b64u_encode(bytes(32))}, form_doc]}, "eid"),
        ("a digest of another length", {"docs": [{**doc, "eid": "AA"}, form_doc]}, "message"),
        ("a slot twice", {"docs": [doc, doc]}, "message"),
        ("no documents", {"docs": []}, "message"),
        ("a slot of its own", {"docs": [{**doc, "slot": "extra"}, form_doc]}, "slots"),
        ("three documents", {"docs": [doc, form_doc, {**doc, "slot": "extra"}]}, "slots"),
        ("half a chunk", {"docs": [{**doc, "chunks": "3"}, form_doc]}, "message"),
        ("another keyset", {"ks": b64u_encode(bytes(32))}, "keyset"),
        ("a revision in words", {"rev": "1"}, "message"),
        ("the bidder of somebody else", {"bidder": other.pseudonym}, "bidder"),
        ("a price in the open", {"price": "1.00"}, "message"),
    ):
        await refused({**told, **changes}, reason, case)
    assert len(await bw.rows("SELECT 1 FROM bidding_submission")) == 1  # the other's

    answer = await bw.send(bidder, told)
    assert answer.status_code in (201, 202), answer.text

    # After the submission its chunks stand: the same again is no fault, another is refused.
    assert (await bidder.client.put(f"{good}/chunks/1", content=pieces[1])).status_code == 200
    changed = await bidder.client.put(f"{good}/chunks/1", content=pieces[2])
    assert changed.status_code == 409
    assert CHINESE.search(changed.json()["detail"])
    (row,) = await bw.rows("SELECT count(*) AS n FROM bidding_document WHERE lot_id = :lot AND slot = 'file'")
    assert row.n == 2

    # At the deadline nothing more is stored, and what was submitted stays.
    late = await begin()
    await bw.world.clock_to(bw.deadline)
    answer = await bidder.client.put(f"{late}/chunks/0", content=pieces[0])
    assert (answer.status_code, answer.json()["code"]) == (409, "deadline-passed")
    assert "截止" in answer.json()["detail"]


async def test_an_upload_is_found_again_by_its_own_bidder_alone(bw: BiddingWorld) -> None:
    bidder, other, stranger = await bw.bidder(1), await bw.bidder(2), await bw.company(3)
    await bw.sign_in(stranger)
    raw = bw.seal(bidder, "file", bytes(3 << 20))
    head, pieces = cut(raw)
    opened = (await bw.open_upload(bidder, "file", raw)).json()["id"]
    put = await bidder.client.put(f"/api/v1/uploads/{opened}/chunks/2", content=pieces[2])

    own = await bidder.client.get(f"/api/v1/lots/{bw.lot_id}/uploads")
    rows = [{"id": opened, "slot": "file", "chunks": len(pieces), "header": b64u_encode(head)}]
    assert own.json() == {"uploads": rows}
    state = (await bidder.client.get(f"/api/v1/uploads/{opened}")).json()
    assert (state["bitmap"], state["leaves"]) == ("0010", [None, None, put.json()["leaf"], None])

    assert (await other.client.get(f"/api/v1/lots/{bw.lot_id}/uploads")).json() == {"uploads": []}
    hidden = [await one.client.get(f"/api/v1/uploads/{opened}") for one in (other, stranger)]
    hidden.append(await stranger.client.get(f"/api/v1/lots/{bw.lot_id}/uploads"))
    assert {answer.status_code for answer in hidden} == {404}
    assert (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/uploads")).status_code == 401


def test_a_draft_for_two_envelopes_keeps_the_price_out_of_the_first(prepared: BidFolder, tmp_path: Path) -> None:
    folder, terms = BidFolder(tmp_path), prepared.terms()
    steps = [["business", "letter", "technical"], ["commercial", "form"]]
    files = {"business": "a.pdf", "technical": "b.pdf", "commercial": "c.pdf"}
    for name in files.values():
        folder.write(name, PDF)
    folder.write("form.json", json.dumps({**GOOD, **files, "file": ""}).encode())
    two = replace(terms, keyset={**terms.keyset, "steps": steps})

    with pytest.raises(DraftRefused, match="file"):  # a part that this lot does not ask for
        read_contents(folder, two, 1)
    folder.write(
        "form.json", json.dumps({name: text for name, text in (GOOD | files).items() if name != "file"}).encode()
    )
    contents = {content.slot: content.file for content in read_contents(folder, two, 1)}

    assert set(contents) == {name for step in steps for name in step}
    letter, form = (json.loads(contents[name].read_bytes()) for name in ("letter", "form"))
    assert "price" not in letter
    assert letter["manager"] == GOOD["manager"]
    assert form["price"] == GOOD["price"]
    assert "manager" not in form
