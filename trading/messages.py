"""The inbox: what concerns an organisation reaches it, lot by lot."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, true, update

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from trading.models.question import Message
from trading.vocabulary import Role

#: Kinds that only those get who take part in a lot: another account of the same organisation must not learn of it.
TO_BIDDERS = (
    *("answer", "correction", "award", "result", "contract", "expiry", "clerk", "invitation", "prequalification"),
)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as its receiver sees it."""

    id: uuid.UUID
    lot_id: uuid.UUID | None
    kind: str
    title: str
    text: str
    href: str
    sent_at: datetime
    read_at: datetime | None


async def tell(
    tx: Tx, organisations: Iterable[uuid.UUID], lot_id: uuid.UUID | None, *, kind: str, title: str, text: str, href: str
) -> None:
    """Put one message into the inbox of each organisation.

    Args:
        lot_id: None for what concerns no lot, such as the draw of an inspection.

    Nothing of it goes into the log: the number of deliveries would tell the number of holders (R-ANN-05).
    """
    for organisation_id in dict.fromkeys(organisations):
        tx.session.add(
            Message(
                id=tx.new_secret_id(),
                organisation_id=organisation_id,
                lot_id=lot_id,
                kind=kind,
                title=title,
                text=text,
                href=href,
                sent_at=tx.now,
                read_at=None,
            )
        )


async def list_messages(tx: Tx, actor: Actor, *, most: int = 100) -> list[MessageView]:
    """Return the newest messages of the actor's organisation; what goes to bidders, only to its bidder.

    A clerk sees what concerns the lots of the appointment.
    """
    if actor.organisation_id is None:
        return []
    query = (
        select(Message)
        .where(Message.organisation_id == actor.organisation_id)
        .where(true() if actor.has(Role.BIDDER) else Message.kind.not_in(TO_BIDDERS))
        .where(true() if actor.lots is None else Message.lot_id.in_(actor.lots))
        .order_by(Message.sent_at.desc(), Message.id)
        .limit(most)
    )
    return [_view(row) for row in (await tx.session.execute(query)).scalars()]


async def mark_read(tx: Tx, actor: Actor, message_id: uuid.UUID) -> None:
    """Note that a message was read; somebody else's is left alone."""
    await tx.session.execute(
        update(Message)
        .where(Message.id == message_id, Message.organisation_id == actor.organisation_id, Message.read_at.is_(None))
        .values(read_at=tx.now)
    )


def _view(row: Message) -> MessageView:
    return MessageView(row.id, row.lot_id, row.kind, row.title, row.text, row.href, row.sent_at, row.read_at)
