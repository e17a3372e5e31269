"""An organisation's one registration in three steps, saved while typing; the same for programs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.credit_code import CreditCode, describe_credit_code
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.names import name_fault
from kernel.parties import library, organisations, registering
from kernel.parties.fields import FieldCipher, masked_account, masked_id_number, masked_phone
from kernel.parties.library import CertificateView
from kernel.parties.organisations import OrganisationView
from kernel.parties.registering import DocumentView
from kernel.parties.registration_form import DOCUMENTS, FIELDS, PROMISE, Lack, find_lacks
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from portal.parties import Form, cipher_of, side_of, validity_of

_MAY = [permits("organisation.register")]
#: Fields that are shown masked once they were saved; an empty input keeps what was saved.
_SECRET: dict[str, Callable[[str], str]] = {
    "contact_id_number": masked_id_number,
    "contact_phone": masked_phone,
    "bank_account": lambda number: masked_account(number[-4:]),
}
_ROOM = registering.MAX_DOCUMENT + (1 << 16)


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that the three steps ask, from a program."""

    contact_name: str
    contact_phone: str
    address: str
    bank_name: str
    bank_account: str
    contact_id_number: str = ""
    email: str = ""
    postcode: str = ""
    promise: str = ""


class DraftValues(msgspec.Struct, forbid_unknown_fields=True):
    """What was typed so far."""

    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A kind of document, and what was handed in."""

    kind: str
    label: str
    needed: bool
    hint: str
    given: DocumentView | None


@dataclass(frozen=True, slots=True)
class RegistrationPage:
    """The context of `portal/registration.html` and its print."""

    step: int
    side: str
    organisation: OrganisationView
    legal_representative: str
    code: CreditCode
    certificate: CertificateView | None
    certificate_state: tuple[str, str]
    spelling: str
    form: Form
    kept: dict[str, str]
    documents: list[DocumentRow]
    lacks: list[Lack]
    saved_at: datetime | None
    fields: list[tuple[str, str]]


@get("/registration", guards=_MAY, include_in_schema=False)
async def start(tx: Tx, actor: Actor, services: Services) -> Response[None]:
    """Lead to the first step that is not finished; the first visit begins with what the licence says."""
    draft = await _draft(tx, actor, cipher_of(services))
    lacks = await _lacks(tx, actor, draft)
    step = 1 if not draft else min((lack.step for lack in lacks), default=3)
    return Response(None, status_code=303, headers={"Location": f"/registration/{step}"})


# Spelt out: a parameter in the path would lose to the addresses that the forms post to.
@get(["/registration/1", "/registration/2", "/registration/3"], guards=_MAY, include_in_schema=False)
async def step_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show a step."""
    return await _show(request, tx, actor, services, int(request.url.path[-1]))


@post("/registration/2", guards=_MAY, include_in_schema=False)
async def contacts_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Save step 2 and go on; what is wrong is said and kept."""
    typed = {name: str(value) for name, value in data.items() if name in FIELDS}
    draft = await _save(tx, actor, cipher_of(services), typed)
    errors = {lack.field: lack.message for lack in await _lacks(tx, actor, draft) if lack.step == 2}
    if errors:
        return await _show(request, tx, actor, services, 2, Form(typed, errors), status=422)
    return Response(None, status_code=303, headers={"Location": "/registration/3"})


@post("/registration/documents/{kind:str}", guards=_MAY, include_in_schema=False, request_max_body_size=_ROOM)
async def document_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    kind: str,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Hand in a document of step 3."""
    file = data.get(kind)
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise InvalidInput("请选择文件。", [(kind, "请先选择文件，再按上传")])
        name = file.filename.replace("\\", "/").rpartition("/")[2]
        await registering.add_document(tx, actor, services.files, kind, name, await file.read())
    except InvalidInput as fault:
        return await _show(request, tx, actor, services, 3, Form({}, dict(fault.fields)), status=422)
    return Response(None, status_code=303, headers={"Location": "/registration/3"})


@post("/registration/3", guards=_MAY, include_in_schema=False)
async def completion_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Complete the registration; whatever is missing is listed with its step."""
    cipher = cipher_of(services)
    draft = await _draft(tx, actor, cipher) | {PROMISE: str(data.get(PROMISE, ""))}
    try:
        await registering.complete_registration(tx, actor, cipher, draft)
    except InvalidInput as fault:
        errors = {name: message for name, message in fault.fields if name not in FIELDS}
        if len(errors) < len(fault.fields):
            errors["contacts"] = f"第 2 步还有 {len(fault.fields) - len(errors)} 处需要补充，请返回填写。"
        return await _show(request, tx, actor, services, 3, Form(draft, errors), status=422)
    return Response(None, status_code=303, headers={"Location": "/organisation?done=1"})


@get("/registration/print", guards=_MAY, include_in_schema=False)
async def print_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show the whole registration on one page, for paper."""
    return await _show(request, tx, actor, services, 0)


@get("/api/v1/registration", guards=_MAY, tags=["organisations"], summary="Is the own registration complete?")
async def state_api(tx: Tx, actor: Actor, services: Services) -> dict[str, Any]:
    """Return whether the registration is complete, and what is missing."""
    organisation = await organisations.get_organisation(tx, _own(actor))
    draft = await _draft(tx, actor, cipher_of(services))
    lacks = [] if organisation.registered_at else await _lacks(tx, actor, draft)
    return {
        "uscc": organisation.uscc,
        "name": organisation.name,
        "complete": organisation.registered_at is not None,
        "missing": [{"step": lack.step, "field": lack.field, "detail": lack.message} for lack in lacks],
    }


@post(
    "/api/v1/registration",
    guards=_MAY,
    status_code=200,
    tags=["organisations"],
    summary="Complete the own registration",
)
async def complete_api(tx: Tx, actor: Actor, services: Services, data: Registration) -> dict[str, Any]:
    """Complete the registration in one go, after the documents."""
    await registering.complete_registration(tx, actor, cipher_of(services), msgspec.to_builtins(data))
    return {"complete": True}


@put("/api/v1/registration/draft", guards=_MAY, tags=["organisations"], summary="Save what was typed so far")
async def draft_api(tx: Tx, actor: Actor, services: Services, data: DraftValues) -> dict[str, Any]:
    """Keep the draft; nothing is judged."""
    await _save(tx, actor, cipher_of(services), data.values)
    return {"saved_at": tx.now.isoformat()}


@put(
    "/api/v1/registration/documents/{kind:str}",
    guards=_MAY,
    tags=["organisations"],
    summary="Hand in a document",
    request_max_body_size=_ROOM,
)
async def document_api(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, kind: str, name: str
) -> dict[str, str]:
    """Keep a document; the body is the file."""
    file = await registering.add_document(tx, actor, services.files, kind, name, await request.body())
    return {"digest": file.digest.hex()}


def _own(actor: Actor) -> Any:
    if actor.organisation_id is None:
        raise NotFound("您的账户没有所属单位。")
    return actor.organisation_id


async def _save(tx: Tx, actor: Actor, cipher: FieldCipher, typed: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in typed.items() if value.strip() or name not in _SECRET}
    await registering.save_draft(tx, actor, cipher, kept)
    return await registering.read_draft(tx, cipher, _own(actor))


async def _draft(tx: Tx, actor: Actor, cipher: FieldCipher) -> dict[str, str]:
    """Return what was typed so far; of a complete registration what is no secret, to be changed."""
    organisation_id = _own(actor)
    draft = await registering.read_draft(tx, cipher, organisation_id)
    profile = await registering.find_profile(tx, organisation_id)
    if profile is None:
        return draft
    contacts = await registering.list_contacts(tx, cipher, organisation_id)
    known = {
        "contact_name": contacts[0].name if contacts else "",
        "email": profile.email,
        "address": profile.address,
        "postcode": profile.postcode,
        "bank_name": profile.bank_name,
    }
    return known | draft


async def _lacks(tx: Tx, actor: Actor, draft: dict[str, str]) -> list[Lack]:
    given = {document.kind for document in await registering.list_documents(tx, _own(actor))}
    return find_lacks(draft, given)


async def _show(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    step: int,
    form: Form | None = None,
    status: int = 200,
) -> Response[str]:
    organisation = await organisations.get_organisation(tx, _own(actor))
    draft = await _draft(tx, actor, cipher_of(services))
    names = await organisations.list_names(tx, organisation.id)
    certificates = await library.list_certificates(tx, organisation.id)
    newest = certificates[0] if certificates else None
    given = {document.kind: document for document in await registering.list_documents(tx, organisation.id)}
    open_values = {name: value for name, value in draft.items() if name not in _SECRET}
    page = RegistrationPage(
        step=step,
        side=side_of(actor),
        organisation=organisation,
        legal_representative=names[0].legal_representative if names else "",
        code=describe_credit_code(organisation.uscc),
        certificate=newest,
        certificate_state=validity_of(newest.valid_until, tx.now) if newest else ("mute", "未登录过"),
        spelling=name_fault(newest.holder, organisation.name) if newest else "",
        form=form if form is not None else Form(open_values),
        kept={name: mask(draft[name]) for name, mask in _SECRET.items() if draft.get(name)},
        documents=[DocumentRow(kind, label, needed, hint, given.get(kind)) for kind, label, needed, hint in DOCUMENTS],
        lacks=find_lacks(draft, given),
        saved_at=await registering.draft_saved_at(tx, organisation.id),
        fields=[(label, _shown(name, draft)) for name, (label, _, _) in FIELDS.items()],
    )
    template = "portal/registration.html" if step else "portal/registration_print.html"
    return render_page(request, template, {"page": page}, status=status, now=tx.now)


def _shown(name: str, draft: dict[str, str]) -> str:
    value = draft.get(name, "")
    return _SECRET[name](value) if value and name in _SECRET else value


HANDLERS = [
    start,
    step_page,
    contacts_form,
    document_form,
    completion_form,
    print_page,
    state_api,
    complete_api,
    draft_api,
    document_api,
]
