"""Key handles: what a key is for is known from its type, and a private key never shows itself.

A handle is made by `load_public`, `load_private` or `generate`; libraries and, later, hardware modules stay behind it.
Public keys are SPKI DER in its one canonical form, because a key's name (`kid`) is a digest of these bytes.

Source: RFC 5208, RFC 5280, RFC 5480, RFC 8018, RFC 8410; docs/spec/canonical.md, "Keys".
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from Crypto.PublicKey import ECC
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from kernel.crypto.errors import KeyRefused

RSA_BITS = range(2048, 8193)


class KeyKind(StrEnum):
    """What a key is, and with it what it may do."""

    #: ECDSA signatures (ES256) and HPKE.
    P256 = "p256"
    #: Signatures of the platform, the log and witnesses (EdDSA).
    ED25519 = "ed25519"
    #: Unwrapping only: older hardware tokens.
    RSA = "rsa"


@dataclass(frozen=True, eq=False)
class PublicKey:
    """A public key with its canonical SPKI bytes.

    Attributes:
        native: the object of the `cryptography` library.
    """

    kind: KeyKind
    spki: bytes
    native: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.spki == other.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    @cached_property
    def hpke_native(self) -> ECC.EccKey:
        """The same key as pycryptodome's HPKE wants it."""
        return ECC.import_key(self.spki)


@dataclass(frozen=True, eq=False, repr=False)
class PrivateKey:
    """A private key; its text form names only its kind."""

    kind: KeyKind
    public: PublicKey
    native: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

    def __repr__(self) -> str:
        return f"PrivateKey({self.kind.value})"

    def __reduce__(self) -> str:
        raise KeyRefused("a private key is not pickled")

    @cached_property
    def hpke_native(self) -> ECC.EccKey:
        """The same key as pycryptodome's HPKE wants it."""
        return ECC.import_key(self.pkcs8())

    def pkcs8(self) -> bytes:
        """Unprotected PKCS#8 DER. For storage inside something that is encrypted itself."""
        return self.native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def load_public(spki: bytes) -> PublicKey:
    """Read an SPKI public key: P-256 (named curve, uncompressed), Ed25519, or RSA of 2048 to 8192 bits.

    Raises:
        KeyRefused: malformed, not in canonical form, a point off the curve, or another kind of key.
    """
    try:
        native = load_der_public_key(bytes(spki))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("this is not a public key in SPKI form") from None
    key = public_of(native)
    if key.spki != spki:
        raise KeyRefused("the SPKI bytes are not in canonical form")
    return key


def public_of(native: object) -> PublicKey:
    """A handle for a public key that the `cryptography` library has already read, for example from a certificate.

    Raises:
        KeyRefused: a kind of key that no suite knows.
    """
    if isinstance(native, ec.EllipticCurvePublicKey) and isinstance(native.curve, ec.SECP256R1):
        return PublicKey(KeyKind.P256, _spki(native), native)
    if isinstance(native, ed25519.Ed25519PublicKey):
        return PublicKey(KeyKind.ED25519, _spki(native), native)
    if isinstance(native, rsa.RSAPublicKey) and native.key_size in RSA_BITS:
        return PublicKey(KeyKind.RSA, _spki(native), native)
    raise KeyRefused("this kind of public key is not used here")


def load_private(pkcs8: bytes) -> PrivateKey:
    """Read an unprotected PKCS#8 private key of one of the kinds `load_public` takes.

    Raises:
        KeyRefused: malformed, protected by a passphrase, or another kind of key.
    """
    try:
        native = load_der_private_key(bytes(pkcs8), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("this is not an unprotected private key in PKCS#8 form") from None
    return private_of(native)


def generate(kind: KeyKind) -> PrivateKey:
    """Make a key with the operating system's randomness; RSA keys are born in tokens, not here.

    Raises:
        KeyRefused: a kind that is not made here.
    """
    if kind is KeyKind.P256:
        return private_of(ec.generate_private_key(ec.SECP256R1()))
    if kind is KeyKind.ED25519:
        return private_of(ed25519.Ed25519PrivateKey.generate())
    raise KeyRefused(f"keys of kind {kind} are not made here")


def private_of(native: object) -> PrivateKey:
    """A handle for a private key that the `cryptography` library has already read.

    Raises:
        KeyRefused: a kind of key that no suite knows.
    """
    if isinstance(native, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        public = public_of(native.public_key())
        return PrivateKey(public.kind, public, native)
    raise KeyRefused("this kind of private key is not used here")


def _spki(native: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> bytes:
    return native.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
