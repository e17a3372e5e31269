"""Run migrations on a connection that the caller gives; one transaction each, with timeouts and one lock."""

from alembic import context
from sqlalchemy import text

from portal.metadata import METADATA

#: Any fixed number: two migrators never run at once.
_LOCK = 7_314_159


def run(connection):
    """Migrate on this connection."""
    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    try:
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            compare_type=True,
            compare_server_default=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
        connection.commit()


run(context.config.attributes["connection"])
