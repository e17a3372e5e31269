"""Attacks 1 to 13 and 49 of the threat model: each must fail, with the code the specification states."""

import contextlib
import copy
import io
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding import envelope
from bidding.envelope.format import (
    bidder_commitment,
    chunk_nonce,
    core_hash,
    key_commitment,
    payload_key,
    share_commitment,
    wrap_context,
)
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.crypto import split32
from tests.worlds.envelope_world import (
    CHUNK,
    PIECE,
    SUITE,
    TRUSTEES,
    Sealed,
    code_of,
    core,
    hpke,
    key,
    opened,
    rsa_key,
    with_head,
)

FOUR_CHUNKS = bytes(i % 255 + 1 for i in range(60_000))
MAGIC = bytes.fromhex("89534245310d0a1a")


@pytest.fixture(scope="module")
def sealed():
    return Sealed(data=FOUR_CHUNKS)


@pytest.fixture(scope="module")
def small():
    return Sealed()


def edited(envelope_, path, value):
    """A copy of the header with one member set, or removed if the value is `...`."""
    header = copy.deepcopy(envelope_.header)
    *where, name = path
    place = header
    for step in where:
        place = place[step]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return header


def header_code(header):
    raw = with_head(header, bytes(PIECE))
    codes = {
        code_of(lambda: envelope.parse_header(io.BytesIO(raw))),
        code_of(lambda: envelope.digest_envelope(io.BytesIO(raw))),
        code_of(lambda: envelope.open_envelope(io.BytesIO(raw), bytes(32), io.BytesIO())),
    }
    assert len(codes) == 1
    return codes.pop()


# 1. flip any single bit


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_flipped_bit_goes_unnoticed(sealed, data):
    bit = data.draw(st.integers(0, len(sealed.raw) * 8 - 1) | st.integers(0, 3000 * 8))
    raw = bytearray(sealed.raw)
    raw[bit // 8] ^= 1 << bit % 8

    out = io.BytesIO()
    code = code_of(lambda: envelope.open_envelope(io.BytesIO(raw), sealed.fk, out))

    assert code != "accepted"
    digest = None
    with contextlib.suppress(envelope.EnvelopeError):
        digest = envelope.digest_envelope(io.BytesIO(raw))
    assert digest != sealed.eid


@pytest.mark.parametrize("position, code", [(0, "magic"), (7, "magic"), (8, "header-length"), (-1, "chunk-auth")])
def test_a_changed_byte_is_told_by_its_region(sealed, position, code):
    raw = bytearray(sealed.raw)
    raw[position] ^= 0xFF

    assert code_of(lambda: opened(bytes(raw), sealed.fk)) == code


# 2. swap, drop, duplicate, append, truncate


@pytest.mark.parametrize(
    "change, code",
    [
        (lambda p: [p[1], p[0], *p[2:]], "chunk-auth"),
        (lambda p: [p[0], p[2], p[1], *p[3:]], "chunk-auth"),
        (lambda p: p[1:], "chunk-auth"),
        (lambda p: [p[0], *p[2:]], "chunk-auth"),
        (lambda p: p[:-1], "chunk-auth"),
        (lambda p: [p[0], *p], "chunk-auth"),
        (lambda p: [*p, p[-1]], "chunk-auth"),
        (lambda p: [*p, bytes(PIECE)], "chunk-auth"),
        (lambda p: p[:1], "chunk-auth"),
        (lambda p: [], "truncated"),
        (lambda p: [*p[:-1], p[-1][:-1]], "truncated"),
        (lambda p: [*p, b"\x00"], "truncated"),
        (lambda p: [p[0][:-1]], "truncated"),
        (lambda p: [b"\x00"], "truncated"),
    ],
)
def test_moved_or_missing_chunks_are_found(sealed, change, code):
    assert code_of(lambda: opened(sealed.with_pieces(change(sealed.pieces)), sealed.fk)) == code


def test_the_digest_needs_no_key_but_whole_chunks(sealed):
    digest = lambda pieces: code_of(  # noqa: E731
        lambda: envelope.digest_envelope(io.BytesIO(sealed.with_pieces(pieces)))
    )

    assert digest(sealed.pieces) == "accepted"
    assert digest([]) == "truncated"
    assert digest([sealed.pieces[0][:-1]]) == "truncated"
    assert envelope.digest_envelope(io.BytesIO(sealed.with_pieces(sealed.pieces[:-1]))) != sealed.eid


@pytest.mark.parametrize("length", range(13))
def test_a_file_that_ends_inside_its_head(sealed, length):
    code = code_of(lambda: opened(sealed.raw[:length], sealed.fk))

    assert code == ("magic" if length < 8 else "truncated")


def test_a_file_that_ends_inside_its_header(sealed):
    head = len(sealed.raw) - len(sealed.body)

    assert code_of(lambda: opened(sealed.raw[: head - 1], sealed.fk)) == "truncated"


# 3. a stolen envelope under another label


@pytest.mark.parametrize("name", ["bidder", "tender", "lot", "slot", "ks"])
def test_an_envelope_cannot_be_relabelled(small, name):
    value = b64u_encode(bytes(32)) if name == "ks" else "another"
    header = edited(small, ["core", name], value)
    stolen = small.with_header(header)
    parsed = envelope.parse_header(io.BytesIO(stolen))

    assert code_of(lambda: opened(stolen, small.fk)) == "chunk-auth"
    assert code_of(lambda: envelope.open_bidder(parsed, 0, key("bidder"))) == "unwrap"
    assert code_of(lambda: envelope.open_share(parsed, 1, key("t1"))) == "unwrap"
    assert code_of(lambda: envelope.recover_file_key(parsed, small.bidder_secret(), small.shares(1, 2, 3))) == (
        "bidder-secret"
    )


# 4. downgrades


def test_a_policy_cannot_be_downgraded(small):
    header = edited(small, ["core", "policy"], "bidder")
    assert header_code(header) == "header-fields"
    del header["k"], header["tk"]

    assert code_of(lambda: envelope.open_bidder(header, 0, key("bidder"))) == "unwrap"
    assert code_of(lambda: opened(small.with_header(header), small.fk)) == "chunk-auth"
    assert code_of(lambda: opened(small.with_header(header), small.bidder_secret())) == "key-commit"


def test_a_smaller_k_gives_no_key(small):
    header = edited(small, ["k"], 2)

    assert code_of(lambda: envelope.recover_file_key(header, small.bidder_secret(), small.shares(1, 2))) == "key-commit"
    assert code_of(lambda: opened(small.with_header(header), small.fk)) == "chunk-auth"


# 5. malformed headers


@pytest.mark.parametrize(
    "twist, code",
    [
        (lambda data: data.replace(b'{"bk"', b'{"bk":[],"bk"'), "header-not-canonical"),
        (lambda data: data.replace(b'"chunk":16384', b'"chunk":16384.0'), "header-not-canonical"),
        (lambda data: data.replace(b'"chunk":16384', b'"chunk":1.6384e4'), "header-not-canonical"),
        (lambda data: data.replace(b'"chunk":16384', b'"chunk":1e999'), "header-not-canonical"),
        (lambda data: data.replace(b'"chunk":16384', b'"chunk":99999999999999999999'), "header-not-canonical"),
        (lambda data: data.replace(b'"chunk":16384', b'"chunk":NaN'), "header-json"),
        (lambda data: data.replace(b",", b", ", 1), "header-not-canonical"),
        (lambda data: data + b"\n", "header-not-canonical"),
        (lambda data: b"\xef\xbb\xbf" + data, "header-json"),
        (lambda data: data[:-1], "header-json"),
        (lambda data: data.replace(b"form", b"f\xffrm"), "header-json"),
        (lambda data: data.replace(b"form", b"f\\u006frm"), "header-not-canonical"),
        (lambda data: data.replace(b"form", b"\\ud800"), "header-not-canonical"),
        (lambda data: b"[" * 30_000 + b"]" * 30_000, "header-json"),
        (lambda data: b'"' + b"x" * 65_534 + b'"', "header-fields"),
        (lambda data: b'"' + b"x" * 65_535 + b'"', "header-length"),
        (lambda data: data + b" " * 100_000, "header-length"),
        (lambda data: b"0", "header-length"),
        (lambda data: b"", "header-length"),
        (lambda data: b"{}", "header-fields"),
        (lambda data: b"[]", "header-fields"),
        (lambda data: b'{"core":[]}', "header-fields"),
        (lambda data: b'{"core":{}}', "version"),
    ],
)
def test_a_malformed_header_is_refused_by_its_code(small, twist, code):
    assert header_code(twist(jcs(small.header))) == code


@pytest.mark.parametrize(
    "path, value, code",
    [
        (["core", "v"], 2, "version"),
        (["core", "v"], True, "version"),
        (["core", "v"], "1", "version"),
        (["core", "v"], ..., "version"),
        (["core", "suite"], "gm-1", "version"),
        (["core", "suite"], "intl-2", "version"),
        (["core", "suite"], 1, "version"),
        (["core", "suite"], [], "version"),
        (["core", "suite"], ..., "version"),
        (["core", "policy"], "none", "version"),
        (["core", "policy"], None, "version"),
        (["core", "policy"], [], "version"),
        (["core", "policy"], ..., "version"),
        (["core", "chunk"], 0, "chunk-size"),
        (["core", "chunk"], 16383, "chunk-size"),
        (["core", "chunk"], "16384", "chunk-size"),
        (["core", "chunk"], True, "chunk-size"),
        (["core", "chunk"], ..., "chunk-size"),
        (["core", "tender"], 1, "header-fields"),
        (["core", "tender"], "", "header-fields"),
        (["core", "lot"], None, "header-fields"),
        (["core", "bidder"], ..., "header-fields"),
        (["core", "more"], 1, "header-fields"),
        (["core", "ks"], "AAAA", "header-fields"),
        (["core", "nonce"], b64u_encode(bytes(31)), "header-fields"),
        (["core", "kc"], 7, "header-fields"),
        (["core", "kc"], "B" * 43, "header-fields"),
        (["more"], 1, "header-fields"),
        (["sbc"], ..., "header-fields"),
        (["sbc"], "x", "header-fields"),
        (["bk"], ..., "header-fields"),
        (["bk"], [], "header-fields"),
        (["bk"], {}, "header-fields"),
        (["bk"], None, "header-fields"),
        (["bk", 0], "x", "header-fields"),
        (["bk", 0, "a"], "sm2", "header-fields"),
        (["bk", 0, "a"], "rsa-oaep-256", "header-fields"),
        (["bk", 0, "a"], 1, "header-fields"),
        (["bk", 0, "kid"], "AAAA", "header-fields"),
        (["bk", 0, "enc"], b64u_encode(bytes(64)), "header-fields"),
        (["bk", 0, "enc"], "", "header-fields"),
        (["bk", 0, "ct"], b64u_encode(bytes(47)), "header-fields"),
        (["bk", 0, "ct"], None, "header-fields"),
        (["bk", 0, "i"], 1, "header-fields"),
        (["bk", 0, "enc"], ..., "header-fields"),
        (["k"], ..., "header-fields"),
        (["k"], "3", "header-fields"),
        (["k"], True, "header-fields"),
        (["k"], None, "header-fields"),
        (["tk"], ..., "header-fields"),
        (["tk"], {}, "header-fields"),
        (["tk", 0], [], "header-fields"),
        (["tk", 0, "i"], True, "header-fields"),
        (["tk", 0, "i"], "1", "header-fields"),
        (["tk", 0, "i"], ..., "header-fields"),
        (["tk", 0, "sc"], "AA", "header-fields"),
        (["tk", 0, "sc"], ..., "header-fields"),
        (["tk", 4, "a"], "sm2", "header-fields"),
        (["k"], 0, "threshold"),
        (["k"], 1, "threshold"),
        (["k"], -1, "threshold"),
        (["k"], 6, "threshold"),
        (["tk"], [], "threshold"),
        (["tk", 0, "i"], 0, "threshold"),
        (["tk", 0, "i"], -1, "threshold"),
        (["tk", 0, "i"], 2, "threshold"),
        (["tk", 4, "i"], 6, "threshold"),
        (["tk", 4, "i"], 2**53 - 1, "threshold"),
        (["tk", 0], ..., "threshold"),
    ],
)
def test_a_wrong_member_is_refused_by_its_code(small, path, value, code):
    assert header_code(edited(small, path, value)) == code


def test_numbers_of_stanzas_have_bounds(small):
    one = small.header["bk"][0]
    assert code_of(lambda: envelope.parse_header(io.BytesIO(with_head(edited(small, ["bk"], [one] * 8), b"")))) == (
        "accepted"
    )
    assert header_code(edited(small, ["bk"], [one] * 9)) == "header-fields"
    many = [{**small.header["tk"][0], "i": i} for i in range(1, 18)]
    assert header_code(edited(small, ["tk"], many)) == "threshold"
    assert header_code(edited(small, ["tk"], many[:1])) == "threshold"


def test_the_codes_come_in_their_order(small):
    header = edited(small, ["core", "v"], 2)
    header["core"]["chunk"] = 1
    header["more"] = 1
    header["k"] = 99
    assert header_code(header) == "version"
    header["core"]["v"] = 1
    assert header_code(header) == "chunk-size"
    header["core"]["chunk"] = CHUNK
    assert header_code(header) == "header-fields"
    del header["more"]
    assert header_code(header) == "threshold"


@pytest.mark.parametrize("policy, extra", [("bidder", "tk"), ("bidder", "k"), ("trustees", "bk"), ("trustees", "sbc")])
def test_a_part_that_the_policy_does_not_have_is_refused(small, policy, extra):
    header = Sealed(policy).header | {extra: small.header[extra]}

    assert header_code(header) == "header-fields"


@pytest.mark.parametrize("length", [0, 255, 1025])
def test_an_rsa_block_has_the_size_of_a_key(small, length):
    stanza = {**small.header["bk"][0], "a": "rsa-oaep-256", "enc": "", "ct": b64u_encode(bytes(length))}

    assert header_code(edited(small, ["bk", 0], stanza)) == "header-fields"


# 6. one envelope, two keys


def crafted(policy, bidder_secret, trustee_secret, fk, data=b"bid"):
    """What a dishonest bidder could write: consistent in itself, but the two ways in lead to different keys."""
    nonce = bytes(32)
    kc = key_commitment(SUITE, fk, nonce)
    body = core(v=1, policy=policy, nonce=b64u_encode(nonce), kc=b64u_encode(kc))
    digest = core_hash(SUITE, body)

    def stanza(name, role, i, secret):
        enc, ct = SUITE.wrap("hpke-p256", key(name).public, wrap_context(SUITE, digest, role, i), secret)
        kid = SUITE.kid(key(name).public.spki)
        return {"a": "hpke-p256", "kid": kid, "enc": b64u_encode(enc), "ct": b64u_encode(ct)}

    header = {
        "core": body,
        "sbc": b64u_encode(bidder_commitment(SUITE, digest, bidder_secret)),
        "bk": [stanza("bidder", "bidder", 0, bidder_secret)],
        "k": 2,
        "tk": [
            {
                **stanza(TRUSTEES[i - 1], "trustee", i, share),
                "i": i,
                "sc": b64u_encode(share_commitment(SUITE, digest, i, share)),
            }
            for i, share in split32(trustee_secret, 2, 3)
        ],
    }
    plain = (len(data).to_bytes(8, "big") + data).ljust(CHUNK, b"\x00")
    head = with_head(header, b"")
    pk = payload_key(SUITE, fk, SUITE.hash(head))
    return header, head + SUITE.aead_seal(pk, chunk_nonce(0, True), plain)


def test_the_two_ways_in_cannot_lead_to_two_bids():
    one, two = bytes([1]) * 32, bytes([2]) * 32
    header, raw = crafted("either", one, two, one)
    secret = envelope.open_bidder(header, 0, key("bidder"))
    shares = [(i, envelope.open_share(header, i, key(TRUSTEES[i - 1]))) for i in (1, 3)]

    assert opened(raw, envelope.recover_file_key(header, secret)) == b"bid"
    assert code_of(lambda: envelope.recover_file_key(header, None, shares)) == "key-commit"
    assert code_of(lambda: envelope.recover_file_key(header, secret, shares)) == "key-commit"
    assert code_of(lambda: opened(raw, two)) == "key-commit"


def test_commitments_that_do_not_fit_are_the_bidders_fault():
    header, _ = crafted("either", bytes(32), bytes(32), bytes(32))
    header["sbc"] = b64u_encode(bytes(32))
    header["tk"][0]["sc"] = b64u_encode(bytes(32))

    assert code_of(lambda: envelope.open_bidder(header, 0, key("bidder"))) == "bidder-secret"
    assert code_of(lambda: envelope.open_share(header, 1, key("t1"))) == "share-commit"


@pytest.mark.parametrize("fk", [bytes(32), b"", bytes(31), bytes(33), None, "x" * 32])
def test_another_key_is_refused_before_anything_is_decrypted(small, fk):
    out = io.BytesIO()

    assert code_of(lambda: envelope.open_envelope(io.BytesIO(small.raw), fk, out)) == "key-commit"
    assert out.getvalue() == b""


# 7. transplants, wrong keys, missing stanzas


def test_a_stanza_of_another_envelope_does_not_open(small):
    other = Sealed()
    for path in (["tk", 0], ["bk", 0]):
        header = edited(small, path, other.header[path[0]][0])
        act = (
            (lambda header=header: envelope.open_share(header, 1, key("t1")))
            if path[0] == "tk"
            else (lambda header=header: envelope.open_bidder(header, 0, key("bidder")))
        )
        assert code_of(act) == "unwrap"


def test_a_stanza_does_not_open_in_another_place(small):
    header = edited(small, ["tk", 1], {**small.header["tk"][0], "i": 2})
    swapped = edited(small, ["bk"], list(reversed(small.header["bk"])))

    assert code_of(lambda: envelope.open_share(header, 2, key("t1"))) == "unwrap"
    assert code_of(lambda: envelope.open_bidder(swapped, 1, key("bidder"))) == "unwrap"


@pytest.mark.parametrize("who", [key("t1"), key("token"), rsa_key(), None, key("bidder").public])
def test_another_persons_key_does_not_open(small, who):
    assert code_of(lambda: envelope.open_bidder(small.header, 0, who)) == "unwrap"


@pytest.mark.parametrize("j", [-1, 2, 2**128, True, "0", None, 0.0])
def test_there_is_no_such_stanza(small, j):
    assert code_of(lambda: envelope.open_bidder(small.header, j, key("bidder"))) == "stanza"


@pytest.mark.parametrize("i", [0, -1, 6, 2**128 + 1, True, "1", None, 1.0])
def test_there_is_no_such_trustee(small, i):
    assert code_of(lambda: envelope.open_share(small.header, i, key("t1"))) == "stanza"


def test_a_policy_without_the_part_has_no_stanza():
    assert code_of(lambda: envelope.open_bidder(Sealed("trustees").header, 0, key("bidder"))) == "stanza"
    assert code_of(lambda: envelope.open_share(Sealed("bidder").header, 1, key("t1"))) == "stanza"


# 8. padding and length


def framed(length, *parts):
    """An envelope whose plaintext chunks are given, sealed for real under policy `bidder`."""
    fk, nonce = bytes(range(32)), bytes(32)
    body = core(v=1, policy="bidder", nonce=b64u_encode(nonce), kc=b64u_encode(key_commitment(SUITE, fk, nonce)))
    digest = core_hash(SUITE, body)
    enc, ct = SUITE.wrap("hpke-p256", key("bidder").public, wrap_context(SUITE, digest, "bidder", 0), fk)
    kid = SUITE.kid(key("bidder").public.spki)
    header = {
        "core": body,
        "sbc": b64u_encode(bidder_commitment(SUITE, digest, fk)),
        "bk": [{"a": "hpke-p256", "kid": kid, "enc": b64u_encode(enc), "ct": b64u_encode(ct)}],
    }
    head = with_head(header, b"")
    pk = payload_key(SUITE, fk, SUITE.hash(head))
    plain = length.to_bytes(8, "big") + b"".join(parts)
    chunks = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)]
    sealed_chunks = [SUITE.aead_seal(pk, chunk_nonce(j, j == len(chunks) - 1), c) for j, c in enumerate(chunks)]
    return head + b"".join(sealed_chunks), fk


ROOM = CHUNK - 8


@pytest.mark.parametrize(
    "length, parts, code",
    [
        (3, [b"abc", bytes(ROOM - 3)], "accepted"),
        (3, [b"abc", bytes(ROOM - 4), b"\x01"], "padding"),
        (3, [b"abc", b"\x01", bytes(ROOM - 4)], "padding"),
        (0, [bytes(ROOM)], "accepted"),
        (0, [bytes(ROOM), bytes(CHUNK)], "padding"),
        (ROOM, [b"x" * ROOM], "accepted"),
        (ROOM, [b"x" * ROOM, bytes(CHUNK)], "padding"),
        (ROOM + 1, [b"x" * ROOM, b"x", bytes(CHUNK - 1)], "accepted"),
        (ROOM + 1, [b"x" * ROOM, b"x", bytes(CHUNK - 2), b"\x80"], "padding"),
        (ROOM + 1, [b"x" * ROOM], "length"),
        (2**63, [b"x" * ROOM], "length"),
        (2**64 - 1, [b"x" * ROOM], "length"),
        (2**64 - 8, [b"x" * ROOM, bytes(CHUNK)], "length"),
    ],
)
def test_filler_is_zeros_and_less_than_a_chunk(length, parts, code):
    raw, fk = framed(length, *parts)

    assert code_of(lambda: opened(raw, fk)) == code


# 9. shares


def recovery_code(sealed_, shares, secret=None):
    secret = sealed_.bidder_secret() if secret is None else secret
    return code_of(lambda: envelope.recover_file_key(sealed_.header, secret, shares))


@pytest.fixture
def alarm():
    """Fails the test if it does not end within five seconds: unchecked, a negative index never returns."""

    def ring(*_):
        raise TimeoutError("the call did not return")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("index", [0, -1, 6, 17, 2**128, 2**128 + 1, True, "1", None, 1.0, b"1"])
def test_a_share_index_is_one_of_the_trustees(small, index):
    good = small.shares(1, 2, 3)

    assert recovery_code(small, [(index, good[0][1]), *good[1:]]) == "share-index"
    assert recovery_code(small, [*good, (index, good[0][1])]) == "share-index"


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("pair", [(), (1,), (1, b"", 2), None, 5, "ab"])
def test_a_share_is_a_pair(small, pair):
    assert recovery_code(small, [pair]) == "share-index"


def test_shares_are_checked_against_their_commitments(small):
    good, other = small.shares(1, 2, 3), Sealed().shares(1)

    for forged in ((1, bytes(32)), (1, good[1][1]), (2, good[0][1]), other[0], (1, good[0][1][:31]), (1, "x" * 32)):
        assert recovery_code(small, [forged, *good[1:]]) == "share-commit"


def test_shares_are_distinct_and_enough(small):
    good = small.shares(1, 2, 3)

    assert recovery_code(small, [good[0], good[0], good[1]]) == "share-duplicate"
    assert recovery_code(small, [*good, good[0]]) == "share-duplicate"
    assert recovery_code(small, good[:2]) == "share-count"
    assert recovery_code(small, []) == "share-count"


def test_the_recovery_codes_come_in_their_order(small):
    good, forged = small.shares(1, 2), (1, bytes(32))

    assert recovery_code(small, [forged, (0, bytes(32))], secret=bytes(32)) == "bidder-secret"
    assert recovery_code(small, [forged, (0, bytes(32))]) == "share-index"
    assert recovery_code(small, [good[0], good[0], forged]) == "share-commit"
    assert recovery_code(small, [good[0], good[0]]) == "share-duplicate"


@pytest.mark.parametrize("secret", [bytes(32), b"", bytes(31), "x" * 32, 5])
def test_the_bidders_secret_is_checked(small, secret):
    assert recovery_code(small, small.shares(1, 2, 3), secret) == "bidder-secret"


def test_the_secret_of_another_envelope_is_refused(small):
    assert recovery_code(small, small.shares(1, 2, 3), Sealed().bidder_secret()) == "bidder-secret"


# 10. points


@pytest.mark.parametrize(
    "enc",
    [
        b"\x04" + bytes(64),
        b"\x00" + bytes(64),
        b"\x00",
        bytes(64),
        b"\x04" + b"\xff" * 64,
        b"\x04" + bytes(31) + b"\x05" + bytes(31) + b"\x01",
        b"\x02" + bytes(31) + b"\x05",
        b"",
        b"\x04" + bytes(65),
    ],
)
def test_a_point_off_the_curve_is_refused(small, enc):
    header = edited(small, ["tk", 0, "enc"], b64u_encode(enc))

    assert code_of(lambda: envelope.open_share(header, 1, key("t1"))) == "unwrap"
    if len(enc) != 65:
        assert header_code(header) == "header-fields"


def test_a_compressed_form_of_the_right_point_is_refused_too(small):
    raw = b64u_decode(small.header["tk"][0]["enc"])
    compressed = bytes([2 + (raw[-1] & 1)]) + raw[1:33]

    header = edited(small, ["tk", 0, "enc"], b64u_encode(compressed))

    assert code_of(lambda: envelope.open_share(header, 1, key("t1"))) == "unwrap"


@pytest.mark.parametrize(
    "member, value", [("ct", "A"), ("enc", "="), ("ct", "AAAA"), ("a", "sm2"), ("a", "rsa-oaep-256")]
)
def test_a_damaged_stanza_does_not_open(small, member, value):
    header = edited(small, ["bk", 0, member], value)

    assert code_of(lambda: envelope.open_bidder(header, 0, key("bidder"))) == "unwrap"


def test_a_flipped_bit_in_a_wrap_is_found(small):
    for member in ("enc", "ct"):
        raw = bytearray(b64u_decode(small.header["bk"][0][member]))
        raw[-1] ^= 1
        header = edited(small, ["bk", 0, member], b64u_encode(bytes(raw)))

        assert code_of(lambda header=header: envelope.open_bidder(header, 0, key("bidder"))) == "unwrap"


# 12. unsealed uploads


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"PK\x03\x04" + bytes(100), MAGIC[:7], MAGIC.replace(b"\r\n", b"\n")]
)
def test_what_is_not_sealed_is_not_an_envelope(data):
    assert code_of(lambda: envelope.parse_header(io.BytesIO(data))) == "magic"
    assert code_of(lambda: envelope.digest_envelope(io.BytesIO(data))) == "magic"


# 13. policies


@pytest.mark.parametrize(
    "policy, bidder, trustees, code",
    [
        ("both", True, False, "policy"),
        ("both", False, True, "policy"),
        ("both", False, False, "policy"),
        ("bidder", False, False, "policy"),
        ("bidder", True, True, "policy"),
        ("bidder", False, True, "policy"),
        ("trustees", False, False, "policy"),
        ("trustees", True, True, "policy"),
        ("trustees", True, False, "policy"),
        ("either", False, False, "policy"),
        ("bidder", True, False, "accepted"),
        ("trustees", False, True, "accepted"),
        ("either", True, True, "accepted"),
        ("both", True, True, "accepted"),
    ],
)
def test_each_policy_needs_exactly_its_parts(policy, bidder, trustees, code):
    sealed_ = Sealed(policy)
    secret = (sealed_.bidder_secret() if policy != "trustees" else bytes(32)) if bidder else None
    shares = (sealed_.shares(1, 2, 3) if policy != "bidder" else [(1, bytes(32))]) if trustees else None

    assert code_of(lambda: envelope.recover_file_key(sealed_.header, secret, shares)) == code


# 14. nothing is complete before the last chunk


def test_a_bad_last_chunk_is_an_error_even_if_the_rest_was_written(sealed):
    pieces = sealed.pieces
    raw = sealed.with_pieces([*pieces[:-1], bytes(PIECE)])
    out = io.BytesIO()

    assert code_of(lambda: envelope.open_envelope(io.BytesIO(raw), sealed.fk, out)) == "chunk-auth"
    assert out.getvalue() == FOUR_CHUNKS[: len(out.getvalue())]
    assert len(out.getvalue()) < len(FOUR_CHUNKS)


# 49. suites


def test_a_header_of_the_other_suite_is_not_read_as_ours(small):
    assert header_code(edited(small, ["core", "suite"], "gm-1")) == "version"
    stanza = {**small.header["tk"][0], "a": "sm2", "enc": ""}
    assert header_code(edited(small, ["tk", 0], stanza)) == "header-fields"
    assert code_of(
        lambda: envelope.seal(
            core(), "bidder", [("sm2", key("bidder").public)], [], None, 0, io.BytesIO(), io.BytesIO()
        )
    ) == ("header-fields")


# 50. secrets stay out of refusals


def test_refusals_tell_no_secrets(small):
    secret, shares = small.bidder_secret(), small.shares(1, 2, 3)
    with pytest.raises(envelope.EnvelopeError) as refusal:
        envelope.recover_file_key(edited(small, ["core", "kc"], b64u_encode(bytes(32))), secret, shares)
    texts = [str(refusal.value), repr(refusal.value), repr(key("bidder")), str(hpke("bidder"))]

    for text in texts:
        for value in (secret, small.fk, *(share for _, share in shares), key("bidder").pkcs8()):
            assert value.hex() not in text
            assert b64u_encode(value) not in text
            assert repr(value) not in text
