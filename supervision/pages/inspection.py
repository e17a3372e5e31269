"""The pages of one inspection and their forms; the same acts as the JSON doors."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, permits
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision import drawing, freezing, publication, records
from supervision.drafts import Evidence, FreezeDraft, PublicationDraft, RecordDraft
from supervision.pages.room import contributor_page, inspector_page, public_page, supervisor_page
from supervision.queries import get_inspection
from supervision.vocabulary import ResultCode, Role, Stage
from trading.pages.common import Form, attempt, moment_of, require_agreement, texts_of

FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
#: Evidence that a form may carry; only its digest is kept.
MAX_EVIDENCE = 50 * 1024 * 1024


@get("/inspections/{inspection_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def show_public(request: Request[Any, Any, Any], tx: Tx, inspection_id: UUID) -> Response[str]:
    """Show an inspection to everybody."""
    page = await public_page(tx, await get_inspection(tx, inspection_id))
    return render_page(request, "supervision/inspection.html", {"page": page}, nav="inspections", now=tx.now)


@get("/s/inspections/{inspection_id:uuid}", guards=[permits("inspection.read")], include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    target: Annotated[UUID | None, QueryParameter(name="object")] = None,
) -> Response[str]:
    """Show an inspection to those who work on it; an inspector may choose one of the own objects."""
    return await _show(request, tx, actor, services, inspection_id, Form(), target)


@post("/s/inspections/{inspection_id:uuid}/freeze", guards=[permits("inspection.decide")], include_in_schema=False)
async def freeze(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Freeze the draw whose turn it is."""
    form = Form(texts_of(data))
    given = form.values.get("contributors", [])
    form.values["contributors"] = given if isinstance(given, list) else [given]
    commit_by, reveal_by = moment_of(form, "commit_by", "承诺截止"), moment_of(form, "reveal_by", "揭示截止")
    stage = (await get_inspection(tx, inspection_id)).stage
    act = freezing.freeze_inspectors if stage is Stage.DRAWN else freezing.freeze_targets
    if commit_by is None or reveal_by is None:
        return await _show(request, tx, actor, services, inspection_id, form)
    draft = FreezeDraft(commit_by=commit_by, reveal_by=reveal_by, contributors=tuple(form.values["contributors"]))
    vault = services.plugins["vault"]
    return await _try(
        request, tx, actor, services, inspection_id, form, lambda: act(tx, actor, vault, inspection_id, draft)
    )


@post("/s/inspections/{inspection_id:uuid}/close", guards=[permits("inspection.decide")], include_in_schema=False)
async def close(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID
) -> Response[Any]:
    """Close the commitments."""
    return await _try(
        request, tx, actor, services, inspection_id, Form(), lambda: drawing.close(tx, actor, inspection_id)
    )


@post("/s/inspections/{inspection_id:uuid}/void", guards=[permits("inspection.decide")], include_in_schema=False)
async def void(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Declare an attempt void."""
    form = Form(texts_of(data))
    if not require_agreement(form, "void"):
        return await _show(request, tx, actor, services, inspection_id, form)
    return await _try(request, tx, actor, services, inspection_id, form, lambda: drawing.void(tx, actor, inspection_id))


@post("/s/inspections/{inspection_id:uuid}/assignments", guards=[permits("inspection.record")], include_in_schema=False)
async def open_assignments(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID
) -> Response[Any]:
    """Open the own assignments."""
    vault = services.plugins["vault"]
    return await _try(
        request,
        tx,
        actor,
        services,
        inspection_id,
        Form(),
        lambda: records.open_assignment(tx, actor, vault, inspection_id),
    )


@post(
    "/s/inspections/{inspection_id:uuid}/records/{target_id:uuid}",
    guards=[permits("inspection.record")],
    include_in_schema=False,
    request_max_body_size=MAX_EVIDENCE,
)
async def add_record(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    target_id: UUID,
    data: Upload,
) -> Response[Any]:
    """Write a record down; evidence leaves its digest here and stays with the inspectors."""
    uploads = data.pop("evidence", [])
    form = Form(texts_of(data))
    draft = await _record(form, uploads if isinstance(uploads, list) else [uploads])
    if draft is None or not require_agreement(form):
        return await _show(request, tx, actor, services, inspection_id, form, target_id)
    return await _try(
        request,
        tx,
        actor,
        services,
        inspection_id,
        form,
        lambda: records.record_result(tx, actor, inspection_id, target_id, draft),
        target_id,
    )


@post("/s/inspections/{inspection_id:uuid}/publish", guards=[permits("inspection.decide")], include_in_schema=False)
async def publish(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the results."""
    form = Form(texts_of(data))
    if not require_agreement(form):
        return await _show(request, tx, actor, services, inspection_id, form)
    draft = PublicationDraft(statement="我确认检查记录已核对，依法应当公开的内容完整")
    return await _try(
        request, tx, actor, services, inspection_id, form, lambda: publication.publish(tx, actor, inspection_id, draft)
    )


async def _try(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    form: Form,
    act: Callable[[], Awaitable[Any]],
    chosen: UUID | None = None,
) -> Response[Any]:
    """Run an act and lead back to the page; a refusal is shown on it."""
    await attempt(tx, form, act)
    if form.errors:
        return await _show(request, tx, actor, services, inspection_id, form, chosen)
    tail = f"?object={chosen}" if chosen else ""
    return Response(None, status_code=303, headers={"Location": f"/s/inspections/{inspection_id}{tail}"})


async def _show(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    inspection_id: UUID,
    form: Form,
    chosen: UUID | None = None,
) -> Response[str]:
    view = await get_inspection(tx, inspection_id)
    if actor.has(Role.SUPERVISOR) and view.organisation_id == actor.organisation_id:
        page = await supervisor_page(tx, view, actor, form)
    elif actor.has(Role.INSPECTOR):
        page = await inspector_page(tx, view, actor, services.plugins["vault"], form, chosen)
    else:
        page = await contributor_page(tx, view, actor)
    status = 422 if form.errors else 200
    return render_page(request, "supervision/inspection.html", {"page": page}, status=status, now=tx.now)


async def _record(form: Form, uploads: list[Any]) -> RecordDraft | None:
    values = {name: str(value) for name, value in form.values.items()}
    if values.get("code") not in set(ResultCode):
        form.errors["code"] = "请选择结论。"
        return None
    evidence = []
    for upload in uploads:
        if isinstance(upload, UploadFile) and upload.filename:
            data = await upload.read()
            digest = b64u_encode(hashlib.sha256(data).digest())
            evidence.append(Evidence(name=upload.filename[:200], sha256=digest, size=len(data)))
    found = "found-"
    return RecordDraft(
        code=ResultCode(values["code"]),
        items={name.removeprefix(found): value for name, value in values.items() if name.startswith(found)},
        findings=values.get("findings", ""),
        summary=values.get("summary", ""),
        basis=values.get("basis", ""),
        evidence=tuple(evidence),
    )


HANDLERS: list[Any] = [show_public, show, freeze, close, void, open_assignments, add_record, publish]
