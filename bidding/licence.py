"""Who signed: e-licence logins and signed acts, checked against certificates.

A login answers a challenge of the server and says nothing else; an act (submission, release, commit) signs the message
itself. Both carry their certificate in the header (`x5c`), both are checked in the same order, and a verified result
can come only from the functions here.

Source: R-LIC-08; docs/spec/licence.md.
"""

from collections.abc import Callable, MutableSet, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.canonical import NotCanonical, b64u_encode, format_time, parse_time
from kernel.codes import uscc_valid
from kernel.crypto import CryptoError, Suite, equal, jws, suite
from kernel.crypto.certificates import (
    SKEW,
    check_revocation,
    read_x5c,
    require_signing,
    subject_values,
    uscc_of,
    verify_chain,
    x5c_of,
)
from kernel.crypto.keys import PrivateKey, PublicKey

LOGIN_TYP = "lic-login+jws"
LOGIN_ACT = "login"
MAX_LIFE = timedelta(seconds=300)
_MEMBERS = {"v", "aud", "act", "nonce", "bind", "uscc", "iat", "exp"}

Crls = x509.CertificateRevocationList | Sequence[x509.CertificateRevocationList] | None


class LoginError(CryptoError):
    """A login or a signed act is refused.

    Codes in checking order: `format`, `type`, `alg`, `chain`, `key-usage`, `crl-stale`, `revoked`, `signature`,
    `format` (payload), `uscc`; for a login also `audience`, `nonce`, `binding`, `expired`.
    """


@dataclass(frozen=True)
class Claims:
    """What a verified certificate says about who acted.

    Attributes:
        name: the organisation.
        legal_rep: the legal representative, if it is he who signs.
        person: the natural person, if the certificate names one.
        role: `organisation`, `legal_representative`, `clerk` or whatever the certificate's title says.
        cert_kid: name of the signing key.
        valid_until: end of the certificate.
        assurance: `certificate`, or `certificate-on-grace` if the revocation list was out of date.
        issuer: common name of the issuing authority.
    """

    uscc: str
    name: str
    legal_rep: str | None
    person: str | None
    role: str
    cert_kid: str
    valid_until: datetime
    assurance: str
    issuer: str


@dataclass(frozen=True)
class SignedAct:
    """A message whose signature and signer were verified; its content is still to be judged by the act."""

    payload: Any
    claims: Claims


def verify_login(
    token: str,
    *,
    roots: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    crl: Crls,
    audience: str,
    nonces: MutableSet[str],
    binding: str,
    now: datetime,
    crl_grace: timedelta = timedelta(),
) -> Claims:
    """Verify the answer to a login challenge.

    Args:
        roots: trusted, from configuration.
        crl: the issuer's revocation list, or several.
        nonces: open challenges, base64url; the one that was answered is removed, whatever the later checks say.
        binding: what ties the challenge to this browser session.
        now: the server's time, with a zone.
        crl_grace: 24 hours for a login that only reads, nothing otherwise.

    Raises:
        LoginError: see its codes.
    """
    act = _verify(token, LOGIN_TYP, roots, intermediates, crl, now, crl_grace, _login_payload)
    payload = act.payload
    if not uscc_valid(payload["uscc"]) or payload["uscc"] != act.claims.uscc:
        raise LoginError("uscc", "the credit code is not valid or not the certificate's")
    if payload["aud"] != audience:
        raise LoginError("audience", "the token is for another site")
    try:
        nonces.remove(payload["nonce"])
    except KeyError:
        raise LoginError("nonce", "the challenge is not open") from None
    if not equal(payload["bind"].encode(), binding.encode()):
        raise LoginError("binding", "the challenge belongs to another session")
    issued, expires = payload["iat"], payload["exp"]
    if issued > now + SKEW or now - SKEW >= expires or not timedelta() < expires - issued <= MAX_LIFE:
        raise LoginError("expired", "the token is too old, from the future, or lives too long")
    return act.claims


def verify_act(
    token: str,
    *,
    typ: str,
    roots: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    crl: Crls,
    now: datetime,
) -> SignedAct:
    """Verify a signed act: whose certificate, valid at `now`, signed which message.

    Args:
        typ: the kind of message expected.
        now: the time of the act; later verifiers pass the time the log proves.

    Raises:
        LoginError: `format` to `uscc`.
    """
    act = _verify(token, typ, roots, intermediates, crl, now, timedelta(), lambda payload: payload)
    if not uscc_valid(act.claims.uscc):
        raise LoginError("uscc", "the certificate's credit code is not valid")
    return act


def login_token(
    key: PrivateKey,
    chain: Sequence[x509.Certificate],
    *,
    audience: str,
    nonce: str,
    binding: str,
    uscc: str,
    now: datetime,
    life: timedelta = timedelta(seconds=120),
    suite_id: str = "intl-1",
) -> str:
    """Answer a login challenge, as the licence app does.

    Args:
        chain: the signing certificate first, then intermediates.
    """
    provider = suite(suite_id)
    payload = {
        "v": 1,
        "aud": audience,
        "act": LOGIN_ACT,
        "nonce": nonce,
        "bind": binding,
        "uscc": uscc,
        "iat": format_time(now),
        "exp": format_time(now + life),
    }
    return jws.sign(provider, LOGIN_TYP, payload, key, provider.person_signature, certificate_header(chain))


def session_binding(session_id: str, suite_id: str = "intl-1") -> str:
    """What ties a challenge to a browser session without telling the session's id."""
    return b64u_encode(suite(suite_id).hash(session_id.encode()))


def certificate_header(chain: Sequence[x509.Certificate]) -> dict[str, Any]:
    """The JWS header member that carries the signer's certificates."""
    return {"x5c": x5c_of(chain)}


def claims_of(provider: Suite, chain: Sequence[x509.Certificate], fresh: bool = True) -> Claims:
    """Read what a verified path says about its holder.

    Raises:
        CertificateError: `uscc`.
    """
    leaf = chain[0]
    organisation = next(iter(subject_values(leaf, NameOID.ORGANIZATION_NAME)), "")
    common = next(iter(subject_values(leaf, NameOID.COMMON_NAME)), organisation)
    role = next(iter(subject_values(leaf, NameOID.TITLE)), "organisation")
    person = None if role == "organisation" else common
    return Claims(
        uscc=uscc_of(leaf),
        name=organisation or common,
        legal_rep=person if role == "legal_representative" else None,
        person=person,
        role=role,
        cert_kid=provider.kid(require_signing(leaf).spki),
        valid_until=leaf.not_valid_after_utc,
        assurance="certificate" if fresh else "certificate-on-grace",
        issuer=next(iter(subject_values(chain[1], NameOID.COMMON_NAME)), ""),
    )


def _verify(
    token: str,
    typ: str,
    roots: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    crl: Crls,
    now: datetime,
    grace: timedelta,
    read: Callable[[Any], Any],
) -> SignedAct:
    provider = suite("intl-1")
    alg = provider.person_signature
    try:
        parts = jws.take_apart(token, typ, alg, frozenset({"x5c"}))
        path = _path(provider, alg, parts.header["x5c"], roots, intermediates, now)
        fresh = check_revocation(path.chain, _lists(crl), now, grace)
        payload = read(jws.verify_parts(provider, parts, path.key, alg))
        return SignedAct(payload, path.claims(provider, fresh))
    except CryptoError as refusal:
        raise LoginError(refusal.code, refusal.reason) from None


@dataclass(slots=True)
class _Path:
    """A path that was verified once: it holds for the same certificates and roots while all of them are valid.

    Revocation is no part of it and is asked every time.
    """

    chain: Sequence[x509.Certificate]
    key: PublicKey
    since: datetime
    until: datetime
    _claims: Claims | None = None

    def claims(self, provider: Suite, fresh: bool) -> Claims:
        if self._claims is None:
            self._claims = claims_of(provider, self.chain)
        return self._claims if fresh else replace(self._claims, assurance="certificate-on-grace")


#: Verified paths, by what they were made of; so many signers are remembered.
_MOST_PATHS = 2048
_paths: dict[tuple[Any, ...], _Path] = {}


def _path(
    provider: Suite,
    alg: str,
    x5c: Any,
    roots: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    now: datetime,
) -> _Path:
    """Verify the path from a token's certificate to a root, or remember that it was verified.

    Raises:
        CryptoError: `format`, `chain`, `key-usage`.
    """
    known = None
    name = (alg, *x5c, tuple(roots), tuple(intermediates)) if _is_texts(x5c) else None
    if name is not None:
        known = _paths.get(name)
        if known is not None and known.since <= now <= known.until:
            return known
    leaf, *others = read_x5c(x5c)
    chain = verify_chain(leaf, [*intermediates, *others], roots, now)
    key = require_signing(leaf)
    if key.kind is not provider.signature_algorithms[alg]:
        raise LoginError("key-usage", "the certificate's key does not make such signatures")
    since = max(certificate.not_valid_before_utc for certificate in chain)
    path = _Path(chain, key, since, min(certificate.not_valid_after_utc for certificate in chain))
    if name is not None:
        if len(_paths) >= _MOST_PATHS:
            _paths.clear()
        _paths[name] = path
    return path


def _is_texts(x5c: Any) -> bool:
    return isinstance(x5c, list) and all(type(text) is str for text in x5c)


def _lists(crl: Crls) -> Sequence[x509.CertificateRevocationList]:
    if crl is None:
        return ()
    return (crl,) if isinstance(crl, x509.CertificateRevocationList) else tuple(crl)


def _login_payload(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict) or payload.keys() != _MEMBERS:
        raise LoginError("format", "the payload has missing or unknown members")
    if type(payload["v"]) is not int or payload["v"] != 1 or payload["act"] != LOGIN_ACT:
        raise LoginError("format", "another version or another act")
    if not all(type(payload[name]) is str for name in ("aud", "nonce", "bind", "uscc")):
        raise LoginError("format", "a member has another type")
    return payload | {name: _instant(payload[name]) for name in ("iat", "exp")}


def _instant(value: Any) -> datetime:
    # Our own form is the house's; licence apps that follow RFC 7519 to the letter send seconds.
    try:
        if type(value) is int:
            return datetime.fromtimestamp(value, UTC)
        return parse_time(value)
    except (NotCanonical, ValueError, OverflowError, OSError):
        raise LoginError("format", "a time is not written as times are") from None
