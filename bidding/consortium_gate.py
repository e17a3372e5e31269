"""What a consortium means for a bid: asked when a firm registers for a lot, and under the lock of its submission.

Most bids are of one firm: their rows have an empty `hold`, and a submission asks nothing more.

Source: R-VETO-02, R-VETO-09; 招投法 31, 条例 34, 37.
"""

import uuid
from collections.abc import Callable

from sqlalchemy import text

from bidding.vocabulary import ConsortiumState, Hold
from kernel.db.transaction import Tx
from kernel.errors import Conflict
from trading import facade as trading
from trading.due_lots import DueLot

_MEMBER = (
    "本单位已同意参加本标段的联合体，由牵头人办理投标；联合体各方不得再以自己名义单独投标"
    "（《招标投标法实施条例》第三十七条）。"
)


async def require_free(tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> str | None:
    """Return the `hold` of a bid that is about to come to be.

    Raises:
        Conflict: the firm has consented to another's consortium.
    Source:
        R-VETO-09
    """
    hold = await _find_hold(tx, lot_id, organisation_id)
    if hold is Hold.MEMBER:
        raise Conflict(_MEMBER)
    return None if hold is None else hold.value


async def require_consents(
    tx: Tx, lot: DueLot, bid_id: uuid.UUID, hold: Hold, refuse: Callable[[str], Exception]
) -> None:
    """Refuse a submission of a member, or for a consortium that is not complete or has a member who may not bid.

    Args:
        hold: of the bid's row, which is locked: nobody changes the consortium meanwhile.

    Source:
        R-VETO-02, R-VETO-09, R-ET-01, R-AGT-03
    """
    if hold is Hold.MEMBER:
        raise refuse("member")
    if hold is Hold.AWAITING:
        raise refuse("consents")
    members = await tx.fetch(
        "SELECT m.organisation_id FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
        " JOIN bidding_consortium c ON c.lot_id = i.lot_id AND c.leader_id = i.organisation_id AND c.state = 'complete'"
        " JOIN bidding_consortium_member m ON m.consortium_id = c.id WHERE b.id = $1 AND m.place > 1",
        bid_id,
    )
    for member in members:
        try:
            await trading.require_independent(tx, member["organisation_id"], lot)
        except trading.NotIndependent:  # the article is for the member's own eyes
            raise refuse("member-tie") from None


async def _find_hold(tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> Hold | None:
    """Return what the live consortia of a lot mean for a bid of an organisation."""
    row = (
        await tx.session.execute(
            text(
                "SELECT c.leader_id = :id AS leads, c.state FROM bidding_consortium c"
                " LEFT JOIN bidding_consortium_member m"
                " ON m.consortium_id = c.id AND m.organisation_id = :id AND m.bound"
                " WHERE c.lot_id = :lot AND c.state <> 'ended' AND (c.leader_id = :id OR m.uscc IS NOT NULL)"
            ),
            {"lot": lot_id, "id": organisation_id},
        )
    ).one_or_none()
    if row is None:
        return None
    if not row.leads:
        return Hold.MEMBER
    return Hold.JOINT if row.state == ConsortiumState.COMPLETE else Hold.AWAITING
