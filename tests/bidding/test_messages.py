import pytest

from bidding import messages
from bidding.messages import (
    ACCEPT,
    RELEASE,
    SHARE,
    SUBMISSION,
    WITHDRAWAL,
    MessageError,
    check_message,
    close_list,
    close_root,
    submission_digest,
)
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import suite
from kernel.crypto.merkle import leaf_hash, merkle_root

SUITE = suite("intl-1")
D1, D2 = bytes([1]) * 32, bytes([2]) * 32
LOT = {"tender": "T", "lot": "001"}
B1 = b64u_encode(D1)

FIRST = messages.submission(**LOT, bidder="p", rev=1, prev=None, docs=[messages.document("form", D1, 1, 20_000)], ks=D2)
SECOND = messages.submission(
    **LOT,
    bidder="p",
    rev=2,
    prev=D1,
    docs=[messages.document("form", D1, 1, 20_000), messages.document("file", D2, 9, 10**7)],
    ks=D2,
)
TAKEN_BACK = messages.withdrawal(**LOT, bidder="p", rev=3, prev=D2)
RELEASED = messages.release(**LOT, bidder="p", submission=D1, secrets=[("form", D1, D2), ("file", D2, D1)])
SHARED = messages.share_batch(**LOT, ks=D2, i=3, shares=[(D1, D2), (D2, D1)])
ACCEPTED = messages.keyset_accept(**LOT, ks=D2, i=3, kid=b64u_encode(bytes(16)), proof=D1)
GOOD = {
    "first": (FIRST, SUBMISSION),
    "second": (SECOND, SUBMISSION),
    "withdrawal": (TAKEN_BACK, WITHDRAWAL),
    "release": (RELEASED, RELEASE),
    "share": (SHARED, SHARE),
    "accept": (ACCEPTED, ACCEPT),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_built_is_what_is_checked(name):
    message, kind = GOOD[name]

    assert check_message(message, kind) == message
    assert kind in messages.TYPES
    for other in messages.TYPES.keys() - {kind}:
        with pytest.raises(MessageError):
            check_message(message, other)


def test_a_submission_is_what_the_specification_says():
    assert {
        "v": 1,
        "type": "bid.submission",
        "tender": "T",
        "lot": "001",
        "bidder": "p",
        "rev": 1,
        "prev": None,
        "docs": [{"slot": "form", "eid": B1, "chunks": 1, "bytes": 20_000}],
        "ks": b64u_encode(D2),
    } == FIRST
    assert submission_digest(SUITE, FIRST) == SUITE.hash(b"SBE1/submission\x00" + jcs(FIRST))


def test_every_kind_of_message_has_a_type_of_its_own():
    assert len(set(messages.TYPES.values())) == len(messages.TYPES)


DOC = FIRST["docs"][0]


@pytest.mark.parametrize(
    "message, kind",
    [
        (None, SUBMISSION),
        ([], SUBMISSION),
        (FIRST | {"more": 1}, SUBMISSION),
        ({k: v for k, v in FIRST.items() if k != "ks"}, SUBMISSION),
        (FIRST | {"v": 2}, SUBMISSION),
        (FIRST | {"v": True}, SUBMISSION),
        (FIRST | {"type": "bid.withdrawal"}, SUBMISSION),
        (FIRST | {"tender": ""}, SUBMISSION),
        (FIRST | {"lot": 1}, SUBMISSION),
        (FIRST | {"bidder": None}, SUBMISSION),
        (FIRST | {"rev": 0}, SUBMISSION),
        (FIRST | {"rev": True}, SUBMISSION),
        (FIRST | {"rev": "1"}, SUBMISSION),
        (FIRST | {"rev": 2}, SUBMISSION),
        (FIRST | {"prev": B1}, SUBMISSION),
        (SECOND | {"prev": None}, SUBMISSION),
        (SECOND | {"prev": "AA"}, SUBMISSION),
        (SECOND | {"prev": 5}, SUBMISSION),
        (TAKEN_BACK | {"prev": None}, WITHDRAWAL),
        (TAKEN_BACK | {"rev": 1, "prev": None}, WITHDRAWAL),
        (FIRST | {"ks": "AA"}, SUBMISSION),
        (FIRST | {"docs": []}, SUBMISSION),
        (FIRST | {"docs": {}}, SUBMISSION),
        (FIRST | {"docs": ["x"]}, SUBMISSION),
        (FIRST | {"docs": [DOC, DOC]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"more": 1}]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"slot": ""}]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"slot": 1}]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"eid": "x"}]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"chunks": 0}]}, SUBMISSION),
        (FIRST | {"docs": [DOC | {"bytes": 1.5}]}, SUBMISSION),
        (RELEASED | {"submission": "x"}, RELEASE),
        (RELEASED | {"secrets": []}, RELEASE),
        (SHARED | {"i": 0}, SHARE),
        (SHARED | {"shares": SHARED["shares"] * 2}, SHARE),
        (ACCEPTED | {"kid": "AAAA"}, ACCEPT),
        (ACCEPTED | {"proof": None}, ACCEPT),
    ],
)
def test_a_message_has_exactly_its_members(message, kind):
    with pytest.raises(MessageError) as refusal:
        check_message(message, kind)
    assert refusal.value.code == "message"


def test_the_close_list_has_one_order_and_one_root():
    entries = [("b", 1, D1), ("a", 10, D2), ("a-", 2, D1)]
    rows = close_list(entries)

    assert rows == close_list(reversed(entries))
    assert [row["bidder"] for row in rows] == ["a", "a-", "b"]
    assert rows == sorted(rows, key=jcs)
    assert close_root(SUITE, rows) == merkle_root(SUITE, [leaf_hash(SUITE, jcs(row)) for row in rows])
    assert close_root(SUITE, []) == SUITE.hash(b"")
    assert close_root(SUITE, rows[:2]) != close_root(SUITE, rows)
