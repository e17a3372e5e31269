"""Pages that need no sign-in: list and search of notices, a notice, its sealed PDF."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get
from markupsafe import Markup

from kernel.canonical import parse_time
from kernel.clock import SHANGHAI
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.library import find_file
from kernel.web.downloads import serve_file
from kernel.web.figures import qr
from kernel.web.filters import monthday
from kernel.web.guards import PUBLIC, actor_of_connection
from kernel.web.render import render_page
from kernel.web.seal import seal_svg
from kernel.web.services import Services
from trading.announcement import NoticeKind
from trading.api.notices import cursor_of, cursor_text
from trading.lot_view import LotView
from trading.pages.common import NOTICE_KINDS, NoticeRow, notice_row
from trading.queries import get_lot
from trading.reading import NoticeLine, NoticeView, list_notices_of, list_regions, search_notices
from trading.visibility import view_notice
from trading.wording import REGIMES

_PER_PAGE = 20
#: What a notice's clock runs to, where it is not the end of a publicity.
_UNTIL = {
    NoticeKind.TENDER: "距投标截止",
    NoticeKind.INVITATION: "距投标截止",
    NoticeKind.POSTPONEMENT: "距投标截止",
    NoticeKind.PREQUALIFICATION: "距申请截止",
}


@dataclass(frozen=True, slots=True)
class NoticesPage:
    """The list of notices with its filters."""

    q: str
    type: str
    region: str
    since: str
    until: str
    types: list[tuple[str, str, str, bool]]
    regions: list[tuple[str, str]]
    notices: list[NoticeRow]
    prev_href: str | None
    next_href: str | None
    count_text: str
    feed_href: str
    json_href: str
    errors: dict[str, str]


@get("/notices", opt=PUBLIC, include_in_schema=False)
async def notices_page(
    request: Request[Any, Any, Any],
    tx: Tx,
    q: str = "",
    type: str = "",
    region: str = "",
    since: str = "",
    until: str = "",
    after: str = "",
) -> Response[str]:
    """List and search notices; every list is a bookmark."""
    errors: dict[str, str] = {}
    kind = NoticeKind(type) if type in set(NoticeKind) else None
    begin, end = _day(since, "since", errors), _day(until, "until", errors)
    lines = await search_notices(
        tx,
        query=q,
        kind=kind,
        region=region,
        published_from=begin,
        published_to=end + timedelta(days=1) if end else None,
        after=cursor_of(after),
        most=_PER_PAGE,
    )
    filters = {"q": q, "type": type, "region": region, "since": since, "until": until}
    following = cursor_text(lines, _PER_PAGE)
    page = NoticesPage(
        **filters,
        types=[
            (key, words, _address(filters | {"type": key}), key == type)
            for key, words in [("", "全部公告"), *((k.value, w) for k, (_, w) in NOTICE_KINDS.items())]
        ],
        regions=[(name, name) for name in await list_regions(tx)],
        notices=[notice_row(line) for line in lines],
        prev_href=_address(filters) if after else None,
        next_href=_address(filters | {"after": following}) if following else None,
        count_text=f"每页 {_PER_PAGE} 条",
        feed_href=_feed(filters),
        json_href="/api/v1/notices?" + urlencode({"q": q, "region": region} | ({"kind": type} if kind else {})),
        errors=errors,
    )
    return render_page(request, "portal/notices.html", {"page": page}, nav="notices", now=tx.now)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a notice."""

    no: int
    at: datetime
    href: str
    note: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A notice as a red-head document."""

    crumb: str
    type_href: str
    issuer_head: str
    number: str
    validity: str
    title: list[str]
    body: list[dict[str, Any]]
    sign_name: str
    sign_at: datetime
    seal: Markup | str
    seal_label: str
    kind: str
    type: str
    published_at: datetime
    until: datetime | None
    until_label: str
    facts: list[tuple[str, str]]
    objection_href: str
    pdf_href: str
    json_href: str
    digest: str
    log_index: int | None
    qr: Markup
    timeline: list[tuple[str, str, str | None, str]]
    versions: list[VersionRow]
    superseded_by: str
    invented: list[str]
    contract_href: str = ""


@get("/notices/{notice_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def notice_page(request: Request[Any, Any, Any], tx: Tx, services: Services, notice_id: UUID) -> Response[str]:
    """Show a notice in the version asked for."""
    notice = await view_notice(tx, actor_of_connection(request), notice_id)
    lot = await get_lot(tx, notice.lot_id)
    lines = await list_notices_of(tx, lot.id)
    kind, words = NOTICE_KINDS[notice.kind]
    page = NoticePage(
        crumb=words,
        type_href=f"/notices?type={notice.kind.value}",
        issuer_head=services.site.name,
        number=notice.number,
        validity=_validity(notice, lot),
        title=notice.content["title"],
        body=notice.content["body"],
        sign_name=lot.agency_name,
        sign_at=notice.published_at,
        seal=seal_of(services, lot.agency_name) if notice.pdf_id else "",
        seal_label=f"{lot.agency_name}电子签章",
        kind=kind,
        type=words,
        published_at=notice.published_at,
        until=_until(notice, lot),
        until_label=_UNTIL.get(notice.kind, "距公示期满"),
        facts=_notice_facts(notice, lot),
        objection_href="",
        pdf_href=f"/notices/{notice.id}/pdf" if notice.pdf_id else "",
        json_href=f"/api/v1/notices/{notice.id}",
        digest=notice.digest.hex(),
        log_index=notice.log_index,
        qr=qr(f"{services.site.base_url}/notices/{notice.id}"),
        timeline=_notice_timeline(lines, notice),
        versions=[_version_row(line) for line in lines if line.kind is notice.kind],
        superseded_by=f"/notices/{notice.superseded_by}" if notice.superseded_by else "",
        invented=notice.content.get("invented", []),
    )
    return render_page(request, "trading/notice.html", {"page": page}, nav="notices", now=tx.now)


@get("/notices/{notice_id:uuid}/pdf", opt=PUBLIC, include_in_schema=False)
async def notice_pdf(request: Request[Any, Any, Any], tx: Tx, services: Services, notice_id: UUID) -> Response[Any]:
    """Return the sealed PDF of a notice.

    Raises:
        NotFound: it is not made yet.
    """
    notice = await view_notice(tx, actor_of_connection(request), notice_id)
    if notice.pdf_id is None:
        raise NotFound("盖章 PDF 尚未生成，请稍后再试；公告内容以本页和公开账本为准。")
    return serve_file(request, services.files, await find_file(tx, notice.pdf_id))


def seal_of(services: Services, name: str) -> Markup:
    """Return the picture of an organisation's seal, as the PDF carries it."""
    return seal_svg(name, caption="演示 CA" if services.site.demo else "电子签章")


def _address(filters: dict[str, str]) -> str:
    given = urlencode({name: value for name, value in filters.items() if value})
    return f"/notices?{given}" if given else "/notices"


def _feed(filters: dict[str, str]) -> str:
    """Return the feed of the same notices; a span of days is nothing to subscribe to."""
    given = urlencode({name: filters[name] for name in ("q", "type", "region") if filters[name]})
    return f"/notices.atom?{given}" if given else "/notices.atom"


def _day(text: str, name: str, errors: dict[str, str]) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        errors[name] = "日期请写成 2026-08-06 的形式。"
        return None


def _until(notice: NoticeView, lot: LotView) -> datetime | None:
    if notice.kind is NoticeKind.PREQUALIFICATION:
        return parse_time(notice.content["data"]["prequalification_deadline"])
    return lot.deadline if notice.kind in _UNTIL else notice.until


def _validity(notice: NoticeView, lot: LotView) -> str:
    if notice.kind is NoticeKind.CANDIDATES and notice.until is not None:
        last = notice.until.astimezone(SHANGHAI) - timedelta(microseconds=1)
        return f"公示期：{notice.published_at.astimezone(SHANGHAI):%Y-%m-%d} 至 {last:%Y-%m-%d}"
    if notice.kind in (NoticeKind.TENDER, NoticeKind.INVITATION) and lot.documents_from and lot.documents_to:
        begin, end = (moment.astimezone(SHANGHAI) for moment in (lot.documents_from, lot.documents_to))
        return f"文件获取：{begin:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M}"
    return ""


def _notice_facts(notice: NoticeView, lot: LotView) -> list[tuple[str, str]]:
    facts = [
        ("招标人", lot.procuring_entity_name),
        ("代理机构", lot.agency_name),
        ("项目编号", lot.tender),
        ("适用制度", REGIMES[lot.regime]),
    ]
    if notice.pdf_id is None:
        facts.append(("盖章 PDF", notice.pdf_fault or "正在生成"))
    return facts


def _notice_timeline(lines: list[NoticeLine], shown: NoticeView) -> list[tuple[str, str, str | None, str]]:
    rows: list[tuple[str, str, str | None, str]] = []
    invited = any(line.kind is NoticeKind.INVITATION for line in lines)
    call = NoticeKind.INVITATION if invited else NoticeKind.TENDER
    named = (call, NoticeKind.CANDIDATES, NoticeKind.AWARD)
    for kind, (_, words) in NOTICE_KINDS.items():
        if kind not in named and not any(line.kind is kind for line in lines):
            continue
        current = next((line for line in lines if line.kind is kind and line.is_current), None)
        if current is None:
            rows.append(("", words, None, "待发布"))
        else:
            state = "now" if kind is shown.kind else "done"
            rows.append((state, words, f"/notices/{current.id}", monthday(current.published_at)))
    return rows


def _version_row(line: NoticeLine) -> VersionRow:
    note = "现行" if line.is_current else "已被取代"
    return VersionRow(line.version, line.published_at, f"/notices/{line.id}", note)


HANDLERS = [notices_page, notice_page, notice_pdf]
