"""The writer of stages: for every stage and every act of the table, exactly the right parties may take the step."""

import uuid
from itertools import product

import pytest
from sqlalchemy import update

from kernel.db.transaction import Tx
from kernel.errors import NotFound, NotPermitted
from kernel.states import MoveNotAllowed
from tests.factories.trading import BUYER, OTHER_AGENCY, make_actor, make_lot, project_draft, uscc
from trading import facade
from trading.models.project import Lot
from trading.progress import RESERVED, access_lot, advance, advance_by_system
from trading.stages import LOT
from trading.vocabulary import Role, Stage

ACTS = sorted({move.act for move in LOT.moves})


async def test_the_table_decides_for_every_stage_act_and_party(tx: Tx) -> None:
    """R-ET-11: completeness over the whole table, with the buyer, its agency and a supervisor."""
    world = await make_lot(tx)
    supervisor = await make_actor(tx, Role.SUPERVISOR, ("11420000MB1234567X", "监督局"))
    lot, project = await access_lot(tx, world.agency, world.lot_id)
    moves = {(move.act, move.from_): move for move in LOT.moves}

    for stage, act in product(Stage, ACTS):
        came_from = Stage.NOTICE_PUBLISHED.value if stage is Stage.SUSPENDED else None
        for actor, role in (
            (world.buyer, Role.PROCURING_ENTITY),
            (world.agency, Role.AGENCY),
            (supervisor, Role.SUPERVISOR),
        ):
            lot.stage, lot.came_from = stage.value, came_from
            move = moves.get((act, stage))
            entrusted = role is Role.AGENCY and act not in RESERVED
            allowed = move is not None and (move.role == role or (move.role == Role.PROCURING_ENTITY and entrusted))
            if move is None:
                with pytest.raises(MoveNotAllowed):
                    await advance(tx, actor, lot, project, act)
            elif not allowed:
                with pytest.raises(NotPermitted):
                    await advance(tx, actor, lot, project, act)
            else:
                assert await advance(tx, actor, lot, project, act) == move.source
                assert lot.stage == (move.to or Stage(came_from or "")).value
            if move is None or not allowed:
                assert lot.stage == stage.value, "a refused step moves nothing"


async def test_a_suspension_leads_back_to_where_it_began(tx: Tx) -> None:
    world = await make_lot(tx)
    supervisor = await make_actor(tx, Role.SUPERVISOR, ("11420000MB1234567X", "监督局"))
    lot, project = await access_lot(tx, world.agency, world.lot_id)
    await tx.session.execute(update(Lot).where(Lot.id == lot.id).values(stage=Stage.EVALUATING.value))
    await tx.session.refresh(lot)

    await advance(tx, supervisor, lot, project, "suspend")
    assert (lot.stage, lot.came_from) == (Stage.SUSPENDED, Stage.EVALUATING)
    await advance(tx, supervisor, lot, project, "lift_suspension")

    assert (lot.stage, lot.came_from) == (Stage.EVALUATING, None)


async def test_a_step_is_seen_by_the_views_of_the_same_act(tx: Tx) -> None:
    world = await make_lot(tx)
    lot, _ = await access_lot(tx, world.agency, world.lot_id)
    lot.stage = Stage.OPENED.value

    await advance_by_system(tx, lot, "confirm_committee")

    assert (await facade.get_lot(tx, world.lot_id)).stage is Stage.COMMITTEE_READY


async def test_an_agency_that_is_its_own_buyer_needs_no_second_role(tx: Tx) -> None:
    """招投法 12: a procuring entity may run its tender itself."""
    own = project_draft(agency_uscc=uscc(BUYER[0][:17]), agency_name=BUYER[1])
    world = await make_lot(tx, project=own)
    lot, project = await access_lot(tx, world.buyer, world.lot_id)

    assert await advance(tx, world.buyer, lot, project, "publish_notice")


async def test_absent_and_not_yours_are_the_same(tx: Tx) -> None:
    world = await make_lot(tx)
    stranger = await make_actor(tx, Role.AGENCY, OTHER_AGENCY)
    wrong_role = await make_actor(tx, Role.BIDDER, (world.buyer.uscc, world.buyer.organisation_name))

    answers = []
    for actor, lot_id in ((stranger, world.lot_id), (stranger, uuid.uuid4()), (wrong_role, world.lot_id)):
        with pytest.raises(NotFound) as caught:
            await access_lot(tx, actor, lot_id)
        answers.append((caught.value.code, caught.value.detail))

    assert len(set(answers)) == 1
