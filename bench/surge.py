"""截止前的洪峰：许多投标人在最后一分钟上传真实大小的文件并递交，对照裸 ASGI 落盘

Starts a real platform in a folder of its own, publishes a lot through HTTP and moves the clock to the last minutes.
Then two waves: everybody uploads a small file and submits, some upload a large one and submit it as the next revision.
Heads are real envelopes' for the lot's keyset; chunks are random bytes of a chunk's size, which is all that a platform
without keys can see of them. Before and after each wave the same bytes go to a bare application that writes and syncs.
Nothing here fails because of time: only a conflict, a refusal or a lost receipt does.
"""

import argparse
import asyncio
import contextlib
import hashlib
import io
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from bench import machine
from bench.bare_upload import BareUpload
from bench.bidders import Sent, count_lost, send_round
from bench.crowd import SUITE, Lot, Member, gather, publish, sign_round, stage_of
from bench.wire import Line
from bidding import envelope, keyset, messages
from bidding.vocabulary import CHUNK_OF_SLOT, FILE, FORM
from kernel.canonical import b64u_encode
from kernel.crypto.keys import KeyKind, generate
from portal.demo.client import close_all
from portal.demo.play import CASE
from portal.demo.stage import Stage
from portal.launch import Platform, launched

_MB = 1 << 20
_TAG = 16
#: What every chunk ends with; its beginning is its own.
_NOISE = os.urandom(_MB + _TAG)
_OWN = 64
_WARM = 16


@dataclass(frozen=True, slots=True)
class Paper:
    """A sealed document as it goes over the wire.

    Attributes:
        starts: the first bytes of each chunk; the rest is noise.
    """

    slot: str
    head: bytes
    starts: Sequence[bytes]
    doc: dict[str, Any]

    @property
    def chunk(self) -> int:
        """Bytes of each chunk."""
        return CHUNK_OF_SLOT[self.slot] + _TAG


@dataclass(slots=True)
class Wave:
    """One wave, and what went wrong in it."""

    members: list[Member]
    papers: list[list[Paper]]
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Bytes of chunks."""
        return sum(paper.chunk * len(paper.starts) for papers in self.papers for paper in papers)


def main(argv: list[str]) -> int:
    """Measure and print; 1 if anything was refused or a receipt was lost."""
    parser = argparse.ArgumentParser(prog="sunlit bench surge", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bidders", type=int, default=60, metavar="N", help="同时上传小文件的投标人数，默认 60")
    parser.add_argument("--large", type=int, default=10, metavar="N", help="其中再上传大文件的人数，默认 10")
    parser.add_argument("--small-mb", type=int, default=1, metavar="N", help="小文件大小（MB），默认 1")
    parser.add_argument("--large-mb", type=int, default=20, metavar="N", help="大文件大小（MB），默认 20")
    parser.add_argument(
        "--seconds-left", type=int, default=60, metavar="N", help="大文件开始时距截止的秒数，小文件两倍，默认 60"
    )
    arguments = parser.parse_args(argv)
    if not 0 < arguments.large <= arguments.bidders:
        parser.error("大文件人数应为 1 至投标人数")
    with tempfile.TemporaryDirectory(prefix="sunlit-bench-") as folder:
        return asyncio.run(_measure(Path(folder), arguments))


async def _measure(folder: Path, arguments: argparse.Namespace) -> int:
    was_busy, load = machine.is_busy(), machine.load()
    async with launched(folder / "home", rehearsal=True, say=_say) as platform:
        stage = stage_of(platform, CASE)
        try:
            _say(f"发布标段，准备 {arguments.bidders} 名投标人")
            lot = await platform.unless_ended(publish(stage))
            visitor = stage.person("visitor", "访客")
            document = (await visitor.get(f"/api/v1/lots/{lot.id}/keyset"))["keyset"]
            members = await gather(platform, lot, arguments.bidders)
            waves: list[dict[str, Any]] = []
            sent: list[Sent] = []
            for size_mb, count in ((arguments.small_mb, arguments.bidders), (arguments.large_mb, arguments.large)):
                if not waves:  # connections and their prepared statements, which a running platform has
                    await _everybody(lot, _prepare(lot, document, members[:_WARM], CHUNK_OF_SLOT[FILE]))
                wave = _prepare(lot, document, members[:count], size_mb * _MB)
                left = arguments.seconds_left * (2 - len(waves))  # the large files are the last
                await _last_minute(stage, platform, lot, left)
                told, got = await platform.unless_ended(_run(platform, folder / f"bare-{size_mb}", lot, wave))
                waves.append({"file_mb": size_mb, "bidders": count} | told)
                sent += got
            lost = await count_lost(await visitor.get("/api/v1/trust"), sent)
        finally:
            await close_all(stage.people.values())
    report = {"waves": waves, "lost": lost, "load_before": round(load, 2), "machine": machine.described()}
    print(json.dumps(report | {"judged": not was_busy}, ensure_ascii=False, indent=1))
    return 1 if lost or any(wave["faults"] for wave in waves) else 0


def _prepare(lot: Lot, document: dict[str, Any], members: Sequence[Member], size: int) -> Wave:
    """Make everybody's heads, and know the digests of their chunks."""
    trustees, person = keyset.trustee_keys(document), generate(KeyKind.P256).public
    made = []
    for member in members:
        papers = [
            _paper(lot, document, trustees, person, member, slot, count)
            for slot, count in ((FORM, 1), (FILE, max(1, size // CHUNK_OF_SLOT[FILE])))
        ]
        member.docs = [paper.doc for paper in papers]
        made.append(papers)
    return Wave(list(members), made)


def _paper(
    lot: Lot, document: dict[str, Any], trustees: Any, person: Any, member: Member, slot: str, count: int
) -> Paper:
    core = {
        "suite": document["suite"],
        "tender": lot.tender,
        "lot": lot.number,
        "slot": slot,
        "bidder": member.pseudonym,
        "ks": lot.ks,
        "chunk": CHUNK_OF_SLOT[slot],
    }
    out, policy = io.BytesIO(), document["policy"]
    people = [] if policy == "trustees" else [("hpke-p256", person)]
    envelope.seal(core, policy, people, trustees, document["k"] or None, 1, io.BytesIO(b"x"), out)
    head = envelope.read_head(io.BytesIO(out.getvalue()))
    starts, chunk = [os.urandom(_OWN) for _ in range(count)], CHUNK_OF_SLOT[slot] + _TAG
    leaves = []
    for start in starts:
        hashed = hashlib.sha256(b"\x00" + start)
        hashed.update(memoryview(_NOISE)[_OWN:chunk])
        leaves.append(hashed.digest())
    eid = envelope.envelope_id(SUITE, head.digest, leaves)
    return Paper(slot, head.raw, starts, messages.document(slot, eid, count, len(head.raw) + chunk * count))


async def _last_minute(stage: Stage, platform: Platform, lot: Lot, seconds: int) -> None:
    """Move the clock forward to so many seconds before the deadline."""
    owner = await asyncpg.connect(platform.settings.database_owner_url.reveal())
    try:
        deadline = await owner.fetchval("SELECT deadline FROM trading_lot WHERE id = $1", lot.id)
    finally:
        await owner.close()
    local = (deadline - timedelta(seconds=seconds)).astimezone(ZoneInfo("Asia/Shanghai"))
    await stage.clock_to(f"{local:%Y-%m-%d %H:%M:%S}")


async def _run(platform: Platform, folder: Path, lot: Lot, wave: Wave) -> tuple[dict[str, Any], list[Sent]]:
    pids = platform.supervisor.pids()
    web, watched = pids["web"], [pids["web"], pids["postgres"]]
    mb = wave.total / _MB
    async with BareUpload(folder) as bare:
        bare_rates = [await _bare(bare, wave)]
        before, peak = machine.memory_mib(web), [0.0]
        async with _watching(web, peak):
            cpu, begun = machine.cpu_seconds(watched), _now()
            await _everybody(lot, wave)
            uploaded = _now() - begun
            cpu = machine.cpu_seconds(watched) - cpu
            sent = await send_round(sign_round(wave.members, lot))
            ended = _now() - begun
        bare_rates.append(await _bare(bare, wave))
    wave.faults += [one.fault for one in sent if one.fault]
    rate, bare_rate = mb / uploaded, statistics.mean(rate for rate, _ in bare_rates)
    told = {
        "mb": round(mb, 1),
        "mb_per_s": round(rate, 1),
        "bare_mb_per_s": round(bare_rate, 1),
        "share_by_rate": round(rate / bare_rate, 3),
        "cpu_ms_per_mb": round(1000 * cpu / mb, 2),
        "bare_cpu_ms_per_mb": round(statistics.mean(cost for _, cost in bare_rates), 2),
        "uploaded_s": round(uploaded, 2),
        "last_receipt_s": round(ended, 2),
        "web_mib_before": round(before, 1),
        "web_mib_peak": round(peak[0], 1),
        "web_mib_after": round(machine.memory_mib(web), 1),
        "faults": sorted(wave.faults),
    }
    _say(f"{told['mb']} MB：{told['mb_per_s']} MB/秒，裸落盘 {told['bare_mb_per_s']} MB/秒")
    return told, sent


@contextlib.asynccontextmanager
async def _watching(pid: int, peak: list[float]) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            peak[0] = max(peak[0], machine.memory_mib(pid))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


async def _everybody(lot: Lot, wave: Wave) -> None:
    async def one(member: Member, papers: Sequence[Paper]) -> None:
        for paper in papers:
            body = {"lot": str(lot.id), "slot": paper.slot, "header": b64u_encode(paper.head)}
            status, told = await member.line.ask(member.posted("/api/v1/uploads", body | {"chunks": len(paper.starts)}))
            if status != 201:
                wave.faults.append(f"upload {status}")
                return
            upload = json.loads(told)["id"]
            for j, start in enumerate(paper.starts):
                status, told = await member.line.ask(
                    _chunk(member, f"/api/v1/uploads/{upload}/chunks/{j}", paper, start)
                )
                if status != 200:
                    wave.faults.append(f"chunk {status}")

    await asyncio.gather(*(one(*pair) for pair in zip(wave.members, wave.papers, strict=True)))


async def _bare(bare: BareUpload, wave: Wave) -> tuple[float, float]:
    """Send the same bytes; return MB per second and CPU ms per MB."""
    lines = [Line(bare.url) for _ in wave.members]

    async def one(line: Line, member: Member, papers: Sequence[Paper]) -> None:
        for paper in papers:
            for start in paper.starts:
                await line.ask(_chunk(replace(member, line=line), "/", paper, start))
        await line.close()

    cpu, begun = machine.cpu_seconds([bare.pid]), _now()
    await asyncio.gather(*(one(*three) for three in zip(lines, wave.members, wave.papers, strict=True)))
    taken, mb = _now() - begun, wave.total / _MB
    return mb / taken, 1000 * (machine.cpu_seconds([bare.pid]) - cpu) / mb


def _chunk(member: Member, path: str, paper: Paper, start: bytes) -> list[bytes | memoryview]:
    told = {"content-length": str(paper.chunk), "x-csrf-token": member.token}
    return [member.line.prepared("PUT", path, b"", told), start, memoryview(_NOISE)[_OWN : paper.chunk]]


def _now() -> float:
    return asyncio.get_running_loop().time()


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
