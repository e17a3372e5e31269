import pytest

from bidding.sbk import OpeningFile, SbkError, SlotKey, read_sbk, write_sbk
from kernel.canonical import b64u_decode, b64u_encode, jcs, parse
from kernel.crypto import suite
from kernel.crypto.errors import KeyRefused
from kernel.crypto.protected import MAX_ROUNDS, MIN_ROUNDS, passphrase_key
from tests.worlds.envelope_world import Sealed, key, opened

SUITE = suite("intl-1")
SEALED = Sealed(data=b"1234567.89")
CONTENT = OpeningFile("T", "001", "p", key("bidder"), (SlotKey("form", SEALED.eid, SEALED.fk),))
DATA = write_sbk(CONTENT, "开标口令")


def test_an_opening_file_gives_back_what_was_put_in():
    content = read_sbk(DATA, "开标口令")

    assert (content.tender, content.lot, content.bidder, content.slots) == ("T", "001", "p", CONTENT.slots)
    assert content.key.public == CONTENT.key.public
    assert opened(SEALED.raw, content.slots[0].file_key) == b"1234567.89"


def test_it_is_canonical_json_and_shows_nothing():
    outer = parse(DATA)

    assert outer.keys() == {"v", "type", "suite", "kdf", "nonce", "ct"}
    assert outer["kdf"]["n"] == MIN_ROUNDS
    for secret in (SEALED.fk, key("bidder").pkcs8()):
        assert b64u_encode(secret) not in DATA.decode()
        assert b64u_encode(secret) not in repr(CONTENT)
    assert write_sbk(CONTENT, "开标口令") != DATA


def code_of(data, passphrase="开标口令"):
    with pytest.raises(SbkError) as refusal:
        read_sbk(data, passphrase)
    return refusal.value.code


def edited(**changes):
    return jcs(parse(DATA) | changes)


def test_another_passphrase_or_a_changed_file_does_not_open():
    outer = parse(DATA)
    ct = bytearray(b64u_decode(outer["ct"]))
    ct[0] ^= 1

    assert code_of(DATA, "wrong") == "sbk-passphrase"
    assert code_of(edited(ct=b64u_encode(bytes(ct)))) == "sbk-passphrase"
    assert code_of(edited(nonce=b64u_encode(bytes(12)))) == "sbk-passphrase"
    assert code_of(edited(kdf=outer["kdf"] | {"n": MIN_ROUNDS + 1})) == "sbk-passphrase"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        DATA + b"\n",
        edited(more=1),
        edited(v=2),
        edited(suite="gm-1"),
        edited(type="bid.other"),
        edited(kdf=[]),
        edited(kdf={}),
        edited(kdf=parse(DATA)["kdf"] | {"a": "scrypt"}),
        edited(kdf=parse(DATA)["kdf"] | {"salt": "="}),
        edited(nonce="AA"),
        edited(ct=5),
    ],
)
def test_another_form_is_refused(data):
    assert code_of(data) == "sbk-format"


@pytest.mark.parametrize("rounds", [1, MIN_ROUNDS - 1, MAX_ROUNDS + 1, True, None])
def test_weak_and_absurd_derivations_are_refused(rounds):
    with pytest.raises(KeyRefused):
        read_sbk(edited(kdf=parse(DATA)["kdf"] | {"n": rounds}), "开标口令")


def resealed(inner):
    outer = {
        "v": 1,
        "type": "bid.sbk",
        "suite": "intl-1",
        "kdf": {"a": "pbkdf2-hmac-sha256", "salt": b64u_encode(bytes(16)), "n": MIN_ROUNDS},
        "nonce": b64u_encode(bytes(12)),
    }
    key_ = passphrase_key("x", bytes(16), MIN_ROUNDS)
    plain = inner if isinstance(inner, bytes) else jcs(inner)
    return jcs(outer | {"ct": b64u_encode(SUITE.aead_seal(key_, bytes(12), plain, jcs(outer)))})


INNER = {"v": 1, "tender": "T", "lot": "1", "bidder": "p", "key": b64u_encode(key("bidder").pkcs8()), "slots": []}


@pytest.mark.parametrize(
    "inner",
    [
        b"{ }",
        [],
        5,
        {"v": 1},
        INNER | {"v": 2},
        INNER | {"key": ""},
        INNER | {"key": "="},
        INNER | {"slots": {}},
        INNER | {"slots": [5]},
        INNER | {"slots": [{"slot": "form"}]},
        INNER | {"slots": [{"slot": "form", "eid": "A", "fk": "A"}]},
    ],
)
def test_content_of_another_form_is_refused(inner):
    assert code_of(resealed(inner), "x") == "sbk-format"


def test_the_plainest_content_is_read():
    assert read_sbk(resealed(INNER), "x").slots == ()
