"""The tables of experts: pool, draws, evaluation sessions.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UPGRADE = r"""
-- The book of draws (kernel.drawbook), shared by the draws of experts and of inspections.
CREATE TABLE draw_draw (
  id uuid NOT NULL CONSTRAINT pk_draw_draw PRIMARY KEY,
  number text NOT NULL CONSTRAINT uq_draw_draw_number UNIQUE,
  purpose text NOT NULL,
  subject uuid,
  state text NOT NULL CONSTRAINT ck_draw_draw_state CHECK (state IN ('frozen', 'closed', 'drawn', 'void')),
  spec jsonb NOT NULL,
  spec_hash bytea NOT NULL CONSTRAINT uq_draw_draw_spec_hash UNIQUE,
  pools jsonb NOT NULL,
  key_enc bytea NOT NULL,
  key_ct bytea NOT NULL,
  seed bytea,
  output jsonb,
  spec_entry bigint NOT NULL,
  close_entry bigint,
  result_entry bigint,
  created_at timestamptz NOT NULL,
  drawn_at timestamptz
);
CREATE INDEX ix_draw_draw_subject ON draw_draw (subject);
CREATE TABLE draw_contribution (
  draw_id uuid NOT NULL CONSTRAINT fk_draw_contribution_draw_id REFERENCES draw_draw (id),
  party text NOT NULL,
  token text NOT NULL,
  commitment bytea NOT NULL,
  commit_entry bigint NOT NULL,
  value bytea,
  revealed_at timestamptz,
  CONSTRAINT pk_draw_contribution PRIMARY KEY (draw_id, party)
);
CREATE TABLE draw_identity (
  draw_id uuid NOT NULL CONSTRAINT fk_draw_identity_draw_id REFERENCES draw_draw (id),
  leaf bytea NOT NULL,
  sealed bytea NOT NULL,
  person bytea NOT NULL,
  opened_at timestamptz,
  CONSTRAINT pk_draw_identity PRIMARY KEY (draw_id, leaf)
);
CREATE INDEX ix_draw_identity_person ON draw_identity (person);
CREATE TABLE draw_step (
  draw_id uuid NOT NULL CONSTRAINT fk_draw_step_draw_id REFERENCES draw_draw (id),
  number bigint NOT NULL,
  act text NOT NULL,
  group_index bigint,
  out_leaf bytea NOT NULL,
  in_leaf bytea,
  reason text NOT NULL,
  evidence text,
  entry_id bigint NOT NULL,
  CONSTRAINT pk_draw_step PRIMARY KEY (draw_id, number),
  CONSTRAINT uq_draw_step_out UNIQUE (draw_id, out_leaf)
);
REVOKE DELETE ON draw_draw, draw_contribution, draw_identity, draw_step FROM portal_rw;
REVOKE UPDATE ON draw_step FROM portal_rw;
REVOKE ALL ON draw_identity FROM supervision_ro;

"""

DOWNGRADE = r"""
DROP TABLE draw_step, draw_identity, draw_contribution, draw_draw;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of experts."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of experts."""
    _script(DOWNGRADE)
