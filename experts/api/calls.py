"""Calls: sign in with a code from a message, answer; in a rehearsal the operator plays the telephone network."""

import uuid
from typing import Any

from litestar import Request, Response, get, post

from experts import calls, queries
from experts.phone import text_of
from experts.schemas import CallAnswer, Code, own_call_json
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound, NotPermitted
from kernel.identity import sessions
from kernel.identity.actor import Actor
from kernel.identity.sessions import OpenedSession
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services
from kernel.web.session import session_cookie

#: All tries with codes count together per origin: nobody can try codes of many calls.
_LOGIN = "call-code"


@post("/api/v1/auth/call", opt=PUBLIC, status_code=200, tags=["sign-in"], summary="Sign in with the code of a call")
async def sign_in(request: Request[Any, Any, Any], services: Services, data: Code) -> Response[dict[str, Any]]:
    """Sign a called expert in; the session comes as a cookie."""
    opened = await open_with_code(request, services, data.code)
    body = {"roles": sorted(opened.actor.roles), "next": "/e"}
    return Response(body, headers={"Set-Cookie": cookie_of(services, opened), "Cache-Control": "no-store"})


async def open_with_code(request: Request[Any, Any, Any], services: Services, code: str) -> OpenedSession:
    """Open a session for a code; a wrong one is counted."""
    origin = request.client.host if request.client else ""
    visitor = str(request.scope["state"]["visitor"])
    async with services.db.begin() as tx:
        await sessions.require_attempts_left(tx, _LOGIN, origin)
    try:
        async with services.db.begin() as tx:
            opened = await calls.sign_in_with_code(tx, code, visitor)
            await sessions.record_attempt(tx, _LOGIN, origin, ok=True)
            return opened
    except NotPermitted:
        async with services.db.begin() as tx:
            await sessions.record_attempt(tx, _LOGIN, origin, ok=False)
        raise


def cookie_of(services: Services, opened: OpenedSession) -> str:
    """Return the cookie that carries a new session."""
    age = int(sessions.ABSOLUTE.total_seconds())
    return session_cookie(opened.secret, secure=services.secure_cookies, max_age_s=age)


@get("/api/v1/calls", guards=[permits("call.answer")], tags=["experts"], summary="The signed-in expert's own calls")
async def own_calls(tx: Tx, actor: Actor) -> list[dict[str, Any]]:
    """Return the own calls; no project before the session."""
    return [own_call_json(call) for call in await queries.list_own_calls(tx, actor)]


@post(
    "/api/v1/calls/{call_id:uuid}/answer",
    guards=[permits("call.answer")],
    status_code=200,
    tags=["experts"],
    summary="Accept or refuse a call; the answer cannot be changed",
)
async def answer(tx: Tx, actor: Actor, call_id: uuid.UUID, data: CallAnswer) -> dict[str, str]:
    """Take an answer."""
    if data.answer not in ("accept", "refuse"):
        raise InvalidInput("请选择接受或者不接受。", [("answer", "必须选择")])
    accept = data.answer == "accept"
    state = await calls.answer_call(tx, actor, call_id, accept=accept, reason=data.reason, token=data.jws)
    return {"state": state.value}


@get(
    "/api/v1/rehearsal/messages",
    guards=[permits("rehearsal.run")],
    tags=["rehearsal"],
    summary="Messages on their way to phones; only in a rehearsal",
)
async def messages(tx: Tx, services: Services) -> list[dict[str, str]]:
    """Show outgoing messages, newest first: in a rehearsal nobody's phone rings."""
    if not tx.rehearsal:
        raise NotFound
    cipher = services.plugins["fields"]
    return [
        {"id": str(row.id), "phone": row.phone, "text": text_of(cipher, row), "at": format_time(row.created_at)}
        for row in await queries.list_messages(tx)
    ]


HANDLERS: list[Any] = [sign_in, own_calls, answer, messages]
