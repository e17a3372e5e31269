"""Look draws up: rows by id, contributions, replacement log."""

import uuid

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.drawbook.models import Contribution, Draw, Step
from kernel.errors import NotFound


async def lock_draw(tx: Tx, draw_id: uuid.UUID) -> Draw:
    """Return a draw, locked for a step.

    Raises:
        NotFound: there is none.
    """
    found = (await tx.session.execute(select(Draw).where(Draw.id == draw_id).with_for_update())).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_draw(tx: Tx, draw_id: uuid.UUID) -> Draw:
    """Return a draw for reading.

    Raises:
        NotFound: there is none.
    """
    found = (await tx.session.execute(select(Draw).where(Draw.id == draw_id))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_contributions(tx: Tx, draw_id: uuid.UUID) -> list[Contribution]:
    """Return the commitments of a draw by party."""
    query = select(Contribution).where(Contribution.draw_id == draw_id).order_by(Contribution.party)
    return sorted((await tx.session.execute(query)).scalars(), key=lambda row: row.party.encode())


async def list_steps(tx: Tx, draw_id: uuid.UUID) -> list[Step]:
    """Return the replacement log in order."""
    return list((await tx.session.execute(select(Step).where(Step.draw_id == draw_id).order_by(Step.number))).scalars())
