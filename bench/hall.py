"""开标大厅：一千名围观者收到同一变化的时间，对照裸 SSE 广播

Starts a real platform in a folder of its own, publishes a lot through HTTP and opens so many event streams of its hall,
from addresses of the loopback network. Then, in turn: a bare SSE fan-out (an own process, `bench.bare_stream`) tells as
many watchers one prepared event; and something public of the lot changes (its stage, in the table, with the
notification that an act would send). Measured is the time until the last watcher has the event.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from bench import machine
from bench.bare_stream import BareStream
from bench.crowd import publish, stage_of
from portal.demo.client import close_all
from portal.demo.play import CASE
from portal.launch import Platform, launched

#: One origin may hold a hundred streams (`kernel.web.streams`); an address of ours holds fewer.
_PER_ADDRESS = 50
_STAGES = ("suspended", "notice_published")


class Watcher(asyncio.Protocol):
    """A browser that watches: it notes when an event came."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._heard = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        """Count the answer's beginning and events; a comment is no event."""
        if not self._heard:
            self._heard = True
            self._crowd.arrived(data)
        if b"event: " in data:
            self._crowd.told()


class Crowd:
    """Many watchers of one address."""

    def __init__(self, url: str, path: str) -> None:
        self._parts = urlsplit(url)
        host = self._parts.netloc
        self.request = f"GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\r\n".encode()
        self._watchers: list[Watcher] = []
        self._missing = 0
        self._here = 0
        self.refused = 0
        self._all: asyncio.Future[float] | None = None

    async def gather(self, count: int) -> None:
        """Open so many streams; wait until each was answered."""
        loop = asyncio.get_running_loop()
        for n in range(count):
            place = (f"127.0.{1 + n // _PER_ADDRESS}.1", 0)
            made = Watcher(self)
            await loop.create_connection(
                lambda made=made: made,  # type: ignore[misc]
                self._parts.hostname or "127.0.0.1",
                self._parts.port or 80,
                local_addr=place,
            )
            self._watchers.append(made)
        async with asyncio.timeout(60):
            while self._here < count:  # noqa: ASYNC110 - counted from callbacks
                await asyncio.sleep(0.05)

    def arrived(self, data: bytes) -> None:
        """Note that one more is there."""
        self._here += 1
        self.refused += b" 200 " not in data[:20]

    def expect(self) -> "asyncio.Future[float]":
        """Return the moment at which everybody has been told."""
        self._missing = len(self._watchers)
        self._all = asyncio.get_running_loop().create_future()
        return self._all

    def told(self) -> None:
        """Note that one more has been told."""
        self._missing -= 1
        if self._missing == 0 and self._all is not None and not self._all.done():
            self._all.set_result(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Everybody goes."""
        for watcher in self._watchers:
            if watcher.transport is not None:
                watcher.transport.abort()


def main(argv: list[str]) -> int:
    """Measure and print; 1 if a watcher was refused or not told."""
    parser = argparse.ArgumentParser(prog="sunlit bench hall", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--watchers", type=int, default=1000, metavar="N", help="围观者人数，默认 1000（每个进程的上限）"
    )
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="轮数，默认 7")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="sunlit-bench-") as folder:
        return asyncio.run(_measure(Path(folder) / "home", arguments))


async def _measure(home: Path, arguments: argparse.Namespace) -> int:
    was_busy, load = machine.is_busy(), machine.load()
    async with launched(home, rehearsal=True, say=_say) as platform:
        stage = stage_of(platform, CASE)
        try:
            lot = await platform.unless_ended(publish(stage))
        finally:
            await close_all(stage.people.values())
        told = await platform.unless_ended(compare(platform, lot.id, arguments.watchers, arguments.rounds))
    told |= {"load_before": round(load, 2), "machine": machine.described(), "judged": not was_busy}
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 1 if told["refused"] else 0


async def compare(platform: Platform, lot: uuid.UUID, count: int, rounds: int) -> dict[str, object]:
    """Gather both crowds and tell them, in turn."""
    owner = await asyncpg.connect(platform.settings.database_owner_url.reveal())
    web = platform.supervisor.pids()["web"]
    ours = Crowd(platform.url, f"/openings/{lot}/events")
    try:
        async with BareStream() as bare:
            theirs = Crowd(bare.url, "/events")
            _say(f"{count} 人入场")
            await ours.gather(count)
            await theirs.gather(count)
            slow: list[tuple[float, float]] = []
            fast: list[tuple[float, float]] = []
            for number in range(rounds + 1):  # the first warms both sides up and does not count
                pair = await _told(theirs, bare.fire, [bare.pid]), await _told(ours, _change(owner, lot, number), [web])
                if number:
                    fast.append(pair[0])
                    slow.append(pair[1])
                _say(f"第 {number} 轮：{pair[1][0]:.3f} 秒，裸广播 {pair[0][0]:.3f} 秒")
            theirs.close()
    finally:
        ours.close()
        await owner.close()
    return {
        "last_ms": _median([1000 * wall for wall, _ in slow]),
        "bare_last_ms": _median([1000 * wall for wall, _ in fast]),
        "times_bare": _median([a[0] / b[0] for a, b in zip(slow, fast, strict=True)]),
        "cpu_us_per_delivery": _median([1e6 * cpu / count for _, cpu in slow]),
        "bare_cpu_us_per_delivery": _median([1e6 * cpu / count for _, cpu in fast]),
        "watchers": count,
        "rounds": rounds,
        "refused": ours.refused,
    }


def _change(owner: asyncpg.Connection, lot: uuid.UUID, number: int):  # type: ignore[no-untyped-def]
    async def act() -> None:
        async with owner.transaction():
            await owner.execute("UPDATE trading_lot SET stage = $2 WHERE id = $1", lot, _STAGES[number % 2])
            await owner.execute("SELECT pg_notify('matter', $1)", str(lot))

    return act


async def _told(crowd: Crowd, act, pids: Sequence[int]) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Return the seconds until the last has been told, and the CPU seconds of the server."""
    everybody, cpu = crowd.expect(), machine.cpu_seconds(pids)
    begun = asyncio.get_running_loop().time()
    await act()
    ended = await asyncio.wait_for(everybody, 60)
    return ended - begun, machine.cpu_seconds(pids) - cpu


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
