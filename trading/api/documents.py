"""Documents of a lot: sent whole or in pieces, listed, fetched."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post, put

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.files.arriving import PIECE, ArrivalView, access_arrival, assemble, clear, forget_arrival, keep_piece
from kernel.identity.actor import Actor
from kernel.web.downloads import serve_file
from kernel.web.guards import PUBLIC, actor_of_connection, permits, signed_in
from kernel.web.services import Services
from trading.documents import (
    MAX_SIZE,
    PiecesDraft,
    access_document,
    begin_document,
    finish_document,
    list_documents,
    require_start_of,
    upload_document,
)
from trading.holders import holders_of
from trading.schemas import document_json
from trading.visibility import view_lot

_TAGS = ["trading"]


@put(
    "/api/v1/lots/{lot_id:uuid}/documents",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Upload a tender document",
    status_code=201,
    request_max_body_size=MAX_SIZE + 1,
)
async def add_document(
    tx: Tx, actor: Actor, services: Services, lot_id: UUID, name: str, body: bytes
) -> dict[str, Any]:
    """Keep the body as a document of the given name; the same name makes the next version."""
    kept = await upload_document(tx, actor, services.files, lot_id, name=name, data=body)
    return document_json(kept, lot_id)


@post(
    "/api/v1/lots/{lot_id:uuid}/documents/pieces",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Announce a large document; the same file again finds what has arrived",
)
async def announce_document(tx: Tx, actor: Actor, lot_id: UUID, data: PiecesDraft) -> dict[str, Any]:
    """Announce a document by the digests of its pieces."""
    return _shown(await begin_document(tx, actor, lot_id, data))


@put(
    "/api/v1/pieces/{arrival_id:uuid}/{j:int}",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Send one piece, in any order; the same piece again is no fault",
    status_code=204,
    request_max_body_size=PIECE + 1,
)
async def put_piece(
    request: Request[Any, Any, Any], services: Services, actor: Actor, arrival_id: UUID, j: int
) -> None:
    """Take a piece's raw bytes, which are read before any transaction."""
    async with services.db.begin_read_only() as tx:
        arrival = await access_arrival(tx, actor, arrival_id)
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > PIECE:
            raise InvalidInput("分块大小不符。", [("body", f"不超过 {PIECE} 字节")])
    await keep_piece(services.db, services.files, arrival, j, bytes(data))


@get(
    "/api/v1/pieces/{arrival_id:uuid}",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Which pieces have arrived, for resuming",
)
async def read_pieces(tx: Tx, actor: Actor, arrival_id: UUID) -> dict[str, Any]:
    """Return which pieces have arrived."""
    return _shown(await access_arrival(tx, actor, arrival_id))


@post(
    "/api/v1/pieces/{arrival_id:uuid}/document",
    guards=[permits("documents.prepare")],
    tags=_TAGS,
    summary="Put the pieces together: the document is kept as if it had come whole",
)
async def complete_document(services: Services, actor: Actor, arrival_id: UUID) -> dict[str, Any]:
    """Keep the document; the pieces are read outside of any transaction."""
    async with services.db.begin_read_only() as tx:
        arrival = await access_arrival(tx, actor, arrival_id)
    try:
        digest = await assemble(services.files, arrival, partial(require_start_of, arrival))
    except InvalidInput:
        async with services.db.begin() as tx:
            await forget_arrival(tx, arrival)
        await clear(services.files, arrival)
        raise
    async with services.db.begin() as tx:
        kept = await finish_document(tx, actor, arrival, digest)
    await clear(services.files, arrival)
    return document_json(kept, arrival.subject)


@get("/api/v1/lots/{lot_id:uuid}/documents", opt=PUBLIC, tags=_TAGS, summary="The issued documents of a lot")
async def read_documents(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> list[dict[str, Any]]:
    """List the documents: drafts for the own parties only."""
    actor = actor_of_connection(request)
    lot = await view_lot(tx, actor, lot_id)
    own = actor is not None and lot.is_run_by(actor.organisation_id)
    documents = await list_documents(tx, lot_id)
    return [document_json(item, lot_id) for item in documents if own or item.issued_at is not None]


@get(
    "/api/v1/lots/{lot_id:uuid}/documents/{document_id:uuid}",
    guards=[signed_in],
    tags=_TAGS,
    summary="Fetch a tender document, or a range of it",
)
async def read_document(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, document_id: UUID
) -> Response[Any]:
    """Return the file; nobody learns who fetched it."""
    file = await access_document(tx, actor, holders_of(services.plugins), lot_id, document_id)
    return serve_file(request, services.files, file)


def _shown(arrival: ArrivalView) -> dict[str, Any]:
    return {
        "id": str(arrival.id),
        "piece": PIECE,
        "bitmap": arrival.bitmap,
        "pieces": [b64u_encode(leaf) for leaf in arrival.leaves],
    }


HANDLERS: list[Any] = [
    add_document,
    announce_document,
    put_piece,
    read_pieces,
    complete_document,
    read_documents,
    read_document,
]
