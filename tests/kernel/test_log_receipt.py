"""Receipts and the trust file: each refusal has its code, checked in the order of crypto.md §3.6."""

import json

import pytest

from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.log import LogError, entry_of, parse_entry, read_trust, verify_receipt
from kernel.log.receipt import hashes_of
from tests.worlds.log_world import START, SUITE, LogWorld, accepted, ed25519


@pytest.fixture(scope="module")
def world() -> LogWorld:
    world = LogWorld()
    world.fill(4)
    world.record("bid.accepted", accepted())
    world.fill(6)
    return world


def code_of(bundle: object, trust: object) -> str:
    with pytest.raises(LogError) as caught:
        verify_receipt(bundle, trust)
    return caught.value.code


def test_a_receipt_proves_what_was_accepted_and_when(world: LogWorld) -> None:
    receipt = verify_receipt(world.receipt(4), world.trust_json)

    assert receipt.detail == accepted()
    assert (receipt.index, receipt.checkpoint.size) == (4, 11)
    assert receipt.entry.kind == "bid.accepted"
    assert verify_receipt(jcs(world.receipt(4)), jcs(world.trust_json)) == receipt


def test_each_fault_has_its_code(world: LogWorld) -> None:
    good, trust, stranger = world.receipt(4), world.trust, ed25519("stranger")
    entry = good["entry"]
    other = LogWorld("log.example/other")
    other.fill(11)
    cases = {
        "receipt-signature": [
            {"receipt": world.sign("otp-receipt+jws", accepted(), stranger)},
            {"receipt": world.sign("otp-receipt+jws", accepted(), stranger, kid=SUITE.kid(stranger.public.spki))},
            {"receipt": _resealed(good["receipt"], {"alg": "none", "typ": "otp-receipt+jws"})},
            {"receipt": _resealed(good["receipt"], {"alg": "HS256", "typ": "otp-receipt+jws"})},
            {"receipt": _tampered(good["receipt"])},
            {"receipt": None},
            {"receipt": "a.b"},
            {"receipt": "a.b.c.d"},
            {"receipt": good["receipt"] + "="},
            {"receipt": ".." + good["receipt"]},
            {"receipt": f"{b64u_encode(b'[]')}.e30."},
        ],
        "receipt-type": [
            {"receipt": world.sign("otp-rejection+jws", accepted())},
            {"receipt": world.sign("otp-receipt+jws", accepted(), crit=["x"])},
            {"receipt": world.sign("otp-receipt+jws", {**accepted(), "type": "bid.rejected"})},
            {"receipt": world.sign("otp-receipt+jws", {**accepted(), "v": 2})},
            {"receipt": world.sign("otp-receipt+jws", ["bid.accepted"])},
        ],
        "entry-digest": [
            {"receipt": world.sign("otp-receipt+jws", accepted("bidder-2"))},
            {"entry": {**entry, "digest": b64u_encode(bytes(32))}},
            {"entry": {**entry, "digest": entry["digest"] + "A"}},
            {"entry": {**entry, "extra": 1}},
            {"entry": {**entry, "v": True}},
            {"entry": {**entry, "v": 2}},
            {"entry": {**entry, "at": "2026-08-06 05:00"}},
            {"entry": {**entry, "salt": "AAAA"}},
            {"entry": {**entry, "type": ""}},
            {"entry": None},
            {"entry": "x"},
        ],
        "checkpoint-format": [{"checkpoint": good["checkpoint"].replace("\n", "\r\n")}, {"checkpoint": None}],
        "checkpoint-origin": [{"checkpoint": other.checkpoint()}],
        "checkpoint-signature": [{"checkpoint": world.checkpoint(key=stranger)}],
        "witness": [{"checkpoint": world.checkpoint(witnesses=0)}],
        "checkpoint-size": [
            {"size": 10}, {"size": "11"}, {"size": None}, {"size": 11.0}, {"checkpoint": world.checkpoint(10)},
        ],
        "inclusion": [
            {"index": 5}, {"index": -1}, {"index": 11}, {"index": "4"}, {"index": None}, {"path": good["path"][:-1]},
            {"path": [*good["path"], good["path"][0]]}, {"path": []}, {"path": None}, {"path": [1]}, {"path": ["AA"]},
            {"entry": {**entry, "salt": b64u_encode(bytes(16))}},
            {"entry": {**entry, "at": "2026-08-06T04:59:59.999Z"}},
            {"entry": {**entry, "type": "bid.rejected"}},
        ],
    }  # fmt: skip

    for code, changes in cases.items():
        for change in changes:
            assert code_of({**good, **change}, trust) == code, change


def test_the_first_fault_in_order_is_the_one_reported(world: LogWorld) -> None:
    good, stranger = world.receipt(4), ed25519("stranger")
    everything = [
        ("receipt-signature", {"receipt": world.sign("otp-x+jws", accepted(), stranger)}),
        ("receipt-type", {"receipt": world.sign("otp-x+jws", accepted())}),
        ("entry-digest", {"entry": {**good["entry"], "digest": b64u_encode(bytes(32))}}),
        ("checkpoint-format", {"checkpoint": "x"}),
        ("checkpoint-origin", {"checkpoint": LogWorld("b").checkpoint()}),
        ("checkpoint-signature", {"checkpoint": world.checkpoint(10, 0, stranger)}),
        ("witness", {"checkpoint": world.checkpoint(10, 0)}),
        ("checkpoint-size", {"checkpoint": world.checkpoint(10)}),
        ("inclusion", {"path": []}),
    ]

    for at in range(len(everything)):
        broken = dict(good)
        for _, change in reversed(everything[at:]):
            broken |= change
        assert code_of(broken, world.trust) == everything[at][0]


def test_no_changed_byte_survives(world: LogWorld) -> None:
    good = world.receipt(4)
    data = jcs({**good, "checkpoint": world.checkpoint(witnesses=1)})

    assert verify_receipt(data, world.trust).index == 4

    for position in range(0, len(data), 7):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        assert code_of(changed, world.trust)


def test_garbage_is_refused_without_a_crash(world: LogWorld) -> None:
    for garbage in (None, 1, [], {}, "x", b"", b"{", b"[]", b"\xff", b'{"receipt":1}'):
        assert code_of(garbage, world.trust) == "receipt-signature"
    with pytest.raises(LogError, match="inclusion"):
        hashes_of("x")


def test_a_header_may_be_spelled_otherwise_but_not_doubly(world: LogWorld) -> None:
    good = world.receipt(4)
    body = good["receipt"].split(".")[1]
    for header, accepted_ in (
        ('{ "typ": "otp-receipt+jws", "alg": "EdDSA" }', True),
        ('{"typ":"otp-receipt+jws","alg":"EdDSA","alg":"EdDSA"}', False),
    ):
        signed = f"{b64u_encode(header.encode())}.{body}"
        token = f"{signed}.{b64u_encode(SUITE.sign(world.platform, signed.encode()))}"
        if accepted_:
            assert verify_receipt({**good, "receipt": token}, world.trust).index == 4
        else:
            assert code_of({**good, "receipt": token}, world.trust) == "receipt-signature"


def test_a_payload_that_is_not_canonical_is_no_receipt(world: LogWorld) -> None:
    good = world.receipt(4)
    signed = f"{good['receipt'].split('.')[0]}.{b64u_encode(json.dumps(accepted()).encode())}"
    token = f"{signed}.{b64u_encode(SUITE.sign(world.platform, signed.encode()))}"

    assert code_of({**good, "receipt": token}, world.trust) == "receipt-signature"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"v": True}, {"type": "x"}, {"origin": ""}, {"origin": 1}, {"suites": "intl-1"}, {"suites": [1]},
        {"log_keys": []},
        {"log_keys": None}, {"witness_quorum": -1}, {"witness_quorum": True}, {"witness_quorum": "1"},
        {"licence_roots": [1]},        {"platform_keys": [{}]}, {"platform_keys": ["x"]}, {"extra": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_trust_file_is_refused(world: LogWorld, change: dict) -> None:
    with pytest.raises(LogError) as caught:
        read_trust({**world.trust_json, **change})
    assert caught.value.code == "trust-format"


def test_keys_in_the_wrong_place_are_refused(world: LogWorld) -> None:
    good = world.trust_json
    platform = good["platform_keys"][0]
    for change in (
        {"log_keys": good["witness_keys"]},
        {"witness_keys": good["log_keys"]},
        {"witness_keys": [good["witness_keys"][0]] * 2},
        {"platform_keys": [{**platform, "alg": "none"}]},
        {"platform_keys": [{**platform, "kid": "x"}]},
        {"platform_keys": [{**platform, "spki": "AAAA"}]},
        {"platform_keys": [{**platform, "spki": "?"}]},
    ):
        with pytest.raises(LogError) as caught:
            read_trust({**good, **change})
        assert caught.value.code == "trust-format"
    with pytest.raises(LogError, match="vkey"):
        read_trust({**good, "log_keys": ["x"]})
    for missing in good:
        with pytest.raises(LogError, match="trust-format"):
            read_trust({k: v for k, v in good.items() if k != missing})
    for raw in (b"", b"[]", json.dumps(good).encode()):
        with pytest.raises(LogError, match="trust-format"):
            read_trust(raw)


def test_a_suite_outside_the_allow_list_is_refused(world: LogWorld) -> None:
    for suites in ([], ["gm-1"]):
        assert code_of(world.receipt(4), {**world.trust_json, "suites": suites}) == "suite"
    trust = read_trust({**world.trust_json, "suites": ["intl-1", "gm-1"]})
    with pytest.raises(LogError, match="suite"):
        trust.suite("gm-1")
    assert trust.suite("intl-1").id == "intl-1"
    assert trust.digest == SUITE.hash(jcs({**world.trust_json, "suites": ["intl-1", "gm-1"]}))
    assert read_trust(trust) is trust


def test_an_entry_of_something_without_canonical_form_does_not_hold() -> None:
    entry = entry_of(SUITE, "a.b", "2026-08-06T05:00:00.000Z", {"x": 1}, bytes(16))

    assert entry.holds(SUITE, {"x": 1})
    assert not entry.holds(SUITE, {"x": 1.5})
    assert parse_entry(entry.data()) == entry
    assert entry.leaf(SUITE) == SUITE.hash(b"\0" + jcs(entry.as_json()))
    assert entry.digest == SUITE.hash(b"OTL1/detail\0" + b'{"x":1}')
    assert START.tzinfo is not None
    with pytest.raises(LogError, match="entry-digest"):
        parse_entry({**entry.as_json(), "type": "\ud800"})
    with pytest.raises(LogError, match="entry-digest"):
        parse_entry(b"{}")


def _resealed(token: str, header: dict) -> str:
    return f"{b64u_encode(jcs(header))}.{token.split('.')[1]}."


def _tampered(token: str) -> str:
    first, second, third = token.split(".")
    return f"{first}.{b64u_encode(b64u_decode(second).replace(b'bidder-1', b'bidder-2'))}.{third}"
