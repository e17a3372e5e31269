"""Questions and answers: the agency's page and the bidder's."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.drafts import AnswerDraft
from trading.holders import holders_of
from trading.legal import law_of
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, moment_of, texts_of
from trading.pages.room import FormData, own_lot
from trading.plan import latest_dates
from trading.queries import get_lot
from trading.questions import (
    QuestionView,
    answer_question,
    ask_question,
    list_answers,
    list_own_questions,
    list_questions,
)
from trading.vocabulary import Limit, Stage


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question with its answer."""

    id: str
    no: int
    text: str
    asked_at: datetime
    mine: bool
    answer: str | None
    answered_at: datetime | None
    kind: str
    due: str
    due_kind: str
    affects: bool


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    """Questions and answers."""

    role: str
    base: str
    title: str
    number: str
    lot_no: str
    items: list[QuestionRow]
    form: Form
    may_ask: bool
    ask_until: datetime
    why_not: str
    limit: str
    law: str


@get("/a/lots/{lot_id:uuid}/questions", guards=[permits("lot.room")], include_in_schema=False)
async def questions_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show every question; nobody learns who asked."""
    lot = await own_lot(tx, actor, lot_id)
    return await _show(request, tx, lot, "agency", await list_questions(tx, actor, lot_id), Form())


@post(
    "/a/lots/{lot_id:uuid}/questions/{question_id:uuid}/answer",
    guards=[permits("question.answer")],
    include_in_schema=False,
)
async def answer_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    question_id: UUID,
    data: FormData,
) -> Response[Any]:
    """Answer a question to all."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    moved = f"deadline-{question_id}"
    later = moment_of(form, moved, "新的投标截止时间") if form.values.get(moved) else None
    no = None
    if not form.errors:
        draft = AnswerDraft(
            text=str(form.values.get(f"answer-{question_id}", "")),
            affects_bids=form.values.get(f"affects-{question_id}") == "yes",
            move_deadline_to=later,
        )
        holders = holders_of(services.plugins)
        no = await attempt(tx, form, lambda: answer_question(tx, actor, holders, question_id, draft))
    if no is None:
        for name in ("answer", "form", "deadline"):
            if name in form.errors:
                form.errors[f"answer-{question_id}"] = form.errors.pop(name)
        questions = await list_questions(tx, actor, lot_id)
        return await _show(request, tx, lot, "agency", questions, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/questions"})


@get("/b/lots/{lot_id:uuid}/questions", guards=[permits("question.ask")], include_in_schema=False)
async def asking_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID
) -> Response[str]:
    """Show the public answers and the own questions to a holder."""
    lot = await _held_lot(tx, actor, services, lot_id)
    return await _show(request, tx, lot, "bidder", await _seen_by_bidder(tx, actor, lot), Form(), own=actor)


@post("/b/lots/{lot_id:uuid}/questions", guards=[permits("question.ask")], include_in_schema=False)
async def asking_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Ask."""
    lot = await _held_lot(tx, actor, services, lot_id)
    form = Form(texts_of(data))
    holders = holders_of(services.plugins)

    async def act() -> uuid.UUID:
        return await ask_question(tx, actor, holders, lot_id, str(form.values.get("text", "")))

    if await attempt(tx, form, act) is None:
        if "form" in form.errors:
            form.errors["text"] = form.errors.pop("form")
        seen = await _seen_by_bidder(tx, actor, lot)
        return await _show(request, tx, lot, "bidder", seen, form, own=actor, status=422)
    return Response(None, status_code=303, headers={"Location": f"/b/lots/{lot_id}/questions"})


async def _held_lot(tx: Tx, actor: Actor, services: Services, lot_id: UUID) -> LotView:
    lot = await get_lot(tx, lot_id)
    holders = holders_of(services.plugins)
    held = (
        actor.organisation_id is not None
        and actor.covers(lot_id)
        and await holders.is_holder(tx, lot_id, actor.organisation_id)
    )
    if lot.published_at is None or not held:
        raise NotFound
    return lot


async def _seen_by_bidder(tx: Tx, actor: Actor, lot: LotView) -> list[QuestionView]:
    own = [item for item in await list_own_questions(tx, actor, lot.id) if item.no is None]
    return own + await list_answers(tx, lot.id)


async def _show(
    request: Request[Any, Any, Any],
    tx: Tx,
    lot: LotView,
    role: str,
    questions: list[QuestionView],
    form: Form,
    *,
    own: Actor | None = None,
    status: int = 200,
) -> Response[str]:
    law = await law_of(tx, lot.regime, lot.registered_at)
    mine = {item.id for item in await list_own_questions(tx, own, lot.id)} if own else set()
    dates = latest_dates(lot.deadline, law, lot.definition) if lot.deadline else ()
    latest = next((item for item in dates if item.limit == Limit.CLARIFICATION), None)
    open_until = lot.deadline or lot.registered_at
    page = QuestionsPage(
        role=role,
        **heading_of(lot, f"/{'a' if role == 'agency' else 'b'}/lots/{lot.id}"),
        items=[_row(item, at, mine, lot) for at, item in enumerate(questions, 1)],
        form=form,
        may_ask=lot.stage is Stage.NOTICE_PUBLISHED and tx.now < open_until,
        ask_until=open_until - timedelta(seconds=1),
        why_not="投标截止时间已到。",
        limit=f"影响编制的最迟 {latest.day}，否则顺延" if latest else "尽快答复",
        law=latest.article if latest else "",
    )
    return render_page(request, "trading/questions.html", {"page": page}, status=status, now=tx.now)


def _row(item: QuestionView, at: int, mine: set[UUID], lot: LotView) -> QuestionRow:
    return QuestionRow(
        id=str(item.id),
        no=item.no or at,
        text=item.text,
        asked_at=item.asked_at,
        mine=item.id in mine,
        answer=item.answer,
        answered_at=item.answered_at,
        kind="提问",
        due="尽快答复" if item.answer is None else "",
        due_kind="info",
        affects=item.affects_bids,
    )


HANDLERS = [questions_page, answer_form, asking_page, asking_form]
