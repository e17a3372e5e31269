"""Who is present at an opening, who signs its record, and the two times of it that are our own decision.

Imports nothing of ours: models change, history must not. Nobody's presence and no signature is ever changed. A bidder's
presence tells who bids: supervision's login sees it once the lot is unsealed, like every other trace of a bidder.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_presence (
  id uuid NOT NULL CONSTRAINT pk_bidding_presence PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_presence_lot_id REFERENCES trading_lot (id),
  account_id uuid NOT NULL CONSTRAINT fk_bidding_presence_account_id REFERENCES identity_account (id),
  organisation_id uuid NOT NULL CONSTRAINT fk_bidding_presence_organisation_id REFERENCES identity_organisation (id),
  capacity text NOT NULL CONSTRAINT ck_bidding_presence_capacity
    CHECK (capacity IN ('bidder', 'agency', 'procuring_entity', 'supervisor', 'trustee')),
  bid_id uuid CONSTRAINT fk_bidding_presence_bid_id REFERENCES bidding_bid (id),
  came_at timestamptz NOT NULL,
  entry_id bigint NOT NULL,
  CONSTRAINT uq_bidding_presence_lot_id_account_id UNIQUE (lot_id, account_id),
  CONSTRAINT ck_bidding_presence_bid CHECK ((bid_id IS NOT NULL) = (capacity = 'bidder'))
);
CREATE TABLE bidding_signature (
  id uuid NOT NULL CONSTRAINT pk_bidding_signature PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_signature_lot_id REFERENCES trading_lot (id),
  account_id uuid NOT NULL CONSTRAINT fk_bidding_signature_account_id REFERENCES identity_account (id),
  organisation_id uuid NOT NULL CONSTRAINT fk_bidding_signature_organisation_id REFERENCES identity_organisation (id),
  capacity text NOT NULL CONSTRAINT ck_bidding_signature_capacity
    CHECK (capacity IN ('bidder', 'agency', 'procuring_entity', 'supervisor', 'trustee')),
  bid_id uuid CONSTRAINT fk_bidding_signature_bid_id REFERENCES bidding_bid (id),
  draft bytea NOT NULL,
  stance text NOT NULL CONSTRAINT ck_bidding_signature_stance CHECK (stance IN ('agreed', 'objection')),
  remark text NOT NULL,
  jws text NOT NULL,
  signed_at timestamptz NOT NULL,
  entry_id bigint NOT NULL,
  CONSTRAINT uq_bidding_signature_lot_id_account_id_draft UNIQUE (lot_id, account_id, draft),
  CONSTRAINT ck_bidding_signature_bid CHECK ((bid_id IS NOT NULL) = (capacity = 'bidder'))
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_presence', 'bidding_signature'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)', t || '_portal', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO supervision_ro USING (bid_id IS NULL OR'
      ' EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = %I.lot_id))', t || '_oversight', t, t);
  END LOOP;
END $$;

INSERT INTO kernel_parameter
  (key, regime, variant, jurisdiction, effective_from, effective_to, value, unit,
   direction, roll, label, basis, rules, base, stops, confidence)
VALUES
  ('opening_check_in', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 60, 'count', NULL, 'none',
   '开标前可以签到的时间（分钟）', '平台默认值', '{R-ET-06}', '', '', 'D'),
  ('opening_objection_time', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 10, 'count', NULL, 'none',
   '唱标后提出异议、签署开标记录的时间（分钟）', '平台默认值', '{R-TIME-09}', '', '', 'D');
"""

DOWNGRADE = r"""
DELETE FROM kernel_parameter WHERE key IN ('opening_check_in', 'opening_objection_time');
DROP TABLE bidding_signature, bidding_presence;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of presence and of signatures, and load the two times."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables and the two times."""
    _script(DOWNGRADE)
