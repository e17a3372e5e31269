"""Who was told what, and when each read it: the delivery receipts of answers, corrections and postponements.

Before the opening nobody sees them, not even how many there are: they name the holders of the documents (招投法 22,
R-ANN-05). A tender whose bids were never opened keeps them to itself for ever.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotPermitted
from kernel.identity.actor import Actor
from trading.progress import access_lot
from trading.queries import get_lot
from trading.vocabulary import Role

WITHHELD = "开标前不显示送达情况：谁获取了招标文件、有几家，在开标前对所有人保密（招标投标法第二十二条）。"
#: What goes to everybody who holds the documents.
_TO_ALL = ["answer", "correction"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one holder.

    Attributes:
        read_at: when somebody of the holder first opened it; None if nobody did.
    """

    title: str
    href: str
    holder: str
    uscc: str
    sent_at: datetime
    read_at: datetime | None


async def list_deliveries(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[Delivery]:
    """Return the delivery receipts of a lot, in the order of sending, then by holder.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        NotPermitted: neither a party of the lot nor supervision.
        Conflict: the bids are not opened.
    Source:
        R-ANN-05, R-ET-03
    """
    if actor.has(Role.SUPERVISOR):
        await get_lot(tx, lot_id)
    elif actor.has(Role.PROCURING_ENTITY, Role.AGENCY):
        await access_lot(tx, actor, lot_id)
    else:
        raise NotPermitted
    if not await are_shown(tx, lot_id):
        raise Conflict(WITHHELD)
    rows = await tx.session.execute(
        text(
            "SELECT m.title, m.href, o.name AS holder, o.uscc, m.sent_at, m.read_at FROM trading_message m"
            " JOIN identity_organisation o ON o.id = m.organisation_id"
            " JOIN trading_lot l ON l.id = m.lot_id JOIN trading_project p ON p.id = l.project_id"
            " WHERE m.lot_id = :lot AND m.kind = ANY(:kinds)"
            " AND m.organisation_id NOT IN (p.procuring_entity_id, p.agency_id)"
            " ORDER BY m.sent_at, m.title, o.name"
        ),
        {"lot": lot_id, "kinds": _TO_ALL},
    )
    return [Delivery(*row) for row in rows]


async def are_shown(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say whether the bids are opened, so that the holders may be named."""
    query = text("SELECT 1 FROM kernel_unsealed WHERE subject = :lot")
    return (await tx.session.execute(query, {"lot": lot_id})).first() is not None
