"""What higher packages bring about in a lot, and the lock that decides who was in time."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.states import MoveNotAllowed
from tests.conftest import FreshDatabase
from tests.factories.trading import (
    at,
    entries,
    make_evaluated_lot,
    make_planned_lot,
    make_published_lot,
    set_clock,
)
from trading import facade
from trading.vocabulary import Stage

DEADLINE = at("2026-08-06 14:00")


async def test_a_lot_is_closed_at_its_deadline_and_not_before(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, DEADLINE - timedelta(seconds=5))
    assert await facade.lots_due_for_closing(tx) == []
    with pytest.raises(TooEarly):
        await facade.mark_closed(tx, world.lot_id)

    await set_clock(tx, DEADLINE)
    assert await facade.lots_due_for_closing(tx) == [world.lot_id]
    await facade.mark_closed(tx, world.lot_id)

    lot = await facade.get_lot(tx, world.lot_id)
    assert lot.stage is Stage.CLOSED
    assert lot.closed_at is not None
    assert lot.closed_at >= DEADLINE
    assert await facade.lots_due_for_closing(tx) == []
    with pytest.raises(MoveNotAllowed):
        await facade.mark_closed(tx, world.lot_id)


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
async def test_what_is_due_is_judged_to_the_microsecond(tx: Tx, microseconds: int) -> None:
    world = await make_published_lot(tx)
    tx.now = DEADLINE + timedelta(microseconds=microseconds)

    due = await facade.lots_due_for_closing(tx)

    assert due == ([] if microseconds < 0 else [world.lot_id])


async def test_only_a_lot_whose_notice_is_out_is_locked_for_bidding(tx: Tx) -> None:
    draft = await make_planned_lot(tx)

    with pytest.raises(NotFound):
        await facade.lock_lot_for_bidding(tx, draft.lot_id)
    with pytest.raises(NotFound):
        await facade.lock_lot_for_bidding(tx, uuid.uuid4())


async def test_after_closing_nobody_locks_a_lot_for_bidding(tx: Tx) -> None:
    world = await make_published_lot(tx)
    assert (await facade.lock_lot_for_bidding(tx, world.lot_id)).deadline == DEADLINE
    await set_clock(tx, DEADLINE)
    await facade.mark_closed(tx, world.lot_id)

    with pytest.raises(Conflict):
        await facade.lock_lot_for_bidding(tx, world.lot_id)


async def test_a_failed_lot_says_why_and_goes_no_further(tx: Tx) -> None:
    """R-FAIL-01."""
    world = await make_published_lot(tx)
    await set_clock(tx, DEADLINE)
    await facade.mark_closed(tx, world.lot_id)

    await facade.declare_failed(tx, world.agency, world.lot_id, "投标人少于三个。")

    lot = await facade.get_lot(tx, world.lot_id)
    assert (lot.stage, lot.failed_reason) == (Stage.FAILED, "投标人少于三个。")
    (entry,) = await entries(tx, "lot.failed")
    assert (entry["visibility"], entry["facts"]["rules"]) == ("public", ["R-FAIL-01"])
    with pytest.raises(MoveNotAllowed):
        await facade.mark_opened(tx, world.lot_id)


async def test_steps_come_in_their_order(tx: Tx) -> None:
    world = await make_published_lot(tx)

    for step in (facade.mark_opened, facade.mark_committee_ready, facade.mark_evaluating):
        with pytest.raises(MoveNotAllowed):
            await step(tx, world.lot_id)


async def test_lists_hold_published_lots_only(tx: Tx) -> None:
    world = await make_planned_lot(tx)

    assert await facade.list_lots(tx) == []
    assert [lot.id for lot in await facade.list_lots(tx, published=False)] == [world.lot_id]
    assert world.agency.organisation_id
    assert [lot.id for lot in await facade.list_lots_of(tx, world.agency.organisation_id)] == [world.lot_id]
    assert await facade.list_lots_of(tx, uuid.uuid4()) == []


async def test_lists_can_ask_for_stages(tx: Tx) -> None:
    world = await make_evaluated_lot(tx)

    assert [lot.id for lot in await facade.list_lots(tx, stages=(Stage.REPORT_SIGNED,))] == [world.lot_id]
    assert await facade.list_lots(tx, stages=(Stage.NOTICE_PUBLISHED,)) == []


@asynccontextmanager
async def bidding(database: FreshDatabase, lot_id: uuid.UUID) -> AsyncIterator[Tx]:
    async with database.db.begin() as tx:
        await facade.lock_lot_for_bidding(tx, lot_id)
        yield tx


async def test_bidders_do_not_wait_for_each_other(database: FreshDatabase) -> None:
    async with database.db.begin() as tx:
        world = await make_published_lot(tx)

    async with asyncio.timeout(5), bidding(database, world.lot_id), bidding(database, world.lot_id):
        pass


async def test_closing_waits_for_bids_in_hand_and_then_shuts_out_the_rest(database: FreshDatabase) -> None:
    """A late waiter is refused by the lock, not by luck."""
    async with database.db.begin() as tx:
        world = await make_published_lot(tx)
        await set_clock(tx, DEADLINE)

    async def close() -> None:
        async with database.db.begin() as tx:
            await facade.mark_closed(tx, world.lot_id)

    async with bidding(database, world.lot_id):
        closing = asyncio.create_task(close())
        done, _ = await asyncio.wait([closing], timeout=0.3)
        assert not done, "closing waits for the bid in hand"
    await asyncio.wait_for(closing, 5)

    with pytest.raises(Conflict):
        async with bidding(database, world.lot_id):
            pass


async def test_supervision_does_not_read_who_asked_before_the_opening(database: FreshDatabase) -> None:
    """R-ANN-05: the database itself hides askers and receivers until the lot is unsealed."""
    from sqlalchemy import text

    from kernel.log.unsealed import unseal
    from trading.questions import ask_question

    async with database.db.begin() as tx:
        world = await make_published_lot(tx)
        await ask_question(tx, world.bidders[0], world.holders, world.lot_id, "？")
        everybody = [bidder.organisation_id for bidder in world.bidders if bidder.organisation_id]
        await facade.tell(tx, everybody, world.lot_id, kind="answer", title="t", text="t", href="/")

    async def seen() -> tuple[int, int]:
        async with database.db.begin_read_only(oversight=True) as tx:
            query = text("SELECT (SELECT count(*) FROM trading_question), (SELECT count(*) FROM trading_message)")
            row = (await tx.session.execute(query)).one()
            return int(row[0]), int(row[1])

    assert await seen() == (0, 0)
    async with database.db.begin() as tx:
        await unseal(tx, world.lot_id)
    assert await seen() == (1, 3)
