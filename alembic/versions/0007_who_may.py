"""Who may: states of an account, sessions that can be listed and ended, second factors, two persons, audit of access.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE identity_account
  ADD COLUMN state text NOT NULL DEFAULT 'active'
    CONSTRAINT ck_identity_account_state CHECK (state IN ('pending', 'invited', 'active'));
GRANT SELECT (state) ON identity_account TO supervision_ro;

ALTER TABLE identity_session
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT uq_identity_session_id UNIQUE,
  ADD COLUMN origin text NOT NULL DEFAULT '',
  ADD COLUMN device text NOT NULL DEFAULT '',
  ADD COLUMN idle interval NOT NULL DEFAULT interval '2 hours',
  ADD COLUMN stepped_up_at timestamptz;

CREATE TABLE identity_factor (
  id uuid NOT NULL CONSTRAINT pk_identity_factor PRIMARY KEY,
  account_id uuid NOT NULL CONSTRAINT fk_identity_factor_account_id REFERENCES identity_account (id),
  kind text NOT NULL CONSTRAINT ck_identity_factor_kind CHECK (kind IN ('totp', 'passkey')),
  label text NOT NULL,
  secret bytea NOT NULL,
  credential bytea CONSTRAINT uq_identity_factor_credential UNIQUE,
  counter bigint NOT NULL,
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX ix_identity_factor_account_id ON identity_factor (account_id);

CREATE TABLE identity_invitation (
  id uuid NOT NULL CONSTRAINT pk_identity_invitation PRIMARY KEY,
  account_id uuid NOT NULL CONSTRAINT fk_identity_invitation_account_id REFERENCES identity_account (id),
  code_hash bytea NOT NULL CONSTRAINT uq_identity_invitation_code_hash UNIQUE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX ix_identity_invitation_account_id ON identity_invitation (account_id);

CREATE TABLE identity_petition (
  id uuid NOT NULL CONSTRAINT pk_identity_petition PRIMARY KEY,
  act text NOT NULL,
  account_id uuid CONSTRAINT fk_identity_petition_account_id REFERENCES identity_account (id),
  facts jsonb NOT NULL,
  reason text NOT NULL,
  asked_by uuid NOT NULL CONSTRAINT fk_identity_petition_asked_by REFERENCES identity_account (id),
  asked_at timestamptz NOT NULL,
  decided_by uuid CONSTRAINT fk_identity_petition_decided_by REFERENCES identity_account (id),
  decided_at timestamptz,
  approved boolean,
  CONSTRAINT ck_identity_petition_two_persons CHECK (decided_by <> asked_by)
);
CREATE INDEX ix_identity_petition_account_id ON identity_petition (account_id);

CREATE TABLE identity_access (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_identity_access PRIMARY KEY,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  account_id uuid CONSTRAINT fk_identity_access_account_id REFERENCES identity_account (id),
  second_id uuid CONSTRAINT fk_identity_access_second_id REFERENCES identity_account (id),
  login text NOT NULL,
  origin text NOT NULL,
  act text NOT NULL,
  reason text NOT NULL
);
CREATE INDEX ix_identity_access_at ON identity_access (at);
CREATE TRIGGER identity_access_append_only BEFORE UPDATE OR DELETE ON identity_access
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();

REVOKE DELETE ON identity_factor, identity_invitation, identity_petition FROM portal_rw;
REVOKE UPDATE, DELETE ON identity_access FROM portal_rw;
REVOKE ALL ON identity_factor, identity_invitation, identity_petition, identity_access FROM supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE identity_access, identity_petition, identity_invitation, identity_factor;
ALTER TABLE identity_session DROP COLUMN stepped_up_at, DROP COLUMN idle, DROP COLUMN device, DROP COLUMN origin,
  DROP COLUMN id;
ALTER TABLE identity_account DROP COLUMN state;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Add what identity needs to say who may do what."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop it again."""
    _script(DOWNGRADE)
