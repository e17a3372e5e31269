"""Who somebody is in an opening, and who is present there: reads.

Before the table is public nobody learns of a bidder's presence but that bidder (R-ET-05): the rows of bidders are
selected only together with an opened opening, and only for bids that were read out.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from bidding import queries
from bidding.sharing import has_seat
from bidding.vocabulary import BidState, Capacity, OpeningStage
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from trading.legal import law_of
from trading.lot_view import LotView

#: Name of the dated parameter: minutes before the opening from which people may check in.
CHECK_IN = "opening_check_in"
#: As what somebody is present, in words.
CAPACITIES = {
    Capacity.BIDDER: "投标人",
    Capacity.AGENCY: "招标代理机构",
    Capacity.PROCURING_ENTITY: "招标人",
    Capacity.SUPERVISOR: "行政监督部门",
    Capacity.TRUSTEE: "开标见证人",
}
#: Bids that are not in the close list.
OUTSIDE = (BidState.REGISTERED, BidState.SEALED, BidState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Standing:
    """As what the actor takes part in an opening.

    Attributes:
        bid: the own bid; None for all but bidders.
    """

    capacity: Capacity
    bid: queries.OwnBidView | None = None


@dataclass(frozen=True, slots=True)
class PresenceView:
    """Somebody who is present."""

    capacity: Capacity
    organisation_id: uuid.UUID
    account_id: uuid.UUID
    organisation: str
    person: str
    came_at: datetime


async def find_standing(tx: Tx, actor: Actor, lot: LotView) -> Standing | None:
    """Return as what the actor takes part in the opening of a lot; None for who only looks on."""
    own = await queries.find_own_bid(tx, actor, lot.id)
    if own is not None:
        return Standing(Capacity.BIDDER, own)
    if actor.organisation_id is None:
        return None
    if actor.has("agency") and actor.organisation_id == lot.agency_id:
        return Standing(Capacity.AGENCY)
    if actor.has("procuring_entity") and actor.organisation_id == lot.procuring_entity_id:
        return Standing(Capacity.PROCURING_ENTITY)
    if actor.has("trustee") and await has_seat(tx, actor, lot.id):
        return Standing(Capacity.TRUSTEE)
    return Standing(Capacity.SUPERVISOR) if actor.has("supervisor") else None


async def check_in_from(tx: Tx, lot: LotView) -> datetime | None:
    """Return from when people may check in; None for a lot without a date."""
    at = lot.opening_at or lot.deadline
    if at is None:
        return None
    return at - timedelta(minutes=(await law_of(tx, lot.regime, lot.registered_at)).count(CHECK_IN))


async def list_presence(tx: Tx, lot_id: uuid.UUID) -> list[PresenceView]:
    """Return who is present, as everybody may know it now, in the order in which they came."""
    rows = await tx.session.execute(
        text(
            "SELECT p.capacity, p.organisation_id, p.account_id, o.name AS organisation, a.display_name AS person,"
            " p.came_at FROM bidding_presence p JOIN identity_organisation o ON o.id = p.organisation_id"
            " JOIN identity_account a ON a.id = p.account_id WHERE p.lot_id = :lot AND (p.bid_id IS NULL OR EXISTS"
            "   (SELECT 1 FROM bidding_bid b JOIN bidding_opening g ON g.lot_id = b.lot_id"
            "     WHERE b.id = p.bid_id AND b.state <> ALL(:outside) AND g.stage = ANY(:public)))"
            " ORDER BY p.came_at, p.id"
        ),
        {
            "lot": lot_id,
            "outside": [state.value for state in OUTSIDE],
            "public": [OpeningStage.OPENED.value, OpeningStage.RECORDED.value],
        },
    )
    return [
        PresenceView(
            Capacity(row.capacity), row.organisation_id, row.account_id, row.organisation, row.person, row.came_at
        )
        for row in rows
    ]


async def own_presence(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> datetime | None:
    """Return when the actor checked in, or None."""
    query = text("SELECT came_at FROM bidding_presence WHERE lot_id = :lot AND account_id = :account")
    row = (await tx.session.execute(query, {"lot": lot_id, "account": actor.account_id})).one_or_none()
    return None if row is None else row.came_at


def presence_json(one: PresenceView) -> dict[str, str]:
    """Return somebody present as the interface and the opening record write it."""
    return {
        "capacity": one.capacity.value,
        "organisation": one.organisation,
        "person": one.person,
        "came_at": format_time(one.came_at),
    }
