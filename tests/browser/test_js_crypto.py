"""The browser's half against the Python half, both ways, in a real Chromium under the product's policy."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kernel.canonical import NotCanonical, b64u_encode, jcs, parse
from kernel.crypto import combine32, jws, random_bytes, split32, suite
from kernel.crypto.keys import KeyKind, generate
from kernel.crypto.merkle import merkle_root
from kernel.crypto.protected import load_protected, protect_private
from tests.browser.modules import Modules

pytestmark = pytest.mark.browser

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
INTL = suite("intl-1")
SECRET = bytes(range(32))
CONTEXT = bytes(range(100, 132))
# RFC 8785 section 3.2.3 with a name beyond U+FFFF, and what the escapes of section 3.2.2.2 ask for.
VALUES = [
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7, "__proto__": 8, "": 9},
    {"a": ['\x00\x1f"\\/\b\f\n\r\t\u2028', None, True, False, 0, -1, 2**53 - 1, -(2**53) + 1], "b": {}},
    [[], {}, "阳光交易"],
    0,
    None,
    "",
]
REFUSED = [
    b"",
    b"{",
    b"nan",
    b"NaN",
    b' {"a":1}',
    b'{"a":1}\n',
    b'{"b":1,"a":2}',
    b'{"a":1,"a":1}',
    b"1.0",
    b"1e3",
    b"1.5",
    b"-0",
    b"01",
    b"9007199254740992",
    b"-9007199254740992",
    b"1e400",
    b'"\\u0041"',
    b'"\\ud800"',
    b'"\\/"',
    b"\xef\xbb\xbf{}",
    b'"\xff"',
    b"[" * 129 + b"]" * 129,
    b"[" * 60000,
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_canonical_bytes_are_the_same(js: Modules, value: object) -> None:
    text = jcs(value)
    assert json.loads(js("probe", "readAsText", text)) == value  # and so the bytes are canonical there, too


@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_canonical_is_refused_alike(js: Modules, data: bytes) -> None:
    with pytest.raises(NotCanonical) as refusal:
        parse(data)
    assert js.code("canonical", "parse", data) == refusal.value.code


def test_canonical_vectors(js: Modules) -> None:
    for case in json.loads((VECTORS / "canonical.json").read_text())["cases"]:
        code = js.code("canonical", "parse", bytes.fromhex(case["hex"]))
        assert code == ("" if case["flag"] == "valid" else case["code"]), case


def test_nesting_up_to_the_limit_is_read(js: Modules) -> None:
    data = b"[" * 128 + b"]" * 128
    assert jcs(parse(data)) == data
    assert js.code("canonical", "parse", data) == ""


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A A", "+/", "AAAAA", "é", "AAF"])
def test_other_spellings_of_base64url_are_refused(js: Modules, text: str) -> None:
    assert js.code("bytes", "fromB64u", text) == "base64url"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 32, 65, 100_000])
def test_base64url_round_trip(js: Modules, size: int) -> None:
    data = random_bytes(size)
    text = js("bytes", "b64u", data)
    assert text == b64u_encode(data)
    assert js("bytes", "fromB64u", text) == data


@pytest.mark.parametrize("salt", [b"", b"salt", bytes(80)])
def test_hkdf(js: Modules, salt: bytes) -> None:
    assert js("hash", "hkdf", SECRET, salt, b"info", 75) == INTL.hkdf(SECRET, salt, b"info", 75)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_merkle_root(js: Modules, count: int) -> None:
    leaves = [INTL.hash(bytes([i])) for i in range(count)]
    assert js("hash", "mth", leaves) == merkle_root(INTL, leaves)


def test_hpke_opens_the_published_vector(js: Modules) -> None:
    vector = json.loads((VECTORS / "primitives.json").read_text())["hpke"]
    native = ec.derive_private_key(int(vector["skRm"], 16), ec.SECP256R1())
    pkcs8 = native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    info, enc, ct, aad = (bytes.fromhex(vector[name]) for name in ("info", "enc", "ct", "aad"))
    assert js("probe", "open", pkcs8, info, enc, ct, aad) == bytes.fromhex(vector["pt"])


def test_hpke_both_ways(js: Modules) -> None:
    key = generate(KeyKind.P256)
    enc, ct = INTL.wrap("hpke-p256", key.public, CONTEXT, SECRET)
    assert js("probe", "unwrapWith", "hpke-p256", key.pkcs8(), CONTEXT, enc, ct) == SECRET
    sent = js("wrap", "wrap", {"a": "hpke-p256", "spki": key.public.spki}, CONTEXT, SECRET)
    assert INTL.unwrap("hpke-p256", key, CONTEXT, sent["enc"], sent["ct"]) == SECRET


def test_rsa_oaep_both_ways(js: Modules) -> None:
    native = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = INTL.load_private(pkcs8)
    enc, ct = INTL.wrap("rsa-oaep-256", key.public, CONTEXT, SECRET)
    assert js("probe", "unwrapWith", "rsa-oaep-256", pkcs8, CONTEXT, enc, ct) == SECRET
    assert js.code("probe", "unwrapWith", "rsa-oaep-256", pkcs8, bytes(32), enc, ct) == "unwrap"
    sent = js("wrap", "wrap", {"a": "rsa-oaep-256", "spki": key.public.spki}, CONTEXT, SECRET)
    assert INTL.unwrap("rsa-oaep-256", key, CONTEXT, sent["enc"], sent["ct"]) == SECRET


def test_hpke_refuses_what_does_not_belong(js: Modules) -> None:
    key, other = generate(KeyKind.P256), generate(KeyKind.P256)
    enc, ct = INTL.wrap("hpke-p256", key.public, CONTEXT, SECRET)
    off_curve = b"\x04" + bytes(63) + b"\x01"
    compressed = key.public.native.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    cases = [
        (other.pkcs8(), CONTEXT, enc, ct),
        (key.pkcs8(), bytes(32), enc, ct),
        (key.pkcs8(), CONTEXT, enc, bytes([ct[0] ^ 1]) + ct[1:]),
        (key.pkcs8(), CONTEXT, enc, ct[:-1]),
        (key.pkcs8(), CONTEXT, off_curve, ct),
        (key.pkcs8(), CONTEXT, enc[:64], ct),
        (key.pkcs8(), CONTEXT, b"\x00", ct),
        (key.pkcs8(), CONTEXT, compressed, ct),
    ]
    for case in cases:
        assert js.code("probe", "unwrapWith", "hpke-p256", *case) == "unwrap"


@pytest.mark.parametrize(("k", "n"), [(2, 2), (3, 5), (16, 16)])
def test_shamir_both_ways(js: Modules, k: int, n: int) -> None:
    secret = random_bytes(32)
    ours = [(i, value) for i, value in js("shamir", "split32", secret, k, n)]
    assert [i for i, _ in ours] == list(range(1, n + 1))
    assert combine32(ours[n - k :], k) == secret
    theirs = split32(secret, k, n)
    assert js("shamir", "combine32", theirs[:k][::-1], k) == secret


def test_shamir_secret_with_leading_zeros(js: Modules) -> None:
    secret = bytes(15) + b"\x01" + bytes(16)
    assert combine32([(i, v) for i, v in js("shamir", "split32", secret, 2, 3)][:2], 2) == secret
    assert js("shamir", "combine32", split32(secret, 2, 3)[1:], 2) == secret


@pytest.mark.parametrize(
    ("shares", "k", "code"),
    [
        ([[0, SECRET], [1, SECRET]], 2, "share-index"),
        ([[-1, SECRET], [1, SECRET]], 2, "share-index"),
        ([[17, SECRET], [1, SECRET]], 2, "share-index"),
        ([["1", SECRET], [2, SECRET]], 2, "share-index"),
        ([[True, SECRET], [2, SECRET]], 2, "share-index"),
        ([[1.5, SECRET], [2, SECRET]], 2, "share-index"),
        ([[1, SECRET], [1, SECRET]], 2, "share-duplicate"),
        ([[1, SECRET[:31]], [2, SECRET]], 2, "share-length"),
        ([[1, SECRET]], 2, "share-count"),
        ([[1, SECRET], [2, SECRET], [3, SECRET]], 2, "share-count"),
        ([[1, SECRET]], 1, "threshold"),
    ],
)
def test_shares_are_checked_before_use(js: Modules, shares: list[object], k: int, code: str) -> None:
    assert js.code("shamir", "combine32", shares, k) == code


def test_protected_keys_travel_both_ways(js: Modules) -> None:
    made = js("keys", "generate")
    key = load_protected(js("keys", "protect", made, "密码 pass é"), "密码 pass e\u0301")
    described = js("probe", "describe", made)
    assert (described["spki"], described["kid"]) == (key.public.spki, INTL.kid(key.public.spki))
    theirs = generate(KeyKind.P256)
    opened = js("keys", "unprotect", protect_private(theirs, "密码 pass é"), "密码 pass e\u0301")
    assert INTL.load_private(opened).public == theirs.public


def test_protected_keys_refuse(js: Modules) -> None:
    data = protect_private(generate(KeyKind.P256), "right")
    assert js.code("keys", "unprotect", data, "wrong") == "passphrase"
    assert js.code("keys", "unprotect", data, "") == "passphrase"
    weak = data.replace((600_000).to_bytes(3, "big"), (599_999).to_bytes(3, "big"))
    assert weak != data
    assert js.code("keys", "unprotect", weak, "right") == "key"
    assert js.code("keys", "unprotect", data[:-1], "right") == "key"
    assert js.code("keys", "unprotect", data + b"\0", "right") == "key"


def test_signed_messages_both_ways(js: Modules) -> None:
    key = generate(KeyKind.P256)
    kid = INTL.kid(key.public.spki)
    payload = {"v": 1, "text": "阳光"}
    token = js("probe", "signWith", key.pkcs8(), "probe+jws", payload, {"kid": kid})
    assert jws.verify(INTL, token, "probe+jws", key.public, "ES256", frozenset({"kid"})) == payload
    platform = generate(KeyKind.ED25519)
    for private, alg in ((key, "ES256"), (platform, "EdDSA")):
        theirs = jws.sign(INTL, "probe+jws", payload, private, alg)
        expected = {"typ": "probe+jws", "alg": alg}
        spki = private.public.spki
        assert js("jws", "verify", theirs, spki, expected) == payload
        head, body, signature = theirs.split(".")
        other = b64u_encode(jcs({"v": 2}))
        assert js.code("jws", "verify", f"{head}.{other}.{signature}", spki, expected) == "signature"
        assert js.code("jws", "verify", theirs, spki, {**expected, "typ": "other+jws"}) == "type"
        assert js.code("jws", "verify", f"{head}.{body}", spki, expected) == "format"
        assert js.code("jws", "verify", theirs + "=", spki, expected) == "format"
        none = b64u_encode(jcs({"alg": "none", "typ": "probe+jws"}))
        assert js.code("jws", "verify", f"{none}.{body}.", spki, expected) == "alg"
        more = jws.sign(INTL, "probe+jws", payload, private, alg, {"kid": "x"})
        assert js.code("jws", "verify", more, spki, expected) == "format"
