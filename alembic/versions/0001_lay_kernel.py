"""The kernel's tables: installation, log, outbox, files, identity; three logins with their grants.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = r"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_rw') THEN CREATE ROLE portal_rw NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'supervision_ro') THEN CREATE ROLE supervision_ro NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'log_append') THEN CREATE ROLE log_append NOLOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO portal_rw, supervision_ro, log_append;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portal_rw;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO portal_rw;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO supervision_ro;

CREATE FUNCTION kernel_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501'; END $$;

CREATE TABLE kernel_installation (
  id bigint NOT NULL CONSTRAINT pk_kernel_installation PRIMARY KEY,
  rehearsal boolean NOT NULL,
  clock_offset interval NOT NULL DEFAULT '0',
  CONSTRAINT ck_kernel_installation_single CHECK (id = 1),
  CONSTRAINT ck_kernel_installation_offset_only_in_rehearsal CHECK (rehearsal OR clock_offset = interval '0')
);
CREATE FUNCTION kernel_installation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.rehearsal AND NOT OLD.rehearsal THEN
    RAISE EXCEPTION 'an installation never becomes a rehearsal' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER kernel_installation_guard BEFORE UPDATE ON kernel_installation
  FOR EACH ROW EXECUTE FUNCTION kernel_installation_guard();
CREATE TRIGGER kernel_installation_keep BEFORE DELETE ON kernel_installation
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();

CREATE TABLE audit_entry (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_entry PRIMARY KEY,
  data bytea NOT NULL,
  type text NOT NULL,
  detail jsonb NOT NULL,
  visibility text NOT NULL,
  subject uuid,
  at timestamptz NOT NULL,
  CONSTRAINT ck_audit_entry_visibility CHECK (visibility IN ('public', 'parties', 'restricted', 'sealed'))
);
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject, id);
CREATE INDEX ix_audit_entry_type ON audit_entry (type, id);
CREATE TABLE audit_queue (
  entry_id bigint NOT NULL CONSTRAINT pk_audit_queue PRIMARY KEY
    CONSTRAINT fk_audit_queue_entry_id REFERENCES audit_entry (id)
);
CREATE TABLE log_leaf (
  idx bigint NOT NULL CONSTRAINT pk_log_leaf PRIMARY KEY,
  entry_id bigint NOT NULL CONSTRAINT uq_log_leaf_entry_id UNIQUE
    CONSTRAINT fk_log_leaf_entry_id REFERENCES audit_entry (id),
  leaf bytea NOT NULL
);
CREATE TABLE log_tile (
  level smallint NOT NULL,
  idx bigint NOT NULL,
  data bytea NOT NULL,
  CONSTRAINT pk_log_tile PRIMARY KEY (level, idx)
);
CREATE TABLE log_checkpoint (
  size bigint NOT NULL CONSTRAINT pk_log_checkpoint PRIMARY KEY,
  root bytea NOT NULL,
  note text,
  at timestamptz NOT NULL
);
CREATE TABLE kernel_unsealed (
  subject uuid NOT NULL CONSTRAINT pk_kernel_unsealed PRIMARY KEY,
  at timestamptz NOT NULL
);

CREATE FUNCTION log_tile_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.level <> OLD.level OR NEW.idx <> OLD.idx
     OR substring(NEW.data FROM 1 FOR length(OLD.data)) <> OLD.data THEN
    RAISE EXCEPTION 'a tile only grows' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION log_checkpoint_is_signed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.at <> OLD.at
     OR (OLD.note IS NOT NULL AND left(NEW.note, length(OLD.note)) <> OLD.note) THEN
    RAISE EXCEPTION 'a checkpoint is signed, never changed' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER log_leaf_append_only BEFORE UPDATE OR DELETE ON log_leaf
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER log_leaf_no_truncate BEFORE TRUNCATE ON log_leaf EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER log_tile_grows BEFORE UPDATE ON log_tile FOR EACH ROW EXECUTE FUNCTION log_tile_grows();
CREATE TRIGGER log_tile_keep BEFORE DELETE ON log_tile FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER log_checkpoint_signed BEFORE UPDATE ON log_checkpoint
  FOR EACH ROW EXECUTE FUNCTION log_checkpoint_is_signed_once();
CREATE TRIGGER log_checkpoint_keep BEFORE DELETE ON log_checkpoint
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();

CREATE TABLE kernel_outbox (
  id uuid NOT NULL CONSTRAINT pk_kernel_outbox PRIMARY KEY,
  kind text NOT NULL,
  key text NOT NULL CONSTRAINT uq_kernel_outbox_key UNIQUE,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  attempts bigint NOT NULL,
  last_error text,
  done_at timestamptz
);
CREATE INDEX ix_kernel_outbox_due ON kernel_outbox (next_at) WHERE done_at IS NULL;

CREATE TABLE kernel_file (
  id uuid NOT NULL CONSTRAINT pk_kernel_file PRIMARY KEY,
  digest bytea NOT NULL,
  size bigint NOT NULL,
  media_type text NOT NULL,
  name text NOT NULL,
  access text NOT NULL,
  subject uuid,
  created_at timestamptz NOT NULL
);

CREATE TABLE identity_organisation (
  id uuid NOT NULL CONSTRAINT pk_identity_organisation PRIMARY KEY,
  uscc text NOT NULL CONSTRAINT uq_identity_organisation_uscc UNIQUE,
  name text NOT NULL,
  region text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL
);
CREATE TABLE identity_account (
  id uuid NOT NULL CONSTRAINT pk_identity_account PRIMARY KEY,
  login text NOT NULL CONSTRAINT uq_identity_account_login UNIQUE,
  password_hash text,
  display_name text NOT NULL,
  organisation_id uuid CONSTRAINT fk_identity_account_organisation_id REFERENCES identity_organisation (id),
  roles text[] NOT NULL,
  created_at timestamptz NOT NULL,
  disabled_at timestamptz
);
CREATE TABLE identity_person_key (
  id uuid NOT NULL CONSTRAINT pk_identity_person_key PRIMARY KEY,
  account_id uuid NOT NULL CONSTRAINT fk_identity_person_key_account_id REFERENCES identity_account (id),
  kid text NOT NULL CONSTRAINT uq_identity_person_key_kid UNIQUE,
  purpose text NOT NULL,
  spki bytea NOT NULL,
  certificate bytea,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX ix_identity_person_key_account_id ON identity_person_key (account_id);
CREATE TABLE identity_session (
  id_hash bytea NOT NULL CONSTRAINT pk_identity_session PRIMARY KEY,
  account_id uuid NOT NULL CONSTRAINT fk_identity_session_account_id REFERENCES identity_account (id),
  method text NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ix_identity_session_account_id ON identity_session (account_id);
CREATE TABLE identity_login_attempt (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_identity_login_attempt PRIMARY KEY,
  login text NOT NULL,
  origin text NOT NULL,
  ok boolean NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ix_identity_login_attempt_login_at ON identity_login_attempt (login, at);

REVOKE ALL ON audit_entry, audit_queue, log_leaf, log_tile, log_checkpoint, kernel_unsealed, kernel_installation
  FROM portal_rw;
GRANT SELECT, INSERT ON audit_entry, audit_queue, kernel_unsealed TO portal_rw;
GRANT SELECT ON log_leaf, log_tile, log_checkpoint TO portal_rw;
GRANT SELECT ON alembic_version TO portal_rw, supervision_ro;
GRANT SELECT, UPDATE (clock_offset) ON kernel_installation TO portal_rw;
REVOKE DELETE ON identity_organisation, identity_account, identity_person_key, identity_login_attempt, kernel_file
  FROM portal_rw;
REVOKE UPDATE ON kernel_file FROM portal_rw;

GRANT SELECT ON audit_entry, log_leaf, log_tile, log_checkpoint, kernel_installation TO log_append;
GRANT SELECT, UPDATE, DELETE ON audit_queue TO log_append;
GRANT INSERT ON log_leaf, log_tile, log_checkpoint TO log_append;
GRANT UPDATE (data) ON log_tile TO log_append;
GRANT UPDATE (note) ON log_checkpoint TO log_append;

REVOKE ALL ON identity_session, identity_account, identity_login_attempt, kernel_outbox FROM supervision_ro;
GRANT SELECT (id, login, display_name, organisation_id, roles, created_at, disabled_at)
  ON identity_account TO supervision_ro;

-- What is sealed until an opening is hidden from supervision's login as well (R-ET-05).
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_entry_portal ON audit_entry TO portal_rw, log_append USING (true) WITH CHECK (true);
CREATE POLICY audit_entry_oversight ON audit_entry FOR SELECT TO supervision_ro
  USING (visibility <> 'sealed' OR EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = audit_entry.subject));
"""

DOWNGRADE = r"""
DROP TABLE identity_login_attempt, identity_session, identity_person_key, identity_account, identity_organisation,
  kernel_file, kernel_outbox, log_checkpoint, log_tile, log_leaf, audit_queue, audit_entry, kernel_unsealed,
  kernel_installation;
DROP FUNCTION log_checkpoint_is_signed_once, log_tile_grows, kernel_installation_guard, kernel_refuse;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM portal_rw, supervision_ro;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM portal_rw;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the kernel's tables."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the kernel's tables."""
    _script(DOWNGRADE)
