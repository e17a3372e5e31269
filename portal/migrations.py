"""Apply migrations in process (`./sunlit migrate`), and say whether models and schema differ."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from portal.metadata import METADATA

ROOT = Path(__file__).resolve().parent.parent


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision.

    Args:
        url: SQLAlchemy address with the owner's login.
    """
    await _run(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision."""
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def drift(url: str) -> list[Any]:
    """Return the differences between the models and the schema; none is right."""
    found: list[Any] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found.extend(compare_metadata(context, METADATA))

    await _run(url, compare)
    return found


async def _run(url: str, work: Any) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()
