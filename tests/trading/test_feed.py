"""The Atom feed of notices. Source of the form: RFC 4287."""

import uuid
from datetime import datetime
from xml.etree import ElementTree as Xml

import pytest

from kernel.web.services import Site
from tests.factories.trading import at, make_published_lot
from tests.world import World
from trading.announcement import NoticeKind
from trading.notices import move_deadline
from trading.pages.feed import write_feed
from trading.reading import NoticeLine

ATOM = {"a": "http://www.w3.org/2005/Atom"}
SITE = Site("云澜交易", "云澜中心", "https://sunlit.example", rehearsal=True, demo=True)


def line(title: str = "服务器采购招标公告", **changes: object) -> NoticeLine:
    told = {
        "id": uuid.uuid4(), "lot_id": uuid.uuid4(), "kind": NoticeKind.TENDER, "version": 1, "number": "C1-GG",
        "title": title, "region": "云岭市", "published_at": at("2026-07-16 22:00"), "until": None, "is_current": True,
    } | changes  # fmt: skip
    return NoticeLine(**told)  # type: ignore[arg-type]


def read(body: bytes) -> Xml.Element:
    return Xml.fromstring(body)


def test_a_feed_has_what_atom_asks_for() -> None:
    older, newer = line(published_at=at("2026-07-01 09:00")), line(kind=NoticeKind.AWARD, version=2)
    feed = read(write_feed(SITE, [newer, older], {}))

    assert [feed.findtext(f"a:{name}", namespaces=ATOM) for name in ("id", "title", "updated")] == [
        "https://sunlit.example/notices.atom",
        "云澜交易：交易信息（演练）",
        "2026-07-16T22:00:00+08:00",
    ]
    assert feed.findtext("a:author/a:name", namespaces=ATOM) == "云澜中心"
    first, second = feed.findall("a:entry", ATOM)
    assert first.findtext("a:id", namespaces=ATOM) == f"urn:uuid:{newer.id}"
    assert first.find("a:link", ATOM).attrib["href"] == f"https://sunlit.example/notices/{newer.id}"  # type: ignore[union-attr]
    assert first.find("a:category", ATOM).attrib == {"term": "award", "label": "中标结果"}  # type: ignore[union-attr]
    assert "第 2 版" in (first.findtext("a:summary", namespaces=ATOM) or "")
    assert datetime.fromisoformat(second.findtext("a:updated", namespaces=ATOM) or "") == older.published_at


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "甲 & 乙", "]]>", "换行\x0b与\x00空\ufffe字符"])
def test_no_title_breaks_the_feed(title: str) -> None:
    (entry,) = read(write_feed(SITE, [line(title)], {"q": title})).findall("a:entry", ATOM)

    told = entry.findtext("a:title", namespaces=ATOM)
    assert told == "".join(c for c in title if c not in "\x00\x0b\ufffe")


def test_an_empty_feed_and_a_filtered_one_are_valid_and_different() -> None:
    empty, filtered = read(write_feed(SITE, [], {})), read(write_feed(SITE, [], {"type": "award"}))

    assert empty.findtext("a:updated", namespaces=ATOM)
    ids = {feed.findtext("a:id", namespaces=ATOM) for feed in (empty, filtered)}
    assert len(ids) == 2


async def test_the_feed_is_public_fresh_and_linked(world: World) -> None:
    visitor = world.client()
    before = await visitor.get("/notices.atom")
    async with world.services.db.begin() as tx:
        made = await make_published_lot(tx)
        await move_deadline(tx, made.agency, made.holders, made.lot_id, at("2026-08-10 14:00"), "补充说明。")

    after = await visitor.get("/notices.atom")

    assert before.status_code == after.status_code == 200
    assert after.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert read(before.content).findall("a:entry", ATOM) == []
    (entry,) = read(after.content).findall("a:entry", ATOM)  # only the version that holds
    assert "第 2 版" in (entry.findtext("a:summary", namespaces=ATOM) or "")
    assert "set-cookie" not in after.headers
    again = await visitor.get("/notices.atom", headers={"if-none-match": after.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert before.headers["etag"] != after.headers["etag"]
    assert read((await visitor.get("/notices.atom?type=award")).content).findall("a:entry", ATOM) == []
    for path in ("/", "/notices"):
        page = (await visitor.get(path, headers={"accept": "text/html"})).text
        assert 'rel="alternate" type="application/atom+xml"' in page
    filtered = (await visitor.get("/notices?type=award&q=x", headers={"accept": "text/html"})).text
    assert "/notices.atom?q=x&amp;type=award" in filtered
