import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.licence import LoginError, certificate_header, session_binding, verify_act
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse
from kernel.crypto import jws, suite
from kernel.crypto.authority import make_crl, revoke
from kernel.crypto.keys import KeyKind, generate
from tests.worlds.licence_world import (
    AUDIENCE,
    BINDING,
    DAY,
    HOLDER,
    NONCE,
    NOW,
    OTHER_USCC,
    USCC,
    authority,
    certificate,
    crl,
    encrypt_key,
    licence,
    login,
    login_code,
    sign_key,
    token,
)

SUITE = suite("intl-1")
SECOND = timedelta(seconds=1)


def payload(**changes):
    good = parse(b64u_decode(token().split(".")[1]))
    return {**good, **changes}


def header(**changes):
    return {"alg": "ES256", "typ": "lic-login+jws", **certificate_header([licence().sign]), **changes}


def assembled(head, body, key=None):
    """A token of any header and payload, signed for real."""
    parts = [part if isinstance(part, bytes) else jcs(part) for part in (head, body)]
    signed = ".".join(map(b64u_encode, parts))
    return f"{signed}.{b64u_encode(SUITE.sign(key or sign_key(), signed.encode()))}"


def without(value, name):
    return {key: item for key, item in value.items() if key != name}


def test_a_good_login_tells_who_it_was():
    claims = login(token())

    assert (claims.uscc, claims.name, claims.person, claims.role) == (USCC, HOLDER.organisation, "李四", "clerk")
    assert claims.legal_rep is None
    assert claims.cert_kid == SUITE.kid(sign_key().public.spki)
    assert claims.valid_until == licence().sign.not_valid_after_utc
    assert claims.assurance == "certificate"
    assert claims.issuer == "one issuing authority"


def test_an_intermediate_may_come_with_the_token():
    answer = token(chain=[licence().sign, authority().issuing])

    assert login(answer, intermediates=[]).uscc == USCC


def test_times_may_be_seconds_as_in_rfc_7519():
    at = int(NOW.timestamp())

    assert login(assembled(header(), payload(iat=at, exp=at + 60))).uscc == USCC


def test_a_challenge_serves_once():
    nonces = {NONCE, "another"}

    login(token(), nonces=nonces)

    assert nonces == {"another"}
    assert login_code(token(), nonces=nonces) == "nonce"


def test_a_challenge_is_used_up_even_if_a_later_check_fails():
    nonces = {NONCE}

    assert login_code(token(), nonces=nonces, binding="another session") == "binding"
    assert nonces == set()


def test_a_challenge_survives_what_fails_before_it():
    nonces = {NONCE}

    assert login_code(token(), nonces=nonces, audience="https://elsewhere.example") == "audience"
    assert nonces == {NONCE}


def test_of_parallel_uses_of_one_challenge_one_succeeds():
    nonces, answer = {NONCE}, token()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: login_code(answer, nonces=nonces), range(32)))

    assert sorted(codes) == ["accepted"] + ["nonce"] * 31


@pytest.mark.parametrize(
    "code, answer",
    [
        ("format", ""),
        ("format", "a.b"),
        ("format", "a.b.c.d"),
        ("format", None),
        ("format", "x" * 300_000),
        ("type", assembled(header(typ="bid-submission+jws"), payload())),
        ("type", assembled(header(typ="JWT"), payload())),
        ("type", assembled(without(header(), "typ"), payload())),
        ("alg", assembled(header(alg="none"), payload())),
        ("alg", assembled(header(alg="HS256"), payload())),
        ("alg", assembled(header(alg="EdDSA"), payload())),
        ("alg", assembled(header(alg="RS256"), payload())),
        ("alg", assembled(without(header(), "alg"), payload())),
        ("format", assembled(header(kid="x"), payload())),
        ("format", assembled(header(jku="https://attacker.example"), payload())),
        ("format", assembled(header(jwk={}), payload())),
        ("format", assembled(header(crit=["x"]), payload())),
        ("format", assembled(without(header(), "x5c"), payload())),
        ("format", assembled(header(x5c=[]), payload())),
        ("format", assembled(header(x5c="text"), payload())),
        ("format", assembled(header(x5c=[1]), payload())),
        ("format", assembled(header(x5c=["AAAA"]), payload())),
        ("format", assembled(header(x5c=[certificate_header([licence().sign])["x5c"][0] + "\n"]), payload())),
        ("format", assembled(header(x5c=certificate_header([licence().sign])["x5c"] * 7), payload())),
        ("format", assembled([], payload())),
        ("format", assembled(json.dumps(header()).encode(), payload())),
        ("format", assembled(header(), b'{"a":1,"a":1}')),
        ("format", assembled(header(), json.dumps(payload()).encode())),
        ("format", assembled(header(), [])),
        ("format", assembled(header(), without(payload(), "exp"))),
        ("format", assembled(header(), payload(extra=1))),
        ("format", assembled(header(), payload(v=2))),
        ("format", assembled(header(), payload(v=True))),
        ("format", assembled(header(), payload(act="submit"))),
        ("format", assembled(header(), payload(nonce=[NONCE]))),
        ("format", assembled(header(), payload(iat="2026-08-06"))),
        ("format", assembled(header(), payload(iat=2**53 - 1))),
        ("format", assembled(header(), payload(exp=True))),
        ("format", assembled(header(), payload(exp=None))),
        ("uscc", token(uscc=OTHER_USCC)),
        ("uscc", token(uscc="91350100M000100Y4Z")),
        ("uscc", token(uscc=USCC.lower())),
        ("uscc", token(uscc="91350100М000100Y43")),
        ("uscc", token(uscc=USCC + "3")),
        ("audience", token(audience=AUDIENCE + "/")),
        ("nonce", token(nonce="another")),
        ("binding", token(binding="another")),
    ],
)
def test_a_forged_or_twisted_token_is_refused(code, answer):
    assert login_code(answer) == code


def test_an_unsigned_token_is_refused():
    signed = f"{b64u_encode(jcs(header(alg='none')))}.{b64u_encode(jcs(payload()))}."

    assert login_code(signed) == "alg"
    good = token()
    assert login_code(good[: good.rindex(".") + 1]) == "signature"


def test_a_mac_with_the_public_key_is_refused():
    signed = f"{b64u_encode(jcs(header(alg='HS256')))}.{b64u_encode(jcs(payload()))}"
    mac = SUITE.hmac(sign_key().public.spki, signed.encode())

    assert login_code(f"{signed}.{b64u_encode(mac)}") == "alg"
    es256 = f"{b64u_encode(jcs(header()))}.{b64u_encode(jcs(payload()))}"
    assert login_code(f"{es256}.{b64u_encode(SUITE.hmac(sign_key().public.spki, es256.encode()))}") == "signature"


def test_a_der_signature_is_refused():
    signed, _, signature = token().rpartition(".")
    raw = b64u_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    assert login_code(f"{signed}.{b64u_encode(der)}") == "signature"


def test_another_key_than_the_certificates_is_refused():
    assert login_code(token(key=generate(KeyKind.P256))) == "signature"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_changed_character_is_accepted(data):
    answer = token()
    position = data.draw(st.integers(0, len(answer) - 1))
    letter = data.draw(st.sampled_from("ABCabc012-_.="))
    changed = answer[:position] + letter + answer[position + 1 :]

    assert (login_code(changed) == "accepted") == (changed == answer)


STRANGER = generate(KeyKind.P256)
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attacker")])


def stranger_root():
    return certificate(
        key=STRANGER.public.native,
        signer=STRANGER,
        issuer=NAME,
        subject=NAME,
        ca=True,
        usage=("key_cert_sign", "crl_sign"),
        purpose=False,
        alternative=None,
    )


def test_a_root_in_the_token_is_not_trusted():
    leaf = certificate(signer=STRANGER, issuer=NAME)

    assert login_code(token(chain=[leaf, stranger_root()])) == "chain"
    assert login_code(token(chain=[leaf])) == "chain"


def test_an_intermediate_must_be_there():
    assert login_code(token(), intermediates=[]) == "chain"


def test_without_roots_nobody_is_trusted():
    assert login_code(token(), roots=[]) == "chain"
    assert login_code(token(), roots=[authority("two").root]) == "chain"


def test_a_holder_is_no_authority():
    leaf = certificate(signer=sign_key(), issuer=licence().sign.subject, key=STRANGER.public.native)

    assert login_code(token(key=STRANGER, chain=[leaf, licence().sign])) == "chain"


def test_an_authority_is_no_holder():
    answer = assembled(header(x5c=certificate_header([authority().issuing])["x5c"]), payload(), authority().issuing_key)

    assert login_code(answer) == "chain"


@pytest.mark.parametrize(
    "faults",
    [
        {"end": NOW - SECOND},
        {"start": NOW + SECOND},
        {"alternative": None},
        {"purpose": False},
        {"signer": STRANGER},
        {"ca": True, "usage": ("digital_signature", "key_cert_sign")},
    ],
)
def test_a_faulty_certificate_has_no_path(faults):
    assert login_code(token(chain=[certificate(**faults)])) == "chain"


def test_a_certificate_counts_at_the_servers_time():
    leaf = certificate(start=NOW, end=NOW + 10 * SECOND)

    assert login_code(token(chain=[leaf])) == "accepted"
    assert login_code(token(chain=[leaf]), now=NOW + 11 * SECOND) == "chain"
    assert login_code(token(chain=[leaf]), now=NOW - SECOND) == "chain"


@pytest.mark.parametrize(
    "usage",
    [("key_agreement",), ("digital_signature", "key_agreement"), ("key_encipherment",), ("content_commitment",), None],
)
def test_an_encryption_certificate_does_not_sign(usage):
    assert login_code(token(chain=[certificate(usage=usage)])) == "key-usage"


def test_the_encryption_certificate_of_a_licence_does_not_sign():
    assert login_code(token(key=encrypt_key(), chain=[licence().encrypt])) == "key-usage"


@pytest.mark.parametrize(
    "native",
    [
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    ],
)
def test_a_key_of_another_kind_does_not_sign(native):
    assert login_code(token(chain=[certificate(key=native)])) == "key-usage"


@pytest.mark.parametrize(
    "faults",
    [
        {"organisation": (OTHER_USCC,)},
        {"organisation": (USCC, USCC)},
        {"organisation": ()},
        {"alternative": (f"urn:uscc:{OTHER_USCC}",)},
        {"alternative": (f"urn:uscc:{USCC}", f"urn:uscc:{OTHER_USCC}")},
        {"alternative": ("urn:other:x",)},
    ],
)
def test_a_certificate_names_exactly_one_credit_code(faults):
    assert login_code(token(chain=[certificate(**faults)])) == "uscc"


def signed_list(signer=None, issuer=None, last=-1, following=23, extension=None):
    hour = timedelta(hours=1)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer or authority().issuing.subject)
        .last_update(NOW + last * hour)
        .next_update(NOW + following * hour)
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign((signer or authority().issuing_key).native, hashes.SHA256())


@pytest.mark.parametrize(
    "lists",
    [
        None,
        [],
        signed_list(signer=STRANGER),
        signed_list(issuer=NAME),
        signed_list(last=-48, following=-24),
        signed_list(last=-24, following=0),
        signed_list(last=1),
        signed_list(extension=x509.DeltaCRLIndicator(1)),
        [signed_list(signer=authority().root_key, issuer=authority().root.subject)],
        make_crl(authority("two"), NOW),
    ],
)
def test_without_a_fresh_list_of_the_issuer_nobody_gets_in(lists):
    assert login_code(token(), crl=lists) == "crl-stale"


def test_a_stale_list_serves_for_reading_within_its_grace():
    stale = signed_list(last=-25, following=-1)

    claims = login(token(), crl=stale, crl_grace=DAY)

    assert claims.assurance == "certificate-on-grace"
    assert login_code(token(), crl=stale, crl_grace=timedelta(hours=1)) == "crl-stale"


def test_a_revoked_licence_is_refused():
    chain = [licence().sign]
    other = authority("revoking")
    leaf = certificate(signer=other.issuing_key, issuer=other.issuing.subject)
    trust = {"roots": [other.root], "intermediates": [other.issuing]}
    assert login_code(token(chain=[leaf]), crl=make_crl(other, NOW), **trust) == "accepted"

    revoke(other, leaf, NOW + DAY)
    revoke(other, leaf, NOW)

    listed = make_crl(other, NOW)
    assert login_code(token(chain=[leaf]), crl=listed, **trust) == "revoked"
    assert login_code(token(chain=[leaf]), crl=[crl(), listed], **trust) == "revoked"
    assert len(list(listed)) == 1
    assert login_code(token(chain=chain)) == "accepted"


def test_a_revoked_authority_takes_its_holders_along():
    root_list = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority().root.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(authority().issuing.serial_number)
            .revocation_date(NOW)
            .build()
        )
        .sign(authority().root_key.native, hashes.SHA256())
    )

    assert login_code(token(), crl=[crl(), root_list]) == "revoked"


def test_a_stale_list_of_the_root_is_stale_too():
    stale = signed_list(authority().root_key, authority().root.subject, -48, -24)

    assert login_code(token(), crl=[crl(), stale]) == "crl-stale"


@pytest.mark.parametrize(
    "issued, expires, code",
    [
        (0, 300, "accepted"),
        (0, 301, "expired"),
        (0, 0, "expired"),
        (10, 0, "expired"),
        (30, 60, "accepted"),
        (31, 60, "expired"),
        (-100, -29, "accepted"),
        (-100, -30, "expired"),
        (-10_000, 10, "expired"),
    ],
)
def test_a_token_lives_briefly(issued, expires, code):
    body = payload(iat=format_time(NOW + issued * SECOND), exp=format_time(NOW + expires * SECOND))

    assert login_code(assembled(header(), body)) == code


def test_the_last_moment_of_the_calendar_is_no_accident():
    end = datetime.max.replace(tzinfo=NOW.tzinfo)

    assert login_code(assembled(header(), payload(iat=format_time(end), exp=format_time(end)))) == "expired"


def test_a_session_is_bound_by_a_digest():
    assert session_binding("s") == b64u_encode(SUITE.hash(b"s"))
    assert login(token(binding=session_binding("s")), binding=session_binding("s")).uscc == USCC


def test_a_signed_act_is_verified_like_a_login():
    message = {"v": 1, "type": "bid.release"}
    trust = {"roots": [authority().root], "intermediates": [authority().issuing], "crl": crl(), "now": NOW}

    def signed(chain):
        return jws.sign(SUITE, "bid-release+jws", message, sign_key(), "ES256", certificate_header(chain))

    act = verify_act(signed([licence().sign]), typ="bid-release+jws", **trust)

    assert act.payload == message
    assert act.claims.uscc == USCC
    for answer, code in [
        (token(), "type"),
        (signed([licence().encrypt]), "key-usage"),
        (signed([certificate(organisation=("X",), alternative=("urn:uscc:X",))]), "uscc"),
    ]:
        with pytest.raises(LoginError) as refusal:
            verify_act(answer, typ="bid-release+jws", **trust)
        assert refusal.value.code == code


def test_other_certificates_name_other_people():
    plain = login(token(chain=[certificate()]))
    assert (plain.person, plain.role, plain.legal_rep) == (None, "organisation", None)

    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_IDENTIFIER, f"USCCN-{USCC}"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "王五"),
            x509.NameAttribute(x509.NameOID.TITLE, "legal_representative"),
        ]
    )
    claims = login(token(chain=[certificate(subject=subject)]))
    assert (claims.name, claims.legal_rep, claims.person) == ("王五", "王五", "王五")


def test_refusals_tell_no_secrets():
    with pytest.raises(LoginError) as refusal:
        login(token(binding="another"), binding=BINDING)

    assert BINDING not in str(refusal.value)
    assert base64.b64encode(licence().sign.public_bytes(Encoding.DER)).decode() not in str(refusal.value)
