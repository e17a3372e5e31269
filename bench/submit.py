"""递交投标：截止前并发递交的速率与 CPU，对照同样几行数据的裸写入

Starts a real platform in a folder of its own and publishes a lot through HTTP. Then rounds: every bidder submits the
next revision at the same moment, and in turn the same rows are written by bare asyncpg. CPU is that of the web process
and of PostgreSQL with its backends (for us that includes what the log's sequencer makes them do); the client is left
out, although it shares the cores. Nothing here fails because of time: only a conflict or a lost receipt does.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench import machine
from bench.bidders import Sent, count_lost, send_round
from bench.crowd import Lot, Member, gather, publish, sign_round, stage_of
from bench.raw_inserts import CONNECTIONS, RawInserts
from portal.demo.client import close_all
from portal.demo.play import CASE
from portal.launch import Platform, launched

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one side.

    Attributes:
        answered_s: until the last answer; `receipted_s` until the last receipt.
        cpu_ms: per submission; `app_ms` the web process's share.
    """

    answered_s: float
    receipted_s: float
    cpu_ms: float
    app_ms: float


def main(argv: list[str]) -> int:
    """Measure and print; 1 if a submission met a conflict or lost its receipt."""
    parser = argparse.ArgumentParser(prog="sunlit bench submit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bidders", type=int, default=100, metavar="N", help="同时递交的投标人数，默认 100")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="轮数，至少 5，默认 10")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 5 or arguments.bidders < 1:
        parser.error("至少 5 轮、1 名投标人")
    with tempfile.TemporaryDirectory(prefix="sunlit-bench-") as folder:
        return asyncio.run(_measure(Path(folder) / "home", arguments))


async def _measure(home: Path, arguments: argparse.Namespace) -> int:
    was_busy, load = machine.is_busy(), machine.load()
    async with launched(home, rehearsal=True, say=_say) as platform:
        stage = stage_of(platform, CASE)
        raw = RawInserts(platform.settings.database_owner_url.reveal(), platform.settings.database_url.reveal())
        try:
            _say(f"发布标段，准备 {arguments.bidders} 名投标人")
            lot = await platform.unless_ended(publish(stage))
            members = await gather(platform, lot, arguments.bidders)
            await raw.prepare()
            told = await platform.unless_ended(_rounds(platform, lot, members, raw, arguments.rounds))
            sent = told.pop("sent")
            told["lost"] = await count_lost(await stage.person("visitor", "访客").get("/api/v1/trust"), sent)
            told["commit"] = await raw.commit_rule()
            await raw.close()
        finally:
            await close_all(stage.people.values())
    told |= {"bidders": arguments.bidders, "rounds": arguments.rounds, "machine": machine.described()}
    told |= {"load_before": round(load, 2), "busy": was_busy}
    print(json.dumps(told, ensure_ascii=False, indent=1) if arguments.json else _table(told))
    return 1 if told["conflicts"] or told["lost"] else 0


async def _rounds(
    platform: Platform, lot: Lot, members: Sequence[Member], raw: RawInserts, count: int
) -> dict[str, Any]:
    pids = platform.supervisor.pids()
    watched = [pids["web"], pids["postgres"]]
    ours: list[Round] = []
    theirs: list[Round] = []
    all_sent: list[Sent] = []
    for number in range(count + 1):  # the first warms both sides up and does not count
        ready = sign_round(members, lot)
        app = machine.cpu_seconds([pids["web"]])
        cpu, _, sent = await _timed(watched, send_round(ready))
        app = machine.cpu_seconds([pids["web"]]) - app
        all_sent += sent
        answered, receipted = max(s.answered_s for s in sent), max(s.receipted_s for s in sent)
        rows = await raw.read_back([s.ready.digest for s in sent if not s.fault])
        raw_cpu, raw_s, _ = await _timed([pids["postgres"]], raw.write(rows))
        if number:
            ours.append(Round(answered, receipted, 1000 * cpu / len(sent), 1000 * app / len(sent)))
            theirs.append(Round(raw_s, raw_s, 1000 * raw_cpu / max(1, len(rows)), 0.0))
        _say(f"第 {number} 轮：递交 {answered:.2f} 秒，裸写入 {raw_s:.3f} 秒" + ("" if number else "（预热，不计）"))
    n = len(members)
    return {
        "ours_per_s": _median(n / r.answered_s for r in ours),
        "receipts_per_s": _median(n / r.receipted_s for r in ours),
        "raw_per_s": _median(n / r.answered_s for r in theirs),
        "rate_ratio": _median(b.answered_s / a.answered_s for a, b in zip(ours, theirs, strict=True)),
        "ours_cpu_ms": _median(r.cpu_ms for r in ours),
        "app_cpu_ms": _median(r.app_ms for r in ours),
        "first_cpu_ms": round(ours[0].cpu_ms, 3),
        "last_cpu_ms": round(ours[-1].cpu_ms, 3),
        "raw_cpu_ms": _median(r.cpu_ms for r in theirs),
        "faults": sorted({s.fault for s in all_sent if s.fault}),
        "conflicts": sum(bool(s.fault) for s in all_sent),
        "sent": all_sent,
    }


async def _timed(pids: Sequence[int], act: Awaitable[T]) -> tuple[float, float, T]:
    """Return CPU seconds of the processes, seconds on the wall, and what the act returned."""
    clock = asyncio.get_running_loop().time
    cpu, begun = machine.cpu_seconds(pids), clock()
    done = await act
    taken = clock() - begun
    return machine.cpu_seconds(pids) - cpu, taken, done


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def _table(told: dict[str, object]) -> str:
    lines = [
        "",
        f"机器        {told['machine']}；开始前负载 {told['load_before']}",
        f"安排        {told['bidders']} 名投标人同时递交，{told['rounds']} 轮取中位数；{told['commit']}；"
        f"裸写入用 {CONNECTIONS} 个连接",
        "",
        f"{'':<28}{'本平台':>10}{'裸写入':>10}",
        f"{'落库并应答，次/秒':<22}{told['ours_per_s']:>12}{told['raw_per_s']:>12}",
        f"{'得到回执，次/秒':<23}{told['receipts_per_s']:>12}{'—':>12}",
        f"{'CPU，毫秒/次':<25}{told['ours_cpu_ms']:>12}{told['raw_cpu_ms']:>12}",
        f"  其中网页进程{'':<15}{told['app_cpu_ms']:>12}",
        f"  首轮、末轮{'':<17}{told['first_cpu_ms']:>12}{told['last_cpu_ms']:>12}（首尾各一轮，看是否随份数增长）",
        "",
        f"速率之比    {told['rate_ratio']}（本平台 ÷ 裸写入；本平台含 HTTP、验签、核对分块、入日志、签回执）",
        f"冲突        {told['conflicts']} {' '.join(told['faults']) if isinstance(told['faults'], list) else ''}",
        f"丢失的回执  {told['lost']}",
    ]
    if told["busy"]:
        lines.append("机器正忙：以上数字只供参考，不据此作判断。")
    return "\n".join(lines)


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
