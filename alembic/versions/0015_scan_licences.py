"""Sign-in by QR code: one row per code, for minutes.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_licence_scan (
  id text NOT NULL CONSTRAINT pk_bidding_licence_scan PRIMARY KEY,
  nonce text NOT NULL,
  binding text NOT NULL,
  display text NOT NULL,
  state text NOT NULL,
  wallet bytea,
  account_id uuid CONSTRAINT fk_bidding_licence_scan_account_id REFERENCES identity_account (id),
  fault text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
REVOKE ALL ON bidding_licence_scan FROM supervision_ro;
"""

DOWNGRADE = "DROP TABLE bidding_licence_scan;"


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table."""
    _script(DOWNGRADE)
