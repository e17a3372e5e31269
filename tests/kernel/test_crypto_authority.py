import base64
import stat
from datetime import UTC, datetime, timedelta

import pytest
from Crypto.Util.asn1 import DerBitString, DerSequence
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from kernel.crypto.authority import (
    AuthorityError,
    Holder,
    create_authority,
    is_local_root,
    issue_licence,
    issue_seal,
    load_authority,
    make_crl,
    require_production_roots,
    revoke,
)
from kernel.crypto.certificates import CertificateError, check_revocation, read_x5c, uscc_of, verify_chain, x5c_of
from kernel.crypto.keys import KeyKind, generate
from tests.worlds.licence_world import certificate

NOW = datetime(2026, 8, 6, 14, 0, 0, 123_456, tzinfo=UTC)
HOLDER = Holder("91350100M000100Y43", "阳光测试有限公司")
SIGN, ENCRYPT = generate(KeyKind.P256).public, generate(KeyKind.P256).public


@pytest.fixture
def authority(tmp_path):
    return create_authority(tmp_path / "ca", NOW)


def usage(certificate_):
    return certificate_.extensions.get_extension_for_class(x509.KeyUsage).value


def test_it_is_read_back_from_its_folder(authority):
    again = load_authority(authority.folder)

    assert (again.root, again.issuing) == (authority.root, authority.issuing)
    assert again.issuing_key.public == authority.issuing_key.public
    assert "issuing_key" not in repr(again)


def test_its_keys_are_for_its_owner_only(authority):
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
    for name in ("root.key", "issuing.key"):
        assert stat.S_IMODE((authority.folder / name).stat().st_mode) == 0o600


def test_a_folder_in_use_is_left_alone(authority, tmp_path):
    with pytest.raises(AuthorityError):
        create_authority(authority.folder, NOW)
    with pytest.raises(AuthorityError):
        load_authority(tmp_path)
    (authority.folder / "root.pem").write_bytes(b"damaged")
    with pytest.raises(AuthorityError):
        load_authority(authority.folder)


def test_the_issuing_authority_makes_no_further_authorities(authority):
    constraints = authority.issuing.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


def test_a_licence_is_a_pair_for_two_purposes(authority):
    licence = issue_licence(authority, HOLDER, SIGN, ENCRYPT, NOW)

    assert usage(licence.sign).digital_signature
    assert usage(licence.sign).content_commitment
    assert not usage(licence.sign).key_agreement
    assert usage(licence.encrypt).key_agreement
    assert not usage(licence.encrypt).digital_signature
    for one in (licence.sign, licence.encrypt):
        assert uscc_of(one) == HOLDER.uscc
        purposes = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        assert verify_chain(one, [authority.issuing], [authority.root], NOW) == [
            one,
            authority.issuing,
            authority.root,
        ]
    assert licence.sign.not_valid_before_utc == NOW.replace(microsecond=0)


def test_one_key_does_not_serve_both_purposes(authority):
    with pytest.raises(AuthorityError):
        issue_licence(authority, HOLDER, SIGN, SIGN, NOW)


def test_a_false_credit_code_gets_no_certificate(authority):
    with pytest.raises(AuthorityError):
        issue_licence(authority, Holder("91350100M000100Y4Z", "x"), SIGN, ENCRYPT, NOW)


def test_a_seal_commits_to_content_and_does_not_log_in(authority):
    seal = issue_seal(authority, HOLDER, SIGN, NOW)

    assert usage(seal).content_commitment
    with pytest.raises(CertificateError) as refusal:
        verify_chain(seal, [authority.issuing], [authority.root], NOW)
    assert refusal.value.code == "chain"


def test_a_revocation_list_is_signed_and_lives_a_day(authority):
    seal = issue_seal(authority, HOLDER, SIGN, NOW)
    assert list(make_crl(authority, NOW)) == []

    revoke(authority, seal, NOW)
    revoke(authority, seal, NOW + timedelta(days=1))

    crl = make_crl(load_authority(authority.folder), NOW)
    assert [row.serial_number for row in crl] == [seal.serial_number]
    assert crl.is_signature_valid(authority.issuing_key.public.native)
    assert crl.next_update_utc - crl.last_update_utc == timedelta(days=1)
    assert sorted(path.name for path in authority.folder.iterdir()) == [
        "issuing.key",
        "issuing.pem",
        "revoked.json",
        "root.key",
        "root.pem",
    ]


def test_production_trusts_no_local_authority(authority):
    assert is_local_root(authority.root)
    with pytest.raises(AuthorityError):
        require_production_roots([authority.root])
    require_production_roots([certificate()])
    require_production_roots([])


@pytest.mark.parametrize("faults", [{"usage": None}, {"usage": ("key_cert_sign",)}])
def test_a_list_needs_an_issuer_that_may_sign_lists(authority, faults):
    signer = generate(KeyKind.P256)
    name = authority.root.subject
    issuer = certificate(key=signer.public.native, signer=signer, issuer=name, subject=name, ca=True, **faults)
    leaf = certificate(signer=signer, issuer=name)

    with pytest.raises(CertificateError) as refusal:
        check_revocation([leaf, issuer], [make_crl(authority, NOW)], NOW)
    assert refusal.value.code == "crl-stale"


def test_a_certificate_without_an_alternative_name_names_no_organisation():
    with pytest.raises(CertificateError) as refusal:
        uscc_of(certificate(alternative=None))
    assert refusal.value.code == "uscc"


def test_certificates_travel_in_canonical_base64(authority):
    # Only a certificate whose length leaves spare bits in the last letter can be written in two ways.
    der = b""
    while len(der) % 3 != 1:
        der = issue_seal(authority, HOLDER, SIGN, NOW).public_bytes(Encoding.DER)
    text = base64.b64encode(der).decode()
    twin = text[:-3] + chr(ord(text[-3]) + 1) + "=="

    assert base64.b64decode(twin) == der
    assert x5c_of(read_x5c([text])) == [text]
    with pytest.raises(CertificateError) as refusal:
        read_x5c([twin])
    assert refusal.value.code == "format"


def test_a_list_without_an_end_is_stale(authority):
    leaf = issue_seal(authority, HOLDER, SIGN, NOW)
    der = without_next_update(authority)

    with pytest.raises(CertificateError) as refusal:
        check_revocation([leaf, authority.issuing], [x509.load_der_x509_crl(der)], NOW)
    assert refusal.value.code == "crl-stale"


def without_next_update(authority):
    """The library writes no list without an end; this one is cut out and signed again."""
    outer = DerSequence().decode(make_crl(authority, NOW).public_bytes(Encoding.DER))
    body = DerSequence().decode(outer[0])
    del body[4]
    outer[0] = body.encode()
    signature = authority.issuing_key.native.sign(outer[0], ec.ECDSA(hashes.SHA256()))
    outer[2] = DerBitString(signature).encode()
    return outer.encode()
