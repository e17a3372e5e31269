"""Withdraw a bid before the deadline; the withdrawal is signed in the browser."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding.pages.own_bid import NOTHING, current_submission, own_bid, takes_bids
from bidding.pages.words import base_of, receipt_no
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import heading_of


@dataclass(frozen=True, slots=True)
class WithdrawPage:
    """The context of `bidding/withdraw.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    deadline: datetime
    rev: int
    at: datetime
    receipt_no: str
    digest: str
    allowed: bool
    why_not: str
    law: str
    submit_href: str
    tender: str
    lot: str
    bidder: str


@get("/b/lots/{lot_id:uuid}/withdraw", guards=[permits("bid.withdraw")], include_in_schema=False)
async def withdraw_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """Show what a withdrawal does; without a bid in force there is nothing to withdraw."""
    lot, own = await own_bid(tx, actor, lot_id)
    assert lot.deadline is not None
    current = await current_submission(tx, actor, lot_id)
    if current is None or own.state in NOTHING:
        return Response(None, status_code=303, headers={"Location": f"{base_of(lot_id)}/submit"})
    allowed = takes_bids(lot, tx.now)
    page = WithdrawPage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        deadline=lot.deadline,
        rev=current.rev,
        at=current.received_at,
        receipt_no=receipt_no(current),
        digest=b64u_encode(current.digest),
        allowed=allowed,
        why_not="" if allowed else "只能依法撤销投标文件，招标人可以不退还投标保证金。",
        law="" if allowed else "招标投标法实施条例第三十五条",
        submit_href="/api/v1/withdrawals",
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
    )
    return render_page(request, "bidding/withdraw.html", {"page": page}, nav="", now=tx.now)


HANDLERS = [withdraw_page]
