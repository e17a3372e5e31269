"""Beacons: values nobody who takes part controls, announced in the spec and spoken after the contributors are final.

`public-numbers` are numbers that everybody can look up later (a national lottery, closing prices), vouched for by two
witnesses of the spec. Other kinds have no verifier yet and are refused.

Source: `docs/spec/draw.md`, "Beacons"; RFC 3797 §4 for the key string.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, jcs
from kernel.crypto import CryptoError
from kernel.crypto.keys import PublicKey
from kernel.draw import records
from kernel.draw.errors import DrawError
from kernel.draw.spec import Spec
from kernel.draw.transcript import take_apart

KIND = "public-numbers"
#: How many witnesses must vouch for the same value.
WITNESSES = 2
_PUBLIC_NUMBERS = re.compile(r"(?:(?:[0-9]+\.)+/)+", re.ASCII)


def check_beacon(spec: Spec, number: int) -> dict[str, PublicKey]:
    """The witnesses of a beacon, key by kid.

    Args:
        number: place of the beacon in the spec, from 0.
    Raises:
        DrawError: `beacon`: no verifier for its kind, or its witnesses are no keys.
    """
    try:
        return _witnesses(spec, spec.beacons[number])
    except (KeyError, TypeError, ValueError, AttributeError, CryptoError) as refusal:
        raise DrawError("beacon", f"a beacon is malformed: {refusal}") from None


def read_statement(spec: Spec, number: int, statement: str) -> tuple[str, str]:
    """Verify what one witness says of public numbers.

    Returns:
        (kid of the witness's key, value).
    Raises:
        DrawError: `beacon`.
    """
    try:
        header, payload, signed, signature = take_apart(statement)
        key = _witnesses(spec, spec.beacons[number])[header["kid"]]
        if header != {"alg": "ES256", "typ": records.BEACON_TYP, "kid": spec.suite.kid(key.spki)}:
            raise NotCanonical("another kind of message")
        value = payload["value"]
        if jcs(dict(payload)) != jcs(records.beacon_payload(spec, number, value)):
            raise NotCanonical("a statement of another draw or round")
        if not spec.suite.verify(key, signed, signature):
            raise NotCanonical("a witness has not signed it")
    except (KeyError, TypeError, ValueError, AttributeError, CryptoError) as refusal:
        raise DrawError("beacon", f"the value of a beacon is not vouched for: {refusal}") from None
    if not isinstance(value, str) or not _PUBLIC_NUMBERS.fullmatch(value):
        raise DrawError("beacon", "public numbers have the form of RFC 3797")
    return str(header["kid"]), value


def verify_public_numbers(spec: Spec, number: int, value: bytes, statements: Sequence[str]) -> None:
    """A value of `public-numbers` needs the statements of two witnesses whom the spec names, and no other ones.

    Raises:
        DrawError: `beacon`.
    """
    keys, vouching = check_beacon(spec, number), set()
    for statement in statements:
        kid, said = read_statement(spec, number, statement)
        if said.encode() != value:
            raise DrawError("beacon", "a witness says something else")
        vouching.add(keys[kid].spki)
    if len(vouching) < WITNESSES:
        raise DrawError("beacon", "two witnesses must vouch for public numbers")


def _witnesses(spec: Spec, beacon: Mapping[str, Any]) -> dict[str, PublicKey]:
    if beacon["kind"] != KIND or beacon.keys() != {"kind", "at", "source", "witnesses"}:
        raise NotCanonical("no verifier for this kind of beacon")
    return {item["kid"]: spec.suite.load_public(b64u_decode(item["spki"])) for item in beacon["witnesses"]}
