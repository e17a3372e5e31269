"""Openings in two steps: technical part first, price later, with what was decided between them.

Imports nothing of ours: models change, history must not. The first step's outcome and the conclusion of the technical
evaluation are never changed.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE bidding_bid DROP CONSTRAINT ck_bidding_bid_state;
ALTER TABLE bidding_bid ADD CONSTRAINT ck_bidding_bid_state CHECK (state IN ('registered', 'sealed', 'withdrawn',
  'closed', 'released', 'first_opened', 'not_passed', 'opened', 'unreleased', 'fault_bidder', 'fault_platform'));
ALTER TABLE bidding_opening DROP CONSTRAINT ck_bidding_opening_stage;
ALTER TABLE bidding_opening ADD CONSTRAINT ck_bidding_opening_stage CHECK (
  stage IN ('closed', 'releasing', 'combining', 'first_opened', 'opened', 'recorded', 'failed'));
ALTER TABLE bidding_opening ADD COLUMN step bigint NOT NULL DEFAULT 1;
ALTER TABLE bidding_opening ALTER COLUMN step DROP DEFAULT;
ALTER TABLE bidding_opening ADD COLUMN begun_at timestamptz;
ALTER TABLE bidding_share_batch ADD COLUMN step bigint NOT NULL DEFAULT 1;
ALTER TABLE bidding_share_batch ALTER COLUMN step DROP DEFAULT;
ALTER TABLE bidding_share_batch DROP CONSTRAINT pk_bidding_share_batch;
ALTER TABLE bidding_share_batch ADD CONSTRAINT pk_bidding_share_batch PRIMARY KEY (keyset_id, i, step);

CREATE TABLE bidding_first_opening (
  lot_id uuid NOT NULL CONSTRAINT pk_bidding_first_opening PRIMARY KEY
    CONSTRAINT fk_bidding_first_opening_lot_id REFERENCES trading_lot (id),
  window_until timestamptz NOT NULL,
  window_closed_at timestamptz,
  window_entry_id bigint,
  window_jws text,
  emergency_reason text,
  opened_at timestamptz NOT NULL,
  opened_entry_id bigint NOT NULL,
  reading jsonb NOT NULL
);
CREATE TABLE bidding_technical_result (
  lot_id uuid NOT NULL CONSTRAINT pk_bidding_technical_result PRIMARY KEY
    CONSTRAINT fk_bidding_technical_result_lot_id REFERENCES trading_lot (id),
  verdicts jsonb NOT NULL,
  concluded_by uuid NOT NULL,
  concluded_at timestamptz NOT NULL,
  entry_id bigint NOT NULL
);

-- Both name who bid; there is no row before the first opening, and none would be shown.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_first_opening', 'bidding_technical_result'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)', t || '_portal', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO supervision_ro'
      ' USING (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = %I.lot_id))', t || '_oversight', t, t);
  END LOOP;
END $$;
"""

DOWNGRADE = r"""
ALTER TABLE bidding_bid DROP CONSTRAINT ck_bidding_bid_state;
ALTER TABLE bidding_bid ADD CONSTRAINT ck_bidding_bid_state CHECK (state IN ('registered', 'sealed', 'withdrawn',
  'closed', 'released', 'opened', 'unreleased', 'fault_bidder', 'fault_platform'));
ALTER TABLE bidding_opening DROP CONSTRAINT ck_bidding_opening_stage;
ALTER TABLE bidding_opening ADD CONSTRAINT ck_bidding_opening_stage CHECK (
  stage IN ('closed', 'releasing', 'combining', 'opened', 'recorded', 'failed'));
DROP TABLE bidding_technical_result, bidding_first_opening;
ALTER TABLE bidding_share_batch DROP CONSTRAINT pk_bidding_share_batch;
DELETE FROM bidding_share_batch WHERE step > 1;
ALTER TABLE bidding_share_batch ADD CONSTRAINT pk_bidding_share_batch PRIMARY KEY (keyset_id, i);
ALTER TABLE bidding_share_batch DROP COLUMN step;
ALTER TABLE bidding_opening DROP COLUMN begun_at;
ALTER TABLE bidding_opening DROP COLUMN step;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Add the step to openings and batches, and the tables between the steps."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables between the steps, and the step."""
    _script(DOWNGRADE)
