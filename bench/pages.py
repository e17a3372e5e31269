"""公开页面：标段与百条名单的每次 CPU，对照执行同样 SQL 的裸 Litestar 处理函数

Starts a real platform in a folder of its own, publishes a lot through HTTP and copies it, so that lists have a hundred
rows. Round by round, the same number of requests goes to a page of ours and to a bare Litestar handler (an own process,
`bench.bare`) that runs the statements which that page was seen to run, and writes the rows down as JSON. No page cache
anywhere. CPU is that of the web process, or of the bare one, and of PostgreSQL; the client is left out.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench import machine
from bench.bare import Bare, seen
from bench.copies import copy_lot
from bench.crowd import publish, stage_of
from bench.wire import Line
from portal.demo.client import close_all
from portal.demo.play import CASE
from portal.launch import Platform, launched

_LINES = 8
#: What a page may cost the web process, in milliseconds, and the least share of the bare handler's pace.
_FLOOR = 0.6


@dataclass(slots=True)
class Page:
    """A page and the bare handler beside it.

    Attributes:
        most_ms: the most CPU of the web process for one request, where a floor is set.
    """

    name: str
    path: str
    most_ms: float | None = None
    html: bool = False
    statements: int = 0
    bytes: int = 0
    bare_bytes: int = 0
    ours: list[tuple[float, float, float]] = field(default_factory=list)
    theirs: list[tuple[float, float, float]] = field(default_factory=list)


def main(argv: list[str]) -> int:
    """Measure and print; 1 if a page answered anything but 200."""
    parser = argparse.ArgumentParser(prog="sunlit bench pages", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=300, metavar="N", help="每轮每页的请求数，默认 300")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="轮数，默认 5")
    parser.add_argument("--rows", type=int, default=100, metavar="N", help="标段与公告各多少，默认 100")
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
        owner = await asyncpg.connect(platform.settings.database_owner_url.reveal())
        await copy_lot(owner, lot.id, arguments.rows)
        await owner.close()
        pages = pages_of(lot.id)
        async with await beside(platform, pages, Path(home).parent) as bare:
            faults = await platform.unless_ended(_rounds(platform, bare, pages, arguments))
    print(_table(pages, arguments, load, was_busy))
    return 1 if faults else 0


def pages_of(lot: uuid.UUID) -> list[Page]:
    """Return what is asked for."""
    return [
        Page("标段，JSON", f"/api/v1/lots/{lot}", 3.0),
        Page("标段，网页", f"/lots/{lot}", html=True),
        Page("百条公告，JSON", "/api/v1/notices?most=100", 8.0),
        Page("百条标段，JSON", "/api/v1/lots?most=100", 8.0),
        Page("公告名单，网页", "/notices", html=True),
    ]


async def beside(platform: Platform, pages: Sequence[Page], folder: Path) -> Bare:
    """Return the bare handlers of the pages' statements."""
    found = await seen(platform.settings, {page.path: _accept(page.html) for page in pages})
    for page in pages:
        page.statements = len(found[page.path])
    return Bare(platform.settings.database_url.reveal(), folder, [found[page.path] for page in pages])


def _accept(html: bool) -> str:
    return "text/html" if html else "application/json"


async def _rounds(platform: Platform, bare: Bare, pages: Sequence[Page], arguments: argparse.Namespace) -> int:
    pids = platform.supervisor.pids()
    faults = 0
    for number in range(arguments.rounds + 1):  # the first warms both sides up and does not count
        for at, page in enumerate(pages):
            page.bytes = await _size(platform.url, page.path, page.html)
            page.bare_bytes = await _size(bare.url, f"/page/{at}", page.html)
            for url, path, pid, kept in (
                (platform.url, page.path, pids["web"], page.ours),
                (bare.url, f"/page/{at}", bare.pid, page.theirs),
            ):
                figures, bad = await _run(url, path, page.html, [pid], [pids["postgres"]], arguments.requests)
                faults += bad
                if number:
                    kept.append(figures)
        _say(f"第 {number} 轮" + ("" if number else "（预热，不计）"))
    return faults


async def _run(
    url: str, path: str, html: bool, app: Sequence[int], postgres: Sequence[int], count: int
) -> tuple[tuple[float, float, float], int]:
    """Return CPU milliseconds of application and database, seconds on the wall, per request, and the wrong answers."""
    lines = [Line(url) for _ in range(_LINES)]
    accept = {"accept": _accept(html)}
    before = machine.cpu_seconds(app), machine.cpu_seconds(postgres)
    clock = asyncio.get_running_loop().time
    begun = clock()
    bad = sum(await asyncio.gather(*(_ask(line, path, accept, count // _LINES) for line in lines)))
    taken = clock() - begun
    after = machine.cpu_seconds(app), machine.cpu_seconds(postgres)
    for line in lines:
        await line.close()
    done = count // _LINES * _LINES
    return (1000 * (after[0] - before[0]) / done, 1000 * (after[1] - before[1]) / done, taken / done), bad


async def _size(url: str, path: str, html: bool) -> int:
    line = Line(url)
    body = (await line.ask(line.prepared("GET", path, headers={"accept": _accept(html)})))[1]
    await line.close()
    return len(body)


async def _ask(line: Line, path: str, accept: dict[str, str], count: int) -> int:
    request = line.prepared("GET", path, headers=accept)
    return sum([(await line.ask(request))[0] != 200 for _ in range(count)])


def _table(pages: Sequence[Page], arguments: argparse.Namespace, load: float, busy: bool) -> str:
    def median(rows: list[tuple[float, float, float]], column: int) -> float:
        return statistics.median(row[column] for row in rows)

    told = []
    for page in pages:
        app, database = median(page.ours, 0), median(page.ours, 1)
        bare_app, bare_database = median(page.theirs, 0), median(page.theirs, 1)
        paces = [(b[0] + b[1]) / max(1e-9, a[0] + a[1]) for a, b in zip(page.ours, page.theirs, strict=True)]
        told.append(
            {
                "page": page.name,
                "statements": page.statements,
                "bytes": page.bytes,
                "bare_bytes": page.bare_bytes,
                "app_ms": round(app, 3),
                "postgres_ms": round(database, 3),
                "bare_app_ms": round(bare_app, 3),
                "bare_postgres_ms": round(bare_database, 3),
                "share_by_cpu": round(statistics.median(paces), 3),
                "share_by_rate": round(median(page.theirs, 2) / median(page.ours, 2), 3),
                "per_s": round(1 / median(page.ours, 2), 1),
                "floor": _FLOOR,
                "most_app_ms": page.most_ms,
            }
        )
    result: dict[str, Any] = {"pages": told, "requests": arguments.requests, "rounds": arguments.rounds}
    result |= {"load_before": round(load, 2), "machine": machine.described(), "judged": not busy}
    words = json.dumps(result, ensure_ascii=False, indent=1)
    return words + ("\n机器正忙：以上数字只供参考，不据此作判断。" if busy else "")


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
