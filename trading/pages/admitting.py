"""The room's page of admission: whom an invited tender invites, or the prequalification with its applications."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.admission_rules import read_invitees
from trading.applying import ApplicationView, list_applications
from trading.documents import MAX_SIZE, PREQUALIFICATION, DocumentView, list_documents, upload_document
from trading.drafts import InvitationDraft, PrequalificationDraft, VerdictDraft
from trading.inviting import InvitationView, decide_invitation, find_invitation
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, moment_of, require_agreement, texts_of, written
from trading.pages.room import FormData, own_lot
from trading.prequalifying import (
    PrequalificationView,
    announce_prequalification,
    conclude_prequalification,
    find_prequalification,
    postpone_prequalification,
)
from trading.restrictive import Mark, marked_fields
from trading.vocabulary import Stage

_LOOKED_THROUGH = {"reason": "理由", "review_method": "资格审查的标准和方法"}


@dataclass(frozen=True, slots=True)
class AdmissionPage:
    """Who may take part."""

    base: str
    title: str
    number: str
    lot_no: str
    mode: str
    form: Form
    grounds: list[tuple[str, str, str]]
    invitation: InvitationView | None
    open: bool
    documents: list[DocumentView]
    prequalification: PrequalificationView | None
    due: bool
    applications: list[ApplicationView]
    marks: list[tuple[str, str, Mark]]
    statement: str


@get("/a/lots/{lot_id:uuid}/admission", guards=[permits("lot.room")], include_in_schema=False)
async def admission_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show who may take part, and what is to be decided."""
    lot = await own_lot(tx, actor, lot_id)
    found = await find_invitation(tx, lot_id) if lot.definition.is_invited else None
    values: dict[str, Any] = {}
    if found is not None:
        values = {name: getattr(found, name) for name in ("ground", "reason", "approved_by", "approval_no")}
        values["invitees"] = "\n".join(f"{item.uscc} {item.name}" for item in found.invitees)
    held = await find_prequalification(tx, lot_id)
    if held is not None:
        values |= {name: written(getattr(held, name)) for name in ("documents_from", "documents_to", "deadline")}
        values["review_method"] = held.review_method
    return await _show(request, tx, actor, lot, Form(values))


@post("/a/lots/{lot_id:uuid}/invitation", guards=[permits("invitation.decide")], include_in_schema=False)
async def invitation_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Decide whom to invite."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    firms, faults = read_invitees(str(form.values.get("invitees", "")))
    if faults:
        form.errors["invitees"] = " ".join(faults)
        return await _show(request, tx, actor, lot, form, 422)
    said = {name: str(form.values.get(name, "")) for name in ("ground", "reason", "approved_by", "approval_no")}
    draft = InvitationDraft(**said, invitees=tuple(firms))
    if await attempt(tx, form, lambda: decide_invitation(tx, actor, lot_id, draft)) is None:
        return await _show(request, tx, actor, lot, form, 422)
    return _back(lot_id)


@post(
    "/a/lots/{lot_id:uuid}/prequalification/documents",
    guards=[permits("documents.prepare")],
    include_in_schema=False,
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def prequalification_file(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Keep an uploaded document of the prequalification."""
    lot, form, file = await own_lot(tx, actor, lot_id), Form(), data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        form.errors["file"] = "请选择文件。"
        return await _show(request, tx, actor, lot, form, 422)
    content, name = await file.read(), file.filename.replace("\\", "/").rpartition("/")[2]
    kept = await attempt(
        tx,
        form,
        lambda: upload_document(tx, actor, services.files, lot_id, name=name, data=content, purpose=PREQUALIFICATION),
    )
    if kept is None:
        form.errors = {"file": next(iter(form.errors.values()))}
        return await _show(request, tx, actor, lot, form, 422)
    return _back(lot_id)


@post("/a/lots/{lot_id:uuid}/prequalification", guards=[permits("notice.publish")], include_in_schema=False)
async def prequalification_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Announce the prequalification."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    begin = moment_of(form, "documents_from", "资格预审文件获取开始时间")
    end = moment_of(form, "documents_to", "资格预审文件获取截止时间")
    deadline = moment_of(form, "deadline", "申请截止时间")
    posted = None
    if begin is not None and end is not None and deadline is not None and require_agreement(form):
        method = str(form.values.get("review_method", ""))
        draft = PrequalificationDraft(documents_from=begin, documents_to=end, deadline=deadline, review_method=method)
        posted = await attempt(tx, form, lambda: announce_prequalification(tx, actor, lot_id, draft))
    if posted is None:
        for name in ("prequalification_from", "prequalification_to", "prequalification_deadline"):
            if name in form.errors:
                there = {"prequalification_deadline": "deadline"}.get(
                    name, name.replace("prequalification", "documents")
                )
                form.errors[there] = form.errors.pop(name)
        return await _show(request, tx, actor, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


@post("/a/lots/{lot_id:uuid}/prequalification/deadline", guards=[permits("notice.publish")], include_in_schema=False)
async def postpone_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Let applications come in longer; the announcement is corrected and shows the difference."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    deadline, posted = moment_of(form, "deadline", "新的申请截止时间"), None
    if require_agreement(form) and deadline is not None:
        reason = str(form.values.get("reason", ""))
        posted = await attempt(tx, form, lambda: postpone_prequalification(tx, actor, lot_id, deadline, reason))
    if posted is None:
        return await _show(request, tx, actor, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


@post("/a/lots/{lot_id:uuid}/prequalification/result", guards=[permits("notice.publish")], include_in_schema=False)
async def result_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Decide every application and publish the result."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    verdicts = tuple(
        VerdictDraft(
            application_id=item.id,
            passed=form.values[f"verdict-{item.id}"] == "yes",
            reason=str(form.values.get(f"reason-{item.id}", "")),
        )
        for item in await list_applications(tx, actor, lot_id)
        if form.values.get(f"verdict-{item.id}") in ("yes", "no")
    )
    posted = None
    if require_agreement(form):
        posted = await attempt(tx, form, lambda: conclude_prequalification(tx, actor, lot_id, verdicts))
    if posted is None:
        return await _show(request, tx, actor, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    definition = lot.definition
    held = await find_prequalification(tx, lot.id) if definition.prequalified else None
    page = AdmissionPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        mode="invited" if definition.is_invited else "prequalified" if definition.prequalified else "open",
        form=form,
        grounds=[(name, field.label, "") for name, field in definition.invitation_grounds.items()],
        invitation=await find_invitation(tx, lot.id) if definition.is_invited else None,
        open=lot.stage is Stage.REGISTERED,
        documents=[item for item in await list_documents(tx, lot.id) if item.purpose == PREQUALIFICATION],
        prequalification=held,
        due=held is not None and held.concluded_at is None and tx.now >= held.deadline,
        applications=await list_applications(tx, actor, lot.id) if held else [],
        marks=marked_fields(form.values, _LOOKED_THROUGH),
        statement=f"我以{lot.agency_name}的名义确认以上内容，发布后不能删除，只能更正",
    )
    return render_page(request, "trading/admission.html", {"page": page}, status=status, now=tx.now)


def _back(lot_id: UUID) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/admission"})


HANDLERS = [admission_page, invitation_form, prequalification_file, prequalification_form, postpone_form, result_form]
