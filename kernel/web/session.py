"""Sessions, CSRF and security headers as one thin ASGI layer.

A request that changes something must carry the form token: in `x-csrf-token` (scripts, clients) or in the field
`_csrf` of a form. Signed in, the token is an HMAC of the session's secret; signed out, of a random cookie, so that
signing in cannot be forged from elsewhere either. A request that a browser says comes from another site is refused
before anything else.
"""

import hashlib
import hmac
import json
import os
import re
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kernel.canonical import b64u_encode
from kernel.identity import policy, throttle
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.identity.sessions import find_actor_now
from kernel.web.origin import origin_of_scope
from kernel.web.services import Services, services_of_scope

SESSION_COOKIE = "sid"
#: Knows this browser for logins that it has signed in before (`kernel.identity.throttle`).
DEVICE_COOKIE = "dev"
_DEVICE_AGE_S = 90 * 86_400
CSRF_COOKIE = "csrf"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_MAX_FORM = 1 << 20
#: A form with a file carries its token in the first part, within so many bytes.
_MAX_HEAD = 4096
_UPLOAD_TOKEN = re.compile(rb'name="_csrf"\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9_-]{1,64})\r\n')

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " require-trusted-types-for 'script'; trusted-types tr-fragment"
)
HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]


def csrf_token(key: bytes, secret: str) -> str:
    """Return the form token that belongs to a session's secret or to an anonymous cookie."""
    return b64u_encode(hmac.new(key, b"csrf\0" + secret.encode(), hashlib.sha256).digest()[:24])


def cookies_of(scope: Scope) -> dict[str, str]:
    """Return the request's cookies; a malformed header is no cookie."""
    if not any(name == b"cookie" for name, _ in scope["headers"]):
        return {}
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                return {}
    return {name: morsel.value for name, morsel in jar.items()}


class SessionLayer:
    """Find the actor, guard writes, set headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        services = services_of_scope(scope)
        if scope["client"]:  # who is asking, for every door
            scope["client"] = (origin_of_scope(scope, services.proxies), scope["client"][1])
        jar = cookies_of(scope)
        secret = jar.get(SESSION_COOKIE, "")
        actor = await self._actor(services, secret, scope["method"])
        if actor is None:
            secret = ""
        anonymous = jar.get("pre", "")
        if len(anonymous) != 43:
            anonymous = ""
        fresh = "" if secret or anonymous else b64u_encode(os.urandom(32))
        token = csrf_token(services.csrf_key, secret or anonymous or fresh)
        state = scope.setdefault("state", {})
        # `visitor` names the browser whether or not somebody is signed in: challenges are bound to it.
        state.update(actor=actor, csrf=token, sid=secret, visitor=secret or anonymous or fresh, mode=_mode(jar))
        state["devices"] = jar.get(DEVICE_COOKIE, "")

        refused = False

        async def answer(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = message["status"] == 403
                message = dict(message)  # type: ignore[assignment]
                present = {name for name, _ in message["headers"]}
                headers = [*message["headers"], *(h for h in HEADERS if h[0] not in present)]
                if not _cacheable(message["headers"]):
                    headers += _cookies(services, fresh, token, jar, state["devices"])
                message["headers"] = headers
            await send(message)

        if scope["method"] not in _SAFE:
            refusal, receive = await _check_write(scope, receive, token)
            if refusal:
                await _refuse(answer, refusal)
                return
        await self.app(scope, receive, answer)
        if refused and actor is not None and actor.has(*self._audited):
            await self._note_refusal(services, actor, scope)

    async def _note_refusal(self, services: Services, actor: Actor, scope: Scope) -> None:
        """Keep who of staff was refused where; suppliers' visits are in no audit before an opening (R-ET-05)."""
        origin = scope["client"][0] if scope["client"] else ""
        async with services.db.begin() as tx:
            await note_access(
                tx,
                "refused",
                account_id=actor.account_id,
                login=actor.login,
                origin=origin,
                act=f"{scope.get('method')} {scope['path']}",
            )

    @property
    def _audited(self) -> list[str]:
        return [role for role in policy.current().roles if role != "bidder"]

    async def _actor(self, services: Services, secret: str, method: str) -> Actor | None:
        return await find_actor_now(services.db, secret, touch=method not in _SAFE) if secret else None


def known_device(scope: Scope, services: Services, login: str) -> str:
    """Return the mark of a browser that has signed this login in before; "" for a strange one."""
    return throttle.device_of(services.csrf_key, login, scope["state"]["devices"])


def keep_device(scope: Scope, services: Services, login: str) -> None:
    """Let the answer's cookie know this browser for a login that was just signed in."""
    scope["state"]["devices"] = throttle.remember_device(services.csrf_key, login, scope["state"]["devices"])


def _cookies(
    services: Services, fresh: str, token: str, jar: dict[str, str], devices: str
) -> list[tuple[bytes, bytes]]:
    flags = "; Path=/; SameSite=Lax" + ("; Secure" if services.secure_cookies else "")
    cookies = []
    if fresh:
        cookies.append((b"set-cookie", f"pre={fresh}{flags}; HttpOnly".encode()))
    if jar.get(CSRF_COOKIE) != token:
        cookies.append((b"set-cookie", f"{CSRF_COOKIE}={token}{flags}".encode()))
    if devices != jar.get(DEVICE_COOKIE, ""):
        kept = f"{DEVICE_COOKIE}={devices}{flags}; HttpOnly; Max-Age={_DEVICE_AGE_S}"
        cookies.append((b"set-cookie", kept.encode()))
    return cookies


def _mode(jar: dict[str, str]) -> str:
    mode = jar.get("mode", "")
    return mode if mode in ("elder", "contrast") else ""


def _cacheable(headers: Any) -> bool:
    return any(name == b"cache-control" and b"public" in value for name, value in headers)


async def _check_write(scope: Scope, receive: Receive, token: str) -> tuple[str, Receive]:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site = headers.get(b"sec-fetch-site", "")
    if site not in ("", "same-origin", "none"):
        return "请求来自其他网站，已拒绝。", receive
    given = headers.get(b"x-csrf-token", "")
    if not given and headers.get(b"content-type", "").startswith("application/x-www-form-urlencoded"):
        body, receive = await _buffered(receive)
        if body is None:
            return "表单内容过大。", receive
        given = parse_qs(body.decode("utf-8", "replace")).get("_csrf", [""])[0]
    elif not given and headers.get(b"content-type", "").startswith("multipart/form-data"):
        given, receive = await _token_of_upload(receive)
    if not hmac.compare_digest(given.encode(), token.encode()):
        return "页面已过期，请刷新后重试；填写的内容请先复制保存。", receive
    return "", receive


async def _buffered(receive: Receive) -> tuple[bytes | None, Receive]:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MAX_FORM:
            return None, receive
        if not message.get("more_body"):
            break
    body = b"".join(parts)
    given = False

    async def again() -> Any:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return body, again


async def _token_of_upload(receive: Receive) -> tuple[str, Receive]:
    """Find the token in the first part of an upload; the rest, which may be large, is neither read nor kept."""
    begun: list[Any] = []
    head = b""
    while len(head) < _MAX_HEAD:
        message = await receive()
        begun.append(message)
        if message["type"] != "http.request":
            break
        head += message.get("body", b"")
        if not message.get("more_body"):
            break
    found = _UPLOAD_TOKEN.search(head[:_MAX_HEAD])

    async def again() -> Any:
        return begun.pop(0) if begun else await receive()

    return found[1].decode("ascii") if found else "", again


async def _refuse(send: Any, detail: str) -> None:
    body = json.dumps(
        {"type": "/problems/csrf", "title": "请求未通过校验", "status": 403, "code": "csrf", "detail": detail},
        ensure_ascii=False,
    ).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 403,
            "headers": [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")],
        }
    )
    await send({"type": "http.response.body", "body": body})


def session_cookie(secret: str, *, secure: bool, max_age_s: int) -> str:
    """Return the Set-Cookie value that carries (or, with `max_age_s` 0, ends) a session."""
    flags = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
    return f"{SESSION_COOKIE}={secret}{flags}; Max-Age={max_age_s}"
