"""Acts: commit, close and reveal for the draw that is running; what follows from its result.

Law: R-DR-12; crypto.md §4.1. The steps themselves are kept by the book of draws; here stands what they mean for the
inspection. Nothing chooses: objects and teams are read off the logged output.
"""

import uuid

from sqlalchemy import select

from kernel.canonical import b64u_decode
from kernel.db.transaction import Tx
from kernel.drawbook import book, revealing, voiding
from kernel.drawbook.identities import open_identity
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record
from supervision.freezing import list_targets
from supervision.inspections import access_inspection, advance, lock_inspection
from supervision.models import Assignment, Inspection
from supervision.vocabulary import Stage


async def commit(tx: Tx, actor: Actor, inspection_id: uuid.UUID, token: str) -> str:
    """Take a contributor's signed commitment to the running draw.

    Returns:
        The party whose commitment it is.
    Raises:
        Conflict: no draw is running; see `kernel.drawbook.book.commit` for the others.
    """
    inspection = await lock_inspection(tx, inspection_id)
    return await book.commit(tx, actor, running_draw(inspection), token)


async def close(tx: Tx, actor: Actor, inspection_id: uuid.UUID) -> None:
    """Close the commitments of the running draw: nothing new can enter its seed.

    Raises:
        TooEarly: somebody may still commit.
        Conflict: no draw is running, or too few have committed.
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    await book.close(tx, running_draw(inspection))
    if inspection.stage == Stage.FROZEN:
        advance(inspection, "close_targets")


async def reveal(tx: Tx, actor: Actor, vault: Vault, inspection_id: uuid.UUID, party: str, value: bytes) -> bool:
    """Take a contributor's random value; the last one brings the result, and the inspection goes on by itself.

    Returns:
        Whether the draw is drawn now.
    Raises:
        VerificationFailed: the value does not match the commitment; see `kernel.drawbook.revealing.reveal`.
    Effects:
        after the last value: objects in the order of the draw, or the teams; entries `draw.result`,
        `inspection.drawn` or `inspection.assigned`, public.
    """
    inspection = await lock_inspection(tx, inspection_id)
    drawn = await revealing.reveal(tx, actor, running_draw(inspection), party, value)
    if drawn:
        await follow(tx, vault, inspection)
    return drawn


async def void(tx: Tx, actor: Actor, inspection_id: uuid.UUID) -> str:
    """Declare the running draw void when somebody stayed silent past the time; the next attempt names it.

    Returns:
        The reason, as the book of draws gives it.
    Raises:
        Conflict: the draw is alive; nobody ends it because of its outcome.
    Effects:
        entry `draw.void`, public; the same lists can be frozen again.
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    reason = await voiding.void(tx, running_draw(inspection))
    if inspection.stage == Stage.DRAWN:
        inspection.inspector_draw_id = None
    else:
        inspection.target_draw_id = None
        advance(inspection, "void_targets")
    return reason


def running_draw(inspection: Inspection) -> uuid.UUID:
    """Return the draw whose turn it is: of the objects until they are drawn, then of the inspectors.

    Raises:
        Conflict: none is frozen, or both are done.
    """
    if inspection.stage in (Stage.FROZEN, Stage.COMMITTED) and inspection.target_draw_id is not None:
        return inspection.target_draw_id
    if inspection.stage == Stage.DRAWN and inspection.inspector_draw_id is not None:
        return inspection.inspector_draw_id
    raise Conflict("当前没有进行中的抽取。", stage=inspection.stage)


async def follow(tx: Tx, vault: Vault, inspection: Inspection) -> None:
    """Bring the inspection to where its draws stand; doing it twice changes nothing.

    Args:
        inspection: locked by the caller.
    """
    if inspection.stage == Stage.FROZEN and inspection.target_draw_id is not None:
        draw = await find_draw(tx, inspection.target_draw_id)
        if draw.state in ("closed", "final", "drawn"):
            advance(inspection, "close_targets")
    if inspection.stage == Stage.COMMITTED and inspection.target_draw_id is not None:
        draw = await find_draw(tx, inspection.target_draw_id)
        if draw.state == "drawn":
            await _take_targets(tx, vault, inspection, draw)
    if inspection.stage == Stage.DRAWN and inspection.inspector_draw_id is not None:
        draw = await find_draw(tx, inspection.inspector_draw_id)
        if draw.state == "drawn":
            await _take_teams(tx, inspection, draw)


async def list_behind(tx: Tx) -> list[uuid.UUID]:
    """Return inspections whose draw went on elsewhere, for the worker."""
    query = (
        select(Inspection.id)
        .join(
            Draw,
            (Draw.id == Inspection.target_draw_id) & Inspection.stage.in_([Stage.FROZEN, Stage.COMMITTED])
            | (Draw.id == Inspection.inspector_draw_id) & (Inspection.stage == Stage.DRAWN),
        )
        .where((Draw.state == "drawn") | Draw.state.in_(["closed", "final"]) & (Inspection.stage == Stage.FROZEN))
    )
    return list((await tx.session.execute(query)).scalars())


async def _take_targets(tx: Tx, vault: Vault, inspection: Inspection, draw: Draw) -> None:
    """Open the drawn objects, so that the supervisor can freeze who inspects them; each opening is logged."""
    assert draw.output is not None
    targets = {str(one.id): one for one in await list_targets(tx, inspection.id)}
    counts: dict[str, int] = {}
    for credit, leaves in sorted(draw.output["classes"].items()):
        for leaf in leaves:
            told = await open_identity(tx, vault, draw.id, b64u_decode(leaf, 32), purpose="检查对象抽取结果")
            targets[told["id"]].drawn_no = sum(counts.values()) + 1
            counts[credit] = counts.get(credit, 0) + 1
    advance(inspection, "draw_targets")

    facts = {"inspection": inspection.number, "draw": draw.number, "drawn": counts, "rules": ["R-DR-12"]}
    await record(tx, system_actor(), "inspection.drawn", facts, subject=inspection.id, visibility="public")


async def _take_teams(tx: Tx, inspection: Inspection, draw: Draw) -> None:
    """Write the teams down as leaves; who they are is opened by the inspectors themselves."""
    assert draw.output is not None
    for number, (thing, team) in enumerate(draw.output["teams"], 1):
        tx.session.add_all(
            Assignment(
                inspection_id=inspection.id,
                object_leaf=b64u_decode(thing, 32),
                place=place,
                object_no=number,
                inspector_leaf=b64u_decode(leaf, 32),
            )
            for place, leaf in enumerate(team)
        )
    advance(inspection, "assign_inspectors")

    teams = draw.output["teams"]
    facts = {
        "inspection": inspection.number,
        "draw": draw.number,
        "objects": len(teams),
        "inspectors": len({leaf for _, team in teams for leaf in team}),
        "rules": ["R-DR-05", "R-DR-12"],
    }
    await record(tx, system_actor(), "inspection.assigned", facts, subject=inspection.id, visibility="public")
