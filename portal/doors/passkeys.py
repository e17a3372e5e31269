"""Passkeys at the door: staff sign in and prove anew with them, and keep them on `/me/security`.

Ceremonies need a script (`passkey.js`); everything about them that does not (names, removal) is plain forms. Every
answer uses its challenge up first, in a transaction of its own.
"""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import Conflict
from kernel.identity import passkeys, policy, sessions
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.identity.ceremonies import PasskeyRefused, RelyingParty, credential_in, readable
from kernel.identity.sessions import OpenedSession
from kernel.web.guards import PUBLIC, signed_in
from kernel.web.services import Services
from kernel.web.session import keep_device
from portal.doors.signin import cookie_of, device_of, home_after, origin_of, site_of

Web = Request[Any, Any, Any]
_TAGS = ["sign-in"]


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """What the browser's authenticator brought (PublicKeyCredential as JSON)."""

    credential: dict[str, Any]


class NewPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """A new passkey and its holder's name for it."""

    credential: dict[str, Any]
    name: str


class NameForm(msgspec.Struct):
    """Another name for a passkey, from a form."""

    name: str = ""


def _site(services: Services) -> RelyingParty:
    site = site_of(services)
    if site is None:
        raise Conflict("本站的访问地址不支持通行密钥（需要域名和 HTTPS），请使用动态口令。")
    return site


@post("/api/v1/auth/passkey/challenge", opt=PUBLIC, status_code=200, tags=_TAGS, summary="Begin with a passkey")
async def begin_sign_in(request: Web, tx: Tx, services: Services) -> dict[str, Any]:
    """Return the options for the authenticator; they name nobody."""
    return await passkeys.begin(tx, _site(services), request.scope["state"]["visitor"], passkeys.SIGN_IN)


@post("/api/v1/auth/passkey", opt=PUBLIC, status_code=200, tags=_TAGS, summary="Sign in with a passkey")
async def sign_in(request: Web, services: Services, data: Answer) -> Response[dict[str, Any]]:
    """Sign in; the session comes as a cookie."""
    opened = await _signed_in(request, services, data.credential)
    body = {"name": opened.actor.name, "roles": sorted(opened.actor.roles), "next": home_after(opened)}
    return Response(body, headers={"Set-Cookie": cookie_of(services, opened)})


async def _signed_in(request: Web, services: Services, answer: dict[str, Any]) -> OpenedSession:
    """Count the try, use the challenge up, then look; whoever is refused learns one sentence."""
    db, origin, visitor = services.db, origin_of(request), request.scope["state"]["visitor"]
    mark = f"passkey:{readable(credential_in(answer)[0])}"
    async with db.begin() as tx:
        await sessions.require_attempts_left(tx, mark, origin)
    try:
        async with db.begin() as tx:
            challenge = await passkeys.take_challenge(tx, answer, visitor, passkeys.SIGN_IN)
        async with db.begin() as tx:
            account = await passkeys.holder_of(tx, _site(services), challenge, answer)
            limits = policy.current().limits(account.roles, (await sessions.real_now(tx)).date())
            opened = await sessions.open_session(
                tx, account, method="passkey", limits=limits, origin=origin, device=device_of(request)
            )
            await sessions.record_attempt(tx, mark, origin, ok=True)
            keep_device(request.scope, services, account.login)
            await note_access(tx, "sign-in", account_id=account.id, login=account.login, origin=origin, act="passkey")
            return opened
    except PasskeyRefused as refusal:
        async with db.begin() as tx:
            await sessions.record_attempt(tx, mark, origin, ok=False)
            await note_access(tx, "sign-in-failed", login=mark, origin=origin, act=f"passkey: {refusal.cause}")
        raise


@post(
    "/api/v1/auth/step-up/passkey/challenge",
    guards=[signed_in],
    status_code=200,
    tags=_TAGS,
    summary="Begin proving anew with a passkey",
)
async def begin_step_up(request: Web, tx: Tx, actor: Actor, services: Services) -> dict[str, Any]:
    """Return the options for one of the person's authenticators."""
    visitor = request.scope["state"]["visitor"]
    return await passkeys.begin(tx, _site(services), visitor, passkeys.STEP_UP, actor=actor)


@post(
    "/api/v1/auth/step-up/passkey",
    guards=[signed_in],
    status_code=200,
    tags=_TAGS,
    summary="Prove anew who you are, with a passkey",
)
async def step_up(request: Web, actor: Actor, services: Services, data: Answer) -> dict[str, int]:
    """Take a passkey; it counts for ten minutes."""
    state, origin = request.scope["state"], origin_of(request)
    async with services.db.begin() as tx:
        await sessions.require_attempts_left(tx, actor.login, origin)
    try:
        async with services.db.begin() as tx:
            challenge = await passkeys.take_challenge(
                tx, data.credential, state["visitor"], passkeys.STEP_UP, actor=actor
            )
        async with services.db.begin() as tx:
            site = _site(services)
            await passkeys.prove(tx, actor, state["sid"], site, challenge, data.credential, origin=origin)
            await sessions.record_attempt(tx, actor.login, origin, ok=True)
    except PasskeyRefused:
        async with services.db.begin() as tx:
            await sessions.record_attempt(tx, actor.login, origin, ok=False)
        raise
    return {"for_s": int(sessions.STEP_UP.total_seconds())}


@post(
    "/api/v1/me/passkeys/challenge",
    guards=[signed_in],
    status_code=200,
    tags=["accounts"],
    summary="Begin adding a passkey",
)
async def begin_adding(request: Web, tx: Tx, actor: Actor, services: Services) -> dict[str, Any]:
    """Return the options for a new passkey; with a second factor on record this needs a fresh proof."""
    visitor = request.scope["state"]["visitor"]
    return await passkeys.begin(tx, _site(services), visitor, passkeys.ADD, actor=actor)


@post("/api/v1/me/passkeys", guards=[signed_in], tags=["accounts"], summary="Add a passkey")
async def add(request: Web, actor: Actor, services: Services, data: NewPasskey) -> dict[str, str]:
    """Keep the new passkey."""
    state = request.scope["state"]
    async with services.db.begin() as tx:
        challenge = await passkeys.take_challenge(tx, data.credential, state["visitor"], passkeys.ADD, actor=actor)
    async with services.db.begin() as tx:
        made = await passkeys.add(tx, actor, state["sid"], _site(services), challenge, data.credential, data.name)
    return {"id": str(made)}


@post("/me/security/passkeys/{passkey_id:uuid}/name", guards=[signed_in], include_in_schema=False)
async def rename(
    tx: Tx,
    actor: Actor,
    passkey_id: uuid.UUID,
    data: Annotated[NameForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[None]:
    """Give a passkey another name."""
    await passkeys.rename(tx, actor, passkey_id, data.name)
    return _back()


@post("/me/security/passkeys/{passkey_id:uuid}/remove", guards=[signed_in], include_in_schema=False)
async def remove(tx: Tx, actor: Actor, passkey_id: uuid.UUID) -> Response[None]:
    """Remove a passkey; it opens nothing from this moment on."""
    await passkeys.remove(tx, actor, passkey_id)
    return _back()


def _back() -> Response[None]:
    return Response(None, status_code=303, headers={"Location": "/me/security#pk"})


HANDLERS = [begin_sign_in, sign_in, begin_step_up, step_up, begin_adding, add, rename, remove]
