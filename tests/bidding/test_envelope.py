import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding import envelope
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.crypto import combine32
from kernel.crypto.merkle import leaf_hash, merkle_root
from tests.worlds.envelope_world import CHUNK, PIECE, SUITE, TRUSTEES, Sealed, code_of, core, hpke, key, opened, rsa_key

POLICIES = ("bidder", "trustees", "either", "both")
SIZES = (0, 1, CHUNK - 8, CHUNK - 7, 2 * CHUNK - 8, 2 * CHUNK - 7, 50_000)


def recovered(sealed, *indices):
    secret = sealed.bidder_secret() if sealed.policy != "trustees" else None
    shares = sealed.shares(*indices) if sealed.policy != "bidder" else None
    return envelope.recover_file_key(sealed.header, secret, shares)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_what_opens(policy, size):
    data = bytes(i * 7 % 251 for i in range(size))
    sealed = Sealed(policy, data)

    fk = recovered(sealed, 1, 3, 5)

    assert fk == sealed.fk
    assert opened(sealed.raw, fk) == data
    assert envelope.digest_envelope(io.BytesIO(sealed.raw)) == sealed.eid
    assert len(sealed.body) == -(-(8 + size) // CHUNK) * PIECE


@given(st.binary(max_size=3 * CHUNK))
@settings(max_examples=25, deadline=None)
def test_any_content_survives(data):
    sealed = Sealed("bidder", data)

    assert opened(sealed.raw, sealed.fk) == data


def test_every_choice_of_k_trustees_opens_and_no_smaller_one():
    sealed = Sealed("trustees", k=2, n=4)

    for i in range(1, 5):
        for j in range(1, 5):
            if i != j:
                assert envelope.recover_file_key(sealed.header, None, sealed.shares(i, j)) == sealed.fk
        assert code_of(lambda i=i: envelope.recover_file_key(sealed.header, None, sealed.shares(i))) == "share-count"


def test_more_shares_than_needed_are_all_checked_and_change_nothing():
    sealed = Sealed("trustees")

    assert envelope.recover_file_key(sealed.header, None, sealed.shares(5, 4, 3, 2, 1)) == sealed.fk
    wrong = (5, bytes(32))
    assert code_of(lambda: envelope.recover_file_key(sealed.header, None, [*sealed.shares(1, 2, 3), wrong])) == (
        "share-commit"
    )


def test_either_side_opens_under_either():
    sealed = Sealed("either")

    assert envelope.recover_file_key(sealed.header, sealed.bidder_secret()) == sealed.fk
    assert envelope.recover_file_key(sealed.header, shares=sealed.shares(1, 2, 3)) == sealed.fk
    assert envelope.recover_file_key(sealed.header, sealed.bidder_secret(), sealed.shares(3, 4, 5)) == sealed.fk


def test_every_bidder_stanza_opens_to_the_same_secret():
    sealed = Sealed()

    assert envelope.open_bidder(sealed.header, 1, key("token")) == sealed.bidder_secret()


def test_old_tokens_unwrap_by_rsa():
    out = io.BytesIO()
    keys = [("rsa-oaep-256", rsa_key().public)]
    eid, fk = envelope.seal(core(), "both", keys, [*keys, *hpke("t2")], 2, 3, io.BytesIO(b"abc"), out)
    header = envelope.parse_header(io.BytesIO(out.getvalue()))

    secret = envelope.open_bidder(header, 0, rsa_key())
    shares = [(1, envelope.open_share(header, 1, rsa_key())), (2, envelope.open_share(header, 2, key("t2")))]

    assert header["bk"][0]["enc"] == ""
    assert envelope.recover_file_key(header, secret, shares) == fk
    assert envelope.digest_envelope(io.BytesIO(out.getvalue())) == eid


def test_large_chunks_open_too():
    data = bytes(1_500_000)
    sealed = Sealed("bidder", data, chunk=1048576)

    assert len(sealed.body) == 2 * (1048576 + 16)
    assert opened(sealed.raw, sealed.fk) == data


def test_the_size_shows_only_in_steps_of_a_chunk():
    assert len(Sealed("bidder", b"").raw) == len(Sealed("bidder", bytes(CHUNK - 8)).raw)


def test_the_id_is_what_the_specification_says():
    sealed = Sealed(data=bytes(40_000))
    head = sealed.raw[: len(sealed.raw) - len(sealed.body)]
    leaves = [leaf_hash(SUITE, piece) for piece in sealed.pieces]

    expected = SUITE.hash(
        b"SBE1/envelope\x00" + SUITE.hash(head) + merkle_root(SUITE, leaves) + len(leaves).to_bytes(8, "big")
    )

    assert sealed.eid == expected
    assert envelope.envelope_id(SUITE, SUITE.hash(head), leaves) == expected
    assert envelope.read_head(io.BytesIO(sealed.raw)).digest == SUITE.hash(head)


def test_the_header_is_what_the_specification_says():
    sealed = Sealed()
    header, core_digest = sealed.header, SUITE.hash(b"SBE1/core\x00" + jcs(sealed.header["core"]))
    nonce = b64u_decode(header["core"]["nonce"])

    assert header["core"]["v"] == 1
    assert header["core"]["policy"] == "both"
    assert header["core"]["kc"] == b64u_encode(SUITE.hkdf(sealed.fk, nonce, b"SBE1/key-commit\x00", 32))
    assert header["sbc"] == b64u_encode(SUITE.hash(b"SBE1/bidder-secret\x00" + core_digest + sealed.bidder_secret()))
    assert [stanza["i"] for stanza in header["tk"]] == [1, 2, 3, 4, 5]
    assert [stanza["kid"] for stanza in header["tk"]] == [SUITE.kid(key(name).public.spki) for name in TRUSTEES]
    i, share = sealed.share(2)
    assert header["tk"][1]["sc"] == b64u_encode(SUITE.hash(b"SBE1/share\x00" + core_digest + bytes([i]) + share))


def test_the_file_key_of_both_needs_both_secrets():
    sealed = Sealed()
    trustee_secret = combine32(sealed.shares(1, 2, 3), 3)
    nonce = b64u_decode(sealed.header["core"]["nonce"])

    assert sealed.fk == SUITE.hkdf(sealed.bidder_secret() + trustee_secret, nonce, b"SBE1/both\x00", 32)


def test_two_envelopes_of_one_content_share_nothing():
    one, two = Sealed(), Sealed()

    assert one.eid != two.eid
    assert one.fk != two.fk
    assert one.header["core"]["nonce"] != two.header["core"]["nonce"]
    assert one.body != two.body


class Trickle(io.BytesIO):
    """A reader that gives a few bytes at a time, as sockets do, and counts what is held."""

    largest = 0

    def read(self, n=-1, /):
        self.largest = max(self.largest, n)
        return super().read(min(n, 1000))


def test_readers_may_give_less_than_asked_for_and_are_never_asked_for_more_than_a_chunk():
    data = bytes(200_000)
    source, out = Trickle(data), io.BytesIO()
    eid, fk = envelope.seal(core(), "bidder", hpke("bidder"), [], None, len(data), source, out)

    reader, plain = Trickle(out.getvalue()), io.BytesIO()

    assert envelope.open_envelope(reader, fk, plain) == eid
    assert plain.getvalue() == data
    assert envelope.digest_envelope(Trickle(out.getvalue())) == eid
    assert max(source.largest, reader.largest) <= PIECE


@pytest.mark.parametrize("given, size", [(b"abc", 4), (b"abc", 2), (b"", 1), (b"x", 0), (bytes(CHUNK), CHUNK - 1)])
def test_a_reader_that_does_not_keep_to_the_size_is_refused(given, size):
    act = lambda: envelope.seal(  # noqa: E731
        core(), "bidder", hpke("bidder"), [], None, size, io.BytesIO(given), io.BytesIO()
    )

    assert code_of(act) == "length"


@pytest.mark.parametrize(
    "code, changes",
    [
        ("length", {"size": -1}),
        ("length", {"size": 2**53}),
        ("length", {"size": True}),
        ("version", {"policy": "anyone"}),
        ("version", {"policy": None}),
        ("version", {"core": core(suite="gm-1")}),
        ("version", {"core": core(suite="intl-9")}),
        ("version", {"core": core(v=2)}),
        ("version", {"core": core(policy="bidder")}),
        ("chunk-size", {"core": core(chunk=1000)}),
        ("chunk-size", {"core": core(chunk=16384.0)}),
        ("chunk-size", {"core": core(chunk="16384")}),
        ("header-fields", {"core": core(nonce="A")}),
        ("header-fields", {"core": core(kc="A")}),
        ("header-fields", {"core": core(tender="")}),
        ("header-fields", {"core": core(tender=1.5)}),
        ("header-fields", {"core": core(ks="AA")}),
        ("header-fields", {"core": core(extra=1)}),
        ("header-fields", {"bidder_keys": []}),
        ("header-fields", {"bidder_keys": hpke(*"abcdefghi")}),
        ("header-fields", {"bidder_keys": [("sm2", key("bidder").public)]}),
        ("header-fields", {"bidder_keys": [("rsa-oaep-256", key("bidder").public)]}),
        ("header-fields", {"bidder_keys": [("hpke-p256", rsa_key().public)]}),
        ("threshold", {"trustee_keys": []}),
        ("threshold", {"trustee_keys": hpke("t1")}),
        ("threshold", {"trustee_keys": hpke(*"abcdefghijklmnopq")}),
        ("threshold", {"k": None}),
        ("threshold", {"k": 1}),
        ("threshold", {"k": 6}),
        ("threshold", {"k": True}),
        ("header-length", {"core": core(tender="x" * 70_000)}),
    ],
)
def test_what_cannot_be_sealed_is_refused_before_a_byte_is_written(code, changes):
    out = io.BytesIO()
    arguments = {
        "core": core(),
        "policy": "both",
        "bidder_keys": hpke("bidder"),
        "trustee_keys": hpke(*TRUSTEES),
        "k": 3,
        "size": 3,
        "reader": io.BytesIO(b"abc"),
        "writer": out,
        **changes,
    }

    assert code_of(lambda: envelope.seal(**arguments)) == code
    assert out.getvalue() == b""
