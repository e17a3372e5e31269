"""Failed lots that go on as new ones.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE trading_retender (
  lot_id uuid NOT NULL CONSTRAINT pk_trading_retender PRIMARY KEY
    CONSTRAINT fk_trading_retender_lot_id REFERENCES trading_lot (id),
  successor_id uuid NOT NULL CONSTRAINT fk_trading_retender_successor_id REFERENCES trading_lot (id),
  decided_by uuid NOT NULL,
  decided_at timestamptz NOT NULL,
  entry_id bigint NOT NULL,
  CONSTRAINT uq_trading_retender_successor_id UNIQUE (successor_id)
);
CREATE TRIGGER trading_retender_append_only BEFORE UPDATE OR DELETE ON trading_retender
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
REVOKE UPDATE, DELETE ON trading_retender FROM portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE trading_retender;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table of lots that are tendered again."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table of lots that are tendered again."""
    _script(DOWNGRADE)
