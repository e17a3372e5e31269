"""Corrections that a supervising body orders after an inspection, and how each was found when it was checked.

Imports nothing of ours: models change, history must not. What was ordered is never changed; only how it was found is
added, once.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE supervision_correction (
  id uuid NOT NULL CONSTRAINT pk_supervision_correction PRIMARY KEY,
  inspection_id uuid NOT NULL
    CONSTRAINT fk_supervision_correction_inspection_id REFERENCES supervision_inspection (id),
  target_id uuid NOT NULL CONSTRAINT fk_supervision_correction_target_id REFERENCES supervision_target (id),
  demand text NOT NULL,
  due date NOT NULL,
  ordered_by uuid NOT NULL,
  ordered_at timestamptz NOT NULL,
  outcome text CONSTRAINT ck_supervision_correction_outcome CHECK (outcome IN ('corrected', 'not_corrected')),
  finding text,
  checked_by uuid,
  checked_at timestamptz,
  CONSTRAINT ck_supervision_correction_checked CHECK (
    (outcome IS NULL) = (checked_at IS NULL) AND (outcome IS NULL) = (finding IS NULL)
    AND (outcome IS NULL) = (checked_by IS NULL))
);
CREATE INDEX ix_supervision_correction_inspection_id ON supervision_correction (inspection_id);
-- One order at a time: the next one follows a check.
CREATE UNIQUE INDEX uq_supervision_correction_open ON supervision_correction (target_id) WHERE outcome IS NULL;

REVOKE UPDATE, DELETE ON supervision_correction FROM portal_rw;
GRANT UPDATE (outcome, finding, checked_by, checked_at) ON supervision_correction TO portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE supervision_correction;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the table of corrections."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the table of corrections."""
    _script(DOWNGRADE)
