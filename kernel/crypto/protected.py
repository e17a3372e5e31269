"""Private keys at rest: PKCS#8 under a passphrase, and the passphrase key that other files use.

One protection is written and read: PBES2 with PBKDF2-HMAC-SHA256 of at least 600 000 rounds and AES-256-CBC, which
OpenSSL and every key tool can open. A file that names fewer rounds, or so many that they are an attack on the reader,
is refused before any derivation. A passphrase is NFC-normalised UTF-8, so that one typed on another system still fits.

Source: RFC 8018 (PBES2), RFC 5958; OWASP password storage advice of 2026 for the number of rounds.
"""

import hashlib
import unicodedata

from Crypto.PublicKey import ECC
from Crypto.Util.asn1 import DerInteger, DerObjectId, DerOctetString, DerSequence
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from kernel.crypto.errors import KeyRefused
from kernel.crypto.keys import KeyKind, PrivateKey, private_of

MIN_ROUNDS = 600_000
MAX_ROUNDS = 10_000_000
MIN_SALT = 8

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_PROTECTION = "PBKDF2WithHMAC-SHA256AndAES256-CBC"


def passphrase_bytes(passphrase: str) -> bytes:
    """The bytes a passphrase stands for.

    Raises:
        KeyRefused: it is empty or no text that UTF-8 can carry.
    """
    try:
        data = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        data = b""
    if not data:
        raise KeyRefused("a passphrase is needed")
    return data


def passphrase_key(passphrase: str, salt: bytes, rounds: int) -> bytes:
    """A 32-byte key from a passphrase by PBKDF2-HMAC-SHA256.

    Raises:
        KeyRefused: the passphrase is empty, the salt shorter than 8 bytes, or the rounds outside 600 000 to 10 million.
    """
    if len(salt) < MIN_SALT or type(rounds) is not int or not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        raise KeyRefused("the passphrase protection is too weak or too costly")
    return hashlib.pbkdf2_hmac("sha256", passphrase_bytes(passphrase), salt, rounds, 32)


def protect_private(key: PrivateKey, passphrase: str, rounds: int = MIN_ROUNDS) -> bytes:
    """Write a private key as encrypted PKCS#8 DER.

    Raises:
        KeyRefused: an RSA key (those stay in their token), an empty passphrase, or rounds out of range.
    """
    if key.kind is KeyKind.RSA:
        raise KeyRefused("RSA keys stay in their token")
    if type(rounds) is not int or not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        raise KeyRefused("the passphrase protection is too weak or too costly")
    native = ECC.import_key(key.pkcs8())
    data = native.export_key(
        format="DER",
        use_pkcs8=True,
        passphrase=passphrase_bytes(passphrase),
        protection=_PROTECTION,
        prot_params={"iteration_count": rounds, "salt_size": 16},
    )
    return bytes(data)


def load_protected(data: bytes, passphrase: str) -> PrivateKey:
    """Read a private key from encrypted PKCS#8 DER.

    Raises:
        KeyRefused: another or a weaker protection, a wrong passphrase, damaged bytes, or a key of no known kind.
    """
    password = passphrase_bytes(passphrase)
    _require_strong(data)
    try:
        native = load_der_private_key(bytes(data), password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("the passphrase does not open this key") from None
    return private_of(native)


def _require_strong(data: bytes) -> None:
    try:
        algorithm, _ = DerSequence().decode(bytes(data), nr_elements=2, strict=True)
        scheme, parameters = DerSequence().decode(algorithm, nr_elements=2)
        derivation, encryption = DerSequence().decode(parameters, nr_elements=2)
        function, numbers = DerSequence().decode(derivation, nr_elements=2)
        cipher, _ = DerSequence().decode(encryption, nr_elements=2)
        salt, *counts, prf = DerSequence().decode(numbers, nr_elements=(3, 4))
        digest = DerSequence().decode(prf)[0]
        oids = [DerObjectId().decode(oid).value for oid in (scheme, function, cipher, digest)]
        rounds = counts[0] if isinstance(counts[0], int) else DerInteger().decode(counts[0]).value
        salt_length = len(DerOctetString().decode(salt).payload)
    except (ValueError, IndexError, TypeError):
        raise KeyRefused("this is not a private key under the protection used here") from None
    if oids != [_PBES2, _PBKDF2, _AES256_CBC, _HMAC_SHA256]:
        raise KeyRefused("this is not a private key under the protection used here")
    if salt_length < MIN_SALT or not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        raise KeyRefused("the passphrase protection is too weak or too costly")
