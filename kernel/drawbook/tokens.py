"""Read what a contributor signed, so strictly that whatever is accepted here holds in the public transcript as well."""

from typing import Any

from kernel.canonical import NotCanonical, parse
from kernel.crypto import CryptoError, jws
from kernel.draw.spec import Spec
from kernel.errors import VerificationFailed

_HEADER = frozenset({"kid"})


def read_token(spec: Spec, token: str, typ: str, *, author: str = "party", what: str) -> dict[str, Any]:
    """Verify a contributor's signed message and return its payload.

    Args:
        author: the member of the payload that names who signs.
        what: the message in words, for the refusal.
    Raises:
        VerificationFailed: not signed by a contributor of this draw with the key its spec names, or of another draw.
    """
    try:
        unverified = jws.take_apart(token, typ, "ES256", _HEADER)
        signer = spec.contributors[parse(unverified.payload)[author]]
        payload = jws.verify(spec.suite, token, typ, signer.key, signer.alg, _HEADER)
        if unverified.header["kid"] != signer.kid or payload["spec"] != spec.ref:
            raise NotCanonical("another key or another draw")
    except (CryptoError, NotCanonical, KeyError, TypeError) as error:
        raise VerificationFailed(f"{what}的签名或格式不正确，或者不属于本次抽取。") from error
    return dict(payload)
