"""Escrow and beacons of draws: shares handed out, acknowledged and returned; what witnesses of public numbers say.

Imports nothing of ours: models change, history must not. What a party signed is never changed; a holder's
acknowledgement and a returned share are added once, and a witness may correct a value until two agree.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE draw_draw DROP CONSTRAINT ck_draw_draw_state;
ALTER TABLE draw_draw ADD CONSTRAINT ck_draw_draw_state
  CHECK (state IN ('frozen', 'closed', 'final', 'drawn', 'void'));
ALTER TABLE draw_draw ADD COLUMN final_entry bigint;
ALTER TABLE draw_contribution ADD COLUMN recovered boolean NOT NULL DEFAULT false;

CREATE TABLE draw_delivery (
  draw_id uuid NOT NULL,
  party text NOT NULL,
  token text NOT NULL,
  entry_id bigint NOT NULL,
  delivered_at timestamptz NOT NULL,
  CONSTRAINT pk_draw_delivery PRIMARY KEY (draw_id, party),
  CONSTRAINT fk_draw_delivery_draw_id FOREIGN KEY (draw_id, party) REFERENCES draw_contribution (draw_id, party)
);
CREATE TABLE draw_share (
  draw_id uuid NOT NULL,
  party text NOT NULL,
  number bigint NOT NULL,
  holder text NOT NULL,
  ack_token text,
  ack_entry bigint,
  value bytea,
  handed_at timestamptz,
  CONSTRAINT pk_draw_share PRIMARY KEY (draw_id, party, number),
  CONSTRAINT fk_draw_share_draw_id FOREIGN KEY (draw_id, party) REFERENCES draw_delivery (draw_id, party),
  CONSTRAINT ck_draw_share_ack CHECK ((ack_token IS NULL) = (ack_entry IS NULL)),
  CONSTRAINT ck_draw_share_handed CHECK ((value IS NULL) = (handed_at IS NULL))
);
CREATE TABLE draw_statement (
  draw_id uuid NOT NULL CONSTRAINT fk_draw_statement_draw_id REFERENCES draw_draw (id),
  beacon bigint NOT NULL,
  kid text NOT NULL,
  value text NOT NULL,
  token text NOT NULL,
  stated_at timestamptz NOT NULL,
  CONSTRAINT pk_draw_statement PRIMARY KEY (draw_id, beacon, kid)
);
REVOKE UPDATE, DELETE ON draw_delivery, draw_share, draw_statement FROM portal_rw;
GRANT UPDATE (ack_token, ack_entry, value, handed_at) ON draw_share TO portal_rw;
GRANT UPDATE (value, token, stated_at) ON draw_statement TO portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE draw_statement, draw_share, draw_delivery;
ALTER TABLE draw_contribution DROP COLUMN recovered;
ALTER TABLE draw_draw DROP COLUMN final_entry;
ALTER TABLE draw_draw DROP CONSTRAINT ck_draw_draw_state;
ALTER TABLE draw_draw ADD CONSTRAINT ck_draw_draw_state CHECK (state IN ('frozen', 'closed', 'drawn', 'void'));
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of escrow and beacons."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of escrow and beacons."""
    _script(DOWNGRADE)
