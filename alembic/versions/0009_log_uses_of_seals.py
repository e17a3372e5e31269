"""Uses of seals: which document an organisation's seal was used on, and which uses wait for a second person.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE kernel_seal_use (
  digest bytea NOT NULL CONSTRAINT pk_kernel_seal_use PRIMARY KEY CONSTRAINT ck_kernel_seal_use_digest
    CHECK (octet_length(digest) = 32),
  subject uuid NOT NULL,
  kind text NOT NULL,
  number text NOT NULL,
  name text NOT NULL,
  size bigint NOT NULL,
  matter uuid,
  signer text NOT NULL,
  uscc text NOT NULL,
  certificate bytea NOT NULL,
  visibility text NOT NULL
    CONSTRAINT ck_kernel_seal_use_visibility CHECK (visibility IN ('public', 'parties', 'restricted', 'sealed')),
  entry_id bigint NOT NULL CONSTRAINT uq_kernel_seal_use_entry_id UNIQUE,
  used_at timestamptz NOT NULL,
  CONSTRAINT uq_kernel_seal_use_subject_kind UNIQUE (subject, kind)
);
CREATE INDEX ix_kernel_seal_use_matter ON kernel_seal_use (matter);
CREATE INDEX ix_kernel_seal_use_uscc ON kernel_seal_use (uscc);
CREATE TRIGGER kernel_seal_use_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_seal_use
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TABLE kernel_seal_request (
  subject uuid NOT NULL,
  kind text NOT NULL,
  number text NOT NULL,
  title text NOT NULL,
  matter uuid,
  signer text NOT NULL,
  uscc text NOT NULL,
  asked_by text[] NOT NULL,
  job text NOT NULL,
  payload jsonb NOT NULL,
  asked_at timestamptz NOT NULL,
  confirmed_by uuid,
  confirmed_at timestamptz,
  CONSTRAINT pk_kernel_seal_request PRIMARY KEY (subject, kind),
  CONSTRAINT ck_kernel_seal_request_confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
);
CREATE INDEX ix_kernel_seal_request_uscc ON kernel_seal_request (uscc);

REVOKE UPDATE, DELETE, TRUNCATE ON kernel_seal_use FROM portal_rw;
REVOKE UPDATE, DELETE, TRUNCATE ON kernel_seal_request FROM portal_rw;
GRANT UPDATE (confirmed_by, confirmed_at) ON kernel_seal_request TO portal_rw;

-- That a receipt was printed would tell that there is a bid: hidden from oversight until the opening (R-ET-05).
ALTER TABLE kernel_seal_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY kernel_seal_use_portal ON kernel_seal_use TO portal_rw USING (true) WITH CHECK (true);
CREATE POLICY kernel_seal_use_oversight ON kernel_seal_use FOR SELECT TO supervision_ro
  USING (visibility <> 'sealed' OR EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = kernel_seal_use.matter));
"""

DOWNGRADE = r"""
DROP TABLE kernel_seal_request, kernel_seal_use;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of seals."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of seals."""
    _script(DOWNGRADE)
