"""Doors of entrustments: the agency answers, the procuring entity ends."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from trading import entrusting

_TAGS = ["trading"]


class Answering(msgspec.Struct, forbid_unknown_fields=True):
    """Yes or no to an entrustment."""

    accept: bool


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """Why an entrustment ends."""

    reason: str


@get(
    "/api/v1/entrustments",
    guards=[permits("entrustment.read")],
    tags=_TAGS,
    summary="Entrustments that the own organisation gave or got",
)
async def read_entrustments(tx: Tx, actor: Actor) -> list[dict[str, Any]]:
    """List them, newest first."""
    return [
        {
            "project": str(row.project_id),
            "number": row.number,
            "title": row.title,
            "procuring_entity": row.procuring_entity,
            "agency": row.agency,
            "document": row.document,
            "offered_at": format_time(row.offered_at),
            "state": row.state,
        }
        for row in await entrusting.list_entrustments(tx, actor)
    ]


@post(
    "/api/v1/projects/{project_id:uuid}/entrustment",
    guards=[permits("entrustment.answer")],
    status_code=204,
    tags=_TAGS,
    summary="Accept or decline the entrustment with a project",
)
async def answer(tx: Tx, actor: Actor, project_id: UUID, data: Answering) -> None:
    """Answer for the own agency."""
    await entrusting.answer_entrustment(tx, actor, project_id, accept=data.accept)


@post(
    "/api/v1/projects/{project_id:uuid}/entrustment/end",
    guards=[permits("entrustment.end")],
    status_code=204,
    tags=_TAGS,
    summary="End the entrustment with a project",
)
async def end(tx: Tx, actor: Actor, project_id: UUID, data: Ending) -> None:
    """End it for the own project."""
    await entrusting.end_entrustment(tx, actor, project_id, data.reason)


HANDLERS: list[Any] = [read_entrustments, answer, end]
