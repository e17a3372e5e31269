"""An agency acts for a procuring entity only under its accepted entrustment, chosen by the procuring entity alone."""

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.factories.trading import (
    AGENCY,
    BUYER,
    OTHER_AGENCY,
    at,
    entries,
    lot_draft,
    make_actor,
    make_lot,
    plan_draft,
    project_draft,
    set_clock,
)
from trading import facade
from trading.entrusting import answer_entrustment, end_entrustment, list_entrustments
from trading.plans import propose_plan
from trading.projects import register_lot, register_project


async def test_before_the_agency_has_accepted_it_can_do_nothing_and_nobody_accepts_in_its_place(tx: Tx) -> None:
    """Source: R-AGT-02"""
    await set_clock(tx, at("2026-07-13 09:00"))
    buyer = await make_actor(tx, "procuring_entity", BUYER)
    agency, other = await make_actor(tx, "agency", AGENCY), await make_actor(tx, "agency", OTHER_AGENCY)
    project = await register_project(tx, buyer, project_draft())
    lot = await register_lot(tx, buyer, project, lot_draft())

    with pytest.raises(NotPermitted):
        await propose_plan(tx, agency, lot, plan_draft())
    with pytest.raises(NotFound):
        await answer_entrustment(tx, other, project, accept=True)
    with pytest.raises(NotPermitted):
        await answer_entrustment(tx, buyer, project, accept=True)
    await answer_entrustment(tx, agency, project, accept=True)
    outcome = await propose_plan(tx, agency, lot, plan_draft())

    assert outcome.accepted
    assert [row.state for row in await list_entrustments(tx, agency)] == ["accepted"]
    assert await list_entrustments(tx, other) == []
    (entry,) = await entries(tx, "entrustment.accepted")
    assert entry["facts"]["agency"] == AGENCY[1]


async def test_an_ended_or_declined_entrustment_ends_what_the_agency_may_do_and_it_still_may_not_bid(tx: Tx) -> None:
    """Source: R-AGT-02, R-AGT-03"""
    world = await make_lot(tx)
    lot = await facade.get_lot(tx, world.lot_id)

    with pytest.raises(InvalidInput):
        await end_entrustment(tx, world.buyer, lot.project_id, " ")
    other_buyer = await make_actor(tx, "procuring_entity", OTHER_AGENCY)
    with pytest.raises(NotFound):
        await end_entrustment(tx, other_buyer, lot.project_id, "更换代理机构")
    await end_entrustment(tx, world.buyer, lot.project_id, "更换代理机构")
    with pytest.raises(NotPermitted):
        await propose_plan(tx, world.agency, world.lot_id, plan_draft())
    with pytest.raises(Conflict):
        await answer_entrustment(tx, world.agency, lot.project_id, accept=True)

    ended = await facade.get_lot(tx, world.lot_id)
    assert not ended.is_run_by(world.agency.organisation_id)
    assert ended.is_party(world.agency.organisation_id), "who was its agency does not become its bidder"
