"""解密投标文件：逐份核验、解密、落盘的速率，对照单流 AES-GCM 解密写盘

Seals one file into as many envelopes as bids are asked for, each with bytes of its own, and keeps the chunks in a local
store. Round by round the platform's own `decrypt` (digest of every chunk, tags, framing, id, digest of the plaintext,
quarantine, write-once store) opens all of them, as many at a time as the worker does, and in turn the same chunks are
read, decrypted by AES-256-GCM and written in one stream, without any check but the tag; both sync what they wrote to
disk.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bidding import envelope
from bidding.combining import _AT_ONCE
from bidding.decryption import Plaintext, decrypt
from bidding.envelope.format import chunk_nonce, payload_key
from bidding.envelopes import SealedDocument
from bidding.vocabulary import CHUNK_OF_SLOT, FILE
from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.crypto.keys import KeyKind, generate
from kernel.files.store import local_store

SUITE = suite("intl-1")
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope in the store, with its key."""

    document: SealedDocument
    key: bytes


def main(argv: list[str]) -> int:
    """Measure and print; 1 if a bid did not open."""
    parser = argparse.ArgumentParser(prog="sunlit bench unseal", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bids", type=int, default=10, metavar="N", help="投标文件份数，默认 10")
    parser.add_argument("--size-mb", type=int, default=20, metavar="N", help="每份大小（MB），默认 20")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="轮数，默认 5")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="sunlit-bench-") as folder:
        return asyncio.run(_measure(Path(folder), arguments))


async def _measure(folder: Path, arguments: argparse.Namespace) -> int:
    was_busy, load = machine.is_busy(), machine.load()
    size = arguments.size_mb * _MB
    sealed = [_seal(folder / "store", size) for _ in range(arguments.bids)]
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    faults = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(arguments.rounds + 1):  # the first warms both sides up and does not count
        shutil.rmtree(folder / "store" / "content", ignore_errors=True)
        wall, cpu = time.perf_counter(), time.process_time()
        faults += await _ours(folder / "store", sealed)
        ours.append((time.perf_counter() - wall, time.process_time() - cpu))
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.to_thread(_stream, folder, sealed)
        theirs.append((time.perf_counter() - wall, time.process_time() - cpu))
        print(f"· 第 {number} 轮：{ours[-1][0]:.2f} 秒，单流 {theirs[-1][0]:.2f} 秒", file=sys.stderr)
    total = arguments.bids * size / _MB
    told = {
        "ours_mb_per_s": round(statistics.median(total / wall for wall, _ in ours[1:]), 1),
        "stream_mb_per_s": round(statistics.median(total / wall for wall, _ in theirs[1:]), 1),
        "rate_ratio": round(statistics.median(b[0] / a[0] for a, b in zip(ours[1:], theirs[1:], strict=True)), 3),
        "ours_mb_per_cpu_s": round(statistics.median(total / cpu for _, cpu in ours[1:]), 1),
        "stream_mb_per_cpu_s": round(statistics.median(total / cpu for _, cpu in theirs[1:]), 1),
        "rss_before_mib": before // 1024,
        "rss_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "faults": faults,
        "bids": arguments.bids,
        "size_mb": arguments.size_mb,
        "rounds": arguments.rounds,
        "load_before": round(load, 2),
        "machine": machine.described(),
        "judged": not was_busy,
    }
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 1 if faults else 0


def _seal(store: Path, size: int) -> Sealed:
    """Seal random bytes and lay the chunks into the store's folder, one object each."""
    person = generate(KeyKind.P256).public
    core: dict[str, Any] = {
        "suite": SUITE.id,
        "tender": "BENCH",
        "lot": "001",
        "slot": FILE,
        "bidder": b64u_encode(os.urandom(16)),
        "ks": b64u_encode(os.urandom(32)),
        "chunk": CHUNK_OF_SLOT[FILE],
    }
    out = io.BytesIO()
    eid, key = envelope.seal(core, "bidder", [("hpke-p256", person)], [], None, size, _Random(size), out)
    raw = out.getbuffer()
    head = envelope.read_head(io.BytesIO(raw[: 1 << 16]))
    leaves, names = [], []
    for at in range(len(head.raw), len(raw), head.sealed_chunk):
        piece, name = raw[at : at + head.sealed_chunk], f"sealed/{uuid.uuid4().hex}"
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(piece)
        hashed = hashlib.sha256(b"\x00")
        hashed.update(piece)
        leaves.append(hashed.digest())
        names.append(name)
    document = SealedDocument(
        bid_id=uuid.uuid4(),
        lot_id=uuid.uuid4(),
        bidder=core["bidder"],
        submission=bytes(32),
        slot=FILE,
        eid=eid,
        size=len(raw),
        raw_head=head.raw,
        leaves=tuple(leaves),
        objects=tuple(names),
    )
    return Sealed(document, key)


class _Random(io.RawIOBase):
    """So many random bytes."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, n: int = -1, /) -> bytes:
        taken = self._left if n < 0 else min(n, self._left)
        self._left -= taken
        return os.urandom(taken)


async def _ours(folder: Path, sealed: Sequence[Sealed]) -> int:
    store, gate = local_store(folder), asyncio.Semaphore(_AT_ONCE)

    async def one(bid: Sealed) -> bool:
        async with gate:
            return isinstance(await decrypt(store, bid.document, bid.key), Plaintext)

    return (await asyncio.gather(*(one(bid) for bid in sealed))).count(False)


def _stream(folder: Path, sealed: Sequence[Sealed]) -> None:
    """Read, decrypt, write: one chunk after the other."""
    for number, bid in enumerate(sealed):
        head = bid.document.head
        key = payload_key(SUITE, bid.key, head.digest)
        with (folder / f"plain-{number}").open("wb") as out:
            for at, name in enumerate(bid.document.objects):
                piece = (folder / "store" / name).read_bytes()
                out.write(SUITE.aead_open(key, chunk_nonce(at, at + 1 == len(bid.document.objects)), piece))
            out.flush()
            os.fsync(out.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
