"""Invitations, prequalification, corrections, and the check of wording."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post, put
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Response

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from kernel.web.downloads import serve_file
from kernel.web.guards import permits, signed_in
from kernel.web.services import Services
from trading import advising
from trading.applying import (
    ApplicationView,
    access_application_file,
    apply,
    find_own_application,
    list_applications,
    withdraw_application,
)
from trading.correcting import correct_lot
from trading.documents import MAX_SIZE, PREQUALIFICATION, upload_document
from trading.drafts import CorrectionDraft, InvitationDraft, PrequalificationDraft, VerdictDraft
from trading.holders import holders_of
from trading.inviting import decide_invitation, find_invitation
from trading.legal import procedure_of_lot
from trading.prequalifying import announce_prequalification, conclude_prequalification, postpone_prequalification
from trading.procedures.book import Combination, current
from trading.procedures.definition import Definition, ProcedureRefused
from trading.progress import access_lot
from trading.restrictive import find_marks
from trading.schemas import NewDeadline, document_json, moment, posted_json
from trading.vocabulary import LotKind, Regime, TenderMethod

_TAGS = ["trading"]
_LOT = "/api/v1/lots/{lot_id:uuid}"


class Wording(msgspec.Struct, forbid_unknown_fields=True):
    """A text to look through."""

    text: str


class TypedForm(msgspec.Struct, forbid_unknown_fields=True):
    """A form as far as it is typed.

    Attributes:
        lot: whose procedure says what is wanted; None for a lot that is not registered yet.
    """

    form: advising.Form
    values: dict[str, str]
    lot: UUID | None = None


@post(f"{_LOT}/invitation", guards=[permits("invitation.decide")], tags=_TAGS, summary="Decide whom to invite")
async def add_invitation(tx: Tx, actor: Actor, lot_id: UUID, data: InvitationDraft) -> dict[str, int]:
    """Decide ground, approval and invited firms; the newest decision holds until the invitation is out."""
    return {"no": await decide_invitation(tx, actor, lot_id, data)}


@get(f"{_LOT}/invitation", guards=[permits("invitation.decide")], tags=_TAGS, summary="Whom the own lot invites")
async def read_invitation(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Return the decision to the lot's own parties.

    Raises:
        NotFound: absent, somebody else's, or nothing is decided: the answer is the same.
    """
    await access_lot(tx, actor, lot_id)
    found = await find_invitation(tx, lot_id)
    if found is None:
        raise NotFound
    return {
        "no": found.no,
        "ground": found.ground,
        "reason": found.reason,
        "approved_by": found.approved_by,
        "approval_no": found.approval_no,
        "invitees": [{"uscc": item.uscc, "name": item.name} for item in found.invitees],
    }


@put(
    f"{_LOT}/prequalification/documents",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Upload a document of the prequalification",
    status_code=201,
    request_max_body_size=MAX_SIZE + 1,
)
async def add_prequalification_document(
    tx: Tx, actor: Actor, services: Services, lot_id: UUID, name: str, body: bytes
) -> dict[str, Any]:
    """Keep the body as a document that applicants get."""
    kept = await upload_document(tx, actor, services.files, lot_id, name=name, data=body, purpose=PREQUALIFICATION)
    return document_json(kept, lot_id)


@post(f"{_LOT}/prequalification", guards=[permits("notice.publish")], tags=_TAGS, summary="Announce a prequalification")
async def add_prequalification(tx: Tx, actor: Actor, lot_id: UUID, data: PrequalificationDraft) -> dict[str, Any]:
    """Publish the announcement and issue its documents."""
    return posted_json(await announce_prequalification(tx, actor, lot_id, data))


@post(
    f"{_LOT}/prequalification/deadline",
    guards=[permits("notice.publish")],
    tags=_TAGS,
    summary="Let applications come in longer",
)
async def add_prequalification_deadline(tx: Tx, actor: Actor, lot_id: UUID, data: NewDeadline) -> dict[str, Any]:
    """Postpone; the new announcement shows the difference."""
    return posted_json(await postpone_prequalification(tx, actor, lot_id, data.deadline, data.reason))


@post(
    f"{_LOT}/prequalification/result",
    guards=[permits("notice.publish")],
    tags=_TAGS,
    summary="Decide every application and publish the result",
)
async def add_prequalification_result(tx: Tx, actor: Actor, lot_id: UUID, data: list[VerdictDraft]) -> dict[str, Any]:
    """Conclude; each applicant is told its own result, the public whether enough have passed."""
    return posted_json(await conclude_prequalification(tx, actor, lot_id, tuple(data)))


@get(f"{_LOT}/applications", guards=[permits("lot.room")], tags=_TAGS, summary="The applications, after the deadline")
async def read_applications(tx: Tx, actor: Actor, lot_id: UUID) -> list[dict[str, Any]]:
    """List the applications of an own lot; before the deadline there are none to see."""
    return [_json(view) for view in await list_applications(tx, actor, lot_id)]


@post(
    f"{_LOT}/application",
    guards=[permits("application.submit")],
    tags=_TAGS,
    summary="Apply for a prequalification, or replace the own application",
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def add_application(
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, str]:
    """Hand in `statement` and any number of `file`."""
    files = [(name, content) async for name, content in _files(data.get("file"))]
    made = await apply(tx, actor, services.files, lot_id, str(data.get("statement", "")), files)
    return {"id": str(made)}


@get(f"{_LOT}/application", guards=[permits("application.submit")], tags=_TAGS, summary="The own application")
async def read_application(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Return the own application with its result.

    Raises:
        NotFound: there is none.
    """
    view = await find_own_application(tx, actor, lot_id) if actor.covers(lot_id) else None
    if view is None:
        raise NotFound
    return _json(view)


@post(
    f"{_LOT}/application/withdraw",
    guards=[permits("application.submit")],
    tags=_TAGS,
    summary="Withdraw the own application",
    status_code=204,
)
async def take_back_application(tx: Tx, actor: Actor, lot_id: UUID) -> None:
    """Take the application back, before the deadline."""
    await withdraw_application(tx, actor, lot_id)


@get(f"{_LOT}/application/files/{{file_id:uuid}}", guards=[signed_in], tags=_TAGS, summary="A file of an application")
async def read_application_file(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, file_id: UUID
) -> Response[Any]:
    """Return the file to its applicant, and after the deadline to the lot's own parties."""
    return serve_file(request, services.files, await access_application_file(tx, actor, lot_id, file_id))


@post(f"{_LOT}/corrections", guards=[permits("notice.publish")], tags=_TAGS, summary="Correct the notice")
async def add_correction(
    tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: CorrectionDraft
) -> dict[str, Any]:
    """Publish the next version with its differences; with too few days left the deadline moves, or it is refused."""
    return posted_json(await correct_lot(tx, actor, holders_of(services.plugins), lot_id, data))


@post(
    "/api/v1/wording/check",
    guards=[signed_in],
    tags=_TAGS,
    summary="Places of a text that look restrictive, with articles",
    status_code=200,
)
async def check_wording(data: Wording) -> list[dict[str, Any]]:
    """Return what looks restrictive: advice, with the place in characters."""
    return [mark.described() for mark in find_marks(data.text)]


@post(
    "/api/v1/wording/form",
    guards=[permits("lot.room")],
    tags=_TAGS,
    summary="What a form still lacks, and what in it looks restrictive, with articles",
    status_code=200,
)
async def check_form(tx: Tx, actor: Actor, data: TypedForm) -> list[dict[str, Any]]:
    """Return advice beside fields, while somebody types; nothing is kept."""
    procedure = await _procedure_of(tx, actor, data)
    return [item.described() for item in advising.advise(data.form, data.values, procedure)]


async def _procedure_of(tx: Tx, actor: Actor, data: TypedForm) -> Definition | None:
    if data.lot is not None:
        lot, project = await access_lot(tx, actor, data.lot)
        return procedure_of_lot(lot, project)
    try:
        chosen = Combination(
            Regime(data.values.get("regime", "")),
            LotKind(data.values.get("kind", "")),
            TenderMethod(data.values.get("method", "")),
            data.values.get("prequalified") == "yes",
        )
        return current(chosen, legal_date(tx.now))
    except (ValueError, ProcedureRefused):
        return None  # not chosen yet, or no such combination: saving says so


async def _files(given: Any) -> Any:
    for file in given if isinstance(given, list) else [given]:
        if isinstance(file, UploadFile) and file.filename:
            yield file.filename.replace("\\", "/").rpartition("/")[2], await file.read()


def _json(view: ApplicationView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "applicant": view.organisation_name,
        "statement": view.statement,
        "files": view.files,
        "submitted_at": moment(view.submitted_at),
        "withdrawn_at": moment(view.withdrawn_at),
        "passed": view.passed,
        "reason": view.reason,
    }


HANDLERS = [
    add_invitation,
    read_invitation,
    add_prequalification_document,
    add_prequalification,
    add_prequalification_deadline,
    add_prequalification_result,
    read_applications,
    add_application,
    read_application,
    take_back_application,
    read_application_file,
    add_correction,
    check_wording,
    check_form,
]
