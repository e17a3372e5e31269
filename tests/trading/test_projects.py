import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken
from tests.factories.trading import (
    AGENCY,
    BUYER,
    OTHER_AGENCY,
    at,
    entries,
    lot_draft,
    make_actor,
    make_lot,
    project_draft,
    set_clock,
)
from trading import facade
from trading.drafts import Funds, Procedure
from trading.lot_view import Criterion
from trading.projects import register_lot, register_project
from trading.vocabulary import FundSource, Stage


async def test_a_registered_lot_is_read_back_as_it_was_filled_in(tx: Tx) -> None:
    world = await make_lot(tx)

    lot = await facade.get_lot(tx, world.lot_id)

    assert (lot.tender, lot.number, lot.stage) == ("C1100000189017141002", "001", Stage.REGISTERED)
    assert (lot.procuring_entity_name, lot.agency_name) == (BUYER[1], AGENCY[1])
    assert lot.criteria == lot_draft().criteria
    assert lot.review_items == lot_draft().review_items
    assert (lot.price_cap_fen, lot.estimate_fen, lot.bid_bond_fen) == (500_000_000, 480_000_000, 8_000_000)
    assert lot.procedure["policy"] == "both"
    assert lot.registered_at == at("2026-07-13 09:00")
    assert await facade.find_lot(tx, "C1100000189017141002", "001") == lot
    assert await facade.find_lot(tx, "C1100000189017141002", "002") is None


async def test_registration_is_on_record_for_everybody(tx: Tx) -> None:
    await make_lot(tx)

    (project,) = await entries(tx, "project.registered")
    (lot,) = await entries(tx, "lot.registered")

    assert project["visibility"] == lot["visibility"] == "public"
    assert project["facts"]["number"] == "C1100000189017141002"
    assert lot["facts"]["mandatory"] is True
    assert "R-ET-11" in lot["facts"]["rules"]


async def test_an_agency_registers_no_project(tx: Tx) -> None:
    agency = await make_actor(tx, "agency", AGENCY)

    with pytest.raises(NotPermitted):
        await register_project(tx, agency, project_draft())


async def test_a_project_number_is_never_used_twice(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(Conflict):
        await register_project(tx, world.buyer, project_draft(title="另一个项目"))


async def test_all_faults_of_a_project_are_told_together(tx: Tx) -> None:
    buyer = await make_actor(tx, "procuring_entity", BUYER)

    with pytest.raises(InvalidInput) as caught:
        await register_project(
            tx, buyer, project_draft(number="x", title=" ", agency_uscc="91610133MA6TX0XJ2I", contacts=())
        )

    assert {field for field, _ in caught.value.fields} == {
        "number",
        "title",
        "agency_uscc",
        "contact",
        "contact_agency",
    }


@pytest.mark.parametrize("role", ["procuring_entity", "agency"])
async def test_somebody_elses_project_is_as_absent_as_none(tx: Tx, role: str) -> None:
    world = await make_lot(tx)
    stranger = await make_actor(tx, role, OTHER_AGENCY)

    with pytest.raises(NotFound) as strange:
        await register_lot(tx, stranger, world.project_id, lot_draft(number="002"))
    with pytest.raises(NotFound) as absent:
        await register_lot(tx, stranger, world.lot_id, lot_draft(number="002"))

    assert strange.value.detail == absent.value.detail


async def test_the_agency_defines_no_lot(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(NotFound):
        await register_lot(tx, world.agency, world.project_id, lot_draft(number="002"))


async def test_a_lot_number_is_unique_in_its_project(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(Conflict):
        await register_lot(tx, world.buyer, world.project_id, lot_draft())

    await register_lot(tx, world.buyer, world.project_id, lot_draft(number="002"))


async def test_criteria_that_do_not_sum_to_a_hundred_are_refused(tx: Tx) -> None:
    world = await make_lot(tx)
    criteria = (*lot_draft().criteria, Criterion("X", "附加分", "objective", "0.5", "business"))

    with pytest.raises(RuleBroken) as caught:
        await register_lot(tx, world.buyer, world.project_id, lot_draft(number="002", criteria=criteria))

    (finding,) = caught.value.findings
    assert (finding["rule"], finding["field"], finding["actual"]) == ("R-EVAL-05", "criteria", "100.5分")
    assert "《评标委员会和评标方法暂行规定》第三十五条" in caught.value.detail


@pytest.mark.parametrize(
    "procedure", [Procedure(policy="none"), Procedure(k=4, n=5), Procedure(k=1, n=5), Procedure(window_s=59)]
)
async def test_a_weak_procedure_is_refused(tx: Tx, procedure: Procedure) -> None:
    world = await make_lot(tx)

    with pytest.raises(InvalidInput):
        await register_lot(tx, world.buyer, world.project_id, lot_draft(number="002", procedure=procedure))


async def test_a_bond_one_fen_over_its_cap_is_refused_with_its_article(tx: Tx) -> None:
    """R-THR-07: 2 % of 4,800,000 yuan are 96,000."""
    world = await make_lot(tx)
    project_id, buyer = world.project_id, world.buyer

    await register_lot(tx, buyer, project_id, lot_draft(number="002", bid_bond="96000.00"))
    with pytest.raises(RuleBroken) as caught:
        await register_lot(tx, buyer, project_id, lot_draft(number="003", bid_bond="96000.01"))

    assert caught.value.findings[0]["rule"] == "R-THR-07"
    assert "第二十六条" in caught.value.detail


async def test_splitting_a_purchase_does_not_leave_the_mandatory_scope(tx: Tx) -> None:
    """R-THR-04, R-THR-05: goods from 2,000,000 yuan, all lots of the project added up."""
    half = {"estimate": "1000000.00", "price_cap": "1000000.00", "bid_bond": None}
    world = await make_lot(tx, lot=lot_draft(**half))

    await register_lot(tx, world.buyer, world.project_id, lot_draft(number="002", **half))

    assert [entry["facts"]["mandatory"] for entry in await entries(tx, "lot.registered")] == [False, True]


async def test_private_money_is_outside_the_mandatory_scope(tx: Tx) -> None:
    funds = Funds(source=FundSource.OTHER, description="自筹资金", investment="6000000.00")
    await make_lot(tx, project=project_draft(funds=funds))

    (lot,) = await entries(tx, "lot.registered")

    assert lot["facts"]["mandatory"] is False


async def test_the_law_of_a_lot_is_that_of_its_registration_day(tx: Tx) -> None:
    world = await make_lot(tx)
    await set_clock(tx, at("2026-12-31 23:59:59"))

    assert (await facade.get_lot(tx, world.lot_id)).registered_on == at("2026-07-13 00:00").date()
