"""JSON doors of inspections: registers, plan, draws, records, publication, and what everybody may read."""

from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.params import Parameter

from kernel.canonical import NotCanonical, b64u_decode, format_time
from kernel.db.transaction import Tx
from kernel.drawbook.transcript import pool_file, transcript
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log.reader import list_entries
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services
from supervision import (
    corrections,
    drawing,
    freezing,
    inspections,
    publication,
    record_documents,
    records,
    registers,
)
from supervision.drafts import (
    CheckDraft,
    Conflict,
    FreezeDraft,
    InspectorsDraft,
    PlanDraft,
    PublicationDraft,
    TargetsDraft,
)
from supervision.queries import get_inspection, list_inspections, list_picks
from supervision.schemas import (
    Committed,
    NewCorrection,
    NewRecord,
    Reason,
    Revealed,
    inspection_json,
    line_json,
    pick_json,
)
from supervision.vocabulary import Stage

_TAGS = ["supervision"]


@post(
    "/api/v1/registers/targets",
    guards=[permits("inspection.plan")],
    status_code=200,
    tags=_TAGS,
    summary="Take objects into the register",
)
async def add_targets(tx: Tx, actor: Actor, data: TargetsDraft) -> dict[str, int]:
    """Import objects of one kind."""
    return {"registered": await registers.import_targets(tx, actor, data)}


@post(
    "/api/v1/registers/inspectors",
    guards=[permits("inspection.plan")],
    status_code=200,
    tags=_TAGS,
    summary="Take inspectors into the register",
)
async def add_inspectors(tx: Tx, actor: Actor, data: InspectorsDraft) -> dict[str, int]:
    """Import inspectors by their accounts."""
    return {"registered": await registers.import_inspectors(tx, actor, data)}


@post(
    "/api/v1/registers/conflicts",
    guards=[permits("inspection.record")],
    tags=_TAGS,
    summary="Declare a unit to stay away from",
)
async def add_conflict(tx: Tx, actor: Actor, data: Conflict) -> dict[str, str]:
    """Declare an own conflict of interest."""
    await registers.declare_conflict(tx, actor, data)
    return {"unit": data.unit}


@post("/api/v1/inspections", guards=[permits("inspection.plan")], tags=_TAGS, summary="Plan a double-random inspection")
async def add_inspection(tx: Tx, actor: Actor, data: PlanDraft) -> dict[str, Any]:
    """Lay down a plan; it is public at once."""
    return inspection_json(await get_inspection(tx, await inspections.plan(tx, actor, data)))


@get("/api/v1/inspections", opt=PUBLIC, tags=_TAGS, summary="Inspections, newest first")
async def read_inspections(
    tx: Tx, before: str | None = None, most: Annotated[int, Parameter(ge=1, le=100)] = 50
) -> dict[str, Any]:
    """List inspections, a page at a time."""
    lines = await list_inspections(tx, most=most, before=before)
    return {"items": [line_json(line) for line in lines], "before": lines[-1].number if len(lines) == most else None}


@get("/api/v1/inspections/{inspection_id:uuid}", opt=PUBLIC, tags=_TAGS, summary="An inspection")
async def read_inspection(tx: Tx, inspection_id: UUID) -> dict[str, Any]:
    """Return an inspection; names of objects only once it is published."""
    return inspection_json(await get_inspection(tx, inspection_id))


@get(
    "/api/v1/inspections/{inspection_id:uuid}/draws/{which:str}",
    opt=PUBLIC,
    tags=_TAGS,
    summary="Transcript and pool of a draw: targets or inspectors",
)
async def read_draw(tx: Tx, inspection_id: UUID, which: str) -> dict[str, Any]:
    """Return what anybody needs to replay a draw."""
    view = await get_inspection(tx, inspection_id)
    draw = {"targets": view.target_draw, "inspectors": view.inspector_draw}.get(which)
    if draw is None:
        raise NotFound
    return {"transcript": await transcript(tx, draw.id), "pool": await pool_file(tx, draw.id)}


@get(
    "/api/v1/inspections/{inspection_id:uuid}/timeline",
    opt=PUBLIC,
    tags=_TAGS,
    summary="The public entries of an inspection; index is null until the log has numbered one",
)
async def read_timeline(tx: Tx, inspection_id: UUID) -> list[dict[str, Any]]:
    """List what is on public record about an inspection, in the order in which it happened."""
    entries = sorted(await list_entries(tx, inspection_id), key=lambda entry: entry.entry_id)
    return [
        {"type": one.type, "at": format_time(one.at), "index": one.index, "detail": one.detail}
        for one in entries
        if one.visibility == "public"
    ]


@get(
    "/api/v1/inspections/{inspection_id:uuid}/picks",
    guards=[permits("inspection.plan")],
    tags=_TAGS,
    summary="Drawn objects, teams and records, for supervision",
)
async def read_picks(services: Services, actor: Actor, inspection_id: UUID) -> list[dict[str, Any]]:
    """List the drawn objects for the own body, through the oversight login."""
    async with services.db.begin_read_only(oversight=True) as tx:
        if (await get_inspection(tx, inspection_id)).organisation_id != actor.organisation_id:
            raise NotFound
        return [pick_json(pick) for pick in await list_picks(tx, inspection_id)]


@post(
    "/api/v1/inspections/{inspection_id:uuid}/freeze",
    guards=[permits("inspection.decide")],
    tags=_TAGS,
    summary="Freeze the next draw: of the objects, then of the inspectors",
)
async def freeze(tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: FreezeDraft) -> dict[str, str]:
    """Freeze the draw whose turn it is."""
    stage = (await get_inspection(tx, inspection_id)).stage
    act = freezing.freeze_inspectors if stage is Stage.DRAWN else freezing.freeze_targets
    return {"draw": str(await act(tx, actor, services.plugins["vault"], inspection_id, data))}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/commits",
    guards=[permits("inspection.contribute")],
    tags=_TAGS,
    summary="Commit to a random value for the running draw",
)
async def commit(tx: Tx, actor: Actor, inspection_id: UUID, data: Committed) -> dict[str, str]:
    """Take a signed commitment."""
    return {"party": await drawing.commit(tx, actor, inspection_id, data.jws)}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/close",
    guards=[permits("inspection.decide")],
    status_code=200,
    tags=_TAGS,
    summary="Close the commitments of the running draw",
)
async def close(tx: Tx, actor: Actor, inspection_id: UUID) -> dict[str, str]:
    """Close the commitments."""
    await drawing.close(tx, actor, inspection_id)
    return {"state": "closed"}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/reveals",
    guards=[permits("inspection.contribute")],
    status_code=200,
    tags=_TAGS,
    summary="Reveal the random value; the last one brings the result",
)
async def reveal(tx: Tx, actor: Actor, services: Services, inspection_id: UUID, data: Revealed) -> dict[str, bool]:
    """Take a random value."""
    try:
        value = b64u_decode(data.r, 32)
    except NotCanonical as error:
        raise InvalidInput("随机数应为 32 字节。", [("r", "base64url，32 字节")]) from error
    return {"drawn": await drawing.reveal(tx, actor, services.plugins["vault"], inspection_id, data.party, value)}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/void",
    guards=[permits("inspection.decide")],
    status_code=200,
    tags=_TAGS,
    summary="Declare the running draw void after somebody stayed silent",
)
async def void(tx: Tx, actor: Actor, inspection_id: UUID) -> dict[str, str]:
    """End an attempt that cannot go on."""
    return {"reason": await drawing.void(tx, actor, inspection_id)}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/termination",
    guards=[permits("inspection.decide")],
    status_code=200,
    tags=_TAGS,
    summary="Give the inspection up while nothing can be known of an outcome",
)
async def terminate(tx: Tx, actor: Actor, inspection_id: UUID, data: Reason) -> dict[str, str]:
    """Give an inspection up, with a public reason."""
    await inspections.terminate(tx, actor, inspection_id, data.reason)
    return {"stage": Stage.TERMINATED.value}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/assignments",
    guards=[permits("inspection.record")],
    status_code=200,
    tags=_TAGS,
    summary="Open the own assignments; every opening is logged",
)
async def open_assignments(tx: Tx, actor: Actor, services: Services, inspection_id: UUID) -> list[dict[str, Any]]:
    """Return the own objects with team mates and records."""
    opened = await records.open_assignment(tx, actor, services.plugins["vault"], inspection_id)
    await tx.session.flush()  # the read below sees who was opened
    return [pick_json(pick) for pick in await list_picks(tx, inspection_id) if pick.target_id in opened]


@post(
    "/api/v1/inspections/{inspection_id:uuid}/records",
    guards=[permits("inspection.record")],
    tags=_TAGS,
    summary="Record what was found at an object; returns what the team signs",
)
async def add_record(tx: Tx, actor: Actor, inspection_id: UUID, data: NewRecord) -> dict[str, Any]:
    """Write a record down."""
    made = await records.record_result(tx, actor, inspection_id, data.target, data.record)
    return {"id": str(made.id), "version": made.version, "typ": records.RECORD_TYP, "payload": made.payload}


@get(
    "/api/v1/inspections/{inspection_id:uuid}/records/{record_id:uuid}",
    guards=[permits("inspection.record")],
    tags=_TAGS,
    summary="The newest record of an own object in full, and what the team signs",
)
async def read_record(tx: Tx, actor: Actor, inspection_id: UUID, record_id: UUID) -> dict[str, Any]:
    """Return a record to somebody of its team."""
    found = await record_documents.read_record(tx, actor, inspection_id, record_id)
    return {"record": found.document, "typ": records.RECORD_TYP, "payload": found.payload}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/corrections",
    guards=[permits("inspection.decide")],
    tags=_TAGS,
    summary="Order a correction of what was found at an object",
)
async def order_correction(tx: Tx, actor: Actor, inspection_id: UUID, data: NewCorrection) -> dict[str, str]:
    """Order a correction."""
    made = await corrections.order_correction(tx, actor, inspection_id, data.target, data.correction)
    return {"id": str(made)}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/corrections/{correction_id:uuid}/check",
    guards=[permits("inspection.decide")],
    status_code=200,
    tags=_TAGS,
    summary="Write down what came of a correction",
)
async def check_correction(
    tx: Tx, actor: Actor, inspection_id: UUID, correction_id: UUID, data: CheckDraft
) -> dict[str, str]:
    """Close an order."""
    await corrections.check_correction(tx, actor, inspection_id, correction_id, data)
    return {"outcome": data.outcome.value}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/records/{record_id:uuid}/signatures",
    guards=[permits("inspection.record")],
    tags=_TAGS,
    summary="Sign the record of an own object",
)
async def sign(tx: Tx, actor: Actor, inspection_id: UUID, record_id: UUID, data: Committed) -> dict[str, bool]:
    """Take an inspector's signature."""
    return {"complete": await records.sign_record(tx, actor, inspection_id, record_id, data.jws)}


@post(
    "/api/v1/inspections/{inspection_id:uuid}/publish",
    guards=[permits("inspection.decide")],
    status_code=200,
    tags=_TAGS,
    summary="Publish the results",
)
async def publish(tx: Tx, actor: Actor, inspection_id: UUID, data: PublicationDraft) -> dict[str, Any]:
    """Publish the results, object by object."""
    return await publication.publish(tx, actor, inspection_id, data)


HANDLERS: list[Any] = [
    add_targets,
    add_inspectors,
    add_conflict,
    add_inspection,
    read_inspections,
    read_inspection,
    read_draw,
    read_timeline,
    read_picks,
    freeze,
    commit,
    close,
    reveal,
    void,
    terminate,
    open_assignments,
    add_record,
    read_record,
    sign,
    order_correction,
    check_correction,
    publish,
]
