"""What members sign with their own keys: answers, promises, reviews, scores, the report.

The platform compares the signed payload with what it expects byte for byte; a signature over anything else counts for
nothing.
"""

from typing import Any

from kernel.canonical import NotCanonical, jcs
from kernel.crypto import CryptoError, jws, suite
from kernel.db.transaction import Tx
from kernel.errors import VerificationFailed
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor


async def verify_own(tx: Tx, actor: Actor, token: str, typ: str, expected: dict[str, Any]) -> None:
    """Check that a token is the actor's own signature over exactly this payload.

    Raises:
        VerificationFailed: another key, kind, payload, or no signature at all.
    """
    provider = suite("intl-1")
    try:
        kid = jws.take_apart(token, typ, "ES256", frozenset({"kid"})).header["kid"]
        keys = await list_person_keys(tx, actor.account_id, purpose="sign")
        spki = next((key.spki for key in keys if key.kid == kid), None)
        if spki is None:
            raise VerificationFailed("签名所用的密钥未登记在您名下。")
        payload = jws.verify(provider, token, typ, provider.load_public(spki), "ES256", frozenset({"kid"}))
        if jcs(payload) != jcs(expected):
            raise VerificationFailed("签名的内容与平台记录不一致，请刷新后重新签名。")
    except (CryptoError, NotCanonical) as error:
        raise VerificationFailed("签名或格式不正确。") from error
