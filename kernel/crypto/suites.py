"""Suites: which algorithms belong together, and one provider per suite that offers them.

A record names its suite; a verifier looks the name up here and refuses what is not here. There is no negotiation and
no default. `gm-1` (SM2, SM3, SM4-GCM) becomes a second entry of the table with the same methods.

Source: crypto suites, docs/spec/canonical.md; FIPS 180-4, FIPS 186-5, SP 800-38D, RFC 2104, RFC 5869, RFC 8017,
RFC 8032, RFC 9180.
"""
# ruff: noqa: D102  (the methods of a provider are documented once, at `Suite`)

import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kernel.canonical import b64u_encode
from kernel.crypto import hpke
from kernel.crypto.errors import AeadError, KeyRefused, UnknownSuite, UnwrapError
from kernel.crypto.keys import KeyKind, PrivateKey, PublicKey, load_private, load_public

HASH_LENGTH = 32
NONCE_LENGTH = 12
TAG_LENGTH = 16
SECRET_LENGTH = 32
KID_LENGTH = 16


class Hasher(Protocol):
    """A running digest; `copy` lets a long common prefix be hashed once."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> "Hasher": ...


class Suite(Protocol):
    """What every suite offers; handles may stand for keys inside a hardware module.

    Attributes:
        id: the name that records carry.
        key_length: bytes of an AEAD key.
        wrap_algorithms: name of each wrapping -> fixed byte lengths of (enc, ct); None where they vary.
        signature_algorithms: JWS name -> the kind of key it takes.
        person_signature: JWS name for persons and organisations.
        platform_signature: JWS name for the platform.
    """

    id: str
    key_length: int
    wrap_algorithms: dict[str, tuple[int, int | None]]
    signature_algorithms: dict[str, KeyKind]
    person_signature: str
    platform_signature: str

    def hash(self, data: bytes) -> bytes:
        """Digest of 32 bytes."""

    def hasher(self, data: bytes = b"") -> Hasher:
        """A running digest that has taken in `data`."""

    def hmac(self, key: bytes, message: bytes) -> bytes:
        """Keyed digest (RFC 2104)."""

    def hkdf(self, ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
        """Derive key bytes (RFC 5869, extract and expand)."""

    def aead_seal(self, key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
        """Ciphertext followed by the 16-byte tag. A nonce must never serve twice under one key."""

    def aead_open(self, key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
        """Plaintext of `aead_seal`; raises AeadError."""

    def wrap(self, alg: str, key: PublicKey, ctx32: bytes, secret: bytes) -> tuple[bytes, bytes]:
        """Wrap a 32-byte secret for one person, bound to a 32-byte context: (enc, ct)."""

    def unwrap(self, alg: str, key: PrivateKey, ctx32: bytes, enc: bytes, ct: bytes) -> bytes:
        """The 32-byte secret; raises UnwrapError."""

    def load_public(self, spki_der: bytes) -> PublicKey:
        """Handle of a public key; raises KeyRefused."""

    def load_private(self, pkcs8_der: bytes) -> PrivateKey:
        """Handle of a private key; raises KeyRefused."""

    def kid(self, spki_der: bytes) -> str:
        """Name of a key: base64url of the first 16 bytes of the digest of its SPKI."""

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """Signature of 64 bytes; raises KeyRefused for a key that does not sign."""

    def verify(self, key: PublicKey, data: bytes, signature: bytes) -> bool:
        """True if the signature is of this key over these bytes; never raises for what it was given."""


class Intl1:
    """`intl-1`: SHA-256, AES-256-GCM, HPKE over P-256 (and RSA-OAEP for old tokens), ES256, Ed25519."""

    id = "intl-1"
    key_length = 32
    wrap_algorithms: dict[str, tuple[int, int | None]] = {  # noqa: RUF012  (read-only by convention of the protocol)
        "hpke-p256": (hpke.ENC_LENGTH, SECRET_LENGTH + TAG_LENGTH),
        "rsa-oaep-256": (0, None),
    }
    signature_algorithms: dict[str, KeyKind] = {"ES256": KeyKind.P256, "EdDSA": KeyKind.ED25519}  # noqa: RUF012
    person_signature = "ES256"
    platform_signature = "EdDSA"

    def hash(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def hasher(self, data: bytes = b"") -> Hasher:
        return hashlib.sha256(data)

    def hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")

    def hkdf(self, ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(ikm)

    def aead_seal(self, key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
        _require_aead(key, nonce)
        return AESGCM(key).encrypt(nonce, data, aad)

    def aead_open(self, key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
        _require_aead(key, nonce)
        try:
            return AESGCM(key).decrypt(nonce, data, aad)
        except (InvalidTag, ValueError):
            raise AeadError("the ciphertext does not authenticate") from None

    def wrap(self, alg: str, key: PublicKey, ctx32: bytes, secret: bytes) -> tuple[bytes, bytes]:
        if len(ctx32) != HASH_LENGTH or len(secret) != SECRET_LENGTH:
            raise KeyRefused("context and secret have 32 bytes each")
        if alg == "hpke-p256":
            return hpke.seal(key, ctx32, secret)
        if alg == "rsa-oaep-256" and isinstance(key, PublicKey) and isinstance(key.native, rsa.RSAPublicKey):
            return b"", key.native.encrypt(secret, _oaep(ctx32))
        raise KeyRefused(f"{alg!r} is no wrapping of this suite, or the key is of another kind")

    def unwrap(self, alg: str, key: PrivateKey, ctx32: bytes, enc: bytes, ct: bytes) -> bytes:
        if alg == "hpke-p256":
            secret = hpke.open_(key, ctx32, enc, ct)
        elif alg == "rsa-oaep-256" and isinstance(key, PrivateKey) and isinstance(key.native, rsa.RSAPrivateKey):
            secret = _oaep_open(key.native, ctx32, enc, ct)
        else:
            raise UnwrapError("the wrapping is not of this suite, or the key is of another kind")
        if len(ctx32) != HASH_LENGTH or len(secret) != SECRET_LENGTH:
            raise UnwrapError("context and secret have 32 bytes each")
        return secret

    def load_public(self, spki_der: bytes) -> PublicKey:
        return load_public(spki_der)

    def load_private(self, pkcs8_der: bytes) -> PrivateKey:
        return load_private(pkcs8_der)

    def kid(self, spki_der: bytes) -> str:
        return b64u_encode(self.hash(spki_der)[:KID_LENGTH])

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        native = key.native
        if isinstance(native, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(native.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if isinstance(native, ed25519.Ed25519PrivateKey):
            return native.sign(data)
        raise KeyRefused("this kind of key does not sign")

    def verify(self, key: PublicKey, data: bytes, signature: bytes) -> bool:
        if not isinstance(key, PublicKey) or not isinstance(signature, bytes) or len(signature) != 64:
            return False
        native = key.native
        try:
            if isinstance(native, ec.EllipticCurvePublicKey):
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                native.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
                return True
            if isinstance(native, ed25519.Ed25519PublicKey):
                native.verify(signature, data)
                return True
        except InvalidSignature:
            return False
        return False


def _require_aead(key: bytes, nonce: bytes) -> None:
    if len(key) != Intl1.key_length or len(nonce) != NONCE_LENGTH:
        raise KeyRefused("a key of 32 bytes and a nonce of 12 are needed")


def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)


def _oaep_open(native: rsa.RSAPrivateKey, label: bytes, enc: bytes, ct: bytes) -> bytes:
    if enc:
        raise UnwrapError("RSA-OAEP has no encapsulated key")
    try:
        return native.decrypt(ct, _oaep(label))
    except ValueError:
        raise UnwrapError("the wrapped secret does not open") from None


_SUITES: dict[str, Callable[[], Suite]] = {Intl1.id: Intl1}
_PLANNED = {"gm-1": "gm-1 (SM2, SM3, SM4-GCM) is specified but not built into this installation"}


def suite(suite_id: str) -> Suite:
    """The provider of a suite.

    Raises:
        UnknownSuite: the name is not on the allow-list (`gm-1` is planned and says so).
    """
    if not isinstance(suite_id, str) or suite_id not in _SUITES:
        raise UnknownSuite(_PLANNED.get(str(suite_id), "this suite is not known here"))
    return _SUITES[suite_id]()
