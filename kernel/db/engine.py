"""Engines for the logins of the portal: read and write, and oversight's read-only one."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def make_engine(
    url: str, *, pool_size: int = 16, max_overflow: int = 0, isolation: str | None = None, reading: bool = False
) -> AsyncEngine:
    """Return an engine on asyncpg.

    Args:
        url: `postgresql+asyncpg://login:password@host:port/database`.
        pool_size: connections kept open, each from when it is first needed.
        max_overflow: connections opened beyond that under load and closed again, which costs more than keeping them.
        isolation: of every transaction on it; None is the server's own, READ COMMITTED.
        reading: PostgreSQL refuses every write on its connections, without being told so at each transaction.
    """
    settings = {"timezone": "UTC"} | ({"default_transaction_read_only": "on"} if reading else {})
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=30,
        **({} if isolation is None else {"isolation_level": isolation}),
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,  # an error's text goes into the log, and secrets must not
        connect_args={"server_settings": settings, "command_timeout": 60},
    )
