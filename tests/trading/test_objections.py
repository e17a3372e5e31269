"""Objections: who may raise one until when, the pause, the answer, and what happens to the deadline."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken
from kernel.states import MoveNotAllowed
from tests.factories.trading import (
    TradingWorld,
    at,
    entries,
    lot_draft,
    make_actor,
    make_lot_in_publicity,
    make_published_lot,
    project_draft,
    set_clock,
)
from trading import facade
from trading.awarding import decide_award
from trading.drafts import AwardDraft, ObjectionAnswerDraft, ObjectionDraft
from trading.messages import list_messages
from trading.objection_reading import (
    list_answered_objections,
    list_answers_owed,
    list_objections,
    list_own_objections,
)
from trading.objections import MOST, answer_objection, raise_objection, withdraw_objection
from trading.reading import list_notices_of
from trading.reports import load_report
from trading.vocabulary import ObjectionOutcome, ObjectionSubject, Regime, Stage

DISMISSED = ObjectionAnswerDraft(outcome=ObjectionOutcome.DISMISSED, text="该要求与采购需求相适应。")
UPHELD = ObjectionAnswerDraft(outcome=ObjectionOutcome.UPHELD, text="已删去该项。", affects_bids=True)


async def object_to(tx: Tx, world: TradingWorld, bidder: int = 0, **changes: Any) -> uuid.UUID:
    members = {"text": "第三章要求特定品牌。", "request": "删去品牌要求。"} | changes
    return await raise_objection(tx, world.bidders[bidder], world.holders, world.lot_id, ObjectionDraft(**members))


async def stage_of(tx: Tx, world: TradingWorld) -> Stage:
    return (await facade.get_lot(tx, world.lot_id)).stage


async def test_an_objection_pauses_the_tender_until_its_answer(tx: Tx) -> None:
    """R-TIME-08: bids wait, the answer reaches all, the days of the pause are given back."""
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-20 10:00"))

    objection = await object_to(tx, world)

    assert await stage_of(tx, world) is Stage.PAUSED_DOCUMENTS
    with pytest.raises(Conflict, match="第二十二条"):
        await facade.lock_lot_for_bidding(tx, world.lot_id)
    assert await list_answers_owed(tx, world.lot_id) == [at("2026-07-24 00:00")]
    (told,) = await list_messages(tx, world.agency)
    assert told.kind == "objection"

    await set_clock(tx, at("2026-07-22 10:00"))
    no = await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    lot = await facade.get_lot(tx, world.lot_id)
    assert (no, lot.stage, lot.deadline) == (1, Stage.NOTICE_PUBLISHED, at("2026-08-10 14:00"))
    assert len(await list_notices_of(tx, world.lot_id)) == 2
    for bidder in world.bidders:
        assert {message.kind for message in await list_messages(tx, bidder)} == {"answer", "correction"}
    (public,) = await list_answered_objections(tx, world.lot_id)
    assert (public.outcome, public.late, public.raiser) == ("dismissed", False, "")


async def test_the_same_day_an_answer_that_changes_nothing_moves_nothing(tx: Tx) -> None:
    world = await make_published_lot(tx)
    objection = await object_to(tx, world)
    await set_clock(tx, at("2026-07-17 15:00"))

    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-06 14:00")


async def test_an_upheld_objection_leaves_fifteen_days(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-27 20:00"))
    objection = await object_to(tx, world)
    await set_clock(tx, at("2026-07-28 09:00"))

    early = ObjectionAnswerDraft(
        outcome=ObjectionOutcome.UPHELD, text="改。", affects_bids=True, move_deadline_to=at("2026-08-11 14:00")
    )
    async with tx.session.begin_nested() as attempt:
        with pytest.raises(RuleBroken, match="2026-08-12"):
            await answer_objection(tx, world.agency, world.holders, objection, early)
        await attempt.rollback()
    await answer_objection(tx, world.agency, world.holders, objection, UPHELD)

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-12 14:00")


async def test_the_lot_goes_on_with_the_last_open_objection(tx: Tx) -> None:
    world = await make_published_lot(tx)
    first, second = await object_to(tx, world), await object_to(tx, world, 1, text="另一项。")
    assert await object_to(tx, world) == first, "the same again is no second one"

    await answer_objection(tx, world.agency, world.holders, first, UPHELD)
    assert await stage_of(tx, world) is Stage.PAUSED_DOCUMENTS
    await withdraw_objection(tx, world.bidders[1], world.holders, second)

    assert await stage_of(tx, world) is Stage.NOTICE_PUBLISHED
    assert [entry["actor"]["name"] for entry in await entries(tx, "lot.resumed")] == ["平台"]
    with pytest.raises(Conflict, match="撤回"):
        await answer_objection(tx, world.agency, world.holders, second, DISMISSED)
    with pytest.raises(Conflict, match="答复"):
        await answer_objection(tx, world.agency, world.holders, first, DISMISSED)


async def test_a_late_answer_is_owed_all_the_same_and_says_so(tx: Tx) -> None:
    world = await make_published_lot(tx)
    objection = await object_to(tx, world)
    await set_clock(tx, at("2026-07-21 00:00"))

    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    (entry,) = await entries(tx, "objection.answered")
    assert entry["facts"]["late"] is True
    assert entry["visibility"] == "public"


async def test_a_deadline_that_comes_in_a_pause_closes_nothing(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-27 10:00"))
    objection = await object_to(tx, world)
    await set_clock(tx, at("2026-08-06 14:00"))

    assert world.lot_id not in await facade.lots_due_for_closing(tx)
    with pytest.raises(MoveNotAllowed):
        await facade.mark_closed(tx, world.lot_id)
    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-17 14:00")


async def test_after_the_tenth_day_before_the_deadline_it_is_too_late(tx: Tx) -> None:
    """R-TIME-07: ten days before 2026-08-06 is 2026-07-27."""
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-28 00:00"))

    with pytest.raises(RuleBroken, match="第二十二条") as caught:
        await object_to(tx, world)

    assert caught.value.findings[0]["rule"] == "R-TIME-07"
    assert await entries(tx, "objection.raised") == []


async def test_who_objected_is_told_to_nobody_before_the_opening(tx: Tx) -> None:
    world = await make_published_lot(tx)
    raiser = world.bidders[0]
    objection = await object_to(tx, world)
    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    (raised,) = await entries(tx, "objection.raised")
    assert raised["visibility"] == "sealed"
    for told in (
        await list_objections(tx, world.agency, world.lot_id),
        await list_answered_objections(tx, world.lot_id),
        await entries(tx, "objection.answered"),
        await entries(tx, "lot.paused"),
        [await list_messages(tx, reader) for reader in (world.agency, world.buyer, world.bidders[1])],
    ):
        assert raiser.organisation_name not in repr(told)
        assert str(raiser.organisation_id) not in repr(told)
    assert [item.id for item in await list_own_objections(tx, raiser, world.lot_id)] == [objection]
    assert await list_own_objections(tx, world.bidders[1], world.lot_id) == []


async def test_supervisions_login_does_not_see_who_objected(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await object_to(tx, world)

    query = text(
        "SELECT polname, pg_get_expr(polqual, polrelid) AS shown FROM pg_policy"
        " WHERE polrelid = 'trading_objection'::regclass ORDER BY polname"
    )
    rows = {row.polname: row.shown for row in await tx.session.execute(query)}

    assert "kernel_unsealed" in rows["trading_objection_oversight"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": " "}, "text"),
        ({"request": ""}, "request"),
        ({"text": "长" * 4001}, "text"),
        ({"text": "我江城数据设备有限公司认为"}, "text"),
        ({"text": "我江 城数据设备\n有限公司认为"}, "text"),
    ],
)
async def test_what_is_missing_is_said_beside_its_field(tx: Tx, changes: dict[str, str], field: str) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput) as caught:
        await object_to(tx, world, **changes)

    assert [name for name, _ in caught.value.fields] == [field]
    assert await stage_of(tx, world) is Stage.NOTICE_PUBLISHED


async def test_an_interested_party_states_its_interest(tx: Tx) -> None:
    world = await make_published_lot(tx)
    stranger = await make_actor(tx, "bidder", ("91420112MA4KNEW33X", "未登记的公司"))
    world.bidders.append(stranger)

    with pytest.raises(InvalidInput, match="利害关系"):
        await object_to(tx, world, 3)
    stated = "我公司拟以分包方式参与本项目的实施，受该要求影响。"

    assert await object_to(tx, world, 3, interest=stated)


async def test_only_suppliers_object_and_only_the_own_parties_answer(tx: Tx) -> None:
    world = await make_published_lot(tx)
    draft = ObjectionDraft(text="？", request="？")

    with pytest.raises(NotPermitted):
        await raise_objection(tx, world.agency, world.holders, world.lot_id, draft)
    narrow = replace(world.bidders[0], lots=frozenset({uuid.uuid4()}))
    with pytest.raises(NotFound):
        await raise_objection(tx, narrow, world.holders, world.lot_id, draft)
    objection = await object_to(tx, world)
    with pytest.raises(NotFound):
        await answer_objection(tx, world.other_agency, world.holders, objection, DISMISSED)
    with pytest.raises(NotFound):
        await withdraw_objection(tx, world.bidders[1], world.holders, objection)
    with pytest.raises(NotFound):
        await answer_objection(tx, world.agency, world.holders, uuid.uuid4(), DISMISSED)


async def test_procurement_law_does_not_pause(tx: Tx) -> None:
    """R-GP-12, R-GP-13: seven working days from the end of the notice, seven to answer, and the tender goes on."""
    world = await make_published_lot(
        tx, project=project_draft(regime=Regime.GP), lot=lot_draft(price_method={"method": "P-LOW"})
    )
    objection = await object_to(tx, world)

    assert await stage_of(tx, world) is Stage.NOTICE_PUBLISHED
    assert await list_answers_owed(tx, world.lot_id) == [at("2026-07-29 00:00")]
    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)
    (entry,) = await entries(tx, "objection.answered")
    assert entry["facts"]["rules"][0] == "R-GP-13"


async def test_an_objection_to_the_result_stops_the_award(tx: Tx) -> None:
    """R-TIME-17: until it is answered nobody is chosen, even when the publicity is over."""
    world = await make_lot_in_publicity(tx)
    objection = await object_to(tx, world, 1, subject=ObjectionSubject.RESULT)
    await set_clock(tx, at("2026-08-14 09:00"))
    first = (await load_report(tx, world.lot_id)).candidates[0]

    assert await stage_of(tx, world) is Stage.PAUSED_RESULT
    with pytest.raises(MoveNotAllowed):
        await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))
    (seen,) = await list_objections(tx, world.agency, world.lot_id)
    assert seen.raiser == world.bidders[1].organisation_name, "after the opening the parties know each other"
    await answer_objection(tx, world.agency, world.holders, objection, DISMISSED)

    assert await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))


async def test_after_the_publicity_the_result_is_objected_to_no_more(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)
    await set_clock(tx, at("2026-08-14 00:00"))

    with pytest.raises(RuleBroken, match="期限"):
        await object_to(tx, world, subject=ObjectionSubject.RESULT)
    with pytest.raises(Conflict, match="投标已截止"):
        await object_to(tx, world)


async def test_an_answer_after_the_closing_moves_no_deadline(tx: Tx) -> None:
    """R-GP-13: procurement law does not pause, so an answer may come when bids are closed; nobody gets new time."""
    world = await make_published_lot(
        tx, project=project_draft(regime=Regime.GP), lot=lot_draft(price_method={"method": "P-LOW"})
    )
    first, second = await object_to(tx, world), await object_to(tx, world, 1, text="另一项。")
    deadline = at("2026-08-06 14:00")
    await set_clock(tx, deadline)

    await answer_objection(tx, world.agency, world.holders, first, UPHELD)  # the closing has not come by yet
    await facade.mark_closed(tx, world.lot_id)
    await answer_objection(tx, world.agency, world.holders, second, DISMISSED)

    lot = await facade.get_lot(tx, world.lot_id)
    assert (lot.deadline, lot.opening_at, lot.stage) == (deadline, deadline, Stage.CLOSED)
    assert len(await list_notices_of(tx, world.lot_id)) == 1


async def test_one_organisation_does_not_stop_a_tender_for_ever(tx: Tx) -> None:
    """Each objection stops the lot and moves the end of the period for the next: so they are counted."""
    world = await make_published_lot(tx)
    for turn in range(MOST):
        again = await object_to(tx, world, text=f"第 {turn} 项。")
        await withdraw_objection(tx, world.bidders[0], world.holders, again)

    with pytest.raises(Conflict, match="投诉"):
        await object_to(tx, world, text="还有一项。")

    assert await stage_of(tx, world) is Stage.NOTICE_PUBLISHED
    assert await object_to(tx, world, 1), "the others may still object"


async def test_the_buying_side_does_not_object_to_its_own_tender(tx: Tx) -> None:
    world = await make_published_lot(tx)
    both = replace(world.agency, roles=world.agency.roles | {"bidder"})

    with pytest.raises(NotFound):
        await raise_objection(
            tx, both, world.holders, world.lot_id, ObjectionDraft(text="？", request="？", interest="利害关系" * 3)
        )
