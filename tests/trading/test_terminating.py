"""A tender is ended before the award: by the buyer itself, for a cause, with everybody told and money due back."""

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from kernel.states import MoveNotAllowed
from tests.factories.trading import at, entries, make_lot_in_publicity, make_published_lot, set_clock
from trading import facade
from trading.awarding import decide_award
from trading.drafts import AwardDraft
from trading.messages import list_messages
from trading.reading import list_notices_of, load_notice
from trading.reports import load_report
from trading.terminating import Cause, TerminationDraft, terminate
from trading.vocabulary import Stage

FLOOD = TerminationDraft(cause=Cause.FORCE_MAJEURE, reason="洪水淹没建设场地，项目无法实施。")


async def test_the_buyer_ends_a_tender_and_everybody_is_told(tx: Tx) -> None:
    """R-TIME-24: announced, holders told, money due back in five working days."""
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-20 10:00"))

    posted = await terminate(tx, world.buyer, world.holders, world.lot_id, FLOOD)

    lot = await facade.get_lot(tx, world.lot_id)
    notice = await load_notice(tx, posted.id)
    assert lot.stage is Stage.TERMINATED
    assert "不可抗力：洪水" in notice.content["data"]["reason"]
    assert "2026-07-27" in notice.content["data"]["refund"]
    assert len(await list_notices_of(tx, world.lot_id)) == 2
    for bidder in world.bidders:
        assert [message.title for message in await list_messages(tx, bidder)] == [f"{lot.title}：招标终止"]
    assert (await entries(tx, "notice.published"))[-1]["visibility"] == "public"
    with pytest.raises(Conflict):
        await facade.lock_lot_for_bidding(tx, world.lot_id)
    await set_clock(tx, at("2026-08-06 14:00"))
    assert world.lot_id not in await facade.lots_due_for_closing(tx)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (TerminationDraft(cause=Cause.FORCE_MAJEURE, reason="洪水"), "reason"),
        (TerminationDraft(cause=Cause.TASK_CANCELLED, reason="上级取消了本项目的采购任务。"), "document"),
    ],
)
async def test_a_tender_is_not_ended_without_its_reason(tx: Tx, draft: TerminationDraft, field: str) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput) as caught:
        await terminate(tx, world.buyer, world.holders, world.lot_id, draft)

    assert [name for name, _ in caught.value.fields] == [field]
    assert (await facade.get_lot(tx, world.lot_id)).stage is Stage.NOTICE_PUBLISHED


async def test_only_the_buyer_itself_ends_it_and_not_after_the_award(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)

    with pytest.raises(NotPermitted):
        await terminate(tx, world.agency, world.holders, world.lot_id, FLOOD)
    with pytest.raises((NotFound, NotPermitted)):
        await terminate(tx, world.other_agency, world.holders, world.lot_id, FLOOD)
    await set_clock(tx, at("2026-08-14 09:00"))
    first = (await load_report(tx, world.lot_id)).candidates[0]
    await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))
    with pytest.raises(MoveNotAllowed):
        await terminate(tx, world.buyer, world.holders, world.lot_id, FLOOD)
