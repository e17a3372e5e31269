"""What a signed-in person says of themselves: name, keys."""

from typing import Any

import msgspec
from litestar import get, post

from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.accounts import add_person_key, list_person_keys
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parties.secrecy import visibility_of
from kernel.web.guards import signed_in


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """The public half of a key that the person holds."""

    purpose: str
    spki: str


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
    facts = {"kid": key.kid, "purpose": key.purpose}
    await record(tx, actor, "key.registered", facts, visibility=visibility_of(actor))
    return {"kid": key.kid}


HANDLERS = [me, add_key]
