"""Databases for tests: one template per worker built by the migrations, a rolled-back transaction or a fresh clone."""

import uuid
from dataclasses import dataclass

import asyncpg

from portal import migrations
from portal.wiring import async_url
from tests.services import Endpoints


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL of this run."""

    endpoints: Endpoints

    def url(self, login: str, database: str) -> str:
        """Return the plain address of a login (owner, portal, supervision, log) in a database."""
        return self.endpoints.url(login, database)

    async def make_template(self, name: str) -> None:
        """Build the template database of a worker by running the migrations."""
        await self._drop(name)
        await self._run(f'CREATE DATABASE "{name}" OWNER sunlit_owner')
        owner = self.url("owner", name)
        await migrations.upgrade(async_url(owner))
        connection = await asyncpg.connect(owner)
        try:
            await connection.execute("INSERT INTO kernel_installation (id, rehearsal) VALUES (1, true)")
        finally:
            await connection.close()

    async def clone(self, template: str) -> str:
        """Make a fresh database from the template; return its name."""
        name = f"clone_{uuid.uuid4().hex[:12]}"
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER sunlit_owner STRATEGY file_copy')
        return name

    async def drop(self, name: str) -> None:
        """Throw a database away."""
        await self._drop(name)

    async def _drop(self, name: str) -> None:
        await self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("superuser", "postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
