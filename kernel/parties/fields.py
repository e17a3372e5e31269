"""Fields of natural persons that are kept encrypted one by one, and how they are shown.

AES-256-GCM under a key derived from the installation's person key; the associated data names table, row and field, so
that a ciphertext moved to another row or field does not open. The MAC of an ID number, under another derived key, finds
the same person registered twice; without the key, guessing numbers against it leads nowhere.

Source: R-SEC-14; 个人信息保护法 51 (encryption, de-identification).
"""

import uuid
from collections.abc import Mapping
from typing import Any

from kernel.crypto import random_bytes, suite
from kernel.errors import Unavailable

_NONCE = 12


class FieldCipher:
    """Encrypts, decrypts and fingerprints fields.

    Args:
        key: 32 random bytes that lie outside the database.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the key of fields has 32 bytes")
        self._suite = suite("intl-1")
        self._seal = self._suite.hkdf(key, b"", b"sunlit/fields/seal", 32)
        self._mac = self._suite.hkdf(key, b"", b"sunlit/fields/mac", 32)

    def seal(self, row: uuid.UUID, field: str, text: str) -> bytes:
        """Encrypt a field's text for one row.

        Args:
            field: table and column, `person.id_number`.
        """
        nonce = random_bytes(_NONCE)
        return nonce + self._suite.aead_seal(self._seal, nonce, text.encode(), _bound(row, field))

    def open(self, row: uuid.UUID, field: str, sealed: bytes) -> str:
        """Decrypt a field.

        Raises:
            CryptoError: the bytes were changed, or belong to another row or field.
        """
        return self._suite.aead_open(self._seal, sealed[:_NONCE], sealed[_NONCE:], _bound(row, field)).decode()

    def fingerprint(self, field: str, text: str) -> bytes:
        """Return what equal texts of a field share."""
        return self._suite.hmac(self._mac, field.encode() + b"\0" + text.encode())

    def __repr__(self) -> str:
        """Show nothing."""
        return "FieldCipher(…)"


def cipher_of(plugins: Mapping[str, Any]) -> FieldCipher:
    """Return the installation's cipher of fields.

    Raises:
        Unavailable: it has no key for them.
    """
    found: FieldCipher | None = plugins.get("fields")
    if found is None:
        raise Unavailable("本平台尚未配置个人信息加密密钥。")
    return found


def _bound(row: uuid.UUID, field: str) -> bytes:
    return row.bytes + b"\0" + field.encode()


def masked_name(name: str) -> str:
    """Show the first sign of a name: 周**."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def masked_id_number(number: str) -> str:
    """Show the first three and the last two signs of an ID number: 420*************1X."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) > 8 else "*" * len(number)


def masked_phone(phone: str) -> str:
    """Show a phone number without its middle: 138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def masked_account(tail: str) -> str:
    """Show a bank account by its last four digits."""
    return f"**** **** **** {tail}"
