"""The own organisation's seal: which uses wait for a second person, and what it was used on."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.papers.confirming import confirm_use, list_waiting
from kernel.papers.models import SealRequest
from kernel.papers.shelf import list_uses_of
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from portal.homes import home_of


@dataclass(frozen=True, slots=True)
class UseRow:
    """A use of the seal."""

    kind: str
    number: str
    at: datetime
    check_href: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A use that waits for a second person."""

    kind: str
    number: str
    title: str
    at: datetime
    action: str
    mine: bool


@dataclass(frozen=True, slots=True)
class SealsPage:
    """The context of `portal/seals.html`."""

    organisation: str
    uscc: str
    home: str
    demo: bool
    waiting: list[WaitingRow]
    uses: list[UseRow]


@get("/seals", guards=[permits("seal.read")], include_in_schema=False)
async def seals_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show what the organisation's seal was used on, and what waits for a second person."""
    page = SealsPage(
        organisation=actor.organisation_name,
        uscc=actor.uscc,
        home=home_of(actor),
        demo=services.site.demo,
        waiting=[_waiting(row, actor) for row in await list_waiting(tx, actor.uscc)],
        uses=[
            UseRow(use.kind, use.number, use.used_at, f"/verify/papers/{use.digest.hex()}")
            for use in await list_uses_of(tx, actor.uscc)
        ],
    )
    return render_page(request, "portal/seals.html", {"page": page}, now=tx.now)


@post("/seals/{subject:uuid}/{kind:str}/confirm", guards=[permits("seal.confirm")], include_in_schema=False)
async def confirm(tx: Tx, actor: Actor, subject: uuid.UUID, kind: str) -> Response[None]:
    """Confirm a use as the second person."""
    await confirm_use(tx, actor, subject, kind)
    return Response(None, status_code=303, headers={"Location": "/seals"})


def _waiting(row: SealRequest, actor: Actor) -> WaitingRow:
    mine = str(actor.account_id) in row.asked_by
    action = f"/seals/{row.subject}/{row.kind}/confirm"
    return WaitingRow(row.kind, row.number, row.title, row.asked_at, action, mine)


HANDLERS = [seals_page, confirm]
