"""The draft of the opening record, and the signatures under it."""

import uuid
from typing import Any

from litestar import Request, get, post

from bidding.api.licence import trust_of
from bidding.recording import current_draft
from bidding.schemas import SignedMessage
from bidding.signatures import digest_of, list_signatures, signature_json
from bidding.signing import sign_record
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.services import Services
from trading import facade as trading


@get(
    "/api/v1/lots/{lot_id:uuid}/opening/draft",
    opt=PUBLIC,
    tags=["opening"],
    summary="What those present sign, from the reading out to the record; its SHA-256 is the digest they sign",
)
async def read_draft(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the draft as it stands now, with its digest and the signatures so far."""
    lot = await trading.view_lot(tx, actor_of_connection(request), lot_id)
    draft = await current_draft(tx, lot)
    if draft is None:
        raise NotFound
    digest = digest_of(draft)
    signed = [signature_json(one, digest) for one in await list_signatures(tx, lot_id)]
    return {"draft": draft, "digest": b64u_encode(digest), "signatures": signed}


@post(
    "/api/v1/lots/{lot_id:uuid}/opening/signatures",
    guards=[permits("opening.sign")],
    status_code=200,
    tags=["opening"],
    summary="Sign the opening record as it stands, as agreed or with an objection",
)
async def add_signature(
    tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID, data: SignedMessage
) -> dict[str, str]:
    """Sign."""
    await sign_record(tx, actor, lot_id, data.jws, trust=trust_of(services))
    return {"state": "signed"}


HANDLERS = [read_draft, add_signature]
