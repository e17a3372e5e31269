"""Bid bonds, and their return.

Imports nothing of ours: models change, history must not. Declarations and returns are never changed.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_bond (
  id uuid NOT NULL CONSTRAINT pk_bidding_bond PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_bond_lot_id REFERENCES trading_lot (id),
  interest_id uuid NOT NULL CONSTRAINT fk_bidding_bond_interest_id REFERENCES bidding_interest (id),
  rev bigint NOT NULL,
  form text NOT NULL CONSTRAINT ck_bidding_bond_form CHECK (form IN ('transfer', 'guarantee', 'insurance')),
  amount_fen bigint NOT NULL CONSTRAINT ck_bidding_bond_amount CHECK (amount_fen > 0),
  payer_name text NOT NULL,
  payer_account bytea,
  payer_mac bytea,
  payer_tail text NOT NULL,
  from_basic_account boolean NOT NULL,
  issuer text NOT NULL,
  reference text NOT NULL,
  valid_until date NOT NULL,
  declared_at timestamptz NOT NULL,
  CONSTRAINT uq_bidding_bond_interest_id_rev UNIQUE (interest_id, rev)
);
CREATE INDEX ix_bidding_bond_lot_id ON bidding_bond (lot_id);
CREATE TABLE bidding_bond_return (
  bond_id uuid NOT NULL CONSTRAINT pk_bidding_bond_return PRIMARY KEY
    CONSTRAINT fk_bidding_bond_return_bond_id REFERENCES bidding_bond (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_bond_return_lot_id REFERENCES trading_lot (id),
  kind text NOT NULL CONSTRAINT ck_bidding_bond_return_kind CHECK (kind IN ('returned', 'kept')),
  "on" date NOT NULL,
  interest_fen bigint NOT NULL CONSTRAINT ck_bidding_bond_return_interest CHECK (interest_fen >= 0),
  reference text NOT NULL,
  reason text NOT NULL,
  late boolean NOT NULL,
  recorded_by uuid NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX ix_bidding_bond_return_lot_id ON bidding_bond_return (lot_id);

-- Who paid tells who bids (R-ANN-05): hidden from supervision until the opening.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_bond', 'bidding_bond_return'] LOOP
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
DROP TABLE bidding_bond_return, bidding_bond;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of bonds."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of bonds."""
    _script(DOWNGRADE)
