"""The system account that the embedded servers run under.

PostgreSQL refuses to run as root. When root starts us, the servers drop to `nobody`, as does Valkey. Nothing on the way
to a data folder is ever opened up for `nobody`: a folder it could not reach by its path is handed over as an open
directory (`Passage`), which the kernel lets it use without walking there.
"""

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

#: A small, known environment: no proxy, locale or PG… variable of the user reaches a server.
ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Account:
    """User and group of a server process; `drops` is false when it is simply our own."""

    uid: int
    gid: int
    drops: bool

    @classmethod
    def for_servers(cls) -> Self:
        """`nobody` if we are root, else ourselves."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), drops=False)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid, drops=True)

    def own(self, path: Path, mode: int) -> None:
        """Give one file or folder of ours to the account."""
        if self.drops:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        path.chmod(mode)

    def can_run(self, program: Path) -> bool:
        """Whether the account can execute the program where it lies, tried and not computed."""
        try:
            done = subprocess.run(
                [program, "--version"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=ENVIRONMENT,
                user=self.uid if self.drops else None,
                group=self.gid if self.drops else None,
                extra_groups=[] if self.drops else None,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0


class Passage:
    """An open folder or file that a child process inherits, and the path under which it finds it there.

    `/proc/self/fd/N` leads straight to it, so the account needs rights on it and on nothing above it.
    """

    def __init__(self, target: Path, account: Account) -> None:
        self._handle: int | None = None
        self.path = target
        if account.drops:
            self._handle = os.open(target, os.O_RDONLY)
            self.path = Path(f"/proc/self/fd/{self._handle}")

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors that the child must inherit."""
        return () if self._handle is None else (self._handle,)

    def close(self) -> None:
        """Let go of it once no further child will be started."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
