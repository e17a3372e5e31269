"""The platform's key for receipts and rejections (Ed25519, crypto.md §2)."""

from typing import Any

from kernel.canonical import b64u_encode
from kernel.crypto import jws, suite
from kernel.crypto.keys import PrivateKey

RECEIPT = "otp-receipt+jws"
REJECTION = "otp-rejection+jws"
ACK = "otp-ack+jws"


class PlatformKey:
    """The private key with its public face.

    Args:
        private: an Ed25519 key.
    """

    def __init__(self, private: PrivateKey) -> None:
        self._private = private

    @property
    def spki(self) -> bytes:
        """DER of the public key."""
        return self._private.public.spki

    @property
    def kid(self) -> str:
        """Key id over the SPKI."""
        return suite("intl-1").kid(self.spki)

    def sign(self, typ: str, payload: dict[str, Any]) -> str:
        """Return a compact JWS `EdDSA` of the canonical payload."""
        return jws.sign(suite("intl-1"), typ, payload, self._private, "EdDSA", {"kid": self.kid})

    def trust_row(self) -> dict[str, str]:
        """Return the row of `platform_keys` in the trust file."""
        return {"kid": self.kid, "alg": "EdDSA", "spki": b64u_encode(self.spki)}
