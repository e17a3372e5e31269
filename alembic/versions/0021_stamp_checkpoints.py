"""Time stamps of an outside authority on checkpoints: the token beside the note, and which checkpoints are to get one.

Imports nothing of ours: models change, history must not. A token is set once; from then on the note it is over is the
note for ever.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UPGRADE = r"""
ALTER TABLE log_checkpoint ADD COLUMN tst bytea;
CREATE INDEX ix_log_checkpoint_at ON log_checkpoint (at);
CREATE INDEX ix_log_checkpoint_stamped ON log_checkpoint (size) WHERE tst IS NOT NULL;
CREATE OR REPLACE FUNCTION log_checkpoint_is_signed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.at <> OLD.at
     OR (OLD.note IS NOT NULL AND (NEW.note IS NULL OR left(NEW.note, length(OLD.note)) <> OLD.note)) THEN
    RAISE EXCEPTION 'a checkpoint is signed, never changed' USING ERRCODE = '42501';
  END IF;
  IF (OLD.tst IS NOT NULL AND (NEW.tst IS DISTINCT FROM OLD.tst OR NEW.note <> OLD.note))
     OR (NEW.tst IS NOT NULL AND OLD.note IS NULL) THEN
    RAISE EXCEPTION 'a signed checkpoint is stamped once' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
GRANT UPDATE (tst) ON log_checkpoint TO portal_rw;

CREATE TABLE log_stamp_request (
  size bigint NOT NULL CONSTRAINT pk_log_stamp_request PRIMARY KEY
    CONSTRAINT fk_log_stamp_request_size REFERENCES log_checkpoint (size),
  reason text NOT NULL CONSTRAINT ck_log_stamp_request_reason CHECK (reason IN ('deadline', 'daily')),
  day date CONSTRAINT uq_log_stamp_request_day UNIQUE,
  asked_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  attempts bigint NOT NULL,
  last_error text,
  stamped_at timestamptz,
  authority text
);
CREATE INDEX ix_log_stamp_request_due ON log_stamp_request (next_at) WHERE stamped_at IS NULL;
REVOKE UPDATE, DELETE ON log_stamp_request FROM portal_rw;
GRANT UPDATE (day, next_at, attempts, last_error, stamped_at, authority) ON log_stamp_request TO portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE log_stamp_request;
REVOKE UPDATE (tst) ON log_checkpoint FROM portal_rw;
CREATE OR REPLACE FUNCTION log_checkpoint_is_signed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.at <> OLD.at
     OR (OLD.note IS NOT NULL AND left(NEW.note, length(OLD.note)) <> OLD.note) THEN
    RAISE EXCEPTION 'a checkpoint is signed, never changed' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
DROP INDEX ix_log_checkpoint_stamped;
DROP INDEX ix_log_checkpoint_at;
ALTER TABLE log_checkpoint DROP COLUMN tst;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Make room for tokens and for what is to get one."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop both."""
    _script(DOWNGRADE)
