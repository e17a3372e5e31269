"""Objections to an opening, raised and answered on the spot.

Imports nothing of ours: models change, history must not. Neither an objection nor an answer is ever changed.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_opening_objection (
  id uuid NOT NULL CONSTRAINT pk_bidding_opening_objection PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_opening_objection_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_opening_objection_bid_id REFERENCES bidding_bid (id),
  raiser_id uuid NOT NULL CONSTRAINT fk_bidding_opening_objection_raiser_id REFERENCES identity_organisation (id),
  text text NOT NULL,
  raised_by uuid NOT NULL,
  raised_at timestamptz NOT NULL,
  entry_id bigint NOT NULL,
  CONSTRAINT uq_bidding_opening_objection_lot_id_no UNIQUE (lot_id, no)
);
CREATE INDEX ix_bidding_opening_objection_lot_id ON bidding_opening_objection (lot_id);
CREATE TABLE bidding_opening_answer (
  objection_id uuid NOT NULL CONSTRAINT pk_bidding_opening_answer PRIMARY KEY
    CONSTRAINT fk_bidding_opening_answer_objection_id REFERENCES bidding_opening_objection (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_opening_answer_lot_id REFERENCES trading_lot (id),
  outcome text NOT NULL
    CONSTRAINT ck_bidding_opening_answer_outcome CHECK (outcome IN ('upheld', 'partly', 'dismissed')),
  text text NOT NULL,
  answered_by uuid NOT NULL,
  answered_at timestamptz NOT NULL,
  entry_id bigint NOT NULL
);
CREATE INDEX ix_bidding_opening_answer_lot_id ON bidding_opening_answer (lot_id);

-- Who objects has bid; there is no row before the opening, and none would be shown.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_opening_objection', 'bidding_opening_answer'] LOOP
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
DROP TABLE bidding_opening_answer, bidding_opening_objection;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of objections to an opening."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of objections to an opening."""
    _script(DOWNGRADE)
