"""Invitations, prequalification with its applications, and who sees a notice.

Imports nothing of ours: models change, history must not. Whom a lot invites and who applied stays secret (R-ANN-05):
supervision's login does not read these tables; the platform shows them after the opening.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE trading_notice ADD COLUMN audience text NOT NULL DEFAULT 'public'
  CONSTRAINT ck_trading_notice_audience CHECK (audience IN ('public', 'invited'));
ALTER TABLE trading_document ADD COLUMN purpose text NOT NULL DEFAULT 'tender'
  CONSTRAINT ck_trading_document_purpose CHECK (purpose IN ('tender', 'prequalification'));

CREATE TABLE trading_invitation (
  id uuid NOT NULL CONSTRAINT pk_trading_invitation PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_invitation_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  ground text NOT NULL,
  reason text NOT NULL,
  approved_by text NOT NULL,
  approval_no text NOT NULL,
  invitees jsonb NOT NULL,
  decided_by uuid NOT NULL,
  decided_at timestamptz NOT NULL,
  CONSTRAINT uq_trading_invitation_lot_id_no UNIQUE (lot_id, no)
);
CREATE TRIGGER trading_invitation_append_only BEFORE UPDATE OR DELETE ON trading_invitation
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
REVOKE UPDATE, DELETE ON trading_invitation FROM portal_rw;

CREATE TABLE trading_prequalification (
  lot_id uuid NOT NULL CONSTRAINT pk_trading_prequalification PRIMARY KEY
    CONSTRAINT fk_trading_prequalification_lot_id REFERENCES trading_lot (id),
  documents_from timestamptz NOT NULL,
  documents_to timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  review_method text NOT NULL,
  announced_at timestamptz NOT NULL,
  concluded_at timestamptz
);
REVOKE UPDATE, DELETE ON trading_prequalification FROM portal_rw;
GRANT UPDATE (documents_to, deadline, concluded_at) ON trading_prequalification TO portal_rw;

CREATE TABLE trading_application (
  id uuid NOT NULL CONSTRAINT pk_trading_application PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_application_lot_id REFERENCES trading_lot (id),
  organisation_id uuid NOT NULL
    CONSTRAINT fk_trading_application_organisation_id REFERENCES identity_organisation (id),
  organisation_name text NOT NULL,
  statement text NOT NULL,
  files jsonb NOT NULL,
  submitted_by uuid NOT NULL,
  submitted_at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  passed boolean,
  reason text,
  decided_at timestamptz,
  CONSTRAINT uq_trading_application_lot_id_organisation_id UNIQUE (lot_id, organisation_id),
  CONSTRAINT ck_trading_application_decided CHECK ((passed IS NULL) = (decided_at IS NULL))
);
CREATE INDEX ix_trading_application_organisation_id ON trading_application (organisation_id);
REVOKE UPDATE, DELETE ON trading_application FROM portal_rw;
GRANT UPDATE (statement, files, submitted_by, submitted_at, withdrawn_at, passed, reason, decided_at)
  ON trading_application TO portal_rw;

REVOKE ALL ON trading_invitation, trading_application FROM supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE trading_application, trading_prequalification, trading_invitation;
ALTER TABLE trading_document DROP COLUMN purpose;
ALTER TABLE trading_notice DROP COLUMN audience;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables and columns."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop them."""
    _script(DOWNGRADE)
