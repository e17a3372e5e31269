"""What the machine did meanwhile: CPU time of process trees, load, name. Linux only (`/proc`)."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    own: int
    reaped: int


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the CPU time that processes, their living descendants and the ended ones they waited for have used."""
    table = {process.pid: process for process in _processes()}
    wanted = set(roots)
    while more := {p.pid for p in table.values() if p.parent in wanted} - wanted:
        wanted |= more
    return sum(table[pid].own + table[pid].reaped for pid in wanted if pid in table) / _TICKS


def _processes() -> Iterable[_Process]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended between the two lines
                continue
            own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
            yield _Process(int(folder.name), int(fields[1]), own, reaped)


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def load() -> float:
    """Return the mean number of processes that wanted a core in the last minute."""
    return os.getloadavg()[0]


def is_busy() -> bool:
    """Whether others use so much of the machine that a rate says more about them than about us."""
    return load() > 0.5 * (os.cpu_count() or 1)


def described() -> str:
    """Return the machine in a few words."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = os.cpu_count()
    return f"{model or platform.machine()}，{cores} 核，{memory:.0f} GiB，Python {platform.python_version()}"
