"""The offline verifier: a genuine case holds, every fault is told with code and place, nothing impure is imported."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.canonical import b64u_decode, b64u_encode, jcs, parse, parse_time
from kernel.crypto.authority import create_authority
from kernel.crypto.keys import KeyKind, generate
from kernel.draw import pool_of
from kernel.log.checkpoint import checkpoint_text
from kernel.log.note import Note, sign_note
from portal.bundle import Part
from portal.offline import pins
from portal.verify import Report, Standing, Verdict, main, verify_paths
from tests.worlds.case_world import CaseWorld
from tests.worlds.draw_world import DrawWorld, people, world_of
from tests.worlds.log_world import SUITE, LogWorld

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    return CaseWorld(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def trust(world: CaseWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trust") / "trust.json"
    path.write_bytes(jcs(world.trust_json))
    return path


def codes(report: Report, verdict: Verdict = Verdict.FAILED) -> set[str]:
    return {check.code for check in report.checks if check.verdict is verdict}


def edited(world: CaseWorld, name: str, *path: Any, to: Any) -> dict[str, Part]:
    """One member with one place changed, as a dishonest platform would sign it."""
    part = world.parts[name]
    value = at = parse(part.content)
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return {name: Part(name, part.kind, jcs(value))}


# A genuine case


def test_a_genuine_case_holds_and_says_what_it_could_not_check(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    report = verify_paths([world.bundle(tmp_path / "case.zip")], trust)

    assert not report.failures, "\n".join(report.lines())
    assert report.ok
    held = codes(report, Verdict.HELD)
    assert {
        "bundle",
        "bundle-signature",
        "entries",
        "receipt",
        "keyset-logged",
        "close-root",
        "deadline-witness",
    } <= held
    assert {"bid-in-time", "submission-logged", "envelope-sealed", "bidder-secret", "share-commit", "form"} <= held
    assert {"opening-logged", "bid-missing", "draw", "contributor", "document", "consistency"} <= held
    unchecked = codes(report, Verdict.UNCHECKED)
    assert {"timestamp", "deadline-timestamp"} <= held
    assert unchecked == {
        "trust-source",
        "revocation",
        "contributor",
        "document-seal",
        "timestamp-demo",
        "timestamp-none",
    }
    assert sum(check.code == "form" for check in report.checks) == 3


def test_without_an_independent_trust_file_the_report_says_so(world: CaseWorld, tmp_path: Path) -> None:
    path = world.bundle(tmp_path / "case.zip")
    report = verify_paths([path])

    assert (report.ok, report.standing) == (False, Standing.SELF_CONSISTENT)
    assert "trust-source" in codes(report, Verdict.UNCHECKED)
    assert "信任文件取自案卷本身" in "\n".join(report.lines())
    other = tmp_path / "other.json"
    other.write_bytes(jcs(LogWorld("log.example/other").trust_json))
    assert "bundle-signature" in codes(verify_paths([path], other))
    alone = world.bundle(tmp_path / "alone.zip", **{"trust.json": None})
    assert codes(verify_paths([alone])) == {"trust-missing"}


def test_a_bundle_that_brings_its_own_keys_is_never_called_verified(
    world: CaseWorld, trust: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    """A forger signs everything anew and adds his own trust file: only keys from elsewhere tell him apart."""
    monkeypatch.setattr(pins, "register_file", lambda: tmp_path / "env" / "homes")
    path = world.bundle(tmp_path / "case.zip")

    assert main([str(path)]) == 3
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("仅与自身一致，未对照独立的信任根")
    assert "核验成立" not in told
    assert main([str(path), "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["verdict"]) == (False, "self-consistent")
    assert main([str(path), "--trust", str(trust)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("核验成立")
    # A trust file that lies in the folder of the evidence is part of the evidence; one that the caller names is not.
    folder = tmp_path / "delivered"
    folder.mkdir()
    receipt = folder / "receipt.json"
    receipt.write_bytes(world.parts["bids/p0/receipt.json"].content)
    (folder / "trust.json").write_bytes(trust.read_bytes())
    assert main([str(folder)]) == 3
    assert main([str(receipt), str(trust)]) == 0

    # An installation that was set up on this machine is known; another one in its place is not.
    home = tmp_path / "home"
    home.mkdir()
    (home / "trust.json").write_bytes(trust.read_bytes())
    assert main([str(path)]) == 3
    pins.note_home(home)
    pins.note_home(home)
    assert (tmp_path / "env" / "homes").read_text() == f"{home}\n"
    assert main([str(path)]) == 0
    assert main([str(folder)]) == 0
    (home / "trust.json").write_bytes(jcs(LogWorld("log.example/other").trust_json))
    assert main([str(path)]) == 3


def test_a_changed_byte_anywhere_in_the_bundle_is_found(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    path = world.bundle(tmp_path / "case.zip")
    data = path.read_bytes()

    for position in [*range(0, len(data), 499), *range(len(data) - 60, len(data))]:
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        report = verify_paths([path], trust)
        assert not report.ok, position
        assert report.failures[0].where, position


# 18, 19: a dishonest platform that signs whatever it likes


@pytest.mark.parametrize(
    "member,path,to,code",
    [
        ("lot/opening.json", ("rows", 0, "form", "price"), "999.00", "form-mismatch"),
        ("lot/opening.json", ("rows", 0, "fk"), b64u_encode(bytes(32)), "key-commit"),
        ("lot/opening.json", ("rows", 1, "name"), "another company", "opening-logged"),
        ("lot/opening.json", ("rows", 1, "fk"), None, "form-keys"),
        ("lot/opening.json", ("rows", 1, "bidder"), "p9", "bid-missing"),
        ("lot/opening.json", ("rows", 1, "bidder"), 5, "not-canonical"),
        ("lot/opening.json", ("rows",), {}, "not-canonical"),
        ("lot/opening.json", ("more",), 1, "not-canonical"),
        ("lot/close.json", ("rows", 0, "rev"), 2, "close-root"),
        ("lot/close.json", ("rows",), [], "close-root"),
        ("lot/close.json", ("rows", 0, "submission"), "x", "not-canonical"),
        ("lot/close.json", ("rows",), [1], "not-canonical"),
        ("lot/close.json", ("v2",), 1, "not-canonical"),
        ("lot/keyset.json", ("window_s",), 7200, "keyset-logged"),
        ("lot/keyset.json", ("k",), 1, "threshold"),
        ("log/entries.json", ("entries", 3, "detail", "k"), 1, "entry-digest"),
        ("log/entries.json", ("entries", 3, "index"), 4, "inclusion"),
        ("log/entries.json", ("entries", 3, "path"), [], "inclusion"),
        ("log/entries.json", ("entries", 3, "more"), [], "not-canonical"),
        ("log/entries.json", ("entries",), 1, "not-canonical"),
        ("log/entries.json", ("v",), 2, "not-canonical"),
        ("log/consistency.json", ("proofs", 0, "path"), [], "consistency"),
        ("log/consistency.json", ("proofs",), [], "consistency"),
        ("log/consistency.json", ("proofs",), [1], "not-canonical"),
        ("log/consistency.json", ("proofs", 0, "old"), "1", "not-canonical"),
        ("log/consistency.json", ("proofs",), 1, "not-canonical"),
        ("bids/p0/receipt.json", ("index",), 0, "inclusion"),
        ("draws/d-1/pool.json", (0, "p", "region"), "x", "pool-root"),
        ("draws/d-1/transcript.json", ("output", "attempt"), 99, "result-mismatch"),
        ("lot/opening.json", ("rows",), [1], "not-canonical"),
        ("lot/close.json", ("rows", 1, "bidder"), "p0", "not-canonical"),
        ("trust.json", ("origin",), "x", "checkpoint-origin"),
    ],
)  # fmt: skip
def test_what_a_dishonest_platform_would_change(
    world: CaseWorld, tmp_path: Path, member: str, path: tuple, to: Any, code: str
) -> None:
    report = verify_paths([world.bundle(tmp_path / "case.zip", **edited(world, member, *path, to=to))])

    assert code in codes(report), "\n".join(report.lines())
    assert member == "trust.json" or any(member in check.where or "日志" in check.where for check in report.failures)


def test_what_is_missing_is_missed(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    def without(*names: str) -> Report:
        return verify_paths([world.bundle(tmp_path / "case.zip", **dict.fromkeys(names))], trust)

    assert codes(without("draws/d-1/pool.json")) >= {"pool-missing", "draw-missing"}
    assert codes(without("draws/d-1/transcript.json")) >= {"transcript-missing", "draw-missing"}
    assert codes(without("draws/d-1/transcript.json", "draws/d-1/pool.json")) >= {"draw-missing"}
    assert codes(without("log/consistency.json")) == {"consistency"}
    no_entries = without("log/entries.json")
    told = {"entries-missing", "keyset-logged", "close-root", "opening-logged", "document-unlogged"}
    assert codes(no_entries) >= told
    assert codes(without("lot/close.json")) >= {"close-missing"}
    assert codes(without("lot/opening.json")) == {"opening-missing"}
    assert codes(without("lot/keyset.json")) >= {"keyset-missing"}
    assert "contributor" in codes(without("certificates/agency.pem"), Verdict.UNCHECKED)
    told = {"submission-missing", "envelope-sealed", "envelope-missing"}
    assert codes(without("bids/p1/submission.jws")) == told
    receipts = [name for name, part in world.parts.items() if part.kind == "receipt"]
    assert "receipt-missing" in codes(without(*receipts))
    submissions = [name for name, part in world.parts.items() if part.kind == "submission"]
    assert "submission-missing" in codes(without(*submissions))
    # Without its own note the deadline would be whatever later checkpoint covers the list.
    assert "deadline-checkpoint" in codes(without("lot/deadline.note"))
    nothing = [name for name, part in world.parts.items() if part.kind not in ("trust", "text")]
    missing = ("checkpoint", "entries", "keyset", "close", "opening", "submission", "receipt")
    assert codes(without(*nothing)) >= {f"{kind}-missing" for kind in missing}
    assert codes(without("bids/p1/form.sbe")) == {"envelope-missing"}


def test_swapped_bids_and_foreign_signatures_are_found(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    def with_(name: str, content: bytes) -> set[str]:
        part = Part(name, world.parts[name].kind, content)
        return codes(verify_paths([world.bundle(tmp_path / "case.zip", **{name: part})], trust))

    forms = [world.parts[f"bids/p{n}/form.sbe"].content for n in (0, 1)]
    assert with_("bids/p0/form.sbe", forms[1]) == {"envelope-missing"}
    assert "envelope-sealed" in with_("bids/p0/form.sbe", forms[0][:-1] + bytes([forms[0][-1] ^ 1]))
    assert "magic" in with_("bids/p0/form.sbe", b"%PDF-1.7 unsealed")
    tokens = [world.parts[f"bids/p{n}/release.jws"].content.decode() for n in (0, 1)]
    mixed = ".".join([*tokens[0].split(".")[:2], tokens[1].split(".")[2]])
    assert "signature" in with_("bids/p0/release.jws", mixed.encode())
    assert "type" in with_("bids/p0/release.jws", world.parts["bids/p0/submission.jws"].content)
    assert "format" in with_("bids/p0/submission.jws", b"x")
    payload = json.loads(b64u_decode(tokens[0].split(".")[1]))
    payload["secrets"][0]["secret"] = b64u_encode(bytes(32))
    assert "bidder-secret" in with_("bids/p0/release.jws", world.signed(world.bidders[0], payload).encode())
    batch = json.loads(b64u_decode(world.parts["trustees/1.jws"].content.decode().split(".")[1]))
    batch["shares"][0]["share"] = b64u_encode(bytes(32))
    assert "share-commit" in with_("trustees/1.jws", world.shared(1, batch).encode())
    # Another trustee's key signs, or one that no trustee took a seat with.
    assert "signer" in with_("trustees/1.jws", world.shared(1, batch, world.signers[1]).encode())
    assert "signer" in with_("trustees/1.jws", world.shared(1, batch, generate(KeyKind.P256)).encode())
    assert "document-unlogged" in with_("documents/opening-record.pdf", b"%PDF-1.7 another record")
    assert "certificate" in with_("certificates/agency.pem", b"no certificate")


def test_a_bid_that_entered_the_log_after_the_deadline_is_found(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    entries = parse(world.parts["log/entries.json"].content)
    entries["entries"] = [e for e in entries["entries"] if e["index"] != world.bidders[0].entry]
    changed = {
        "log/entries.json": Part("log/entries.json", "entries", jcs(entries)),
        "bids/p0/receipt.json": None,
    }
    report = verify_paths([world.bundle(tmp_path / "case.zip", **changed)], trust)

    assert {"bid-in-time", "submission-logged"} <= codes(report)


def test_a_forked_log_and_an_unwitnessed_deadline_are_found(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    size = len(world.log.log)
    text = checkpoint_text(world.log.origin, size, SUITE.hash(b"fork"))
    signatures = [
        sign_note(world.log.log_key, world.log.log_private, text),
        sign_note(world.log.witness_keys[0], world.log.witnesses[0], text, world.log.now),
    ]
    forked = Part("log/fork.note", "checkpoint", str(Note(text, tuple(signatures))).encode())
    report = verify_paths([world.bundle(tmp_path / "case.zip", **{"log/fork.note": forked})], trust)
    assert "fork" in codes(report)

    unwitnessed = Part("lot/deadline.note", "checkpoint", world.log.checkpoint(world.close_entry + 1, 0).encode())
    report = verify_paths([world.bundle(tmp_path / "case.zip", **{"lot/deadline.note": unwitnessed})], trust)
    assert "witness" in codes(report)
    lax = tmp_path / "lax.json"
    lax.write_bytes(jcs({**world.trust_json, "witness_quorum": 0}))
    report = verify_paths([world.bundle(tmp_path / "case.zip", **{"lot/deadline.note": unwitnessed})], lax)
    assert "witness" in codes(report)


def test_a_time_stamp_is_told_by_a_line_of_its_own(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    """One that is wrong fails the case; one that is not there is called absent, and the rest stands."""

    def with_(token: bytes | None, trusted: Path = trust, **more: Any) -> Report:
        part = None if token is None else Part("lot/deadline.tst", "timestamp", token)
        return verify_paths([world.bundle(tmp_path / "case.zip", **{"lot/deadline.tst": part}, **more)], trusted)

    good, note = (world.parts[f"lot/deadline.{kind}"].content for kind in ("tst", "note"))
    # The time in the token is the one run of fourteen digits and a Z; a bare Z may lie in a serial or a hash.
    (closed,) = (found.start() for found in re.finditer(rb"\d{14}Z", good))
    assert codes(with_(world.stamp(note + b"x", world.log.now))) == {"timestamp-imprint"}
    assert codes(with_(good[:closed] + b"19" + good[closed + 2 :])) == {"timestamp-signature"}
    assert codes(with_(b"no token")) == {"timestamp-format"}
    absent = with_(None)
    assert absent.ok
    assert "截止检查点没有外部机构的时间戳" in "\n".join(absent.lines())
    assert codes(with_(good, **{"lot/deadline.note": None})) >= {"timestamp-note"}

    # Before the log says that the list was closed, or after the opening: the first contradicts, the second proves less.
    at = parse_time(world.log.entries[world.close_entry][0].at)
    early = world.stamp(note, at - timedelta(hours=1))
    assert codes(with_(early)) == {"deadline-timestamp"}
    late = with_(world.stamp(note, at + timedelta(days=1)))
    assert late.ok
    assert "deadline-timestamp" in codes(late, Verdict.UNCHECKED)

    # Authorities of their own in the trust file: then licence roots vouch for no time.
    for name, roots, code in (("own", "mine", ""), ("other", "other", "timestamp-chain")):
        other = create_authority(tmp_path / name, world.log.now).root.public_bytes(Encoding.PEM).decode()
        listed = world.trust_json["licence_roots"] if roots == "mine" else [other]
        file = tmp_path / f"{name}.json"
        file.write_bytes(jcs({**world.trust_json, "timestamp_roots": listed}))
        assert codes(with_(good, file)) == ({code} if code else set())

    # The two as files beside each other, and a receipt that carries its own.
    for name, content in (("a.note", note), ("a.tst", good), ("b.tst", world.stamp(b"x", at))):
        (tmp_path / name).write_bytes(content)
    assert "timestamp" in codes(verify_paths([tmp_path / "a.note", tmp_path / "a.tst"], trust), Verdict.HELD)
    assert codes(verify_paths([tmp_path / "a.note", tmp_path / "b.tst"], trust)) == {"timestamp-note"}
    receipt = parse(world.parts["bids/p0/receipt.json"].content)
    for over, code in ((receipt["checkpoint"], set()), (receipt["checkpoint"] + "x", {"timestamp-imprint"})):
        file = tmp_path / "receipt.json"
        file.write_bytes(jcs(receipt | {"timestamp": b64u_encode(world.stamp(over.encode(), at))}))
        assert codes(verify_paths([file], trust)) == code


def test_who_a_contributor_is_and_when_the_deadline_was(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    # A log that ends before the close entry cannot show that the list was fixed in time.
    cut = {
        name: None for name, part in world.parts.items() if part.kind in ("checkpoint", "entries", "transcript", "pool")
    }
    entries = parse(world.parts["log/entries.json"].content)
    size = world.close_entry
    kept = [
        e | {"path": [b64u_encode(h) for h in world.log.log.inclusion(e["index"], size)]}
        for e in entries["entries"][:size]
    ]
    early = {"checkpoint": world.log.checkpoint(size, 1), "entries": kept}
    part = Part("log/entries.json", "entries", jcs(entries | early))
    report = verify_paths([world.bundle(tmp_path / "case.zip", **{**cut, "log/entries.json": part})], trust)
    assert "close-root" in codes(report)

    opens = {"opens_at": "2027-01-01T00:00:00.000Z"}
    later = Part("lot/keyset.json", "keyset", jcs(world.keyset | opens))
    assert "deadline-time" in codes(
        verify_paths([world.bundle(tmp_path / "case.zip", **{"lot/keyset.json": later})], trust)
    )
    rehearsal = world.bundle(tmp_path / "case.zip", rehearsal=True, **{"lot/keyset.json": later})
    report = verify_paths([rehearsal], trust)
    assert "deadline-time" in codes(report, Verdict.UNCHECKED)

    rootless = tmp_path / "rootless.json"
    rootless.write_bytes(jcs({**world.trust_json, "licence_roots": []}))
    report = verify_paths([world.bundle(tmp_path / "case.zip")], rootless)
    assert {"licence-roots", "contributor"} <= codes(report, Verdict.UNCHECKED)


def test_a_contributors_certificate_of_somebody_else_is_found(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    draws, pool = DrawWorld(), pool_of(people(9))
    draws.log = world.log
    raw = draws.spec("order/1", {"seats": None}, {"pool": pool})
    for contributor in raw["contributors"]:
        contributor["org"] = "91110000802100433B"
    transcript = draws.play(raw, {"pool": pool})
    added = {
        "draws/d-2/transcript.json": Part("draws/d-2/transcript.json", "transcript", jcs(transcript)),
        "draws/d-2/pool.json": Part("draws/d-2/pool.json", "pool", jcs(pool)),
    }
    report = verify_paths([world.bundle(tmp_path / "case.zip", **added)], trust)

    assert "contributor" in codes(report)


def test_only_the_platform_signs_a_bundle(world: CaseWorld, trust: Path, tmp_path: Path, monkeypatch) -> None:
    stranger = LogWorld("log.example/stranger")
    for sign in (
        lambda typ, payload: stranger.sign(typ, payload),
        lambda typ, payload: world.log.sign("otp-receipt+jws", payload),
        lambda typ, payload: world.log.sign(typ, {**payload, "manifest": "x"}),
        lambda typ, payload: "说明",
    ):
        monkeypatch.setattr(world, "sign", sign)
        assert codes(verify_paths([world.bundle(tmp_path / "case.zip")], trust)) == {"bundle-signature"}


# Files on their own


def extracted(world: CaseWorld, folder: Path, *names: str) -> list[Path]:
    paths = []
    for name in names:
        paths.append(folder / name.replace("/", "-"))
        paths[-1].write_bytes(world.parts[name].content)
    return paths


def test_a_draw_is_replayed_from_transcript_and_pool_alone(
    world: CaseWorld, trust: Path, tmp_path: Path, capsys
) -> None:
    transcript, pool = extracted(world, tmp_path, "draws/d-1/transcript.json", "draws/d-1/pool.json")

    assert main([str(transcript), str(pool)]) == 0
    told = capsys.readouterr().out
    assert "核验成立" in told
    assert "未提供信任文件" in told
    assert main([str(transcript), str(pool), "--trust", str(trust)]) == 0
    assert main([str(transcript)]) == 1
    assert main([str(pool)]) == 1
    assert main([str(tmp_path)]) == 0
    pool.write_bytes(pool.read_bytes().replace(b"local", b"other", 1))
    capsys.readouterr()
    assert main([str(transcript), str(pool), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["ok"]
    assert [check["code"] for check in report["checks"] if check["verdict"] == "failed"] == ["pool-root"]


def test_several_draws_find_their_pools(world: CaseWorld, tmp_path: Path) -> None:
    paths = extracted(world, tmp_path, "draws/d-1/transcript.json", "draws/d-1/pool.json")
    _, pool, transcript = world_of("order/1", {"seats": None}, size=9)
    for name, value in (("t2.json", transcript), ("p2.json", pool)):
        (tmp_path / name).write_bytes(jcs(value))
        paths.append(tmp_path / name)

    report = verify_paths(paths)
    assert report.ok
    assert sum(check.code == "draw" for check in report.checks) == 2
    (tmp_path / "p3.json").write_bytes(b"[5]")
    assert "pool" in codes(verify_paths([*paths, tmp_path / "p3.json"]), Verdict.UNCHECKED)
    assert "pool-missing" in codes(verify_paths([*paths[:3], tmp_path / "p3.json"]))


def test_receipts_checkpoints_and_envelopes_on_their_own(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    receipt, head, form = extracted(world, tmp_path, "bids/p0/receipt.json", "lot/deadline.note", "bids/p0/form.sbe")

    assert verify_paths([receipt, head, form], trust).ok
    assert verify_paths([receipt, trust]).ok
    assert codes(verify_paths([receipt])) == {"trust-missing"}
    assert "checkpoint-signature" in codes(verify_paths([head]), Verdict.UNCHECKED)
    assert "envelope-key" in codes(verify_paths([form]), Verdict.UNCHECKED)
    receipt.write_bytes(receipt.read_bytes().replace(b'"index":', b'"index":1', 1))
    assert codes(verify_paths([receipt], trust)) == {"inclusion"}
    receipt.write_bytes(receipt.read_bytes() + b"\n")
    assert codes(verify_paths([receipt], trust)) == {"json-profile"}
    form.write_bytes(form.read_bytes()[:-1])
    assert codes(verify_paths([form])) == {"truncated"}
    form.write_bytes(b"\x89SBE1\r\n\x1b")
    assert codes(verify_paths([form])) == {"magic"}


def test_log_proofs_on_their_own(world: CaseWorld, trust: Path, tmp_path: Path) -> None:
    log, path = world.log, tmp_path / "proof.json"
    entry, detail = log.entries[3]
    inclusion = {
        "v": 1, "type": "log.inclusion", "entry": entry.as_json(), "detail": detail, "index": 3, "size": len(log.log),
        "path": [b64u_encode(h) for h in log.log.inclusion(3)], "checkpoint": log.checkpoint(witnesses=1),
    }  # fmt: skip
    consistency = {
        "v": 1, "type": "log.consistency", "path": [b64u_encode(h) for h in log.log.consistency(5)],
        "old": log.checkpoint(5, 1), "new": log.checkpoint(witnesses=1),
    }  # fmt: skip

    def check(value: Any, given: Path | None = trust) -> Report:
        path.write_bytes(jcs(value))
        return verify_paths([path], given)

    assert check(inclusion).ok
    assert check({**inclusion, "detail": None}).ok
    assert check(consistency).ok
    assert "checkpoint-signature" in codes(check(inclusion, None), Verdict.UNCHECKED)
    for change, code in (
        ({"index": 4}, "inclusion"), ({"detail": {}}, "entry-digest"), ({"size": 1}, "checkpoint-size"),
        ({"path": 1}, "inclusion"), ({"checkpoint": "x"}, "checkpoint-format"),
        ({"checkpoint": 7}, "checkpoint-format"),
        ({"v": 2}, "not-canonical"), ({"more": 1}, "not-canonical"), ({"entry": {}}, "entry-digest"),
    ):  # fmt: skip
        assert codes(check({**inclusion, **change})) == {code}, change
    for change, code in (
        ({"path": []}, "consistency"), ({"old": consistency["new"], "new": consistency["old"]}, "consistency"),
        ({"path": "x"}, "inclusion"), ({"old": None}, "checkpoint-format"),
    ):  # fmt: skip
        assert codes(check({**consistency, **change})) == {code}, change


def test_what_it_cannot_read_or_does_not_know_fails_without_a_traceback(tmp_path: Path, capsys) -> None:
    cases = {
        "letter.txt": b"hello", "empty": b"", "page.pdf": b"%PDF-1.7", "odd.json": b'{"type":5}', "list.json": b"5",
        "broken.json": b"{", "number.json": b'{"type":"x"}', "not.zip": b"not a zip",
        "proof.json": b'{"type":"log.inclusion"}',
        "cut.zip": b"PK\x03\x04",
        "trust.json": b'{"type":"trust"}',
    }  # fmt: skip
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        assert main([str(tmp_path / name)]) == 1, name
    assert main([str(tmp_path / "nowhere.json")]) == 1
    assert main([str(tmp_path / "letter.txt"), "--trust", str(tmp_path / "nowhere")]) == 1
    assert main([str(tmp_path / "letter.txt"), "--trust", str(tmp_path / "letter.txt")]) == 1
    (tmp_path / "folder").mkdir()
    assert main([str(tmp_path / "folder")]) == 1
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert "不认识的文件" in told.out


def test_only_pure_modules_are_imported() -> None:
    """From a clean interpreter: neither database, nor web framework, nor network client, nor anything else of ours."""
    program = (
        "import sys; import portal.verify as v; code = v.main(['/nonexistent']); "
        "print(code, *sorted(sys.modules), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.split("\n")
    loaded = set(lines)

    assert "1" in lines
    for name in ("sqlalchemy", "asyncpg", "litestar", "httpx", "arq", "redis", "jinja2", "uvicorn", "alembic", "rich"):
        assert name not in loaded
    own = {name for name in loaded if name.split(".")[0] in ("kernel", "trading", "bidding", "experts", "supervision")}
    allowed = ("kernel.canonical", "kernel.codes", "kernel.crypto", "kernel.log", "kernel.draw", "bidding.envelope")
    extra = {"kernel", "bidding", "bidding.keyset", "bidding.messages", "kernel.timestamps", "kernel.timestamps.token"}
    assert {name for name in own if not name.startswith(allowed)} <= extra
    assert not {"kernel.log.writer", "kernel.log.reader", "kernel.log.models", "kernel.log.sequencer"} & loaded
