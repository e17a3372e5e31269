"""The opening: close list, releases, heads, shares, table, record, forms, files."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request, Response, get, post
from litestar.response import Stream

from bidding import alarms, emergency, extending, opening_view, queries, recording, releasing, second_step, sharing
from bidding.addressee import find_lot_of
from bidding.alarms import KeyUsedTooEarly
from bidding.api.licence import trust_of
from bidding.evaluators import require_evaluator
from bidding.faults import cause_of
from bidding.objection_reading import list_opening_objections, objection_json
from bidding.opening_view import BidLine, OpeningView
from bidding.schemas import Decision, SignedMessage, TechnicalConclusion, WindowExtension
from bidding.second_step import Verdict
from bidding.sharing import ShareRefused
from bidding.vocabulary import FORM
from kernel.canonical import NotCanonical, b64u_encode, format_time, parse_time
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.files.library import find_file
from kernel.files.store import content_name
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.services import Services
from trading import facade as trading

_T = TypeVar("_T")


@get(
    "/api/v1/lots/{lot_id:uuid}/close-list",
    opt=PUBLIC,
    tags=["opening"],
    summary="The close list with its proof: for those in it once it is closed, for everybody after the opening",
)
async def close_list(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the close list; a bidder checks it before releasing anything."""
    return await queries.get_close_list(tx, actor_of_connection(request), lot_id)


@post(
    "/api/v1/releases",
    guards=[permits("bid.open")],
    status_code=200,
    tags=["opening"],
    summary="Release one's secrets inside the window",
)
async def release(services: Services, actor: Actor, data: SignedMessage) -> dict[str, str]:
    """Take a bidder's release."""
    trust = trust_of(services)
    await watched(services, actor, lambda tx: releasing.release(tx, actor, data.jws, trust=trust))
    return {"state": "released"}


@get(
    "/api/v1/lots/{lot_id:uuid}/headers",
    guards=[permits("opening.heads")],
    tags=["opening"],
    summary="A bidder's own heads; for a trustee all that were released, with what he verifies before opening a share",
)
async def headers(services: Services, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return heads; to a trustee with the proofs, and too early it is refused and reported."""
    async with services.db.begin_read_only() as tx:
        if actor.has("bidder") and not await sharing.has_seat(tx, actor, lot_id):
            return await queries.list_own_headers(tx, actor, lot_id)
    return await watched(services, actor, lambda tx: sharing.list_headers(tx, actor, lot_id))


@post(
    "/api/v1/shares",
    guards=[permits("share.give")],
    status_code=200,
    tags=["opening"],
    summary="Post all one's shares in one signed batch",
)
async def shares(services: Services, actor: Actor, data: SignedMessage) -> dict[str, str]:
    """Take a trustee's batch; a wrong share is refused and kept as evidence."""
    try:
        await watched(services, actor, lambda tx: sharing.post_shares(tx, actor, data.jws))
    except ShareRefused as refusal:
        async with services.db.begin() as tx:
            lot = await find_lot_of(tx, data.jws)
            await sharing.record_wrong_share(tx, actor, lot.id, refusal)
        raise
    return {"state": "posted"}


async def watched(services: Services, actor: Actor, act: Callable[[Tx], Awaitable[_T]]) -> _T:
    """Run an act on keys in a transaction of its own; a key used too early raises an alarm in another."""
    try:
        return await services.db.run(act)
    except KeyUsedTooEarly as early:
        async with services.db.begin() as tx:
            await alarms.raise_alarm(tx, actor, early)
        raise


@get(
    "/api/v1/lots/{lot_id:uuid}/opening",
    opt=PUBLIC,
    tags=["opening"],
    summary="Where the opening stands; names and prices once the table is public",
)
async def state(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the state of the opening."""
    lot = await trading.view_lot(tx, actor_of_connection(request), lot_id)
    if lot.published_at is None:
        raise NotFound
    view = await opening_view.find_opening(tx, lot_id)
    if view is None:
        return {"stage": "sealed", "deadline": format_time(lot.deadline) if lot.deadline else None, "bids": []}
    objections = [objection_json(one) for one in await list_opening_objections(tx, lot_id)]
    return _shown(view, await opening_view.list_bids_after_opening(tx, lot_id), objections)


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/confirm",
    guards=[permits("opening.confirm")],
    status_code=200,
    tags=["opening"],
    summary="Confirm the opening record",
)
async def confirm(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, str]:
    """Confirm the record; the sealed PDF follows."""
    await recording.confirm_record(tx, actor, lot_id)
    return {"state": "recorded"}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/technical",
    guards=[permits("opening.second")],
    status_code=200,
    tags=["opening"],
    summary="Put on record who passed the technical evaluation of bids in two envelopes",
)
async def conclude_technical(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: TechnicalConclusion) -> dict[str, str]:
    """Publish the outcome of the technical evaluation."""
    verdicts = [Verdict(one.bidder, one.passed, one.reason) for one in data.verdicts]
    await second_step.conclude_technical(tx, actor, lot_id, verdicts)
    return {"state": "concluded"}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/second",
    guards=[permits("opening.second")],
    status_code=200,
    tags=["opening"],
    summary="Begin to open the second envelopes of those who passed",
)
async def open_second(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, str]:
    """Begin the second step of the opening."""
    await second_step.open_second(tx, actor, lot_id)
    return {"state": "releasing"}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/window",
    guards=[permits("opening.intervene")],
    status_code=200,
    tags=["opening"],
    summary="Give bidders more time, because the platform was down",
)
async def extend(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: WindowExtension) -> dict[str, str]:
    """Extend the window."""
    try:
        until = parse_time(data.until)
    except NotCanonical as error:
        raise InvalidInput("时间格式应为 2026-08-06T06:30:00.000Z。", [("until", "时间格式不正确")]) from error
    await extending.extend_window(tx, actor, lot_id, until, data.reason)
    return {"until": data.until}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/emergency",
    guards=[permits("opening.intervene")],
    status_code=200,
    tags=["opening"],
    summary="Decide that bidders may give file keys directly, because trustees fail",
)
async def decide_emergency(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: Decision) -> dict[str, str]:
    """Decide on the emergency path."""
    await emergency.decide(tx, actor, lot_id, data.reason)
    return {"state": "emergency"}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/conclude",
    guards=[permits("opening.intervene")],
    status_code=200,
    tags=["opening"],
    summary="Stop waiting for bids whose keys cannot be put together",
)
async def conclude(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: Decision) -> dict[str, str]:
    """Go on without the bids that cannot be opened."""
    await emergency.conclude(tx, actor, lot_id, data.reason)
    return {"state": "concluded"}


@post(
    "/api/v1/emergency-keys",
    guards=[permits("bid.open")],
    status_code=200,
    tags=["opening"],
    summary="Give one's own file keys after a supervisor's decision",
)
async def emergency_keys(services: Services, actor: Actor, data: SignedMessage) -> dict[str, str]:
    """Take a bidder's file keys."""
    trust = trust_of(services)
    await watched(services, actor, lambda tx: emergency.give_keys(tx, actor, data.jws, trust=trust))
    return {"state": "given"}


@get(
    "/api/v1/verify/forms/{lot_id:uuid}",
    opt=PUBLIC,
    tags=["verify"],
    summary="Everything that recomputes the read-out prices: envelopes, keys, prices",
)
async def forms(tx: Tx, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the published forms; an empty list before the opening."""
    return await opening_view.list_forms(tx, lot_id)


@get(
    "/api/v1/lots/{lot_id:uuid}/opening/record",
    opt=PUBLIC,
    tags=["opening"],
    summary="The opening record as canonical JSON",
)
async def record_json(tx: Tx, lot_id: uuid.UUID) -> Response[bytes]:
    """Return the confirmed record, byte for byte as its digest in the log says."""
    data = await queries.get_record(tx, lot_id)
    return Response(data, media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


@get(
    "/api/v1/lots/{lot_id:uuid}/opening/record.pdf",
    opt=PUBLIC,
    tags=["opening"],
    summary="The opening record as a sealed PDF",
)
async def record_pdf(tx: Tx, services: Services, lot_id: uuid.UUID) -> Stream:
    """Return the sealed PDF once the worker has made it."""
    view = await opening_view.find_opening(tx, lot_id)
    if view is None or view.record_file_id is None:
        raise NotFound("开标记录的盖章 PDF 尚未生成。")
    return _stream(services, (await find_file(tx, view.record_file_id)).digest, "application/pdf")


@get(
    "/api/v1/lots/{lot_id:uuid}/bids/{bid_id:uuid}/files/{slot:str}",
    guards=[permits("bid.read-opened")],
    tags=["opening"],
    summary="A decrypted document, for the committee and supervision",
)
async def read_document(
    tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID, bid_id: uuid.UUID, slot: str
) -> Stream:
    """Return a plaintext; every reader is an evaluator of this lot or supervision."""
    await require_evaluator(tx, services, actor, lot_id)
    bid = await _bid(tx, lot_id, bid_id)
    if slot not in bid.file_ids:
        raise NotFound
    file = await find_file(tx, bid.file_ids[slot])
    return _stream(services, file.digest, file.media_type)


@get(
    "/api/v1/lots/{lot_id:uuid}/bids/{bid_id:uuid}/envelopes/{slot:str}",
    opt=PUBLIC,
    tags=["verify"],
    summary="A sealed document as it was uploaded: price forms for everybody after the opening",
)
async def read_envelope(
    request: Request[Any, Any, Any], tx: Tx, services: Services, lot_id: uuid.UUID, bid_id: uuid.UUID, slot: str
) -> Stream:
    """Return an envelope file."""
    await _bid(tx, lot_id, bid_id)
    if slot != FORM:
        actor = actor_of_connection(request)
        if actor is None:
            raise NotFound
        await require_evaluator(tx, services, actor, lot_id)
    document = await queries.get_document(tx, bid_id, slot)

    async def pieces() -> AsyncIterator[bytes]:
        yield document.raw_head
        for name in document.objects:
            yield await services.files.get(name)

    return Stream(pieces(), media_type="application/octet-stream")


async def _bid(tx: Tx, lot_id: uuid.UUID, bid_id: uuid.UUID) -> BidLine:
    for bid in await opening_view.list_bids_after_opening(tx, lot_id):
        if bid.bid_id == bid_id:
            return bid
    raise NotFound


def _stream(services: Services, digest: bytes, media_type: str) -> Stream:
    return Stream(services.files.stream(content_name(digest)), media_type=media_type)


def _shown(view: OpeningView, bids: list[BidLine], objections: list[dict[str, Any]]) -> dict[str, Any]:
    def time(value: Any) -> str | None:
        return None if value is None else format_time(value)

    return {
        "stage": view.stage.value,
        "step": view.step,
        "first_opened_at": time(view.first_opened_at),
        "policy": view.policy.value,
        "k": view.k,
        "closed_at": time(view.closed_at),
        "window_until": time(view.window_until),
        "window_closed_at": time(view.window_closed_at),
        "opened_at": time(view.opened_at),
        "trustees": [
            {"i": s.i, "role": s.role, "organisation": s.organisation, "posted_at": time(s.posted_at)}
            for s in view.seats
        ],
        "record": None
        if view.record_digest is None
        else {
            "digest": b64u_encode(view.record_digest),
            "pdf": view.record_file_id is not None,
            "fault": view.record_fault or "",
        },
        "objections": objections,
        "bids": [
            {
                "id": str(bid.bid_id),
                "no": bid.no,
                "bidder": bid.pseudonym,
                "name": bid.bidder_name,
                "uscc": bid.uscc,
                "state": bid.state.value,
                "fault": bid.fault,
                "cause": cause_of(bid.state, bid.fault),
                "received_at": time(bid.received_at),
                "price": bid.form.get("price"),
                "form": bid.form,
                "files": {slot: b64u_encode(value) for slot, value in bid.file_digests.items()},
            }
            for bid in bids
        ],
    }


HANDLERS = [
    close_list,
    release,
    headers,
    shares,
    state,
    confirm,
    conclude_technical,
    open_second,
    extend,
    decide_emergency,
    conclude,
    emergency_keys,
    forms,
    record_json,
    record_pdf,
    read_document,
    read_envelope,
]
