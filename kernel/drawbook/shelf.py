"""Look draws up: rows by id, contributions, replacement log."""

import uuid

from sqlalchemy import select

from kernel.canonical import b64u_decode
from kernel.db.transaction import Tx
from kernel.drawbook.models import Contribution, Draw, Step
from kernel.errors import NotFound
from kernel.identity.actor import Actor


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


async def require_contributor(tx: Tx, actor: Actor, draw_id: uuid.UUID) -> None:
    """Let in whoever acts for a contributor of a draw.

    Raises:
        NotFound: no such draw, or somebody else's.
    """
    if actor.uscc not in {one["org"] for one in (await find_draw(tx, draw_id)).spec["contributors"]}:
        raise NotFound


async def list_draws_of(tx: Tx, subject: uuid.UUID) -> list[tuple[uuid.UUID, str, str, str]]:
    """Return id, purpose, number and state of every draw of a matter, oldest first."""
    rows = await tx.fetch(
        "SELECT id, purpose, number, state FROM draw_draw WHERE subject = $1 ORDER BY created_at", subject
    )
    return [(row["id"], row["purpose"], row["number"], row["state"]) for row in rows]


async def find_newest(tx: Tx, subject: uuid.UUID | None, purpose: str) -> Draw | None:
    """Return the newest attempt of a matter."""
    query = (
        select(Draw)
        .where(Draw.subject == subject, Draw.purpose == purpose)
        .order_by(Draw.created_at.desc(), Draw.spec_entry.desc())
        .limit(1)
    )
    return None if subject is None else (await tx.session.execute(query)).scalar_one_or_none()


async def find_void(tx: Tx, subject: uuid.UUID | None, purpose: str) -> Draw | None:
    """Return the newest void attempt of a matter that no later attempt names: what the next one has to name."""
    newest = await find_newest(tx, subject, purpose)
    return newest if newest is not None and newest.state == "void" else None


async def list_attempts(tx: Tx, draw: Draw) -> list[Draw]:
    """Return the void attempts before a draw, oldest first."""
    found: list[Draw] = []
    prev = draw.spec["prev"]
    while prev is not None:
        query = select(Draw).where(Draw.spec_hash == b64u_decode(prev, 32))
        before = (await tx.session.execute(query)).scalar_one()
        found.insert(0, before)
        prev = before.spec["prev"]
    return found


async def list_barred(tx: Tx, subject: uuid.UUID | None, purpose: str) -> set[str]:
    """Return the organisations that are proved to have broken an attempt of a matter: their escrow was false."""
    before = await find_void(tx, subject, purpose)
    attempts = [] if before is None else [*await list_attempts(tx, before), before]
    return {
        str(contributor["org"])
        for one in attempts
        if one.void_reason == "escrow-failed"
        for contributor in one.spec["contributors"]
        if contributor["party"] == one.void_party
    }


async def list_contributions(tx: Tx, draw_id: uuid.UUID) -> list[Contribution]:
    """Return the commitments of a draw by party."""
    query = select(Contribution).where(Contribution.draw_id == draw_id).order_by(Contribution.party)
    return sorted((await tx.session.execute(query)).scalars(), key=lambda row: row.party.encode())


async def list_steps(tx: Tx, draw_id: uuid.UUID) -> list[Step]:
    """Return the replacement log in order."""
    return list((await tx.session.execute(select(Step).where(Step.draw_id == draw_id).order_by(Step.number))).scalars())
