"""Objections: the bidder's page, where they are raised and withdrawn, and the agency's, where they are answered."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.parameters.law import Law
from kernel.periods import end_of_day, legal_date
from kernel.web.filters import minute
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import objection_rules as rules
from trading.drafts import ObjectionAnswerDraft, ObjectionDraft
from trading.holders import holders_of
from trading.legal import law_of
from trading.lot_view import LotView
from trading.objection_reading import (
    ObjectionView,
    list_answered_objections,
    list_objections,
    list_own_objections,
)
from trading.objections import OUTCOMES, answer_objection, raise_objection, withdraw_objection
from trading.pages.common import Form, attempt, heading_of, moment_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot
from trading.visibility import view_lot
from trading.vocabulary import Limit, ObjectionOutcome, ObjectionSubject, Stage

_SUBJECTS = {ObjectionSubject.DOCUMENTS: "招标文件", ObjectionSubject.RESULT: "评标结果"}
_RUNNING = {
    ObjectionSubject.DOCUMENTS: (Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS),
    ObjectionSubject.RESULT: (Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT),
}


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """An objection with its answer."""

    id: str
    no: int | None
    subject: str
    text: str
    request: str
    raiser: str
    raised_at: datetime
    mine: bool
    is_open: bool
    withdrawn: bool
    due: str
    due_kind: str
    outcome: str
    answer: str | None
    answered_at: datetime | None
    affects: bool
    late: bool
    earliest: datetime | None


@dataclass(frozen=True, slots=True)
class ObjectionsPage:
    """Objections and answers of a lot."""

    role: str
    base: str
    title: str
    number: str
    lot_no: str
    word: str
    joined: bool
    pauses: bool
    paused: bool
    items: list[ObjectionRow]
    form: Form
    subject: str
    subject_word: str
    until: datetime | None
    why_not: str
    limits: list[tuple[str, str]]
    law: str


@get("/a/lots/{lot_id:uuid}/objections", guards=[permits("lot.room")], include_in_schema=False)
async def objections_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show every objection to the lot's parties; before the opening nobody is named."""
    lot = await own_lot(tx, actor, lot_id)
    return await _show(request, tx, lot, "agency", await list_objections(tx, actor, lot_id), Form())


@post(
    "/a/lots/{lot_id:uuid}/objections/{objection_id:uuid}/answer",
    guards=[permits("objection.answer")],
    include_in_schema=False,
)
async def objection_answer_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    objection_id: UUID,
    data: FormData,
) -> Response[Any]:
    """Answer an objection."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    own = {name: f"{name}-{objection_id}" for name in ("outcome", "answer", "affects", "deadline")}
    wished = moment_of(form, own["deadline"], "新的投标截止时间") if form.values.get(own["deadline"]) else None
    outcome = str(form.values.get(own["outcome"], ""))
    if outcome not in list(ObjectionOutcome):
        form.errors[own["outcome"]] = "请选择答复结论。"
    no = None
    if not form.errors:
        draft = ObjectionAnswerDraft(
            outcome=ObjectionOutcome(outcome),
            text=str(form.values.get(own["answer"], "")),
            affects_bids=form.values.get(own["affects"]) == "yes",
            move_deadline_to=wished,
        )
        holders = holders_of(services.plugins)
        no = await attempt(tx, form, lambda: answer_objection(tx, actor, holders, objection_id, draft))
    if no is None:
        form.errors = {own.get("answer" if name == "form" else name, name): said for name, said in form.errors.items()}
        found = await list_objections(tx, actor, lot_id)
        return await _show(request, tx, lot, "agency", found, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/objections"})


@get("/b/lots/{lot_id:uuid}/objections", guards=[permits("objection.raise")], include_in_schema=False)
async def objecting_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID
) -> Response[str]:
    """Show the answered objections and the own ones, and the form for a new one."""
    lot = await _public_lot(tx, actor, lot_id)
    return await _show_bidder(request, tx, actor, services, lot, Form())


@post("/b/lots/{lot_id:uuid}/objections", guards=[permits("objection.raise")], include_in_schema=False)
async def objecting_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Object."""
    lot = await _public_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    subject = _subject_of(lot)

    async def act() -> uuid.UUID:
        draft = ObjectionDraft(
            subject=subject or ObjectionSubject.DOCUMENTS,
            text=str(form.values.get("text", "")),
            request=str(form.values.get("request", "")),
            interest=str(form.values.get("interest", "")),
        )
        return await raise_objection(tx, actor, holders_of(services.plugins), lot_id, draft)

    agreed = require_agreement(form)
    if not agreed or await attempt(tx, form, act) is None:
        if "form" in form.errors:
            form.errors["text"] = form.errors.pop("form")
        return await _show_bidder(request, tx, actor, services, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/b/lots/{lot_id}/objections"})


@post(
    "/b/lots/{lot_id:uuid}/objections/{objection_id:uuid}/withdrawal",
    guards=[permits("objection.raise")],
    include_in_schema=False,
)
async def objection_withdrawal_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, objection_id: UUID
) -> Response[Any]:
    """Withdraw an objection that is not answered yet."""
    lot = await _public_lot(tx, actor, lot_id)
    form = Form()

    async def act() -> bool:
        await withdraw_objection(tx, actor, holders_of(services.plugins), objection_id)
        return True

    if await attempt(tx, form, act) is None:
        return await _show_bidder(request, tx, actor, services, lot, form, status=409)
    return Response(None, status_code=303, headers={"Location": f"/b/lots/{lot_id}/objections"})


async def _public_lot(tx: Tx, actor: Actor, lot_id: UUID) -> LotView:
    lot = await view_lot(tx, actor, lot_id)
    if lot.published_at is None or lot.is_party(actor.organisation_id) or not actor.covers(lot_id):
        raise NotFound
    return lot


def _subject_of(lot: LotView) -> ObjectionSubject | None:
    """Return what may be objected to now; None between the stages."""
    return next((subject for subject, stages in _RUNNING.items() if lot.stage in stages), None)


async def _show_bidder(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot: LotView,
    form: Form,
    *,
    status: int = 200,
) -> Response[str]:
    own = await list_own_objections(tx, actor, lot.id)
    mine = {item.id for item in own}
    answered = [item for item in await list_answered_objections(tx, lot.id) if item.id not in mine]
    assert actor.organisation_id is not None
    joined = await holders_of(services.plugins).is_holder(tx, lot.id, actor.organisation_id)
    return await _show(request, tx, lot, "bidder", own + answered, form, mine=mine, joined=joined, status=status)


async def _show(
    request: Request[Any, Any, Any],
    tx: Tx,
    lot: LotView,
    role: str,
    found: list[ObjectionView],
    form: Form,
    *,
    mine: set[UUID] | None = None,
    joined: bool = True,
    status: int = 200,
) -> Response[str]:
    law = await law_of(tx, lot.regime, lot.registered_at)
    subject = _subject_of(lot)
    until = _until(lot, subject, law)
    answer = law.row(Limit.OBJECTION_ANSWER if rules.stops_the_procedure(law) else Limit.SUPPLIER_ANSWER)
    days = f"{answer.count} {'日' if answer.unit == 'cd' else '个工作日'}"
    limits = [("提出", f"至 {minute(until)} 前" if until else "现在不能提出"), ("答复", f"收到之日起 {days}内")]
    page = ObjectionsPage(
        role=role,
        **heading_of(lot, f"/{'a' if role == 'agency' else 'b'}/lots/{lot.id}"),
        word=rules.word_of(law),
        joined=joined,
        pauses=rules.stops_the_procedure(law),
        paused=lot.stage in (Stage.PAUSED_DOCUMENTS, Stage.PAUSED_RESULT),
        items=[_row(item, mine or set(), lot, law, tx.now) for item in found],
        form=form,
        subject=subject.value if subject else "",
        subject_word=_SUBJECTS[subject] if subject else "",
        until=until if until and tx.now < until else None,
        why_not=_why_not(subject, until),
        limits=limits,
        law=answer.article,
    )
    return render_page(request, "trading/objections.html", {"page": page}, status=status, now=tx.now)


def _until(lot: LotView, subject: ObjectionSubject | None, law: Law) -> datetime | None:
    if subject is ObjectionSubject.DOCUMENTS and lot.deadline and lot.published_at:
        return end_of_day(rules.last_day_on_documents(legal_date(lot.published_at), lot.deadline, law))
    return lot.publicity_until if subject is ObjectionSubject.RESULT else None


def _why_not(subject: ObjectionSubject | None, until: datetime | None) -> str:
    if subject is None or until is None:
        return "招标文件发出后至规定期限、中标候选人公示期间可以提出。"
    last = minute(until - timedelta(seconds=1))
    return f"对{_SUBJECTS[subject]}提出的期限已于 {last} 届满；仍可以提问，或者依法向行政监督部门投诉。"


def _row(item: ObjectionView, mine: set[UUID], lot: LotView, law: Law, now: datetime) -> ObjectionRow:
    overdue = now >= item.answer_by
    earliest = None
    if item.is_open and item.subject == ObjectionSubject.DOCUMENTS and lot.deadline:
        since = lot.stage_since if lot.stage is Stage.PAUSED_DOCUMENTS else now
        moved = rules.resumed_deadline(lot.deadline, since, now, law, affects_bids=True)
        earliest = moved if moved > lot.deadline else None
    return ObjectionRow(
        id=str(item.id),
        no=item.no,
        subject=_SUBJECTS[ObjectionSubject(item.subject)],
        text=item.text,
        request=item.request,
        raiser=item.raiser,
        raised_at=item.raised_at,
        mine=item.id in mine,
        is_open=item.is_open,
        withdrawn=item.withdrawn_at is not None,
        due=f"{'已过 ' if overdue else ''}{minute(item.answer_by)}{'' if overdue else ' 前答复'}"
        if item.is_open
        else "",
        due_kind="bad" if overdue else "warn",
        outcome=OUTCOMES[ObjectionOutcome(item.outcome)] if item.outcome else "",
        answer=item.answer,
        answered_at=item.answered_at,
        affects=item.affects_bids,
        late=item.late,
        earliest=earliest,
    )


HANDLERS = [
    objections_page,
    objection_answer_form,
    objecting_page,
    objecting_form,
    objection_withdrawal_form,
]
