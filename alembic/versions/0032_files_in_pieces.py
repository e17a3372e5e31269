"""Large files that arrive in pieces.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE kernel_arrival (
  id uuid NOT NULL CONSTRAINT pk_kernel_arrival PRIMARY KEY,
  owner_id uuid CONSTRAINT fk_kernel_arrival_owner_id REFERENCES identity_organisation (id),
  subject uuid NOT NULL,
  access text NOT NULL,
  name text NOT NULL,
  size bigint NOT NULL,
  leaves bytea NOT NULL,
  begun_at timestamptz NOT NULL
);
CREATE INDEX ix_kernel_arrival_owner ON kernel_arrival (owner_id, subject);
CREATE TABLE kernel_arrival_piece (
  arrival_id uuid NOT NULL CONSTRAINT fk_kernel_arrival_piece_arrival_id REFERENCES kernel_arrival (id)
    ON DELETE CASCADE,
  j bigint NOT NULL,
  CONSTRAINT pk_kernel_arrival_piece PRIMARY KEY (arrival_id, j)
);
REVOKE ALL ON kernel_arrival, kernel_arrival_piece FROM supervision_ro;
REVOKE UPDATE ON kernel_arrival, kernel_arrival_piece FROM portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE kernel_arrival_piece, kernel_arrival;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of files under way."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of files under way."""
    _script(DOWNGRADE)
