"""Doors of the clerks: the holder appoints and ends, sees who asked; a clerk sees the own authorisation."""

import uuid
from typing import Any

import msgspec
from litestar import get, post

from bidding import clerks, readiness
from bidding.api.licence import trust_of
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.services import Services

_MANAGE = [permits("clerk.manage")]


class Appointing(msgspec.Struct, forbid_unknown_fields=True):
    """A signed appointment."""

    jws: str


@get("/api/v1/clerks", guards=_MANAGE, tags=["clerks"], summary="Who asked, and who is appointed")
async def overview(tx: Tx, actor: Actor) -> dict[str, Any]:
    """Return requests and appointments of the own organisation; for its licence holder only."""
    return {
        "requests": [
            {"kid": row.kid, "name": row.name, "asked_at": format_time(row.asked_at)}
            for row in await clerks.list_requests(tx, actor)
        ],
        "appointments": [
            {
                "id": str(row.id),
                "kid": row.kid,
                "name": row.name,
                "scopes": list(row.scopes),
                "lots": None if row.lots is None else [str(lot) for lot in row.lots],
                "not_before": format_time(row.not_before),
                "expires": format_time(row.expires_at),
                "state": row.state,
            }
            for row in await clerks.list_appointments(tx, actor)
        ],
    }


@post("/api/v1/clerks", guards=_MANAGE, tags=["clerks"], summary="Appoint a clerk by a signed appointment")
async def appoint(tx: Tx, actor: Actor, services: Services, data: Appointing) -> dict[str, str]:
    """Appoint a clerk who has asked."""
    return {"id": str(await clerks.appoint(tx, actor, data.jws, trust=trust_of(services)))}


@post(
    "/api/v1/clerks/{appointment_id:uuid}/end",
    guards=_MANAGE,
    status_code=204,
    tags=["clerks"],
    summary="End an appointment at once",
)
async def end(tx: Tx, actor: Actor, appointment_id: uuid.UUID) -> None:
    """End an appointment; the clerk is refused from the next request on."""
    await clerks.end_appointment(tx, actor, appointment_id)


@get(
    "/api/v1/lots/{lot_id:uuid}/readiness",
    guards=[permits("bid.room")],
    tags=["clerks"],
    summary="Would the own certificates still serve on the opening day",
)
async def opening_day(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Simulate the opening day for the own certificates and appointment."""
    found = await readiness.check_opening_day(tx, actor, lot_id)
    return {
        "opening_at": format_time(found.opening_at) if found.opening_at else None,
        "ready": not found.findings,
        "findings": [{"code": row.code, "message": row.message} for row in found.findings],
    }


HANDLERS: list[Any] = [overview, appoint, end, opening_day]
