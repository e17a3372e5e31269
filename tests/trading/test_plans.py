from datetime import UTC, timedelta

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.periods import CalendarNotLoaded
from tests.factories.trading import (
    at,
    entries,
    lot_draft,
    make_lot,
    make_planned_lot,
    make_published_lot,
    plan_draft,
    project_draft,
    set_clock,
)
from trading import facade
from trading.drafts import Funds
from trading.plans import propose_plan
from trading.vocabulary import FundSource


async def test_a_lawful_plan_becomes_the_dates_of_the_lot(tx: Tx) -> None:
    world = await make_lot(tx)

    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft())

    lot = await facade.get_lot(tx, world.lot_id)
    assert outcome.accepted
    assert outcome.findings == ()
    assert (lot.documents_from, lot.documents_to) == (at("2026-07-16 22:00"), at("2026-07-23 22:00"))
    assert lot.deadline == lot.opening_at == at("2026-08-06 14:00")
    (entry,) = await entries(tx, "plan.accepted")
    assert "R-TIME-03" in entry["facts"]["rules"]
    assert entry["facts"]["dates"]["deadline"] == "2026-08-06T06:00:00.000Z"
    assert [item["rule"] for item in entry["facts"]["dates"]["latest"]] == ["R-TIME-04", "R-TIME-07"]


async def test_a_plan_with_nineteen_days_is_refused_with_its_article_and_kept(tx: Tx) -> None:
    world = await make_lot(tx)

    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft(deadline=at("2026-08-04 14:00")))

    refusal = outcome.refusal()
    assert not outcome.accepted
    assert (refusal.findings[0]["rule"], refusal.findings[0]["earliest"]) == ("R-TIME-03", "2026-08-05")
    assert "《中华人民共和国招标投标法》第二十四条" in refusal.detail
    assert (await facade.get_lot(tx, world.lot_id)).deadline is None
    (entry,) = await entries(tx, "plan.refused")
    assert entry["facts"]["findings"] == refusal.findings


async def test_a_refused_plan_does_not_undo_an_accepted_one(tx: Tx) -> None:
    world = await make_planned_lot(tx)
    await set_clock(tx, at("2026-07-14 09:00"))

    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft(documents_to=at("2026-07-20 22:00")))

    assert (outcome.accepted, outcome.no) == (False, 2)
    assert (await facade.get_lot(tx, world.lot_id)).documents_to == at("2026-07-23 22:00")


async def test_an_accepted_plan_has_no_refusal(tx: Tx) -> None:
    world = await make_lot(tx)
    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft())

    with pytest.raises(ValueError, match="accepted"):
        outcome.refusal()


@pytest.mark.parametrize(("microseconds", "accepted"), [(-1, True), (0, True), (1, None)])
async def test_documents_are_not_planned_for_the_past(tx: Tx, microseconds: int, accepted: bool | None) -> None:
    world = await make_lot(tx)
    await set_clock(tx, at("2026-07-16 22:00") + timedelta(microseconds=microseconds))

    if accepted is None:
        with pytest.raises(InvalidInput):
            await propose_plan(tx, world.agency, world.lot_id, plan_draft())
    else:
        assert (await propose_plan(tx, world.agency, world.lot_id, plan_draft())).accepted is accepted


async def test_twenty_days_bind_mandatory_projects_only(tx: Tx) -> None:
    """R-TIME-03: 招投法 24 speaks of projects that must be tendered by law."""
    funds = Funds(source=FundSource.OTHER, description="自筹资金", investment="6000000.00")
    world = await make_lot(tx, project=project_draft(funds=funds))

    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft(deadline=at("2026-07-28 14:00")))

    assert outcome.accepted


async def test_a_naive_moment_is_refused(tx: Tx) -> None:
    world = await make_lot(tx)

    draft = plan_draft(deadline=at("2026-08-06 14:00").replace(tzinfo=None))

    with pytest.raises(InvalidInput) as caught:
        await propose_plan(tx, world.agency, world.lot_id, draft)

    assert caught.value.fields[0][0] == "deadline"


async def test_the_zone_in_which_a_moment_is_written_does_not_matter(tx: Tx) -> None:
    world = await make_lot(tx)

    await propose_plan(tx, world.agency, world.lot_id, plan_draft(deadline=at("2026-08-06 14:00").astimezone(UTC)))

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-06 14:00")


async def test_a_year_without_a_calendar_cannot_be_planned(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(CalendarNotLoaded):
        await propose_plan(tx, world.agency, world.lot_id, plan_draft(deadline=at("2027-01-08 14:00")))


async def test_a_stranger_finds_no_lot_to_plan(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(NotFound):
        await propose_plan(tx, world.other_agency, world.lot_id, plan_draft())
    with pytest.raises(NotFound):
        await propose_plan(tx, world.bidders[0], world.lot_id, plan_draft())


async def test_after_the_notice_dates_move_by_correction_only(tx: Tx) -> None:
    world = await make_published_lot(tx, lot=lot_draft())

    with pytest.raises(Conflict):
        await propose_plan(tx, world.agency, world.lot_id, plan_draft())
