"""Keysets: propose, look at, drill, accept."""

import uuid
from typing import Any

from litestar import get, post

from bidding import keysets, queries
from bidding.keysets import KeysetView, Proposal
from bidding.schemas import KeysetProposal, SignedMessage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.web.guards import PUBLIC, permits
from trading import facade as trading


@get(
    "/api/v1/trustees",
    guards=[permits("keyset.propose")],
    tags=["keysets"],
    summary="People who can be proposed as trustees, and whether they have registered their keys",
)
async def trustees(tx: Tx) -> list[dict[str, Any]]:
    """List the platform's trustees."""
    return await queries.list_trustees(tx)


@post(
    "/api/v1/lots/{lot_id:uuid}/keyset",
    guards=[permits("keyset.propose")],
    tags=["keysets"],
    summary="Propose who holds the shares of a lot's bids; replaces an earlier proposal",
)
async def propose(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: KeysetProposal) -> dict[str, Any]:
    """Propose a keyset."""
    try:
        seats = [Proposal(uuid.UUID(seat.account), seat.role) for seat in data.trustees]
    except ValueError as error:
        raise InvalidInput("见证人账户不正确。", [("trustees", "账户编号格式不正确")]) from error
    await keysets.propose_keyset(tx, actor, lot_id, seats, data.k)
    found = await keysets.find_keyset(tx, lot_id)
    assert found is not None
    return _shown(found)


@get(
    "/api/v1/lots/{lot_id:uuid}/keyset",
    opt=PUBLIC,
    tags=["keysets"],
    summary="The keyset that a lot's bids are sealed to, with the proof that the log holds it",
)
async def read(tx: Tx, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the published keyset; before that, how far the drill has come."""
    await trading.get_lot(tx, lot_id)
    found = await keysets.find_keyset(tx, lot_id)
    if found is None:
        raise NotFound("本标段尚未提名见证人。")
    body = _shown(found)
    body["proof"] = None
    if found.entry_id is not None:
        try:
            body["proof"] = await reader.proof_of_entry(tx, found.entry_id)
        except NotFound:
            body["proof"] = None  # published a moment ago; the log numbers it within a second
    return body


@get(
    "/api/v1/keysets/{keyset_id:uuid}/drill",
    guards=[permits("keyset.accept")],
    tags=["keysets"],
    summary="One's own test share",
)
async def drill(tx: Tx, actor: Actor, keyset_id: uuid.UUID) -> dict[str, Any]:
    """Return what the trustee's client opens with the key."""
    view = await keysets.get_drill(tx, actor, keyset_id)
    return {
        "keyset": view.document,
        "i": view.i,
        "challenge": view.challenge,
        "accepted": view.accepted,
        "lot": str(view.lot_id),
    }


@post(
    "/api/v1/keysets/{keyset_id:uuid}/accept",
    guards=[permits("keyset.accept")],
    status_code=200,
    tags=["keysets"],
    summary="Take one's seat: a signed acceptance with the proof that the test share was opened",
)
async def accept(tx: Tx, actor: Actor, keyset_id: uuid.UUID, data: SignedMessage) -> dict[str, str]:
    """Accept a seat."""
    state = await keysets.accept_keyset(tx, actor, keyset_id, data.jws)
    return {"state": state.value}


def _shown(view: KeysetView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "ks": b64u_encode(view.ks),
        "state": view.state.value,
        "keyset": view.document,
        "seats": list(view.seats),
    }


HANDLERS = [trustees, propose, read, drill, accept]
