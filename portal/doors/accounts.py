"""Accounts of staff, and what a signed-in person says of themselves: name, keys."""

from typing import Any

import msgspec
from litestar import get, post

from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.accounts import add_person_key, create_account, list_person_keys
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parties.organisations import enter_organisation
from kernel.web.guards import permits, signed_in
from portal.parties import ROLES

#: Logins with a colon belong to holders of e-licences and to called experts; nobody may take them in advance.
#: Roles that the operator may give. `bidder` comes with an e-licence only, `operator` with the installation.
GRANTED = frozenset({"procuring_entity", "agency", "expert", "trustee", "supervisor", "inspector", "centre"})


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """A staff account with its organisation."""

    login: str
    password: str
    name: str
    roles: list[str]
    uscc: str
    organisation: str


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """The public half of a key that the person holds."""

    purpose: str
    spki: str


@post("/api/v1/accounts", guards=[permits("staff.prepare")], tags=["accounts"], summary="Create a staff account")
async def add_account(tx: Tx, actor: Actor, data: NewAccount) -> dict[str, Any]:
    """Create a staff account; the platform's operator gives roles, never takes part in a procedure."""
    wrong = sorted(set(data.roles) - GRANTED)
    if wrong or not data.roles:
        raise InvalidInput("请为账户选择有效的角色。", [("roles", "、".join(wrong) or "不能为空")])
    if not 3 <= len(data.login) <= 64 or not data.login.isprintable() or ":" in data.login:
        raise InvalidInput("登录名为 3 至 64 个字符，不含冒号。", [("login", "长度或字符不正确")])
    organisation_id = await enter_organisation(
        tx, actor, uscc=data.uscc, name=data.organisation, roles=ROLES.keys() & set(data.roles)
    )
    account = await create_account(
        tx,
        login=data.login,
        display_name=data.name,
        roles=data.roles,
        password=data.password,
        organisation_id=organisation_id,
    )
    await record(tx, actor, "account.created", {"login": data.login, "roles": sorted(data.roles), "uscc": data.uscc})
    return {"id": str(account.id), "organisation_id": str(organisation_id)}


@get("/api/v1/me", guards=[signed_in], tags=["accounts"], summary="Who am I")
async def me(tx: Tx, actor: Actor) -> dict[str, Any]:
    """Return the signed-in person and the public keys on record."""
    keys = {p: [k.kid for k in await list_person_keys(tx, actor.account_id, purpose=p)] for p in ("sign", "unwrap")}
    return {
        "id": str(actor.account_id),
        "login": actor.login,
        "name": actor.name,
        "roles": sorted(actor.roles),
        "organisation": actor.organisation_name,
        "uscc": actor.uscc,
        "keys": keys,
    }


@post("/api/v1/me/keys", guards=[signed_in], tags=["accounts"], summary="Register the public half of an own key")
async def add_key(tx: Tx, actor: Actor, data: NewKey) -> dict[str, str]:
    """Register a key; its private half never comes here."""
    if data.purpose not in ("sign", "unwrap"):
        raise InvalidInput("密钥用途只能是签名或解封。", [("purpose", "sign 或 unwrap")])
    try:
        spki = b64u_decode(data.spki)
    except NotCanonical as error:
        raise InvalidInput("公钥编码不正确。", [("spki", "应为 base64url")]) from error
    held = [key.spki for key in await list_person_keys(tx, actor.account_id, purpose=data.purpose)]
    if held and spki not in held:
        raise Conflict("您已登记过这一用途的密钥。更换密钥须由本人持原密钥办理，不能只凭登录添加。")
    key = await add_person_key(tx, actor.account_id, purpose=data.purpose, spki=spki)
    await record(tx, actor, "key.registered", {"kid": key.kid, "purpose": key.purpose})
    return {"kid": key.kid}


HANDLERS = [add_account, me, add_key]
