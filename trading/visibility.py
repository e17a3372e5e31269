"""Who may see a lot: everybody once its notice is out; before that its own parties, trustees and supervision."""

import uuid

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading.lot_view import LotView
from trading.queries import get_lot
from trading.vocabulary import Role


async def view_lot(tx: Tx, actor: Actor | None, lot_id: uuid.UUID) -> LotView:
    """Return a lot to somebody who may see it.

    Raises:
        NotFound: absent, or not public yet: the answer is the same.
    """
    lot = await get_lot(tx, lot_id)
    if lot.published_at is None and not (actor is not None and _is_insider(actor, lot)):
        raise NotFound
    return lot


def _is_insider(actor: Actor, lot: LotView) -> bool:
    return lot.is_run_by(actor.organisation_id) or actor.has(Role.SUPERVISOR, Role.TRUSTEE)
