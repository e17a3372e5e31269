"""A member's desk behind the pages of an evaluation."""

from typing import Any
from uuid import UUID

from experts import queries
from experts.pages.parts import Heading, Named, code_of, done_until
from experts.pages.tasks import key_of
from experts.session_queries import Desk, get_desk
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading.pages.common import Form


async def own_desk(tx: Tx, actor: Actor, call_id: UUID) -> Desk:
    """Return the desk of a member who has checked in.

    Raises:
        NotFound: not the actor's call, or no promise is signed yet.
    """
    call = await queries.get_own_call(tx, actor, call_id)
    if call.session_id is None or not call.has_arrived:
        raise NotFound
    desk = await get_desk(tx, actor, call.session_id)
    if desk.member.checked_in_at is None:
        raise NotFound("请先签到并签署承诺。")
    return desk


async def heading_of(tx: Tx, actor: Actor, call_id: UUID, desk: Desk, form: Form) -> dict[str, Any]:
    """Return what every page of a task has."""
    heading = Heading(
        base=f"/e/tasks/{call_id}",
        title=desk.lot.title,
        number=desk.lot.tender,
        lot_no=desk.lot.number,
        done=done_until(desk.state),
        desk=f"/api/v1/sessions/{desk.session.id}",
        key=await key_of(tx, actor),
        form=form,
    )
    return {name: getattr(heading, name) for name in Heading.__slots__}


def bidders_of(desk: Desk, only: tuple[UUID, ...] | None = None) -> list[Named]:
    """Return the bidders under the codes of the grid."""
    rows = [Named(str(bid.bid_id), code_of(place), bid.bidder_name) for place, bid in enumerate(desk.bids)]
    return rows if only is None else [row for row in rows if UUID(row.id) in only]
