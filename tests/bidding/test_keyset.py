import copy
from datetime import UTC, datetime

import pytest

from bidding.keyset import (
    KeysetError,
    Trustee,
    answer_drill,
    check_keyset,
    keyset_hash,
    make_drill,
    make_keyset,
    require_drill_proof,
    trustee_keys,
)
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import suite
from kernel.crypto.keys import KeyKind, generate
from tests.worlds.envelope_world import key, rsa_key

SUITE = suite("intl-1")
OPENS = datetime(2026, 8, 6, 6, 0, tzinfo=UTC)
NAMES = ("t1", "t2", "t3", "t4", "t5")


def trustees(*organisations, wrapping="hpke-p256"):
    return [Trustee("trustee", wrapping, key(NAMES[j]).public, o) for j, o in enumerate(organisations)]


def made(**changes):
    arguments = {
        "tender": "T",
        "lot": "001",
        "suite_id": "intl-1",
        "policy": "both",
        "k": 3,
        "opens_at": OPENS,
        "window_s": 1800,
        "trustees": trustees("a", "a", "b", "c", "d"),
        **changes,
    }
    return make_keyset(**arguments)


def code_of(act):
    try:
        act()
    except KeysetError as refusal:
        return refusal.code
    return "accepted"


def edited(path, value):
    keyset = copy.deepcopy(made())
    *where, name = path
    place = keyset
    for step in where:
        place = place[step]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return keyset


def test_a_keyset_is_what_the_specification_says():
    keyset = made()

    assert keyset["opens_at"] == "2026-08-06T06:00:00.000Z"
    assert [trustee["i"] for trustee in keyset["trustees"]] == [1, 2, 3, 4, 5]
    assert keyset["trustees"][0]["kid"] == SUITE.kid(key("t1").public.spki)
    assert keyset_hash(keyset) == SUITE.hash(b"SBE1/keyset\x00" + jcs(keyset))
    assert check_keyset(keyset).id == "intl-1"
    assert trustee_keys(keyset) == [("hpke-p256", key(name).public) for name in NAMES]


def test_no_organisation_alone_can_open():
    assert code_of(lambda: made(trustees=trustees("a", "a", "a", "b", "c"))) == "organisations"
    assert code_of(lambda: made(trustees=trustees("a", "a", "b", "b", "b"), k=4)) == "accepted"


def test_the_bidders_own_policy_has_no_trustees():
    assert code_of(lambda: made(policy="bidder", k=0, trustees=[])) == "accepted"
    assert code_of(lambda: made(policy="bidder")) == "threshold"
    assert code_of(lambda: made(policy="both", k=0, trustees=[])) == "threshold"


def test_old_tokens_may_be_trustees():
    seats = [*trustees("a", "b"), Trustee("notary", "rsa-oaep-256", rsa_key().public, "c")]

    assert code_of(lambda: made(trustees=seats, k=2)) == "accepted"


@pytest.mark.parametrize(
    "path, value, code",
    [
        (["v"], 2, "version"),
        (["v"], True, "version"),
        (["v"], ..., "version"),
        (["type"], "bid.other", "version"),
        (["policy"], "none", "version"),
        (["suite"], "gm-1", "version"),
        (["suite"], ..., "version"),
        (["opens_at"], "2026-08-06", "keyset-fields"),
        (["opens_at"], ..., "keyset-fields"),
        (["tender"], "", "keyset-fields"),
        (["lot"], 1, "keyset-fields"),
        (["more"], 1, "keyset-fields"),
        (["k"], "3", "keyset-fields"),
        (["k"], True, "keyset-fields"),
        (["window_s"], -1, "keyset-fields"),
        (["window_s"], 10**9, "keyset-fields"),
        (["window_s"], "1800", "keyset-fields"),
        (["trustees"], {}, "keyset-fields"),
        (["trustees", 0], [], "keyset-fields"),
        (["trustees", 0, "more"], 1, "keyset-fields"),
        (["trustees", 0, "role"], "", "keyset-fields"),
        (["trustees", 0, "spki"], 1, "keyset-fields"),
        (["trustees", 0, "i"], True, "keyset-fields"),
        (["trustees", 0, "i"], 2, "threshold"),
        (["trustees", 4], ..., "accepted"),
        (["k"], 1, "threshold"),
        (["k"], 6, "threshold"),
        (["trustees", 0, "a"], "sm2", "key"),
        (["trustees", 0, "a"], "rsa-oaep-256", "key"),
        (["trustees", 0, "spki"], "AAAA", "key"),
        (["trustees", 0, "spki"], "=", "key"),
        (["trustees", 0, "spki"], b64u_encode(generate(KeyKind.ED25519).public.spki), "key"),
        (["trustees", 0, "spki"], b64u_encode(key("t2").public.spki), "key"),
        (["trustees", 0, "kid"], SUITE.kid(key("t2").public.spki), "key"),
    ],
)
def test_a_wrong_member_is_refused_by_its_code(path, value, code):
    assert code_of(lambda: check_keyset(edited(path, value))) == code


@pytest.mark.parametrize("value", [None, [], "text", 5])
def test_other_values_are_no_keysets(value):
    assert code_of(lambda: check_keyset(value)) == "version"


def test_one_key_has_one_seat():
    keyset = made()
    keyset["trustees"][1] |= {name: keyset["trustees"][0][name] for name in ("kid", "spki")}

    assert code_of(lambda: check_keyset(keyset)) == "key"


def test_a_drill_is_passed_with_the_right_key_only():
    keyset = made()
    challenge, proof = make_drill(keyset, 2)

    assert answer_drill(keyset, 2, challenge, key("t2")) == proof
    require_drill_proof(proof, b64u_encode(proof))
    for act in (
        lambda: answer_drill(keyset, 2, challenge, key("t1")),
        lambda: answer_drill(keyset, 1, challenge, key("t2")),
        lambda: answer_drill(made(tender="other"), 2, challenge, key("t2")),
        lambda: answer_drill(keyset, 2, {}, key("t2")),
        lambda: answer_drill(keyset, 2, {"enc": "=", "ct": "="}, key("t2")),
        lambda: require_drill_proof(proof, b64u_encode(bytes(32))),
        lambda: require_drill_proof(proof, None),
    ):
        assert code_of(act) == "drill"
