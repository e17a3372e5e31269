"""A small world of licences: an authority, holders, and certificates with any fault a test may want."""

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bidding.licence import Claims, LoginError, login_token, verify_login
from kernel.canonical import b64u_encode
from kernel.crypto.authority import Authority, Holder, Licence, create_authority, issue_licence, make_crl
from kernel.crypto.keys import KeyKind, PrivateKey, generate

NOW = datetime(2026, 8, 6, 6, 0, tzinfo=UTC)
USCC = "91350100M000100Y43"
OTHER_USCC = "91110000802100433B"
AUDIENCE = "https://sunlit.example"
NONCE = b64u_encode(bytes(range(32)))
BINDING = b64u_encode(bytes(32))
DAY = timedelta(days=1)

HOLDER = Holder(USCC, "阳光测试有限公司", "李四", "clerk")


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@cache
def authority(name: str = "one") -> Authority:
    return create_authority(Path(_kept().name) / name, NOW - 30 * DAY, name)


@cache
def sign_key() -> PrivateKey:
    return generate(KeyKind.P256)


@cache
def encrypt_key() -> PrivateKey:
    return generate(KeyKind.P256)


@cache
def licence() -> Licence:
    return issue_licence(authority(), HOLDER, sign_key().public, encrypt_key().public, NOW - DAY)


@cache
def crl() -> x509.CertificateRevocationList:
    return make_crl(authority(), NOW - timedelta(hours=1))


def token(key: PrivateKey | None = None, chain: Any = None, **changes: Any) -> str:
    arguments = {"audience": AUDIENCE, "nonce": NONCE, "binding": BINDING, "uscc": USCC, "now": NOW, **changes}
    return login_token(key or sign_key(), chain or [licence().sign], **arguments)


def login(answer: str, **changes: Any) -> Claims:
    arguments: dict[str, Any] = {
        "roots": [authority().root],
        "intermediates": [authority().issuing],
        "crl": crl(),
        "audience": AUDIENCE,
        "nonces": {NONCE},
        "binding": BINDING,
        "now": NOW,
        **changes,
    }
    return verify_login(answer, **arguments)


def login_code(answer: str, **changes: Any) -> str:
    try:
        login(answer, **changes)
    except LoginError as refusal:
        return refusal.code
    return "accepted"


def certificate(
    *,
    key: Any = None,
    signer: PrivateKey | None = None,
    issuer: x509.Name | None = None,
    subject: x509.Name | None = None,
    start: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    ca: bool = False,
    usage: tuple[str, ...] | None = ("digital_signature", "content_commitment"),
    purpose: bool = True,
    organisation: tuple[str, ...] = (USCC,),
    alternative: tuple[str, ...] | None = (f"urn:uscc:{USCC}",),
) -> x509.Certificate:
    """A certificate with any fault; without arguments it is a good one."""
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    ]
    signer_key = signer or authority().issuing_key
    native = key if key is not None else sign_key().public.native
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or _subject(organisation))
        .issuer_name(issuer or authority().issuing.subject)
        .public_key(native)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(native), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public.native),
            critical=False,
        )
    )
    if usage is not None:
        flags = {name: name in usage for name in names}
        builder = builder.add_extension(x509.KeyUsage(**flags, encipher_only=False, decipher_only=False), critical=True)
    if alternative is not None:
        uris = [x509.UniformResourceIdentifier(uri) for uri in alternative]
        builder = builder.add_extension(x509.SubjectAlternativeName(uris), critical=False)
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(signer_key.native, hashes.SHA256())  # type: ignore[arg-type]


def _subject(codes: tuple[str, ...]) -> x509.Name:
    identifiers = [x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"USCCN-{code}") for code in codes]
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, HOLDER.organisation), *identifiers])
