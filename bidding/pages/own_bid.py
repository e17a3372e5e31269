"""The lot and the own bid behind every page of a bidder who takes part."""

import uuid
from datetime import datetime

from bidding import queries
from bidding.pages.rooms import published_lot
from bidding.queries import OwnBidView, ReceiptView
from bidding.registration import require_interest
from bidding.vocabulary import BidState
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading.lot_view import LotView
from trading.vocabulary import Stage

#: States in which nothing is in force.
NOTHING = (BidState.REGISTERED, BidState.WITHDRAWN)


async def own_bid(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> tuple[LotView, OwnBidView]:
    """Return the lot and the actor's place in it.

    Raises:
        NotFound: no notice is out, or the actor takes no part.
    """
    await require_interest(tx, actor, lot_id)  # first: absent and not yours are one answer
    lot = await published_lot(tx, lot_id, actor)
    own = await queries.find_own_bid(tx, actor, lot_id)
    if own is None or lot.deadline is None:
        raise NotFound
    return lot, own


async def current_submission(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> ReceiptView | None:
    """Return the actor's newest submission or withdrawal, if there is any."""
    views = await queries.list_own_submissions(tx, actor, lot_id)
    return next((view for view in views if view.is_current), None)


def takes_bids(lot: LotView, now: datetime) -> bool:
    """Say whether bids may be made, changed and withdrawn."""
    return lot.stage is Stage.NOTICE_PUBLISHED and lot.deadline is not None and now < lot.deadline
