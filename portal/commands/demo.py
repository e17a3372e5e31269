"""`sunlit demo`: set everything up, play a whole tender through HTTP, verify it offline, then serve it."""

import argparse
import asyncio
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from portal.arguments import port_number
from portal.demo.play import Performance, perform, venue_of
from portal.embedded.home import CHECKOUT
from portal.errors import CommandError
from portal.keyring import trust_file
from portal.launch import Platform, launched

#: What the demonstration leaves in the data folder, so that it is not played twice.
PLAYED = "demo.json"
#: Scenes before which `--stop-before` may stop.
STOPS = ("opening", "draw", "evaluation", "award", "inspection")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--exit", action="store_true", help="验证完即退出；全部成立时退出码为 0")
    parser.add_argument("--fresh", action="store_true", help="清空演示数据，从头开始")
    parser.add_argument(
        "--stop-before", choices=STOPS, default=None, metavar="场次", help="在某一场之前停下：" + "、".join(STOPS)
    )
    parser.add_argument("--port", type=port_number, default=0, help="网页端口；不写则取 8000 起第一个空闲的")


def run(args: argparse.Namespace) -> int:
    """Play, verify, serve."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    fresh = args.fresh
    async with launched(
        args.home,
        rehearsal=True,
        fresh=fresh,
        port=args.port,
        say=lambda words: console.print(f"[dim]· {words}[/dim]"),
    ) as platform:
        canaries: list[str] = []
        done = _played(platform)
        if done is None:
            performance = await platform.unless_ended(
                perform(venue_of(platform), console, stop_before=args.stop_before)
            )
            done, canaries = _keep(platform, performance), performance.canaries
        else:
            console.print(f"这个数据目录里已有一场演示（{done['tender']}）；用 --fresh 可以重来。")
        code = 0
        if done.get("bundle"):
            console.rule("[bold]离线核验", align="left")
            code = verify_apart(Path(str(done["bundle"])), trust_file(platform.home))
        _print_end(console, platform, done, canaries, code, time.monotonic() - started)
        if args.exit or args.stop_before:
            return code
        await platform.run_until_ended()
    return code


def _played(platform: Platform) -> dict[str, object] | None:
    file = platform.home.path / PLAYED
    if not file.exists():
        return None
    found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    if not found.get("finished"):
        raise CommandError(
            f"数据目录 {platform.home.path} 里有一场没有演完的演示。"
            "用 ./sunlit serve 可以继续查看它，用 ./sunlit demo --fresh 从头开始。"
        )
    return found


def _keep(platform: Platform, performance: Performance) -> dict[str, object]:
    told: dict[str, object] = {
        "v": 1,
        "tender": performance.tender,
        "bundle": str(performance.bundle) if performance.bundle else "",
        "client_dir": str(performance.client_dir),
        "logins": {role: list(pair) for role, pair in performance.logins.items()},
        "finished": performance.finished,
    }
    file = platform.home.path / PLAYED
    file.touch(mode=0o600)
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    return told


def verify_apart(bundle: Path, trust: Path) -> int:
    """Verify the bundle in a clean interpreter of its own, as a stranger would; return its exit code."""
    words = [sys.executable, "-P", "-m", "portal.cli", "verify", str(bundle), "--trust", str(trust)]
    return subprocess.run(words, cwd=CHECKOUT, env={"PYTHONPATH": str(CHECKOUT), "PATH": ""}, check=False).returncode


def _print_end(
    console: Console, platform: Platform, done: dict[str, object], canaries: list[str], code: int, seconds: float
) -> None:
    logins = done.get("logins")
    if isinstance(logins, dict) and logins:
        console.rule("[bold]登录", align="left")
        for role, pair in logins.items():
            console.print(f"  {role:<22} 登录名 {pair[0]:<22} 口令 {pair[1]}")
        console.print(f"  工作人员在 {platform.url}/login 登录；要动态口令时运行 ./sunlit authenticator 登录名")
        console.print(f"  投标人在 {platform.url}/bidding/login 用电子营业执照登录；")
        console.print("  执照文件在下面 client-dir 的 bidder-… 文件夹里，登录名就是文件名")
    # Pieces of bid plaintext: printed for whoever searches the server for them, never written down there.
    for canary in canaries:
        print(f"canary: {canary}")
    print(f"client-dir: {done.get('client_dir', '')}")
    if done.get("bundle"):
        files = shlex.join([str(done["bundle"]), "--trust", str(trust_file(platform.home))])
        console.print(f"自行核验：./sunlit verify {files}")
        print(f"bundle: {done['bundle']}")
    verdict = "全部核验成立" if code == 0 and done.get("bundle") else "已按要求停下" if code == 0 else "有核验不成立"
    print(f"portal: {platform.url}")
    print(f"{verdict}，用时 {seconds:.0f} 秒", flush=True)
