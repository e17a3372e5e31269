"""Who signed a trustee's message: the key on record of the person who is signed in."""

from typing import Any

from bidding.messages import TYPES, MessageError, check_message
from kernel.crypto import CryptoError, jws, suite
from kernel.db.transaction import Tx
from kernel.errors import VerificationFailed
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor


class SignatureRefused(VerificationFailed):
    """A signed message is not that of the person who sends it, or not of its form; `reason` is the code."""

    code = "signature-refused"


async def verify_trustee_message(tx: Tx, actor: Actor, token: str, kind: str) -> dict[str, Any]:
    """Return the payload of a message that the actor signed with a key on record.

    Args:
        kind: of `bidding.messages`.

    Raises:
        SignatureRefused: another key, another kind of message, a signature that does not hold, members amiss.
    """
    payload, _ = await verify_trustee_message_with_key(tx, actor, token, kind)
    return payload


async def verify_trustee_message_with_key(tx: Tx, actor: Actor, token: str, kind: str) -> tuple[dict[str, Any], bytes]:
    """Return the payload as `verify_trustee_message` does, with the SPKI of the key that signed it."""
    provider = suite("intl-1")
    try:
        unverified = jws.take_apart(token, TYPES[kind], provider.person_signature, frozenset({"kid"}))
        keys = await list_person_keys(tx, actor.account_id, purpose="sign")
        key = next((key for key in keys if key.kid == unverified.header["kid"]), None)
        if key is None:
            raise SignatureRefused("请使用您登记在本平台的签名密钥。", reason="key")
        payload = jws.verify_parts(provider, unverified, provider.load_public(key.spki), provider.person_signature)
        return check_message(payload, kind), key.spki
    except (CryptoError, MessageError) as refusal:
        raise SignatureRefused("签名未通过核验，请重新签署。", reason=refusal.code) from None
