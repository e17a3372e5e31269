"""Processes that outlived a killed supervisor: found by what cannot be mistaken, ended before anything is started.

The kernel signals our children when their supervisor dies, but a server takes its time to end, its own children end
after it, and whoever starts the installation again may be quicker.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_PAUSE_S = 0.02
#: After SIGKILL only a process that waits for a disk lives on; longer than this is a machine that needs a person.
_KILLED_WITHIN_S = 15.0


def working_in(folder: Path, name: str) -> list[int]:
    """Processes of a program that work in a folder: servers enter their data folder and stay there.

    Args:
        name: of the program, as the kernel knows it; a shell that somebody left in the folder has another.
    """
    return [pid for pid in _all() if _is_named(pid, name) and _works_in(pid, folder)]


def called_with(words: Iterable[str], pids: Iterable[int]) -> list[int]:
    """Those of some processes whose command line holds all the words."""
    wanted = [word.encode() for word in words]
    return [pid for pid in pids if all(word in _command_line(pid) for word in wanted)]


def end_all(find: Callable[[], list[int]], signals: Iterable[tuple[signal.Signals, float]]) -> bool:
    """End processes, blocking; return whether none is left.

    Args:
        find: those that still live.
        signals: each with the seconds to wait after it; SIGKILL follows them.
    """
    for sign, patience_s in (*signals, (signal.SIGKILL, _KILLED_WITHIN_S)):
        for pid in find():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sign)
        end = time.monotonic() + patience_s
        while find():
            if time.monotonic() > end:
                break
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def end_own(path: Path, endpoints: dict[str, Any]) -> bool:
    """End our own processes that a killed supervisor of this data folder noted; return whether none is left.

    Args:
        path: the data folder; the caller holds its lock, so no living supervisor has children here.
        endpoints: what was noted: name → `{"pid": …}`.
    """
    noted = {name: told["pid"] for name, told in endpoints.items() if isinstance(told, dict) and "pid" in told}

    def left() -> list[int]:
        return [
            pid
            for name, pid in noted.items()
            if pid != os.getpid() and called_with(("portal.cli", name, str(path)), [pid]) and name != "supervisor"
        ]

    return end_all(left, ())


def _all() -> Iterable[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)  # a zombie has none
    except OSError:
        return False


def _is_named(pid: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").rstrip("\n") == name[:15]
    return False


def _command_line(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []
