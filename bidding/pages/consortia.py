"""Pages of a consortium: where its leader forms it, and where each member reads, signs or declines."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from bidding import consortia, consortium_reading, queries
from bidding.api.consortia import chosen_file
from bidding.consortium_reading import ConsortiumView
from bidding.consortium_rules import TypedMember
from bidding.pages.own_bid import NOTHING
from bidding.pages.words import base_of
from bidding.vocabulary import Answer, ConsortiumState
from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import facade as trading
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, texts_of
from trading.vocabulary import Stage

#: Rows of the form: the leader's own, and room for others; a longer list is typed in the API.
ROWS = 6
ANSWERS = {Answer.ASKED: ("warn", "待答复"), Answer.CONSENTED: ("ok", "已签名同意"), Answer.DECLINED: ("bad", "不同意")}
STATES = {
    ConsortiumState.OPEN: ("warn", "待成员同意"),
    ConsortiumState.COMPLETE: ("ok", "全体成员已同意"),
    ConsortiumState.ENDED: ("mute", "已终止或已变更"),
}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in the table."""

    name: str
    uscc: str
    share: str
    work: str
    leads: bool
    me: bool
    state: tuple[str, str]
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A consortium on a page; `message` is what is signed, in its canonical form."""

    id: str
    name: str
    state: tuple[str, str]
    members: list[MemberRow]
    answered: int
    agreement_href: str
    agreement_name: str
    agreement_size: int
    agreement_digest: str
    message: str
    made_at: datetime
    signed: bool
    declined: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class LeadPage:
    """The context of `bidding/consortium.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    deadline: datetime
    accepts: bool
    open: bool
    in_force: bool
    closed_text: str
    joined: bool
    led: Shown | None
    asked: list[tuple[str, str, tuple[str, str]]]
    rows: int
    form: Form


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """The context of `bidding/consent.html`."""

    title: str
    number: str
    lot_no: str
    bidder_name: str
    deadline: datetime | None
    leader: str
    leads: bool
    lead_href: str
    open: bool
    shown: Shown
    form: Form


@dataclass(frozen=True, slots=True)
class ListPage:
    """The context of `bidding/consortia.html`; rows are (lot, name, href, own answer, state, leads)."""

    rows: list[tuple[str, str, str, tuple[str, str], tuple[str, str], bool]] = field(default_factory=list)


@get("/b/lots/{lot_id:uuid}/consortium", guards=[permits("bid.room")], include_in_schema=False)
async def lead_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the consortium that one leads, or the form to form one."""
    return await _show_lead(request, tx, actor, lot_id, Form())


@post("/b/lots/{lot_id:uuid}/consortium", guards=[permits("consortium.propose")], include_in_schema=False)
async def lead_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: uuid.UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Propose a consortium, or another in its place."""
    form = Form(texts_of({name: value for name, value in data.items() if isinstance(value, str)}))
    typed = [TypedMember(*(str(form.values.get(f"{name}_{at}", "")) for name in _FIELDS)) for at in range(ROWS)]

    async def act() -> uuid.UUID:
        return await consortia.propose(tx, actor, services.files, lot_id, typed, await _file(form, data))

    if await attempt(tx, form, act) is None:
        return await _show_lead(request, tx, actor, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"{base_of(lot_id)}/consortium"})


_FIELDS = ("uscc", "name", "share", "work")


async def _file(form: Form, data: dict[str, Any]) -> tuple[str, bytes]:
    """Return the chosen file; without one an empty file, so that all faults come together."""
    try:
        return await chosen_file(data)
    except InvalidInput:
        return "联合体协议.pdf", b""


@post("/b/lots/{lot_id:uuid}/consortium/end", guards=[permits("consortium.propose")], include_in_schema=False)
async def end_form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """End the consortium that one leads."""
    form = Form()

    async def act() -> bool:
        await consortia.end(tx, actor, lot_id)
        return True

    if await attempt(tx, form, act) is None:
        return await _show_lead(request, tx, actor, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"{base_of(lot_id)}/consortium"})


@get("/b/consortia", guards=[permits("bid.room")], include_in_schema=False)
async def list_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """List the consortia that name the firm."""
    rows = []
    for view in await consortium_reading.list_consortia(tx, actor):
        lot = await trading.get_lot(tx, view.lot_id)
        title = f"{lot.title} 标段 {lot.number}"
        rows.append((title, view.name, f"/b/consortia/{view.id}", ANSWERS[view.mine], STATES[view.state], view.leads))
    return render_page(request, "bidding/consortia.html", {"page": ListPage(rows)}, nav="", now=tx.now)


@get("/b/consortia/{consortium_id:uuid}", guards=[permits("bid.room")], include_in_schema=False)
async def consent_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, consortium_id: uuid.UUID
) -> Response[str]:
    """Show a member what it is asked to sign."""
    return await _show_consent(request, tx, actor, consortium_id, Form())


@post("/b/consortia/{consortium_id:uuid}/refusal", guards=[permits("consortium.answer")], include_in_schema=False)
async def refusal_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    consortium_id: uuid.UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Decline, or take one's consent back."""
    form = Form(texts_of(data))

    async def act() -> bool:
        await consortia.decline(tx, actor, consortium_id, str(form.values.get("reason", "")))
        return True

    if await attempt(tx, form, act) is None:
        return await _show_consent(request, tx, actor, consortium_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/b/consortia/{consortium_id}"})


async def _show_lead(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, form: Form, status: int = 200
) -> Response[str]:
    lot = await trading.view_lot(tx, actor, lot_id)
    own = await queries.find_own_bid(tx, actor, lot_id)
    until = await _changes_until(tx, lot)
    if until is None or (own is None and lot.published_at is not None):
        raise NotFound
    led = await consortium_reading.find_led(tx, actor, lot_id)
    others = [view for view in await consortium_reading.list_consortia(tx, actor, lot_id) if not view.leads]
    page = LeadPage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        deadline=until,
        accepts=lot.consortium_allowed,
        open=_is_open(lot, until, tx.now),
        in_force=own is not None and own.state not in NOTHING,
        closed_text=_closed_text(lot, until, tx.now),
        joined=own is not None,
        led=None if led is None else _shown(led),
        asked=[(view.leader_name, f"/b/consortia/{view.id}", ANSWERS[view.mine]) for view in others],
        rows=ROWS,
        form=form,
    )
    context = {"page": page}
    return render_page(request, "bidding/consortium.html", context, nav="", status=status, now=tx.now)


async def _show_consent(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, consortium_id: uuid.UUID, form: Form, status: int = 200
) -> Response[str]:
    view = await consortium_reading.find_consortium(tx, actor, consortium_id)
    lot = await trading.get_lot(tx, view.lot_id)
    until = await _changes_until(tx, lot)
    page = ConsentPage(
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        bidder_name=actor.organisation_name,
        deadline=until,
        leader=view.leader_name,
        leads=view.leads,
        lead_href=f"{base_of(lot.id)}/consortium",
        open=_is_open(lot, until, tx.now) and view.state is not ConsortiumState.ENDED,
        shown=_shown(view),
        form=form,
    )
    return render_page(request, "bidding/consent.html", {"page": page}, nav="", status=status, now=tx.now)


async def _changes_until(tx: Tx, lot: LotView) -> datetime | None:
    """Return until when consortia may be formed and changed (条例 37); None before anything is announced."""
    prequalification = await trading.find_prequalification(tx, lot.id)
    if prequalification is not None:
        return prequalification.deadline
    return lot.deadline if lot.published_at is not None else None


def _is_open(lot: LotView, until: datetime | None, now: datetime) -> bool:
    running = lot.stage is Stage.NOTICE_PUBLISHED or lot.published_at is None
    return lot.consortium_allowed and running and until is not None and now < until


def _closed_text(lot: LotView, until: datetime, now: datetime) -> str:
    if now >= until and lot.deadline != until:
        return "联合体应当在提交资格预审申请文件前组成；资格预审后增减、更换成员的，其投标无效。"
    return "投标已截止，联合体不能再组成或者变更。" if now >= until else "招标投标活动现在暂停，联合体不能变更。"


def _shown(view: ConsortiumView) -> Shown:
    return Shown(
        id=str(view.id),
        name=view.name,
        state=STATES[view.state],
        members=[
            MemberRow(
                member.name,
                member.uscc,
                member.share,
                member.work,
                member.is_leader,
                member.is_me,
                ANSWERS[member.state],
                member.reason,
                member.answered_at,
            )
            for member in view.members
        ],
        answered=sum(member.state is Answer.CONSENTED for member in view.members),
        agreement_href=f"/api/v1/consortia/{view.id}/agreement",
        agreement_name=view.agreement_name,
        agreement_size=view.agreement_size,
        agreement_digest=b64u_encode(view.agreement),
        message=jcs(view.message).decode(),
        made_at=view.made_at,
        signed=view.mine is Answer.CONSENTED,
        declined=view.mine is Answer.DECLINED,
        ended=view.state is ConsortiumState.ENDED,
    )


HANDLERS = [lead_page, lead_form, end_form, list_page, consent_page, refusal_form]
