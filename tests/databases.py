"""Databases for tests: one template per worker built by the migrations, a rolled-back transaction or a fresh clone."""

import uuid
from dataclasses import dataclass

import asyncpg

from portal import migrations
from portal.wiring import async_url

#: The logins of an installation; in tests they share one password.
LOGINS = ("sunlit_owner", "portal_rw", "supervision_ro", "log_append")
PASSWORD = "only-for-tests"


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL."""

    superuser_url: str

    def url(self, login: str, database: str) -> str:
        """Return the plain address of a login in a database."""
        host = self.superuser_url.split("@", 1)[1].rsplit("/", 1)[0]
        return f"postgresql://{login}:{PASSWORD}@{host}/{database}"

    async def make_logins(self) -> None:
        """Create the logins; another worker may have been quicker."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            for login in LOGINS:
                try:
                    await connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}'")
                except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                    await connection.execute(f"ALTER ROLE {login} LOGIN PASSWORD '{PASSWORD}'")
        finally:
            await connection.close()

    async def make_template(self, name: str) -> None:
        """Build the template database of a worker by running the migrations."""
        await self.make_logins()
        await self._drop(name)
        await self._run(f'CREATE DATABASE "{name}" OWNER sunlit_owner')
        owner = self.url("sunlit_owner", name)
        await migrations.upgrade(async_url(owner))
        connection = await asyncpg.connect(owner)
        try:
            await connection.execute("INSERT INTO kernel_installation (id, rehearsal) VALUES (1, true)")
        finally:
            await connection.close()

    async def clone(self, template: str) -> str:
        """Make a fresh database from the template; return its name."""
        name = f"clone_{uuid.uuid4().hex[:12]}"
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER sunlit_owner')
        return name

    async def drop(self, name: str) -> None:
        """Throw a database away."""
        await self._drop(name)

    async def _drop(self, name: str) -> None:
        await self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
