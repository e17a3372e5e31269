"""Signed messages: JWS compact with a canonical payload, one `typ` per kind of message.

The header is exactly `{"alg","typ"}` plus the members the kind of message asks for (`kid`, `x5c`). The algorithm comes
from the caller's configuration; what the token says is only compared with it. Keys never come from a token: an `x5c`
is read by `bidding.licence`, which trusts it after the chain holds.

Source: RFC 7515 sections 3.1, 4.1 and 7.1; RFC 8725 sections 3.1, 3.2, 3.11; docs/spec/canonical.md.
"""

from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.crypto.errors import KeyRefused, TokenError
from kernel.crypto.keys import PrivateKey, PublicKey
from kernel.crypto.suites import Suite

MAX_TOKEN = 256 * 1024


@dataclass(frozen=True)
class UnverifiedToken:
    """A token that was taken apart and nothing more: its signature has not been looked at.

    Attributes:
        signed: the bytes the signature is over.
        payload: raw bytes, canonical JSON only once `payload_of` says so.
    """

    header: dict[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes


def sign(suite: Suite, typ: str, payload: Any, key: PrivateKey, alg: str, extra: dict[str, Any] | None = None) -> str:
    """Sign a message.

    Args:
        typ: the kind of message, such as `bid-submission+jws`.
        payload: any value that has a canonical form.
        alg: an algorithm of the suite that fits the key.
        extra: further header members (`kid`, `x5c`).
    Raises:
        KeyRefused: the algorithm is not of this suite or the key does not fit it.
    """
    if suite.signature_algorithms.get(alg) is not key.kind:
        raise KeyRefused("the algorithm is not of this suite or the key does not fit it")
    header = {**(extra or {}), "alg": alg, "typ": typ}
    signed = f"{b64u_encode(jcs(header))}.{b64u_encode(jcs(payload))}"
    return f"{signed}.{b64u_encode(suite.sign(key, signed.encode()))}"


def verify(suite: Suite, token: str, typ: str, key: PublicKey, alg: str, extra: frozenset[str] = frozenset()) -> Any:
    """Check a signed message and return its payload.

    Args:
        alg: the one algorithm this caller accepts.
        extra: header members that must be present besides `alg` and `typ`.
    Raises:
        TokenError: `format`, `type`, `alg`, `key` (of another kind than `alg` takes), `signature`, and `format` again
            for a payload that is not canonical, in this order.
    """
    unverified = take_apart(token, typ, alg, extra)
    return verify_parts(suite, unverified, key, alg)


def take_apart(token: str, typ: str, alg: str, extra: frozenset[str] = frozenset()) -> UnverifiedToken:
    """Split a token and check its header, not its signature.

    Raises:
        TokenError: `format`, `type` or `alg`.
    """
    if not isinstance(token, str) or len(token) > MAX_TOKEN or token.count(".") != 2:
        raise TokenError("format", "three parts in base64url are expected")
    first, second, third = token.split(".")
    try:
        header = parse(b64u_decode(first))
        payload, signature = b64u_decode(second), b64u_decode(third)
    except NotCanonical:
        raise TokenError("format", "a part of the token is not canonical") from None
    if not isinstance(header, dict):
        raise TokenError("format", "the header is not an object")
    if header.get("typ") != typ:
        raise TokenError("type", "another kind of message is expected")
    if header.get("alg") != alg:
        raise TokenError("alg", "another algorithm is expected")
    if header.keys() != {"alg", "typ"} | extra:
        raise TokenError("format", "the header has missing or unknown members")
    return UnverifiedToken(header, payload, f"{first}.{second}".encode(), signature)


def verify_parts(suite: Suite, token: UnverifiedToken, key: PublicKey, alg: str) -> Any:
    """Check the signature of a token taken apart before, and return its payload.

    Raises:
        TokenError: `key`, `signature` or `format`.
    """
    if suite.signature_algorithms.get(alg) is not key.kind:
        raise TokenError("key", "the key does not fit the algorithm")
    if not suite.verify(key, token.signed, token.signature):
        raise TokenError("signature", "the signature does not hold")
    try:
        return parse(token.payload)
    except NotCanonical:
        raise TokenError("format", "the payload is not canonical") from None
