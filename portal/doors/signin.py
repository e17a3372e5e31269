"""Staff sign in with password and authenticator; everybody signs out. Passkeys have their own door beside this one,
the e-licence in `bidding`.

One form, one answer: whoever guesses does not learn which of login, password and code was wrong. A password alone (of
an account that has no authenticator yet) opens a session without any role, in which one can be set up.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import DomainError, NotPermitted
from kernel.identity import factors, policy, sessions
from kernel.identity.access import note_access
from kernel.identity.ceremonies import RelyingParty, relying_party
from kernel.identity.models import Account
from kernel.identity.sessions import OpenedSession
from kernel.web.guards import PUBLIC, actor_of_connection
from kernel.web.render import render_page
from kernel.web.services import Services
from kernel.web.session import keep_device, known_device, session_cookie
from portal.homes import home_of


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What a sign-in carries."""

    login: str
    password: str
    code: str = ""
    next: str = ""


class SignInForm(msgspec.Struct):
    """The same from a form, with its token."""

    login: str = ""
    password: str = ""
    code: str = ""
    next: str = ""


def origin_of(request: Request[Any, Any, Any]) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


def device_of(request: Request[Any, Any, Any]) -> str:
    """Return what the browser calls itself."""
    return request.headers.get("user-agent", "")


def safe_next(target: str) -> str:
    """Return the target if it is a path of ours, else nothing: no open redirect."""
    good = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if good else ""


async def _sign_in(
    request: Request[Any, Any, Any], services: Services, login: str, password: str, code: str
) -> OpenedSession:
    db, origin = services.db, origin_of(request)
    device = known_device(request.scope, services, login)
    async with db.begin() as tx:
        await sessions.require_attempts_left(tx, login, origin, device=device)
    try:
        async with db.begin() as tx:
            account = await sessions.check_password(tx, login, password)
            method = await _method(tx, services, account, code)
            limits = policy.current().limits(account.roles, (await sessions.real_now(tx)).date())
            opened = await sessions.open_session(
                tx, account, method=method, limits=limits, origin=origin, device=device_of(request)
            )
            await sessions.record_attempt(tx, login, origin, ok=True, device=device)
            keep_device(request.scope, services, login)
            if "bidder" not in account.roles:  # before an opening, suppliers' visits are in no audit (R-ET-05)
                await note_access(tx, "sign-in", account_id=account.id, login=login, origin=origin, act=method)
            return opened
    except NotPermitted:
        async with db.begin() as tx:
            await sessions.record_attempt(tx, login, origin, ok=False)
            await note_access(tx, "sign-in-failed", login=login, origin=origin)
        raise


async def _method(tx: Tx, services: Services, account: Account, code: str) -> str:
    """Check the authenticator's code; an account that has none yet gets a session that opens only its setting up."""
    if not await factors.has_factor(tx, account.id):
        return "password"
    if not await factors.check_totp(tx, factors.factor_key(services.csrf_key), account.id, code):
        raise NotPermitted(sessions.WRONG)
    return "password+totp"


def home_after(opened: OpenedSession) -> str:
    """Return where somebody goes after signing in: to work, or first to their authenticator."""
    return home_of(opened.actor) if opened.actor.roles else "/me/security"


def site_of(services: Services) -> RelyingParty | None:
    """Return the site as authenticators know it; None where its address allows no passkeys."""
    return relying_party(services.site.base_url, services.site.name)


def _login_page(
    request: Request[Any, Any, Any], services: Services, next: str, *, login: str = "", error: str = ""
) -> Response[str]:
    context = {"next": safe_next(next), "error": error, "login": login, "passkey_site": site_of(services)}
    return render_page(request, "portal/login.html", context, nav="登录", status=422 if error else 200)


@get("/login", opt=PUBLIC, include_in_schema=False)
async def login_page(request: Request[Any, Any, Any], services: Services, next: str = "") -> Response[str]:
    """Show the sign-in page."""
    return _login_page(request, services, next)


@post("/login", opt=PUBLIC, include_in_schema=False)
async def login_form(
    request: Request[Any, Any, Any],
    services: Services,
    data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Sign in from the form."""
    try:
        opened = await _sign_in(request, services, data.login, data.password, data.code)
    except DomainError as error:
        return _login_page(request, services, data.next, login=data.login, error=error.detail)
    return Response(
        None,
        status_code=303,
        headers={
            "Location": (safe_next(data.next) if opened.actor.roles else "") or home_after(opened),
            "Set-Cookie": cookie_of(services, opened),
        },
    )


@post("/api/v1/auth/password", opt=PUBLIC, status_code=200, tags=["sign-in"], summary="Sign in with a password")
async def login_api(request: Request[Any, Any, Any], services: Services, data: Credentials) -> Response[dict[str, Any]]:
    """Sign in; the session comes as a cookie."""
    opened = await _sign_in(request, services, data.login, data.password, data.code)
    body = {"name": opened.actor.name, "roles": sorted(opened.actor.roles), "next": home_after(opened)}
    return Response(body, headers={"Set-Cookie": cookie_of(services, opened)})


@post("/logout", opt=PUBLIC, include_in_schema=False)
async def logout(request: Request[Any, Any, Any], services: Services) -> Response[None]:
    """End the session at once."""
    secret = request.scope["state"].get("sid", "")
    if secret and actor_of_connection(request) is not None:
        async with services.db.begin() as tx:
            await sessions.end_session(tx, secret)
    gone = session_cookie("", secure=services.secure_cookies, max_age_s=0)
    return Response(None, status_code=303, headers={"Location": "/", "Set-Cookie": gone})


def cookie_of(services: Services, opened: OpenedSession) -> str:
    """Return the cookie that carries a new session."""
    age = int(sessions.ABSOLUTE.total_seconds())
    return session_cookie(opened.secret, secure=services.secure_cookies, max_age_s=age)


HANDLERS = [login_page, login_form, login_api, logout]
