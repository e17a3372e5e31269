"""The committee's page for the agency: application, public draw, calls. Names stay masked until evaluation begins."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from experts import committee, queries
from experts.api.committees import vault_of
from experts.contributors import list_third_contributors
from experts.drafts import CommitteeDraft, NewGroup
from experts.pages.draws import drawn_of, give_up
from experts.pages.parts import SPECIALITIES
from experts.pages.tasks import key_of
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.beacons import beacon_of, beacon_offer
from trading.pages.common import Form, attempt, heading_of, moment_of, texts_of
from trading.pages.room import FormData, own_lot

LAW = "招标投标法第三十七条"


@get("/a/lots/{lot_id:uuid}/committee", guards=[permits("committee.request")], include_in_schema=False)
async def committee_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the committee."""
    form = Form({"members": "5", "cap_employer": "1", "groups-1-count": "4", "groups-2-count": "1", "days": "半天"})
    return await _show(request, tx, actor, await own_lot(tx, actor, lot_id), form)


@post("/a/lots/{lot_id:uuid}/committee", guards=[permits("committee.request")], include_in_schema=False)
async def committee_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Apply for experts."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    draft = _draft(form)
    if draft is not None:
        vault = vault_of(services)
        await attempt(tx, form, lambda: committee.request_committee(tx, actor, vault, lot_id, draft))
    for name, field in (("groups", "groups-1-count"), ("committee", "members"), ("begins_at", "begins")):
        if name in form.errors:
            form.errors[field] = form.errors.pop(name)
    if form.errors:
        return await _show(request, tx, actor, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/committee"})


@post("/a/lots/{lot_id:uuid}/committee/void", guards=[permits("committee.request")], include_in_schema=False)
async def void_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Declare the draw void after somebody stayed silent; the agency may then apply again."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    await give_up(tx, actor, lot.id, form)
    if form.errors:
        return await _show(request, tx, actor, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/committee"})


def _draft(form: Form) -> CommitteeDraft | None:
    groups = []
    for number in (1, 2):
        speciality = str(form.values.get(f"groups-{number}-speciality", ""))
        count = str(form.values.get(f"groups-{number}-count", ""))
        if speciality and count.isascii() and count.isdecimal() and 0 < int(count) < 100:
            groups.append(NewGroup(speciality, int(count)))
    total = sum(group.count for group in groups)
    if not groups:
        form.errors["groups-1-count"] = "请至少选择一个专业并填写人数。"
    elif str(form.values.get("members", "")) != str(total):
        form.errors["members"] = f"各专业人数合计 {total} 人，与评标委员会人数不一致。"
    begins = moment_of(form, "begins", "评审开始时间")
    place = str(form.values.get("place", ""))
    if not place:
        form.errors["place"] = "请填写评标场地。"
    beacon, third = beacon_of(form), _third(form)
    if form.errors or begins is None:
        return None
    days = str(form.values.get("days", "")) or "半天"
    return CommitteeDraft(
        groups=tuple(groups), begins_at=begins, place=place, duration=days, third=third, beacon=beacon
    )


def _third(form: Form) -> UUID | None:
    chosen = str(form.values.get("third", ""))
    try:
        return UUID(chosen) if chosen else None
    except ValueError:
        form.errors["third"] = "请重新选择第三方。"
        return None


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    standing = await queries.find_committee(tx, lot.id)
    page: dict[str, Any] = {
        **heading_of(lot, f"/a/lots/{lot.id}"),
        "stage": "request",
        "form": form,
        "specialities": [("", "请选择"), *((code, f"{word}（{code}）") for code, word in SPECIALITIES.items())],
        "spec": None,
        "excluded": [],
        "part": None,
        "seats": [],
        "law": LAW,
        "key": await key_of(tx, actor),
        "thirds": [("", "不设第三方（由招标方和监督部门两方贡献）"), *await list_third_contributors(tx)],
        "beacon": await beacon_offer(tx, form, usual=False, fresh=not form.errors),
    }
    if standing is not None:
        view = await queries.get_committee(tx, actor, lot.id)
        page |= await drawn_of(tx, actor, view, f"/a/lots/{lot.id}/committee/void")
    return render_page(request, "experts/committee.html", {"page": page}, status=status, now=tx.now)


HANDLERS: list[Any] = [committee_page, committee_form, void_form]
