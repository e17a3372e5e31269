"""Staff accounts for programs: prepare, change, decide, activate."""

import uuid
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity import petitions
from kernel.identity.actor import Actor
from kernel.identity.factors import factor_key
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services
from portal import staff
from portal.doors.signin import cookie_of, device_of, origin_of
from portal.homes import home_of

_TAGS = ["accounts"]


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """A staff account that is asked for."""

    login: str
    name: str
    roles: list[str]
    uscc: str
    organisation: str
    reason: str


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """A change that is asked for: `roles`, `disable`, `recover`, `revoke-sign` or `revoke-unwrap`."""

    change: str
    reason: str
    roles: list[str] = []


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What the second person says."""

    approve: bool


class Activation(msgspec.Struct, forbid_unknown_fields=True):
    """The holder's code and the password of their own choice."""

    code: str
    password: str


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """The holder's code and the first code of their authenticator."""

    code: str
    otp: str


@post("/api/v1/accounts", guards=[permits("staff.prepare")], tags=_TAGS, summary="Ask for a staff account")
async def add_account(tx: Tx, actor: Actor, data: NewAccount) -> dict[str, str]:
    """Ask for an account; the answer holds the first half of its holder's code, shown once."""
    draft = staff.StaffDraft(data.login, data.name, tuple(data.roles), data.uscc, data.organisation, data.reason)
    return _told(await staff.ask_account(tx, actor, draft))


@post(
    "/api/v1/accounts/{account_id:uuid}/changes",
    guards=[permits("staff.prepare")],
    tags=_TAGS,
    summary="Ask for a change of a staff account",
)
async def add_change(tx: Tx, actor: Actor, account_id: uuid.UUID, data: Change) -> dict[str, str]:
    """Ask for other roles, disabling, recovery, or the revocation of a key."""
    asked = await staff.ask_change(tx, actor, account_id, data.change, roles=tuple(data.roles), reason=data.reason)
    return _told(asked)


@get("/api/v1/petitions", guards=[permits("staff.approve")], tags=_TAGS, summary="What waits for the second person")
async def read_petitions(tx: Tx) -> list[dict[str, Any]]:
    """Return the petitions that wait."""
    return [
        {"id": str(row.id), "change": row.act, "login": row.login, "roles": row.facts["roles"], "reason": row.reason}
        for row in await petitions.list_petitions(tx, waiting=True, acts=staff.CHANGES)
    ]


@post(
    "/api/v1/petitions/{petition_id:uuid}/decision",
    guards=[permits("staff.approve")],
    status_code=200,
    tags=_TAGS,
    summary="Approve or refuse as the second person",
)
async def add_decision(tx: Tx, actor: Actor, petition_id: uuid.UUID, data: Decision) -> dict[str, str]:
    """Decide; the answer holds the second half of the holder's code, shown once."""
    return {"code": await staff.decide(tx, actor, petition_id, approve=data.approve)}


@post("/api/v1/auth/activate", opt=PUBLIC, status_code=200, tags=_TAGS, summary="Choose a password with a code")
async def activate(tx: Tx, services: Services, data: Activation) -> dict[str, str]:
    """Take the password; the answer holds the secret for the authenticator."""
    key = factor_key(services.csrf_key)
    login, made = await staff.begin_activation(tx, key, data.code, data.password, issuer=services.site.name)
    return {"login": login, "secret": made.secret, "uri": made.uri}


@post("/api/v1/auth/activate/confirm", opt=PUBLIC, status_code=200, tags=_TAGS, summary="Open the account")
async def confirm(
    request: Request[Any, Any, Any], tx: Tx, services: Services, data: Confirmation
) -> Response[dict[str, Any]]:
    """Open the account and sign its holder in."""
    opened = await staff.finish_activation(
        tx,
        factor_key(services.csrf_key),
        data.code,
        data.otp,
        origin=origin_of(request),
        device=device_of(request),
    )
    body = {"name": opened.actor.name, "roles": sorted(opened.actor.roles), "next": home_of(opened.actor)}
    return Response(body, headers={"Set-Cookie": cookie_of(services, opened)})


def _told(asked: staff.Asked) -> dict[str, str]:
    return {"id": str(asked.account_id), "petition": str(asked.petition_id), "code": asked.code}


HANDLERS = [add_account, add_change, read_petitions, add_decision, activate, confirm]
