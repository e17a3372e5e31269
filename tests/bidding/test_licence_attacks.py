"""The licence protocol attacked through the platform's own functions: each case with its code, its cause and its words.

`test_licence.py` holds the pure verifier to the order of its codes. Here an attack meets what a holder meets:
`presenting.verify_answer`, with a trust list, revocation lists and a clock, and each refusal must say its own thing.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from bidding.diagnosis import USCC_FAULTS, WORDS
from bidding.presenting import LicenceRefused, verify_answer
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse
from kernel.crypto import suite
from kernel.crypto.authority import make_crl
from kernel.crypto.keys import KeyKind, generate
from tests.worlds.licence_world import (
    AUDIENCE,
    BINDING,
    DAY,
    NONCE,
    NOW,
    OTHER_USCC,
    USCC,
    authority,
    certificate,
    crl,
    encrypt_key,
    licence,
    sign_key,
    token,
)

SUITE = suite("intl-1")
SECOND = timedelta(seconds=1)


@dataclass
class Trust:
    """Issuers and lists as a test wants them."""

    issuers: list[Any] = field(default_factory=lambda: [authority()])
    lists: list[Any] = field(default_factory=lambda: [crl()])
    counting: bool = True
    reachable: bool = True

    def roots(self, now: datetime) -> list[x509.Certificate]:
        return [issuer.root for issuer in self.issuers] if self.counting else []

    def intermediates(self, now: datetime) -> list[x509.Certificate]:
        return [issuer.issuing for issuer in self.issuers] if self.counting else []

    def known_roots(self) -> list[x509.Certificate]:
        return [issuer.root for issuer in self.issuers]

    def known_intermediates(self) -> list[x509.Certificate]:
        return [issuer.issuing for issuer in self.issuers]

    def crls(self, now: datetime) -> list[Any]:
        return self.lists

    def is_unreachable(self, now: datetime) -> bool:
        return not self.reachable


@dataclass
class Attack:
    """One attack: what is presented, to whom, when; and what must come of it."""

    name: str
    reason: str
    cause: str
    answer: Any
    trust: Any = Trust
    binding: str = BINDING
    taken: Any = (NONCE, BINDING)
    at: datetime = NOW


def good() -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token().split(".")
    return parse(b64u_decode(head)), parse(b64u_decode(body))


def made(head: dict[str, Any] | None = None, body: dict[str, Any] | None = None, key: Any = None) -> str:
    """A token with changed members, signed for real."""
    header, payload = good()
    signed = f"{b64u_encode(jcs(header | (head or {})))}.{b64u_encode(jcs(payload | (body or {})))}"
    return f"{signed}.{b64u_encode(SUITE.sign(key or sign_key(), signed.encode()))}"


def x5c(*chain: x509.Certificate) -> list[str]:
    return [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in chain]


def with_leaf(**faults: Any) -> str:
    return token(chain=[certificate(**faults)])


@cache
def stranger() -> Any:
    return authority("stranger")


def stranger_token() -> str:
    leaf = certificate(signer=stranger().issuing_key, issuer=stranger().issuing.subject)
    return token(chain=[leaf, stranger().issuing])


def with_strangers_root() -> str:
    leaf = certificate(signer=stranger().issuing_key, issuer=stranger().issuing.subject)
    return token(chain=[leaf, stranger().issuing, stranger().root])


@cache
def deep() -> tuple[x509.Certificate, x509.Certificate, Any]:
    """An authority below the issuing one, whose path length is 0, and a holder of it."""
    key = generate(KeyKind.P256)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "one authority too many")])
    below = certificate(
        key=key.public.native,
        subject=name,
        ca=True,
        usage=("key_cert_sign", "crl_sign"),
        purpose=False,
        alternative=None,
    )
    return certificate(signer=key, issuer=name), below, key


def listed(reason: x509.ReasonFlags | None) -> list[x509.CertificateRevocationList]:
    entry = x509.RevokedCertificateBuilder().serial_number(licence().sign.serial_number).revocation_date(NOW - DAY)
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
    return [signed_list(entries=[entry.build()])]


def signed_list(*, last: int = -1, following: int = 23, entries: Any = (), signer: Any = None) -> Any:
    hour = timedelta(hours=1)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority().issuing.subject)
        .last_update(NOW + last * hour)
        .next_update(NOW + following * hour)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign((signer or authority().issuing_key).native, hashes.SHA256())


def der_signed() -> str:
    signed, _, signature = token().rpartition(".")
    raw = b64u_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    return f"{signed}.{b64u_encode(der)}"


def mac_signed() -> str:
    header, payload = good()
    signed = f"{b64u_encode(jcs(header | {'alg': 'HS256'}))}.{b64u_encode(jcs(payload))}"
    return f"{signed}.{b64u_encode(SUITE.hmac(sign_key().public.spki, signed.encode()))}"


def times(issued: int, expires: int) -> dict[str, str]:
    return {"iat": format_time(NOW + issued * SECOND), "exp": format_time(NOW + expires * SECOND)}


def trusting(**changes: Any) -> Any:
    return lambda: Trust(**changes)


R = x509.ReasonFlags
ATTACKS = [
    # Form, kind, algorithm (43)
    Attack("empty", "format", "format", lambda: ""),
    Attack("two parts", "format", "format", lambda: "a.b"),
    Attack("blanks in the header", "format", "format", lambda: "eyAgfQ.e30.AA"),
    Attack("another kind of message", "type", "type", lambda: made({"typ": "bid-submission+jws"})),
    Attack("no algorithm", "alg", "alg", lambda: made({"alg": "none"})),
    Attack("mac with the public key", "alg", "alg", mac_signed),
    Attack("key from an address", "format", "format", lambda: made({"jku": "https://attacker.example/keys"})),
    Attack("key in the header", "format", "format", lambda: made({"jwk": {"kty": "EC"}})),
    Attack("name of a key", "format", "format", lambda: made({"kid": "../../etc/passwd"})),
    Attack("no certificate", "format", "format", lambda: made({"x5c": []})),
    Attack("too many certificates", "format", "format", lambda: made({"x5c": x5c(*[licence().sign] * 7)})),
    Attack("no certificate in it", "format", "format", lambda: made({"x5c": ["AAAA"]})),
    # Path (45)
    Attack("unknown issuer", "chain", "unknown-issuer", stranger_token),
    Attack("root in the token", "chain", "unknown-issuer", with_strangers_root),
    Attack("issuer struck off the list", "chain", "issuer-not-counted", lambda: token(), trusting(counting=False)),
    Attack("expired licence", "chain", "expired-certificate", lambda: with_leaf(end=NOW - SECOND)),
    Attack("future licence", "chain", "future-certificate", lambda: with_leaf(start=NOW + SECOND)),
    Attack("path too long", "chain", "path-length", lambda: token(chain=list(deep()[:2]))),
    Attack(
        "holder as an authority",
        "chain",
        "not-an-authority",
        lambda: token(chain=[certificate(signer=sign_key(), issuer=licence().sign.subject), licence().sign]),
    ),
    Attack("no purpose", "chain", "purpose", lambda: with_leaf(purpose=False)),
    Attack("issued by another key", "chain", "chain", lambda: with_leaf(signer=generate(KeyKind.P256))),
    Attack("no alternative name", "chain", "chain", lambda: with_leaf(alternative=None)),
    # Usage of the key
    Attack(
        "encryption certificate",
        "key-usage",
        "key-usage",
        lambda: token(key=encrypt_key(), chain=[licence().encrypt]),
    ),
    Attack("wrong key usage", "key-usage", "key-usage", lambda: with_leaf(usage=("content_commitment",))),
    Attack("no key usage", "key-usage", "key-usage", lambda: with_leaf(usage=None)),
    # Revocation and status
    Attack("no list", "crl-stale", "crl-stale", lambda: token(), trusting(lists=[])),
    Attack("source unreachable", "crl-stale", "crl-unreachable", lambda: token(), trusting(lists=[], reachable=False)),
    Attack(
        "list out of date beyond its day of grace",
        "crl-stale",
        "crl-stale",
        lambda: token(),
        lambda: Trust(lists=[signed_list(last=-72, following=-25)]),
    ),
    Attack("list of the future", "crl-stale", "crl-stale", lambda: token(), lambda: Trust(lists=[signed_list(last=1)])),
    Attack(
        "list by a stranger",
        "crl-stale",
        "crl-stale",
        lambda: token(),
        lambda: Trust(lists=[signed_list(signer=stranger().issuing_key)]),
    ),
    Attack(
        "list of another issuer",
        "crl-stale",
        "crl-stale",
        lambda: token(),
        lambda: Trust(lists=[make_crl(stranger(), NOW)]),
    ),
    Attack("revoked", "revoked", "revoked", lambda: token(), lambda: Trust(lists=listed(None))),
    Attack("suspended", "revoked", "suspended", lambda: token(), lambda: Trust(lists=listed(R.certificate_hold))),
    Attack("cancelled", "revoked", "cancelled", lambda: token(), lambda: Trust(lists=listed(R.cessation_of_operation))),
    Attack("withdrawn", "revoked", "withdrawn", lambda: token(), lambda: Trust(lists=listed(R.privilege_withdrawn))),
    Attack("superseded", "revoked", "superseded", lambda: token(), lambda: Trust(lists=listed(R.superseded))),
    Attack("key lost", "revoked", "key-lost", lambda: token(), lambda: Trust(lists=listed(R.key_compromise))),
    # Signature
    Attack("another key", "signature", "signature", lambda: token(key=generate(KeyKind.P256))),
    Attack("signature in DER", "signature", "signature", der_signed),
    Attack("no signature", "signature", "signature", lambda: token().rpartition(".")[0] + "."),
    # Content
    Attack("another act", "format", "format", lambda: made(body={"act": "submit"})),
    Attack("another version", "format", "format", lambda: made(body={"v": 2})),
    Attack("one member more", "format", "format", lambda: made(body={"role": "operator"})),
    # Credit code (46)
    Attack("licence of another firm", "uscc", "uscc-other", lambda: made(body={"uscc": OTHER_USCC})),
    Attack("wrong check character", "uscc", "uscc-check", lambda: made(body={"uscc": USCC[:-1] + "4"})),
    Attack("letter that is left out", "uscc", "uscc-symbol", lambda: made(body={"uscc": USCC[:-1] + "Z"})),
    Attack("lower case", "uscc", "uscc-lower-case", lambda: made(body={"uscc": USCC.lower()})),
    Attack("fifteen digits", "uscc", "uscc-registration-number", lambda: made(body={"uscc": "350100100000123"})),
    Attack("one short", "uscc", "uscc-length", lambda: made(body={"uscc": USCC[:-1]})),
    Attack("one long", "uscc", "uscc-length", lambda: made(body={"uscc": USCC + "3"})),
    Attack("letters for a region", "uscc", "uscc-region", lambda: made(body={"uscc": "91AB0100M000100Y43"[:18]})),
    Attack("full width", "uscc", "uscc-full-width", lambda: made(body={"uscc": "９" + USCC[1:]})),
    Attack("Cyrillic", "uscc", "uscc-look-alike", lambda: made(body={"uscc": USCC.replace("M", "М")})),
    Attack("blank at the end", "uscc", "uscc-blank", lambda: made(body={"uscc": USCC[:-1] + " "})),
    Attack("two codes in a certificate", "uscc", "uscc", lambda: with_leaf(organisation=(USCC, OTHER_USCC))),
    # Site, challenge, browser (44)
    Attack("for another site", "audience", "audience", lambda: made(body={"aud": "https://elsewhere.example"})),
    Attack("never given out", "nonce", "nonce", lambda: made(body={"nonce": b64u_encode(bytes(32))})),
    Attack("used already", "nonce", "nonce", lambda: token(), taken=None),
    Attack("another browser's challenge", "binding", "binding", lambda: token(), binding=b64u_encode(b"x" * 32)),
    Attack("rebound to another browser", "binding", "binding", lambda: token(), taken=(NONCE, b64u_encode(b"y" * 32))),
    # Time
    Attack("clock a minute ahead", "expired", "clock", lambda: made(body=times(61, 120))),
    Attack("clock a little ahead", "expired", "expired", lambda: made(body=times(31, 120))),
    Attack("clock a minute behind", "expired", "clock", lambda: made(body=times(-61, 59))),
    Attack("old answer", "expired", "clock", lambda: made(body=times(-600, -400))),
    Attack("long life", "expired", "expired", lambda: made(body=times(0, 301))),
    Attack("over before it began", "expired", "expired", lambda: made(body=times(10, 0))),
]


def present(attack: Attack) -> None:
    verify_answer(
        SimpleNamespace(now=attack.at),  # type: ignore[arg-type]
        attack.answer(),
        taken=attack.taken,
        binding=attack.binding,
        audience=AUDIENCE,
        trust=attack.trust(),
    )


def test_without_an_attack_the_holder_gets_in():
    presented = verify_answer(
        SimpleNamespace(now=NOW),  # type: ignore[arg-type]
        token(),
        taken=(NONCE, BINDING),
        binding=BINDING,
        audience=AUDIENCE,
        trust=Trust(),
    )

    assert presented.claims.uscc == USCC


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_refused_with_its_own_words(attack):
    with pytest.raises(LicenceRefused) as refusal:
        present(attack)

    told = refusal.value
    assert (told.extra["reason"], told.extra["cause"]) == (attack.reason, attack.cause)
    known = USCC_FAULTS.get(attack.cause.removeprefix("uscc-")) or WORDS.get(attack.cause)
    if attack.reason in ("format", "type", "alg"):
        assert told.detail == "登录未通过核验，请重新登录。"  # a stranger learns no step of cryptography
    else:
        assert told.detail == known


def test_there_are_more_than_forty_and_no_two_causes_share_their_words():
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    words = [*WORDS.values(), *USCC_FAULTS.values()]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("seconds", [-60, -30, 0, 30])
def test_a_clock_within_a_minute_is_good_enough(seconds):
    present(Attack("", "", "", lambda: made(body=times(seconds, seconds + 120))))


def test_a_list_within_its_day_of_grace_lets_readers_in_and_says_so():
    presented = verify_answer(
        SimpleNamespace(now=NOW),  # type: ignore[arg-type]
        token(),
        taken=(NONCE, BINDING),
        binding=BINDING,
        audience=AUDIENCE,
        trust=Trust(lists=[signed_list(last=-25, following=-1)]),
    )

    assert presented.claims.assurance == "certificate-on-grace"
