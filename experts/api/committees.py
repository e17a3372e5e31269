"""The pool, applications for experts, and the steps of their public draw."""

import uuid
from typing import Any, cast

from litestar import get, post

from experts import committee, pool, queries
from experts.drafts import CommitteeDraft
from experts.schemas import PoolRows, Reveal, SignedText, StandingChange, committee_json, draw_json
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, format_time
from kernel.db.transaction import Tx
from kernel.drawbook import book, revealing
from kernel.drawbook.identities import leaf_of_person, leaf_opening
from kernel.drawbook.shelf import find_draw, require_contributor
from kernel.drawbook.standing import standing_of
from kernel.drawbook.vault import Vault
from kernel.errors import InvalidInput, NotFound, Unavailable
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services

#: Two thousand experts with all they declare.
MAX_IMPORT = 16 << 20


def vault_of(services: Services) -> Vault:
    """Return the keeper of identities.

    Raises:
        Unavailable: none is configured.
    """
    found = services.plugins.get("vault")
    if found is None:
        raise Unavailable("本平台尚未配置抽取保管库。")
    return cast(Vault, found)


@post(
    "/api/v1/experts/pool",
    guards=[permits("pool.keep")],
    status_code=200,
    tags=["experts"],
    summary="Import experts into the pool; rows with faults stay out and are told",
    request_max_body_size=MAX_IMPORT,
)
async def import_pool(tx: Tx, actor: Actor, services: Services, data: PoolRows) -> dict[str, Any]:
    """Import rows; the pool's new root goes into the log."""
    done = await pool.import_experts(tx, actor, vault_of(services), data.rows)
    refused = [{"row": item.row, "name": item.name, "faults": list(item.faults)} for item in done.refused]
    return {"imported": done.imported, "refused": refused, "total": done.total, "root": b64u_encode(done.root)}


@get("/api/v1/experts/pool", opt=PUBLIC, tags=["experts"], summary="The newest root of the expert pool")
async def pool_root(tx: Tx) -> dict[str, Any]:
    """Return count and root of the pool, and the entry of the log that holds them."""
    found = await queries.latest_registry(tx)
    if found is None:
        raise NotFound("专家库尚无记录。")
    return {"count": found.count, "root": b64u_encode(found.root), "at": format_time(found.at)}


@post(
    "/api/v1/experts/{expert_id:uuid}/standing",
    guards=[permits("pool.keep")],
    status_code=200,
    tags=["experts"],
    summary="Move an expert to another standing, on a document",
)
async def change_standing(tx: Tx, actor: Actor, expert_id: uuid.UUID, data: StandingChange) -> dict[str, str]:
    """Change an expert's standing."""
    return {"standing": (await pool.change_standing(tx, actor, expert_id, data.act, data.basis)).value}


@post(
    "/api/v1/lots/{lot_id:uuid}/committee",
    guards=[permits("committee.request")],
    tags=["experts"],
    summary="Apply for experts: recusal is applied and the draw frozen",
)
async def apply_for_experts(
    tx: Tx, actor: Actor, services: Services, lot_id: uuid.UUID, data: CommitteeDraft
) -> dict[str, Any]:
    """Freeze the draw of a committee."""
    done = await committee.request_committee(tx, actor, vault_of(services), lot_id, data)
    return {
        "committee": str(done.committee_id),
        "draw": str(done.draw_id),
        "number": done.number,
        "pool": done.pool,
        "excluded": done.excluded,
    }


@get(
    "/api/v1/lots/{lot_id:uuid}/committee",
    guards=[permits("committee.read")],
    tags=["experts"],
    summary="The committee of a lot; names only to those who may know them now",
)
async def show_committee(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return a committee."""
    return committee_json(await queries.get_committee(tx, actor, lot_id))


@get(
    "/api/v1/lots/{lot_id:uuid}/committee/exclusions",
    guards=[permits("committee.exclusions")],
    tags=["experts"],
    summary="Who was left out before the freeze, with the openings of the logged digests",
)
async def show_exclusions(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the restricted records of avoidance."""
    return [
        {"expert": row.expert, "name": row.name, "ground": row.ground, "unit": row.unit, "rule": row.rule}
        | {"salt": b64u_encode(row.salt), "digest": b64u_encode(row.digest)}
        for row in await queries.list_exclusions(tx, actor, lot_id)
    ]


@get("/api/v1/draws/{draw_id:uuid}", opt=PUBLIC, tags=["draws"], summary="Spec and state of a draw")
async def show_draw(tx: Tx, draw_id: uuid.UUID) -> dict[str, Any]:
    """Return what contributors sign, and how far the draw is."""
    return draw_json(await standing_of(tx, await find_draw(tx, draw_id)))


@post(
    "/api/v1/draws/{draw_id:uuid}/commits",
    guards=[permits("draw.contribute")],
    status_code=200,
    tags=["draws"],
    summary="Commit to a random value, signed with the own key",
)
async def commit(tx: Tx, actor: Actor, draw_id: uuid.UUID, data: SignedText) -> dict[str, str]:
    """Take a commitment."""
    return {"party": await book.commit(tx, actor, draw_id, data.jws)}


@post(
    "/api/v1/draws/{draw_id:uuid}/close",
    guards=[permits("draw.end")],
    status_code=200,
    tags=["draws"],
    summary="Close the commitments: all are in, or their time is over",
)
async def close(tx: Tx, actor: Actor, draw_id: uuid.UUID) -> dict[str, str]:
    """Close the commitments."""
    await _require_own(tx, actor, draw_id)
    await book.close(tx, draw_id)
    return {"state": "closed"}


@post(
    "/api/v1/draws/{draw_id:uuid}/reveals",
    guards=[permits("draw.contribute")],
    status_code=200,
    tags=["draws"],
    summary="Reveal the random value; the last one brings the result",
)
async def reveal(tx: Tx, actor: Actor, draw_id: uuid.UUID, data: Reveal) -> dict[str, Any]:
    """Take a value; with the last one experts are called."""
    try:
        value = b64u_decode(data.r, 32)
    except NotCanonical as error:
        raise InvalidInput("随机数应为 32 字节。", [("r", "base64url")]) from error
    drawn = await revealing.reveal(tx, actor, draw_id, data.party, value)
    if drawn:
        await committee.begin_calls(tx, draw_id)
    return {"drawn": drawn}


@post(
    "/api/v1/draws/{draw_id:uuid}/void",
    guards=[permits("draw.end")],
    status_code=200,
    tags=["draws"],
    summary="Declare an attempt void when the rules leave nothing else",
)
async def give_up(tx: Tx, actor: Actor, draw_id: uuid.UUID) -> dict[str, str]:
    """End an attempt; the next one names it."""
    await _require_own(tx, actor, draw_id)
    return {"reason": await committee.give_up(tx, actor, draw_id)}


async def _require_own(tx: Tx, actor: Actor, draw_id: uuid.UUID) -> None:
    if not actor.has("centre"):
        await require_contributor(tx, actor, draw_id)


@get(
    "/api/v1/draws/{draw_id:uuid}/own-leaf",
    guards=[permits("draw.own-leaf")],
    tags=["draws"],
    summary="The opening of the own leaf: was I in the pool, was I drawn?",
)
async def own_leaf(tx: Tx, actor: Actor, services: Services, draw_id: uuid.UUID) -> dict[str, Any]:
    """Return the opening of the signed-in expert's own leaf."""
    expert = await queries.find_own_expert(tx, actor)
    if expert is None:
        raise NotFound
    vault = vault_of(services)
    return await leaf_opening(tx, vault, draw_id, await leaf_of_person(tx, vault, draw_id, str(expert.id)))


HANDLERS: list[Any] = [
    import_pool,
    pool_root,
    change_standing,
    apply_for_experts,
    show_committee,
    show_exclusions,
    show_draw,
    commit,
    close,
    reveal,
    give_up,
    own_leaf,
]
