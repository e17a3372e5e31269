"""Who is present at an opening."""

import uuid
from typing import Any

from litestar import Request, get, post

from bidding.attending import check_in
from bidding.presence import list_presence, presence_json
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from trading import facade as trading


@get(
    "/api/v1/lots/{lot_id:uuid}/opening/presence",
    opt=PUBLIC,
    tags=["opening"],
    summary="Who is present; bidders only once the prices were read out",
)
async def read_presence(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> list[dict[str, str]]:
    """Return who is present in the order in which they came."""
    lot = await trading.view_lot(tx, actor_of_connection(request), lot_id)
    if lot.published_at is None:
        raise NotFound
    return [presence_json(one) for one in await list_presence(tx, lot_id)]


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/presence",
    guards=[permits("opening.attend")],
    status_code=200,
    tags=["opening"],
    summary="Check in to an opening; nobody loses anything by staying away",
)
async def add_presence(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, str]:
    """Check in for oneself."""
    return {"came_at": format_time(await check_in(tx, actor, lot_id))}


HANDLERS = [read_presence, add_presence]
