"""Steps of a draw that are the same whatever is drawn: escrow, acknowledgements, public numbers, shares given back.

What follows from a result (calls, assignments) the worker of the owning package brings about within a second.
"""

import uuid
from typing import Any

import msgspec
from litestar import get, post

from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.drawbook import escrowing, witnessing
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.standing import standing_of
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, permits

_DRAW = "/api/v1/draws/{draw_id:uuid}"


class Signed(msgspec.Struct, forbid_unknown_fields=True):
    """A signed message."""

    jws: str


class GivenShare(msgspec.Struct, forbid_unknown_fields=True):
    """A share of a contributor's value; `share` is b64u, 32 bytes."""

    party: str
    i: int
    share: str


@get(f"{_DRAW}/escrow", opt=PUBLIC, tags=["draws"], summary="Escrows handed out, acknowledged, and shares asked back")
async def read_escrow(tx: Tx, draw_id: uuid.UUID) -> dict[str, Any]:
    """Return what holders open; everything here is public, the shares in it are wrapped for their holders."""
    standing = await standing_of(tx, await find_draw(tx, draw_id))
    return {
        "deliveries": [{"party": party, "jws": one.token} for party, one in standing.deliveries.items()],
        "shares": [
            {
                "party": one.party,
                "i": one.number,
                "holder": one.holder,
                "acknowledged": one.ack_token is not None,
                "given_back": one.value is not None,
            }
            for one in standing.shares
        ],
        "final": standing.final if standing.draw.final_entry is not None else None,
        "missing": standing.missing if standing.draw.final_entry is not None else [],
    }


@post(
    f"{_DRAW}/escrow",
    guards=[permits("draw.contribute")],
    status_code=200,
    tags=["draws"],
    summary="Hand out the shares of the own random value",
)
async def deliver(tx: Tx, actor: Actor, draw_id: uuid.UUID, data: Signed) -> dict[str, str]:
    """Take an escrow."""
    return {"party": await escrowing.deliver(tx, actor, draw_id, data.jws)}


@post(
    f"{_DRAW}/acks",
    guards=[permits("draw.contribute")],
    status_code=200,
    tags=["draws"],
    summary="Acknowledge a share that was opened and found as promised; the last one ends the escrow",
)
async def acknowledge(tx: Tx, actor: Actor, draw_id: uuid.UUID, data: Signed) -> dict[str, bool]:
    """Take an acknowledgement."""
    return {"final": await escrowing.acknowledge(tx, actor, draw_id, data.jws)}


@post(
    f"{_DRAW}/shares",
    guards=[permits("draw.contribute")],
    status_code=200,
    tags=["draws"],
    summary="Give back the share of a value whose owner stayed silent",
)
async def give_back(tx: Tx, actor: Actor, draw_id: uuid.UUID, data: GivenShare) -> dict[str, bool]:
    """Take a share."""
    try:
        share = b64u_decode(data.share, 32)
    except NotCanonical as error:
        raise InvalidInput("分片应为 32 字节。", [("share", "base64url，32 字节")]) from error
    return {"drawn": await escrowing.hand_back(tx, actor, draw_id, data.party, data.i, share)}


@post(
    f"{_DRAW}/beacons/{{beacon:int}}",
    guards=[permits("draw.witness")],
    status_code=200,
    tags=["draws"],
    summary="Vouch for public numbers; with two who agree they stand",
)
async def state_beacon(tx: Tx, actor: Actor, draw_id: uuid.UUID, beacon: int, data: Signed) -> dict[str, bool]:
    """Take a witness's statement."""
    return {"stands": await witnessing.state(tx, actor, draw_id, beacon, data.jws)}


HANDLERS: list[Any] = [read_escrow, deliver, acknowledge, give_back, state_beacon]
