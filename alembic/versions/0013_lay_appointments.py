"""Appointments of clerks, requests for one, warnings that were sent, entrustments of agencies.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE identity_account ADD COLUMN by_appointment boolean NOT NULL DEFAULT false;
GRANT SELECT (by_appointment) ON identity_account TO supervision_ro;

CREATE TABLE identity_appointment (
  id uuid NOT NULL CONSTRAINT pk_identity_appointment PRIMARY KEY,
  organisation_id uuid NOT NULL
    CONSTRAINT fk_identity_appointment_organisation_id REFERENCES identity_organisation (id),
  account_id uuid NOT NULL CONSTRAINT fk_identity_appointment_account_id REFERENCES identity_account (id),
  kid text NOT NULL,
  name text NOT NULL,
  scopes text[] NOT NULL,
  lots uuid[],
  not_before timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  jws text NOT NULL,
  appointed_by uuid NOT NULL CONSTRAINT fk_identity_appointment_appointed_by REFERENCES identity_account (id),
  appointed_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_by uuid CONSTRAINT fk_identity_appointment_ended_by REFERENCES identity_account (id),
  CONSTRAINT ck_identity_appointment_order CHECK (not_before < expires_at)
);
CREATE UNIQUE INDEX uq_identity_appointment_live ON identity_appointment (account_id) WHERE ended_at IS NULL;
CREATE INDEX ix_identity_appointment_organisation_id ON identity_appointment (organisation_id);

CREATE TABLE identity_clerk_request (
  organisation_id uuid NOT NULL
    CONSTRAINT fk_identity_clerk_request_organisation_id REFERENCES identity_organisation (id),
  kid text NOT NULL,
  name text NOT NULL,
  certificate bytea NOT NULL,
  asked_at timestamptz NOT NULL,
  CONSTRAINT pk_identity_clerk_request PRIMARY KEY (organisation_id, kid)
);

CREATE TABLE identity_expiry_warning (
  subject text NOT NULL,
  days bigint NOT NULL,
  sent_at timestamptz NOT NULL,
  CONSTRAINT pk_identity_expiry_warning PRIMARY KEY (subject, days)
);

CREATE TABLE trading_entrustment (
  project_id uuid NOT NULL CONSTRAINT pk_trading_entrustment PRIMARY KEY
    CONSTRAINT fk_trading_entrustment_project_id REFERENCES trading_project (id),
  agency_id uuid NOT NULL CONSTRAINT fk_trading_entrustment_agency_id REFERENCES identity_organisation (id),
  offered_at timestamptz NOT NULL,
  answered_at timestamptz,
  answered_by uuid CONSTRAINT fk_trading_entrustment_answered_by REFERENCES identity_account (id),
  accepted boolean,
  ended_at timestamptz,
  ended_by uuid CONSTRAINT fk_trading_entrustment_ended_by REFERENCES identity_account (id),
  end_reason text
);
CREATE INDEX ix_trading_entrustment_agency_id ON trading_entrustment (agency_id);
INSERT INTO trading_entrustment (project_id, agency_id, offered_at, answered_at, accepted)
  SELECT id, agency_id, registered_at, registered_at, true FROM trading_project;

REVOKE DELETE ON identity_appointment, trading_entrustment, identity_expiry_warning FROM portal_rw;
REVOKE UPDATE ON identity_appointment, trading_entrustment FROM portal_rw;
GRANT UPDATE (ended_at, ended_by) ON identity_appointment TO portal_rw;
GRANT UPDATE (answered_at, answered_by, accepted, ended_at, ended_by, end_reason) ON trading_entrustment TO portal_rw;
-- Which lots a firm names in an appointment would tell that it takes part.
REVOKE ALL ON identity_appointment, identity_clerk_request FROM supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE trading_entrustment, identity_expiry_warning, identity_clerk_request, identity_appointment;
ALTER TABLE identity_account DROP COLUMN by_appointment;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Add the tables."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop it again."""
    _script(DOWNGRADE)
