"""The vault: identities of drawable people, readable one at a time and only through a logged act.

Each draw has a key of its own, wrapped for the vault's key; each identity is encrypted under a key derived from it and
the leaf. So freezing two thousand candidates costs one wrapping, and opening one identity opens no other.
"""

import hmac
from dataclasses import dataclass
from typing import Any

from kernel.canonical import jcs, parse
from kernel.crypto import random_bytes, suite
from kernel.crypto.keys import PrivateKey

_NONCE = bytes(12)  # each derived key encrypts exactly once


@dataclass(frozen=True, slots=True)
class DrawKey:
    """The key of one draw; exists in memory while the draw is frozen or an identity is opened."""

    secret: bytes

    def seal(self, leaf: bytes, salt: bytes, priv: dict[str, Any]) -> bytes:
        """Encrypt salt and identity of a leaf."""
        provider = suite("intl-1")
        key = provider.hkdf(self.secret, leaf, b"OTD1/identity\0", provider.key_length)
        return provider.aead_seal(key, _NONCE, salt + jcs(priv))

    def open(self, leaf: bytes, sealed: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return (salt, identity) of a leaf."""
        provider = suite("intl-1")
        key = provider.hkdf(self.secret, leaf, b"OTD1/identity\0", provider.key_length)
        data = provider.aead_open(key, _NONCE, sealed)
        priv: dict[str, Any] = parse(data[32:])
        return data[:32], priv

    def person(self, person_id: str) -> bytes:
        """Return the keyed digest under which a person's leaf is found."""
        return hmac.digest(self.secret, b"person\0" + person_id.encode(), "sha256")


class Vault:
    """The keeper of draw keys.

    Args:
        key: the vault's P-256 key; in production inside a hardware module.
    """

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self._digest_key = suite("intl-1").hkdf(key.pkcs8(), b"", b"OTD1/vault-digest\0", 32)

    def identity(self, number: str) -> bytes:
        """Return the keyed digest under which an identity number is kept and compared.

        Identity numbers are few enough to be guessed; without the vault's key their digests tell nothing.
        """
        return hmac.digest(self._digest_key, b"identity\0" + number.encode(), "sha256")

    def make(self, context: bytes) -> tuple[DrawKey, bytes, bytes]:
        """Make a draw's key; return it with its wrapping (enc, ct).

        Args:
            context: 32 bytes that bind the wrapping to the draw.
        """
        secret = random_bytes(32)
        enc, ct = suite("intl-1").wrap("hpke-p256", self._key.public, context, secret)
        return DrawKey(secret), enc, ct

    def unwrap(self, context: bytes, enc: bytes, ct: bytes) -> DrawKey:
        """Return a draw's key.

        Raises:
            CryptoError: the wrapping belongs to another draw or vault.
        """
        return DrawKey(suite("intl-1").unwrap("hpke-p256", self._key, context, enc, ct))
