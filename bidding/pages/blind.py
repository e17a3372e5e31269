"""Where a bidder looks through a part that must not tell whose it is; the files stay in the browser."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding.blindness import LIMITS
from bidding.pages.own_bid import own_bid
from bidding.pages.words import base_of
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.names import name_key
from kernel.parties.organisations import list_names
from kernel.parties.registering import find_profile
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import heading_of


@dataclass(frozen=True, slots=True)
class BlindPage:
    """The context of `bidding/blind.html`; `identity` is JSON, the bidder's own as registered."""

    base: str
    title: str
    number: str
    lot_no: str
    deadline: datetime
    bidder_name: str
    identity: str
    uscc: str
    person: str
    address: str
    limits: str


@get("/b/lots/{lot_id:uuid}/blind", guards=[permits("bid.prepare")], include_in_schema=False)
async def blind_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the check; what is searched for is only one's own."""
    lot, _ = await own_bid(tx, actor, lot_id)
    assert lot.deadline is not None
    assert actor.organisation_id is not None
    names = await list_names(tx, actor.organisation_id)
    profile = await find_profile(tx, actor.organisation_id)
    identity = {
        "name": actor.organisation_name,
        "short": name_key(actor.organisation_name),
        "uscc": actor.uscc,
        "person": names[0].legal_representative if names else "",
        "address": profile.address if profile else "",
    }
    page = BlindPage(
        **heading_of(lot, base_of(lot_id)),
        deadline=lot.deadline,
        bidder_name=actor.organisation_name,
        identity=json.dumps(identity, ensure_ascii=False),
        uscc=actor.uscc,
        person=identity["person"],
        address=identity["address"],
        limits=LIMITS,
    )
    return render_page(request, "bidding/blind.html", {"page": page}, nav="", now=tx.now)


HANDLERS = [blind_page]
