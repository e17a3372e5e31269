"""The room's page of delivery receipts, with export."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.canonical import format_time
from kernel.csv_table import write_table
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.filters import moment
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.deliveries import WITHHELD, Delivery, are_shown, list_deliveries
from trading.pages.common import heading_of
from trading.pages.room import own_lot

_HEADINGS = ["内容", "获取文件的单位", "统一社会信用代码", "送达时间", "首次阅读时间"]


@dataclass(frozen=True, slots=True)
class DeliveriesPage:
    """Who was told what."""

    base: str
    title: str
    number: str
    lot_no: str
    withheld: str
    groups: list[tuple[str, str, list[Delivery]]]
    holders: int
    unread: int


@get("/a/lots/{lot_id:uuid}/deliveries", guards=[permits("delivery.read")], include_in_schema=False)
async def deliveries_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the receipts by message, or that they are withheld."""
    lot = await own_lot(tx, actor, lot_id)
    shown = await are_shown(tx, lot_id)
    found = await list_deliveries(tx, actor, lot_id) if shown else []
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for item in found:
        groups.setdefault((item.title, item.href), []).append(item)
    page = DeliveriesPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        withheld="" if shown else WITHHELD,
        groups=[(title, href, items) for (title, href), items in groups.items()],
        holders=len({item.uscc for item in found}),
        unread=sum(item.read_at is None for item in found),
    )
    return render_page(request, "trading/deliveries.html", {"page": page}, now=tx.now)


@get("/a/lots/{lot_id:uuid}/deliveries.csv", guards=[permits("delivery.read")], include_in_schema=False)
async def deliveries_table(tx: Tx, actor: Actor, lot_id: UUID) -> Response[bytes]:
    """Return the receipts as a table."""
    await own_lot(tx, actor, lot_id)
    rows = [
        [item.title, item.holder, item.uscc, moment(item.sent_at), moment(item.read_at) if item.read_at else ""]
        for item in await list_deliveries(tx, actor, lot_id)
    ]
    headers = {"Content-Disposition": 'attachment; filename="sunlit-deliveries.csv"', "Cache-Control": "no-store"}
    return Response(write_table(_HEADINGS, rows), media_type="text/csv", headers=headers)


@get(
    "/api/v1/lots/{lot_id:uuid}/deliveries",
    guards=[permits("delivery.read")],
    tags=["trading"],
    summary="Delivery receipts of answers and corrections, after the opening",
)
async def read_deliveries(tx: Tx, actor: Actor, lot_id: UUID) -> list[dict[str, Any]]:
    """Return who was told what, and when each read it."""
    return [
        {
            "title": item.title,
            "href": item.href,
            "holder": item.holder,
            "uscc": item.uscc,
            "sent_at": format_time(item.sent_at),
            "read_at": format_time(item.read_at) if item.read_at else None,
        }
        for item in await list_deliveries(tx, actor, lot_id)
    ]


HANDLERS = [deliveries_page, deliveries_table, read_deliveries]
