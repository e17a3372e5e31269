"""The rehearsal's clock: moved by the operator, only on a rehearsal, and every move is logged."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from sqlalchemy import text

from kernel.canonical import format_time, parse_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.timestamps.ordering import count_missing
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import Form, attempt, moment_of, texts_of
from trading.pages.room import FormData


class ClockMove(msgspec.Struct, forbid_unknown_fields=True):
    """Where the clock shall stand: `to` as YYYY-MM-DDTHH:MM:SS.mmmZ."""

    to: str


async def move_clock(tx: Tx, actor: Actor, to: str) -> dict[str, Any]:
    """Move the rehearsal's clock: forward, or anywhere as long as the log is empty.

    Raises:
        NotFound: this is no rehearsal.
        Conflict: the clock would go back, and the log with it.

    Effects:
        `kernel_installation.clock_offset`; entry `rehearsal.clock-moved`, public.
    """
    if not tx.rehearsal:
        raise NotFound
    try:
        target = parse_time(to)
    except ValueError as error:
        raise InvalidInput("时间格式应为 2026-08-06T06:00:00.000Z。", [("to", "时间格式不正确")]) from error
    await tx.session.execute(text("SELECT 1 FROM kernel_installation FOR UPDATE"))
    now = await tx.instant()
    begun = (await tx.session.execute(text("SELECT EXISTS (SELECT 1 FROM audit_entry)"))).scalar_one()
    if target <= now and begun:
        raise Conflict("日志已有记录，演练时钟只能向前调整。")
    if abs(target - now) > timedelta(days=3660):
        raise InvalidInput("一次最多调整十年。", [("to", "超出范围")])
    await record(
        tx,
        actor,
        "rehearsal.clock-moved",
        {"from": format_time(now), "to": format_time(target)},
        visibility="public",
    )
    await tx.session.execute(
        text("UPDATE kernel_installation SET clock_offset = cast(:target AS timestamptz) - clock_timestamp()"),
        {"target": target},
    )
    return {"now": format_time(target)}


@post(
    "/api/v1/rehearsal/clock",
    guards=[permits("rehearsal.run")],
    status_code=200,
    tags=["rehearsal"],
    summary="Move the rehearsal's clock forward",
)
async def move(tx: Tx, actor: Actor, data: ClockMove) -> dict[str, Any]:
    """Move the clock."""
    return await move_clock(tx, actor, data.to)


@get("/rehearsal", guards=[permits("rehearsal.run")], include_in_schema=False)
async def page(request: Request[Any, Any, Any], tx: Tx) -> Response[Any]:
    """Show the clock's control; where there is no rehearsal the operator's duties are the beginning."""
    if not tx.rehearsal:
        return Response(None, status_code=303, headers={"Location": "/admin/timestamps"})
    return await _show(request, tx)


@post("/rehearsal", guards=[permits("rehearsal.run")], include_in_schema=False)
async def form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, data: FormData) -> Response[Any]:
    """Move the clock from its page; the page that follows shows the new time."""
    typed = Form(texts_of(data))
    to = moment_of(typed, "to", "要调整到的时间")
    if to is not None:
        await attempt(tx, typed, lambda: move_clock(tx, actor, format_time(to)))
    if typed.errors:
        return await _show(request, tx, typed, status=422)
    return Response(None, status_code=303, headers={"Location": "/rehearsal"})


async def _show(request: Request[Any, Any, Any], tx: Tx, typed: Form | None = None, status: int = 200) -> Response[str]:
    error = next(iter(typed.errors.values()), "") if typed else ""
    typed_to = typed.values.get("to", "") if typed else ""
    context = {"error": error, "typed": typed_to, "unstamped": await count_missing(tx)}
    return render_page(request, "portal/rehearsal.html", context, nav="演练", status=status, now=tx.now)


HANDLERS = [move, page, form]
