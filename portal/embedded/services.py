"""PostgreSQL and Valkey of one data folder, ready for the platform."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from portal.embedded import orphans, ports, processes
from portal.embedded.account import Account, Passage
from portal.embedded.binaries import Binaries, locate
from portal.embedded.errors import ServiceFailed
from portal.embedded.home import Home, HomeLock, is_running
from portal.embedded.ports import Claim
from portal.embedded.postgres import LOGINS, Postgres, provision
from portal.embedded.postgres import end_predecessor as end_postgres
from portal.embedded.processes import Program
from portal.embedded.supervisor import Supervisor
from portal.embedded.valkey import Valkey
from portal.embedded.valkey import end_predecessor as end_valkey

POSTGRES_PORT, VALKEY_PORT = 25432, 26379
#: Two installations that start in the same second may pick the same port; the loser picks again.
PORT_TRIES = 5
#: A server that was killed leaves shared memory that its orphans hold for a moment.
CRASH_TRIES = 40


@dataclass(slots=True)
class Services:
    """The two servers of a data folder and the handles they were given."""

    home: Home
    account: Account
    binaries: Binaries
    postgres: Postgres | None = None
    valkey: Valkey | None = None
    passages: list[Passage] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    async def start_postgres(self, supervisor: Supervisor) -> Postgres:
        """Make the cluster if needed, start the server, make logins and database."""
        passwords = {name: self.home.password(f"database-{name}") for name in (*LOGINS, "superuser")}
        template = Postgres(
            bin=self.binaries.postgres_bin,
            folder=self.home / "pg",
            log=self.home.log("postgres"),
            port=0,
            account=self.account,
            passwords=passwords,
        )
        template.initialise()
        passage = template.passage()
        self.passages.append(passage)
        wanted = self.home.read_endpoints().get("postgres", {}).get("port", POSTGRES_PORT)
        for attempt in range(PORT_TRIES):
            postgres = replace(template, port=self._claim(wanted + attempt))
            if await _starts(supervisor, postgres.program(passage), last=attempt == PORT_TRIES - 1):
                break
        await provision(postgres)
        self.postgres = postgres
        return postgres

    async def start_valkey(self, supervisor: Supervisor) -> Valkey:
        """Write the configuration and start the server."""
        wanted = self.home.read_endpoints().get("valkey", {}).get("port", VALKEY_PORT)
        for attempt in range(PORT_TRIES):
            valkey = Valkey(
                server=self.binaries.valkey_server,
                folder=self.home / "valkey",
                log=self.home.log("valkey"),
                port=self._claim(wanted + attempt),
                account=self.account,
                password=self.home.password("valkey"),
            )
            valkey.configure()
            passage = valkey.passage()
            self.passages.append(passage)
            if await _starts(supervisor, valkey.program(passage), last=attempt == PORT_TRIES - 1):
                break
        self.valkey = valkey
        return valkey

    def _claim(self, wanted: int) -> int:
        claim = ports.claim(wanted)
        self.claims.append(claim)
        return claim.port

    def close(self) -> None:
        """Close the handles; the servers are the supervisor's to stop."""
        for passage in self.passages:
            passage.close()
        for claim in self.claims:
            claim.close()
        self.passages.clear()
        self.claims.clear()


def end_predecessors(home: Home) -> None:
    """End whatever a killed supervisor of this folder left behind, blocking; the caller holds the folder's lock.

    Raises:
        ServiceFailed: something of it cannot be ended.
    """
    if not orphans.end_own(home.path, home.read_endpoints()):
        raise ServiceFailed("上一次运行留下的进程没有结束，请先结束它们")
    end_valkey(home / "valkey" / "data")
    end_postgres(home / "pg" / "data")


def find_services(home: Home) -> Services:
    """Look for the programs; nothing is started yet."""
    if not Path("/proc/self/fd").exists():
        raise ServiceFailed("/proc 没有挂载，无法启动数据库；请先挂载：mount -t proc proc /proc")
    account = Account.for_servers()
    return Services(home, account, locate(account))


async def _starts(supervisor: Supervisor, program: Program, *, last: bool) -> bool:
    """Start a server; a port that somebody took in the meantime is no failure unless it was the last try."""
    for _ in range(CRASH_TRIES):
        try:
            await supervisor.start(program)
        except ServiceFailed:
            await supervisor.stop_one(program.name)
            if program.port is not None and not ports.is_free(program.port) and not last:
                return False
            if supervisor.ended.done() or "shared memory block" not in processes.tail(program.log).splitlines()[-1]:
                raise
            await asyncio.sleep(0.25)
        else:
            return True
    raise ServiceFailed(f"{program.name} 无法启动（日志 {program.log}）：\n{processes.tail(program.log)}")


@contextlib.asynccontextmanager
async def database_of(home: Home) -> AsyncIterator[None]:
    """Have the embedded database run for the length of a command, unless `serve` runs it already."""
    if is_running(home):
        yield
        return
    with HomeLock(home):
        end_predecessors(home)
        services = find_services(home)
        async with Supervisor() as supervisor:
            try:
                postgres = await services.start_postgres(supervisor)
                home.write_endpoints({"v": 1, "postgres": {"port": postgres.port}})
                yield
            finally:
                await supervisor.stop()
                services.close()
