"""Key files, opening files, keysets and signed messages: what the browser writes the server reads, and the reverse."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bidding import messages, sbk
from bidding.keyfile import LicenceFile, PersonFile, read_person_file, write_licence_file, write_person_file
from bidding.keyset import KeysetError, Trustee, check_keyset, keyset_hash, make_drill, make_keyset, require_drill_proof
from bidding.licence import verify_act
from kernel.canonical import b64u_encode, jcs, parse
from kernel.crypto import random_bytes, suite
from kernel.crypto.authority import Holder, create_authority, issue_licence, make_crl
from kernel.crypto.keys import KeyKind, generate
from tests.browser.modules import Modules

pytestmark = pytest.mark.browser

INTL = suite("intl-1")
NOW = datetime(2026, 7, 16, tzinfo=UTC)
USCC = "91350100M000100Y43"
PLACE = {"tender": "C1100000189017141002", "lot": "001", "bidder": "p-7Q2x"}


@pytest.fixture(scope="module")
def keyset() -> dict[str, Any]:
    keys = [generate(KeyKind.P256) for _ in range(3)]
    trustees = [Trustee(f"role{n}", "hpke-p256", key.public, f"org{n}") for n, key in enumerate(keys)]
    made = make_keyset(
        tender="C1100000189017141002",
        lot="001",
        suite_id="intl-1",
        policy="both",
        k=2,
        opens_at=NOW,
        window_s=1800,
        trustees=trustees,
    )
    return {"keyset": made, "keys": keys}


def test_a_licence_signs_in_the_browser(js: Modules, tmp_path: Any) -> None:
    authority = create_authority(tmp_path / "authority", NOW)
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    issued = issue_licence(authority, Holder(USCC, "示例公司"), sign.public, encrypt.public, NOW)
    content = LicenceFile(
        USCC, "示例公司", sign, [issued.sign, authority.issuing], encrypt, [issued.encrypt, authority.issuing]
    )
    data = write_licence_file(content, "sunlit")
    message = js("messages", "submission", PLACE, 1, None, [document()], b64u_encode(bytes(32)))
    answer = js("probe", "licence", data, "sunlit", "bid-submission+jws", message)
    assert (answer["uscc"], answer["name"], answer["spki"]) == (USCC, "示例公司", encrypt.public.spki)
    act = verify_act(
        answer["token"],
        typ="bid-submission+jws",
        roots=[authority.root],
        intermediates=[],
        crl=make_crl(authority, NOW),
        now=NOW,
    )
    assert act.claims.uscc == USCC
    assert messages.check_message(act.payload, messages.SUBMISSION) == message
    assert js.code("probe", "licence", data, "wrong", "x", {}) == "passphrase"
    assert js.code("probe", "licence", data[:-1], "sunlit", "x", {}) == "key-file"
    assert js.code("probe", "person", data, "sunlit") == "key-file"


def document() -> dict[str, Any]:
    return {"slot": "form", "eid": bytes(range(32)), "chunks": 1, "bytes": 20000}


def test_a_trustee_keeps_keys_in_a_file(js: Modules) -> None:
    ours = PersonFile(generate(KeyKind.P256), generate(KeyKind.P256))
    read = js("probe", "person", write_person_file(ours, "见证"), "见证")
    assert (read["sign"], read["unwrap"]) == (ours.sign_key.public.spki, ours.unwrap_key.public.spki)
    theirs = js("probe", "makePerson", "见证")
    keys = read_person_file(theirs, "见证")
    again = js("probe", "person", theirs, "见证")
    assert (again["sign"], again["unwrap"]) == (keys.sign_key.public.spki, keys.unwrap_key.public.spki)
    assert again["sign"] != again["unwrap"]


def test_opening_files_travel_both_ways(js: Modules) -> None:
    key, slot = generate(KeyKind.P256), sbk.SlotKey("form", random_bytes(32), random_bytes(32))
    ours = sbk.OpeningFile("T", "001", "B", key, (slot,))
    data = sbk.write_sbk(ours, "pass é")
    read = js("probe", "readSbk", data, "pass e\u0301")
    assert read["key"] == key.pkcs8()
    assert read["slots"] == [{"slot": "form", "eid": slot.eid, "fk": slot.file_key}]
    theirs = sbk.read_sbk(js("probe", "writeSbk", read, "pass é"), "pass é")
    assert (theirs.tender, theirs.lot, theirs.bidder, theirs.slots) == ("T", "001", "B", (slot,))
    assert theirs.key.public == key.public


def test_opening_files_refuse(js: Modules) -> None:
    data = sbk.write_sbk(sbk.OpeningFile("T", "001", "B", generate(KeyKind.P256), ()), "x")
    outer = parse(data)
    assert js.code("probe", "readSbk", data, "y") == "sbk-passphrase"
    assert js.code("probe", "readSbk", data + b" ", "x") == "sbk-format"
    assert js.code("probe", "readSbk", b"{}", "x") == "sbk-format"
    for change in ({"v": 2}, {"type": "x"}, {"suite": "gm-1"}, {"more": 1}, {"nonce": "AA"}):
        assert js.code("probe", "readSbk", jcs({**outer, **change}), "x") == "sbk-format"
    weak = {**outer, "kdf": {**outer["kdf"], "n": 599_999}}
    assert js.code("probe", "readSbk", jcs(weak), "x") == "key"
    swapped = {**outer, "kdf": {**outer["kdf"], "n": 600_001}}
    assert js.code("probe", "readSbk", jcs(swapped), "x") == "sbk-passphrase"


def test_keysets_are_checked_before_anything_is_sealed(js: Modules, keyset: dict[str, Any]) -> None:
    made, ks = keyset["keyset"], b64u_encode(keyset_hash(keyset["keyset"]))
    assert js("messages", "checkKeyset", made, ks) == made
    first = made["trustees"][0]
    changes: list[dict[str, Any]] = [
        {"k": 1}, {"k": 4}, {"policy": "none"}, {"suite": "gm-1"}, {"v": 2}, {"more": 1}, {"opens_at": "2026"},
        {"trustees": made["trustees"][:1]}, {"trustees": [first, *made["trustees"][:2]]}, {"k": 3},
        {"trustees": [{**first, "kid": "x" * 22}, *made["trustees"][1:]]}, {"trustees": made["trustees"][::-1]},
    ]  # fmt: skip
    for change in changes:
        assert js.code("messages", "checkKeyset", {**made, **change}, ks) == "keyset"
    assert js.code("messages", "checkKeyset", made, b64u_encode(bytes(32))) == "keyset"


def test_a_keyset_says_which_parts_are_opened_in_which_step(js: Modules, keyset: dict[str, Any]) -> None:
    steps = [["business", "letter", "technical"], ["commercial", "form"]]
    made = {**keyset["keyset"], "steps": steps}
    ks = b64u_encode(keyset_hash(made))
    check_keyset(made)

    assert js("messages", "checkKeyset", made, ks) == made
    assert [js("messages", "partsOf", made, step) for step in (1, 2, 3)] == [*steps, []]
    assert js("messages", "partsOf", keyset["keyset"], 1) == ["file", "form"]
    for wrong in (
        [],
        [["form"]],
        [["form"], []],
        [["b", "a"], ["c"]],
        [["a"], ["a"]],
        [["a"], [1]],
        "ab",
        None,
        [["a"], ["b", ""]],
    ):
        other = {**made, "steps": wrong}
        assert js.code("messages", "checkKeyset", other, b64u_encode(keyset_hash(other))) == "keyset"
        with pytest.raises(KeysetError):
            check_keyset(other)


def test_the_drill_is_passed_in_the_browser(js: Modules, keyset: dict[str, Any]) -> None:
    made, keys = keyset["keyset"], keyset["keys"]
    challenge, proof = make_drill(made, 2)
    answer = js("probe", "drill", made, 2, challenge, keys[1].pkcs8())
    require_drill_proof(proof, b64u_encode(answer))
    assert js.code("probe", "drill", made, 2, challenge, keys[0].pkcs8()) == "drill"
    assert js.code("probe", "drill", made, 1, challenge, keys[1].pkcs8()) == "drill"
    message = js("messages", "acceptance", made, b64u_encode(keyset_hash(made)), 2, answer)
    assert messages.check_message(message, messages.ACCEPT) == messages.keyset_accept(
        tender=made["tender"],
        lot=made["lot"],
        ks=keyset_hash(made),
        i=2,
        kid=made["trustees"][1]["kid"],
        proof=proof,
    )


def test_messages_have_the_members_the_server_expects(js: Modules, keyset: dict[str, Any]) -> None:
    made = keyset["keyset"]
    eid, secret, digest = random_bytes(32), random_bytes(32), random_bytes(32)
    ks = b64u_encode(keyset_hash(made))
    first = js("messages", "submission", PLACE, 1, None, [document()], ks)
    doc = messages.document("form", bytes(range(32)), 1, 20000)
    assert first == messages.submission(**PLACE, rev=1, prev=None, docs=[doc], ks=keyset_hash(made))
    assert js("messages", "submissionDigest", first) == messages.submission_digest(INTL, first)
    taken = js("messages", "withdrawal", PLACE, 2, b64u_encode(digest))
    assert taken == messages.withdrawal(**PLACE, rev=2, prev=digest)
    released = js("messages", "release", PLACE, b64u_encode(digest), [{"slot": "form", "eid": eid, "secret": secret}])
    assert released == messages.release(**PLACE, submission=digest, secrets=[("form", eid, secret)])
    batch = js("messages", "shareBatch", made, ks, 2, [{"eid": eid, "share": secret}])
    assert batch == messages.share_batch(
        tender=made["tender"], lot=made["lot"], ks=keyset_hash(made), i=2, shares=[(eid, secret)]
    )
    rows = messages.close_list((f"b{n}", n, bytes([n]) * 32) for n in range(1, 6))
    assert js("messages", "closeRoot", rows) == messages.close_root(INTL, rows)
