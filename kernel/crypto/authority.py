"""The local issuing authority: root, issuing authority, licence and seal certificates, revocation lists.

For development, tests and the demonstration. It stands in for the certificate services of the e-licence system; its
keys lie unprotected in a folder of its own. Its root says so (`organizationalUnitName` is `local-ca`), and an
installation in production refuses to trust such a root.

Source: RFC 5280; docs/spec/licence.md.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kernel.canonical import format_time, parse_time
from kernel.codes import uscc_valid
from kernel.crypto.certificates import ORGANISATION_PREFIX, URN_PREFIX, subject_values
from kernel.crypto.errors import CryptoError
from kernel.crypto.keys import KeyKind, PrivateKey, PublicKey, generate, load_private

UNIT = "local-ca"
#: The authority's book: one line per licence.
ISSUED = "issued.jsonl"
ROOT_YEARS, ISSUING_YEARS = 20, 10
CRL_LIFE = timedelta(days=1)
DAY = timedelta(days=1)

_NO_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


class AuthorityError(CryptoError):
    """The authority's folder is missing or not empty, or a request is refused (code `authority`)."""

    def __init__(self, reason: str) -> None:
        super().__init__("authority", reason)


@dataclass(frozen=True)
class Holder:
    """For whom a certificate is issued.

    Attributes:
        person: a natural person who acts for the organisation, if it is not the organisation itself.
        role: `organisation`, `legal_representative`, `clerk`, or an office such as `trustee`.
    """

    uscc: str
    organisation: str
    person: str | None = None
    role: str = "organisation"


@dataclass(frozen=True)
class Licence:
    """The pair of certificates of an e-licence, for two different keys."""

    sign: x509.Certificate
    encrypt: x509.Certificate


@dataclass(frozen=True, repr=False)
class Authority:
    """An authority with its keys; made by `create_authority` or `load_authority`."""

    folder: Path
    root: x509.Certificate
    issuing: x509.Certificate
    root_key: PrivateKey
    issuing_key: PrivateKey


def create_authority(folder: Path, now: datetime, name: str = "Sunlit demonstration") -> Authority:
    """Make a root and an issuing authority in a new or empty folder.

    Raises:
        AuthorityError: the folder has something in it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise AuthorityError("the folder of the authority is not empty")
    start = _second(now)
    root_key, issuing_key = generate(KeyKind.P256), generate(KeyKind.P256)
    root_name, issuing_name = _authority_name(f"{name} root"), _authority_name(f"{name} issuing authority")
    root = _sign(
        _authority_builder(root_name, root_name, root_key.public, root_key.public, 1)
        .not_valid_before(start)
        .not_valid_after(start + ROOT_YEARS * 365 * DAY),
        root_key,
    )
    issuing = _sign(
        _authority_builder(issuing_name, root_name, issuing_key.public, root_key.public, 0)
        .not_valid_before(start)
        .not_valid_after(start + ISSUING_YEARS * 365 * DAY),
        root_key,
    )
    _write(folder / "root.key", root_key.pkcs8())
    _write(folder / "issuing.key", issuing_key.pkcs8())
    _write(folder / "root.pem", root.public_bytes(Encoding.PEM))
    _write(folder / "issuing.pem", issuing.public_bytes(Encoding.PEM))
    return Authority(folder, root, issuing, root_key, issuing_key)


def load_authority(folder: Path) -> Authority:
    """Open the authority in a folder.

    Raises:
        AuthorityError: there is none.
    """
    try:
        return Authority(
            folder,
            x509.load_pem_x509_certificate((folder / "root.pem").read_bytes()),
            x509.load_pem_x509_certificate((folder / "issuing.pem").read_bytes()),
            load_private((folder / "root.key").read_bytes()),
            load_private((folder / "issuing.key").read_bytes()),
        )
    except (OSError, ValueError, CryptoError):
        raise AuthorityError("there is no authority in this folder") from None


def issue_licence(
    authority: Authority,
    holder: Holder,
    sign_key: PublicKey,
    encrypt_key: PublicKey,
    now: datetime,
    life: timedelta = 365 * DAY,
) -> Licence:
    """Issue the signing and the encryption certificate of an e-licence.

    Raises:
        AuthorityError: the credit code is not valid, or both keys are one.

    Effects:
        one line in the authority's book of issued licences.
    """
    if sign_key == encrypt_key:
        raise AuthorityError("signing and encryption need different keys")
    signing = {"digital_signature": True, "content_commitment": True}
    made = Licence(
        sign=_issue(authority, holder, sign_key, signing, now, life, client=True),
        encrypt=_issue(authority, holder, encrypt_key, {"key_agreement": True}, now, life, client=True),
    )
    row = {
        "uscc": holder.uscc,
        "name": holder.organisation,
        "person": holder.person or "",
        "role": holder.role,
        "sign": str(made.sign.serial_number),
        "encrypt": str(made.encrypt.serial_number),
        "from": format_time(made.sign.not_valid_before_utc),
        "until": format_time(made.sign.not_valid_after_utc),
    }
    with (authority.folder / ISSUED).open("a", encoding="utf-8") as book:
        book.write(json.dumps(row, ensure_ascii=False) + "\n")
    return made


def issue_seal(
    authority: Authority, holder: Holder, key: PublicKey, now: datetime, life: timedelta = 365 * DAY
) -> x509.Certificate:
    """Issue a certificate for an electronic seal on documents.

    It needs content commitment, or the validation of PDF signatures fails.

    Raises:
        AuthorityError: the credit code is not valid.
    """
    usage = {"digital_signature": True, "content_commitment": True}
    return _issue(authority, holder, key, usage, now, life, client=False)


def revoke(
    authority: Authority,
    certificate: x509.Certificate,
    now: datetime,
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
) -> None:
    """Enter a certificate into all later revocation lists; a second time changes nothing but a hold into an end."""
    enter(authority, certificate.serial_number, now, reason)


def enter(authority: Authority, serial: int, now: datetime, reason: x509.ReasonFlags) -> None:
    """Enter a serial number into all later revocation lists.

    What is held may end for good; what has ended keeps its first reason and date.
    """
    rows = _revoked(authority)
    known = next((row for row in rows if row["serial"] == str(serial)), None)
    if known is None:
        rows.append({"serial": str(serial), "at": format_time(now), "reason": reason.value})
    elif known.get("reason") == x509.ReasonFlags.certificate_hold.value != reason.value:
        known |= {"at": format_time(now), "reason": reason.value}
    else:
        return
    _write(authority.folder / "revoked.json", json.dumps(rows, indent=1).encode())


def release_hold(authority: Authority, serial: int) -> None:
    """Take a suspended certificate out of all later revocation lists.

    Raises:
        AuthorityError: it is not suspended; what was revoked for good stays so.
    """
    rows = _revoked(authority)
    held = [row for row in rows if row["serial"] == str(serial)]
    if not held or held[0].get("reason") != x509.ReasonFlags.certificate_hold.value:
        raise AuthorityError("the certificate is not suspended")
    rows.remove(held[0])
    _write(authority.folder / "revoked.json", json.dumps(rows, indent=1).encode())


def listed_reason(authority: Authority, serial: int) -> str | None:
    """Why a serial number is in the revocation lists (RFC 5280 name of the reason), or None."""
    return next((row.get("reason", "unspecified") for row in _revoked(authority) if row["serial"] == str(serial)), None)


def issued_licences(authority: Authority) -> list[dict[str, str]]:
    """Every licence that the authority issued, oldest first: serial numbers, holder, times."""
    path = authority.folder / ISSUED
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_crl(authority: Authority, now: datetime, life: timedelta = CRL_LIFE) -> x509.CertificateRevocationList:
    """Sign the current revocation list; publish it daily."""
    start = _second(now)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.issuing.subject)
        .last_update(start)
        .next_update(start + life)
        .add_extension(x509.CRLNumber(int(start.timestamp())), critical=False)
        .add_extension(_authority_key_identifier(authority.issuing_key.public), critical=False)
    )
    for row in _revoked(authority):
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(int(row["serial"]))
            .revocation_date(_second(parse_time(row["at"])))
        )
        reason = x509.ReasonFlags(row.get("reason", "unspecified"))
        if reason is not x509.ReasonFlags.unspecified:  # RFC 5280 5.3.1: absent rather than unspecified
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(_native(authority.issuing_key), hashes.SHA256())


def is_local_root(root: x509.Certificate) -> bool:
    """True if a root belongs to a local authority, which an installation in production must not trust."""
    return UNIT in subject_values(root, NameOID.ORGANIZATIONAL_UNIT_NAME)


def require_production_roots(roots: Sequence[x509.Certificate]) -> None:
    """Refuse local roots, called at the start of an installation that is not a demonstration.

    Raises:
        AuthorityError: one of the roots is a local authority's.
    """
    if any(is_local_root(root) for root in roots):
        raise AuthorityError("a local authority is not trusted in production")


def _issue(
    authority: Authority,
    holder: Holder,
    key: PublicKey,
    usage: dict[str, bool],
    now: datetime,
    life: timedelta,
    client: bool,
) -> x509.Certificate:
    if not uscc_valid(holder.uscc):
        raise AuthorityError("the credit code is not valid")
    start = _second(now)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_holder_name(holder))
        .issuer_name(authority.issuing.subject)
        .public_key(key.native)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**(_NO_USAGE | usage)), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URN_PREFIX + holder.uscc)]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.native), critical=False)
        .add_extension(_authority_key_identifier(authority.issuing_key.public), critical=False)
    )
    if client:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return _sign(builder, authority.issuing_key)


def _authority_builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, issuer_key: PublicKey, path_length: int
) -> x509.CertificateBuilder:
    usage = _NO_USAGE | {"key_cert_sign": True, "crl_sign": True}
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.native)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.native), critical=False)
        .add_extension(_authority_key_identifier(issuer_key), critical=False)
    )


def _authority_name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sunlit"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _holder_name(holder: Holder) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.organisation),
        x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, ORGANISATION_PREFIX + holder.uscc),
        x509.NameAttribute(NameOID.COMMON_NAME, holder.person or holder.organisation),
    ]
    if holder.role != "organisation":
        attributes.append(x509.NameAttribute(NameOID.TITLE, holder.role))
    return x509.Name(attributes)


def _authority_key_identifier(key: PublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.native)


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(_native(key), hashes.SHA256())


def _native(key: PrivateKey) -> Any:
    return key.native


def _revoked(authority: Authority) -> list[dict[str, str]]:
    path = authority.folder / "revoked.json"
    rows: list[dict[str, str]] = json.loads(path.read_bytes()) if path.exists() else []
    return rows


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _write(path: Path, data: bytes) -> None:
    # Written beside and renamed, so that a crash leaves the old list of revocations or the new one.
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
