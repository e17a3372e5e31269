"""An authenticator in software: makes passkeys and answers challenges as a browser hands them on (WebAuthn).

Every part can be made wrong, because a server that only meets honest ones proves nothing.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto.digest import random_bytes

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """One passkey in one authenticator.

    Attributes:
        counter: of the next answer, minus one; 0 that stays 0 is an authenticator that counts nothing.
    """

    origin: str
    counting: bool = True
    counter: int = 0
    id: bytes = field(default_factory=lambda: random_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user: bytes = b""

    def create(self, options: dict[str, Any], *, flags: int = PRESENT | VERIFIED, origin: str = "") -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        self.user = b64u_decode(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(options["rp"]["id"], flags | ATTESTED) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._said("webauthn.create", options["challenge"], origin)
        return self._answer({"clientDataJSON": b64u_encode(said), "attestationObject": b64u_encode(statement)})

    def get(
        self,
        options: dict[str, Any],
        *,
        flags: int = PRESENT | VERIFIED,
        origin: str = "",
        rp_id: str = "",
        user: bytes | None = None,
        signer: ec.EllipticCurvePrivateKey | None = None,
        cross_origin: bool = False,
    ) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        self.counter += self.counting
        data = self._data(rp_id or options["rpId"], flags)
        said = self._said("webauthn.get", options["challenge"], origin, cross_origin=cross_origin)
        signature = (signer or self.key).sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        handle = self.user if user is None else user
        parts = {"clientDataJSON": said, "authenticatorData": data, "signature": signature, "userHandle": handle}
        return self._answer({name: b64u_encode(part) for name, part in parts.items()})

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _said(self, kind: str, challenge: str, origin: str, *, cross_origin: bool = False) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": cross_origin}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = b64u_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
