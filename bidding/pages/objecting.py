"""Objections to the opening: the bidder's page, where they are raised, and the agency's, where they are answered.

The agency's page is where the opening ends: when every objection is answered and every file is open, the record is
confirmed here.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post

from bidding.objection_reading import OpeningObjectionView, list_opening_objections
from bidding.opening_objections import MOST, answer_objection, is_in_close_list, raise_objection
from bidding.opening_view import OpeningView, find_opening
from bidding.pages.rooms import published_lot
from bidding.pages.words import STAGES
from bidding.recording import confirm_record, count_closed_files
from bidding.signatures import objection_until
from bidding.vocabulary import OpeningStage
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.lot_view import LotView
from trading.objections import OUTCOMES
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot
from trading.standing import state_of
from trading.vocabulary import ObjectionOutcome


@dataclass(frozen=True, slots=True)
class OpeningObjectionRow:
    """An objection with its answer; the answer's fields are empty until there is one."""

    id: str
    no: int
    name: str
    text: str
    at: datetime
    mine: bool
    outcome: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpeningObjectionsPage:
    """The context of `bidding/opening_objections.html`.

    Attributes:
        why_not: why nothing can be raised (bidder) or confirmed (agency) now; empty if it can.
        confirmable: the record waits for nothing else than its confirmation.
        confirm_from: until when bidders object and sign; before, the record waits for all of them to agree.
    """

    role: str
    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    items: list[OpeningObjectionRow]
    most: int
    why_not: str
    open_count: int
    confirmable: bool
    confirm_from: datetime | None
    recorded: bool
    record_href: str
    hall_href: str
    form: Form


@get("/b/lots/{lot_id:uuid}/opening", guards=[permits("opening.object")], include_in_schema=False)
async def objecting(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the objections to the opening and the form for a new one."""
    return await _show(request, tx, actor, await _bidders_lot(tx, actor, lot_id), "bidder", Form())


@post("/b/lots/{lot_id:uuid}/opening/objections", guards=[permits("opening.object")], include_in_schema=False)
async def object_to_opening(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData
) -> Response[Any]:
    """Object."""
    lot = await _bidders_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    agreed = require_agreement(form)
    if not agreed or await _tried(tx, form, "text", lambda: _raise(tx, actor, lot_id, form)) is None:
        return await _show(request, tx, actor, lot, "bidder", form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/b/lots/{lot_id}/opening"})


@get("/a/lots/{lot_id:uuid}/opening", guards=[permits("opening.confirm")], include_in_schema=False)
async def answering(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show what the record still waits for."""
    return await _show(request, tx, actor, await own_lot(tx, actor, lot_id), "agency", Form())


@post(
    "/a/lots/{lot_id:uuid}/opening/objections/{objection_id:uuid}/answer",
    guards=[permits("opening.answer")],
    include_in_schema=False,
)
async def answer(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    lot_id: uuid.UUID,
    objection_id: uuid.UUID,
    data: FormData,
) -> Response[Any]:
    """Answer an objection."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    outcome, said = f"outcome-{objection_id}", f"answer-{objection_id}"
    chosen = str(form.values.get(outcome, ""))
    if chosen not in list(ObjectionOutcome):
        form.errors[outcome] = "请选择答复结论。"
        return await _show(request, tx, actor, lot, "agency", form, status=422)

    async def act() -> bool:
        words = str(form.values.get(said, ""))
        await answer_objection(tx, actor, lot_id, objection_id, ObjectionOutcome(chosen), words)
        return True

    if await _tried(tx, form, "answer", act) is None:
        form.errors = {said if name == "answer" else name: text for name, text in form.errors.items()}
        return await _show(request, tx, actor, lot, "agency", form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/opening"})


@post("/a/lots/{lot_id:uuid}/opening/confirm", guards=[permits("opening.confirm")], include_in_schema=False)
async def confirm(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """Confirm the record."""
    form = Form()

    async def act() -> bool:
        await confirm_record(tx, actor, lot_id)
        return True

    if await attempt(tx, form, act) is None:
        return await _show(request, tx, actor, await own_lot(tx, actor, lot_id), "agency", form, status=409)
    return Response(None, status_code=303, headers={"Location": f"/openings/{lot_id}"})


async def _raise(tx: Tx, actor: Actor, lot_id: uuid.UUID, form: Form) -> int:
    return await raise_objection(tx, actor, lot_id, str(form.values.get("text", "")))


async def _tried(tx: Tx, form: Form, field: str, act: Any) -> Any:
    """Run an act; what no field can mend stands beside `field`."""
    done = await attempt(tx, form, act)
    if "form" in form.errors:
        form.errors[field] = form.errors.pop("form")
    return done


async def _bidders_lot(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> LotView:
    lot = await published_lot(tx, lot_id, actor)
    if not await is_in_close_list(tx, actor, lot_id):
        raise NotFound
    return lot


async def _show(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    lot: LotView,
    role: str,
    form: Form,
    *,
    status: int = 200,
) -> Response[str]:
    opening = await find_opening(tx, lot.id)
    found = await list_opening_objections(tx, lot.id)
    open_count = sum(one.answer is None for one in found)
    why_not = _not_open(opening)
    if not why_not and role == "agency" and await count_closed_files(tx, lot.id):
        why_not = "投标文件仍在解密，全部完成后才能确认开标记录。"
    if not why_not and role == "bidder" and sum(one.raiser_id == actor.organisation_id for one in found) >= MOST:
        why_not = f"本单位对本次开标已提出 {MOST} 项异议。"
    recorded = opening is not None and opening.stage is OpeningStage.RECORDED
    page = OpeningObjectionsPage(
        role=role,
        **heading_of(lot, f"/{'a' if role == 'agency' else 'b'}/lots/{lot.id}"),
        state=STAGES[opening.stage] if opening else state_of(lot, tx.now),
        items=[row_of(one, actor) for one in found],
        most=MOST,
        why_not=why_not,
        open_count=open_count,
        confirmable=not why_not and open_count == 0,
        confirm_from=await _confirm_from(tx, lot, opening),
        recorded=recorded,
        record_href=f"/api/v1/lots/{lot.id}/opening/record.pdf" if opening and opening.record_file_id else "",
        hall_href=f"/openings/{lot.id}",
        form=form,
    )
    return render_page(request, "bidding/opening_objections.html", {"page": page}, status=status, now=tx.now)


async def _confirm_from(tx: Tx, lot: LotView, opening: OpeningView | None) -> datetime | None:
    if opening is None or opening.stage is not OpeningStage.OPENED or opening.opened_at is None:
        return None
    until = await objection_until(tx, lot, opening.opened_at)
    return until if tx.now < until else None


def _not_open(opening: OpeningView | None) -> str:
    if opening is None or opening.stage in (OpeningStage.CLOSED, OpeningStage.RELEASING, OpeningStage.COMBINING):
        return "尚未唱标。"
    if opening.stage is OpeningStage.FAILED:
        return "本标段没有开标。"
    return "开标记录已经确认，开标结束。" if opening.stage is OpeningStage.RECORDED else ""


def row_of(one: OpeningObjectionView, actor: Actor | None) -> OpeningObjectionRow:
    """Return an objection as the hall and these pages show it."""
    return OpeningObjectionRow(
        id=str(one.id),
        no=one.no,
        name=one.name,
        text=one.text,
        at=one.raised_at,
        mine=actor is not None and actor.organisation_id == one.raiser_id,
        outcome="" if one.outcome is None else OUTCOMES[one.outcome],
        answer=one.answer or "",
        answered_at=one.answered_at,
    )


HANDLERS = [objecting, object_to_opening, answering, answer, confirm]
