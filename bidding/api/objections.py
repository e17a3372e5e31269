"""Objections to the opening: raised and answered on the spot."""

import uuid
from typing import Any

from litestar import Request, get, post

from bidding.objection_reading import list_opening_objections, objection_json
from bidding.opening_objections import answer_objection, raise_objection
from bidding.schemas import OpeningAnswerDraft, OpeningObjectionDraft
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from trading import facade as trading


@get(
    "/api/v1/lots/{lot_id:uuid}/opening/objections",
    opt=PUBLIC,
    tags=["opening"],
    summary="Objections to the opening and their answers",
)
async def read_opening_objections(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return them in the order in which they were raised; `id` is what an answer names."""
    lot = await trading.view_lot(tx, actor_of_connection(request), lot_id)
    if lot.published_at is None:
        raise NotFound
    return [{"id": str(one.id), **objection_json(one)} for one in await list_opening_objections(tx, lot_id)]


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/objections",
    guards=[permits("opening.object")],
    tags=["opening"],
    summary="Object to the opening, between the reading out and the record",
)
async def add_opening_objection(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: OpeningObjectionDraft) -> dict[str, int]:
    """Object."""
    return {"no": await raise_objection(tx, actor, lot_id, data.text)}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/objections/{objection_id:uuid}/answer",
    guards=[permits("opening.answer")],
    status_code=200,
    tags=["opening"],
    summary="Answer an objection to the opening",
)
async def add_opening_answer(
    tx: Tx, actor: Actor, lot_id: uuid.UUID, objection_id: uuid.UUID, data: OpeningAnswerDraft
) -> dict[str, str]:
    """Answer; the record waits for it."""
    await answer_objection(tx, actor, lot_id, objection_id, data.outcome, data.text)
    return {"state": "answered"}


HANDLERS = [read_opening_objections, add_opening_objection, add_opening_answer]
