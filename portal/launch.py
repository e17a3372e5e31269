"""Bring a whole installation up: servers, set-up, and our own processes under one supervisor.

`serve` and `demo` both start here. What has an outside address in the settings is not started. Order of start:
database, queue, set-up, then signer, witness, sequencer, worker and web side by side; they stop in reverse order.
"""

import asyncio
import contextlib
import http.client
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from portal.embedded import ports
from portal.embedded.home import CHECKOUT, Home, HomeLock, choose_home, clear_home, open_home
from portal.embedded.processes import Program
from portal.embedded.services import Services, find_services
from portal.embedded.supervisor import Supervisor
from portal.errors import CommandError
from portal.install import Installed, install
from portal.settings import Settings, child_environment, load_settings

T = TypeVar("T")
WEB_PORT, SIGNER_PORT, WITNESS_PORT = 8000, 27100, 27200


@dataclass(slots=True)
class Platform:
    """A running installation."""

    home: Home
    settings: Settings
    installed: Installed
    supervisor: Supervisor
    url: str

    async def run_until_ended(self) -> None:
        """Wait for Ctrl-C or SIGTERM.

        Raises:
            ServiceFailed: a process cannot be kept alive.
        """
        await self.supervisor.run_until_ended()

    async def unless_ended(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work, and break it off on Ctrl-C or SIGTERM.

        Raises:
            CommandError: it was broken off.
            ServiceFailed: a process cannot be kept alive.
        """
        task = asyncio.create_task(work)
        ended: asyncio.Future[None] = self.supervisor.ended
        waited: set[asyncio.Future[Any]] = {task, ended}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            ended.result()
            raise CommandError("已中断", code=130)
        return task.result()


@contextlib.asynccontextmanager
async def launched(
    folder: Path | None,
    *,
    rehearsal: bool | None = None,
    fresh: bool = False,
    port: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Platform]:
    """Run an installation for the length of the block.

    Args:
        folder: data folder from the command line.
        rehearsal: makes a new data folder a rehearsal, or not; None takes an existing one as it is.
        fresh: throw all data of the folder away first.
        port: for the web process; 0 takes the setting, and the next free one if that is taken.
        say: told what is being started.
    Raises:
        CommandError: the folder, the settings or a service refuse.
    """
    home = open_home(choose_home(folder))
    with HomeLock(home):
        if fresh:
            clear_home(home)
        home.mark(rehearsal)
        settings = load_settings(home.path)
        chosen = _choose_ports(home, settings, port)
        services = find_services(home) if settings.embedded_postgres or settings.embedded_valkey else None
        async with Supervisor() as supervisor:
            try:
                yield await _start(home, settings, services, supervisor, chosen, say)
            finally:
                await supervisor.stop()
                if services is not None:
                    services.close()


@dataclass(frozen=True, slots=True)
class _Ports:
    web: int
    signer: int
    witness: int


def _choose_ports(home: Home, settings: Settings, wanted: int) -> _Ports:
    """Last time's ports if they are free; a port that somebody asked for by name is taken or refused."""
    before = home.read_endpoints()
    asked = wanted or settings.asked_port
    if asked and not ports.is_free(asked, settings.host):
        raise CommandError(f"端口 {asked} 已被占用")
    web = asked or ports.find_free(before.get("web", {}).get("port", WEB_PORT), host=settings.host)
    signer = ports.find_free(before.get("signer", {}).get("port", SIGNER_PORT), taken=frozenset({web}))
    taken = frozenset({web, signer})
    return _Ports(web, signer, ports.find_free(before.get("witness", {}).get("port", WITNESS_PORT), taken=taken))


async def _start(
    home: Home,
    settings: Settings,
    services: Services | None,
    supervisor: Supervisor,
    chosen: _Ports,
    say: Callable[[str], None],
) -> Platform:
    endpoints: dict[str, dict[str, object]] = {"web": {"port": chosen.web}}
    if services is not None and settings.embedded_postgres:
        say("启动数据库")
        endpoints["postgres"] = {"port": (await services.start_postgres(supervisor)).port}
    if services is not None and settings.embedded_valkey:
        say("启动队列")
        endpoints["valkey"] = {"port": (await services.start_valkey(supervisor)).port}
    if settings.embedded_signer:
        endpoints["signer"] = {"port": chosen.signer}
    if settings.embedded_witness:
        endpoints["witness"] = {"port": chosen.witness}
    url = f"http://{_visible(settings.host)}:{chosen.web}"
    endpoints["web"]["url"] = url

    def write_down() -> None:
        pids = supervisor.pids()
        told = {name: known | ({"pid": pids[name]} if name in pids else {}) for name, known in endpoints.items()}
        others = {name: {"pid": pid} for name, pid in pids.items() if name not in told}
        home.write_endpoints({"v": 1, "supervisor": {"pid": os.getpid()}} | told | others)

    write_down()
    supervisor.on_change = write_down
    say("升级数据库结构，检查密钥")
    settings = load_settings(home.path)
    home.mark(settings.rehearsal)
    installed = await install(settings)
    settings = load_settings(home.path)
    say("启动签名、见证、排序、后台任务与网页进程")
    await supervisor.start_together(_programs(home, settings, chosen))
    return Platform(home, settings, installed, supervisor, url)


def _programs(home: Home, settings: Settings, chosen: _Ports) -> list[Program]:
    def own(name: str, *words: str, port: int | None = None, is_ready: Callable[[int], bool]) -> Program:
        return Program(
            name=name,
            argv=(sys.executable, "-P", "-m", "portal.cli", name, "--home", str(home.path), *words),
            environment=child_environment(home.path),
            cwd=CHECKOUT,
            log=home.log(name),
            is_ready=is_ready,
            ready_within_s=60.0,
            port=port,
        )

    found = []
    for name, port, wanted in (
        ("signer", chosen.signer, settings.embedded_signer),
        ("witness", chosen.witness, settings.embedded_witness),
    ):
        if wanted:
            listens = _listens(port)
            found.append(own(name, "--port", str(port), port=port, is_ready=listens))
    # These two listen nowhere. One that cannot live is noticed by the supervisor.
    found += [own(name, is_ready=lambda _: True) for name in ("sequencer", "worker")]
    words = ("--host", settings.host, "--port", str(chosen.web))
    answers = _answers(_visible(settings.host), chosen.web)
    return [*found, own("web", *words, port=chosen.web, is_ready=answers)]


def _listens(port: int) -> Callable[[int], bool]:
    return lambda _: ports.is_answering(port)


def _answers(host: str, port: int) -> Callable[[int], bool]:
    """Whether the web process says that it lives."""

    def ask(_: int) -> bool:
        if not ports.is_answering(port, host):
            return False
        line = http.client.HTTPConnection(host, port, timeout=5)
        try:
            line.request("GET", "/health/live")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return ask


def _visible(host: str) -> str:
    """An address that this machine can be reached at, for one that means all."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared, not listened on
