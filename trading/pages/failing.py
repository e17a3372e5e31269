"""The room's pages of a failed tender: publish the failure, then register the lot anew from what it was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.announcement import NoticeKind
from trading.deliveries import are_shown
from trading.drafts import LotDraft, Procedure
from trading.failing import (
    NEXTS,
    FailureDraft,
    Next,
    basis_of,
    count_failures,
    find_published_way,
    find_successor,
    publish_failure,
    tender_again,
    ways_on,
)
from trading.holders import holders_of
from trading.legal import law_of
from trading.lot_view import LotView
from trading.pages import grid
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.registering import PRICE_METHODS, lot_of, rename, values_of
from trading.pages.room import FormData, own_lot, show_waiting
from trading.reading import list_notices_of
from trading.schemas import Identified, posted_json
from trading.standing import state_of
from trading.vocabulary import Role, Stage

_TAGS = ["trading"]
_ENDED = (Stage.FAILED, Stage.RETENDERED)


@dataclass(frozen=True, slots=True)
class FailurePage:
    """A failed tender and what comes next.

    Attributes:
        otherwise: what the notice says comes next instead of a new tender, or empty.
    """

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    form: Form
    reason: str
    failures: int
    opened: bool
    kind_title: str
    ways: list[tuple[str, str, str]]
    notice_href: str
    again_href: str
    successor_href: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class AgainPage:
    """The form of the new lot."""

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    form: Form
    failures: int
    reason: str
    grid: grid.Grid
    score_kinds: list[tuple[str, str]]
    score_groups: list[tuple[str, str]]
    review_groups: list[tuple[str, str]]
    price_methods: list[tuple[str, str, str]]
    edited: str


@get("/a/lots/{lot_id:uuid}/failure", guards=[permits("notice.publish")], include_in_schema=False)
async def failure_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show why the tender failed, the form of the notice, or the notice and the way on."""
    return await _show(request, tx, actor, await own_lot(tx, actor, lot_id), Form({"next": Next.AGAIN.value}))


@post("/a/lots/{lot_id:uuid}/failure", guards=[permits("notice.publish")], include_in_schema=False)
async def failure_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the failure."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    way = str(form.values.get("next", ""))
    if way not in list(Next):
        form.errors["next"] = "请选择后续安排。"
    posted = None
    if require_agreement(form) and not form.errors:
        said = {name: str(form.values.get(name, "")) for name in ("approval", "remark")}
        holders = holders_of(services.plugins)
        draft = FailureDraft(next=Next(way), **said)
        posted = await attempt(tx, form, lambda: publish_failure(tx, actor, holders, lot_id, draft))
    if posted is None:
        return await _show(request, tx, actor, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/failure"})


@get("/a/lots/{lot_id:uuid}/again", guards=[permits("project.register")], include_in_schema=False)
async def again_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the form of the new lot, filled with what the failed one was."""
    lot = await own_lot(tx, actor, lot_id)
    return await _show_again(request, tx, lot, Form(values_of(lot)))


@post("/a/lots/{lot_id:uuid}/again", guards=[permits("project.register")], include_in_schema=False)
async def again_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Register the new lot, or change a row of the form."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    order = str(form.values.pop("edit", ""))
    if order and grid.edit(form.values, order):
        return await _show_again(request, tx, lot, form, edited=order)
    grid.tidy(form.values)
    made = None
    if require_agreement(form):
        made = await attempt(tx, form, lambda: tender_again(tx, actor, lot_id, _draft_of(lot, form)))
        rename(form)
        grid.rename(form)
    if made is None:
        return await _show_again(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{made}/plan"})


@post(
    "/api/v1/lots/{lot_id:uuid}/failure",
    guards=[permits("notice.publish")],
    tags=_TAGS,
    summary="Publish that a tender has failed",
)
async def add_failure(tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FailureDraft) -> dict[str, Any]:
    """Publish the failure with its reason and what comes next."""
    return posted_json(await publish_failure(tx, actor, holders_of(services.plugins), lot_id, data))


@post(
    "/api/v1/lots/{lot_id:uuid}/again",
    guards=[permits("project.register")],
    tags=_TAGS,
    summary="Tender a failed lot again",
)
async def add_successor(tx: Tx, actor: Actor, lot_id: UUID, data: LotDraft) -> Identified:
    """Register a failed lot anew; its number is chosen by the platform."""
    return Identified(await tender_again(tx, actor, lot_id, data))


def _draft_of(lot: LotView, form: Form) -> LotDraft:
    """Read the form; how the lot is run stays as it was."""
    kept = {name: value for name, value in lot.procedure.items() if name in Procedure.__struct_fields__}
    return msgspec.structs.replace(lot_of(form.values), procedure=msgspec.convert(kept, Procedure))


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    if lot.stage not in _ENDED:
        words = "投标人不足法定人数，或者评标委员会否决全部投标时，在此发布公告并重新招标。"
        return show_waiting(request, tx, lot, "failure", "本标段没有招标失败", words)
    failures = await count_failures(tx, lot.id)
    out = [line for line in await list_notices_of(tx, lot.id) if line.kind is NoticeKind.FAILURE]
    successor = await find_successor(tx, lot.id)
    way = await find_published_way(tx, lot.id)
    may = way is Next.AGAIN and actor.has(Role.PROCURING_ENTITY) and actor.organisation_id == lot.procuring_entity_id
    page = FailurePage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        form=form,
        reason=lot.failed_reason or "",
        failures=failures,
        opened=await are_shown(tx, lot.id),
        kind_title=lot.definition.notices[NoticeKind.FAILURE].title,
        ways=[(way.value, NEXTS[way], basis_of(way, lot.regime)) for way in ways_on(lot.regime, failures)],
        notice_href=f"/notices/{out[-1].id}" if out else "",
        again_href=f"/a/lots/{lot.id}/again" if out and successor is None and may else "",
        successor_href=f"/a/lots/{successor}" if successor else "",
        otherwise=NEXTS[way] if way not in (None, Next.AGAIN) else "",
    )
    return render_page(request, "trading/failure.html", {"page": page}, status=status, now=tx.now)


async def _show_again(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200, edited: str = ""
) -> Response[str]:
    if lot.stage is not Stage.FAILED:
        words = "标段招标失败、公告发布后，由招标人在此重新招标。"
        return show_waiting(request, tx, lot, "failure", "现在不能重新招标", words)
    law = await law_of(tx, lot.regime, lot.registered_at)
    page = AgainPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        form=form,
        failures=await count_failures(tx, lot.id),
        reason=lot.failed_reason or "",
        grid=grid.grid_of(form.values, law),
        score_kinds=grid.KINDS,
        score_groups=grid.GROUPS,
        review_groups=grid.REVIEW_GROUPS,
        price_methods=PRICE_METHODS,
        edited=edited,
    )
    return render_page(request, "trading/again.html", {"page": page}, status=status, now=tx.now)


HANDLERS = [failure_page, failure_form, again_page, again_form, add_failure, add_successor]
