"""`./sunlit doctor`: says in plain words what this machine lacks, and the line that mends it.

Looks and tries, but changes nothing: servers are started in a temporary folder, the data folder is only read.
"""

import argparse
import asyncio
import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from portal import bootstrap, testing
from portal.embedded import ports
from portal.embedded.home import CHECKOUT, MARKER, Home, choose_home, is_running
from portal.errors import CommandError

#: Half of it is the data of a demo, the rest room to work.
ENOUGH_DISK_MB = 2_000
MOST_SKEW_S = 5.0
#: Seconds between the year 1900 of the network time protocol and 1970.
NTP_EPOCH = 2_208_988_800


class Grade(StrEnum):
    """How bad a finding is."""

    GOOD = "良好"
    #: Something optional is missing; the platform runs.
    WEAK = "注意"
    BAD = "有误"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    grade: Grade
    subject: str
    words: str
    cure: str = ""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--time-server", default="", metavar="主机", help="另向这个时间服务器核对时钟（NTP）")


def run(args: argparse.Namespace) -> int:
    """Print all findings; 1 if one of them keeps the platform from running."""
    worst = Grade.GOOD
    marks = {Grade.GOOD: "✓", Grade.WEAK: "!", Grade.BAD: "✗"}
    for finding in examine(args.home, args.time_server):
        print(f"{marks[finding.grade]} {finding.subject}：{finding.words}", flush=True)
        if finding.cure:
            print(f"    → {finding.cure}")
        worst = Grade.BAD if Grade.BAD in (worst, finding.grade) else (finding.grade if worst is Grade.GOOD else worst)
    print({Grade.GOOD: "一切正常。", Grade.WEAK: "可以运行，但有缺项。", Grade.BAD: "有问题，须先处理。"}[worst])
    return 1 if worst is Grade.BAD else 0


def examine(home: Path | None, time_server: str) -> Iterator[Finding]:
    """Every check, in the order in which a broken machine is best mended."""
    yield python()
    yield environment()
    yield libraries()
    yield pdf()
    yield browser()
    yield from data_folder(choose_home(home))
    yield from servers()
    yield database(home)
    yield clock(time_server)


def python() -> Finding:
    """Version and place of the interpreter; the launcher lets no older one than 3.11 pass."""
    return Finding(Grade.GOOD, "Python", f"{sys.version.split()[0]}（{sys.executable}）")


def environment() -> Finding:
    """Whether this is the environment that the launcher made from the lock of the checkout."""
    stamp = Path(sys.prefix) / "sunlit" / "lock"
    if sys.prefix == sys.base_prefix:
        return Finding(Grade.BAD, "虚拟环境", "没有使用虚拟环境", "请用 ./sunlit 启动")
    if not stamp.exists():
        return Finding(Grade.WEAK, "虚拟环境", f"{sys.prefix} 不是由 ./sunlit 建立的", "rm -rf .venv && ./sunlit")
    if stamp.read_bytes() != (CHECKOUT / "requirements.lock").read_bytes():
        return Finding(Grade.BAD, "虚拟环境", "与 requirements.lock 不一致", "请用 ./sunlit 启动，它会自动更新")
    return Finding(Grade.GOOD, "虚拟环境", sys.prefix)


def libraries() -> Finding:
    """Whether each library of the lock is installed in the version that the lock names."""
    wrong = []
    for name, wanted in locked_versions(CHECKOUT / "requirements.lock").items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "未安装"
        if found != wanted:
            wrong.append(f"{name} {found}（应为 {wanted}）")
    if wrong:
        return Finding(Grade.BAD, "依赖", "；".join(wrong[:5]), "rm -rf .venv && ./sunlit")
    return Finding(Grade.GOOD, "依赖", "与 requirements.lock 一致")


def locked_versions(lock: Path) -> dict[str, str]:
    """Versions that the lock pins without a condition; conditional ones do not apply everywhere."""
    pinned = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)\s*\\?$")
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {found[1]: found[2] for line in lines if (found := pinned.match(line))}


def pdf() -> Finding:
    """Pango and a Chinese font."""
    missing = bootstrap.missing_system_parts()
    if missing:
        line = "apt-get install -y --no-install-recommends " + " ".join(bootstrap.DEBIAN_PACKAGES)
        return Finding(Grade.WEAK, "PDF", f"缺少 {'、'.join(missing)}，不能生成 PDF 文件", f"以 root 运行：{line}")
    return Finding(Grade.GOOD, "PDF", "Pango 与中文字体齐备")


def browser() -> Finding:
    """What browser tests need; the platform itself does not."""
    missing = testing.missing_browser_parts()
    if missing:
        words = f"缺少 {'、'.join(missing)}（只有浏览器测试需要）"
        return Finding(Grade.WEAK, "浏览器测试", words, "以 root 运行 ./sunlit test --browser 会安装")
    return Finding(Grade.GOOD, "浏览器测试", "Chromium 齐备")


def data_folder(path: Path) -> Iterator[Finding]:
    """Whether the data folder can be used, has room, and who uses it."""
    there = path
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(Grade.BAD, "数据目录", f"{path} 不可写", "用 --home 或 SUNLIT_HOME 另选目录")
        return
    if path.exists() and path.stat().st_uid != os.geteuid():
        yield Finding(Grade.BAD, "数据目录", f"{path} 属于另一个用户", "用该用户运行，或用 --home 另选目录")
        return
    if path.exists() and not (path / MARKER).exists() and any(path.iterdir()):
        yield Finding(Grade.BAD, "数据目录", f"{path} 里有别的内容", "用 --home 或 SUNLIT_HOME 另选目录")
        return
    state = "尚未建立" if not path.exists() else "正在使用" if is_running(Home(path)) else "空闲"
    yield Finding(Grade.GOOD, "数据目录", f"{path}（{state}）")
    free_mb = shutil.disk_usage(there).free // 2**20
    grade = Grade.GOOD if free_mb >= ENOUGH_DISK_MB else Grade.WEAK
    yield Finding(
        grade, "磁盘", f"剩余 {free_mb:,} MB", "" if grade is Grade.GOOD else f"建议至少 {ENOUGH_DISK_MB:,} MB"
    )


def servers() -> Iterator[Finding]:
    """Start PostgreSQL and Valkey in a temporary folder."""
    if not Path("/proc/self/fd").exists():
        yield Finding(Grade.BAD, "/proc", "没有挂载", "mount -t proc proc /proc")
        return
    busy = [port for port in (8000, 25432, 26379) if not ports.is_free(port)]
    words = f"{'、'.join(map(str, busy))} 已被占用，会自动改用其他端口" if busy else "默认端口空闲"
    yield Finding(Grade.GOOD, "端口", words)
    from portal.embedded.trial import start_and_stop

    with tempfile.TemporaryDirectory(prefix="sunlit-doctor-") as folder:
        started = time.monotonic()
        try:
            asyncio.run(start_and_stop(Path(folder) / "home"))
        except CommandError as failure:
            yield Finding(Grade.BAD, "数据库与队列", str(failure), "如果日志提到权限，请把代码放到普通目录或换用户")
        else:
            yield Finding(Grade.GOOD, "数据库与队列", f"可以启动（{time.monotonic() - started:.1f} 秒）")


def database(home: Path | None) -> Finding:
    """Whether the running installation has every migration; a stopped one is migrated when it starts."""
    from portal.settings import SettingsError, load_settings

    try:
        settings = load_settings(home)
    except SettingsError as wrong:
        return Finding(Grade.BAD, "设置", str(wrong), "见 docs/settings.md")
    url = settings.database_url.reveal()
    if settings.embedded_postgres and not (settings.home.exists() and is_running(Home(settings.home))):
        return Finding(Grade.GOOD, "数据库结构", "门户未运行；启动时自动升级")
    try:
        found = asyncio.run(revision_of(url))
    except Exception as failure:
        return Finding(Grade.BAD, "数据库结构", f"连不上数据库（{type(failure).__name__}）", "./sunlit serve")
    wanted = (CHECKOUT / "alembic" / "CURRENT_HEAD").read_text(encoding="utf-8").strip()
    if found != wanted:
        return Finding(Grade.BAD, "数据库结构", f"为 {found or '空'}，应为 {wanted}", "./sunlit migrate")
    return Finding(Grade.GOOD, "数据库结构", f"已是最新（{found}）")


async def revision_of(url: str) -> str | None:
    """The migration that the database stands at."""
    import asyncpg

    connection = await asyncpg.connect(url, timeout=5)
    try:
        found = await connection.fetchval("SELECT to_regclass('alembic_version')::text")
        return await connection.fetchval("SELECT version_num FROM alembic_version") if found else None
    finally:
        await connection.close()


def clock(time_server: str) -> Finding:
    """Whether the clock is kept right by the system, or agrees with a time server."""
    if time_server:
        try:
            skew = skew_against(time_server)
        except OSError as failure:
            return Finding(Grade.WEAK, "时钟", f"问不到 {time_server}：{failure}", "检查网络，或换一个时间服务器")
        grade = Grade.GOOD if abs(skew) <= MOST_SKEW_S else Grade.BAD
        return Finding(
            grade, "时钟", f"与 {time_server} 相差 {skew:+.2f} 秒", "" if grade is Grade.GOOD else "请校准时钟"
        )
    try:
        asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        synchronised = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        synchronised = ""
    if synchronised == "no":
        return Finding(
            Grade.WEAK, "时钟", "系统没有与时间服务器同步", "timedatectl set-ntp true；截止时间以数据库时钟为准"
        )
    words = "由系统同步" if synchronised == "yes" else "无法得知是否同步（可加 --time-server 核对）"
    return Finding(Grade.GOOD, "时钟", words)


def skew_against(host: str) -> float:
    """Seconds by which our clock is ahead of a time server's (RFC 4330, one question)."""
    from kernel.clock import SystemClock

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(3)
        before = SystemClock().now().timestamp()
        line.sendto(b"\x1b" + 47 * b"\0", (host, 123))
        answer, _ = line.recvfrom(512)
        after = SystemClock().now().timestamp()
    if len(answer) < 48:
        raise OSError("回答不完整")
    seconds, fraction = struct.unpack("!II", answer[40:48])
    return float((before + after) / 2 - (seconds - NTP_EPOCH + fraction / 2**32))
