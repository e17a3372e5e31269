"""Both servers on a data folder: first start, restart, kill, and a folder that only its owner may enter."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from portal.embedded.home import Home, HomeLock, open_home
from portal.embedded.processes import has_ended, spawn, wait_ready
from portal.embedded.services import Services, database_of, end_predecessors, find_services
from portal.embedded.supervisor import Supervisor

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Home:
    closed = tmp_path / "only mine"
    closed.mkdir(mode=0o700)
    return open_home(closed / "home")


@asynccontextmanager
async def running(home: Home) -> AsyncIterator[tuple[Services, Supervisor]]:
    services = find_services(home)
    with HomeLock(home):
        async with Supervisor() as supervisor:
            try:
                await services.start_postgres(supervisor)
                await services.start_valkey(supervisor)
                yield services, supervisor
            finally:
                await supervisor.stop()
                services.close()


async def execute(services: Services, statement: str, login: str = "owner") -> object:
    assert services.postgres is not None
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await asyncpg.connect(services.postgres.url(login))
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_data_survive_a_restart_and_the_killing_of_the_server(home: Home):
    async with running(home) as (services, supervisor):
        await execute(services, "CREATE TABLE fact AS SELECT 1 AS n")
        first = supervisor.pids()["postgres"]

        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(20):
            while supervisor.pids().get("postgres") in {first, None}:  # noqa: ASYNC110  processes set no event
                await asyncio.sleep(0.02)

        assert await execute(services, "SELECT n FROM fact") == 1

    async with running(home) as (services, _):
        assert await execute(services, "SELECT n FROM fact") == 1


async def test_taken_ports_are_passed_over(home: Home):
    with socket.socket() as first, socket.socket() as second:
        for holder in (first, second):
            holder.bind(("127.0.0.1", 0))
            holder.listen()
        home.write_endpoints(
            {"postgres": {"port": first.getsockname()[1]}, "valkey": {"port": second.getsockname()[1]}}
        )

        async with running(home) as (services, _):
            assert services.postgres is not None
            assert services.valkey is not None
            assert services.postgres.port != first.getsockname()[1]
            assert services.valkey.answers()


async def test_a_broken_off_first_start_is_made_good(home: Home):
    draft = home / "pg" / "data.new"
    draft.mkdir()
    (draft / "rubbish").write_text("half")

    async with running(home) as (services, _):
        assert await execute(services, "SELECT 1") == 1


async def test_a_stale_pid_file_does_not_hinder_the_start(home: Home):
    async with running(home) as (services, _):
        await execute(services, "SELECT 1")
    # The machine went down without a shutdown, and the number now belongs to somebody else: to us.
    (home / "pg" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/somewhere\n1\n1\n\n\n\nready\n")

    async with running(home) as (services, _):
        assert await execute(services, "SELECT 1") == 1


async def test_servers_that_outlived_their_supervisor_are_ended_at_the_next_start(home: Home):
    async with running(home) as (first, _):
        await execute(first, "CREATE TABLE fact AS SELECT 1 AS n")
        assert first.postgres is not None
        assert first.valkey is not None
        ports = first.postgres.port, first.valkey.port
        programs = [first.postgres.program(first.postgres.passage()), first.valkey.program(first.valkey.passage())]
    orphans = [spawn(program) for program in programs]  # nobody watches over them
    assert all(wait_ready(program, child) for program, child in zip(programs, orphans, strict=True))

    end_predecessors(home)
    async with running(home) as (services, _):
        assert await execute(services, "SELECT n FROM fact") == 1
        assert services.postgres is not None
        assert services.valkey is not None
        assert (services.postgres.port, services.valkey.port) == ports
    assert [has_ended(child) for child in orphans] == [True, True]


async def test_a_session_that_outlived_its_server_does_not_hinder_the_start(home: Home):
    async with running(home) as (services, _):
        await execute(services, "CREATE TABLE fact AS SELECT 1 AS n")
        assert services.postgres is not None
        program = services.postgres.program(services.postgres.passage())
    server = spawn(program)
    assert wait_ready(program, server)
    session = await asyncpg.connect(services.postgres.url("owner"))
    pid = await session.fetchval("SELECT pg_backend_pid()")
    os.kill(pid, signal.SIGSTOP)  # it cannot notice that its server dies
    server.kill()
    server.wait()
    session.terminate()
    assert Path(f"/proc/{pid}").exists()

    async with running(home) as (services, _):
        assert await execute(services, "SELECT n FROM fact") == 1
    assert not Path(f"/proc/{pid}/cwd").exists()


async def test_a_shell_that_somebody_left_in_the_data_folder_is_no_server_of_ours(home: Home):
    async with running(home) as (services, _):
        await execute(services, "SELECT 1")
    bystander = await asyncio.create_subprocess_exec("sleep", "600", cwd=home / "pg" / "data")
    try:
        end_predecessors(home)

        assert bystander.returncode is None
        assert Path(f"/proc/{bystander.pid}/cwd").exists()
    finally:
        bystander.kill()
        await bystander.wait()


async def test_only_our_logins_may_connect_and_only_the_owner_may_build(home: Home):
    async with running(home) as (services, _):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(services, "CREATE TABLE mine (n int)", login="portal")
        rights = "SELECT has_database_privilege('public', 'sunlit', 'CONNECT')"

        assert await execute(services, rights) is False


async def test_a_command_has_the_database_for_its_own_length(home: Home):
    async with database_of(home):
        assert home.read_endpoints()["postgres"]["port"] > 0
        pid = int((home / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])

    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops its rights")
async def test_the_servers_do_not_run_as_root(home: Home):
    async with running(home) as (_, supervisor):
        owners = {name: Path(f"/proc/{pid}").stat().st_uid for name, pid in supervisor.pids().items()}

    assert owners == {"postgres": 65534, "valkey": 65534}
