"""NIST's path validation suite (PKITS) against our settings: path, then revocation, by the functions that logins use.

Vectors: `cryptography-vectors`, `x509/PKITS_data` (certs, crls), PKITS 1.0.1 of 2011. One thing is lifted for the run:
PKITS has no certificate that names a client's purpose or a subject alternative name, so under our full settings none of
its holders is a licence (`test_no_holder_of_the_suite_is_a_licence`). Everything else is as in production.

What is invalid must be refused, without exception but for the one that is named. What is valid is accepted or stands in
`STRICTER` with its reason; a row there that would be accepted fails the test. Cases of section 4.8 that depend on the
policies a relying party asks for stand apart: we ask for none.
"""

import functools
from datetime import UTC, datetime
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy, VerificationError

from kernel.crypto.certificates import CertificateError, check_revocation, path_policy, verify_chain

#: One certificate of the suite has a negative serial number on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
FOLDER = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
NOW = datetime(2026, 8, 6, tzinfo=UTC)
ROOT = "TrustAnchorRootCertificate"

#: Valid by RFC 5280, refused here by choice.
STRICTER = {
    "DSA keys: only P-256 is issued to holders of licences, and authorities sign with ECDSA or RSA": [
        "ValidDSASignaturesTest4",
        "ValidDSAParameterInheritanceTest5",
    ],
    "names are compared byte by byte: an issuer writes its name in one way": [
        "ValidNameChainingWhitespaceTest3",
        "ValidNameChainingWhitespaceTest4",
        "ValidNameChainingCapitalizationTest5",
        "ValidRolloverfromPrintableStringtoUTF8StringTest10",
        "ValidUTF8StringCaseInsensitiveMatchTest11",
    ],
    "at most three authorities above a holder; ours are two": [
        "ValidpathLenConstraintTest13",
        "ValidpathLenConstraintTest14",
    ],
    "basicConstraints must be critical in an authority (RFC 5280 4.2.1.9, a MUST for issuers)": [
        "ValidbasicConstraintsNotCriticalTest4",
    ],
    "policy mappings, constraints and inhibitions are critical and not processed: no issuer of licences uses them": [
        *[f"ValidPolicyMappingTest{n}" for n in (1, 3, 5, 6, 9, 11, 12, 13, 14)],
        "ValidSelfIssuedinhibitPolicyMappingTest7",
        "ValidinhibitPolicyMappingTest2",
        "ValidinhibitPolicyMappingTest4",
        "ValidSelfIssuedrequireExplicitPolicyTest6",
        "ValidrequireExplicitPolicyTest1",
        "ValidrequireExplicitPolicyTest2",
        "ValidrequireExplicitPolicyTest4",
        "ValidinhibitAnyPolicyTest2",
        "ValidSelfIssuedinhibitAnyPolicyTest7",
        "ValidSelfIssuedinhibitAnyPolicyTest9",
    ],
    "self-issued certificates for a change of keys are not followed: a new key is a new row of the trust list": [
        "ValidSelfIssuedpathLenConstraintTest15",
        "ValidSelfIssuedpathLenConstraintTest17",
        "ValidBasicSelfIssuedOldWithNewTest1",
        "ValidBasicSelfIssuedNewWithOldTest3",
        "ValidBasicSelfIssuedNewWithOldTest4",
        "ValidBasicSelfIssuedCRLSigningKeyTest6",
    ],
    "name constraints on directory names and URIs are not processed, so a critical one refuses": [
        *[f"ValidDNnameConstraintsTest{n}" for n in (1, 4, 5, 6, 11, 14, 18, 19)],
        "ValidDNandRFC822nameConstraintsTest27",
        "ValidURInameConstraintsTest34",
        "ValidURInameConstraintsTest36",
    ],
    "times between 1950 and 2049 must be UTCTime (RFC 5280 4.1.2.5)": ["ValidGeneralizedTimenotBeforeDateTest4"],
    "a revocation list that is indirect, partial, or signed by another key than the issuer's says nothing": [
        "ValidSeparateCertificateandCRLKeysTest19",
        *[f"ValidIDPwithindirectCRLTest{n}" for n in (22, 24, 25)],
        *[f"ValidcRLIssuerTest{n}" for n in (28, 29, 30, 33)],
        *[f"ValiddistributionPointTest{n}" for n in (1, 4, 5, 7)],
        "ValidonlyContainsCACertsTest13",
        "ValidonlySomeReasonsTest18",
        "ValidonlySomeReasonsTest19",
    ],
    "delta lists are not read: who is released from hold only by a delta waits for the next full list": [
        "ValiddeltaCRLTest5",
    ],
}
#: Invalid by RFC 5280 for whoever reads delta lists; a relying party may go by the full list alone (5.2.4), and the
#: full list of an issuer of licences is a day old at most.
TOLERATED = {"InvaliddeltaCRLTest4"}
REASONS = {name: reason for reason, names in STRICTER.items() for name in names}


@functools.cache
def certificates() -> dict[str, x509.Certificate]:
    """Every certificate that can be read at all; the damaged ones (inherited DSA parameters) are left out."""
    found = {}
    for file in sorted((FOLDER / "certs").iterdir()):
        try:
            certificate = x509.load_der_x509_certificate(file.read_bytes())
            _ = (certificate.extensions, certificate.public_key())
            found[file.stem] = certificate
        except ValueError:
            continue
    return found


@functools.cache
def lists() -> list[x509.CertificateRevocationList]:
    return [x509.load_der_x509_crl(file.read_bytes()) for file in sorted((FOLDER / "crls").iterdir())]


@functools.cache
def intermediates() -> list[x509.Certificate]:
    return [c for name, c in certificates().items() if not name.endswith("EE") and name != ROOT]


def holders() -> list[str]:
    return sorted(file.stem.removesuffix("EE") for file in (FOLDER / "certs").glob("*EE.crt"))


def outcome(name: str) -> str:
    """What a login would meet: `chain`, a code of revocation, or `accepted`."""
    leaf = certificates().get(f"{name}EE")
    if leaf is None:
        return "format"
    policy = path_policy([certificates()[ROOT]], NOW).extension_policies(
        ee_policy=ExtensionPolicy.permit_all(), ca_policy=ExtensionPolicy.webpki_defaults_ca()
    )
    try:
        chain = list(policy.build_client_verifier().verify(leaf, intermediates()).chain)
        check_revocation(chain, lists(), NOW)
    except VerificationError:
        return "chain"
    except CertificateError as refusal:
        return refusal.code
    return "accepted"


def test_the_suite_is_whole():
    valid = [name for name in holders() if name.startswith("Valid")]
    invalid = [name for name in holders() if name.startswith("Invalid")]

    assert (len(valid), len(invalid), len(holders())) == (88, 115, 223)
    assert set(REASONS) | TOLERATED <= set(holders())
    assert len(REASONS) == sum(map(len, STRICTER.values()))


@pytest.mark.parametrize("name", [name for name in holders() if name.startswith("Invalid") and name not in TOLERATED])
def test_what_is_invalid_is_refused(name):
    assert outcome(name) in ("chain", "crl-stale", "revoked")


@pytest.mark.parametrize("name", sorted(TOLERATED))
def test_what_only_a_delta_list_tells_is_not_known_yet(name):
    assert outcome(name) == "accepted"


@pytest.mark.parametrize("name", [name for name in holders() if name.startswith("Valid") and name not in REASONS])
def test_what_is_valid_is_accepted(name):
    assert outcome(name) == "accepted"


@pytest.mark.parametrize("name", sorted(REASONS))
def test_what_is_refused_by_choice_is_refused(name):
    assert outcome(name) != "accepted", REASONS[name]


def test_revoked_ones_are_told_from_others():
    revoked = {name for name in holders() if outcome(name) == "revoked"}

    assert {"InvalidRevokedEETest3", "InvalidRevokedCATest2", "InvalidLongSerialNumberTest18"} <= revoked


def test_no_holder_of_the_suite_is_a_licence():
    root = certificates()[ROOT]
    for name in holders():
        leaf = certificates().get(f"{name}EE")
        if leaf is not None:
            with pytest.raises(CertificateError) as refusal:
                verify_chain(leaf, intermediates(), [root], NOW)
            assert refusal.value.code == "chain"
