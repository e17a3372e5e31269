"""The embedded Valkey: wakes workers and holds sessions. Nothing legal depends on what it holds."""

import contextlib
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from portal.embedded import orphans
from portal.embedded.account import ENVIRONMENT, Account, Passage
from portal.embedded.errors import ServiceFailed
from portal.embedded.home import write_private
from portal.embedded.processes import Program

PROGRAM = "valkey-server"


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server with its folder.

    Args:
        folder: ours; the server works in `data` below it, which belongs to the servers' account.
        fast: keep nothing on disk (tests only).
    """

    server: Path
    folder: Path
    log: Path
    port: int
    account: Account
    password: str
    fast: bool = False

    @property
    def data(self) -> Path:
        """The server's working directory."""
        return self.folder / "data"

    @property
    def configuration(self) -> Path:
        """The server's configuration file."""
        return self.folder / "valkey.conf"

    def configure(self) -> None:
        """Write the configuration and make the working directory."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.account.own(self.data, 0o700)
        lines = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "protected-mode": "yes",
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no" if self.fast else "yes",
            "appendfsync": "everysec",
            "daemonize": "no",
            "loglevel": "notice",
            "maxmemory-policy": "noeviction",
        }
        # The file lies in our own folder, not in the server's: what the server can replace, we must not write to.
        write_private(self.configuration, "".join(f"{key} {value}\n" for key, value in lines.items()).encode())
        self.account.own(self.configuration, 0o600)

    def passage(self) -> Passage:
        """The way for the server to its configuration."""
        return Passage(self.configuration, self.account)

    def program(self, passage: Passage) -> Program:
        """The server as a child process.

        Args:
            passage: to `configuration`; stays open as long as the program may be started.
        """
        return Program(
            name="valkey",
            argv=(str(self.server), str(passage.path)),
            environment=ENVIRONMENT,
            cwd=self.data,  # entered before the rights are dropped, so no way to it is needed
            log=self.log,
            is_ready=lambda _pid: self.answers(),
            account=self.account,
            handles=passage.handles,
            prepare=partial(end_predecessor, self.data),
            stop_signal=signal.SIGTERM,
            orphan_signal=signal.SIGTERM,
            port=self.port,
        )

    def answers(self) -> bool:
        """Whether the server accepts the password and says PONG."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
            line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2:
                piece = line.recv(256)
                if not piece:
                    return False
                said += piece
            return said == b"+OK\r\n+PONG\r\n"
        return False

    def url(self, database: int = 0) -> str:
        """Address with password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"


def end_predecessor(data: Path) -> None:
    """End a server that outlived its supervisor: two must not write into one folder.

    Args:
        data: the server's working directory.
    Raises:
        ServiceFailed: it cannot be ended.
    """
    if not orphans.end_all(lambda: orphans.working_in(data, PROGRAM), ((signal.SIGTERM, 5.0),)):
        raise ServiceFailed("上一个队列进程没有结束，请先结束它")
