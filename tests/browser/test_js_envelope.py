"""Envelopes between browser and server, both ways: the same bytes, the same ids, the same refusals."""

import copy
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bidding import envelope
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.crypto import random_bytes
from kernel.crypto.keys import PrivateKey
from tests.browser.modules import Modules, RefusedError
from tests.worlds.envelope_world import CHUNK, PIECE, TRUSTEES, Sealed, core, key, rsa_key

pytestmark = pytest.mark.browser

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
POLICIES = ("bidder", "trustees", "either", "both")
SIZES = (0, 1, CHUNK - 8, CHUNK - 7, 40_000)


def public(private: PrivateKey) -> dict[str, Any]:
    return {"a": "hpke-p256", "spki": private.public.spki}


def python_says(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except envelope.EnvelopeError as refusal:
        return refusal.code


def browser_says(js: Modules, function: str, *args: Any) -> Any:
    try:
        return js("probe", function, *args)
    except RefusedError as refusal:
        return refusal.code


def opened(raw: bytes, fk: bytes) -> tuple[bytes, bytes]:
    out = io.BytesIO()
    return envelope.open_envelope(io.BytesIO(raw), fk, out), out.getvalue()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", SIZES)
def test_sealed_in_the_browser_opened_by_the_server(js: Modules, policy: str, size: int) -> None:
    data = random_bytes(size)
    bidders = [public(key("bidder")), {"a": "rsa-oaep-256", "spki": rsa_key().public.spki}]
    trustees = [public(key(name)) for name in TRUSTEES]
    sealed = js("probe", "sealWhole", core(), policy, bidders, trustees, 3, data)
    header = envelope.parse_header(io.BytesIO(sealed["file"]))
    assert envelope.digest_envelope(io.BytesIO(sealed["file"])) == sealed["eid"]
    secret = shares = None
    if policy != "trustees":
        secret = envelope.open_bidder(header, 0, key("bidder"))
        assert envelope.open_bidder(header, 1, rsa_key()) == secret
    if policy != "bidder":
        shares = [(i, envelope.open_share(header, i, key(TRUSTEES[i - 1]))) for i in (5, 1, 3)]
    fk = envelope.recover_file_key(header, secret, shares)
    assert fk == sealed["fk"]
    assert opened(sealed["file"], fk) == (sealed["eid"], data)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", SIZES)
def test_sealed_by_the_command_line_opened_in_the_browser(js: Modules, policy: str, size: int) -> None:
    sealed = Sealed(policy, random_bytes(size))
    parts: dict[str, Any] = {}
    if policy != "trustees":
        parts["bidderSecret"] = js("probe", "bidder", sealed.raw, 0, key("bidder").pkcs8())
        assert parts["bidderSecret"] == sealed.bidder_secret()
    if policy != "bidder":
        parts["shares"] = [[i, js("probe", "share", sealed.raw, i, key(TRUSTEES[i - 1]).pkcs8())] for i in (2, 5, 4)]
        assert [tuple(pair) for pair in parts["shares"]] == sealed.shares(2, 5, 4)
    assert js("probe", "recover", sealed.raw, parts) == sealed.fk
    assert js("probe", "digest", sealed.raw) == sealed.eid
    answer = js("probe", "openWhole", sealed.raw, sealed.fk)
    assert (answer["eid"], answer["data"]) == (sealed.eid, sealed.data)


def test_large_chunks(js: Modules) -> None:
    data = random_bytes(2 * (1 << 20) + 5)
    sealed = Sealed("both", data, chunk=1 << 20)
    assert js("probe", "digest", sealed.raw) == sealed.eid
    ours = js("probe", "sealWhole", core(chunk=1 << 20), "bidder", [public(key("bidder"))], [], 0, data)
    assert opened(ours["file"], ours["fk"]) == (ours["eid"], data)


def edits() -> list[Callable[[dict[str, Any]], Any]]:
    """Header edits; each returns the new header or changes the given one in place."""

    def put(path: str, value: Any) -> Callable[[dict[str, Any]], Any]:
        def edit(header: dict[str, Any]) -> None:
            *way, last = path.split(".")
            place: Any = header
            for step in way:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if isinstance(place, list):
                place[int(last)] = value
            elif value is ...:
                del place[last]
            else:
                place[last] = value

        return edit

    values = [
        *[("core.v", v) for v in (2, 0, "1", True, None, ...)],
        *[("core.suite", v) for v in ("gm-1", "intl-2", "", 1, None, ...)],
        *[("core.policy", v) for v in ("bidder", "trustees", "either", "none", 1, None, ...)],
        *[("core.chunk", v) for v in (4096, 0, "16384", True, None, 1048576, ...)],
        *[(f"core.{n}", v) for n in ("tender", "lot", "slot", "bidder") for v in ("", 1, None, ..., "other")],
        *[(f"core.{n}", v) for n in ("ks", "nonce", "kc") for v in ("", "AA", "A" * 43 + "=", "A" * 42 + "B", 1, ...)],
        *[("core.more", 1), ("more", 1), ("core", []), ("core", None), ("core", ...)],
        *[(n, v) for n in ("sbc", "bk", "k", "tk") for v in (None, "", 1, [], {}, ...)],
        *[("k", v) for v in (1, 0, -1, 6, True, "3", 2)],
        *[("tk.0.i", v) for v in (0, 2, -1, True, "1", None, ...)],
        *[("tk.0.sc", v) for v in ("", "AA", None, ...)],
        *[
            (f"{s}.{n}", v)
            for s in ("bk.0", "tk.1")
            for n in ("a", "kid", "enc", "ct")
            for v in ("", "AA", 1, None, ...)
        ],
        *[("bk.0.a", v) for v in ("sm2", "rsa-oaep-256", "HPKE-P256")],
        *[("bk.0.more", ""), ("tk.0.more", ""), ("bk.0", []), ("tk.0", None)],
    ]

    def resize(name: str, count: int) -> Callable[[dict[str, Any]], Any]:
        def edit(header: dict[str, Any]) -> None:
            first = header[name][0]
            numbers = [{"i": i + 1} if name == "tk" else {} for i in range(count)]
            header[name] = [first | number for number in numbers]

        return edit

    sizes = [resize("bk", n) for n in (0, 1, 8, 9)] + [resize("tk", n) for n in (0, 1, 2, 3, 16, 17)]
    return [*[put(path, value) for path, value in values], *sizes, lambda _: [], lambda _: None, lambda _: {}]


def test_header_edits_are_judged_alike(js: Modules) -> None:
    sealed = Sealed("both")
    codes = set()
    for number, edit in enumerate(edits()):
        header: Any = copy.deepcopy(sealed.header)
        result = edit(header)
        raw = sealed.with_header(header if result is None and number < len(edits()) - 3 else result)
        ours = python_says(lambda raw=raw: envelope.parse_header(io.BytesIO(raw)))
        theirs = browser_says(js, "head", raw)
        assert theirs == ours, f"edit {number}"
        codes.add(ours if isinstance(ours, str) else "accepted")
    assert codes == {"accepted", "version", "chunk-size", "header-fields", "threshold"}


def test_other_bytes_are_judged_alike(js: Modules) -> None:
    sealed = Sealed("both", random_bytes(40_000))
    raw, fk, head = sealed.raw, sealed.fk, len(sealed.raw) - len(sealed.body)
    text = jcs(sealed.header)

    def headed(data: bytes, length: int | None = None) -> bytes:
        return raw[:8] + struct.pack(">I", len(data) if length is None else length) + data + sealed.body

    pieces = sealed.pieces
    files = [
        b"", raw[:5], raw[:8], raw[:11], raw[:12], raw[:40], raw[:head], raw[:-1], raw[: -PIECE], raw[:-PIECE - 1],
        raw + b"\0", raw + bytes(PIECE), b"%PDF-1.7" + raw[8:], headed(text, 1), headed(text, 65537), headed(text, 0),
        headed(text, 2**32 - 1), headed(text + b" "), headed(text.replace(b'"lot"', b' "lot"')), headed(b"{}"),
        headed(text.replace(b'"k":3', b'"k":3.0')), headed(text.replace(b'"k":3', b'"k":3,"k":3')), headed(b"\xff\xff"),
        headed(b'{"a":' * 30), headed(text.replace(b"16384", b"16384.5")), headed(b"[" * 60_000), headed(b"x" * 65_536),
        raw[:head] + pieces[1] + pieces[0] + pieces[2], raw[:head] + pieces[0] + pieces[2],
        raw[:head] + pieces[0] + pieces[0] + pieces[1] + pieces[2], raw[:head] + b"".join(pieces) + pieces[2],
        *[raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :] for at in range(0, len(raw), 997)],
    ]  # fmt: skip
    codes = set()
    for number, data in enumerate(files):
        ours = python_says(lambda data=data: envelope.digest_envelope(io.BytesIO(data)))
        assert browser_says(js, "digest", data) == ours, f"digest of file {number}"
        outcome = python_says(lambda data=data: opened(data, fk))
        assert isinstance(outcome, str), f"file {number} opened"
        assert browser_says(js, "openWhole", data, fk) == outcome, f"opening of file {number}"
        codes.add(outcome)
    assert {
        "magic", "truncated", "header-length", "header-json", "header-not-canonical", "header-fields", "chunk-auth",
    } <= codes  # fmt: skip
    assert browser_says(js, "openWhole", raw, bytes(32)) == "key-commit"
    assert browser_says(js, "openWhole", raw, fk[:31]) == "key-commit"


def test_frames_that_lie_are_judged_alike(js: Modules) -> None:
    sealed = Sealed("both", random_bytes(20_000))
    head = sealed.raw[: len(sealed.raw) - len(sealed.body)]
    suite = envelope.read_head(io.BytesIO(head)).suite
    payload = suite.hkdf(sealed.fk, suite.hash(head), b"SBE1/payload\0", 32)

    def framed(plain: bytes) -> bytes:
        count = len(plain) // CHUNK
        nonces = [j.to_bytes(11, "big") + bytes([j == count - 1]) for j in range(count)]
        return head + b"".join(
            suite.aead_seal(payload, nonce, plain[j * CHUNK : (j + 1) * CHUNK]) for j, nonce in enumerate(nonces)
        )

    def frame(length: int, size: int, tail: bytes = b"") -> bytes:
        return framed((length.to_bytes(8, "big") + b"x" * length).ljust(size - len(tail), b"\0") + tail)

    cases = [
        (frame(10, CHUNK), tuple),
        (frame(10, CHUNK, b"\1"), "padding"),
        (frame(10, 2 * CHUNK), "padding"),
        (frame(CHUNK - 8, 2 * CHUNK), "padding"),
        (frame(CHUNK - 7, 2 * CHUNK), tuple),
        (framed((CHUNK).to_bytes(8, "big") + bytes(CHUNK - 8)), "length"),
        (framed((2**63).to_bytes(8, "big") + bytes(CHUNK - 8)), "length"),
        (framed((2**64 - 1).to_bytes(8, "big") + bytes(3 * CHUNK - 8)), "length"),
        (head, "truncated"),
    ]
    for number, (raw, expected) in enumerate(cases):
        ours = python_says(lambda raw=raw: opened(raw, sealed.fk))
        theirs = browser_says(js, "openWhole", raw, sealed.fk)
        if expected is tuple:
            assert (theirs["eid"], theirs["data"]) == ours, f"case {number}"
        else:
            assert (theirs, ours) == (expected, expected), f"case {number}"


def test_releases_are_judged_alike(js: Modules) -> None:
    sealed, other = Sealed("both"), Sealed("both")
    secret, good = sealed.bidder_secret(), sealed.shares(1, 2, 3)
    forged = bytes([good[0][1][0] ^ 1]) + good[0][1][1:]
    cases: list[tuple[Sealed, bytes | None, list[Any] | None]] = [
        (sealed, secret, good), (sealed, secret, sealed.shares(5, 4, 3, 2, 1)), (sealed, None, None),
        (sealed, secret, None), (sealed, None, good), (sealed, bytes(32), good), (sealed, secret[:31], good),
        (sealed, secret, good[:2]), (sealed, secret, []), (sealed, secret, [good[0], good[0], good[1]]),
        (sealed, secret, [(0, good[0][1]), *good[1:]]), (sealed, secret, [(-1, good[0][1]), *good[1:]]),
        (sealed, secret, [(6, good[0][1]), *good[1:]]), (sealed, secret, [("1", good[0][1]), *good[1:]]),
        (sealed, secret, [(True, good[0][1]), *good[1:]]), (sealed, secret, [(1, forged), *good[1:]]),
        (sealed, secret, [(1, good[0][1][:31]), *good[1:]]), (sealed, secret, other.shares(1, 2, 3)),
        (sealed, secret, [(2, good[0][1]), *good[1:]]), (sealed, other.bidder_secret(), good),
        (sealed, secret, [(1, forged), (99, good[0][1])]),
    ]  # fmt: skip
    for policy in ("bidder", "trustees", "either"):
        single = Sealed(policy)
        own = single.bidder_secret() if policy != "trustees" else secret
        shares = single.shares(1, 2, 3) if policy != "bidder" else good
        cases += [(single, own, None), (single, None, shares), (single, own, shares), (single, None, None)]
    for number, (target, own, shares) in enumerate(cases):
        ours = python_says(lambda t=target, o=own, s=shares: envelope.recover_file_key(t.header, o, s))
        theirs = browser_says(js, "recover", target.raw, {"bidderSecret": own, "shares": shares})
        assert theirs == ours, f"case {number}"


def test_an_envelope_with_two_keys_opens_to_neither(js: Modules) -> None:
    """Attack 6 of the design: shares that lead to another key than the bidder's secret."""
    either, other = Sealed("either"), Sealed("either")
    header = copy.deepcopy(either.header)
    fake = [(i, random_bytes(32)) for i in range(1, 6)]
    suite = envelope.read_head(io.BytesIO(either.raw)).suite
    digest = suite.hash(b"SBE1/core\0" + jcs(header["core"]))
    for i, share in fake:
        header["tk"][i - 1]["sc"] = b64u_encode(suite.hash(b"SBE1/share\0" + digest + bytes([i]) + share))
    raw = either.with_header(header)
    parts = {"bidderSecret": either.bidder_secret(), "shares": fake[:3]}
    assert browser_says(js, "recover", raw, parts) == "key-commit"
    assert browser_says(js, "recover", raw, {"shares": other.shares(1, 2, 3)}) == "share-commit"


def test_stanzas_cannot_be_moved(js: Modules) -> None:
    sealed, other = Sealed("both"), Sealed("both")
    header = copy.deepcopy(sealed.header)
    header["tk"][0] = other.header["tk"][0]
    header["bk"][0] = other.header["bk"][0]
    raw = sealed.with_header(header)
    assert browser_says(js, "share", raw, 1, key("t1").pkcs8()) == "unwrap"
    assert browser_says(js, "bidder", raw, 0, key("bidder").pkcs8()) == "unwrap"
    assert browser_says(js, "share", sealed.raw, 1, key("t2").pkcs8()) == "unwrap"
    for i in (0, -1, 6, 1.5, "1", None):
        assert browser_says(js, "share", sealed.raw, i, key("t1").pkcs8()) == "stanza"
    for j in (-1, 2, "0", None):
        assert browser_says(js, "bidder", sealed.raw, j, key("bidder").pkcs8()) == "stanza"


def test_published_vectors_open(js: Modules) -> None:
    vectors = json.loads((VECTORS / "envelope.json").read_text())
    assert len(vectors["cases"]) >= 5
    for case in vectors["cases"]:
        raw, fk = b64u_decode(case["file"]), b64u_decode(case["fk"])
        answer = js("probe", "openWhole", raw, fk)
        assert (b64u_encode(answer["eid"]), b64u_encode(answer["data"])) == (case["eid"], case["plaintext"]), case
        parts: dict[str, Any] = {}
        if case["policy"] != "trustees":
            parts["bidderSecret"] = b64u_decode(case["bidder_secret"])
        if case["policy"] != "bidder":
            shares = [b64u_decode(share) for share in case["shares"]]
            parts["shares"] = list(enumerate(shares, 1))[-case["k"] :]
        assert js("probe", "recover", raw, parts) == fk, case["label"]
