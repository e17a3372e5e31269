"""Signing in with a password, signing out. The e-licence has its own door in `bidding`."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.errors import DomainError, NotPermitted
from kernel.identity import sessions
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
    next: str = ""


class SignInForm(msgspec.Struct):
    """The same from a form, with its token."""

    login: str = ""
    password: str = ""
    next: str = ""


def _origin(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def safe_next(target: str) -> str:
    """Return the target if it is a path of ours, else nothing: no open redirect."""
    good = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if good else ""


async def _sign_in(request: Request[Any, Any, Any], services: Services, login: str, password: str) -> OpenedSession:
    db, origin = services.db, _origin(request)
    device = known_device(request.scope, services, login)
    async with db.begin() as tx:
        await sessions.require_attempts_left(tx, login, origin, device=device)
    try:
        async with db.begin() as tx:
            account = await sessions.check_password(tx, login, password)
            opened = await sessions.open_session(tx, account, method="password")
            await sessions.record_attempt(tx, login, origin, ok=True, device=device)
            keep_device(request.scope, services, login)
            return opened
    except NotPermitted:
        async with db.begin() as tx:
            await sessions.record_attempt(tx, login, origin, ok=False)
        raise


@get("/login", opt=PUBLIC, include_in_schema=False)
async def login_page(request: Request[Any, Any, Any], next: str = "") -> Response[str]:
    """Show the sign-in page."""
    return render_page(request, "portal/login.html", {"next": safe_next(next), "error": "", "login": ""}, nav="登录")


@post("/login", opt=PUBLIC, include_in_schema=False)
async def login_form(
    request: Request[Any, Any, Any],
    services: Services,
    data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Sign in from the form."""
    try:
        opened = await _sign_in(request, services, data.login, data.password)
    except DomainError as error:
        context = {"next": safe_next(data.next), "error": error.detail, "login": data.login}
        return render_page(request, "portal/login.html", context, nav="登录", status=422)
    return Response(
        None,
        status_code=303,
        headers={
            "Location": safe_next(data.next) or home_of(opened.actor),
            "Set-Cookie": _cookie(services, opened),
        },
    )


@post("/api/v1/auth/password", opt=PUBLIC, status_code=200, tags=["sign-in"], summary="Sign in with a password")
async def login_api(request: Request[Any, Any, Any], services: Services, data: Credentials) -> Response[dict[str, Any]]:
    """Sign in; the session comes as a cookie."""
    opened = await _sign_in(request, services, data.login, data.password)
    body = {"name": opened.actor.name, "roles": sorted(opened.actor.roles), "next": home_of(opened.actor)}
    return Response(body, headers={"Set-Cookie": _cookie(services, opened)})


@post("/logout", opt=PUBLIC, include_in_schema=False)
async def logout(request: Request[Any, Any, Any], services: Services) -> Response[None]:
    """End the session at once."""
    secret = request.scope["state"].get("sid", "")
    if secret and actor_of_connection(request) is not None:
        async with services.db.begin() as tx:
            await sessions.end_session(tx, secret)
    gone = session_cookie("", secure=services.secure_cookies, max_age_s=0)
    return Response(None, status_code=303, headers={"Location": "/", "Set-Cookie": gone})


def _cookie(services: Services, opened: OpenedSession) -> str:
    age = int(sessions.ABSOLUTE.total_seconds())
    return session_cookie(opened.secret, secure=services.secure_cookies, max_age_s=age)


HANDLERS = [login_page, login_form, login_api, logout]
