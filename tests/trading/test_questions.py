import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, RuleBroken, TooEarly
from tests.factories.trading import (
    TradingWorld,
    at,
    entries,
    make_actor,
    make_planned_lot,
    make_published_lot,
    set_clock,
)
from trading import facade
from trading.documents import access_document, list_documents
from trading.drafts import AnswerDraft
from trading.messages import list_messages, mark_read
from trading.notices import publish_notice
from trading.questions import answer_question, ask_question, list_answers, list_own_questions, list_questions
from trading.reading import list_notices_of


async def ask(tx: Tx, world: TradingWorld, text: str = "第三章的交货期是否含安装？") -> uuid.UUID:
    return await ask_question(tx, world.bidders[0], world.holders, world.lot_id, text)


async def test_an_answer_reaches_every_holder_and_the_public(tx: Tx) -> None:
    """R-ET-02 (20号令 22)."""
    world = await make_published_lot(tx)
    question = await ask(tx, world)

    no = await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="含安装。"))

    (public,) = await list_answers(tx, world.lot_id)
    assert (public.no, public.text, public.answer) == (no, "第三章的交货期是否含安装？", "含安装。")
    for bidder in world.bidders:
        (message,) = await list_messages(tx, bidder)
        assert "含安装。" in message.text
        assert message.href.endswith(f"#answer-{no}")


async def test_another_account_of_a_holder_does_not_learn_that_it_holds_the_documents(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="含安装。"))
    spy = replace(world.bidders[0], roles=frozenset({"centre"}))
    (document,) = await list_documents(tx, world.lot_id)

    assert await list_messages(tx, spy) == []
    with pytest.raises(NotFound):
        await access_document(tx, spy, world.holders, world.lot_id, document.id)


async def test_who_asked_is_told_to_nobody(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="含安装。"))
    asker = world.bidders[0]

    (asked,) = await entries(tx, "question.asked")
    (answered,) = await entries(tx, "question.answered")
    everything = [
        repr(await list_questions(tx, world.agency, world.lot_id)),
        repr(await list_answers(tx, world.lot_id)),
        repr(answered),
        repr([await list_messages(tx, bidder) for bidder in world.bidders]),
    ]

    assert asked["visibility"] == "sealed"
    assert answered["visibility"] == "public"
    for told in everything:
        assert asker.organisation_name not in told
        assert str(asker.organisation_id) not in told
    assert [item.id for item in await list_own_questions(tx, asker, world.lot_id)] == [question]
    assert await list_own_questions(tx, world.bidders[1], world.lot_id) == []


async def test_the_same_question_again_is_no_second_one(tx: Tx) -> None:
    world = await make_published_lot(tx)
    first = await ask(tx, world)

    assert await ask(tx, world) == first
    assert await ask(tx, world, "第四章呢？") != first
    assert len(await entries(tx, "question.asked")) == 2


async def test_a_question_id_does_not_tell_when_it_was_asked(tx: Tx) -> None:
    world = await make_published_lot(tx)

    assert (await ask(tx, world)).version == 4


async def test_only_holders_ask(tx: Tx) -> None:
    world = await make_published_lot(tx)
    stranger = await make_actor(tx, "bidder", ("91420112MA4KNEW33X", "未登记的公司"))

    with pytest.raises(NotFound):
        await ask_question(tx, stranger, world.holders, world.lot_id, "？")
    with pytest.raises(NotPermitted):
        await ask_question(tx, world.agency, world.holders, world.lot_id, "？")


async def test_before_the_notice_there_is_nothing_to_ask_about(tx: Tx) -> None:
    world = await make_planned_lot(tx)

    with pytest.raises(NotFound):
        await ask(tx, world)


@pytest.mark.parametrize(
    ("local", "refusal"),
    [
        ("2026-07-16 21:59:59.999999", TooEarly),
        ("2026-07-16 22:00", None),
        ("2026-08-06 13:59:59.999999", None),
        ("2026-08-06 14:00", DeadlinePassed),
        ("2026-08-06 14:00:00.000001", DeadlinePassed),
    ],
)
async def test_questions_are_taken_while_documents_are_out_and_bids_may_come(
    tx: Tx, local: str, refusal: type[Exception] | None
) -> None:
    world = await make_planned_lot(tx)
    await publish_notice(tx, world.agency, world.lot_id)
    await set_clock(tx, at(local))

    if refusal is None:
        await ask(tx, world)
    else:
        with pytest.raises(refusal):
            await ask(tx, world)


@pytest.mark.parametrize("text", ["", "  \n", "问" * 4001])
async def test_a_question_has_a_fitting_length(tx: Tx, text: str) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput):
        await ask(tx, world, text)


async def test_a_question_that_names_its_asker_is_sent_back(tx: Tx) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput, match="单位名称"):
        await ask(tx, world, f"我们{world.bidders[0].organisation_name}想知道")


@pytest.mark.parametrize(
    ("day", "deadline", "versions"), [("2026-07-22", "2026-08-06 14:00", 1), ("2026-07-23", "2026-08-07 14:00", 2)]
)
async def test_a_clarification_that_leaves_less_than_fifteen_days_postpones_and_tells_everybody(
    tx: Tx, day: str, deadline: str, versions: int
) -> None:
    """R-TIME-04: fifteen days before 2026-08-06 is 2026-07-22."""
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await set_clock(tx, at(f"{day} 23:59:59"))

    await answer_question(
        tx, world.agency, world.holders, question, AnswerDraft(text="数量改为 12 台。", affects_bids=True)
    )

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at(deadline)
    assert len(await list_notices_of(tx, world.lot_id)) == versions
    for bidder in world.bidders:
        kinds = sorted(message.kind for message in await list_messages(tx, bidder))
        assert kinds == (["answer"] if versions == 1 else ["answer", "correction"])


async def test_a_late_clarification_may_move_the_deadline_in_the_same_act(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await set_clock(tx, at("2026-07-30 10:00"))
    moved = AnswerDraft(text="数量改为 12 台。", affects_bids=True, move_deadline_to=at("2026-08-14 14:00"))

    await answer_question(tx, world.agency, world.holders, question, moved)

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-14 14:00")
    assert [item.version for item in await list_notices_of(tx, world.lot_id)] == [2, 1]
    assert {message.kind for message in await list_messages(tx, world.bidders[2])} == {"answer", "correction"}


async def test_a_deadline_moved_too_little_does_not_help(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await set_clock(tx, at("2026-07-30 10:00"))
    draft = AnswerDraft(text="改。", affects_bids=True, move_deadline_to=at("2026-08-13 14:00"))

    with pytest.raises(RuleBroken):
        await answer_question(tx, world.agency, world.holders, question, draft)


async def test_an_answer_that_affects_nothing_may_come_late(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await set_clock(tx, at("2026-08-06 13:59") + timedelta(seconds=30))

    assert await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="见第三章。")) == 1


async def test_a_question_is_answered_once_and_only_by_the_own_parties(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)

    with pytest.raises(NotFound):
        await answer_question(tx, world.other_agency, world.holders, question, AnswerDraft(text="？"))
    with pytest.raises(NotFound):
        await answer_question(tx, world.agency, world.holders, uuid.uuid4(), AnswerDraft(text="？"))
    await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="答。"))
    with pytest.raises(Conflict):
        await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="再答。"))
    with pytest.raises(NotFound):
        await list_questions(tx, world.other_agency, world.lot_id)


async def test_a_message_is_read_by_its_receiver_only(tx: Tx) -> None:
    world = await make_published_lot(tx)
    question = await ask(tx, world)
    await answer_question(tx, world.agency, world.holders, question, AnswerDraft(text="答。"))
    (message,) = await list_messages(tx, world.bidders[0])

    await mark_read(tx, world.bidders[1], message.id)
    assert (await list_messages(tx, world.bidders[0]))[0].read_at is None

    await mark_read(tx, world.bidders[0], message.id)
    tx.session.expire_all()
    assert (await list_messages(tx, world.bidders[0]))[0].read_at == tx.now
