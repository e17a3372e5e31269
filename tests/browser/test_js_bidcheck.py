"""The browser and the offline tool judge a bidder's file alike, by one table of cases."""

import io
import zipfile

import pytest

from bidding.attachments import check_attachment
from bidding.drafting import FIELDS, Ask, check_draft
from bidding.form import MAX_TEXT
from bidding.vocabulary import MAX_FILE_BYTES
from tests.bidding.test_file_attacks import COMPANY, FILES, PDF, archive
from tests.browser.modules import Modules

pytestmark = pytest.mark.browser


def wide_archive(size: int) -> bytes:
    """An archive whose member's size stands in 64 bits."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, made.open("a.txt", "w", force_zip64=True) as member:
        member.write(b"x" * 100)
    data = bytearray(out.getvalue())
    at = data.index(b"PK\x01\x02")
    extra = (1).to_bytes(2, "little") + (8).to_bytes(2, "little") + size.to_bytes(8, "little")
    data[at + 24 : at + 28] = b"\xff" * 4
    old = int.from_bytes(data[at + 30 : at + 32], "little")
    data[at + 30 : at + 32] = len(extra).to_bytes(2, "little")
    name_end = at + 46 + int.from_bytes(data[at + 28 : at + 30], "little")
    data[name_end : name_end + old] = extra
    end = data.index(b"PK\x05\x06")
    data[end + 12 : end + 16] = (end - at).to_bytes(4, "little")
    return bytes(data)


def commented(data: bytes, comment: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as made:
        made.comment = comment
    return out.getvalue()


def mangled(data: bytes, at: int, byte: int) -> bytes:
    """The same archive with another byte in the first row of its directory."""
    changed = bytearray(data)
    changed[changed.index(b"PK\x01\x02") + at] = byte
    return bytes(changed)


ONE = archive(("投标/技术.pdf", PDF), ("a.txt", b"x"))
MORE = {
    "a good PDF": ("投标.pdf", PDF),
    "a good PDF in capitals": ("投标.PDF", PDF),
    "a good archive": ("投标.zip", ONE),
    "a good table": ("报价.xlsx", archive(("xl/workbook.xml", b"<workbook/>"), ("xl/", b""))),
    "a good text": ("说明.docx", archive(("word/document.xml", b"<w/>"))),
    "an archive behind a program": ("投标.zip", b"PK\x03\x04" + bytes(90) + ONE),
    "an archive with a comment": ("投标.zip", commented(ONE, b"note " * 400)),
    "a large member in 64 bits": ("投标.zip", wide_archive(5 << 40)),
    "a small member in 64 bits": ("投标.zip", wide_archive(100)),
    "a row of another kind": ("投标.zip", mangled(ONE, 0, 0x51)),
    "a name beyond the directory": ("投标.zip", mangled(ONE, 29, 0xFF)),
    "a member of a later version": ("投标.zip", mangled(ONE, 6, 99)),
    "a name that is no text": ("投标.zip", mangled(ONE, 46, 0xFF)),
    "nothing but the start": ("投标.zip", b"PK\x03\x04"),
    "a PDF with much behind it": ("投标.pdf", PDF + bytes(5000)),
    "a PDF with a little behind it": ("投标.pdf", PDF + b"\r\n" * 20),
    "a PDF of the mark alone": ("投标.pdf", b"%PDF-"),
    "only an extension": (".pdf", PDF),
    "a point at the end": ("投标.pdf.", PDF),
    "a space at the end": ("投标.pdf ", PDF),
    "two faults": (f"{COMPANY}|.exe", b"MZ"),
    "a long name that fits": ("a" * 236 + ".pdf", PDF),
    "a name one byte too long": ("a" * 237 + ".pdf", PDF),
}
CASES = {**{case: (name, data) for case, (name, data, _) in FILES.items()}, **MORE}


def test_the_browser_and_the_offline_tool_agree_on_every_file(js: Modules) -> None:
    told = {case: js("probe", "fileProblems", *file, MAX_FILE_BYTES, COMPANY) for case, file in CASES.items()}
    expected = {
        case: [fault.words for fault in check_attachment(name, len(data), io.BytesIO(data), COMPANY)]
        for case, (name, data) in CASES.items()
    }
    assert told == expected
    assert {case for case, words in told.items() if not words} == {
        "a good PDF", "a good PDF in capitals", "a good archive", "a good table", "a good text",
        "an archive behind a program", "an archive with a comment", "a small member in 64 bits",
        "a PDF with a little behind it", "a long name that fits",
    }  # fmt: skip


TYPED = {"price": "2986400.00", "period": "30 日", "manager": "张敏", "remark": ""}
#: What is typed differently, and the fields that are found at fault.
FORMS: list[tuple[dict[str, str], set[str]]] = [
    ({}, set()),
    ({"price": " 2,986，400.5 "}, set()),
    ({"price": "3200000.00"}, set()),
    ({"price": "3200000.01"}, {"price"}),
    ({"price": "0.00"}, {"price"}),
    ({"price": "-5"}, {"price"}),
    ({"price": "1.005"}, {"price"}),
    ({"price": "1e6"}, {"price"}),
    ({"price": "２９８"}, {"price"}),
    ({"price": "贰佰万元整"}, {"price"}),
    ({"price": "", "manager": " \n"}, {"price", "manager"}),
    ({"remark": "偏" * MAX_TEXT}, set()),
    ({"remark": "偏" * (MAX_TEXT + 1)}, {"remark"}),
    ({"manager": "张\x00敏", "remark": "一\x1b[2J"}, {"manager", "remark"}),
    ({"remark": "第一行\n\t第二行"}, set()),
]


def test_the_browser_and_the_offline_tool_agree_on_every_form(js: Modules) -> None:
    ask = Ask("T", "001", COMPANY, "", 320_000_000)
    for changes, wrong in FORMS:
        typed = TYPED | changes
        fields = [
            {"name": f.name, "label": f.label, "value": typed[f.name], "required": f.required, "whole": False}
            for f in FIELDS
        ]
        told = js("probe", "readForm", fields, str(ask.cap_fen))
        values, faults = check_draft(typed, ask, [])
        assert {fault.where for fault in faults} == wrong == {name for name, _ in told["errors"]}, changes
        assert told["values"] == values, changes
