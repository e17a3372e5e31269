"""The parameters of a lot that are drawn in public, and the steps of their draw."""

import uuid
from typing import Any, cast

from litestar import Request, get, post

from bidding import drawing
from bidding.drawn import drawn_json, list_drawn
from bidding.schemas import DrawReveal, ParameterDraw, SignedMessage
from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.drawbook.vault import Vault
from kernel.errors import InvalidInput, NotFound, Unavailable
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.services import Services
from trading import facade as trading

_PATH = "/api/v1/lots/{lot_id:uuid}/opening/parameters"


def vault_of(services: Services) -> Vault:
    """Return the keeper of a draw's identities.

    Raises:
        Unavailable: none is configured.
    """
    found = services.plugins.get("vault")
    if found is None:
        raise Unavailable("本平台尚未配置抽取保管库。")
    return cast(Vault, found)


@get(_PATH, opt=PUBLIC, tags=["opening"], summary="Parameters of the award method that are drawn at the opening")
async def read_parameters(request: Request[Any, Any, Any], tx: Tx, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the parameters, with their values once they are drawn."""
    lot = await trading.view_lot(tx, actor_of_connection(request), lot_id)
    if lot.published_at is None:
        raise NotFound
    return [drawn_json(one) for one in await list_drawn(tx, lot)]


@post(
    f"{_PATH}/draw",
    guards=[permits("opening.draw")],
    tags=["opening"],
    summary="Freeze the draw of the parameters, after the deadline and before the unsealing",
)
async def freeze(tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID, data: ParameterDraw) -> dict[str, str]:
    """Freeze the draw."""
    third = account_of(data.third)
    vault = vault_of(services)
    done = await drawing.freeze_parameters(tx, actor, vault, lot_id, minutes=data.minutes, third=third)
    return {"draw": str(done)}


def account_of(text: str | None) -> uuid.UUID | None:
    """Read the third contributor's account; empty: none."""
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("请重新选择第三方。", [("third", "请重新选择")]) from None


@post(f"{_PATH}/commits", guards=[permits("draw.contribute")], status_code=200, tags=["opening"], summary="Commit")
async def commit(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: SignedMessage) -> dict[str, str]:
    """Take a commitment."""
    return {"party": await drawing.commit(tx, actor, lot_id, data.jws)}


@post(f"{_PATH}/close", guards=[permits("draw.contribute")], status_code=200, tags=["opening"], summary="Close")
async def close(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, str]:
    """Close the commitments."""
    await drawing.close(tx, actor, lot_id)
    return {"state": "closed"}


@post(f"{_PATH}/reveals", guards=[permits("draw.contribute")], status_code=200, tags=["opening"], summary="Reveal")
async def reveal(tx: Tx, actor: Actor, lot_id: uuid.UUID, data: DrawReveal) -> dict[str, bool]:
    """Take a value; the last one brings the result."""
    try:
        value = b64u_decode(data.r, 32)
    except NotCanonical as error:
        raise InvalidInput("随机数应为 32 字节。", [("r", "base64url")]) from error
    return {"drawn": await drawing.reveal(tx, actor, lot_id, data.party, value)}


@post(f"{_PATH}/void", guards=[permits("draw.contribute")], status_code=200, tags=["opening"], summary="Void")
async def void(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, str]:
    """End an attempt that cannot have a result; the next one names it."""
    return {"reason": await drawing.void(tx, actor, lot_id)}


HANDLERS = [read_parameters, freeze, commit, close, reveal, void]
