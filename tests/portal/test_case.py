"""The case bundle assembled from a played opening: a stranger's interpreter verifies it, every fault in it is told."""

import asyncio
import io
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from kernel.canonical import b64u_encode, jcs, parse
from kernel.files.library import keep_file
from kernel.identity.actor import system_actor
from kernel.log.writer import record
from kernel.timestamps.asking import StampService
from kernel.timestamps.ordering import STAMPS, StampDesk
from portal.archive import Member, read_archive, write_archive
from portal.case import gather, require_case, write_case
from portal.timestamps import local_timestamper
from portal.verify import Report, Verdict, verify_paths
from tests.kernel.test_drawbook import Play as DrawPlay
from tests.worlds.bidding_world import BiddingWorld, uscc

ROOT = Path(__file__).parents[2]
PRICES = ("2986400.00", "3051200.00", "2945000.00")
PDF = b"%PDF-1.7 the opening record"


@pytest.fixture
async def bw(world) -> BiddingWorld:
    made = BiddingWorld(world)
    root = made.authority.root
    world.services.trust["licence_roots"] = [root.public_bytes(Encoding.PEM).decode()]
    stamper = local_timestamper(world.folder / "stamps", made.authority)
    world.services.plugins[STAMPS] = StampDesk(StampService(stamper, [root]))
    return made


async def play(bw: BiddingWorld) -> list:
    """Three bids that are opened, one of them replaced before; a fourth withdrawn; one paper sealed; one draw."""
    await bw.open_for_bids()
    bidders = []
    for n, price in enumerate((*PRICES, "1.00"), 1):
        bidder = await bw.bidder(n)
        await bw.submit(bidder, price=price)
        bidders.append(bidder)
    await bw.submit(bidders[0], price="2900000.00")
    await bw.withdraw(bidders.pop())
    await bw.close()
    for bidder in bidders:
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code == 200
    await bw.world.settle()
    async with bw.db.begin() as tx:
        kept = {"name": "开标记录.pdf", "media_type": "application/pdf", "access": "public", "subject": bw.lot_id}
        file = await keep_file(tx, bw.world.services.files, PDF, **kept)
        facts = {"sha256": b64u_encode(file.digest)}
        await record(tx, system_actor(), "seal.used", facts, subject=bw.lot_id, visibility="public")
        await DrawPlay(subject=bw.lot_id).play(tx)
    return bidders


async def award(bw: BiddingWorld) -> None:
    """The lot is awarded, as far as the case asks; the rest of the road is tested elsewhere."""
    async with bw.db.begin() as tx:
        await tx.session.execute(text("UPDATE trading_lot SET stage = 'awarded' WHERE id = :lot"), {"lot": bw.lot_id})
    await bw.world.settle()


async def supervised(bw: BiddingWorld) -> bytes:
    client = await bw.staff("watch", "supervisor", code=uscc(700_001), organisation="监督机构")
    answer = await client.get(f"/s/lots/{bw.lot_id}/bundle.zip")
    assert answer.status_code == 200, answer.text
    return answer.content


async def download(bw: BiddingWorld) -> bytes:
    answer = await bw.world.client().get(f"/lots/{bw.lot_id}/bundle.zip")
    assert answer.status_code == 200, answer.text
    return answer.content


def verified(tmp_path: Path, data: bytes, trust: object) -> Report:
    file, trusted = tmp_path / f"{uuid.uuid4().hex}.zip", tmp_path / "trust.json"
    file.write_bytes(data)
    trusted.write_bytes(jcs(trust))
    return verify_paths([file], trusted)


def codes(report: Report, verdict: Verdict = Verdict.HELD) -> set[str]:
    return {check.code for check in report.checks if check.verdict is verdict}


async def test_a_stranger_verifies_the_case_of_an_awarded_lot(bw, tmp_path):
    bidders = await play(bw)
    await award(bw)
    await bw.world.services.plugins[STAMPS].begin(bw.db)
    await bw.world.settle()
    data = await download(bw)
    trust = bw.world.services.trust

    report = verified(tmp_path, data, trust)

    assert not report.failures, "\n".join(report.lines())
    assert {"bundle", "bundle-signature", "entries", "receipt", "keyset-logged", "close-root"} <= codes(report)
    assert {"bid-in-time", "submission-logged", "submission-keyset"} <= codes(report)
    assert {"envelope-sealed", "opening-logged", "bid-missing", "form", "document", "consistency"} <= codes(report)
    assert {"draw", "draw-result"} <= codes(report)
    # The deadline checkpoint's stamp, and one for each receipt, whose proofs lead to the first stamped checkpoint.
    assert sum(check.code == "timestamp" for check in report.checks) == 1 + len(bidders)
    assert "deadline-timestamp" in codes(report) | codes(report, Verdict.UNCHECKED)
    assert "timestamp-none" not in codes(report, Verdict.UNCHECKED)
    assert sum(check.code == "form" for check in report.checks) == len(bidders)
    told = "".join(f"{check.text}{check.where}" for check in report.checks)
    assert all(bidder.pseudonym in told for bidder in bidders)

    # The same with nothing but the file, as a visitor's own interpreter runs it: consistent, and no more than that.
    (tmp_path / "case.zip").write_bytes(data)
    words = [sys.executable, "-P", "-m", "portal.cli", "verify", str(tmp_path / "case.zip")]
    clean = {"PYTHONPATH": str(ROOT), "PATH": ""}
    apart = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, env=clean, capture_output=True, check=False)
    assert apart.returncode == 3, apart.stdout.decode() + apart.stderr.decode()
    given = [*words, "--trust", str(tmp_path / "trust.json")]
    apart = await asyncio.to_thread(subprocess.run, given, cwd=ROOT, env=clean, capture_output=True, check=False)
    assert apart.returncode == 0, apart.stdout.decode() + apart.stderr.decode()


async def test_what_is_not_public_stays_out(bw):
    """Releases and shares are signed over all slots: with them anybody could open the files of the bids."""
    bidders = await play(bw)
    await award(bw)

    with zipfile.ZipFile(io.BytesIO(await download(bw))) as archive:
        names = archive.namelist()
        entries = parse(archive.read("log/entries.json"))["entries"]
        readme = archive.read("readme.txt").decode()

    assert not [name for name in names if "release" in name or name.startswith("trustees/")]
    assert [name for name in names if name.endswith(".sbe")] == [f"bids/{no}/form.sbe" for no in (1, 2, 3)]
    sealed = [row for row in entries if row.get("entry", {}).get("type") in ("bid.accepted", "bid.withdrawn")]
    assert len(sealed) == 6
    assert not any("detail" in row for row in sealed)
    assert "./sunlit verify" in readme
    assert "trustees/" not in readme
    assert all(len(row) == 3 for row in entries if "leaf" in row)
    assert len(bidders) == 3


async def test_supervision_gets_releases_and_shares_and_they_are_verified(bw, tmp_path):
    await play(bw)

    report = verified(tmp_path, await supervised(bw), bw.world.services.trust)

    assert not report.failures, "\n".join(report.lines())
    assert {"bidder-secret", "share-commit", "signature"} <= codes(report)
    assert sum(check.code == "share-commit" for check in report.checks) == 9
    assert sum(check.code == "bidder-secret" for check in report.checks) == 3
    stranger = await bw.world.client().get(f"/s/lots/{bw.lot_id}/bundle.zip")
    assert stranger.status_code in (401, 403)


async def test_before_the_award_there_is_no_case(bw):
    await bw.open_for_bids()
    client, address = bw.world.client(), f"/lots/{bw.lot_id}/bundle.zip"
    json = {"accept": "application/json"}

    early = await client.get(address, headers=json)
    unknown = await client.get(f"/lots/{uuid.uuid4()}/bundle.zip", headers=json)

    assert (early.status_code, early.json()["code"]) == (409, "too-early")
    assert "定标后公布" in early.json()["detail"]
    assert unknown.status_code == 404
    watch = await bw.staff("watch", "supervisor", code=uscc(700_001), organisation="监督机构")
    assert (await watch.get(f"/s{address}", headers=json)).status_code == 409


async def test_a_case_is_assembled_once_and_again_when_the_log_has_more(bw, tmp_path):
    await play(bw)
    await award(bw)
    first, second = await download(bw), await download(bw)
    async with bw.db.begin() as tx:
        await record(tx, system_actor(), "result.published", {"winner": ""}, subject=bw.lot_id, visibility="public")
    await bw.world.settle()
    third = await download(bw)

    assert first == second
    assert len(third) > len(first)
    assert verified(tmp_path, third, bw.world.services.trust).ok


async def test_any_changed_byte_is_told_with_its_place(bw, tmp_path):
    await play(bw)
    await award(bw)
    data, trust = await download(bw), bw.world.services.trust
    members = read_archive(io.BytesIO(data))
    positions = {0, len(data) - 1, *range(7, len(data), len(data) // 60)}
    for member in members:  # header, first and last byte of each
        positions |= {member.header + 5, member.start, member.start + member.size - 1}

    for at in sorted(positions):
        changed = bytearray(data)
        changed[at] ^= 0x20
        report = verified(tmp_path, bytes(changed), trust)
        assert not report.ok, at
        assert report.failures, at
        inside = [member.name for member in members if member.start <= at < member.start + member.size]
        told = "".join(f"{check.where}{check.text}{check.reason}" for check in report.failures)
        assert all(name in told for name in inside), (at, inside, told)


async def test_left_out_or_swapped_members_are_told(bw, tmp_path):
    await play(bw)
    await award(bw)
    data, trust = await download(bw), bw.world.services.trust
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}

    def packed(chosen: dict[str, bytes]) -> Report:
        out = io.BytesIO()
        write_archive(out, [Member(name, content) for name, content in chosen.items()])
        return verified(tmp_path, out.getvalue(), trust)

    assert packed(contents).ok
    for name in contents:
        report = packed({other: content for other, content in contents.items() if other != name})
        assert codes(report, Verdict.FAILED) == {"bundle-manifest"}, name
    swapped = {**contents, "bids/1/form.sbe": contents["bids/2/form.sbe"]}
    swapped["bids/2/form.sbe"] = contents["bids/1/form.sbe"]
    report = packed(swapped)
    assert codes(report, Verdict.FAILED) == {"bundle-member"}
    assert "bids/1/form.sbe" in report.failures[0].where


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ("drop close row", "close-root"),
        ("other table", "opening-logged"),
        ("drop envelope", "envelope-missing"),
        ("swap envelopes", "envelope-sealed"),
        ("drop proofs", "consistency"),
        ("drop bid", "bid-missing"),
        ("other paper", "document-unlogged"),
        ("drop draw", "draw-missing"),
    ],
)
async def test_a_platform_that_signs_a_false_case_is_found_out(bw, tmp_path, edit, code):
    """The manifest is rebuilt and signed with the platform's own key: only the log and the bidders stand against it."""
    await play(bw)
    await award(bw)
    services = bw.world.services
    async with bw.db.begin_read_only() as tx:
        gathered = await gather(tx, services, await require_case(tx, bw.lot_id))
    parts = {part.name: part for part in gathered.parts}

    def put(name: str, content: bytes) -> None:
        parts[name] = type(parts[name])(name, parts[name].kind, content)

    def rows(name: str) -> dict:
        return parse(parts[name].content)

    match edit:
        case "drop close row":
            close = rows("lot/close.json")
            put("lot/close.json", jcs({**close, "rows": close["rows"][1:]}))
        case "other table":
            table = rows("lot/opening.json")
            table["rows"][0]["name"] = "另一家公司"
            put("lot/opening.json", jcs(table))
        case "drop envelope":
            del parts["bids/2/form.sbe"]
        case "swap envelopes":
            put("bids/2/form.sbe", parts["bids/1/form.sbe"].content[:-1] + b"\0")
        case "drop proofs":
            put("log/consistency.json", jcs({**rows("log/consistency.json"), "proofs": []}))
        case "drop bid":
            table = rows("lot/opening.json")
            put("lot/opening.json", jcs({**table, "rows": table["rows"][1:]}))
        case "drop draw":
            parts = {name: part for name, part in parts.items() if not name.startswith("draws/")}
        case "other paper":
            put("documents/01.pdf", PDF + b" improved")
    path = tmp_path / "false.zip"
    write_case(type(gathered)(gathered.lot, tuple(parts.values()), gathered.made_at, True), services, path)

    report = verified(tmp_path, path.read_bytes(), services.trust)

    assert code in codes(report, Verdict.FAILED), "\n".join(report.lines())
