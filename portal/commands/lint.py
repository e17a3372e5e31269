"""`sunlit lint`: style, types, import contracts, and what must never be committed."""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from portal.embedded.home import CHECKOUT
from portal.errors import CommandError

#: Lock formats that write registry addresses down; ours has names and hashes only.
FORBIDDEN_FILES = re.compile(
    r"(^|/)(uv\.lock|pylock.*\.toml|poetry\.lock|Pipfile\.lock|package-lock\.json|yarn\.lock)$"
)
#: Folders that exist on somebody's machine only. Written in pieces, or this file would find itself.
MACHINE_PATHS = re.compile(rb"/(?:ho" + rb"me|Us" + rb"ers|wo" + rb"rk|ro" + rb"ot)/[A-Za-z0-9_.-]+/")
BINARY = frozenset({".png", ".jpg", ".webp", ".woff2", ".ico", ".pdf", ".otl", ".sbe"})


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--fix", action="store_true", help="自动修正能修正的问题")


def run(args: argparse.Namespace) -> int:
    """Run every check even if one fails; 0 only if all hold."""
    python = [sys.executable, "-P"]
    tools: list[tuple[str, list[str]]] = [
        ("ruff check", [*python, "-m", "ruff", "check", *(["--fix"] if args.fix else []), "."]),
        ("ruff format", [*python, "-m", "ruff", "format", *([] if args.fix else ["--check"]), "."]),
        ("mypy", [*python, "-m", "mypy"]),
        (
            "import contracts",
            [*python, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        ),
    ]
    results = [report(name, partial(call, words)) for name, words in tools]
    results += [report(name, check) for name, check in FILE_CHECKS.items()]
    return 0 if all(results) else 1


def report(name: str, check: Callable[[], Iterable[str]]) -> bool:
    """Run one check and print one line, then what it found."""
    started = time.monotonic()
    findings = list(check())
    print(f"{'通过' if not findings else '失败'}  {name}  {time.monotonic() - started:.1f} 秒", flush=True)
    for finding in findings:
        print(f"    {finding}")
    return not findings


def call(words: list[str]) -> list[str]:
    """Run a tool; the lines it printed if it failed."""
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return (done.stdout + done.stderr).strip().splitlines() or [f"exit code {done.returncode}"]


def lock_without_addresses() -> Iterator[str]:
    """The lock holds names and hashes: where to download from is the business of whoever installs."""
    for number, line in enumerate((CHECKOUT / "requirements.lock").read_text(encoding="utf-8").splitlines(), 1):
        if "://" in line:
            yield f"requirements.lock:{number}: {line}"


def no_foreign_locks() -> Iterator[str]:
    """No other lock file beside ours."""
    yield from (name for name in tracked_files() if FORBIDDEN_FILES.search(name))


def no_machine_paths() -> Iterator[str]:
    """No path that exists on one machine only."""
    for name in tracked_files():
        file = CHECKOUT / name
        if file.suffix in BINARY or not file.is_file():
            continue
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            if MACHINE_PATHS.search(line):
                yield f"{name}:{number}: {line.decode(errors='replace').strip()[:120]}"


FILE_CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "no addresses in requirements.lock": lock_without_addresses,
    "no other lock files": no_foreign_locks,
    "no paths of one machine": no_machine_paths,
}


def tracked_files() -> list[str]:
    """Names of the files that belong to the project: what git tracks, or everything in an exported copy."""
    try:
        listed = subprocess.run(
            ["git", "-c", "core.quotePath=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            check=True,
        )
        return [name for name in listed.stdout.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        skipped = {".venv", ".cache", "var", "__pycache__", ".mypy_cache", ".ruff_cache", ".git"}
        found = [
            str(file.relative_to(CHECKOUT))
            for file in CHECKOUT.rglob("*")
            if file.is_file() and not skipped & set(Path(file.relative_to(CHECKOUT)).parts)
        ]
        if not found:
            raise CommandError("找不到项目文件") from None
        return found
