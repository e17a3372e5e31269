"""Contracts that are concluded after an award.

Imports nothing of ours: models change, history must not. One contract per lot, never changed.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE trading_contract (
  lot_id uuid NOT NULL CONSTRAINT pk_trading_contract PRIMARY KEY
    CONSTRAINT fk_trading_contract_lot_id REFERENCES trading_lot (id),
  award_id uuid NOT NULL CONSTRAINT fk_trading_contract_award_id REFERENCES trading_award (id),
  number text NOT NULL,
  signed_on date NOT NULL,
  amount_fen bigint NOT NULL,
  term text NOT NULL,
  summary text NOT NULL,
  performance_bond_fen bigint NOT NULL
    CONSTRAINT ck_trading_contract_performance_bond CHECK (performance_bond_fen >= 0),
  due_on date NOT NULL,
  late_reason text NOT NULL,
  file_id uuid NOT NULL CONSTRAINT fk_trading_contract_file_id REFERENCES kernel_file (id),
  digest bytea NOT NULL,
  concluded_by uuid NOT NULL,
  concluded_at timestamptz NOT NULL,
  entry_id bigint NOT NULL,
  CONSTRAINT uq_trading_contract_award_id UNIQUE (award_id),
  -- A late signing is never without its reason.
  CONSTRAINT ck_trading_contract_late CHECK ((signed_on > due_on) = (late_reason <> ''))
);
CREATE TRIGGER trading_contract_append_only BEFORE UPDATE OR DELETE ON trading_contract
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
REVOKE UPDATE, DELETE ON trading_contract FROM portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE trading_contract;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table of contracts."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table of contracts."""
    _script(DOWNGRADE)
