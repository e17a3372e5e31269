"""`./sunlit test`: runs pytest the way continuous integration does."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from portal import bootstrap
from portal.embedded.home import CHECKOUT
from portal.errors import CommandError

#: libatomic1 is for the driver that Playwright brings along; Chromium itself does not need it.
CHROMIUM_PACKAGES = ("chromium", "libatomic1", "fonts-wqy-microhei", "fonts-wqy-zenhei")
#: Poppler judges our seals independently (`pdfsig`); `certutil` tells it which root to trust.
SEAL_PACKAGES = ("poppler-utils", "libnss3-tools")
#: What needs neither a server nor a browser nor another process: rules, crypto, architecture.
SLOW = "browser or slow or services"
#: Plugins that libraries bring along and no test of ours uses; each costs start-up time in every worker.
UNUSED_PLUGINS = ("valkey", "faker", "platformdirs", "anyio")
#: A file system in memory, and how much must be free there. Every test with a database clones one, about a thousand
#: files: on a disk's file system that costs a second of the processor, in memory the twentieth part.
MEMORY = Path("/dev/shm")  # noqa: S108  the folder of the test run in it has a name that nobody can foretell
MEMORY_NEEDED = 2 << 30


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("paths", nargs="*", metavar="路径", help="测试文件或目录；给出路径时逐个运行，不并行")
    parser.add_argument("--fast", action="store_true", help="只运行不需要服务的测试（规则、密码学、架构）")
    parser.add_argument("--browser", action="store_true", help="运行浏览器测试；缺少 Chromium 时先安装")
    parser.add_argument("--full", action="store_true", help="全部测试，包括浏览器测试")
    parser.add_argument("-n", dest="workers", type=int, default=processes(), metavar="N", help="并行进程数")
    parser.add_argument("-k", dest="keyword", default="", metavar="表达式", help="按名称筛选（交给 pytest）")
    parser.add_argument("-x", dest="first", action="store_true", help="遇到第一个失败就停止")


def run(args: argparse.Namespace) -> int:
    """Run pytest; its last line closes our output."""
    if importlib.util.find_spec("pytest") is None:
        raise CommandError("缺少 pytest：请用 ./sunlit 启动，它会安装依赖")
    if args.browser or args.full:
        require_chromium()
    if not args.fast and not args.paths:
        offer_seal_tools()
    words = [sys.executable, "-P", "-m", "pytest"]
    words += [word for name in UNUSED_PLUGINS for word in ("-p", f"no:{name}")]
    words += ["-m", marker(args)] if marker(args) else []
    words += ["-k", args.keyword] if args.keyword else []
    words += ["-x"] if args.first else []
    words += args.paths or ["tests"]
    if not args.paths and args.workers > 1:
        # The journeys of a file share one demonstration and one browser.
        words += ["-n", str(args.workers), "--dist", "loadfile" if args.browser else "worksteal"]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    environment["SUNLIT_TEST_PROPERTIES"] = "fast" if args.fast else "full" if args.full else "plain"
    environment.pop("SUNLIT_HOME", None)
    if "TMPDIR" not in environment and (folder := memory_folder(programs=True)):
        environment["TMPDIR"] = str(folder)
    return subprocess.run(words, cwd=CHECKOUT, env=environment, check=False).returncode


def processes() -> int:
    """How many test processes run at once: one more than there are processors, because tests wait for servers."""
    return min((os.cpu_count() or 1) + 1, 4)


def memory_folder(*, programs: bool = False) -> Path | None:
    """The file system in memory, if it is there and has room.

    Args:
        programs: must allow that a program which lies there is started.
    """
    try:
        there = os.statvfs(MEMORY)
        with tempfile.TemporaryFile(dir=MEMORY):
            pass
    except OSError:
        return None
    if programs and there.f_flag & os.ST_NOEXEC:
        return None
    return MEMORY if there.f_bavail * there.f_frsize >= MEMORY_NEEDED else None


def marker(args: argparse.Namespace) -> str:
    """The tests to run, as pytest's marker expression; empty for all."""
    if args.full:
        return ""
    if args.browser:
        return "browser"
    if args.fast:
        return f"not ({SLOW})"
    return "not browser"


def offer_seal_tools() -> None:
    """Install the tools that judge seals, as root; without them the tests that need them are skipped and say so."""
    if all(shutil.which(tool) for tool in ("pdfsig", "certutil")):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        line = "apt-get install " + " ".join(SEAL_PACKAGES)
        bootstrap.say(f"缺少 pdfsig、certutil：核对签章的测试将跳过。补装（root）：{line}")
        return
    try:
        with bootstrap.step("安装 Poppler（核对签章的测试）"):
            bootstrap.apt_install(SEAL_PACKAGES)
    except bootstrap.SetupFailed as failure:
        bootstrap.say(str(failure))


def missing_browser_parts() -> list[str]:
    """What browser tests need and this machine lacks."""
    found = {
        "Chromium": shutil.which("chromium") is not None,
        "libatomic": bootstrap.can_load("libatomic.so.1"),
        "中文字体": bootstrap.has_chinese_font(),
    }
    return [name for name, there in found.items() if not there]


def require_chromium() -> None:
    """Install Chromium and a Chinese font as root, else say how.

    Raises:
        CommandError: there is none and we may not install it.
    """
    missing = missing_browser_parts()
    if not missing:
        return
    line = "apt-get install -y --no-install-recommends " + " ".join(CHROMIUM_PACKAGES)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CommandError(f"浏览器测试缺少 {'、'.join(missing)}。请以 root 运行：{line}")
    try:
        with bootstrap.step("安装 Chromium（浏览器测试）"):
            bootstrap.apt_install(CHROMIUM_PACKAGES)
    except bootstrap.SetupFailed as failure:
        raise CommandError(str(failure)) from failure
