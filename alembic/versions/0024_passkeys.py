"""Passkeys: challenges that are out, and when a passkey was last used.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE identity_factor ADD COLUMN used_at timestamptz;

CREATE TABLE identity_passkey_challenge (
  challenge bytea NOT NULL CONSTRAINT pk_identity_passkey_challenge PRIMARY KEY,
  binding bytea NOT NULL,
  account_id uuid CONSTRAINT fk_identity_passkey_challenge_account_id REFERENCES identity_account (id),
  expires_at timestamptz NOT NULL
);
CREATE INDEX ix_identity_passkey_challenge_expires_at ON identity_passkey_challenge (expires_at);

REVOKE UPDATE ON identity_passkey_challenge FROM portal_rw;
REVOKE ALL ON identity_passkey_challenge FROM supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE identity_passkey_challenge;
ALTER TABLE identity_factor DROP COLUMN used_at;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table of challenges."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table of challenges."""
    _script(DOWNGRADE)
