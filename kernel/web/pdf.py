"""Official documents as PDF: tagged PDF/A-3a, the same record giving the same bytes.

The only user of WeasyPrint, which is imported on the first rendering: a process that makes no PDF never loads Pango.
Documents read nothing but our own static folder. Fonts are those of the machine (fonts-noto-cjk, or the WenQuanYi
pair); `./sunlit doctor` tells what is there. Conformance to PDF/A is claimed by the producer and not validated here.

What each document contains is told at the top of its template in templates/print.
"""

import asyncio
import contextlib
import io
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment

from kernel.errors import Unavailable
from kernel.web.filters import local

STATIC: Final = Path(__file__).resolve().parents[2] / "portal" / "static"
SCHEME: Final = "static:"
VARIANT: Final = "pdf/a-3a"
_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}

# One thread: Pango and the font configuration are not to be entered by two at once. More speed means more processes.
_BENCH = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pdf")


class PdfUnavailable(Unavailable):
    """The machine lacks Pango, so no document can be made; everything else works."""

    code = "pdf-unavailable"

    def __init__(self, cause: str) -> None:
        super().__init__("暂时不能生成 PDF：服务器缺少排版组件。请联系平台运维人员安装后重试。", cause=cause)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A machine-readable twin that travels inside the document, e.g. a receipt or a transcript as JSON."""

    name: str
    data: bytes
    description: str


async def print_document(
    templates: Environment,
    template: str,
    context: Mapping[str, Any],
    *,
    now: datetime,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Make a document from a template of templates/print.

    Args:
        template: e.g. print/award_notice.html.
        context: what the template's head comment lists.
        now: the creation date of the document; the same context and `now` give the same bytes.

    Raises:
        PdfUnavailable: Pango is missing.
    """
    html = templates.get_template(template).render(context)
    return await make_pdf(html, now=now, attachments=attachments)


async def make_pdf(html: str, *, now: datetime, attachments: Sequence[Attachment] = ()) -> bytes:
    """Lay out a page of HTML as PDF, in a thread of its own.

    Raises:
        PdfUnavailable: Pango is missing.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_BENCH, lambda: make_pdf_blocking(html, now=now, attachments=attachments))


def make_pdf_blocking(html: str, *, now: datetime, attachments: Sequence[Attachment] = ()) -> bytes:
    """Lay out a page of HTML as PDF. Takes half a second to a few; never call it in the event loop.

    Raises:
        PdfUnavailable: Pango is missing.
        ValueError: the page refers to something outside our static folder.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints advice when a library is missing; we raise
            import weasyprint
        from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse
    except OSError as error:  # cffi could not open libpango, libharfbuzz or libfontconfig
        raise PdfUnavailable(str(error).splitlines()[0]) from error
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)

    class StaticOnly(URLFetcher):  # type: ignore[misc, unused-ignore]
        """Reads `static:` addresses; anything else is an error in our template, so it stops the rendering."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            data, media_type = read_static(url)
            return URLFetcherResponse(url, body=io.BytesIO(data), headers={"Content-Type": media_type})

    instant = local(now).replace(microsecond=0)
    source = weasyprint.HTML(string=html, base_url=SCHEME + "/", url_fetcher=StaticOnly(fail_on_errors=True))
    try:
        rendered = source.render()
    except FatalURLFetchingError as error:  # a BaseException, which must not leave a worker's thread
        raise ValueError(f"{error}: {error.__cause__}") from error
    rendered.metadata.created = rendered.metadata.modified = instant.isoformat()
    files = [
        weasyprint.Attachment(
            string=item.data,
            name=item.name,
            description=item.description,
            relationship="Data",
            created=instant.astimezone(UTC),
            modified=instant.astimezone(UTC),
        )
        for item in attachments
    ]
    return bytes(rendered.write_pdf(attachments=files, pdf_variant=VARIANT, pdf_tags=True))


def read_static(url: str) -> tuple[bytes, str]:
    """Read a `static:` address from our static folder.

    Raises:
        ValueError: another scheme, a path that leaves the folder, or a kind of file that documents do not use.
    """
    if not url.startswith(SCHEME):
        raise ValueError(f"documents read only our static folder: {url[:80]}")
    path = (STATIC / url.removeprefix(SCHEME).lstrip("/")).resolve()
    if not path.is_relative_to(STATIC) or path.suffix not in _TYPES:
        raise ValueError(f"not a static file for documents: {url[:80]}")
    return path.read_bytes(), _TYPES[path.suffix]
