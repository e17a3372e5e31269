"""Work of the book of draws for the worker: what only the clock brings about."""

import uuid
from collections.abc import Awaitable, Callable

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.drawbook import book, escrowing
from kernel.drawbook.models import Draw
from kernel.drawbook.standing import Phase, standing_of
from kernel.web.services import Services


async def advance_draws(services: Services) -> None:
    """Close commitments and end escrows whose time is over, where enough contributors took part.

    Too few is left to people: they declare the attempt void, and with it goes what hangs on it.
    """
    async with services.db.begin_read_only() as tx:
        due = await _due(tx)
    for draw_id, phase in due:
        async with services.db.begin() as tx:
            await (book.close if phase is Phase.CLOSE else escrowing.settle)(tx, draw_id)


async def _due(tx: Tx) -> list[tuple[uuid.UUID, Phase]]:
    query = select(Draw).where(Draw.state.in_(["frozen", "closed"])).order_by(Draw.created_at)
    found: list[tuple[uuid.UUID, Phase]] = []
    for draw in (await tx.session.execute(query)).scalars():
        standing = await standing_of(tx, draw)
        phase, escrow = standing.phase(tx.now), standing.spec.escrow
        if standing.why_void(tx.now) is not None:
            continue
        if phase is Phase.CLOSE and tx.now >= standing.spec.commit_by:
            found.append((draw.id, phase))
        if phase is Phase.ESCROW and escrow is not None and tx.now > escrow.by:
            found.append((draw.id, phase))
    return found


DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (advance_draws,)
