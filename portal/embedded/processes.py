"""Starting and stopping one child process so that it can never outlive us unnoticed.

A child lives in a session of its own (Ctrl-C at the terminal reaches only the parent, which stops its children in
order) and carries a parent-death signal: if the parent is killed outright, the kernel signals the child.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.embedded.account import Account
from portal.embedded.errors import ServiceFailed

PR_SET_PDEATHSIG = 1
#: Exit code of a process of ours that a person must look after: starting it again would do no good.
NEEDS_A_PERSON = 78
LOG_LIMIT = 20 * 1024 * 1024
TAIL = 1_500

#: Loaded before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one child process, and how to see that it works."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    log: Path
    #: Asked again and again, in a thread; never raises.
    is_ready: Callable[[int], bool]
    account: Account | None = None
    handles: tuple[int, ...] = ()
    #: Runs before each start, in any thread: ends and clears what a killed predecessor left behind.
    prepare: Callable[[], None] = field(default=lambda: None)
    stop_signal: signal.Signals = signal.SIGTERM
    #: Sent by the kernel when our own process dies.
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_within_s: float = 10.0
    ready_within_s: float = 30.0
    port: int | None = None


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start the child; its output goes to its log file. The caller has let `program.prepare` do its work.

    Call it from the main thread: the parent-death signal follows the thread that started the child.
    """
    rotate(program.log)
    parent = os.getpid()
    orphan_signal = int(program.orphan_signal)

    def tie_to_parent() -> None:
        # Runs in the child after it has dropped its rights (a change of user would clear the setting).
        _libc.prctl(PR_SET_PDEATHSIG, orphan_signal)
        if os.getppid() != parent:  # the parent died in between
            os._exit(1)

    account = program.account if program.account is not None and program.account.drops else None
    with open(program.log, "ab") as log:
        try:
            return subprocess.Popen(
                program.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=program.cwd,
                env=dict(program.environment),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                pass_fds=program.handles,
                start_new_session=True,
                preexec_fn=tie_to_parent,  # safe: one thread only, see above
            )
        except OSError as refusal:
            raise ServiceFailed(f"{program.name} 无法启动：{refusal}") from refusal


def wait_ready(program: Program, child: subprocess.Popen[bytes]) -> bool:
    """Wait, blocking, until the child answers; False if it ended or stayed silent too long."""
    end = time.monotonic() + program.ready_within_s
    while time.monotonic() < end:
        if has_ended(child):
            return False
        if program.is_ready(child.pid):
            return True
        time.sleep(0.02)
    return False


def stop(program: Program, child: subprocess.Popen[bytes], first: signal.Signals | None = None) -> None:
    """End the child, blocking: politely, then by force, with everything in its process group."""
    if not has_ended(child):
        child.send_signal(first or program.stop_signal)
        end = time.monotonic() + program.stop_within_s
        while not has_ended(child) and time.monotonic() < end:
            time.sleep(0.02)
    bury(child)


def has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child is dead; leaves it unburied, so that its process id still belongs to it."""
    if child.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def bury(child: subprocess.Popen[bytes]) -> int:
    """Kill the child if it lives, and whatever its process group still holds; return its exit code."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> None:
    """Tie the calling process to its parent; for processes that a library starts, such as pool workers."""
    _libc.prctl(PR_SET_PDEATHSIG, int(sign))


def tail(log: Path) -> str:
    """The last lines of a log, for a message about a start that failed."""
    try:
        with open(log, "rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL))
            return stream.read().decode(errors="replace").strip() or "（日志为空）"
    except OSError:
        return "（没有日志）"


def rotate(log: Path) -> None:
    """Keep one predecessor of a log that has grown too large."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
