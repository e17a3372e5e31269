"""The public home page, which shows data of more than one package, and the small pages around it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.log.note import parse_note
from kernel.log.reader import latest_checkpoint
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from trading import facade as trading
from trading.lot_view import LotView
from trading.pages.common import NOTICE_KINDS
from trading.reading import search_notices
from trading.stages import DECIDED
from trading.vocabulary import Stage

#: Stages of a lot whose opening is still to come or going on, with the words of the home page.
OPENINGS: dict[Stage, tuple[str, str]] = {
    Stage.NOTICE_PUBLISHED: ("info", "接收投标"),
    Stage.CLOSED: ("seal", "正在开标"),
    Stage.OPENED: ("ok", "已开标"),
}


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in the list of the home page."""

    kind: str
    type: str
    title: str
    href: str
    region: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """The newest head of the log."""

    size: int
    root: str
    at: datetime
    witnesses: int


@dataclass(frozen=True, slots=True)
class HomePage:
    """What the home page shows."""

    openings: list[tuple[datetime, str, str, str, str]]
    numbers: list[tuple[str, str, str, str]]
    types: list[tuple[str, str, bool]]
    notices: list[NoticeRow]
    chart: None
    legend: list[tuple[int, str]]
    news: list[Any]
    checkpoint: CheckpointRow | None


@get("/", opt=PUBLIC, include_in_schema=False)
async def home(request: Request[Any, Any, Any], tx: Tx) -> Response[str]:
    """Show the home page."""
    lots = await trading.list_lots(tx)
    notices = [
        NoticeRow(*NOTICE_KINDS[line.kind], line.title, f"/notices/{line.id}", line.region, line.published_at)
        for line in await search_notices(tx, most=10)
    ]
    page = HomePage(
        openings=[_opening(lot) for lot in lots if lot.stage in OPENINGS and lot.opening_at is not None][:5],
        numbers=await _numbers(tx, lots),
        types=[("全部公告", "/notices", True)]
        + [(words, f"/notices?type={kind.value}", False) for kind, (_, words) in NOTICE_KINDS.items()],
        notices=notices,
        chart=None,
        legend=[],
        news=[],
        checkpoint=await _checkpoint(tx),
    )
    return render_page(request, "portal/home.html", {"page": page}, nav="home", now=tx.now)


def _opening(lot: LotView) -> tuple[datetime, str, str, str, str]:
    assert lot.opening_at is not None
    return (lot.opening_at, lot.title, f"/openings/{lot.id}", *OPENINGS[lot.stage])


async def _numbers(tx: Tx, lots: list[LotView]) -> list[tuple[str, str, str, str]]:
    """Figures of the masthead: published acts only, nothing that tells of bids before an opening."""
    public = (
        await tx.session.execute(text("SELECT count(*) FROM audit_entry WHERE visibility = 'public'"))
    ).scalar_one()
    draws = (await tx.session.execute(text("SELECT count(*) FROM draw_draw WHERE state = 'drawn'"))).scalar_one()
    running = sum(lot.stage is Stage.NOTICE_PUBLISHED for lot in lots)
    awarded = sum(lot.stage in DECIDED for lot in lots)
    return [
        ("登记标段", f"{len(lots):,}", "个", ""),
        ("正在招标", f"{running:,}", "个", ""),
        ("已定标", f"{awarded:,}", "个", ""),
        ("可重算的抽取", f"{draws:,}", "次", ""),
        ("公开日志条目", f"{public:,}", "条", ""),
    ]


async def _checkpoint(tx: Tx) -> CheckpointRow | None:
    head = await latest_checkpoint(tx)
    if head is None:
        return None
    return CheckpointRow(head.size, head.root.hex(), head.at, len(parse_note(head.note).signatures) - 1)


class Mode(msgspec.Struct):
    """The display mode that a visitor chose."""

    mode: str = ""


@post("/mode", opt=PUBLIC, include_in_schema=False)
async def set_mode(
    request: Request[Any, Any, Any], data: Annotated[Mode, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[None]:
    """Remember the display mode, for visitors without script too."""
    from portal.doors.signin import safe_next

    mode = data.mode if data.mode in ("elder", "contrast") else ""
    referer = request.headers.get("referer", "")
    path = "/" + referer.split("/", 3)[3] if referer.count("/") >= 3 else "/"
    cookie = f"mode={mode}; Path=/; SameSite=Lax; Max-Age={31_536_000 if mode else 0}"
    return Response(None, status_code=303, headers={"Location": safe_next(path) or "/", "Set-Cookie": cookie})


HANDLERS = [home, set_mode]
