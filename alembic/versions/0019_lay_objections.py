"""Objections to the tender documents and to the result, and their answers.

Imports nothing of ours: models change, history must not. An objection is never changed but for its withdrawal, an
answer never.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE trading_objection (
  id uuid NOT NULL CONSTRAINT pk_trading_objection PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_objection_lot_id REFERENCES trading_lot (id),
  subject text NOT NULL CONSTRAINT ck_trading_objection_subject CHECK (subject IN ('documents', 'result')),
  raiser_id uuid NOT NULL CONSTRAINT fk_trading_objection_raiser_id REFERENCES identity_organisation (id),
  interest text NOT NULL,
  text text NOT NULL,
  request text NOT NULL,
  raised_at timestamptz NOT NULL,
  answer_by timestamptz NOT NULL,
  withdrawn_at timestamptz
);
CREATE INDEX ix_trading_objection_lot_id ON trading_objection (lot_id);
CREATE TABLE trading_objection_answer (
  objection_id uuid NOT NULL CONSTRAINT pk_trading_objection_answer PRIMARY KEY
    CONSTRAINT fk_trading_objection_answer_objection_id REFERENCES trading_objection (id),
  lot_id uuid NOT NULL CONSTRAINT fk_trading_objection_answer_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  objection_text text NOT NULL,
  outcome text NOT NULL
    CONSTRAINT ck_trading_objection_answer_outcome CHECK (outcome IN ('upheld', 'partly', 'dismissed')),
  text text NOT NULL,
  affects_bids boolean NOT NULL,
  late boolean NOT NULL,
  answered_by uuid NOT NULL,
  answered_at timestamptz NOT NULL
);
CREATE INDEX ix_trading_objection_answer_lot_id ON trading_objection_answer (lot_id);

REVOKE UPDATE, DELETE ON trading_objection, trading_objection_answer FROM portal_rw;
GRANT UPDATE (withdrawn_at) ON trading_objection TO portal_rw;
CREATE TRIGGER trading_objection_answer_append_only BEFORE UPDATE OR DELETE ON trading_objection_answer
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();

-- Who objected tells who holds the documents (R-ANN-05): hidden from supervision until the opening.
ALTER TABLE trading_objection ENABLE ROW LEVEL SECURITY;
CREATE POLICY trading_objection_portal ON trading_objection TO portal_rw USING (true) WITH CHECK (true);
CREATE POLICY trading_objection_oversight ON trading_objection FOR SELECT TO supervision_ro
  USING (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = trading_objection.lot_id));
"""

DOWNGRADE = r"""
DROP TABLE trading_objection_answer, trading_objection;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of objections."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of objections."""
    _script(DOWNGRADE)
