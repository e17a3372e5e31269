"""Uploads, submissions, withdrawals, receipts."""

import uuid
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post, put

from bidding import queries, submission, uploads
from bidding.api.licence import trust_of
from bidding.messages import SUBMISSION, WITHDRAWAL
from bidding.refusing import SubmissionRefused, reject
from bidding.registration import require_interest
from bidding.rejections import find_rejection, list_own_rejections, page_of, rejection_bundle
from bidding.schemas import SignedMessage, UploadOpening
from bidding.submission import Accepted
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, format_time
from kernel.db.transaction import Tx
from kernel.errors import DomainError, InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log.platform import ACK
from kernel.web.deps import require_actor
from kernel.web.guards import permits
from kernel.web.services import Services, services_of

#: How long the answer waits for the log; after that the client gets an acknowledgement and asks again.
RECEIPT_WAIT_S = 1.0
#: A chunk is at most 1 MiB and a tag.
MAX_CHUNK = (1 << 20) + 16


@post("/api/v1/uploads", guards=[permits("bid.prepare")], tags=["bidding"], summary="Send the head of an envelope")
async def open_upload(tx: Tx, actor: Actor, data: UploadOpening) -> dict[str, Any]:
    """Open an upload; what is not sealed for this lot is refused here."""
    try:
        lot_id = uuid.UUID(data.lot)
    except ValueError as error:
        raise NotFound from error
    view = await uploads.open_upload(tx, actor, lot_id, data.slot, uploads.head_of(data.header), data.chunks)
    return uploads.shown(view)


@put(
    "/api/v1/uploads/{upload_id:uuid}/chunks/{j:int}",
    guards=[permits("bid.prepare")],
    status_code=200,
    tags=["bidding"],
    summary="Send one chunk, in any order; the same chunk again is no fault",
    request_max_body_size=MAX_CHUNK,
)
async def put_chunk(request: Request[Any, Any, Any], upload_id: uuid.UUID, j: int) -> dict[str, str]:
    """Take a chunk's raw bytes. They are read before any transaction: the deadline counts after the last byte."""
    services, actor = services_of(request), require_actor(request)
    place = await uploads.find_place(services.db, actor, upload_id, j)
    pieces: list[bytes] = []
    missing = place.chunk_bytes
    async for piece in request.stream():
        pieces.append(piece)
        missing -= len(piece)
        if missing < 0:
            raise InvalidInput("分块大小不符。", [("body", f"应为 {place.chunk_bytes} 字节")])
    data = b"".join(pieces)
    pieces.clear()
    leaf = await uploads.keep_chunk(services.db, services.files, place, data)
    return {"leaf": b64u_encode(leaf)}


@get(
    "/api/v1/uploads/{upload_id:uuid}",
    guards=[permits("bid.prepare")],
    tags=["bidding"],
    summary="Which chunks have arrived, for resuming",
)
async def read_upload(tx: Tx, actor: Actor, upload_id: uuid.UUID) -> dict[str, Any]:
    """Return which chunks have arrived, with their leaf digests."""
    upload = await uploads.access_upload(tx, actor, upload_id)
    return uploads.shown(upload) | {"leaves": await uploads.list_leaves(tx, upload)}


@get(
    "/api/v1/lots/{lot_id:uuid}/uploads",
    guards=[permits("bid.prepare")],
    tags=["bidding"],
    summary="The own uploads for a lot, for going on after the page was closed",
)
async def list_uploads(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the heads that the bidder has sent."""
    return {"uploads": await uploads.list_own_uploads(tx, actor, lot_id)}


@post(
    "/api/v1/submissions",
    guards=[permits("bid.submit")],
    tags=["bidding"],
    summary="Submit a sealed bid: 201 with the receipt, or 202 with an acknowledgement to ask again with",
)
async def submit(request: Request[Any, Any, Any], data: SignedMessage) -> Response[dict[str, Any]]:
    """Accept a bid; a refusal carries the platform's signature."""
    return await _take(services_of(request), require_actor(request), data.jws, SUBMISSION)


@post(
    "/api/v1/withdrawals",
    guards=[permits("bid.withdraw")],
    tags=["bidding"],
    summary="Withdraw a bid before the deadline; answers as a submission does",
)
async def withdraw(request: Request[Any, Any, Any], data: SignedMessage) -> Response[dict[str, Any]]:
    """Accept a withdrawal."""
    return await _take(services_of(request), require_actor(request), data.jws, WITHDRAWAL)


async def _take(services: Services, actor: Actor, token: str, kind: str) -> Response[dict[str, Any]]:
    accepted = await take(services, actor, token, kind)
    covered = await services.feed.wait_for_entry(
        services.db, accepted.entry_id, timeout_s=RECEIPT_WAIT_S, is_new=not accepted.is_repeat
    )
    if covered is not None:
        bundle = await services.feed.prover.bundle(services.db, covered, accepted.receipt)
        return Response(bundle, status_code=201)
    digest = b64u_encode(accepted.digest)
    ack = services.platform.sign(ACK, {**accepted.detail, "type": "bid.ack"})
    return Response({"ack": ack, "poll": f"/api/v1/receipts/{digest}"}, status_code=202)


async def take(services: Services, actor: Actor, token: str, kind: str) -> Accepted:
    """Run the act, in one transaction with others who wait for the same lot; sign and keep a refusal in another.

    Raises:
        SubmissionRefused: with the signed rejection in `extra["rejection"]`, and where its bidder finds it again: its
            page and its proof.
    """
    intent, trust = submission.intent_of(actor, token, kind), trust_of(services)

    async def run(intents: Sequence[submission.Intent]) -> Sequence[Accepted | DomainError]:
        return await services.db.run(
            lambda tx: submission.submit_all(tx, intents, platform=services.platform, trust=trust)
        )

    try:
        return await services.db.together.ask(("submission", intent.address), run, intent, owner=actor.organisation_id)
    except SubmissionRefused as refusal:
        kept = refusal
    async with services.db.begin() as tx:
        kept.extra["rejection"] = await reject(tx, actor, kept, platform=services.platform)
    kept.extra |= {"page": page_of(kept.digest), "proof": f"/api/v1/rejections/{b64u_encode(kept.digest)}"}
    raise kept


@get(
    "/api/v1/lots/{lot_id:uuid}/bid",
    guards=[permits("bid.prepare")],
    tags=["bidding"],
    summary="One's own bid for a lot: pseudonym, state, number and digest of the last revision",
)
async def read_own_bid(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[dict[str, Any]]:
    """Return what the next revision has to follow; the answer is nobody else's."""
    own = await queries.find_own_bid(tx, actor, lot_id)
    if own is None:
        raise NotFound
    head = None if own.head is None else b64u_encode(own.head)
    body = {"bidder": own.pseudonym, "state": own.state.value, "rev": own.rev, "head": head}
    return Response(body, headers={"Cache-Control": "no-store"})


@get(
    "/api/v1/receipts/{digest:str}",
    guards=[permits("receipt.read")],
    tags=["bidding"],
    summary="The receipt of one's own submission, by its digest",
)
async def receipt(services: Services, actor: Actor, digest: str) -> Response[dict[str, Any]]:
    """Return the receipt bundle; 202 while the log has not numbered the entry."""
    try:
        raw = b64u_decode(digest, 32)
    except NotCanonical as error:
        raise NotFound from error
    async with services.db.begin_read_only() as tx:
        found = await queries.find_receipt(tx, actor, raw)
    covered = await services.feed.wait_for_entry(services.db, found.entry_id, timeout_s=RECEIPT_WAIT_S)
    if covered is None:
        return Response({"poll": f"/api/v1/receipts/{digest}"}, status_code=202)
    bundle = await services.feed.prover.bundle(services.db, covered, found.receipt)
    return Response(bundle, headers={"Cache-Control": "no-store"})


@get(
    "/api/v1/lots/{lot_id:uuid}/rejections",
    guards=[permits("bid.room")],
    tags=["bidding"],
    summary="One's own refused submissions for a lot, newest first",
)
async def own_rejections(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[list[dict[str, Any]]]:
    """Return what was refused and where its paper is; nobody sees anybody else's."""
    await require_interest(tx, actor, lot_id)
    rows = [
        {
            "message": b64u_encode(found.digest),
            "reason": found.reason,
            "words": found.words,
            "received_at": format_time(found.received_at),
            "page": found.href,
            "proof": f"/api/v1/rejections/{b64u_encode(found.digest)}",
        }
        for found in await list_own_rejections(tx, actor, lot_id)
    ]
    return Response(rows, headers={"Cache-Control": "no-store"})


@get(
    "/api/v1/rejections/{digest:str}",
    guards=[permits("bid.room")],
    tags=["bidding"],
    summary="The signed rejection of one's own message, with its proof, by the message's digest",
)
async def rejection(services: Services, actor: Actor, digest: str) -> Response[dict[str, Any]]:
    """Return the signed rejection; 202 while the log has not numbered its entry."""
    try:
        raw = b64u_decode(digest, 32)
    except NotCanonical as error:
        raise NotFound from error
    async with services.db.begin_read_only() as tx:
        found = await find_rejection(tx, actor, raw)
    await services.feed.wait_for_entry(services.db, found.entry_id, timeout_s=RECEIPT_WAIT_S)
    async with services.db.begin_read_only() as tx:
        try:
            bundle = await rejection_bundle(tx, found)
        except NotFound:
            return Response({"poll": f"/api/v1/rejections/{digest}"}, status_code=202)
    return Response(bundle, headers={"Cache-Control": "no-store"})


HANDLERS = [
    open_upload,
    put_chunk,
    read_upload,
    list_uploads,
    submit,
    withdraw,
    read_own_bid,
    receipt,
    own_rejections,
    rejection,
]
