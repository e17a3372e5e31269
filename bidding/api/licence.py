"""Signing in with an e-licence, and taking part in a lot."""

import uuid
from typing import Any, cast

from litestar import Request, Response, get, post

from bidding import registration
from bidding.clerks import keep_request
from bidding.licence_trust import LicenceTrust
from bidding.presenting import ClerkRefused, LicenceRefused, claimed_uscc, record_refusal
from bidding.registration import InterestView
from bidding.schemas import LicenceAnswer
from kernel.errors import Unavailable
from kernel.identity import sessions
from kernel.identity.actor import Actor
from kernel.identity.sessions import OpenedSession
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services
from kernel.web.session import session_cookie
from trading.facade import NotIndependent


def trust_of(services: Services) -> LicenceTrust:
    """Return the issuers that this installation trusts.

    Raises:
        Unavailable: none is configured.
    """
    found = services.plugins.get("licences")
    if found is None:
        raise Unavailable("本平台尚未接入电子营业执照服务。")
    return cast(LicenceTrust, found)


def audience_of(services: Services) -> str:
    """Return the name of this site that a login must be made for."""
    return services.site.base_url


def visitor_of(request: Request[Any, Any, Any]) -> str:
    """Return the secret of the browser, signed in or not."""
    return str(request.scope["state"]["visitor"])


@get(
    "/api/v1/auth/licence/challenge",
    opt=PUBLIC,
    tags=["sign-in"],
    summary="A challenge for an e-licence, bound to this browser session, for 120 seconds",
)
async def challenge(request: Request[Any, Any, Any], services: Services) -> Response[dict[str, str]]:
    """Make a challenge. It is stored, so the door opens a writing transaction of its own."""
    async with services.db.begin() as tx:
        made = await registration.issue_challenge(tx, visitor_of(request), audience_of(services))
    body = {
        "nonce": made.nonce,
        "bind": made.binding,
        "aud": made.audience,
        "act": made.act,
        "display": made.display,
    }
    return Response(body, headers={"Cache-Control": "no-store"})


@post("/api/v1/auth/licence", opt=PUBLIC, status_code=200, tags=["sign-in"], summary="Sign in with an e-licence")
async def answer(request: Request[Any, Any, Any], services: Services, data: LicenceAnswer) -> Response[dict[str, Any]]:
    """Verify the signed challenge; the session comes as a cookie, the first time with a new account."""
    place = {"origin": origin_of(request), "device": device_of(request)}
    opened = await sign_in(services, data.token, visitor=visitor_of(request), **place)
    body = {"name": opened.actor.name, "uscc": opened.actor.uscc, "roles": sorted(opened.actor.roles), "next": "/b"}
    return Response(body, headers={"Set-Cookie": cookie_of(services, opened), "Cache-Control": "no-store"})


async def sign_in(services: Services, token: str, *, visitor: str, origin: str, device: str = "") -> OpenedSession:
    """Take the challenge, verify, open the session; keep a refusal in the log and count it."""
    trust = trust_of(services)
    login = f"licence:{claimed_uscc(token)}"[:200]
    async with services.db.begin() as tx:
        await sessions.require_attempts_left(tx, login, origin)
        taken = await registration.take_nonce(tx, token)
    try:
        async with services.db.begin() as tx:
            done = await registration.sign_in_with_licence(
                tx,
                token,
                taken=taken,
                visitor=visitor,
                audience=audience_of(services),
                trust=trust,
                origin=origin,
                device=device,
            )
            await sessions.record_attempt(tx, login, origin, ok=True)
            return done.session
    except LicenceRefused as refusal:
        async with services.db.begin() as tx:
            await sessions.record_attempt(tx, login, origin, ok=False)
            await record_refusal(tx, refusal, claimed_uscc(token))
            if isinstance(refusal, ClerkRefused):
                await keep_request(tx, refusal.claims, refusal.certificate)
        raise


def cookie_of(services: Services, opened: OpenedSession) -> str:
    """Return the cookie that carries a new session."""
    age = int(sessions.ABSOLUTE.total_seconds())
    return session_cookie(opened.secret, secure=services.secure_cookies, max_age_s=age)


def origin_of(request: Request[Any, Any, Any]) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def device_of(request: Request[Any, Any, Any]) -> str:
    """Return what the browser calls itself."""
    return request.headers.get("user-agent", "")


@post(
    "/api/v1/lots/{lot_id:uuid}/interest",
    guards=[permits("lot.join")],
    status_code=200,
    tags=["bidding"],
    summary="Take part in a lot; the answer is the same every time",
)
async def interest(actor: Actor, services: Services, lot_id: uuid.UUID) -> dict[str, str]:
    """Register interest and return the pseudonym that bids are sealed under."""
    view = await take_part(services, actor, lot_id)
    return {"lot": str(view.lot_id), "bidder": view.pseudonym}


async def take_part(services: Services, actor: Actor, lot_id: uuid.UUID) -> InterestView:
    """Register interest; who is not independent is refused, and that is kept in a transaction of its own."""
    try:
        async with services.db.begin() as tx:
            return await registration.register_interest(tx, actor, lot_id)
    except NotIndependent as refusal:
        async with services.db.begin() as tx:
            await registration.record_interest_refused(tx, actor, lot_id, refusal)
        raise


HANDLERS = [challenge, answer, interest]
