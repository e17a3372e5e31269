"""The notices as an Atom feed (RFC 4287), with the same filters as the list of notices."""

import hashlib
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

from litestar import Request, Response, get

from kernel.clock import SHANGHAI
from kernel.db.transaction import Tx
from kernel.web.filters import iso
from kernel.web.guards import PUBLIC
from kernel.web.services import Services, Site
from trading.announcement import NoticeKind
from trading.pages.common import NOTICE_KINDS
from trading.reading import NoticeLine, search_notices

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_MOST = 50
#: What a feed without entries says of its age: Atom wants a date.
_EMPTY = datetime(2026, 1, 1, tzinfo=SHANGHAI)
#: Characters that XML 1.0 cannot hold, in whatever form.
_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@get("/notices.atom", opt=PUBLIC, include_in_schema=False)
async def notices_feed(
    request: Request[Any, Any, Any], tx: Tx, services: Services, q: str = "", type: str = "", region: str = ""
) -> Response[bytes]:
    """Return the newest notices; a reader that knows them already is told so."""
    kind = NoticeKind(type) if type in set(NoticeKind) else None
    lines = await search_notices(tx, query=q, kind=kind, region=region, most=_MOST)
    filters = {"q": q, "type": kind.value if kind else "", "region": region}
    body = write_feed(services.site, lines, {name: value for name, value in filters.items() if value})
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


def write_feed(site: Site, lines: list[NoticeLine], filters: dict[str, str]) -> bytes:
    """Write the feed.

    Args:
        filters: as the list of notices takes them; another filter is another feed and has another id.
    """
    given = f"?{urlencode(filters)}" if filters else ""
    mark = "（演练）" if site.rehearsal else ""
    feed = Xml.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN"})
    _add(feed, "id", f"{site.base_url}/notices.atom{given}")
    _add(feed, "title", f"{site.name}：交易信息{mark}")
    if site.rehearsal:
        _add(feed, "subtitle", "演练平台的公告，不产生法律效力。")
    _add(feed, "updated", iso(max((line.published_at for line in lines), default=_EMPTY)))
    _add(_add(feed, "author"), "name", site.operator)
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{site.base_url}/notices.atom{given}")
    _add(feed, "link", rel="alternate", type="text/html", href=f"{site.base_url}/notices{given}")
    for line in lines:
        _add_entry(feed, site, line)
    return bytes(Xml.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add_entry(feed: Xml.Element, site: Site, line: NoticeLine) -> None:
    words = NOTICE_KINDS[line.kind][1]
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:uuid:{line.id}")
    _add(entry, "title", line.title)
    _add(entry, "published", iso(line.published_at))
    _add(entry, "updated", iso(line.published_at))
    _add(entry, "category", term=line.kind.value, label=words)
    _add(entry, "link", rel="alternate", type="text/html", href=f"{site.base_url}/notices/{line.id}")
    json = f"{site.base_url}/api/v1/notices/{line.id}"
    _add(entry, "link", rel="alternate", type="application/json", href=json)
    version = f"（第 {line.version} 版）" if line.version > 1 else ""
    _add(entry, "summary", f"{words}{version}，编号 {line.number}，{line.region}")


def _add(parent: Xml.Element, name: str, text: str = "", **attributes: str) -> Xml.Element:
    child = Xml.SubElement(parent, name, {key: _FOREIGN.sub("", value) for key, value in attributes.items()})
    child.text = _FOREIGN.sub("", text) or None
    return child


HANDLERS = [notices_feed]
