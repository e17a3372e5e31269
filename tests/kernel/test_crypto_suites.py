import hashlib
import json
import pickle
from pathlib import Path

import pytest
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.canonical import b64u_decode
from kernel.crypto import CryptoError, equal, hpke, random_bytes, suite
from kernel.crypto.errors import AeadError, KeyRefused, UnknownSuite, UnwrapError
from kernel.crypto.keys import KeyKind, generate, load_private, load_public, private_of
from tests.worlds import reference

SUITE = suite("intl-1")
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "primitives.json").read_text())
RSA_KEY = private_of(rsa.generate_private_key(65537, 2048))
CTX, SECRET = bytes(range(32)), bytes(range(100, 132))


def unhex(text):
    return bytes.fromhex(text.replace(" ", "").replace("\n", ""))


def spki(native):
    return native.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_sha_256_of_the_standard():
    # FIPS 180-4, examples of NIST: "abc", and the message of two blocks.
    assert SUITE.hash(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    two = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    assert SUITE.hash(two).hex() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"


@given(st.binary(), st.binary())
def test_a_running_digest_is_the_digest(first, second):
    running = SUITE.hasher(first)
    copy = running.copy()
    running.update(second)

    assert running.digest() == SUITE.hash(first + second)
    assert copy.digest() == SUITE.hash(first)


@pytest.mark.parametrize(
    "key, data, expected",
    [  # RFC 4231, cases 1, 2 and 6
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_hmac_of_the_standard(key, data, expected):
    assert SUITE.hmac(key, data).hex() == expected


@pytest.mark.parametrize(
    "ikm, salt, info, length, expected",
    [  # RFC 5869, appendix A.1, A.2 and A.3
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            82,
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_hkdf_of_the_standard(ikm, salt, info, length, expected):
    assert SUITE.hkdf(ikm, salt, info, length).hex() == expected


@pytest.mark.parametrize("case", VECTORS["aes_gcm"]["tests"], ids=lambda case: str(case["tcId"]))
def test_aes_gcm_vectors(case):
    key, nonce, aad, message = (unhex(case[name]) for name in ("key", "iv", "aad", "msg"))
    sealed = unhex(case["ct"] + case["tag"])

    if case["result"] == "valid":
        assert SUITE.aead_seal(key, nonce, message, aad) == sealed
        assert SUITE.aead_open(key, nonce, sealed, aad) == message
    else:
        with pytest.raises(AeadError):
            SUITE.aead_open(key, nonce, sealed, aad)


def test_the_aead_refuses_other_lengths():
    key, nonce = bytes(32), bytes(12)
    for wrong_key, wrong_nonce in ((bytes(16), nonce), (bytes(31), nonce), (key, bytes(11)), (key, bytes(16))):
        with pytest.raises(KeyRefused):
            SUITE.aead_seal(wrong_key, wrong_nonce, b"")
        with pytest.raises(KeyRefused):
            SUITE.aead_open(wrong_key, wrong_nonce, bytes(16))
    for short in (b"", bytes(15)):
        with pytest.raises(AeadError):
            SUITE.aead_open(key, nonce, short)
    with pytest.raises(AeadError):
        SUITE.aead_open(key, nonce, SUITE.aead_seal(key, nonce, b"x", b"a"), b"b")


@pytest.mark.parametrize("case", VECTORS["ecdsa_p256"]["tests"], ids=lambda case: str(case["tcId"]))
def test_es256_vectors(case):
    key = load_public(unhex(case["spki"]))

    assert SUITE.verify(key, unhex(case["msg"]), unhex(case["sig"])) == (case["result"] == "valid")


@pytest.mark.parametrize("case", VECTORS["ed25519"]["tests"], ids=lambda case: str(case["tcId"]))
def test_ed25519_vectors(case):
    assert SUITE.verify(load_public(unhex(case["spki"])), unhex(case["msg"]), unhex(case["sig"])) is False


@pytest.mark.parametrize(
    "message, r, s",
    [  # RFC 6979, appendix A.2.5, SHA-256
        (
            b"sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            b"test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ],
)
def test_es256_signs_as_rfc_6979_says(message, r, s):
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    key = private_of(ec.derive_private_key(secret, ec.SECP256R1()))

    assert SUITE.sign(key, message) == unhex(r + s)


@pytest.mark.parametrize(
    "seed, message, signature",
    [  # RFC 8032, section 7.1, tests 1 and 2
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_ed25519_signs_as_rfc_8032_says(seed, message, signature):
    key = load_private(unhex("302e020100300506032b657004220420" + seed))

    assert SUITE.sign(key, unhex(message)) == unhex(signature)
    assert SUITE.verify(key.public, unhex(message), unhex(signature))


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.ED25519])
def test_signatures_hold_for_their_bytes_and_key_only(kind):
    key, other = generate(kind), generate(kind)
    signature = SUITE.sign(key, b"bid")

    assert len(signature) == 64
    assert SUITE.verify(key.public, b"bid", signature) is True
    assert SUITE.verify(key.public, b"bib", signature) is False
    assert SUITE.verify(other.public, b"bid", signature) is False
    for wrong in (b"", signature[:-1], signature + b"\x00", bytes(64), b"\xff" * 64, None, "x" * 64):
        assert SUITE.verify(key.public, b"bid", wrong) is False
    assert SUITE.verify(None, b"bid", signature) is False


def test_an_rsa_key_neither_signs_nor_verifies():
    with pytest.raises(KeyRefused):
        SUITE.sign(RSA_KEY, b"bid")
    assert SUITE.verify(RSA_KEY.public, b"bid", bytes(64)) is False


def test_hpke_opens_the_published_vector():
    case = VECTORS["hpke"]
    key = private_of(ec.derive_private_key(int(case["skRm"], 16), ec.SECP256R1()))
    point = key.public.native.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    assert point == unhex(case["pkRm"])
    assert hpke.open_(key, *(unhex(case[name]) for name in ("info", "enc", "ct", "aad"))) == unhex(case["pt"])


def test_an_independent_key_schedule_gives_the_published_vector():
    # The second implementation must be right itself before it may judge the first.
    case = VECTORS["hpke"]
    ephemeral = ec.derive_private_key(int(case["skEm"], 16), ec.SECP256R1())

    schedule = reference.hpke_key_schedule(ephemeral, unhex(case["pkRm"]), unhex(case["info"]))

    for name in ("enc", "shared_secret", "key", "base_nonce"):
        assert schedule[name] == unhex(case[name])


@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=20), st.text("abc", max_size=3))
@settings(max_examples=25, deadline=None)
def test_hpke_agrees_with_an_independent_key_schedule(plaintext, info, aad, label):
    recipient = private_of(reference.p256("recipient"))
    enc, ct = reference.hpke_seal(reference.p256(label), reference.point(recipient.native), info, plaintext, aad)

    assert hpke.open_(recipient, info, enc, ct, aad) == plaintext
    ours = hpke.seal(recipient.public, info, plaintext, aad)
    assert hpke.open_(recipient, info, *ours, aad) == plaintext


@pytest.mark.parametrize("alg, key", [("hpke-p256", generate(KeyKind.P256)), ("rsa-oaep-256", RSA_KEY)])
def test_a_wrapped_secret_opens_with_its_key_and_context_only(alg, key):
    enc, ct = SUITE.wrap(alg, key.public, CTX, SECRET)
    other = generate(KeyKind.P256) if alg == "hpke-p256" else private_of(rsa.generate_private_key(65537, 2048))

    assert (len(enc), len(ct)) == ((65, 48) if alg == "hpke-p256" else (0, 256))
    assert SUITE.unwrap(alg, key, CTX, enc, ct) == SECRET
    assert SUITE.wrap(alg, key.public, CTX, SECRET) != (enc, ct)
    for arguments in (
        (alg, other, CTX, enc, ct),
        (alg, key, bytes(32), enc, ct),
        (alg, key, CTX[:31], enc, ct),
        (alg, key, CTX, enc, ct[:-1]),
        (alg, key, CTX, enc, bytes([ct[0] ^ 1]) + ct[1:]),
        (alg, key, CTX, enc, b""),
        (alg, key, CTX, enc + b"\x00", ct),
        ("sm2", key, CTX, enc, ct),
        ("hpke-p256" if alg != "hpke-p256" else "rsa-oaep-256", key, CTX, enc, ct),
        (alg, key.public, CTX, enc, ct),
    ):
        with pytest.raises(UnwrapError):
            SUITE.unwrap(*arguments)


@pytest.mark.parametrize(
    "alg, key, ctx, secret",
    [
        ("hpke-p256", generate(KeyKind.P256).public, CTX[:31], SECRET),
        ("hpke-p256", generate(KeyKind.P256).public, CTX, SECRET[:16]),
        ("hpke-p256", generate(KeyKind.ED25519).public, CTX, SECRET),
        ("hpke-p256", generate(KeyKind.P256), CTX, SECRET),
        ("hpke-p256", RSA_KEY.public, CTX, SECRET),
        ("rsa-oaep-256", generate(KeyKind.P256).public, CTX, SECRET),
        ("rsa-oaep-256", RSA_KEY, CTX, SECRET),
        ("sm2", generate(KeyKind.P256).public, CTX, SECRET),
        ("", RSA_KEY.public, CTX, SECRET),
    ],
)
def test_wrapping_refuses_keys_and_lengths_of_another_kind(alg, key, ctx, secret):
    with pytest.raises(KeyRefused):
        SUITE.wrap(alg, key, ctx, secret)


def test_a_wrapped_value_of_another_length_is_refused():
    key = generate(KeyKind.P256)
    enc, ct = hpke.seal(key.public, CTX, b"short")

    with pytest.raises(UnwrapError):
        SUITE.unwrap("hpke-p256", key, CTX, enc, ct)


def test_rsa_oaep_agrees_with_an_independent_library():
    native = RSA.import_key(RSA_KEY.pkcs8())
    theirs = PKCS1_OAEP.new(native, SHA256, label=CTX)
    _, ct = SUITE.wrap("rsa-oaep-256", RSA_KEY.public, CTX, SECRET)

    assert theirs.decrypt(ct) == SECRET
    assert SUITE.unwrap("rsa-oaep-256", RSA_KEY, CTX, b"", theirs.encrypt(SECRET)) == SECRET


def test_a_key_is_named_by_its_spki():
    key = generate(KeyKind.P256).public

    assert b64u_decode(SUITE.kid(key.spki), 16) == hashlib.sha256(key.spki).digest()[:16]


@pytest.mark.parametrize("key", [generate(KeyKind.P256), generate(KeyKind.ED25519), RSA_KEY])
def test_keys_are_read_back(key):
    assert SUITE.load_private(key.pkcs8()).public == key.public
    loaded = SUITE.load_public(key.public.spki)
    assert (loaded, loaded.kind, hash(loaded)) == (key.public, key.kind, hash(key.public))
    assert loaded != generate(KeyKind.P256).public
    assert loaded != key.public.spki


def bad_spkis():
    point = generate(KeyKind.P256).public
    good = point.spki
    compressed = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), point.native.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    )
    raw = compressed.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    # The same algorithm identifier around a compressed point: readable to libraries, not our form.
    squeezed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + raw
    return [
        b"",
        b"\x30",
        good[:-1],
        good + b"\x00",
        good[:-1] + bytes([good[-1] ^ 1]),
        squeezed,
        generate(KeyKind.P256).pkcs8(),
        spki(ec.generate_private_key(ec.SECP384R1()).public_key()),
        spki(ec.generate_private_key(ec.SECP256K1()).public_key()),
        spki(rsa.generate_private_key(65537, 1024).public_key()),
        b"-----BEGIN PUBLIC KEY-----",
    ]


@pytest.mark.parametrize("data", bad_spkis())
def test_public_keys_have_one_form(data):
    with pytest.raises(KeyRefused):
        load_public(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        generate(KeyKind.P256).public.spki,
        generate(KeyKind.P256).pkcs8()[:-1],
        ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
        ),
    ],
)
def test_other_private_keys_are_refused(data):
    with pytest.raises(KeyRefused):
        load_private(data)


def test_other_objects_are_no_keys():
    with pytest.raises(KeyRefused):
        private_of(object())
    with pytest.raises(KeyRefused):
        generate(KeyKind.RSA)


def test_a_private_key_does_not_show_itself():
    key = generate(KeyKind.P256)

    assert repr(key) == str(key) == "PrivateKey(p256)"
    with pytest.raises(KeyRefused):
        pickle.dumps(key)


def test_only_suites_on_the_list_are_given():
    assert SUITE.id == "intl-1"
    with pytest.raises(UnknownSuite, match="not built into"):
        suite("gm-1")
    for name in ("intl-2", "", "INTL-1", None, ["intl-1"]):
        with pytest.raises(UnknownSuite) as refusal:
            suite(name)
        assert refusal.value.code == "suite"


@given(st.binary(), st.binary())
def test_comparison_is_that_of_bytes(a, b):
    assert equal(a, b) == (a == b)
    assert equal(a, bytes(a))


def test_random_bytes_do_not_repeat():
    assert len({random_bytes(16) for _ in range(100)}) == 100
    assert random_bytes(0) == b""


def test_a_refusal_has_a_code_and_a_text():
    assert str(CryptoError("code")) == "code"
    assert str(CryptoError("code", "why")) == "code: why"


@given(st.binary(max_size=200), st.binary(max_size=64))
@settings(max_examples=50)
def test_the_aead_is_that_of_the_other_library(data, aad):
    key, nonce = bytes(32), bytes(12)
    sealed = SUITE.aead_seal(key, nonce, data, aad)

    assert len(sealed) == len(data) + 16
    assert AESGCM(key).decrypt(nonce, sealed, aad) == data
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(nonce, sealed, aad + b"x")
