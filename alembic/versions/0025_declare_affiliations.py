"""Declared affiliations: who is tied to the platform's operator or to a party of a tender, from which day to which.

Imports nothing of ours: models change, history must not. A declaration is never changed; only its end is added, once.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE trading_affiliation (
  id uuid NOT NULL CONSTRAINT pk_trading_affiliation PRIMARY KEY,
  kind text NOT NULL
    CONSTRAINT ck_trading_affiliation_kind CHECK (kind IN ('itself', 'holding', 'management', 'adviser')),
  uscc text NOT NULL,
  name text NOT NULL,
  -- Empty: the platform's operator.
  of_uscc text NOT NULL DEFAULT '',
  of_name text NOT NULL DEFAULT '',
  project_id uuid CONSTRAINT fk_trading_affiliation_project_id REFERENCES trading_project (id),
  basis text NOT NULL,
  since date NOT NULL,
  until date,
  declared_petition uuid NOT NULL CONSTRAINT uq_trading_affiliation_declared_petition UNIQUE
    CONSTRAINT fk_trading_affiliation_declared_petition REFERENCES identity_petition (id),
  declared_at timestamptz NOT NULL,
  end_basis text,
  ended_petition uuid
    CONSTRAINT fk_trading_affiliation_ended_petition REFERENCES identity_petition (id),
  ended_at timestamptz,
  CONSTRAINT ck_trading_affiliation_span CHECK (until IS NULL OR until >= since),
  CONSTRAINT ck_trading_affiliation_itself CHECK (kind <> 'itself' OR of_uscc = ''),
  CONSTRAINT ck_trading_affiliation_adviser CHECK ((kind = 'adviser') = (project_id IS NOT NULL)),
  CONSTRAINT ck_trading_affiliation_not_its_own CHECK (uscc <> of_uscc),
  CONSTRAINT ck_trading_affiliation_ended CHECK (
    (ended_at IS NULL) = (ended_petition IS NULL) AND (ended_at IS NULL) = (end_basis IS NULL))
);
CREATE INDEX ix_trading_affiliation_uscc ON trading_affiliation (uscc);
CREATE INDEX ix_trading_affiliation_project_id ON trading_affiliation (project_id);

REVOKE UPDATE, DELETE ON trading_affiliation FROM portal_rw;
GRANT UPDATE (until, end_basis, ended_petition, ended_at) ON trading_affiliation TO portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE trading_affiliation;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table of affiliations."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table of affiliations."""
    _script(DOWNGRADE)
