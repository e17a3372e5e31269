"""What all tests share: the servers of the run, and databases on them.

Under xdist the controlling process starts the servers before its workers; otherwise the first test that asks for
`services` does. Pure tests ask for nothing and need no server. `tx` is a transaction that is rolled back; `database` is
a fresh clone with real commits; `world` adds a log that is really sequenced, signed and witnessed, and an application
with people who can sign in.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import hypothesis
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.db.engine import make_engine
from kernel.db.transaction import Database, Tx
from portal.policy import install_policy
from portal.wiring import async_url
from tests import services as servers
from tests.databases import Server
from tests.services import Endpoints
from tests.world import World, make_world

#: How many examples a property is tried on: `./sunlit test --fast`, plainly, and `--full`. A busy machine is no fault.
hypothesis.settings.register_profile("fast", max_examples=10, deadline=None)
hypothesis.settings.register_profile("plain", max_examples=40, deadline=None)
hypothesis.settings.register_profile("full", max_examples=400, deadline=None)
hypothesis.settings.load_profile(os.environ.get("SUNLIT_TEST_PROPERTIES", "plain"))


def pytest_configure(config: pytest.Config) -> None:
    install_policy()  # acts are called without an application, too
    controls_workers = config.getoption("numprocesses", default=None) or config.getoption("dist", default="no") != "no"
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    wants_servers = "services" not in config.option.markexpr  # `./sunlit test --fast` leaves such tests out
    if controls_workers and not is_worker and wants_servers and not config.option.collectonly:
        servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The long stories first, so that at the end of a run no process is left alone with one.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if "services" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.services)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name keys, signatures and other long values by their argument: fresh ones differ between xdist's workers."""
    if isinstance(val, bytes) and len(val) > 8:
        return argname
    if isinstance(val, str) and len(val) > 20 and val.isascii() and " " not in val:
        return argname
    return None


@pytest.fixture(scope="session")
def services() -> Endpoints:
    """PostgreSQL with our logins, and Valkey."""
    return servers.start()


@pytest.fixture(scope="session")
def server(services: Endpoints) -> Server:
    """Return the PostgreSQL server of this run."""
    return Server(services)


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """Return the name of this worker's migrated template database."""
    name = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    asyncio.run(server.make_template(name))
    yield name
    asyncio.run(server.drop(name))


@pytest.fixture
async def tx(server: Server, template: str) -> AsyncIterator[Tx]:
    """Return a transaction as the portal's login that is rolled back at the end; acts may use savepoints in it."""
    engine = make_engine(async_url(server.url("portal", template)), pool_size=1)
    async with engine.connect() as connection:
        outer = await connection.begin()
        session = AsyncSession(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        now = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        yield Tx(session, now, rehearsal=True)
        await session.close()
        await outer.rollback()
    await engine.dispose()


@dataclass(frozen=True, slots=True)
class FreshDatabase:
    """A clone with real commits."""

    name: str
    server: Server
    db: Database

    def url(self, login: str = "portal") -> str:
        """Return the plain address of a login."""
        return self.server.url(login, self.name)


@pytest.fixture
async def database(server: Server, template: str) -> AsyncIterator[FreshDatabase]:
    """Return a fresh database, for tests that need real commits or two connections."""
    name = await server.clone(template)
    db = Database(
        make_engine(async_url(server.url("portal", name))),
        make_engine(async_url(server.url("supervision", name)), pool_size=1),
    )
    yield FreshDatabase(name, server, db)
    await db.close()
    await server.drop(name)


@pytest.fixture
async def world(database: FreshDatabase) -> AsyncIterator[World]:
    """Return the application on a fresh database, with log, signer and witness running."""
    async with make_world(database) as made:
        yield made
