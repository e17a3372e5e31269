"""Consortia: the agreement under a leader, each member's answer, and why a bid waits for them.

Imports nothing of ours: models change, history must not. Who stands together tells who bids: supervision's login sees
it once the lot is unsealed (R-ET-05).
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_consortium (
  id uuid NOT NULL CONSTRAINT pk_bidding_consortium PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_consortium_lot_id REFERENCES trading_lot (id),
  leader_id uuid NOT NULL CONSTRAINT fk_bidding_consortium_leader_id REFERENCES identity_organisation (id),
  no bigint NOT NULL CONSTRAINT ck_bidding_consortium_no CHECK (no >= 1),
  state text NOT NULL CONSTRAINT ck_bidding_consortium_state CHECK (state IN ('open', 'complete', 'ended')),
  name text NOT NULL,
  message jsonb NOT NULL,
  digest bytea NOT NULL CONSTRAINT uq_bidding_consortium_digest UNIQUE,
  agreement bytea NOT NULL,
  agreement_name text NOT NULL,
  agreement_size bigint NOT NULL,
  made_by uuid NOT NULL,
  made_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT uq_bidding_consortium_lot_id_leader_id_no UNIQUE (lot_id, leader_id, no),
  CONSTRAINT ck_bidding_consortium_ended CHECK ((ended_at IS NOT NULL) = (state = 'ended'))
);
CREATE INDEX ix_bidding_consortium_lot_id ON bidding_consortium (lot_id);
CREATE UNIQUE INDEX uq_bidding_consortium_live ON bidding_consortium (lot_id, leader_id) WHERE state <> 'ended';
CREATE TABLE bidding_consortium_member (
  consortium_id uuid NOT NULL
    CONSTRAINT fk_bidding_consortium_member_consortium_id REFERENCES bidding_consortium (id),
  uscc text NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_consortium_member_lot_id REFERENCES trading_lot (id),
  place bigint NOT NULL,
  name text NOT NULL,
  share bigint NOT NULL CONSTRAINT ck_bidding_consortium_member_share CHECK (share BETWEEN 1 AND 9999),
  work text NOT NULL,
  organisation_id uuid
    CONSTRAINT fk_bidding_consortium_member_organisation_id REFERENCES identity_organisation (id),
  state text NOT NULL CONSTRAINT ck_bidding_consortium_member_state CHECK (state IN ('asked', 'consented', 'declined')),
  bound boolean NOT NULL,
  jws text,
  reason text NOT NULL,
  answered_at timestamptz,
  CONSTRAINT pk_bidding_consortium_member PRIMARY KEY (consortium_id, uscc),
  CONSTRAINT ck_bidding_consortium_member_consent CHECK ((jws IS NOT NULL) = (state = 'consented')),
  CONSTRAINT ck_bidding_consortium_member_bound
    CHECK (NOT bound OR (state = 'consented' AND organisation_id IS NOT NULL))
);
CREATE INDEX ix_bidding_consortium_member_uscc ON bidding_consortium_member (uscc);
CREATE UNIQUE INDEX uq_bidding_consortium_member_bound ON bidding_consortium_member (lot_id, uscc) WHERE bound;
ALTER TABLE bidding_bid ADD COLUMN hold text
  CONSTRAINT ck_bidding_bid_hold CHECK (hold IN ('awaiting', 'joint', 'member'));
GRANT UPDATE (hold) ON bidding_bid TO portal_rw;

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_consortium', 'bidding_consortium_member'] LOOP
    EXECUTE format('REVOKE DELETE ON %I FROM portal_rw', t);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)', t || '_portal', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO supervision_ro USING'
      ' (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = %I.lot_id))', t || '_oversight', t, t);
  END LOOP;
END $$;
"""

DOWNGRADE = r"""
ALTER TABLE bidding_bid DROP COLUMN hold;
DROP TABLE bidding_consortium_member, bidding_consortium;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of consortia and the hold of a bid."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop them."""
    _script(DOWNGRADE)
