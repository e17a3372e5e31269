import uuid
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound, NotPermitted, RuleBroken
from kernel.states import MoveNotAllowed
from tests.factories.trading import (
    at,
    entries,
    make_evaluated_lot,
    make_lot_in_publicity,
    make_published_lot,
    project_draft,
    report_of,
    set_clock,
)
from trading import facade
from trading.announcement import NoticeKind
from trading.awarding import decide_award, publish_candidates, send_award_notice
from trading.drafts import AwardDraft, CandidatesDraft, Funds
from trading.messages import list_messages
from trading.reading import list_notices_of, load_notice
from trading.reports import load_report
from trading.vocabulary import FundSource, LotKind, Phase, Stage

OVER = "2026-08-14 00:00"


async def test_the_publicity_lasts_to_the_end_of_the_third_day(tx: Tx) -> None:
    """R-TIME-15: published on Monday 2026-08-10, over when Thursday is over."""
    world = await make_lot_in_publicity(tx)

    lot = await facade.get_lot(tx, world.lot_id)

    assert lot.stage is Stage.CANDIDATE_PUBLICITY
    assert lot.publicity_until == at(OVER)
    assert lot.phase(at("2026-08-13 23:59:59.999999")) is Phase.PUBLICITY
    assert lot.phase(at(OVER)) is Phase.PUBLICITY_OVER
    (entry,) = await entries(tx, "candidates.published")
    assert entry["facts"]["last_day"] == "2026-08-13"
    assert {"R-TIME-14", "R-TIME-15"} <= set(entry["facts"]["rules"])


async def test_a_publicity_that_would_end_on_a_rest_day_is_longer(tx: Tx) -> None:
    """R-TIME-15, R-CNT-03: published on Wednesday, the third day is a Saturday, so it ends with Monday."""
    world = await make_evaluated_lot(tx)
    await set_clock(tx, at("2026-08-12 09:00"))

    await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())

    assert (await facade.get_lot(tx, world.lot_id)).publicity_until == at("2026-08-18 00:00")


async def test_the_publicity_says_what_the_rules_want(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)
    report = await load_report(tx, world.lot_id)

    (line, _) = await list_notices_of(tx, world.lot_id)
    notice = await load_notice(tx, line.id)

    assert line.kind is NoticeKind.CANDIDATES
    table = notice.content["body"][1]
    assert [row[:3] for row in table["rows"]] == [
        ["1", report.candidates[0].bidder_name, "4,000,000.01"],
        ["2", report.candidates[1].bidder_name, "4,000,000.02"],
    ]
    everything = "".join(block.get("text", "") for block in notice.content["body"])
    assert "共评审 3 份投标文件，否决 1 份" in everything
    assert "3 日内答复" in everything
    assert "2026年8月14日0时00分" in everything


@pytest.mark.parametrize(("local", "in_time"), [("2026-08-13 23:59:59.999999", True), ("2026-08-14 00:00", False)])
async def test_candidates_are_public_within_three_days_of_the_report(tx: Tx, local: str, in_time: bool) -> None:
    """R-TIME-14: the report came on 2026-08-10."""
    world = await make_evaluated_lot(tx)
    await set_clock(tx, at(local))

    if in_time:
        await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())
        return
    with pytest.raises(RuleBroken) as caught:
        await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())
    assert caught.value.findings[0]["rule"] == "R-TIME-14"
    assert "第五十四条" in caught.value.detail


async def test_works_name_the_project_leader(tx: Tx) -> None:
    """R-ANN-03: for works the leader and the certificate are part of the publicity."""
    world = await make_evaluated_lot(tx, project=project_draft(kind=LotKind.WORKS))

    with pytest.raises(RuleBroken) as caught:
        await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())

    assert {finding["field"] for finding in caught.value.findings} == {
        "leader-1",
        "leader_certificate-1",
        "leader-2",
        "leader_certificate-2",
    }


async def test_at_most_three_candidates_are_public(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-08-06 14:00"))
    for mark in (facade.mark_closed, facade.mark_opened, facade.mark_committee_ready, facade.mark_evaluating):
        await mark(tx, world.lot_id)
    report = report_of(tx, world, bidders=2)
    four = tuple(replace(report.ranked[0], bid_id=uuid.uuid4(), rank=rank) for rank in (1, 2, 3, 4))
    await facade.receive_evaluation_report(tx, world.buyer, replace(report, ranked=four))

    await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())

    (entry,) = await entries(tx, "candidates.published")
    assert [item["rank"] for item in entry["facts"]["candidates"]] == [1, 2, 3]


@pytest.mark.parametrize("ranks", [(1, 3), (2, 1), (1, 1), (0, 1), (1, None)])
async def test_a_report_with_odd_ranks_is_sent_back(tx: Tx, ranks: tuple[int | None, ...]) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-08-06 14:00"))
    for mark in (facade.mark_closed, facade.mark_opened, facade.mark_committee_ready, facade.mark_evaluating):
        await mark(tx, world.lot_id)
    report = report_of(tx, world)
    odd = tuple(replace(bid, rank=rank) for bid, rank in zip(report.ranked, ranks, strict=True))

    with pytest.raises(InvalidInput):
        await facade.receive_evaluation_report(tx, world.buyer, replace(report, ranked=odd))


async def test_a_report_without_candidates_is_refused(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-08-06 14:00"))
    for mark in (facade.mark_closed, facade.mark_opened, facade.mark_committee_ready, facade.mark_evaluating):
        await mark(tx, world.lot_id)

    with pytest.raises(RuleBroken, match="没有推荐"):
        await facade.receive_evaluation_report(tx, world.buyer, replace(report_of(tx, world), ranked=()))


async def test_a_second_report_is_refused(tx: Tx) -> None:
    world = await make_evaluated_lot(tx)

    with pytest.raises(MoveNotAllowed):
        await facade.receive_evaluation_report(tx, world.buyer, report_of(tx, world))


@pytest.mark.parametrize(
    ("local", "refused"),
    [("2026-08-13 23:59:59.999999", True), (OVER, False), ("2026-08-14 00:00:00.000001", False)],
)
async def test_the_award_waits_until_the_publicity_is_over(tx: Tx, local: str, refused: bool) -> None:
    world = await make_lot_in_publicity(tx)
    first = (await load_report(tx, world.lot_id)).candidates[0]
    await set_clock(tx, at(local))

    if refused:
        with pytest.raises(RuleBroken) as caught:
            await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))
        assert caught.value.findings[0]["rule"] == "R-TIME-15"
        return
    await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))
    assert (await facade.get_lot(tx, world.lot_id)).stage is Stage.AWARDED


async def test_with_state_money_the_first_wins(tx: Tx) -> None:
    """R-AWD-02, R-TIME-18 (条例 55)."""
    world = await make_lot_in_publicity(tx)
    second = (await load_report(tx, world.lot_id)).candidates[1]
    await set_clock(tx, at(OVER))

    draft = AwardDraft(bid_id=second.bid_id, reason="价格更低")

    with pytest.raises(RuleBroken) as caught:
        await decide_award(tx, world.buyer, world.lot_id, draft)

    assert caught.value.findings[0]["rule"] == "R-AWD-02"
    assert "第五十五条" in caught.value.detail


async def test_with_other_money_another_candidate_needs_a_reason(tx: Tx) -> None:
    funds = Funds(source=FundSource.OTHER, description="自筹资金", investment="6000000.00")
    world = await make_lot_in_publicity(tx, project=project_draft(funds=funds))
    second = (await load_report(tx, world.lot_id)).candidates[1]
    await set_clock(tx, at(OVER))

    with pytest.raises(InvalidInput, match="理由"):
        async with tx.session.begin_nested():
            await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=second.bid_id))
    await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=second.bid_id, reason="第一名放弃中标"))

    (entry,) = await entries(tx, "award.decided")
    assert entry["facts"]["winner"]["bidder_name"] == second.bidder_name


async def test_whoever_is_not_in_the_report_cannot_win(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)
    await set_clock(tx, at(OVER))

    with pytest.raises(InvalidInput):
        await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=uuid.uuid4()))


async def test_the_agency_does_not_decide_in_the_buyers_place(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)
    first = (await load_report(tx, world.lot_id)).candidates[0]
    await set_clock(tx, at(OVER))

    with pytest.raises(NotPermitted):
        await decide_award(tx, world.agency, world.lot_id, AwardDraft(bid_id=first.bid_id))
    with pytest.raises(NotFound):
        await decide_award(tx, world.other_agency, world.lot_id, AwardDraft(bid_id=first.bid_id))


async def test_winner_and_losers_are_told_at_the_same_time(tx: Tx) -> None:
    """R-TIME-19 (招投法 45), R-TIME-20, R-ANN-04 (10号令 6): the result names winner and price."""
    world = await make_lot_in_publicity(tx)
    first = (await load_report(tx, world.lot_id)).candidates[0]
    await set_clock(tx, at("2026-08-14 09:00"))
    await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=first.bid_id))

    notice_id = await send_award_notice(tx, world.agency, world.lot_id)

    lot = await facade.get_lot(tx, world.lot_id)
    assert lot.stage is Stage.NOTICE_SENT
    kinds = {bidder.organisation_name: [m.kind for m in await list_messages(tx, bidder)] for bidder in world.bidders}
    assert kinds.pop(first.bidder_name) == ["award"]
    assert set(map(tuple, kinds.values())) == {("result",)}
    (winner,) = [bidder for bidder in world.bidders if bidder.organisation_name == first.bidder_name]
    assert (await list_messages(tx, winner))[0].href == f"/award-notices/{notice_id}"
    result = (await list_notices_of(tx, world.lot_id))[0]
    assert result.kind is NoticeKind.AWARD
    data = (await load_notice(tx, result.id)).content["data"]
    assert (data["winner"], data["price"]) == (first.bidder_name, "4000000.01")
    (entry,) = await entries(tx, "award.notice")
    assert entry["facts"]["contract_until"] == "2026-09-14"  # 30 days end on a Sunday, R-TIME-22 with R-CNT-03
    assert len(await entries(tx, "result.published")) == 1


async def test_an_award_notice_needs_an_award(tx: Tx) -> None:
    world = await make_lot_in_publicity(tx)
    await set_clock(tx, at(OVER))

    with pytest.raises(MoveNotAllowed):
        await send_award_notice(tx, world.agency, world.lot_id)


@pytest.mark.parametrize("table", ["trading_report", "trading_ranked_bid", "trading_award", "trading_award_notice"])
async def test_the_database_itself_keeps_what_was_decided(tx: Tx, table: str) -> None:
    await make_lot_in_publicity(tx)

    with pytest.raises(DBAPIError, match="permission denied"):
        await tx.session.execute(text(f"UPDATE {table} SET lot_id = lot_id"))
