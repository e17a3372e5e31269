"""Bring a whole installation up: servers, set-up, and our own processes under one supervisor.

`serve` and `demo` both start here. What has an outside address in the settings is not started. Order of start:
database, queue, set-up, then signer, witness, sequencer, worker and web side by side; they stop in reverse order.
"""

import asyncio
import contextlib
import errno
import http.client
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from portal.embedded import ports
from portal.embedded.home import CHECKOUT, Home, HomeLock, choose_home, clear_home, open_home
from portal.embedded.processes import Program
from portal.embedded.services import Services, end_predecessors, find_services
from portal.embedded.supervisor import Supervisor
from portal.errors import CommandError
from portal.install import Installed, install
from portal.offline.pins import note_home
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
        end_predecessors(home)
        if fresh:
            clear_home(home)
        home.mark(rehearsal)
        settings = load_settings(home.path)
        listeners = _listen(home, settings, port)
        services = find_services(home) if settings.embedded_postgres or settings.embedded_valkey else None
        async with Supervisor() as supervisor:
            try:
                yield await _start(home, settings, services, supervisor, listeners, say)
            finally:
                await supervisor.stop()
                listeners.close()
                if services is not None:
                    services.close()


@dataclass(frozen=True, slots=True)
class _Listeners:
    """The sockets of our own processes, by name; held here, so that no port is lost while one of them restarts."""

    by_name: dict[str, socket.socket]

    def port(self, name: str) -> int:
        return int(self.by_name[name].getsockname()[1])

    def close(self) -> None:
        for listener in self.by_name.values():
            listener.close()


def _listen(home: Home, settings: Settings, wanted: int) -> _Listeners:
    """Last time's ports or the next free ones; a port that somebody asked for by name is taken or refused."""
    before = home.read_endpoints()
    asked = wanted or settings.asked_port
    found = _Listeners({})
    try:
        web = asked or before.get("web", {}).get("port", WEB_PORT)
        found.by_name["web"] = ports.listen(web, settings.host, exactly=bool(asked))
        for name, first in (("signer", SIGNER_PORT), ("witness", WITNESS_PORT)):
            found.by_name[name] = ports.listen(before.get(name, {}).get("port", first))
    except OSError as refusal:
        found.close()
        why = {errno.EADDRINUSE: "已被占用", errno.EACCES: "没有权限"}.get(refusal.errno or 0, refusal.strerror)
        raise CommandError(f"不能监听 {settings.host} 的端口 {asked or ''}：{why}") from refusal
    return found


async def _start(
    home: Home,
    settings: Settings,
    services: Services | None,
    supervisor: Supervisor,
    listeners: _Listeners,
    say: Callable[[str], None],
) -> Platform:
    endpoints: dict[str, dict[str, object]] = {"web": {"port": listeners.port("web")}}
    if services is not None and settings.embedded_postgres:
        say("启动数据库")
        endpoints["postgres"] = {"port": (await services.start_postgres(supervisor)).port}
    if services is not None and settings.embedded_valkey:
        say("启动队列")
        endpoints["valkey"] = {"port": (await services.start_valkey(supervisor)).port}
    if settings.embedded_signer:
        endpoints["signer"] = {"port": listeners.port("signer")}
    if settings.embedded_witness:
        endpoints["witness"] = {"port": listeners.port("witness")}
    url = f"http://{_visible(settings.host)}:{listeners.port('web')}"
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
    note_home(home.path)
    say("启动签名、见证、排序、后台任务与网页进程")
    await supervisor.start_together(_programs(home, settings, listeners))
    return Platform(home, settings, installed, supervisor, url)


def _programs(home: Home, settings: Settings, listeners: _Listeners) -> list[Program]:
    def own(name: str, is_ready: Callable[[int], bool]) -> Program:
        listener = listeners.by_name.get(name)
        words = ("--fd", str(listener.fileno())) if listener is not None else ()
        return Program(
            name=name,
            argv=(sys.executable, "-P", "-m", "portal.cli", name, "--home", str(home.path), *words),
            environment=child_environment(home.path),
            cwd=CHECKOUT,
            log=home.log(name),
            is_ready=is_ready,
            handles=(listener.fileno(),) if listener is not None else (),
            ready_within_s=60.0,
        )

    small = [("signer", settings.embedded_signer), ("witness", settings.embedded_witness)]
    found = [own(name, _replies(listeners.port(name))) for name, wanted in small if wanted]
    # These two listen nowhere. One that cannot live is noticed by the supervisor.
    found += [own(name, lambda _: True) for name in ("sequencer", "worker")]
    return [*found, own("web", _answers(_visible(settings.host), listeners.port("web")))]


def _replies(port: int) -> Callable[[int], bool]:
    """Whether a signer or witness refuses us properly: the socket alone would accept even without it."""

    def ask(_: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                line.sendall(b'{"token":"","act":"last"}\n')
                return b"refused" in line.recv(256)
        except OSError:
            return False

    return ask


def _answers(host: str, port: int) -> Callable[[int], bool]:
    """Whether the web process says that it lives."""

    def ask(_: int) -> bool:
        line = http.client.HTTPConnection(host, port, timeout=2)
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
