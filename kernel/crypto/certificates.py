"""Certificates: chains up to configured roots, revocation, and what a licence certificate says about its holder.

The path is built and checked by the library's verifier (RFC 5280 with the profile of the web: a critical key usage for
authorities, a subject alternative name and the client purpose for holders). Roots come from configuration only;
certificates that travel with a message can help as intermediates and can never become trusted.

Source: RFC 5280 sections 4.2, 5 and 6; ETSI EN 319 412-1 section 5.1.4 (organizationIdentifier); docs/spec/licence.md.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kernel.crypto.errors import CryptoError
from kernel.crypto.keys import PublicKey, public_of

MAX_DEPTH = 3
SKEW = timedelta(seconds=30)
MAX_X5C = 6

ORGANISATION_PREFIX = "USCCN-"
URN_PREFIX = "urn:uscc:"


class CertificateError(CryptoError):
    """A certificate is refused: `format`, `chain`, `key-usage`, `crl-stale`, `revoked`, `uscc`."""


def x5c_of(chain: Sequence[x509.Certificate]) -> list[str]:
    """Certificates as a JWS header carries them: standard base64 of DER, the signer first."""
    return [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() for certificate in chain]


#: What the parser raises for bytes that are no certificate, or a damaged one.
_DAMAGE = (
    TypeError,
    ValueError,
    binascii.Error,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def read_x5c(value: Any) -> list[x509.Certificate]:
    """Read the `x5c` member of a JWS header; nothing in it is trusted yet.

    Raises:
        CertificateError: `format`.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_X5C:
        raise CertificateError("format", "x5c has 1 to 6 certificates")
    certificates = []
    for text in value:
        try:
            der = base64.b64decode(text, validate=True)
            certificate = x509.load_der_x509_certificate(der)
            # Parts are parsed when first asked for: a damaged one is refused here, not in the middle of a check.
            _ = (certificate.version, certificate.extensions, certificate.public_key())
        except (
            TypeError,
            ValueError,
            binascii.Error,
            UnsupportedAlgorithm,
            x509.InvalidVersion,
            x509.DuplicateExtension,
        ):
            raise CertificateError("format", "an entry of x5c is not a certificate") from None
        if base64.b64encode(der).decode() != text:
            raise CertificateError("format", "an entry of x5c is not canonical")
        certificates.append(certificate)
    return certificates


def verify_chain(
    leaf: x509.Certificate,
    intermediates: Iterable[x509.Certificate],
    roots: Iterable[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate]:
    """Build and check a path from a holder's certificate to a configured root.

    Returns:
        The path, the holder first, the root last.

    Raises:
        CertificateError: `chain`.
    """
    try:
        verifier = path_policy(roots, now).build_client_verifier()
        chain = list(verifier.verify(leaf, list(intermediates)).chain)
        # The verifier checks a purpose only if the certificate names one. One that names none, such as a seal's, is not
        # for acting as a client. Asked after the path holds: only then is the certificate known to be well formed.
        leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        return chain
    except (x509.ExtensionNotFound, VerificationError, ValueError, UnsupportedAlgorithm):
        raise CertificateError("chain", "no valid path to a trusted root") from None


def path_policy(roots: Iterable[x509.Certificate], now: datetime) -> PolicyBuilder:
    """Our settings of the library's path validation; `verify_chain` uses them, and the public vectors run against them.

    Raises:
        ValueError: there is no root.
    """
    instant = now.astimezone(UTC).replace(tzinfo=None)
    return PolicyBuilder().store(Store(list(roots))).time(instant).max_chain_depth(MAX_DEPTH)


def require_signing(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate that is for signing.

    Raises:
        CertificateError: `key-usage` if it is for encryption, or for nothing that is said, or of an unknown kind.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        key = public_of(certificate.public_key())
    except (x509.ExtensionNotFound, ValueError, UnsupportedAlgorithm, CryptoError):
        raise CertificateError("key-usage", "the certificate does not say that it is for signing") from None
    if not usage.digital_signature or usage.key_agreement or usage.key_encipherment or usage.key_cert_sign:
        raise CertificateError("key-usage", "the certificate is not for signing")
    return key


def check_revocation(
    chain: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList],
    now: datetime,
    grace: timedelta = timedelta(),
) -> bool:
    """Check that nobody in a verified path was revoked.

    The holder's issuer must have a list that is fresh; a list of an issuer further up is used when it is given. A
    listed certificate is refused whatever date stands beside it.

    Args:
        grace: how much longer than its `nextUpdate` a list is taken, for reading only.

    Returns:
        True if the lists were fresh, False if one lived on grace.

    Raises:
        CertificateError: `crl-stale` (none, not by the issuer, from the future, out of date), then `revoked`.
    """
    fresh, listed = True, False
    for depth, (certificate, issuer) in enumerate(pairwise(chain)):
        found = [crl for crl in crls if is_list_of(crl, issuer)]
        usable = [crl for crl in found if _is_current(crl, now, grace)]
        if not usable and (found or depth == 0):
            raise CertificateError("crl-stale", "there is no fresh revocation list of the issuer")
        fresh &= all(_is_current(crl, now, timedelta()) for crl in usable)
        listed |= any(crl.get_revoked_certificate_by_serial_number(certificate.serial_number) for crl in usable)
    if listed:
        raise CertificateError("revoked", "the certificate was revoked")
    return fresh


def revocation_reason(
    certificate: x509.Certificate, crls: Iterable[x509.CertificateRevocationList]
) -> x509.ReasonFlags | None:
    """Why a certificate stands in a list of its issuer; for words only, the decision is `check_revocation`'s.

    Returns:
        `unspecified` if the list does not say; None if no list holds the certificate.
    """
    for crl in crls:
        row = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if crl.issuer == certificate.issuer and row is not None:
            try:
                return row.extensions.get_extension_for_class(x509.CRLReason).value.reason
            except (x509.ExtensionNotFound, ValueError):
                return x509.ReasonFlags.unspecified
    return None


def uscc_of(certificate: x509.Certificate) -> str:
    """The unified social credit code a certificate was issued for: the same in its subject and its alternative name.

    Raises:
        CertificateError: `uscc` if one is missing, given twice, or another.
    """
    codes = [
        value.removeprefix(ORGANISATION_PREFIX)
        for value in subject_values(certificate, NameOID.ORGANIZATION_IDENTIFIER)
        if value.startswith(ORGANISATION_PREFIX)
    ]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        raise CertificateError("uscc", "the certificate has no alternative name") from None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    codes += [uri.removeprefix(URN_PREFIX) for uri in uris if uri.startswith(URN_PREFIX)]
    if len(codes) != 2 or codes[0] != codes[1]:
        raise CertificateError("uscc", "the certificate does not name exactly one credit code")
    return codes[0]


def subject_values(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    """The text values of one attribute of the subject."""
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]


#: Lists whose signature was looked at, by issuer; a list is kept, so that its identity stays its own.
_MOST_LISTS = 256
_signed: dict[tuple[int, x509.Certificate], tuple[x509.CertificateRevocationList, bool]] = {}


def is_list_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Say whether an authority that may sign revocation lists signed this one."""
    known = _signed.get((id(crl), issuer))
    if known is None:
        if len(_signed) >= _MOST_LISTS:
            _signed.clear()
        known = _signed[id(crl), issuer] = (crl, _is_signed_by(crl, issuer))
    return known[1]


def _is_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        key: Any = issuer.public_key()
        return crl.issuer == issuer.subject and usage.crl_sign and crl.is_signature_valid(key)
    except (x509.ExtensionNotFound, ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _is_current(crl: x509.CertificateRevocationList, now: datetime, grace: timedelta) -> bool:
    # A critical extension narrows what a list covers (deltas, partitions); such a list says nothing about the rest.
    if any(extension.critical for extension in crl.extensions):
        return False
    if crl.next_update_utc is None:
        return False
    return crl.last_update_utc <= now + SKEW and now - grace < crl.next_update_utc
