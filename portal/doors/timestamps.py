"""Time stamps of checkpoints: the operator's list of what has one and what waits, and the two public files of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log.reader import checkpoint_of_size
from kernel.timestamps.ordering import Ordered, count_missing, list_ordered
from kernel.web.guards import PUBLIC, permits
from kernel.web.render import render_page
from kernel.web.services import Services

_MOST = 100
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
#: From so many failed tries on the operator has to look; one or two are a hiccup.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class StampRow:
    """A checkpoint in the operator's list.

    Attributes:
        state: colour and words.
        trouble: why there is none yet, "" if nothing went wrong.
        href: of the token, "" as long as there is none.
    """

    size: int
    reason: str
    asked_at: datetime
    state: tuple[str, str]
    stamped_at: datetime | None
    authority: str
    tried: int
    next_at: datetime
    trouble: str
    href: str


@dataclass(frozen=True, slots=True)
class StampPage:
    """The context of `portal/timestamps.html`.

    Attributes:
        service: `outside`, `demo` or `none`: what the settings name.
    """

    service: str
    missing: int
    failing: int
    rows: list[StampRow]
    next_href: str


@get("/admin/timestamps", guards=[permits("timestamps.read")], include_in_schema=False)
async def stamps(
    request: Request[Any, Any, Any], tx: Tx, services: Services, before: int | None = None
) -> Response[str]:
    """Show which checkpoints have their time stamp; those without one first, since they are a duty."""
    ordered = await list_ordered(tx, most=_MOST, before=before)
    more = len(ordered) == _MOST and ordered[-1].stamped_at is not None
    page = StampPage(
        service=services.site.timestamps,
        missing=await count_missing(tx),
        failing=sum(row.stamped_at is None and row.tried >= PATIENCE for row in ordered),
        rows=[_row(row) for row in ordered],
        next_href=f"/admin/timestamps?before={ordered[-1].size}" if more else "",
    )
    return render_page(request, "portal/timestamps.html", {"page": page}, nav="", now=tx.now)


def _row(row: Ordered) -> StampRow:
    days = f"{row.day:%Y-%m-%d} 的每日检查点" if row.day else ""
    reason = "截止检查点" if row.reason == "deadline" else days
    if row.stamped_at is not None:
        state = ("ok", "已取得")
    elif row.tried >= PATIENCE:
        state = ("bad", f"失败 {row.tried} 次")
    else:
        state = ("warn", "等待")
    return StampRow(
        size=row.size,
        reason=f"{reason}，也是 {days}" if days and row.reason == "deadline" else reason,
        asked_at=row.asked_at,
        state=state,
        stamped_at=row.stamped_at,
        authority=row.authority,
        tried=row.tried,
        next_at=row.next_at,
        trouble=row.last_error,
        href=f"/log/timestamp/{row.size}" if row.stamped_at is not None else "",
    )


@get(
    "/log/checkpoint/{size:int}",
    opt=PUBLIC,
    tags=["log"],
    summary="The signed tree head of a size, as a C2SP note",
    media_type="text/plain; charset=utf-8",
)
async def note(tx: Tx, size: int) -> Response[str]:
    """Return a published head; the bytes that its time stamp is over."""
    head = await checkpoint_of_size(tx, _size(size))
    heads = {"Content-Disposition": f'attachment; filename="{head.size}.note"', "Cache-Control": "no-store"}
    return Response(head.note, media_type="text/plain; charset=utf-8", headers=heads)


@get("/log/timestamp/{size:int}", opt=PUBLIC, tags=["log"], summary="The RFC 3161 token over a tree head, in DER")
async def token(tx: Tx, size: int) -> Response[bytes]:
    """Return the token over a head.

    Raises:
        NotFound: there is none (yet).
    """
    head = await checkpoint_of_size(tx, _size(size))
    if head.tst is None:
        raise NotFound("这个检查点没有时间戳。")
    name = {"Content-Disposition": f'attachment; filename="{head.size}.tst"'}
    return Response(head.tst, media_type="application/timestamp-token", headers=_FOR_EVER | name)


def _size(size: int) -> int:
    if not 0 <= size < 1 << 63:
        raise NotFound
    return size


HANDLERS = [stamps, note, token]
