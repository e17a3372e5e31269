"""Which issuers of e-licences count, from when to when: signed, versioned data.

The list is a JWS by a key that is kept off line; installations know its public half from their settings. A list is
replaced only by one with a higher version, so that an old one cannot bring back an issuer that was struck off.

Source: R-LIC-09; docs/spec/licence.md §7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from kernel.canonical import NotCanonical, format_time, parse_time
from kernel.crypto import CryptoError, jws, suite
from kernel.crypto.certificates import CertificateError, read_x5c, x5c_of
from kernel.crypto.keys import PrivateKey, PublicKey

TYP = "licence-trust+jws"
TYPE = "licence.trust"
_MEMBERS = {"v", "type", "version", "issued", "expires", "issuers"}
_ROW = {"name", "root", "intermediates", "from", "to", "crl"}


class TrustListError(CryptoError):
    """A trust list is refused.

    Codes in checking order: `format`, `type`, `alg`, `signature`, `format` (payload), `rollback`, `expired`.
    """


@dataclass(frozen=True)
class TrustedIssuer:
    """One issuer.

    Attributes:
        since: the first instant at which its licences count; `until` the first at which they no longer do.
        crl: where its revocation list comes from: `local`, a path, or an https address.
    """

    name: str
    root: x509.Certificate
    intermediates: tuple[x509.Certificate, ...]
    since: datetime
    until: datetime | None
    crl: str

    def counts(self, now: datetime) -> bool:
        """Say whether the issuer counts at an instant."""
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True)
class TrustList:
    """A verified list."""

    version: int
    issued: datetime
    expires: datetime
    issuers: tuple[TrustedIssuer, ...]


def sign_trust_list(content: TrustList, key: PrivateKey) -> str:
    """Sign a list, off line."""
    payload = {
        "v": 1,
        "type": TYPE,
        "version": content.version,
        "issued": format_time(content.issued),
        "expires": format_time(content.expires),
        "issuers": [
            {
                "name": issuer.name,
                "root": x5c_of([issuer.root])[0],
                "intermediates": x5c_of(issuer.intermediates),
                "from": format_time(issuer.since),
                "to": None if issuer.until is None else format_time(issuer.until),
                "crl": issuer.crl,
            }
            for issuer in content.issuers
        ],
    }
    return jws.sign(suite("intl-1"), TYP, payload, key, "ES256")


def read_trust_list(token: str, key: PublicKey, *, least_version: int, now: datetime) -> TrustList:
    """Verify a list.

    Args:
        key: of the offline key, from the settings.
        least_version: the highest version that this installation has accepted so far.
        now: the machine's instant: the list's own life is not a matter of the rehearsal's clock.

    Raises:
        TrustListError: see its codes.
    """
    try:
        payload = jws.verify(suite("intl-1"), token, TYP, key, "ES256")
        content = _content(payload)
    except CertificateError as refusal:
        raise TrustListError("format", refusal.reason) from None
    except (NotCanonical, ValueError) as refusal:
        raise TrustListError("format", str(refusal)) from None
    except CryptoError as refusal:
        raise TrustListError(refusal.code, refusal.reason) from None
    if content.version < least_version:
        raise TrustListError("rollback", f"version {content.version}, but {least_version} was accepted before")
    if not content.issued <= now < content.expires:
        raise TrustListError("expired", "the list is not in force now")
    return content


def _content(payload: Any) -> TrustList:
    if not isinstance(payload, dict) or payload.keys() != _MEMBERS:
        raise TrustListError("format", "the list has missing or unknown members")
    version, rows = payload["version"], payload["issuers"]
    if type(payload["v"]) is not int or payload["v"] != 1 or payload["type"] != TYPE:
        raise TrustListError("format", "another kind or version of list")
    if type(version) is not int or version < 1 or not isinstance(rows, list) or not rows:
        raise TrustListError("format", "a version from 1 and at least one issuer are expected")
    issuers = tuple(_issuer(row) for row in rows)
    return TrustList(version, parse_time(payload["issued"]), parse_time(payload["expires"]), issuers)


def _issuer(row: Any) -> TrustedIssuer:
    if not isinstance(row, dict) or row.keys() != _ROW:
        raise TrustListError("format", "an issuer has missing or unknown members")
    if type(row["name"]) is not str or type(row["crl"]) is not str or not row["crl"]:
        raise TrustListError("format", "an issuer needs a name and a source of revocation lists")
    below: Sequence[x509.Certificate] = read_x5c(row["intermediates"]) if row["intermediates"] != [] else ()
    until = None if row["to"] is None else parse_time(row["to"])
    return TrustedIssuer(
        row["name"], read_x5c([row["root"]])[0], tuple(below), parse_time(row["from"]), until, row["crl"]
    )
