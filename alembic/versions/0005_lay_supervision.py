"""The tables of supervision: inspections.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UPGRADE = r"""
-- The two registers (R-DR-02): objects and inspectors.
CREATE TABLE supervision_register_target (
  id uuid NOT NULL CONSTRAINT pk_supervision_register_target PRIMARY KEY,
  kind text NOT NULL,
  unit text NOT NULL,
  name text NOT NULL,
  responsible text NOT NULL,
  credit text NOT NULL CONSTRAINT ck_supervision_register_target_credit CHECK (credit IN ('A', 'B', 'C', 'D')),
  last_inspected date,
  active boolean NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT uq_supervision_register_target_kind_unit UNIQUE (kind, unit)
);
CREATE TABLE supervision_register_inspector (
  id uuid NOT NULL CONSTRAINT pk_supervision_register_inspector PRIMARY KEY,
  account_id uuid NOT NULL CONSTRAINT uq_supervision_register_inspector_account_id UNIQUE
    CONSTRAINT fk_supervision_register_inspector_account_id REFERENCES identity_account (id),
  name text NOT NULL,
  certificate text NOT NULL CONSTRAINT uq_supervision_register_inspector_certificate UNIQUE,
  organisation text NOT NULL,
  unit text NOT NULL,
  may_lead boolean NOT NULL,
  conflicts jsonb NOT NULL,
  active boolean NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE supervision_inspection (
  id uuid NOT NULL CONSTRAINT pk_supervision_inspection PRIMARY KEY,
  number text NOT NULL CONSTRAINT uq_supervision_inspection_number UNIQUE,
  title text NOT NULL,
  target_kind text NOT NULL,
  items jsonb NOT NULL,
  rates jsonb NOT NULL,
  team_size bigint NOT NULL CONSTRAINT ck_supervision_inspection_team_size CHECK (team_size >= 1),
  certified_lead boolean NOT NULL,
  batch text NOT NULL,
  departments text[] NOT NULL,
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  stage text NOT NULL CONSTRAINT ck_supervision_inspection_stage CHECK (stage IN
    ('draft', 'frozen', 'committed', 'drawn', 'assigned', 'recorded', 'published', 'terminated')),
  organisation_id uuid NOT NULL
    CONSTRAINT fk_supervision_inspection_organisation_id REFERENCES identity_organisation (id),
  organisation text NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  contributors jsonb NOT NULL,
  target_draw_id uuid CONSTRAINT uq_supervision_inspection_target_draw_id UNIQUE
    CONSTRAINT fk_supervision_inspection_target_draw_id REFERENCES draw_draw (id),
  inspector_draw_id uuid CONSTRAINT uq_supervision_inspection_inspector_draw_id UNIQUE
    CONSTRAINT fk_supervision_inspection_inspector_draw_id REFERENCES draw_draw (id),
  finished_on date,
  publish_by date,
  publish_basis text NOT NULL,
  published_at timestamptz,
  result jsonb,
  entry_id bigint,
  file_id uuid CONSTRAINT fk_supervision_inspection_file_id REFERENCES kernel_file (id)
);

-- Frozen lists: snapshots of the registers.
CREATE TABLE supervision_target (
  id uuid NOT NULL CONSTRAINT pk_supervision_target PRIMARY KEY,
  inspection_id uuid NOT NULL
    CONSTRAINT fk_supervision_target_inspection_id REFERENCES supervision_inspection (id),
  unit text NOT NULL,
  name text NOT NULL,
  responsible text NOT NULL,
  credit text NOT NULL CONSTRAINT ck_supervision_target_credit CHECK (credit IN ('A', 'B', 'C', 'D')),
  drawn_no bigint,
  object_leaf bytea,
  CONSTRAINT uq_supervision_target_inspection_id_unit UNIQUE (inspection_id, unit)
);
CREATE TABLE supervision_inspector (
  id uuid NOT NULL CONSTRAINT pk_supervision_inspector PRIMARY KEY,
  inspection_id uuid NOT NULL
    CONSTRAINT fk_supervision_inspector_inspection_id REFERENCES supervision_inspection (id),
  account_id uuid NOT NULL CONSTRAINT fk_supervision_inspector_account_id REFERENCES identity_account (id),
  name text NOT NULL,
  certificate text NOT NULL,
  organisation text NOT NULL,
  unit text NOT NULL,
  may_lead boolean NOT NULL,
  CONSTRAINT uq_supervision_inspector_inspection_id_account_id UNIQUE (inspection_id, account_id)
);

CREATE TABLE supervision_assignment (
  inspection_id uuid NOT NULL
    CONSTRAINT fk_supervision_assignment_inspection_id REFERENCES supervision_inspection (id),
  object_leaf bytea NOT NULL,
  place bigint NOT NULL,
  object_no bigint NOT NULL,
  inspector_leaf bytea NOT NULL,
  target_id uuid CONSTRAINT fk_supervision_assignment_target_id REFERENCES supervision_target (id),
  inspector_id uuid CONSTRAINT fk_supervision_assignment_inspector_id REFERENCES supervision_inspector (id),
  opened_at timestamptz,
  CONSTRAINT pk_supervision_assignment PRIMARY KEY (inspection_id, object_leaf, place)
);
CREATE TABLE supervision_record (
  id uuid NOT NULL CONSTRAINT pk_supervision_record PRIMARY KEY,
  inspection_id uuid NOT NULL
    CONSTRAINT fk_supervision_record_inspection_id REFERENCES supervision_inspection (id),
  target_id uuid NOT NULL CONSTRAINT fk_supervision_record_target_id REFERENCES supervision_target (id),
  version bigint NOT NULL,
  code text NOT NULL CONSTRAINT ck_supervision_record_code CHECK (code IN ('1', '2', '3', '4', '5', '6', '7', '8')),
  items jsonb NOT NULL,
  findings text NOT NULL,
  summary text NOT NULL,
  basis text NOT NULL,
  evidence jsonb NOT NULL,
  digest bytea NOT NULL,
  drafted_by uuid NOT NULL CONSTRAINT fk_supervision_record_drafted_by REFERENCES supervision_inspector (id),
  drafted_at timestamptz NOT NULL,
  CONSTRAINT uq_supervision_record_target_id_version UNIQUE (target_id, version)
);
CREATE INDEX ix_supervision_record_inspection_id ON supervision_record (inspection_id);
CREATE TABLE supervision_signature (
  record_id uuid NOT NULL CONSTRAINT fk_supervision_signature_record_id REFERENCES supervision_record (id),
  inspector_id uuid NOT NULL
    CONSTRAINT fk_supervision_signature_inspector_id REFERENCES supervision_inspector (id),
  token text NOT NULL,
  signed_at timestamptz NOT NULL,
  CONSTRAINT pk_supervision_signature PRIMARY KEY (record_id, inspector_id)
);

-- What was signed is never changed, whoever asks; nothing of an inspection is ever deleted.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['supervision_record', 'supervision_signature', 'supervision_inspector'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
  END LOOP;
END $$;
REVOKE DELETE ON supervision_register_target, supervision_register_inspector, supervision_inspection,
  supervision_target, supervision_assignment FROM portal_rw;
"""

DOWNGRADE = r"""
DROP TABLE supervision_signature, supervision_record, supervision_assignment, supervision_inspector, supervision_target,
  supervision_inspection, supervision_register_inspector, supervision_register_target;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of supervision."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of supervision."""
    _script(DOWNGRADE)
