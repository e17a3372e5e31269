"""The expert's own pages: tasks, invitation, check-in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from experts import calls, queries, sessions
from experts.pages.parts import REASONS, STEPS, Named, code_of, done_until, word_of
from experts.queries import OwnCall
from experts.session_queries import get_desk
from experts.vocabulary import PROMISE, CallState, SessionState, Standing
from kernel.db.transaction import Tx
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.pages.common import Form, attempt, texts_of
from trading.pages.room import FormData

_KIND = "评标（项目名称签到后显示）"
_STANDING = {Standing.ACTIVE: ("ok", "在库"), Standing.SUSPENDED: ("bad", "暂停"), Standing.REMOVED: ("mute", "出库")}


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A call that waits for an answer."""

    id: str
    begins: datetime
    days: str
    place: str
    kind: str
    answer_by: datetime
    href: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A seat in a session."""

    title: str
    href: str
    begins: datetime
    place: str
    seat: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class HomePage:
    """The context of `experts/home.html`."""

    speciality: str
    region: str
    state: tuple[str, str]
    calls: list[InvitationRow]
    tasks: list[TaskRow]
    proof_href: str
    key: str


@dataclass(frozen=True, slots=True)
class TaskPage:
    """The context of `experts/task.html`."""

    base: str
    stage: str
    begins: datetime
    place: str
    days: str
    kind: str
    answer_by: datetime
    title: str
    number: str
    lot_no: str
    seat: str
    venue: str
    bidders: list[Named]
    form: Form
    reasons: list[tuple[str, str]]
    promise: str
    done: list[str]
    next_href: str
    checked_at: datetime | None
    desk: str
    key: str


@get("/e", guards=[permits("call.answer")], include_in_schema=False)
async def home(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show the own calls and tasks."""
    expert = await queries.find_own_expert(tx, actor)
    own = await queries.list_own_calls(tx, actor)
    page = HomePage(
        speciality="、".join(word_of(code) for code in expert.specialities) if expert else "—",
        region=expert.region if expert else "—",
        state=_STANDING.get(Standing(expert.standing), ("warn", "暂不参加抽取")) if expert else ("mute", "未入库"),
        calls=[_invitation(call) for call in own if call.state is CallState.OUT],
        tasks=[await _task(tx, call) for call in own if call.state is CallState.ACCEPTED],
        proof_href=f"/api/v1/draws/{own[0].draw_id}/own-leaf" if own else "/verify",
        key=await key_of(tx, actor),
    )
    return render_page(request, "experts/home.html", {"page": page}, now=tx.now)


async def key_of(tx: Tx, actor: Actor) -> str:
    """Return the kid of the newest own signing key on record; empty if there is none."""
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    return keys[-1].kid if keys else ""


def _invitation(call: OwnCall) -> InvitationRow:
    href = f"/e/tasks/{call.id}"
    return InvitationRow(str(call.id), call.begins_at, call.duration, call.place, _KIND, call.answer_by, href)


async def _task(tx: Tx, call: OwnCall) -> TaskRow:
    title = "评审任务"
    if call.lot_id is not None:
        from trading import facade as trading

        title = (await trading.get_lot(tx, call.lot_id)).title
    state = ("info", "待评审") if call.session_state is None else STEPS[call.session_state]
    return TaskRow(title, f"/e/tasks/{call.id}", call.begins_at, call.place, f"{call.seat} 号席", state)


@get("/e/tasks/{call_id:uuid}", guards=[permits("call.answer")], include_in_schema=False)
async def task(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID) -> Response[str]:
    """Show one call from invitation to seat."""
    return await _show(request, tx, actor, call_id, Form())


@post("/e/tasks/{call_id:uuid}/answer", guards=[permits("call.answer")], include_in_schema=False)
async def answer(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData) -> Response[Any]:
    """Take an answer to a call."""
    form = Form(texts_of(data))
    given = form.values.get("answer")
    if given not in ("accept", "refuse"):
        form.errors["answer"] = "请选择接受或者不接受。"
    else:
        reason = str(form.values.get("reason", ""))
        await attempt(tx, form, lambda: calls.answer_call(tx, actor, call_id, accept=given == "accept", reason=reason))
    if form.errors:
        return await _show(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}"})


@post("/e/tasks/{call_id:uuid}/check-in", guards=[permits("session.review")], include_in_schema=False)
async def arrive(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData) -> Response[Any]:
    """Take the code of arrival."""
    form = Form(texts_of(data))
    call = await queries.get_own_call(tx, actor, call_id)
    session_id, code = call.session_id, str(form.values.get("code", ""))
    if session_id is None:
        form.errors["code"] = "评审尚未开始，请在开始时间到场后签到。"
    elif not await sessions.is_code(tx, actor, session_id, code):
        form.errors["code"] = "签到口令不正确，请核对短信。"
    else:
        await sessions.arrive(tx, actor, session_id, code)
    if form.errors:
        return await _show(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    call = await queries.get_own_call(tx, actor, call_id)
    base = f"/e/tasks/{call.id}"
    desk = await get_desk(tx, actor, call.session_id) if call.has_arrived and call.session_id else None
    page = TaskPage(
        base=base,
        stage=_stage(call, None if desk is None else desk.member.checked_in_at),
        begins=call.begins_at,
        place=call.place,
        days=call.duration,
        kind=_KIND,
        answer_by=call.answer_by,
        title=desk.lot.title if desk else "",
        number=desk.lot.tender if desk else "",
        lot_no=desk.lot.number if desk else "",
        seat=f"{call.seat} 号席" if call.seat else "",
        venue=call.place,
        bidders=[Named(str(b.bid_id), code_of(n), b.bidder_name) for n, b in enumerate(desk.bids)] if desk else [],
        form=form,
        reasons=REASONS,
        promise=PROMISE,
        done=done_until(desk.state) if desk else [],
        next_href=base + _NEXT[desk.state] if desk else base,
        checked_at=desk.member.checked_in_at if desk else None,
        desk=f"/api/v1/sessions/{call.session_id}" if call.session_id else "",
        key=await key_of(tx, actor),
    )
    return render_page(request, "experts/task.html", {"page": page}, status=status, now=tx.now)


_NEXT = {
    SessionState.CHECK_IN: "",
    SessionState.REVIEW: "/review",
    SessionState.SCORING: "/score",
    SessionState.SUMMARY: "/summary",
    SessionState.SIGNING: "/report",
    SessionState.CLOSED: "/report",
}


def _stage(call: OwnCall, checked_in_at: datetime | None) -> str:
    if call.left_at is not None or call.state is CallState.RECUSED:
        return "left"
    if call.state is CallState.OUT:
        return "invited"
    if call.state is not CallState.ACCEPTED:
        return "expired"
    if not call.has_arrived:
        return "accepted"
    return "declare" if checked_in_at is None else "ready"


@get("/e/login", opt=PUBLIC, include_in_schema=False)
async def login_page(request: Request[Any, Any, Any]) -> Response[str]:
    """Show where a called expert types the code of the message."""
    return render_page(request, "experts/login.html", {"form": Form()})


@post("/e/login", opt=PUBLIC, include_in_schema=False)
async def login_form(request: Request[Any, Any, Any], services: Services, data: FormData) -> Response[Any]:
    """Sign a called expert in."""
    from experts.api.calls import cookie_of, open_with_code
    from kernel.errors import DomainError

    form = Form(texts_of(data))
    try:
        opened = await open_with_code(request, services, str(form.values.get("code", "")))
    except DomainError as error:
        form.errors["code"] = error.detail
        return render_page(request, "experts/login.html", {"form": form}, status=422)
    return Response(None, status_code=303, headers={"Location": "/e", "Set-Cookie": cookie_of(services, opened)})


HANDLERS: list[Any] = [home, task, answer, arrive, login_page, login_form]
