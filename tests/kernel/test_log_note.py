"""Signed notes, verifier keys and checkpoints: published examples, and the attacks of crypto.md §13, 41."""

from datetime import UTC, datetime

import pytest

from kernel.log import LogError, parse_checkpoint, parse_vkey, read_trust
from kernel.log.checkpoint import checkpoint_text
from kernel.log.note import (
    KeyType,
    Note,
    NoteSignature,
    VerifierKey,
    cosigned_message,
    parse_note,
    sign_note,
    verified,
)
from tests.worlds.log_world import LogWorld, ed25519

#: Source: C2SP signed-note, "Example" of section "Verifier keys".
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
#: Source: C2SP tlog-cosignature, the example of the introduction and of "Ed25519 signed message".
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
#: Source: golang.org/x/mod sumdb/note, package documentation and tests.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.mark.parametrize("vkey,note", [(VKEY, NOTE), (GO_VKEY, GO_NOTE)])
def test_published_notes_verify(vkey: str, note: str) -> None:
    key, parsed = parse_vkey(vkey), parse_note(note)

    assert str(key) == vkey
    assert str(parsed) == note
    assert [found for found, _ in verified(parsed, [key], "checkpoint-signature")] == [key]
    with pytest.raises(LogError, match="checkpoint-signature"):
        verified(parse_note(note.replace("you", "me").replace("example message", "x")), [key], "checkpoint-signature")


def test_the_published_cosigned_checkpoint_is_read() -> None:
    head = parse_checkpoint(COSIGNED)
    witness = head.note.signatures[1]

    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint_text(head.origin, head.size, head.root) == head.note.text
    assert str(head.note) == COSIGNED
    assert witness.name == "witness.example.com/w1"
    assert int.from_bytes(witness.value[:8], "big") == 1679315147
    expected = f"cosignature/v1\ntime 1679315147\n{head.note.text}".encode()
    assert cosigned_message(head.note.text, 1679315147) == expected


def test_a_checkpoint_of_log_and_witnesses_verifies() -> None:
    world = LogWorld(quorum=2)
    world.fill(5)

    head = parse_checkpoint(world.checkpoint().encode(), world.trust)

    assert (head.origin, head.size, head.root) == (world.origin, 5, world.log.root())
    assert [(c.name, c.time) for c in head.cosignatures] == [(k.name, world.now) for k in world.witness_keys]
    assert parse_checkpoint(LogWorld().checkpoint(), LogWorld(quorum=0).trust).size == 0


def refused(note: str | bytes, world: LogWorld, **trust: object) -> str:
    with pytest.raises(LogError) as caught:
        parse_checkpoint(note, read_trust({**world.trust_json, **trust}))
    return caught.value.code


def test_strangers_other_logs_and_missing_witnesses_are_refused() -> None:
    world, other = LogWorld(quorum=1), LogWorld("log.example/other")
    world.fill(3)
    note, text = world.checkpoint(), parse_note(world.checkpoint()).text

    assert refused(note, world, origin="log.example/other") == "checkpoint-origin"
    assert refused(other.checkpoint(), world) == "checkpoint-origin"
    assert refused(world.checkpoint(key=other.log_private), world) == "checkpoint-signature"
    assert refused(note, world, log_keys=[str(other.log_key)]) == "checkpoint-signature"
    assert refused(note.replace("\n3\n", "\n4\n"), world) == "checkpoint-signature"
    assert refused(world.checkpoint(witnesses=0), world) == "witness"
    assert refused(note, world, witness_quorum=3) == "witness"
    assert refused(note, world, witness_keys=[], witness_quorum=1) == "witness"
    stranger = VerifierKey.of_spki("witness.example/9", KeyType.COSIGNATURE_V1, other.witnesses[0].public.spki)
    strange = sign_note(stranger, other.witnesses[0], text, world.now)
    assert refused(str(parse_note(world.checkpoint(witnesses=0)).with_signatures(strange)), world) == "witness"
    assert parse_checkpoint(str(parse_note(note).with_signatures(strange)), world.trust).size == 3


def test_one_witness_never_counts_twice() -> None:
    world = LogWorld(quorum=2)
    world.fill(3)
    note = parse_note(world.checkpoint(witnesses=1))
    again = sign_note(world.witness_keys[0], world.witnesses[0], note.text, datetime(2027, 1, 1, tzinfo=UTC))

    assert refused(str(note.with_signatures(again)), world) == "witness"
    head = parse_checkpoint(str(note.with_signatures(again)), read_trust({**world.trust_json, "witness_quorum": 1}))
    assert [c.time for c in head.cosignatures] == [world.now]


def test_a_false_signature_of_a_known_key_condemns_the_note() -> None:
    world = LogWorld(quorum=0)
    world.fill(3)
    note = parse_note(world.checkpoint(witnesses=0))
    good = sign_note(world.witness_keys[0], world.witnesses[0], note.text, world.now)
    late = NoteSignature(good.name, good.key_id, b"\xff" * 8 + good.value[8:])
    moved = NoteSignature(good.name, good.key_id, bytes(7) + b"\1" + good.value[8:])
    short = NoteSignature(good.name, good.key_id, good.value[:-1])
    as_log = NoteSignature(world.log_key.name, world.log_key.key_id, good.value[8:])

    assert parse_checkpoint(str(note.with_signatures(good)), world.trust).cosignatures
    for wrong in (late, moved, short):
        assert refused(str(note.with_signatures(wrong)), world) == "witness"
    assert refused(str(note.with_signatures(as_log)), world) == "checkpoint-signature"


def test_a_time_beyond_all_calendars_is_refused() -> None:
    world = LogWorld(quorum=0)
    note = parse_note(world.checkpoint(witnesses=0))
    seconds = 2**62
    signed = world.witnesses[0].native.sign(cosigned_message(note.text, seconds))
    line = NoteSignature(world.witness_keys[0].name, world.witness_keys[0].key_id, seconds.to_bytes(8, "big") + signed)

    assert refused(str(note.with_signatures(line)), world) == "witness"


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.replace("\n", "\r\n"),
        lambda n: n.replace("\n", "\r\n", 1),
        lambda n: n.replace("log.example/sunlit\n", "log.example/sunlit\nlog.example/sunlit\n", 1),
        lambda n: n.replace("\n3\n", "\n3\n3\n"),
        lambda n: n.replace("=\n\n", "=\nextension\n\n"),
        lambda n: n + n.split("\n")[4] + "\n",
        lambda n: n.replace("\n3\n", "\n03\n"),
        lambda n: n.replace("\n3\n", "\n+3\n"),
        lambda n: n.replace("\n3\n", "\n٣\n"),
        lambda n: n.replace("\n3\n", "\n-3\n"),
        lambda n: n.replace("\n3\n", "\n9223372036854775808\n"),
        lambda n: n.replace("=\n\n", "\n\n"),
        lambda n: n.replace("=\n\n", "==\n\n"),
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n.replace("\n\n", "\n\n\n"),
        lambda n: n.split("\n\n")[0] + "\n\n",
        lambda n: n[:-1],
        lambda n: n + "\n",
        lambda n: n + " ",
        lambda n: "\n" + n,
        lambda n: "\ufeff\t" + n,
        lambda n: n.replace("— log", "- log"),
        lambda n: n.replace("— log", "—  log"),
        lambda n: n.replace("— log", "—\u00a0log"),
        lambda n: n.replace("— log.example", "— log+example"),
        lambda n: n.replace("— log.example/sunlit ", "— log.example/sunlit AAAA "),
        lambda n: n.replace("— log.example/sunlit ", "— log.example/sunlit  "),
        lambda n: "\n".join([*n.split("\n")[:4], "— log.example/sunlit AAAA", ""]),
        lambda n: n + "".join(f"— w{i} AAAAAAAA\n" for i in range(65)),
        lambda n: n.replace("log.example/sunlit\n", "\x7f\n", 1),
        lambda n: n.encode().replace(b"sunlit", b"sun\xfflit", 1),
        lambda n: n.replace("sunlit", "sun\ud800lit", 1),
        lambda n: "",
        lambda n: b"",
        lambda n: None,
        lambda n: 5,
        lambda n: "x" * 70_000,
    ],
)
def test_any_other_spelling_is_refused(change) -> None:
    world = LogWorld()
    world.fill(3)
    changed = change(world.checkpoint())

    assert changed != world.checkpoint()
    assert refused(changed, world) == "checkpoint-format"


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b", "a+530d903a", VKEY + "=", VKEY[:-1], VKEY.replace("530d903a", "530d903b"),
     VKEY.replace("foo", "fo"),
     VKEY.replace("530d903a", "530D903A"), VKEY.replace("foo", "f oo"), "+" + VKEY, None, 7,
     "n+00000000+AQ==", "n+00000000+" + "Av" + "A" * 42],
)  # fmt: skip
def test_malformed_verifier_keys_are_refused(text: object) -> None:
    with pytest.raises(LogError) as caught:
        parse_vkey(text)
    assert caught.value.code == "vkey"


def test_keys_and_checkpoints_are_only_made_well_formed() -> None:
    key = ed25519("x")
    log_key = VerifierKey.of_spki("a", KeyType.ED25519, key.public.spki)

    for make in (
        lambda: VerifierKey("a b", KeyType.ED25519, bytes(32)),
        lambda: VerifierKey("a", KeyType.ED25519, bytes(31)),
        lambda: VerifierKey.of_spki("a", KeyType.ED25519, b"x" * 44),
        lambda: sign_note(log_key, key, "x\n", datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: checkpoint_text("a\nb", 1, bytes(32)),
        lambda: checkpoint_text("", 1, bytes(32)),
        lambda: checkpoint_text("a", -1, bytes(32)),
    ):
        with pytest.raises(LogError):
            make()


def test_a_key_that_is_no_point_of_the_curve_verifies_nothing() -> None:
    key = VerifierKey("a", KeyType.ED25519, b"\xff" * 32)

    assert not key.verify("text\n", bytes(64))
    assert str(Note("text\n", ())) == "text\n\n"
