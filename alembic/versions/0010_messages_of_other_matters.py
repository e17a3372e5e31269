"""Messages about matters that are no lots: who is asked to take part in the draws of an inspection.

Imports nothing of ours: models change, history must not. What has no lot stays hidden from the login of supervision,
as messages of sealed lots are.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE trading_message ALTER COLUMN lot_id DROP NOT NULL;
"""

DOWNGRADE = r"""
DELETE FROM trading_message WHERE lot_id IS NULL;
ALTER TABLE trading_message ALTER COLUMN lot_id SET NOT NULL;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Let a message be about something else than a lot."""
    _script(UPGRADE)


def downgrade() -> None:
    """Every message is about a lot again; others are lost."""
    _script(DOWNGRADE)
