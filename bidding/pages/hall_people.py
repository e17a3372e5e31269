"""Who is present in the hall and who signs its record: what everybody may see, and what is the visitor's own to do.

The list is the same for everybody and goes out with the shared reading; what is the visitor's own stands only in the
page that this visitor asked for, and in the stream of whoever is signed in.
"""

from dataclasses import dataclass
from datetime import datetime

from bidding.attending import require_open
from bidding.opening_view import OpeningView
from bidding.pages.signing import SignatureRow, signature_rows
from bidding.presence import (
    CAPACITIES,
    OUTSIDE,
    Standing,
    check_in_from,
    find_standing,
    list_presence,
    own_presence,
)
from bidding.recording import signed_digest
from bidding.signatures import list_signatures, objection_until
from bidding.vocabulary import Capacity, OpeningStage
from kernel.db.transaction import Tx
from kernel.errors import Conflict, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from trading.lot_view import LotView


@dataclass(frozen=True, slots=True)
class PresentRow:
    """Somebody who is present."""

    role: str
    name: str
    person: str
    at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class HallPeople:
    """The people of a hall.

    Attributes:
        secret: bidders are not shown yet.
        check_in: the visitor's own: `open`, `early`, `done`, `over`, or empty for who only looks on.
        came_at: when the visitor checked in.
        opens_at: from when people check in.
        role: as what the visitor would check in, in words.
        is_bidder: whether the visitor's presence stays hidden until the reading out.
        signatures: under the record, once the prices were read out.
        sign_until: until when bidders object and sign before the record may be confirmed without them; None before.
        sign_href: where the visitor signs, or empty.
    """

    present: list[PresentRow]
    secret: bool
    check_in: str
    came_at: datetime | None
    opens_at: datetime | None
    role: str
    is_bidder: bool
    signatures: list[SignatureRow]
    sign_until: datetime | None
    sign_href: str


async def people_of(tx: Tx, actor: Actor | None, lot: LotView, opening: OpeningView | None) -> HallPeople:
    """Return who is present, and what the visitor may do about it."""
    standing = await _standing(tx, actor, lot)
    until = None if opening is None or opening.opened_at is None else await objection_until(tx, lot, opening.opened_at)
    signed = [] if opening is None or not opening.is_open else await list_signatures(tx, lot.id)
    came_at = None if actor is None or standing is None else await own_presence(tx, actor, lot.id)
    return HallPeople(
        present=[
            PresentRow(
                CAPACITIES[one.capacity],
                one.organisation,
                one.person,
                one.came_at,
                actor is not None and one.organisation_id == actor.organisation_id,
            )
            for one in await list_presence(tx, lot.id)
        ],
        secret=opening is None or not opening.is_open,
        check_in="" if standing is None else "done" if came_at else await _whether(tx, lot),
        came_at=came_at,
        opens_at=await check_in_from(tx, lot) if standing else None,
        role=CAPACITIES[standing.capacity] if standing else "",
        is_bidder=standing is not None and standing.capacity is Capacity.BIDDER,
        signatures=signature_rows(signed, actor, await signed_digest(tx, lot) if signed else b""),
        sign_until=until,
        sign_href=f"/openings/{lot.id}/record" if _may_sign(standing, opening) else "",
    )


def _may_sign(standing: Standing | None, opening: OpeningView | None) -> bool:
    inside = standing is not None and (standing.bid is None or standing.bid.state not in OUTSIDE)
    return inside and opening is not None and opening.stage is OpeningStage.OPENED


async def _standing(tx: Tx, actor: Actor | None, lot: LotView) -> Standing | None:
    if actor is None or not policy.current().rule("opening.attend").admits(actor):
        return None
    return await find_standing(tx, actor, lot)


async def _whether(tx: Tx, lot: LotView) -> str:
    try:
        await require_open(tx, lot)
    except TooEarly:
        return "early"
    except Conflict:
        return "over"
    return "open"
