"""Acts: a holder asks, the answer goes to every holder and to the public. Who asked is never shown to anybody else.

Law: R-TIME-04 (招投法 23, 条例 21), R-ET-02, R-ET-09, R-ANN-05 (招投法 22).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.drafts import AnswerDraft
from trading.holders import Holders
from trading.legal import law_of_project
from trading.messages import tell
from trading.models.project import Lot, Project
from trading.models.question import Answer, Question
from trading.notices import move_deadline, require_time_left
from trading.objection_rules import later_for_clarification
from trading.posting import visibility_of
from trading.progress import access_lot
from trading.queries import get_lot
from trading.vocabulary import Stage

MAX_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with its answer, if there is one; without its asker."""

    id: uuid.UUID
    text: str
    asked_at: datetime
    no: int | None
    answer: str | None
    affects_bids: bool
    answered_at: datetime | None


async def ask_question(tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, question: str) -> uuid.UUID:
    """Ask about the documents of a lot, unnamed towards everybody else. The same question again is no second one.

    Returns:
        The question's id, which does not tell when it was asked.
    Raises:
        NotFound: no such lot, its notice is not out, or the actor does not hold its documents.
        TooEarly: documents are not handed out yet.
        DeadlinePassed: the bid deadline has come.
        InvalidInput: no text, too long, or it names the asker.
    Effects:
        a row in `trading_question`; entry `question.asked`, sealed.
    Source:
        R-ET-09, R-ANN-05
    """
    policy.require(actor, "question.ask")
    lot = await get_lot(tx, lot_id)
    held = (
        actor.organisation_id is not None
        and actor.covers(lot_id)
        and await holders.is_holder(tx, lot_id, actor.organisation_id)
    )
    if lot.published_at is None or actor.organisation_id is None or not held:
        raise NotFound
    if lot.stage is not Stage.NOTICE_PUBLISHED or lot.deadline is None or tx.now >= lot.deadline:
        raise DeadlinePassed("投标截止时间已到，不能再提问。")
    if lot.documents_from is not None and tx.now < lot.documents_from:
        raise TooEarly("招标文件尚未开始获取。")

    question = require_text(question, "text", "问题")
    if actor.organisation_name and actor.organisation_name in question:
        message = "请删去本单位名称：提问对其他人不署名，写明名称会泄露潜在投标人。"
        raise InvalidInput(message, [("text", message)])

    asked_before = select(Question.id).where(
        Question.lot_id == lot.id, Question.asker_id == actor.organisation_id, Question.text == question
    )
    known = (await tx.session.execute(asked_before)).scalars().first()
    if known is not None:
        return known
    row = Question(id=tx.new_secret_id(), lot_id=lot.id, asker_id=actor.organisation_id, text=question, asked_at=tx.now)
    tx.session.add(row)
    await tx.session.flush()  # the answer refers to it

    facts = {"question": str(row.id), "rules": ["R-ET-09"]}
    await record(tx, actor, "question.asked", facts, subject=lot.id, visibility="sealed")
    return row.id  # no notice to pages that watch the lot: that a bidder asked now is nobody's business yet


async def answer_question(tx: Tx, actor: Actor, holders: Holders, question_id: uuid.UUID, draft: AnswerDraft) -> int:
    """Answer a question to all holders at once.

    An answer that may affect bids wants the legal time before the deadline. With too little left the deadline moves in
    the same act: to the moment that the answer names, else to the earliest lawful one.

    Returns:
        The number of the answer on the lot's page.
    Raises:
        NotFound: no such question in a lot of the actor's.
        Conflict: it is answered, or bidding is closed.
        RuleBroken: the deadline that the answer names leaves too few days; the finding names the earliest lawful one.
    Effects:
        a row in `trading_answer`; entry `question.answered`, as public as the notice; a message to every
        holder; where the deadline moves, a corrected notice.
    Source:
        R-TIME-04, R-GP-03, R-ET-02
    """
    lot, project, question = await _access_question(tx, actor, question_id)
    if lot.stage != Stage.NOTICE_PUBLISHED or lot.deadline is None or await tx.instant() >= lot.deadline:
        raise Conflict("投标已截止，不能再答复提问。")
    if await tx.session.get(Answer, question.id) is not None:
        raise Conflict("这个问题已经答复。")

    wording = require_text(draft.text, "answer", "答复")
    if draft.affects_bids:
        later = later_for_clarification(lot.deadline, tx.now, await law_of_project(tx, project))
        moved = draft.move_deadline_to or (later if later > lot.deadline else None)
        if moved is not None:
            await move_deadline(tx, actor, holders, lot.id, moved, "对招标文件作出可能影响投标文件编制的澄清。")
        await require_time_left(tx, await get_lot(tx, lot.id), project)

    no = await _next_number(tx, lot.id)
    answer = Answer(
        question_id=question.id,
        lot_id=lot.id,
        no=no,
        question_text=question.text,
        text=wording,
        affects_bids=draft.affects_bids,
        answered_by=actor.account_id,
        answered_at=tx.now,
    )
    tx.session.add(answer)

    facts = {
        "no": no,
        "question": question.text,
        "answer": wording,
        "affects_bids": draft.affects_bids,
        "rules": ["R-TIME-04", "R-ET-02"],
    }
    await record(tx, actor, "question.answered", facts, subject=lot.id, visibility=visibility_of(lot, project))
    await tell(
        tx,
        await holders.list_holders(tx, lot.id),
        lot.id,
        kind="answer",
        title=f"{lot.title}：第 {no} 号答疑",
        text=f"问：{question.text}\n答：{wording}",
        href=f"/lots/{lot.id}#answer-{no}",
    )
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})
    return no


async def list_answers(tx: Tx, lot_id: uuid.UUID) -> list[QuestionView]:
    """Return the answered questions of a lot, by number: what everybody may read."""
    rows = await tx.fetch(
        "SELECT question_id, question_text, answered_at, no, text, affects_bids, answered_at FROM trading_answer"
        " WHERE lot_id = $1 ORDER BY no",
        lot_id,
    )
    return [QuestionView(*row) for row in rows]


async def list_questions(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[QuestionView]:
    """Return every question of a lot for its own parties, open ones first; nobody learns who asked.

    Raises:
        NotFound: absent, or not a lot of the actor's.
    """
    await access_lot(tx, actor, lot_id)
    return await _list(tx, Question.lot_id == lot_id)


async def list_own_questions(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[QuestionView]:
    """Return the questions that the actor's organisation asked."""
    return await _list(tx, Question.lot_id == lot_id, Question.asker_id == actor.organisation_id)


async def _list(tx: Tx, *conditions: Any) -> list[QuestionView]:
    query = (
        select(Question, Answer)
        .outerjoin(Answer, Answer.question_id == Question.id)
        .where(*conditions)
        .order_by(Answer.no.asc().nulls_first(), Question.asked_at, Question.id)
    )
    views = []
    for question, answer in (await tx.session.execute(query)).all():
        given = (
            (answer.no, answer.text, answer.affects_bids, answer.answered_at) if answer else (None, None, False, None)
        )
        views.append(QuestionView(question.id, question.text, question.asked_at, *given))
    return views


async def _access_question(tx: Tx, actor: Actor, question_id: uuid.UUID) -> tuple[Lot, Project, Question]:
    question = (await tx.session.execute(select(Question).where(Question.id == question_id))).scalar_one_or_none()
    if question is None:
        raise NotFound
    lot, project = await access_lot(tx, actor, question.lot_id, lock=True)
    return lot, project, question


async def _next_number(tx: Tx, lot_id: uuid.UUID) -> int:
    most = await tx.session.execute(select(func.max(Answer.no)).where(Answer.lot_id == lot_id))
    return int(most.scalar_one() or 0) + 1


def require_text(text_: str, field: str, name: str) -> str:
    """Return a text without the space around it.

    Raises:
        InvalidInput: it is empty or longer than `MAX_LENGTH`.
    """
    stripped = text_.strip()
    if not stripped:
        raise InvalidInput(f"请填写{name}。", [(field, f"请填写{name}。")])
    if len(stripped) > MAX_LENGTH:
        raise InvalidInput(f"{name}不超过 {MAX_LENGTH} 字。", [(field, f"请缩短到 {MAX_LENGTH} 字以内。")])
    return stripped
