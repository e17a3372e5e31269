"""Doors of declared affiliations: one administrator asks, another decides; supervision reads."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from trading import affiliations
from trading.affiliation_checks import AffiliationDraft

_TAGS = ["affiliations"]
_READ, _ASK, _DECIDE = ([permits(f"affiliation.{act}")] for act in ("read", "declare", "approve"))


class Declaration(msgspec.Struct, forbid_unknown_fields=True):
    """An affiliation that is asked for: `kind` itself, holding, management or adviser; `to` operator or party."""

    kind: str
    uscc: str
    name: str
    to: str
    basis: str
    since: str
    of_uscc: str = ""
    of_name: str = ""
    project: str = ""
    until: str = ""


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The first day on which it holds no more, and what shows it."""

    until: str
    basis: str


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What the second person says."""

    approve: bool


@get("/api/v1/affiliations", guards=_READ, tags=_TAGS, summary="Declared affiliations, and what waits for approval")
async def read_affiliations(tx: Tx) -> dict[str, list[dict[str, Any]]]:
    """List them, those that hold today first."""
    return {
        "affiliations": [
            {
                "id": str(row.id),
                "kind": row.tie.value,
                "uscc": row.uscc,
                "name": row.name,
                "of_uscc": row.of_uscc,
                "of_name": row.of_name,
                "project": row.project,
                "basis": row.basis,
                "since": str(row.since),
                "until": str(row.until) if row.until else None,
                "holds": row.holds,
                "declared_at": format_time(row.declared_at),
                "end_basis": row.end_basis,
            }
            for row in await affiliations.list_affiliations(tx)
        ],
        "waiting": [
            {"petition": str(row.id), "act": row.act, "asked_by": row.asked_by, "reason": row.reason, **row.facts}
            for row in await affiliations.list_petitions(tx)
        ],
    }


@post("/api/v1/affiliations", guards=_ASK, tags=_TAGS, summary="Ask that an affiliation be recorded")
async def declare(tx: Tx, actor: Actor, data: Declaration) -> dict[str, str]:
    """Ask; somebody else decides."""
    draft = AffiliationDraft(**msgspec.structs.asdict(data))
    return {"petition": str(await affiliations.ask_declaration(tx, actor, draft))}


@post("/api/v1/affiliations/{affiliation_id:uuid}/end", guards=_ASK, tags=_TAGS, summary="Ask that an affiliation end")
async def end(tx: Tx, actor: Actor, affiliation_id: UUID, data: Ending) -> dict[str, str]:
    """Ask; somebody else decides."""
    petition = await affiliations.ask_end(tx, actor, affiliation_id, until=data.until, basis=data.basis)
    return {"petition": str(petition)}


@post(
    "/api/v1/affiliations/petitions/{petition_id:uuid}/decision",
    guards=_DECIDE,
    status_code=204,
    tags=_TAGS,
    summary="Approve or refuse as the second person",
)
async def decide(tx: Tx, actor: Actor, petition_id: UUID, data: Decision) -> None:
    """Decide; an approval takes effect at once."""
    await affiliations.decide(tx, actor, petition_id, approve=data.approve)


HANDLERS: list[Any] = [read_affiliations, declare, end, decide]
