"""An inspector's forms: open the own tasks, write a record down, declare whom to stay away from."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.services import Services
from supervision import records
from supervision.drafts import Evidence, RecordDraft
from supervision.pages.showing import Desk
from supervision.record_documents import newest_record
from supervision.vocabulary import ResultCode
from trading.pages.common import Form, require_agreement, texts_of

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
#: Evidence that a form may carry; only its digest is kept.
MAX_EVIDENCE = 50 * 1024 * 1024
_ROOM = "/s/inspections/{inspection_id:uuid}"
_RECORD = [permits("inspection.record")]


@post(f"{_ROOM}/assignments", guards=_RECORD, include_in_schema=False)
async def open_assignments(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, inspection_id: UUID
) -> Response[Any]:
    """Open the own assignments."""
    desk = Desk(request, tx, actor, services, inspection_id)
    vault = services.plugins["vault"]
    return await desk.run(lambda: records.open_assignment(tx, actor, vault, inspection_id))


@post(
    f"{_ROOM}/records/{{target_id:uuid}}",
    guards=_RECORD,
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
    desk = Desk(request, tx, actor, services, inspection_id, form, target_id)
    if form.values.get("code") not in set(ResultCode):
        form.errors["code"] = "请选择结论。"
    require_agreement(form)
    if form.errors:
        return await desk.show()
    evidence = await _kept(tx, target_id, form) + await _added(uploads if isinstance(uploads, list) else [uploads])
    draft = _record(form, evidence)
    return await desk.run(lambda: records.record_result(tx, actor, inspection_id, target_id, draft))


def _record(form: Form, evidence: list[Evidence]) -> RecordDraft:
    values = {name: str(value).replace("\r\n", "\n") for name, value in form.values.items()}
    found = "found-"
    return RecordDraft(
        code=ResultCode(values["code"]),
        items={name.removeprefix(found): value for name, value in values.items() if name.startswith(found)},
        findings=values.get("findings", ""),
        summary=values.get("summary", ""),
        basis=values.get("basis", ""),
        evidence=tuple(evidence),
    )


async def _kept(tx: Tx, target_id: UUID, form: Form) -> list[Evidence]:
    """Return the evidence of the version before that the form keeps."""
    given = form.values.get("keep", [])
    wanted = form.values["keep"] = given if isinstance(given, list) else [given]
    before = await newest_record(tx, target_id)
    known = [] if before is None else before.evidence
    return [Evidence(**piece) for piece in known if piece["sha256"] in wanted]


async def _added(uploads: list[Any]) -> list[Evidence]:
    pieces = []
    for upload in uploads:
        if isinstance(upload, UploadFile) and upload.filename:
            content = await upload.read()
            digest = b64u_encode(hashlib.sha256(content).digest())
            pieces.append(Evidence(name=upload.filename[:200], sha256=digest, size=len(content)))
    return pieces


HANDLERS: list[Any] = [open_assignments, add_record]
