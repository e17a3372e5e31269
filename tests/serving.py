"""One `sunlit serve` as a user starts it: a process of its own, whose children can be killed one by one or at once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CHILDREN = frozenset({"postgres", "valkey", "signer", "witness", "sequencer", "worker", "web"})


class Serving:
    """A running installation, or one that is starting."""

    def __init__(self, home: Path, *words: str) -> None:
        self.home = home
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(home.parent), "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "portal.cli", "serve", "--home", str(home), *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def greeting(self) -> str:
        """Wait until everything answers; return what was printed."""
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if "Ctrl-C" in line:
                return said
        raise AssertionError(said)

    def endpoints(self) -> dict[str, Any]:
        """Return what the supervisor has written down."""
        found: dict[str, Any] = json.loads((self.home / "run" / "endpoints.json").read_text())
        return found

    @property
    def url(self) -> str:
        """Where the portal answers."""
        return str(self.endpoints()["web"]["url"])

    def pids(self) -> dict[str, int]:
        """Return the process id of each child, and of the `supervisor`."""
        return {
            name: entry["pid"] for name, entry in self.endpoints().items() if isinstance(entry, dict) and "pid" in entry
        }

    def living(self) -> dict[str, int]:
        """Return those of `pids` that run and are ours: a number may mean another process by now."""
        return {name: pid for name, pid in self.pids().items() if is_alive(pid) and self._is_ours(pid)}

    def _is_ours(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            return str(self.home) in f"{words} {os.readlink(f'/proc/{pid}/cwd')}"
        except OSError:
            return False

    def health(self) -> dict[str, Any] | None:
        """Return what the portal says of itself once it reaches its database; None before."""
        try:
            with urllib.request.urlopen(self.url + "/health/ready", timeout=5) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except (urllib.error.URLError, OSError):
            return None

    def stop(self) -> int:
        """Ask it to end, and wait; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(180)
        self.close()
        return code

    def kill(self) -> None:
        """Kill the supervisor; the kernel tells its children."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Let go of what it printed."""
        if self.process.stdout is not None:
            self.process.stdout.close()


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    """Kill a process that may be dead already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], object], seconds: float = 180) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
