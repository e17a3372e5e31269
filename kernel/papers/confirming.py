"""Act: the second person confirms a use of the own organisation's seal."""

import uuid

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound, NotPermitted
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue
from kernel.papers.models import SealRequest


async def confirm_use(tx: Tx, actor: Actor, subject: uuid.UUID, kind: str) -> None:
    """Confirm a use of the seal that waits for a second person; a second time changes nothing.

    Raises:
        NotFound: absent, or another organisation's seal: the answer is the same.
        NotPermitted: the actor is one of those whose acts the use follows.
    Effects:
        the request; entry `seal.confirmed`, restricted; an outbox row that makes the document.
    """
    query = select(SealRequest).where(SealRequest.subject == subject, SealRequest.kind == kind).with_for_update()
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None or not actor.uscc or row.uscc != actor.uscc:
        raise NotFound
    if str(actor.account_id) in row.asked_by:
        raise NotPermitted("用印须由另一名人员确认，您已办理其中的一步。")
    if row.confirmed_at is not None:
        return
    row.confirmed_by, row.confirmed_at = actor.account_id, tx.now
    facts = {"kind": row.kind, "number": row.number, "seal": row.signer, "uscc": row.uscc}
    await record(tx, actor, "seal.confirmed", facts, subject=row.matter)
    await enqueue(tx, row.job, dict(row.payload), key=f"seal:{subject}:{kind}")


async def list_waiting(tx: Tx, uscc: str) -> list[SealRequest]:
    """Return the uses of an organisation's seal that wait for a second person, oldest first."""
    query = select(SealRequest).where(SealRequest.uscc == uscc, SealRequest.confirmed_at.is_(None))
    return list((await tx.session.execute(query.order_by(SealRequest.asked_at))).scalars())
