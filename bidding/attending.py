"""Act: somebody checks in to an opening.

Law: 招投法 35 (all bidders are invited), 20号令 29 (they attend online), R-ET-06; R-ET-05 for what stays sealed. Nobody
loses anything by staying away: a bid is opened like the others, whether its bidder looks on or not.
"""

import uuid
from datetime import datetime

from sqlalchemy import text

from bidding.closing import notify
from bidding.models.presence import Presence
from bidding.opening_view import find_opening
from bidding.presence import CAPACITIES, check_in_from, find_standing, own_presence
from bidding.vocabulary import OpeningStage
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.web.filters import moment
from trading import facade as trading
from trading.lot_view import LotView
from trading.vocabulary import Stage


async def check_in(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> datetime:
    """Check in to the opening of a lot, for oneself. A second time nothing happens.

    Returns:
        When the actor checked in.
    Raises:
        NotFound: no such lot, or the actor has no part in its opening: the answer is the same.
        TooEarly: people check in later.
        Conflict: the opening is over, or there is none.
    Effects:
        a row in `bidding_presence`; entry `opening.attended`: public, and of a bidder sealed until the opening, of
        which the pages that watch the hall are not even told that something happened.
    Source:
        R-ET-05, R-ET-06
    """
    policy.require(actor, "opening.attend")
    lot = await trading.get_lot(tx, lot_id)
    standing = await find_standing(tx, actor, lot) if lot.published_at is not None else None
    if standing is None or actor.organisation_id is None:
        raise NotFound
    # Two requests at the same moment must not both check in; the second finds the first one's row.
    key = {"key": f"check-in {lot_id}{actor.account_id}"}
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    earlier = await own_presence(tx, actor, lot_id)
    if earlier is not None:
        return earlier
    await require_open(tx, lot)

    secret = standing.bid is not None and not await _is_public(tx, lot_id)
    facts = {"role": CAPACITIES[standing.capacity], "name": actor.organisation_name, "rules": ["R-ET-06"]}
    visibility = "sealed" if secret else "public"
    entry = await record(tx, actor, "opening.attended", facts, subject=lot_id, visibility=visibility)
    tx.session.add(
        Presence(
            id=tx.new_secret_id(),
            lot_id=lot_id,
            account_id=actor.account_id,
            organisation_id=actor.organisation_id,
            capacity=standing.capacity.value,
            bid_id=standing.bid.bid_id if standing.bid else None,
            came_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    if not secret:
        await notify(tx, lot_id)
    return tx.now


async def require_open(tx: Tx, lot: LotView) -> None:
    """Refuse who comes before people check in, or when there is nothing left to attend.

    Raises:
        TooEarly, Conflict.
    """
    begins = await check_in_from(tx, lot)
    if begins is None or lot.stage not in (Stage.NOTICE_PUBLISHED, Stage.CLOSED):
        raise Conflict("本场开标已经结束，或者不再举行，不能签到。")
    if tx.now < begins:
        raise TooEarly(f"签到自 {moment(begins)}（北京时间）开始。", opens_at=format_time(begins))
    opening = await find_opening(tx, lot.id)
    if opening is not None and opening.stage in (OpeningStage.RECORDED, OpeningStage.FAILED):
        raise Conflict("本场开标已经结束，不能签到。")


async def _is_public(tx: Tx, lot_id: uuid.UUID) -> bool:
    opening = await find_opening(tx, lot_id)
    return opening is not None and opening.is_open
