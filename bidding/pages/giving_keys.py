"""Where a bidder gives the own file keys after supervision's decision; the browser reads the opening file and signs."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding import emergency
from bidding.opening_view import find_opening
from bidding.pages.own_bid import current_submission, own_bid
from bidding.pages.releasing import SlotRow
from bidding.pages.words import SLOT_NAMES, base_of, state_of_keys
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import heading_of


@dataclass(frozen=True, slots=True)
class GivingPage:
    """The context of `bidding/emergency.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    state: str
    reason: str
    given_at: datetime | None
    digest: str
    slots: list[SlotRow]
    tender: str
    lot: str
    bidder: str
    hall_href: str


@get("/b/lots/{lot_id:uuid}/emergency", guards=[permits("bid.open")], include_in_schema=False)
async def giving_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show where the own file keys are given, once supervision has decided on it."""
    lot, own = await own_bid(tx, actor, lot_id)
    opening = await find_opening(tx, lot_id)
    current = await current_submission(tx, actor, lot_id)
    given = await emergency.given_at(tx, own.bid_id)
    shown = GivingPage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        state=state_of_keys(own, opening, given),
        reason=(opening.emergency_reason or "") if opening else "",
        given_at=given,
        digest="" if own.head is None else b64u_encode(own.head),
        slots=[SlotRow(d["slot"], SLOT_NAMES[d["slot"]], d["eid"]) for d in current.documents] if current else [],
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
        hall_href=f"/openings/{lot_id}",
    )
    return render_page(request, "bidding/emergency.html", {"page": shown}, nav="", now=tx.now)


HANDLERS = [giving_page]
