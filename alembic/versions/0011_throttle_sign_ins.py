"""Limits on sign-ins as leaky buckets: one row per who and where, filled and compared in one statement.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE identity_throttle (
  key bytea NOT NULL CONSTRAINT pk_identity_throttle PRIMARY KEY,
  level double precision NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ix_identity_throttle_at ON identity_throttle (at);
REVOKE ALL ON identity_throttle FROM supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE identity_throttle;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Add the buckets."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop them."""
    _script(DOWNGRADE)
