"""Envelopes made by a second implementation open here, and what they derive is what we derive."""

import io
import json
from pathlib import Path

import pytest
from cryptography import x509

from bidding import envelope
from bidding.envelope.format import core_hash, payload_key, wrap_context
from bidding.licence import verify_login
from kernel.canonical import NotCanonical, b64u_decode, parse, parse_time
from kernel.crypto import suite
from tests.vectors import generate_canonical, generate_envelope
from tests.worlds.envelope_world import opened

SUITE = suite("intl-1")
VECTORS = Path(__file__).parents[1] / "vectors"
ENVELOPES = json.loads((VECTORS / "envelope.json").read_text())["cases"]


def test_the_frozen_files_are_what_their_generators_write():
    assert json.loads((VECTORS / "envelope.json").read_text()) == generate_envelope.document()
    assert json.loads((VECTORS / "canonical.json").read_text()) == generate_canonical.document()


@pytest.mark.parametrize("case", ENVELOPES, ids=lambda case: case["label"])
def test_an_envelope_of_the_second_implementation_opens(case):
    raw = b64u_decode(case["file"])
    header = envelope.parse_header(io.BytesIO(raw))
    keys = {name: SUITE.load_private(b64u_decode(key["pkcs8"])) for name, key in case["keys"].items()}

    secret = envelope.open_bidder(header, 0, keys["bidder"]) if "bidder" in keys else None
    shares = [(i, envelope.open_share(header, i, keys[f"trustee/{i}"])) for i in range(1, case["n"] + 1)]

    assert secret == (case["bidder_secret"] and b64u_decode(case["bidder_secret"]))
    assert [share for _, share in shares] == [b64u_decode(share) for share in case["shares"]]
    fk = envelope.recover_file_key(header, secret, shares[-case["k"] :] if shares else None)
    assert fk == b64u_decode(case["fk"])
    assert opened(raw, fk) == b64u_decode(case["plaintext"])
    assert envelope.digest_envelope(io.BytesIO(raw)) == b64u_decode(case["eid"])


@pytest.mark.parametrize("case", ENVELOPES, ids=lambda case: case["label"])
def test_every_derivation_is_that_of_the_second_implementation(case):
    head = envelope.read_head(io.BytesIO(b64u_decode(case["file"])))
    digest = core_hash(SUITE, head.header["core"])

    assert digest == b64u_decode(case["core_hash"])
    assert head.digest == b64u_decode(case["header_hash"])
    assert payload_key(SUITE, b64u_decode(case["fk"]), head.digest) == b64u_decode(case["payload_key"])
    for wrap in case["wraps"]:
        assert wrap_context(SUITE, digest, wrap["role"], int(wrap["i"])) == b64u_decode(wrap["ctx"])


@pytest.mark.parametrize("case", generate_canonical.document()["cases"], ids=lambda case: case["hex"][:24])
def test_canonical_bytes_are_told_from_others(case):
    data = bytes.fromhex(case["hex"])
    if case["flag"] == "valid":
        parse(data)
    else:
        with pytest.raises(NotCanonical) as refusal:
            parse(data)
        assert refusal.value.code == case["code"]


def test_the_frozen_login_is_accepted():
    vector = json.loads((VECTORS / "login.json").read_text())
    root, issuing = (x509.load_pem_x509_certificate(vector[name].encode()) for name in ("root", "issuing"))

    claims = verify_login(
        vector["token"],
        roots=[root],
        intermediates=[issuing],
        crl=x509.load_pem_x509_crl(vector["crl"].encode()),
        audience=vector["audience"],
        nonces={vector["nonce"]},
        binding=vector["binding"],
        now=parse_time(vector["now"]),
    )

    assert {name: getattr(claims, name) for name in vector["claims"]} == vector["claims"]
