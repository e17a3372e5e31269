"""Documents: tagged PDF/A, the same bytes for the same record, nothing read from outside, no Pango at import."""

import asyncio
import io
import re
import subprocess
import sys
from datetime import UTC, datetime

import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from kernel.web import pdf
from portal.gallery import environment
from portal.samples.documents import DOCUMENTS

NOW = datetime(2026, 8, 14, 1, 30, tzinfo=UTC)


def run_alone(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def text_of(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(document[i].get_textpage().get_text_range() for i in range(len(document)))


def test_importing_the_module_does_not_load_weasyprint() -> None:
    assert run_alone("import sys, kernel.web.pdf, kernel.web.seal; print('weasyprint' in sys.modules)") == "False"


def test_missing_pango_is_said_clearly() -> None:
    code = (
        "import datetime, cffi\n"
        "def refuse(*_): raise OSError('cannot load library libpango-1.0-0')\n"
        "cffi.FFI.dlopen = refuse\n"
        "from kernel.web.pdf import PdfUnavailable, make_pdf_blocking\n"
        "try: make_pdf_blocking('<p>x', now=datetime.datetime(2026, 8, 6, tzinfo=datetime.UTC))\n"
        "except PdfUnavailable as e: print(e.code, e.extra['cause'])\n"
    )
    assert run_alone(code).startswith("pdf-unavailable cannot load library")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x.css",
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        "static:/../../pyproject.toml",
        "static:/../settings.py",
        "static:/js/app.js",
        "data:text/css,*{}",
    ],
)
def test_only_static_files_are_read(url: str) -> None:
    with pytest.raises(ValueError, match="static"):
        pdf.read_static(url)


def test_a_static_file_is_read() -> None:
    data, media_type = pdf.read_static("static:/css/document.css")
    assert (media_type, data[:15]) == ("text/css", b"/* document.css")


@pytest.fixture(scope="module")
def pango() -> None:
    try:
        pdf.make_pdf_blocking("<p>x</p>", now=NOW)
    except pdf.PdfUnavailable as error:
        pytest.skip(str(error.extra["cause"]))


@pytest.mark.usefixtures("pango")
def test_an_outside_address_stops_the_document() -> None:
    with pytest.raises(ValueError, match="only our static folder"):
        pdf.make_pdf_blocking('<link rel="stylesheet" href="https://example.com/a.css"><p>x</p>', now=NOW)


@pytest.mark.usefixtures("pango")
def test_the_same_record_gives_the_same_bytes() -> None:
    html = '<html lang="zh-CN"><title>回执</title><p>中标通知书 𠮷㛃</p></html>'
    twin = pdf.Attachment("receipt.json", b'{"v":1}', "the receipt")
    first = pdf.make_pdf_blocking(html, now=NOW, attachments=[twin])
    assert pdf.make_pdf_blocking(html, now=NOW, attachments=[twin]) == first
    assert pdf.make_pdf_blocking(html, now=NOW.replace(minute=31), attachments=[twin]) != first
    document = pypdfium2.PdfDocument(first)
    info = document.get_metadata_dict()
    assert info["Title"] == "回执"
    assert info["CreationDate"].startswith("D:20260814093000")
    assert document.count_attachments() == 1
    assert document.get_attachment(0).get_name() == "receipt.json"
    assert bytes(document.get_attachment(0).get_data()) == b'{"v":1}'
    metadata = PdfFileReader(io.BytesIO(first)).root["/Metadata"].data.decode()
    assert re.findall(r'pdfaid:(?:part|conformance)="(\w+)"', metadata) == ["3", "A"]
    assert document.is_tagged()


@pytest.mark.usefixtures("pango")
@pytest.mark.parametrize("template", sorted(DOCUMENTS))
async def test_every_document_is_made(template: str) -> None:
    context = DOCUMENTS[template]
    data = await pdf.print_document(environment(), template, context, now=NOW)
    text = text_of(data).replace("\r\n", "\n")
    squeezed = "".join(text.split())
    assert context["page"].number.replace(" ", "") in squeezed
    assert context["page"].sign_name in squeezed
    pages = len(pypdfium2.PdfDocument(data))
    assert f"第1页，共{pages}页" in squeezed
    assert "演示CA" in squeezed


@pytest.mark.usefixtures("pango")
async def test_the_event_loop_goes_on_while_a_document_is_made() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await pdf.make_pdf("<p>中标通知书</p>" * 200, now=NOW)
    ticking.cancel()
    assert ticks >= 5


@pytest.mark.usefixtures("pango")
def test_long_tables_repeat_their_head() -> None:
    rows = [[str(i), f"投标人{i}", "符合"] for i in range(90)]
    source = '{% from "macros/print.html" import table %}{{ table(["序号", "名称", "结论"], rows) }}'
    macro = environment().from_string(source)
    page = '<link rel="stylesheet" href="static:/css/document.css">' + macro.render(rows=rows)
    data = pdf.make_pdf_blocking(page, now=NOW)
    pages = len(pypdfium2.PdfDocument(data))
    assert pages > 1
    assert "".join(text_of(data).split()).count("序号名称结论") == pages
