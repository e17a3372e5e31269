"""One PostgreSQL and one Valkey for a whole test run: in memory if that has room, and without safety, for speed.

`start` is called once, by the process that owns the run; the others find the servers through the environment:
SUNLIT_TEST_PG_HOST, SUNLIT_TEST_PG_PORT, SUNLIT_TEST_PG_SUPERUSER, SUNLIT_TEST_PG_PASSWORD (also the password of our
four logins) and SUNLIT_TEST_VALKEY_URL. If these are set from outside, nothing is started.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.embedded import ports, processes
from portal.embedded.account import Account, Passage
from portal.embedded.binaries import locate
from portal.embedded.postgres import LOGINS, SUPERUSER, Postgres, provision, run_blocking
from portal.embedded.processes import Program
from portal.embedded.valkey import Valkey
from portal.testing import memory_folder

PREFIX = "SUNLIT_TEST_"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers of this run are."""

    host: str
    port: int
    password: str
    valkey_url: str

    def url(self, login: str, database: str) -> str:
        """Address with one of the logins owner, portal, supervision, log, or superuser."""
        user = SUPERUSER if login == "superuser" else LOGINS[login]
        return f"postgresql://{user}:{self.password}@{self.host}:{self.port}/{database}"


_running: list[tuple[Program, "subprocess.Popen[bytes]"]] = []
_passages: list[Passage] = []
_folder: list[Path] = []


def found() -> Endpoints | None:
    """The servers that the environment names, if any."""
    if PREFIX + "PG_PORT" not in os.environ:
        return None
    return Endpoints(
        os.environ[PREFIX + "PG_HOST"],
        int(os.environ[PREFIX + "PG_PORT"]),
        os.environ[PREFIX + "PG_PASSWORD"],
        os.environ.get(PREFIX + "VALKEY_URL", ""),
    )


def start() -> Endpoints:
    """Start the servers, unless the environment names some already, and put their addresses there."""
    known = found()
    if known is not None:
        return known
    account = Account.for_servers()
    programs = locate(account)
    folder = Path(tempfile.mkdtemp(prefix="sunlit-test-", dir=memory_folder()))
    _folder.append(folder)
    password = os.urandom(12).hex()
    try:
        postgres = _start_postgres(folder, programs.postgres_bin, account, password)
        valkey = _start_valkey(folder, programs.valkey_server, account, password)
        asyncio.run(provision(postgres, database=None))
    except BaseException:
        stop()
        raise
    os.environ[PREFIX + "PG_HOST"] = "127.0.0.1"
    os.environ[PREFIX + "PG_PORT"] = str(postgres.port)
    os.environ[PREFIX + "PG_SUPERUSER"] = SUPERUSER
    os.environ[PREFIX + "PG_PASSWORD"] = password
    os.environ[PREFIX + "VALKEY_URL"] = valkey.url()
    return Endpoints("127.0.0.1", postgres.port, password, valkey.url())


def _start_postgres(folder: Path, programs: Path, account: Account, password: str) -> Postgres:
    postgres = Postgres(
        bin=programs,
        folder=folder / "pg",
        log=folder / "postgres.log",
        port=ports.find_free(28000 + os.getpid() % 1000),
        account=account,
        passwords=dict.fromkeys((*LOGINS, "superuser"), password),
        fast=True,
    )
    postgres.initialise()
    passage = postgres.passage()
    _passages.append(passage)
    _running.append((postgres.program(passage), run_blocking(postgres, passage)))
    return postgres


def _start_valkey(folder: Path, server: Path, account: Account, password: str) -> Valkey:
    valkey = Valkey(
        server=server,
        folder=folder / "valkey",
        log=folder / "valkey.log",
        port=ports.find_free(29000 + os.getpid() % 1000),
        account=account,
        password=password,
        fast=True,
    )
    valkey.configure()
    passage = valkey.passage()
    _passages.append(passage)
    program = valkey.program(passage)
    program.prepare()
    child = processes.spawn(program)
    _running.append((program, child))
    if not processes.wait_ready(program, child):
        raise RuntimeError(processes.tail(program.log))
    return valkey


def stop() -> None:
    """Stop what this process started, at once, and remove it."""
    for program, child in reversed(_running):
        processes.stop(program, child, signal.SIGQUIT if program.name == "postgres" else None)
    for passage in _passages:
        passage.close()
    if _folder:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
    for folder in _folder:
        shutil.rmtree(folder, ignore_errors=True)
    _running.clear()
    _passages.clear()
    _folder.clear()
