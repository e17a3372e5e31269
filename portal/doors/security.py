"""What a person sees and does about their own access: sessions and devices, the authenticator, a fresh proof."""

import uuid
from typing import Annotated, Any

import msgspec
import segno
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import Conflict, DomainError, InvalidInput, NotFound, StepUpRequired
from kernel.identity import factors, passkeys, sessions
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.web.guards import signed_in
from kernel.web.render import render_page
from kernel.web.services import Services
from kernel.web.session import known_device
from portal.doors.signin import device_of, origin_of, safe_next, site_of
from portal.homes import home_of

_WRONG = "动态口令不正确或已用过，请等待下一个动态口令后再试。"
_METHODS = {
    "password": "口令（尚未设置第二种验证方式）",
    "password+totp": "口令和动态口令",
    "passkey": "通行密钥",
    "licence": "电子营业执照",
    "licence-grace": "电子营业执照（吊销名单过期，只能查看）",
    "call": "短信口令",
}


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the authenticator."""

    code: str


class CodeForm(msgspec.Struct):
    """The same from a form."""

    code: str = ""
    next: str = ""


CodeBody = Annotated[CodeForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
Web = Request[Any, Any, Any]


async def begin_factor(tx: Tx, actor: Actor, services: Services) -> factors.Enrolment:
    """Make a secret for the first authenticator of an account.

    Raises:
        Conflict: there is one; another comes through a recovery, by two other people.
        StepUpRequired: the account has a passkey, which has not just been proved.
    """
    await _require_proof_of_passkey(tx, actor)
    if await factors.has_totp(tx, actor.account_id):
        raise Conflict("您已设置动态口令。更换设备须由系统管理员申请、安全管理员审批后重新设置。")
    key = factors.factor_key(services.csrf_key)
    return await factors.begin_totp(tx, key, actor.account_id, login=actor.login, issuer=services.site.name)


async def confirm_factor(tx: Tx, actor: Actor, services: Services, secret: str, code: str) -> None:
    """Let the authenticator count; from now on the session has its account's roles.

    Raises:
        InvalidInput: the code is not the authenticator's.
        StepUpRequired: as `begin_factor`.
    Effects:
        a line in the audit of access. None in the log: it is about access, and the first administrators set theirs up
        before a rehearsal's clock, which an entry would hold fast, is put to its day.
    """
    await _require_proof_of_passkey(tx, actor)
    if not await factors.confirm_totp(tx, factors.factor_key(services.csrf_key), actor.account_id, code):
        raise InvalidInput("动态口令不正确，请核对手机时间后再试。", [("code", "动态口令不正确")])
    await sessions.step_up(tx, secret, method=None if actor.roles else "password+totp")
    await note_access(tx, "factor", account_id=actor.account_id, login=actor.login, act="totp")


async def _require_proof_of_passkey(tx: Tx, actor: Actor) -> None:
    held = await passkeys.list_passkeys(tx, actor.account_id)
    if held and not (actor.roles and actor.stepped_up):
        raise StepUpRequired


async def prove_anew(tx: Tx, actor: Actor, services: Services, secret: str, code: str, origin: str) -> None:
    """Take a code as a fresh proof of identity for this session.

    Raises:
        InvalidInput: the code is wrong or was used.
    """
    if not await factors.check_totp(tx, factors.factor_key(services.csrf_key), actor.account_id, code):
        raise InvalidInput(_WRONG, [("code", "动态口令不正确")])
    await sessions.step_up(tx, secret)
    await note_access(tx, "step-up", account_id=actor.account_id, login=actor.login, origin=origin)


async def _prove(request: Web, actor: Actor, services: Services, code: str) -> None:
    """Count the try before it is looked at, as at the sign-in; a wrong code is remembered."""
    origin, device = origin_of(request), known_device(request.scope, services, actor.login)
    async with services.db.begin() as tx:
        await sessions.require_attempts_left(tx, actor.login, origin, device=device)
    try:
        async with services.db.begin() as tx:
            await prove_anew(tx, actor, services, request.scope["state"]["sid"], code, origin)
            await sessions.record_attempt(tx, actor.login, origin, ok=True, device=device)
    except InvalidInput:
        async with services.db.begin() as tx:
            await sessions.record_attempt(tx, actor.login, origin, ok=False)
        raise


@post("/api/v1/auth/step-up", guards=[signed_in], status_code=200, tags=["sign-in"], summary="Prove anew who you are")
async def step_up_api(request: Web, actor: Actor, services: Services, data: Code) -> dict[str, int]:
    """Take a code; it counts for ten minutes."""
    await _prove(request, actor, services, data.code)
    return {"for_s": int(sessions.STEP_UP.total_seconds())}


@get("/step-up", guards=[signed_in], include_in_schema=False)
async def step_up_page(request: Web, tx: Tx, actor: Actor, services: Services, next: str = "") -> Response[str]:
    """Ask for a code or a passkey."""
    return await _step_up_page(request, tx, actor, services, next)


@post("/step-up", guards=[signed_in], include_in_schema=False)
async def step_up_form(request: Web, actor: Actor, services: Services, data: CodeBody) -> Response[Any]:
    """Take the code and lead back to where it was asked for."""
    try:
        await _prove(request, actor, services, data.code)
    except DomainError as error:
        async with services.db.begin_read_only() as tx:
            return await _step_up_page(request, tx, actor, services, data.next, error=error.detail, status=422)
    return _to(safe_next(data.next) or home_of(actor))


async def _step_up_page(
    request: Web, tx: Tx, actor: Actor, services: Services, next: str, *, error: str = "", status: int = 200
) -> Response[str]:
    context = {
        "next": safe_next(next),
        "error": error,
        "has_totp": await factors.has_totp(tx, actor.account_id),
        "passkeys": len(await passkeys.list_passkeys(tx, actor.account_id)),
        "passkey_site": site_of(services),
        "home": home_of(actor),
    }
    return render_page(request, "portal/step_up.html", context, status=status)


@post("/api/v1/me/second-factor", guards=[signed_in], tags=["accounts"], summary="Set up an authenticator")
async def begin_api(tx: Tx, actor: Actor, services: Services) -> dict[str, str]:
    """Return the secret, once."""
    made = await begin_factor(tx, actor, services)
    return {"secret": made.secret, "uri": made.uri}


@post(
    "/api/v1/me/second-factor/confirm",
    guards=[signed_in],
    status_code=200,
    tags=["accounts"],
    summary="Confirm the authenticator with its first code",
)
async def confirm_api(request: Web, tx: Tx, actor: Actor, services: Services, data: Code) -> dict[str, bool]:
    """Take the first code."""
    await confirm_factor(tx, actor, services, request.scope["state"]["sid"], data.code)
    return {"confirmed": True}


@get("/me/security", guards=[signed_in], include_in_schema=False)
async def security_page(request: Web, tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show sessions, devices, the authenticator and passkeys."""
    return await _page(request, tx, actor, services)


@post("/me/security/factor", guards=[signed_in], include_in_schema=False)
async def begin_form(request: Web, tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show the secret of a new authenticator, as a picture and in letters."""
    made = await begin_factor(tx, actor, services)
    return await _page(request, tx, actor, services, secret=made.secret, qr=picture(made.uri))


@post("/me/security/factor/confirm", guards=[signed_in], include_in_schema=False)
async def confirm_form(request: Web, actor: Actor, services: Services, data: CodeBody) -> Response[Any]:
    """Take the first code."""
    try:
        async with services.db.begin() as tx:
            await confirm_factor(tx, actor, services, request.scope["state"]["sid"], data.code)
    except DomainError as error:
        async with services.db.begin_read_only() as tx:
            return await _page(request, tx, actor, services, error=error.detail, status=422)
    return _to("/me/security")


@post("/me/security/sessions/end", guards=[signed_in], include_in_schema=False)
async def end_others(request: Web, tx: Tx, actor: Actor) -> Response[None]:
    """End all sessions but this one."""
    count = await sessions.end_sessions(tx, actor.account_id, but=actor.session_id)
    await _note_ended(tx, actor, request, f"{count}")
    return _to("/me/security")


@post("/me/security/sessions/{session_id:uuid}/end", guards=[signed_in], include_in_schema=False)
async def end_one(request: Web, tx: Tx, actor: Actor, session_id: uuid.UUID) -> Response[None]:
    """End one of the own sessions; somebody else's is as good as absent."""
    if not await sessions.end_sessions(tx, actor.account_id, only=session_id):
        raise NotFound
    await _note_ended(tx, actor, request, "1")
    return _to("/me/security")


async def _note_ended(tx: Tx, actor: Actor, request: Web, count: str) -> None:
    await record(tx, actor, "session.ended", {"count": int(count)})
    if not actor.has("bidder"):
        origin = origin_of(request)
        await note_access(tx, "session-ended", account_id=actor.account_id, login=actor.login, origin=origin, act=count)


async def _page(
    request: Web,
    tx: Tx,
    actor: Actor,
    services: Services,
    *,
    secret: str = "",
    qr: str = "",
    error: str = "",
    status: int = 200,
) -> Response[str]:
    rows = [
        {
            "id": row.id,
            "own": row.id == actor.session_id,
            "device": device_name(row.device),
            "origin": row.origin or "—",
            "method": _METHODS.get(row.method, row.method),
            "since": row.created_at,
            "seen": row.seen_at,
            "until": row.expires_at,
        }
        for row in await sessions.list_sessions(tx, actor.account_id)
    ]
    context = {
        "sessions": rows,
        "has_totp": await factors.has_totp(tx, actor.account_id),
        "passkeys": await passkeys.list_passkeys(tx, actor.account_id),
        "passkey_site": site_of(services),
        "passkey_name": device_name(device_of(request)),
        "fresh": bool(actor.roles and actor.stepped_up),
        "staff": ":" not in actor.login,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "qr": qr,
        "error": error,
    }
    return render_page(request, "portal/security.html", context, status=status)


def picture(uri: str) -> str:
    """Return a QR code as a data address: the page's policy lets pictures in, and no script draws it."""
    made = segno.make(uri, error="m").svg_data_uri(scale=4, border=2)
    return str(made)


def device_name(agent: str) -> str:
    """Return a browser's name for itself in the words of its user."""
    systems = (("iPhone", "iPhone"), ("Android", "安卓手机"), ("Windows", "Windows 电脑"), ("Mac OS", "苹果电脑"))
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    system = next((words for mark, words in systems if mark in agent), "Linux 电脑" if "Linux" in agent else "")
    browser = next((words for mark, words in browsers if mark in agent), "")
    return " · ".join(part for part in (system, browser) if part) or agent[:40] or "未知设备"


def _to(address: str) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": address})


HANDLERS = [
    step_up_api,
    step_up_page,
    step_up_form,
    begin_api,
    confirm_api,
    security_page,
    begin_form,
    confirm_form,
    end_others,
    end_one,
]
