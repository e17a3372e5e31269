"""The party library: names, roles, people, contacts, documents of organisations; registrations; merges.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE identity_person (
  id uuid NOT NULL CONSTRAINT pk_identity_person PRIMARY KEY,
  name text NOT NULL,
  id_number bytea,
  id_number_mac bytea,
  phone bytea,
  created_at timestamptz NOT NULL,
  merged_into uuid CONSTRAINT fk_identity_person_merged_into REFERENCES identity_person (id),
  CONSTRAINT ck_identity_person_not_into_itself CHECK (merged_into <> id),
  CONSTRAINT ck_identity_person_mac_with_number CHECK ((id_number IS NULL) = (id_number_mac IS NULL))
);
CREATE INDEX ix_identity_person_id_number_mac ON identity_person (id_number_mac);
ALTER TABLE identity_account
  ADD COLUMN person_id uuid CONSTRAINT fk_identity_account_person_id REFERENCES identity_person (id);
CREATE INDEX ix_identity_account_person_id ON identity_account (person_id);
CREATE INDEX ix_identity_account_organisation_id ON identity_account (organisation_id);

ALTER TABLE identity_organisation
  ADD COLUMN registered_at timestamptz,
  ADD COLUMN merged_into uuid CONSTRAINT fk_identity_organisation_merged_into REFERENCES identity_organisation (id),
  ADD CONSTRAINT ck_identity_organisation_not_into_itself CHECK (merged_into <> id);

CREATE TABLE identity_organisation_name (
  id uuid NOT NULL CONSTRAINT pk_identity_organisation_name PRIMARY KEY,
  organisation_id uuid NOT NULL
    CONSTRAINT fk_identity_organisation_name_organisation_id REFERENCES identity_organisation (id),
  name text NOT NULL,
  name_key text NOT NULL,
  legal_representative text NOT NULL,
  source text NOT NULL
    CONSTRAINT ck_identity_organisation_name_source CHECK (source IN ('licence', 'staff', 'before', 'merge')),
  since timestamptz NOT NULL,
  until timestamptz
);
CREATE INDEX ix_identity_organisation_name_organisation_id ON identity_organisation_name (organisation_id);
CREATE INDEX ix_identity_organisation_name_name_key ON identity_organisation_name (name_key);
-- An organisation has one name at a time, whoever signs in at the same moment.
CREATE UNIQUE INDEX uq_identity_organisation_name_current ON identity_organisation_name (organisation_id)
  WHERE until IS NULL;
INSERT INTO identity_organisation_name (id, organisation_id, name, name_key, legal_representative, source, since)
  SELECT gen_random_uuid(), id, name, lower(name), '', 'before', created_at FROM identity_organisation;

CREATE TABLE identity_organisation_role (
  id uuid NOT NULL CONSTRAINT pk_identity_organisation_role PRIMARY KEY,
  organisation_id uuid NOT NULL
    CONSTRAINT fk_identity_organisation_role_organisation_id REFERENCES identity_organisation (id),
  role text NOT NULL,
  since timestamptz NOT NULL,
  granted_by text NOT NULL,
  until timestamptz,
  ended_by text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT ''
);
CREATE INDEX ix_identity_organisation_role_organisation_id ON identity_organisation_role (organisation_id);
CREATE UNIQUE INDEX uq_identity_organisation_role_current ON identity_organisation_role (organisation_id, role)
  WHERE until IS NULL;
INSERT INTO identity_organisation_role (id, organisation_id, role, since, granted_by)
  SELECT gen_random_uuid(), o.id, r.role, min(a.created_at), ''
  FROM identity_organisation o JOIN identity_account a ON a.organisation_id = o.id, unnest(a.roles) AS r (role)
  WHERE r.role IN ('bidder', 'agency', 'procuring_entity', 'supervisor', 'centre') GROUP BY o.id, r.role;

CREATE TABLE identity_organisation_profile (
  organisation_id uuid NOT NULL CONSTRAINT pk_identity_organisation_profile PRIMARY KEY
    CONSTRAINT fk_identity_organisation_profile_organisation_id REFERENCES identity_organisation (id),
  address text NOT NULL,
  postcode text NOT NULL,
  email text NOT NULL,
  bank_name text NOT NULL,
  bank_account bytea NOT NULL,
  bank_account_tail text NOT NULL,
  changed_at timestamptz NOT NULL
);

CREATE TABLE identity_contact (
  id uuid NOT NULL CONSTRAINT pk_identity_contact PRIMARY KEY,
  organisation_id uuid NOT NULL CONSTRAINT fk_identity_contact_organisation_id REFERENCES identity_organisation (id),
  person_id uuid NOT NULL CONSTRAINT fk_identity_contact_person_id REFERENCES identity_person (id),
  since timestamptz NOT NULL,
  until timestamptz
);
CREATE INDEX ix_identity_contact_organisation_id ON identity_contact (organisation_id);
CREATE INDEX ix_identity_contact_person_id ON identity_contact (person_id);

CREATE TABLE identity_organisation_document (
  id uuid NOT NULL CONSTRAINT pk_identity_organisation_document PRIMARY KEY,
  organisation_id uuid NOT NULL
    CONSTRAINT fk_identity_organisation_document_organisation_id REFERENCES identity_organisation (id),
  kind text NOT NULL,
  file_id uuid NOT NULL CONSTRAINT fk_identity_organisation_document_file_id REFERENCES kernel_file (id),
  added_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX ix_identity_organisation_document_organisation_id ON identity_organisation_document (organisation_id);

CREATE TABLE identity_draft (
  organisation_id uuid NOT NULL CONSTRAINT pk_identity_draft PRIMARY KEY
    CONSTRAINT fk_identity_draft_organisation_id REFERENCES identity_organisation (id),
  content bytea NOT NULL,
  saved_at timestamptz NOT NULL
);

CREATE TABLE identity_unmasking (
  id uuid NOT NULL CONSTRAINT pk_identity_unmasking PRIMARY KEY,
  person_id uuid NOT NULL CONSTRAINT fk_identity_unmasking_person_id REFERENCES identity_person (id),
  field text NOT NULL,
  reason text NOT NULL,
  account_id uuid NOT NULL CONSTRAINT fk_identity_unmasking_account_id REFERENCES identity_account (id),
  at timestamptz NOT NULL
);
CREATE INDEX ix_identity_unmasking_person_id ON identity_unmasking (person_id);
CREATE TRIGGER identity_unmasking_append_only BEFORE UPDATE OR DELETE ON identity_unmasking
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();

CREATE TABLE identity_merge (
  id uuid NOT NULL CONSTRAINT pk_identity_merge PRIMARY KEY,
  kind text NOT NULL CONSTRAINT ck_identity_merge_kind CHECK (kind IN ('organisation', 'person')),
  from_id uuid NOT NULL,
  into_id uuid NOT NULL,
  reason text NOT NULL,
  asked_by uuid NOT NULL CONSTRAINT fk_identity_merge_asked_by REFERENCES identity_account (id),
  asked_at timestamptz NOT NULL,
  decided_by uuid CONSTRAINT fk_identity_merge_decided_by REFERENCES identity_account (id),
  decided_at timestamptz,
  approved boolean,
  CONSTRAINT ck_identity_merge_two_persons CHECK (decided_by <> asked_by),
  CONSTRAINT ck_identity_merge_not_into_itself CHECK (from_id <> into_id)
);

REVOKE DELETE ON identity_person, identity_organisation_name, identity_organisation_role, identity_organisation_profile,
  identity_contact, identity_organisation_document, identity_merge FROM portal_rw;
REVOKE UPDATE, DELETE ON identity_unmasking FROM portal_rw;
REVOKE ALL ON identity_person, identity_organisation_profile, identity_contact, identity_organisation_document,
  identity_draft, identity_unmasking FROM supervision_ro;
GRANT SELECT (id, name, created_at, merged_into) ON identity_person TO supervision_ro;
"""

DOWNGRADE = r"""
DROP TABLE identity_merge, identity_unmasking, identity_draft, identity_organisation_document, identity_contact,
  identity_organisation_profile, identity_organisation_role, identity_organisation_name;
ALTER TABLE identity_organisation DROP COLUMN merged_into, DROP COLUMN registered_at;
ALTER TABLE identity_account DROP COLUMN person_id;
DROP INDEX ix_identity_account_organisation_id;
DROP TABLE identity_person;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of the party library."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop them again."""
    _script(DOWNGRADE)
