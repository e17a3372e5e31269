"""The embedded PostgreSQL: making the cluster, running the server, its logins.

Only the programs of the wheel are used, none of its Python code. TCP on the loopback address with SCRAM passwords, no
socket file. Four logins besides the superuser: migrations belong to `sunlit_owner`, the platform works as
`portal_rw`, oversight reads as `supervision_ro`, log entries are written by `log_append`. What each may touch is said
by the migrations, not here.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg

from portal.embedded import orphans, processes
from portal.embedded.account import ENVIRONMENT, Account, Passage
from portal.embedded.errors import ServiceFailed
from portal.embedded.processes import Program

PROGRAM = "postgres"
SUPERUSER = "postgres"
DATABASE = "sunlit"
#: The database logins, by the name that settings and keys use for them.
LOGINS: Mapping[str, str] = {
    "owner": "sunlit_owner",
    "portal": "portal_rw",
    "supervision": "supervision_ro",
    "log": "log_append",
}

#: Chinese trigram and regular-expression support needs a UTF-8 aware character type; plain `C` has none.
LOCALE = ("-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "jit": "off",
    # Neither statements nor the values in their errors reach the log: they may be parts of a sealed bid.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}
#: For tests: a crash may lose data.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_wal_size": "256MB",  # the cluster may lie in memory
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One cluster in one folder.

    Args:
        folder: ours; the cluster lies in `data` below it and belongs to the servers' account.
        passwords: by login name of `LOGINS`, and "superuser".
        fast: give up safety for speed (tests only).
    """

    bin: Path
    folder: Path
    log: Path
    port: int
    account: Account
    passwords: Mapping[str, str]
    fast: bool = False

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.folder / "data"

    def initialise(self) -> bool:
        """Make the cluster if there is none; an unfinished one is thrown away. Return whether it was made."""
        if (self.data / "PG_VERSION").exists():
            return False
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / "data.new"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        self.account.own(draft, 0o700)
        self._initdb(draft)
        draft.rename(self.data)
        return True

    def _initdb(self, draft: Path) -> None:
        # The password goes through a file in memory: none is left on disk, none is on a command line.
        secret = os.memfd_create("password")
        try:
            os.write(secret, self.passwords["superuser"].encode() + b"\n")
            if self.account.drops:
                os.fchown(secret, self.account.uid, self.account.gid)
            with Passage(draft, self.account) as passage:
                done = subprocess.run(
                    [
                        *(self.bin / "initdb", "-D", passage.path, "-U", SUPERUSER, "-A", "scram-sha-256"),
                        *(f"--pwfile=/proc/self/fd/{secret}", *LOCALE, "--no-instructions"),
                        *(("--no-sync",) if self.fast else ()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=ENVIRONMENT,
                    user=self.account.uid if self.account.drops else None,
                    group=self.account.gid if self.account.drops else None,
                    extra_groups=[] if self.account.drops else None,
                    pass_fds=(*passage.handles, secret),
                    check=False,
                )
        finally:
            os.close(secret)
        if done.returncode:
            raise ServiceFailed(f"数据库初始化失败：\n{done.stdout.decode(errors='replace').strip()}")

    def program(self, passage: Passage) -> Program:
        """The server as a child process.

        Args:
            passage: to `data`; stays open as long as the program may be started.
        """
        settings = SETTINGS | {"port": str(self.port)} | (FAST if self.fast else {})
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=(str(self.bin / PROGRAM), "-D", str(passage.path), *options),
            environment=ENVIRONMENT,
            cwd=Path("/"),
            log=self.log,
            is_ready=self._is_ready,
            account=self.account,
            handles=passage.handles,
            prepare=partial(end_predecessor, self.data),
            stop_signal=signal.SIGINT,  # fast shutdown: sessions end, data are flushed
            orphan_signal=signal.SIGINT,
            stop_within_s=30.0,
            ready_within_s=60.0,
            port=self.port,
        )

    def passage(self) -> Passage:
        """The way for the server to its cluster."""
        return Passage(self.data, self.account)

    def _is_ready(self, pid: int) -> bool:
        lines = _pid_file(self.data)
        return len(lines) > 7 and lines[0] == str(pid) and lines[7] == "ready"

    def url(self, login: str, database: str = DATABASE) -> str:
        """Address for a login of `LOGINS` or the superuser, password included."""
        user = SUPERUSER if login == "superuser" else LOGINS[login]
        return f"postgresql://{user}:{self.passwords[login]}@127.0.0.1:{self.port}/{database}"


def end_predecessor(data: Path) -> None:
    """End a server that outlived its supervisor, then the sessions that outlived their server; forget its pid file.

    Args:
        data: the cluster.
    Raises:
        ServiceFailed: one of them cannot be ended.
    """

    def server() -> list[int]:
        lines = _pid_file(data)
        # A server works inside its cluster: the number alone may mean another process by now.
        return [pid for pid in orphans.working_in(data, PROGRAM) if lines and lines[0] == str(pid)]

    if not orphans.end_all(server, ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0))):  # flush and end; end at once
        raise ServiceFailed("上一个数据库进程没有结束，请先结束它")
    # Sessions end by themselves when they notice; until then they hold the old server's memory. SIGCONT only wakes.
    if not orphans.end_all(lambda: orphans.working_in(data, PROGRAM), ((signal.SIGCONT, 2.0),)):
        raise ServiceFailed("上一个数据库的会话没有结束，请先结束它们")
    (data / "postmaster.pid").unlink(missing_ok=True)


def _pid_file(data: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return [line.strip() for line in (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    return []


async def provision(postgres: Postgres, database: str | None = DATABASE) -> None:
    """Make the logins and the database, or bring their passwords in line with the data folder; repeatable.

    Args:
        database: owned by `sunlit_owner`, open to our logins only; None makes the logins alone.
    """
    connection = await asyncpg.connect(postgres.url("superuser", "postgres"))
    try:
        for name, role in LOGINS.items():
            known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
            verb = "ALTER" if known else "CREATE"
            # Roles and passwords cannot be parameters; both are ours, and a password is hexadecimal.
            await connection.execute(
                f"{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{postgres.passwords[name]}'"
            )
        if database is not None and not await connection.fetchval(
            "SELECT 1 FROM pg_database WHERE datname = $1", database
        ):
            await connection.execute(f'CREATE DATABASE "{database}" OWNER {LOGINS["owner"]}')
            await connection.execute(f'REVOKE CONNECT, TEMPORARY ON DATABASE "{database}" FROM PUBLIC')
            await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {", ".join(LOGINS.values())}')
        await connection.execute("ALTER ROLE supervision_ro SET default_transaction_read_only = on")
        if not await connection.fetchval("SELECT '汉字' ~ '\\w'"):
            raise ServiceFailed("数据库的字符类型不识别汉字，中文检索无法使用；请用新的数据目录")
    finally:
        await connection.close()


def run_blocking(postgres: Postgres, passage: Passage) -> "subprocess.Popen[bytes]":
    """Start the server and wait until it answers, without an event loop (tests, tools)."""
    program = postgres.program(passage)
    for _ in range(20):
        program.prepare()
        child = processes.spawn(program)
        if processes.wait_ready(program, child):
            return child
        processes.bury(child)
        time.sleep(0.25)  # after a kill, the old server's memory is still in use for a moment
    raise ServiceFailed(f"数据库无法启动：\n{processes.tail(program.log)}")
