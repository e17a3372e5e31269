"""The pages of one inspection: what everybody sees, and the supervisor's forms; the same acts as the JSON doors."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, permits
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision import corrections, drawing, freezing, inspections, publication
from supervision.drafts import CheckDraft, CorrectionDraft, FreezeDraft, PublicationDraft
from supervision.pages.room import STATEMENT, public_page
from supervision.pages.showing import Desk
from supervision.queries import get_inspection
from supervision.vocabulary import Outcome, Stage
from trading.pages.beacons import beacon_of
from trading.pages.common import Form, moment_of, require_agreement, texts_of

FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
_ROOM = "/s/inspections/{inspection_id:uuid}"
_DECIDE = [permits("inspection.decide")]


@get("/inspections/{inspection_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def show_public(request: Request[Any, Any, Any], tx: Tx, inspection_id: UUID) -> Response[str]:
    """Show an inspection to everybody."""
    page = await public_page(tx, await get_inspection(tx, inspection_id))
    return render_page(request, "supervision/inspection.html", {"page": page}, nav="inspections", now=tx.now)


@get(_ROOM, guards=[permits("inspection.read")], include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    target: Annotated[UUID | None, QueryParameter(name="object")] = None,
) -> Response[str]:
    """Show an inspection to those who work on it, with the record of a chosen object."""
    return await Desk(request, tx, actor, services, inspection_id, chosen=target).show()


@post(f"{_ROOM}/freeze", guards=_DECIDE, include_in_schema=False)
async def freeze(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Freeze the draw whose turn it is."""
    form = Form(texts_of(data))
    desk = Desk(request, tx, actor, services, inspection_id, form)
    given = form.values.get("contributors", [])
    form.values["contributors"] = given if isinstance(given, list) else [given]
    commit_by, reveal_by = moment_of(form, "commit_by", "承诺截止"), moment_of(form, "reveal_by", "揭示截止")
    stage = (await get_inspection(tx, inspection_id)).stage
    act = freezing.freeze_inspectors if stage is Stage.DRAWN else freezing.freeze_targets
    beacon = beacon_of(form)
    if commit_by is None or reveal_by is None or form.errors:
        return await desk.show()
    given = tuple(form.values["contributors"])
    draft = FreezeDraft(commit_by=commit_by, reveal_by=reveal_by, contributors=given, beacon=beacon)
    vault = services.plugins["vault"]
    return await desk.run(lambda: act(tx, actor, vault, inspection_id, draft))


@post(f"{_ROOM}/close", guards=_DECIDE, include_in_schema=False)
async def close(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID
) -> Response[Any]:
    """Close the commitments."""
    desk = Desk(request, tx, actor, services, inspection_id)
    return await desk.run(lambda: drawing.close(tx, actor, inspection_id))


@post(f"{_ROOM}/void", guards=_DECIDE, include_in_schema=False)
async def void(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Declare an attempt void."""
    desk = Desk(request, tx, actor, services, inspection_id, Form(texts_of(data)))
    if not require_agreement(desk.form, "void"):
        return await desk.show()
    return await desk.run(lambda: drawing.void(tx, actor, inspection_id))


@post(f"{_ROOM}/termination", guards=_DECIDE, include_in_schema=False)
async def terminate(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Give the inspection up."""
    desk = Desk(request, tx, actor, services, inspection_id, Form(texts_of(data)))
    if not require_agreement(desk.form, "stop"):
        return await desk.show()
    reason = str(desk.form.values.get("reason", ""))
    return await desk.run(lambda: inspections.terminate(tx, actor, inspection_id, reason))


@post(f"{_ROOM}/publish", guards=_DECIDE, include_in_schema=False)
async def publish(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the results; an object is withheld where an article is given."""
    desk = Desk(request, tx, actor, services, inspection_id, Form(texts_of(data)))
    if not require_agreement(desk.form):
        return await desk.show()
    mark = "withheld-"
    withheld = {
        name.removeprefix(mark): str(text) for name, text in desk.form.values.items() if name.startswith(mark) and text
    }
    draft = PublicationDraft(statement=STATEMENT, withheld=withheld)
    return await desk.run(lambda: publication.publish(tx, actor, inspection_id, draft))


@post(f"{_ROOM}/corrections", guards=_DECIDE, include_in_schema=False)
async def order(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Order a correction."""
    desk = Desk(request, tx, actor, services, inspection_id, Form(texts_of(data)))
    values, errors = desk.form.values, desk.form.errors
    try:
        target = UUID(str(values.get("target", "")))
    except ValueError:
        errors["target"] = "请选择检查对象。"
    try:
        due = date.fromisoformat(str(values.get("due", "")))
    except ValueError:
        errors["due"] = "请填写整改期限，例如 2026-09-15。"
    if errors:
        return await desk.show()
    draft = CorrectionDraft(demand=str(values.get("demand", "")), due=due)
    return await desk.run(lambda: corrections.order_correction(tx, actor, inspection_id, target, draft))


@post(f"{_ROOM}/corrections/{{correction_id:uuid}}", guards=_DECIDE, include_in_schema=False)
async def check(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    correction_id: UUID,
    data: FormData,
) -> Response[Any]:
    """Write down what came of a correction."""
    values = texts_of(data)
    desk = Desk(request, tx, actor, services, inspection_id, Form(values))
    names = {"outcome": f"outcome-{correction_id}", "finding": f"finding-{correction_id}"}
    given = str(values.get(names["outcome"], ""))
    if given not in set(Outcome):
        desk.form.errors[names["outcome"]] = "请选择复查结果。"
        return await desk.show()
    draft = CheckDraft(outcome=Outcome(given), finding=str(values.get(names["finding"], "")))
    answer = await desk.run(lambda: corrections.check_correction(tx, actor, inspection_id, correction_id, draft))
    if "finding" in desk.form.errors:
        desk.form.errors = {names.get(name, name): text for name, text in desk.form.errors.items()}
        return await desk.show()
    return answer


HANDLERS: list[Any] = [show_public, show, freeze, close, void, terminate, publish, order, check]
