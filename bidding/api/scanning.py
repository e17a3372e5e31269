"""Doors of the sign-in by QR code: three for the browser that shows the code, three for the wallet that scans it."""

from typing import Any

from litestar import Request, Response, get, post

from bidding import registration, scanning
from bidding.api.licence import audience_of, cookie_of, device_of, origin_of, trust_of, visitor_of
from bidding.clerks import keep_request
from bidding.presenting import ClerkRefused, LicenceRefused, claimed_uscc, record_refusal, refused
from bidding.scanning import ScanRefused, ScanView
from bidding.schemas import ScanAnswer, ScanWallet
from kernel.canonical import format_time
from kernel.errors import DomainError
from kernel.identity import sessions
from kernel.log.writer import rehearsal_offset_s
from kernel.web.guards import PUBLIC
from kernel.web.services import Services

_FRESH = {"Cache-Control": "no-store"}


def shown(services: Services, view: ScanView) -> dict[str, Any]:
    """Return a code as its browser reads it."""
    told: dict[str, Any] = {
        "id": view.id,
        "state": view.state.value,
        "display": view.display,
        "left_ms": view.left_ms,
        "url": scan_url(services, view.id),
        "image": f"/bidding/login/scans/{view.id}.svg",
    }
    if view.fault:
        told["fault"] = view.fault
        told["detail"] = refused(view.fault).detail
    return told


def scan_url(services: Services, scan_id: str) -> str:
    """Return what the code says: the address that a wallet opens."""
    return f"{services.site.base_url}/wallet?c={scan_id}"


@post(
    "/api/v1/auth/licence/scans",
    opt=PUBLIC,
    status_code=201,
    tags=["sign-in"],
    summary="Begin a sign-in by QR code, bound to this browser, for 120 seconds",
)
async def start(request: Request[Any, Any, Any], services: Services) -> Response[dict[str, Any]]:
    """Make a code; without issuers that are trusted there is none."""
    trust_of(services)
    async with services.db.begin() as tx:
        view = await scanning.start_scan(tx, visitor_of(request), audience_of(services))
    return Response(shown(services, view), status_code=201, headers=_FRESH)


@get(
    "/api/v1/auth/licence/scans/{scan_id:str}",
    opt=PUBLIC,
    tags=["sign-in"],
    summary="How a code stands; only for the browser that began it",
)
async def look(request: Request[Any, Any, Any], services: Services, scan_id: str) -> Response[dict[str, Any]]:
    """Return the state, the time left, and why a licence was refused."""
    async with services.db.begin_read_only() as tx:
        view = await scanning.look_at_scan(tx, scan_id, visitor_of(request))
    return Response(shown(services, view), headers=_FRESH)


@post(
    "/api/v1/auth/licence/scans/{scan_id:str}/session",
    opt=PUBLIC,
    status_code=200,
    tags=["sign-in"],
    summary="Collect the session that the wallet confirmed; once, and only in the browser that began",
)
async def collect(request: Request[Any, Any, Any], services: Services, scan_id: str) -> Response[dict[str, Any]]:
    """Open the session; it comes as a cookie."""
    async with services.db.begin() as tx:
        place = {"origin": origin_of(request), "device": device_of(request)}
        opened = await scanning.collect_scan(tx, scan_id, visitor_of(request), **place)
    body = {"name": opened.actor.name, "uscc": opened.actor.uscc, "roles": sorted(opened.actor.roles), "next": "/b"}
    return Response(body, headers=_FRESH | {"Set-Cookie": cookie_of(services, opened)})


@post(
    "/api/v1/wallet/scans/{scan_id:str}/open",
    opt=PUBLIC,
    status_code=200,
    tags=["wallet"],
    summary="Open a scanned code: what to show the holder, and what to sign",
)
async def open_code(services: Services, scan_id: str, data: ScanWallet) -> Response[dict[str, Any]]:
    """Return the challenge, the site's name and the number that must be on both screens."""
    async with services.db.begin() as tx:
        prompt = await scanning.open_scan(tx, scan_id, data.wallet, audience_of(services))
        offset = await rehearsal_offset_s(tx) if tx.rehearsal else 0
    given = prompt.challenge
    body = {
        "site": services.site.name,
        "aud": given.audience,
        "act": given.act,
        "nonce": given.nonce,
        "bind": given.binding,
        "display": given.display,
        "expires": format_time(prompt.expires_at),
        "offset_s": offset,
    }
    return Response(body, headers=_FRESH)


@post(
    "/api/v1/wallet/scans/{scan_id:str}/answer",
    opt=PUBLIC,
    status_code=200,
    tags=["wallet"],
    summary="Answer a code with the licence's signature",
)
async def answer(
    request: Request[Any, Any, Any], services: Services, scan_id: str, data: ScanAnswer
) -> Response[dict[str, Any]]:
    """Verify the answer. A refusal is logged and counted, and the waiting browser learns of it."""
    trust = trust_of(services)
    login, origin = f"licence:{claimed_uscc(data.token)}"[:200], origin_of(request)
    try:
        # Counters in transactions of their own: no transaction holds the code's row and waits for a counter's.
        async with services.db.begin() as tx:
            await sessions.require_attempts_left(tx, login, origin)
        async with services.db.begin() as tx:
            await scanning.require_own_scan(tx, scan_id, data.wallet)
            taken = await registration.take_nonce(tx, data.token)
        async with services.db.begin() as tx:
            await scanning.answer_scan(
                tx, scan_id, data.wallet, data.token, taken=taken, audience=audience_of(services), trust=trust
            )
        async with services.db.begin() as tx:
            await sessions.record_attempt(tx, login, origin, ok=True)
    except (LicenceRefused, ScanRefused) as refusal:
        await _keep_refusal(services, scan_id, refusal, data.token, login, origin)
        raise
    return Response({"state": "signed"}, headers=_FRESH)


async def _keep_refusal(
    services: Services, scan_id: str, refusal: DomainError, token: str, login: str, origin: str
) -> None:
    async with services.db.begin() as tx:
        await sessions.record_attempt(tx, login, origin, ok=False)
        await record_refusal(tx, refusal, claimed_uscc(token), "scan")
        if isinstance(refusal, ClerkRefused):
            await keep_request(tx, refusal.claims, refusal.certificate)
        # Of two answers at the same moment the later finds the nonce used up; the code is still the earlier one's.
        if isinstance(refusal, LicenceRefused) and refusal.extra["reason"] != "nonce":
            await scanning.note_refusal(tx, scan_id, str(refusal.extra["cause"]))


@post(
    "/api/v1/wallet/scans/{scan_id:str}/decline",
    opt=PUBLIC,
    status_code=200,
    tags=["wallet"],
    summary="Say no: it was not the holder who asked to sign in",
)
async def decline(services: Services, scan_id: str, data: ScanWallet) -> Response[dict[str, Any]]:
    """End the code."""
    async with services.db.begin() as tx:
        await scanning.decline_scan(tx, scan_id, data.wallet)
    return Response({"state": "declined"}, headers=_FRESH)


HANDLERS = [start, look, collect, open_code, answer, decline]
