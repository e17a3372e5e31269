"""Time, health, metrics, static files, API description."""

import hmac
import ipaddress
from datetime import UTC
from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.timestamps.ordering import count_missing
from kernel.web.guards import PUBLIC
from kernel.web.services import Services

UNSTAMPED = Gauge("sunlit_unstamped_checkpoints", "Checkpoints that wait for the time stamp of an outside authority")


@get("/api/v1/time", opt=PUBLIC, tags=["system"], summary="The platform's instant, in milliseconds since 1970")
async def read_time(tx: Tx) -> dict[str, int]:
    """Return the database's instant; on a rehearsal the rehearsal's."""
    return {"ms": int(tx.now.astimezone(UTC).timestamp() * 1000)}


@get("/health/live", opt=PUBLIC, include_in_schema=False)
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@get("/health/ready", opt=PUBLIC, include_in_schema=False)
async def ready(tx: Tx) -> Response[dict[str, Any]]:
    """Say whether the parts that a request needs are there: database, migrations, sequencer not behind."""
    row = (
        await tx.session.execute(
            text(
                "SELECT (SELECT version_num FROM alembic_version) AS revision,"
                " (SELECT count(*) FROM audit_queue) AS queued,"
                " (SELECT count(*) FROM kernel_outbox WHERE done_at IS NULL AND attempts >= 5) AS stuck,"
                " (SELECT count(*) FROM log_stamp_request WHERE stamped_at IS NULL) AS unstamped,"
                " EXISTS (SELECT 1 FROM audit_queue q JOIN audit_entry e ON e.id = q.entry_id"
                "   WHERE e.at < clock_timestamp() - interval '60 seconds'"
                "   AND NOT coalesce((SELECT rehearsal FROM kernel_installation), false)) AS late"
            )
        )
    ).one()
    well = not row.late
    body = {
        "status": "ok" if well else "degraded",
        "revision": row.revision,
        "stuck_jobs": row.stuck,
        "unstamped_checkpoints": row.unstamped,
    }
    return Response(body, status_code=200 if well else 503, headers={"Cache-Control": "no-store"})


@get("/metrics", opt=PUBLIC, include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], tx: Tx, services: Services) -> Response[bytes]:
    """Return the process's counters for Prometheus, to this machine or whoever has the token.

    None of them counts bids or bidders; but memory and processor time move with every upload, so they are not public.
    Through a proxy the visitor is not this machine, unless the proxy is not configured and itself runs here: then a
    header that it adds gives it away.

    Raises:
        NotFound: anybody else asks.
    """
    if not _may_measure(request, services.metrics_token):
        raise NotFound
    UNSTAMPED.set(await count_missing(tx))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _may_measure(request: Request[Any, Any, Any], token: str) -> bool:
    given = request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via", "x-real-ip"))
    try:
        local = ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        local = False
    return local and not forwarded and not token


@get("/static/{version:str}/{path:path}", opt=PUBLIC, include_in_schema=False)
async def static_file(services: Services, version: str, path: str) -> Response[bytes]:
    """Return a static file; its address changes with its content, so it may be kept for ever."""
    data, media_type = services.assets.read(path.lstrip("/"))
    fresh = version == f"~{services.assets.version}"
    age = "public, max-age=31536000, immutable" if fresh else "public, max-age=60"
    return Response(data, media_type=media_type, headers={"Cache-Control": age})


@get("/static/manifest.json", opt=PUBLIC, include_in_schema=False)
async def static_manifest(services: Services) -> Response[dict[str, str]]:
    """Return every script with its SHA-384, for auditors."""
    return Response(services.assets.manifest(), headers={"Cache-Control": "public, max-age=60"})


HANDLERS = [read_time, live, ready, metrics, static_file, static_manifest]
