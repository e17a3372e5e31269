"""The public log: checkpoint, tiles, proofs, trust file (crypto.md §5.4)."""

from typing import Any

from litestar import Request, Response, get

from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log import reader
from kernel.log.tiles import parse_tile_path
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@get(
    "/log/checkpoint",
    opt=PUBLIC,
    tags=["log"],
    summary="The newest signed tree head, as a C2SP note",
    media_type="text/plain; charset=utf-8",
)
async def checkpoint(tx: Tx) -> str:
    """Return the newest signed and cosigned head."""
    head = await reader.latest_checkpoint(tx)
    if head is None:
        raise NotFound("日志尚无签名检查点。")
    return head.note


@get("/log/tile/{path:path}", opt=PUBLIC, tags=["log"], summary="A tile of the tree (C2SP tlog-tiles)")
async def tile(tx: Tx, path: str) -> Response[bytes]:
    """Return up to 256 hashes of one level."""
    try:
        address = parse_tile_path("tile" + path)
    except ValueError as error:
        raise NotFound from error
    data = await reader.load_tile(tx, address)
    return Response(data, media_type="application/octet-stream", headers=_FOR_EVER)


@get("/log/proof", opt=PUBLIC, tags=["log"], summary="Inclusion proof of an entry")
async def proof(tx: Tx, index: int, size: int) -> dict[str, Any]:
    """Return the proof that entry `index` is in the tree of `size` entries."""
    path = await reader.inclusion_path(tx, index, (await reader.checkpoint_of_size(tx, size)).size)
    return {"index": index, "size": size, "path": [b64u_encode(item) for item in path]}


@get("/log/consistency", opt=PUBLIC, tags=["log"], summary="Proof that an older tree is the beginning of a newer one")
async def consistency(tx: Tx, old: int, new: int) -> dict[str, Any]:
    """Return the consistency proof of two published heads."""
    path = await reader.consistency_path(tx, old, (await reader.checkpoint_of_size(tx, new)).size)
    return {"from": old, "to": new, "path": [b64u_encode(item) for item in path]}


@get("/api/v1/trust", opt=PUBLIC, tags=["log"], summary="The trust file: which keys count")
async def trust(services: Services) -> Response[bytes]:
    """Return the trust file that offline verifiers use, in the canonical form that they read."""
    return Response(jcs(services.trust), media_type="application/json")


@get("/ledger", opt=PUBLIC, include_in_schema=False)
async def ledger(
    request: Request[Any, Any, Any], tx: Tx, services: Services, before: int | None = None
) -> Response[str]:
    """Show the public log: newest head, newest head with a time stamp, newest public entries."""
    head = await reader.latest_checkpoint(tx)
    entries = await reader.list_public_entries(tx, most=50, before=before)
    context = {
        "checkpoint": head,
        "stamped": await reader.latest_stamped(tx),
        "stamp_demo": services.site.timestamps == "demo",
        "entries": entries,
        "next_before": entries[-1].index if len(entries) == 50 else None,
    }
    return render_page(request, "portal/log.html", context, nav="结果核验")


HANDLERS = [checkpoint, tile, proof, consistency, trust, ledger]
