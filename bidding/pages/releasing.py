"""Where a bidder releases the own secret, when its time has come; the browser opens and signs it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding import queries
from bidding.keysets import require_published_keyset
from bidding.opening_view import OpeningView, find_opening
from bidding.pages.own_bid import NOTHING, current_submission, own_bid
from bidding.pages.words import SLOT_NAMES, base_of, receipt_no
from bidding.queries import OwnBidView
from bidding.vocabulary import BidState, OpeningStage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import heading_of


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A sealed document of the own bid."""

    slot: str
    name: str
    eid: str


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """The context of `bidding/release.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    state: str
    deadline: datetime
    window_until: datetime
    released_at: datetime | None
    rev: int
    receipt_no: str
    digest: str
    slots: list[SlotRow]
    headers_href: str
    closelist_href: str
    release_href: str
    log_href: str
    tender: str
    lot: str
    bidder: str
    hall_href: str


@get("/b/lots/{lot_id:uuid}/release", guards=[permits("bid.open")], include_in_schema=False)
async def release_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show where the own secret is released, when its time has come."""
    lot, own = await own_bid(tx, actor, lot_id)
    assert lot.deadline is not None
    opening = await find_opening(tx, lot_id)
    keyset = await require_published_keyset(tx, lot_id)
    current = await current_submission(tx, actor, lot_id)
    slots = [] if current is None else [SlotRow(d["slot"], SLOT_NAMES[d["slot"]], d["eid"]) for d in current.documents]
    api = f"/api/v1/lots/{lot_id}"
    page = ReleasePage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        state=_release_state(own, opening, tx.now),
        deadline=lot.deadline,
        window_until=opening.window_until if opening else queries.window_end(lot.deadline, keyset.window_s),
        released_at=await queries.released_at(tx, own.bid_id),
        rev=own.rev,
        receipt_no=receipt_no(current) if current else "",
        digest="" if own.head is None else b64u_encode(own.head),
        slots=slots,
        headers_href=f"{api}/headers",
        closelist_href=f"{api}/close-list",
        release_href="/api/v1/releases",
        log_href="/log",
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
        hall_href=f"/openings/{lot_id}",
    )
    return render_page(request, "bidding/release.html", {"page": page}, nav="", now=tx.now)


def _release_state(own: OwnBidView, opening: OpeningView | None, now: datetime) -> str:
    if own.state in NOTHING or (opening is not None and opening.stage is OpeningStage.FAILED):
        return "none"
    if opening is None or opening.stage is OpeningStage.CLOSED:
        return "early"
    if own.state in (BidState.RELEASED, BidState.OPENED):
        return "done"
    is_open = opening.stage is OpeningStage.RELEASING and now < opening.window_until
    awaited = BidState.FIRST_OPENED if opening.step > 1 else BidState.CLOSED
    return "open" if is_open and own.state is awaited else "late"


HANDLERS = [release_page]
