"""Objections: raised, answered, withdrawn."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.services import Services
from trading.drafts import ObjectionAnswerDraft, ObjectionDraft
from trading.holders import holders_of
from trading.objection_reading import (
    list_answered_objections,
    list_objections,
    list_own_objections,
    objection_json,
)
from trading.objections import answer_objection, raise_objection, withdraw_objection
from trading.schemas import Identified
from trading.visibility import view_lot
from trading.vocabulary import Role

_TAGS = ["trading"]


@post(
    "/api/v1/lots/{lot_id:uuid}/objections",
    guards=[permits("objection.raise")],
    tags=_TAGS,
    summary="Object to the documents or to the result",
)
async def add_objection(tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: ObjectionDraft) -> Identified:
    """Object; under the bidding law the lot stands still until the answer."""
    return Identified(await raise_objection(tx, actor, holders_of(services.plugins), lot_id, data))


@get("/api/v1/lots/{lot_id:uuid}/objections", opt=PUBLIC, tags=_TAGS, summary="Objections and answers")
async def read_objections(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> dict[str, Any]:
    """Return the answered objections; open ones for the own parties, own ones for their raiser."""
    actor = actor_of_connection(request)
    lot = await view_lot(tx, actor, lot_id)
    found: dict[str, Any] = {"answered": [objection_json(item) for item in await list_answered_objections(tx, lot_id)]}
    if actor is not None and lot.is_run_by(actor.organisation_id):
        found["open"] = [objection_json(item) for item in await list_objections(tx, actor, lot_id) if item.is_open]
    elif actor is not None and actor.has(Role.BIDDER) and actor.covers(lot_id):
        found["own"] = [objection_json(item) for item in await list_own_objections(tx, actor, lot_id)]
    return found


@post(
    "/api/v1/objections/{objection_id:uuid}/answer",
    guards=[permits("objection.answer")],
    tags=_TAGS,
    summary="Answer an objection",
)
async def add_objection_answer(
    tx: Tx, actor: Actor, services: Services, objection_id: UUID, data: ObjectionAnswerDraft
) -> dict[str, int]:
    """Answer; with the last open objection the lot goes on."""
    return {"no": await answer_objection(tx, actor, holders_of(services.plugins), objection_id, data)}


@post(
    "/api/v1/objections/{objection_id:uuid}/withdrawal",
    guards=[permits("objection.raise")],
    tags=_TAGS,
    summary="Withdraw an objection",
    status_code=204,
)
async def add_objection_withdrawal(tx: Tx, actor: Actor, services: Services, objection_id: UUID) -> None:
    """Withdraw an objection that is not answered yet."""
    await withdraw_objection(tx, actor, holders_of(services.plugins), objection_id)


HANDLERS = [add_objection, read_objections, add_objection_answer, add_objection_withdrawal]
