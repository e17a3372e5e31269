"""Key files that people carry: an e-licence with its certificates (.lic), or the two keys of a trustee (.key).

One readable JSON file each; every private key in it is encrypted PKCS#8 (`kernel.crypto.protected`), which OpenSSL
reads as well. The browser has the same in `keyfile.js`.

Source: docs/spec/browser.md, "Key files".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import Certificate

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.crypto import CryptoError
from kernel.crypto.certificates import CertificateError, read_x5c, x5c_of
from kernel.crypto.keys import PrivateKey
from kernel.crypto.protected import load_protected, protect_private

LICENCE, PERSON = "licence.file", "key.file"


class KeyFileError(CryptoError):
    """Not a key file of the kind expected (code `key-file`)."""

    def __init__(self, reason: str) -> None:
        super().__init__("key-file", reason)


@dataclass(frozen=True)
class LicenceFile:
    """An e-licence with its keys.

    Attributes:
        uscc: the holder's credit code, for display; what counts is the certificate.
        name: the holder's name, likewise.
        sign: signing certificate first, then intermediates.
        encrypt: encryption certificate first, then intermediates.
    """

    uscc: str
    name: str
    sign_key: PrivateKey
    sign: Sequence[Certificate]
    encrypt_key: PrivateKey
    encrypt: Sequence[Certificate]


@dataclass(frozen=True)
class PersonFile:
    """The keys of a trustee or another person without an e-licence."""

    sign_key: PrivateKey
    unwrap_key: PrivateKey


def write_licence_file(content: LicenceFile, passphrase: str) -> bytes:
    """Write an e-licence file; both keys are protected by the passphrase."""
    return jcs(
        {
            "v": 1,
            "type": LICENCE,
            "uscc": content.uscc,
            "name": content.name,
            "sign": {"x5c": x5c_of(content.sign), "key": _protected(content.sign_key, passphrase)},
            "encrypt": {"x5c": x5c_of(content.encrypt), "key": _protected(content.encrypt_key, passphrase)},
        }
    )


def read_licence_file(data: bytes, passphrase: str) -> LicenceFile:
    """Read an e-licence file.

    Raises:
        KeyFileError: it is none. KeyRefused: the passphrase does not open a key.
    """
    members = _members(data, LICENCE, {"uscc", "name", "sign", "encrypt"})
    halves = []
    for half in (members["sign"], members["encrypt"]):
        if not isinstance(half, dict) or half.keys() != {"x5c", "key"}:
            raise KeyFileError("a half of an e-licence is {x5c, key}")
        try:
            halves.append((_opened(half["key"], passphrase), read_x5c(half["x5c"])))
        except CertificateError as refusal:
            raise KeyFileError(refusal.reason) from None
    (sign_key, sign), (encrypt_key, encrypt) = halves
    return LicenceFile(str(members["uscc"]), str(members["name"]), sign_key, sign, encrypt_key, encrypt)


def write_person_file(content: PersonFile, passphrase: str) -> bytes:
    """Write a person's key file."""
    sign, unwrap = _protected(content.sign_key, passphrase), _protected(content.unwrap_key, passphrase)
    return jcs({"v": 1, "type": PERSON, "sign": sign, "unwrap": unwrap})


def read_person_file(data: bytes, passphrase: str) -> PersonFile:
    """Read a person's key file.

    Raises:
        KeyFileError: it is none. KeyRefused: the passphrase does not open a key.
    """
    members = _members(data, PERSON, {"sign", "unwrap"})
    return PersonFile(_opened(members["sign"], passphrase), _opened(members["unwrap"], passphrase))


def _protected(key: PrivateKey, passphrase: str) -> str:
    return b64u_encode(protect_private(key, passphrase))


def _opened(text: object, passphrase: str) -> PrivateKey:
    try:
        return load_protected(b64u_decode(text), passphrase)
    except NotCanonical as refusal:
        raise KeyFileError(str(refusal)) from None


def _members(data: bytes, kind: str, names: set[str]) -> dict[str, Any]:
    try:
        members = parse(data)
    except NotCanonical as refusal:
        raise KeyFileError(str(refusal)) from None
    if not isinstance(members, dict) or members.keys() != {"v", "type"} | names:
        raise KeyFileError("missing or unknown members")
    if type(members["v"]) is not int or members["v"] != 1 or members["type"] != kind:
        raise KeyFileError("another kind of file")
    return members
