"""The opening hall: a calendar of openings, and each hall, live.

Events carry fragments of the same templates; they are sent when something public changes, and never because a bid or a
release came in.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.types import ASGIApp

from bidding.pages.hall_view import fragments_of, hall_page
from bidding.pages.live_hall import board_of, news
from bidding.pages.rooms import published_lot
from kernel.db.transaction import Tx
from kernel.identity import sessions
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.render import render_page
from kernel.web.services import Services
from kernel.web.streams import ALIVE, EventStream, event
from trading import facade as trading
from trading.pages.room import own_lot, show_waiting
from trading.standing import state_of
from trading.vocabulary import Stage

#: Seconds after which a silent stream says that it is alive.
_HEARTBEAT_S = 15.0
_CLOSE = event("close", "{}")


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """An opening in the calendar."""

    at: datetime
    title: str
    number: str
    buyer: str
    href: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class OpeningsPage:
    """The context of `bidding/openings.html`."""

    running: list[OpeningRow]
    coming: list[OpeningRow]
    past: list[OpeningRow]


@get("/openings", opt=PUBLIC, include_in_schema=False)
async def calendar(request: Request[Any, Any, Any], tx: Tx) -> Response[str]:
    """List the openings."""
    page = OpeningsPage([], [], [])
    for lot in await trading.list_lots(tx, most=200):
        if lot.opening_at is None:
            continue
        row = OpeningRow(
            lot.opening_at,
            lot.title,
            lot.tender,
            lot.procuring_entity_name,
            f"/openings/{lot.id}",
            state_of(lot, tx.now),
        )
        if tx.now < lot.opening_at:
            page.coming.append(row)
        elif lot.stage in (Stage.NOTICE_PUBLISHED, Stage.CLOSED):
            page.running.append(row)
        else:
            page.past.append(row)
    page.coming.sort(key=lambda row: row.at)
    return render_page(request, "bidding/openings.html", {"page": page}, nav="openings", now=tx.now)


@get("/openings/{lot_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def hall(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> Response[str]:
    """Show the hall."""
    page = await hall_page(tx, actor_of_connection(request), lot_id)
    return render_page(request, "bidding/hall.html", {"page": page}, nav="openings", now=tx.now)


@get("/a/lots/{lot_id:uuid}/hall", guards=[permits("lot.room")], include_in_schema=False)
async def to_hall(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """Lead from the agency's room to the hall, which is there once the notice is out."""
    lot = await own_lot(tx, actor, lot_id)
    if lot.published_at is None:
        return show_waiting(request, tx, lot, "hall", "开标", "发布招标公告后，本标段的开标大厅向社会开放。")
    return Response(None, status_code=303, headers={"Location": f"/openings/{lot_id}"})


@get("/openings/{lot_id:uuid}/events", opt=PUBLIC, include_in_schema=False)
async def events(request: Request[Any, Any, Any], services: Services, lot_id: uuid.UUID) -> ASGIApp:
    """Send fragments of the hall whenever something public changes.

    Raises:
        TooManyRequests: this visitor, this origin or everybody together has too many live pages open.
    """
    place = Place(
        secret=str(request.scope["state"]["sid"]),
        visitor=str(request.scope["state"]["visitor"]),
        origin=request.client.host if request.client else "",
    )
    services.streams.require_room(place.visitor, place.origin)
    async with services.db.begin_read_only() as tx:
        await published_lot(tx, lot_id, actor_of_connection(request))
    return EventStream(_stream(services, place, lot_id))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a live page is open.

    Attributes:
        secret: of the session, if somebody is signed in.
        visitor: names the browser.
    """

    secret: str = ""
    visitor: str = ""
    origin: str = ""


async def _stream(services: Services, place: Place, lot_id: uuid.UUID) -> AsyncGenerator[bytes, None]:
    with services.streams.counted(place.visitor, place.origin) as has_room:
        if has_room:
            messages = _own_stream(services, place, lot_id) if place.secret else _public_stream(services, lot_id)
            async with contextlib.aclosing(messages):
                async for message in messages:
                    yield message


async def _public_stream(services: Services, lot_id: uuid.UUID) -> AsyncGenerator[bytes, None]:
    """What everybody sees, read once for all."""
    async with board_of(services, lot_id) as board:
        seen = await board.after(None)
        while not seen.ends:
            version = await board.after(seen)
            if version is seen:
                yield ALIVE
                continue
            message = board.news_for(seen, version)
            seen = version
            if message is not None:
                yield message
        yield _CLOSE


async def _own_stream(services: Services, place: Place, lot_id: uuid.UUID) -> AsyncGenerator[bytes, None]:
    """What a signed-in person sees, for as long as the session lives."""
    async with services.feed.watch(str(lot_id), sessions.matter_of_session(place.secret)) as changes:
        sent: dict[str, str] = {}
        while True:
            async with services.db.begin_read_only() as tx:
                actor = await sessions.find_actor(tx, place.secret)
                if actor is None:
                    return  # signed out: the browser connects again as whoever it is now
                page = await hall_page(tx, actor, lot_id)
                fragments = fragments_of(services, page, tx.now)
            message = news(sent, fragments)
            if sent and message is not None:
                yield message
            sent = fragments
            if not page.stream:
                yield _CLOSE
                return
            if not await _changed(changes):
                yield ALIVE


async def _changed(changes: asyncio.Queue[str]) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEARTBEAT_S):
            await changes.get()
        return True
    return False


HANDLERS = [calendar, hall, to_hall, events]
