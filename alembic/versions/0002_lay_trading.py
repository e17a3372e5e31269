"""The tables of trading: projects, lots, notices, awards.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE trading_project (
  id uuid NOT NULL CONSTRAINT pk_trading_project PRIMARY KEY,
  number text NOT NULL CONSTRAINT uq_trading_project_number UNIQUE,
  title text NOT NULL,
  regime text NOT NULL,
  kind text NOT NULL,
  method text NOT NULL,
  region text NOT NULL,
  procuring_entity_id uuid NOT NULL
    CONSTRAINT fk_trading_project_procuring_entity_id REFERENCES identity_organisation (id),
  procuring_entity_name text NOT NULL,
  agency_id uuid NOT NULL CONSTRAINT fk_trading_project_agency_id REFERENCES identity_organisation (id),
  agency_name text NOT NULL,
  entrustment jsonb NOT NULL,
  funds jsonb NOT NULL,
  approval text NOT NULL,
  supervising_body text NOT NULL,
  contacts jsonb NOT NULL,
  provenance jsonb NOT NULL,
  registered_by uuid NOT NULL,
  registered_at timestamptz NOT NULL,
  CONSTRAINT ck_trading_project_regime CHECK (regime IN ('ZTB', 'GP')),
  CONSTRAINT ck_trading_project_method CHECK (method IN ('open', 'invited'))
);
CREATE INDEX ix_trading_project_procuring_entity_id ON trading_project (procuring_entity_id);
CREATE INDEX ix_trading_project_agency_id ON trading_project (agency_id);

CREATE TABLE trading_lot (
  id uuid NOT NULL CONSTRAINT pk_trading_lot PRIMARY KEY,
  project_id uuid NOT NULL CONSTRAINT fk_trading_lot_project_id REFERENCES trading_project (id),
  number text NOT NULL,
  title text NOT NULL,
  stage text NOT NULL,
  stage_since timestamptz NOT NULL,
  came_from text,
  scope jsonb NOT NULL,
  qualifications jsonb NOT NULL,
  consortium_allowed boolean NOT NULL,
  agents_allowed boolean NOT NULL,
  price_cap_fen bigint,
  estimate_fen bigint,
  bid_bond_fen bigint,
  criteria jsonb NOT NULL,
  review_items jsonb NOT NULL,
  price_method jsonb NOT NULL,
  procedure jsonb NOT NULL,
  provenance jsonb NOT NULL,
  registered_at timestamptz NOT NULL,
  documents_from timestamptz,
  documents_to timestamptz,
  deadline timestamptz,
  opening_at timestamptz,
  keyset text,
  published_at timestamptz,
  closed_at timestamptz,
  opened_at timestamptz,
  failed_reason text,
  CONSTRAINT uq_trading_lot_project_id_number UNIQUE (project_id, number),
  CONSTRAINT ck_trading_lot_number CHECK (number ~ '^[0-9]{3}$'),
  CONSTRAINT ck_trading_lot_amounts CHECK (price_cap_fen > 0 AND estimate_fen > 0 AND bid_bond_fen >= 0),
  -- The opening is at the deadline itself (R-TIME-12); documents are out before bids are due.
  CONSTRAINT ck_trading_lot_dates CHECK (
    documents_from < documents_to AND documents_to <= deadline AND opening_at = deadline),
  CONSTRAINT ck_trading_lot_published CHECK (published_at IS NULL OR (deadline IS NOT NULL AND keyset IS NOT NULL)),
  CONSTRAINT ck_trading_lot_closed CHECK (closed_at IS NULL OR closed_at >= deadline),
  CONSTRAINT ck_trading_lot_opened CHECK (opened_at IS NULL OR closed_at IS NOT NULL)
);
CREATE INDEX ix_trading_lot_deadline ON trading_lot (deadline) WHERE closed_at IS NULL;

CREATE TABLE trading_plan (
  id uuid NOT NULL CONSTRAINT pk_trading_plan PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_plan_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  dates jsonb NOT NULL,
  findings jsonb NOT NULL,
  accepted boolean NOT NULL,
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  CONSTRAINT uq_trading_plan_lot_id_no UNIQUE (lot_id, no)
);

CREATE TABLE trading_notice (
  id uuid NOT NULL CONSTRAINT pk_trading_notice PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_notice_lot_id REFERENCES trading_lot (id),
  kind text NOT NULL,
  version bigint NOT NULL,
  supersedes uuid CONSTRAINT fk_trading_notice_supersedes REFERENCES trading_notice (id)
    CONSTRAINT uq_trading_notice_supersedes UNIQUE,
  number text NOT NULL CONSTRAINT uq_trading_notice_number UNIQUE,
  title text NOT NULL,
  region text NOT NULL,
  content jsonb NOT NULL,
  digest bytea NOT NULL,
  published_at timestamptz NOT NULL,
  until timestamptz,
  entry_id bigint NOT NULL,
  words text NOT NULL,
  search tsvector NOT NULL,
  CONSTRAINT uq_trading_notice_lot_id_kind_version UNIQUE (lot_id, kind, version),
  CONSTRAINT ck_trading_notice_version CHECK ((version = 1) = (supersedes IS NULL))
);
CREATE INDEX ix_trading_notice_search ON trading_notice USING gin (search);
CREATE INDEX ix_trading_notice_published_at_id ON trading_notice (published_at, id);

CREATE TABLE trading_paper (
  subject_id uuid NOT NULL CONSTRAINT pk_trading_paper PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_paper_lot_id REFERENCES trading_lot (id),
  kind text NOT NULL,
  file_id uuid CONSTRAINT fk_trading_paper_file_id REFERENCES kernel_file (id),
  digest bytea,
  fault text,
  made_at timestamptz NOT NULL,
  CONSTRAINT ck_trading_paper_made CHECK (
    (file_id IS NULL) = (digest IS NULL) AND (file_id IS NULL) = (fault IS NOT NULL))
);

CREATE TABLE trading_document (
  id uuid NOT NULL CONSTRAINT pk_trading_document PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_document_lot_id REFERENCES trading_lot (id),
  name text NOT NULL,
  version bigint NOT NULL,
  file_id uuid NOT NULL CONSTRAINT fk_trading_document_file_id REFERENCES kernel_file (id),
  digest bytea NOT NULL,
  size bigint NOT NULL,
  media_type text NOT NULL,
  uploaded_by uuid NOT NULL,
  uploaded_at timestamptz NOT NULL,
  issued_at timestamptz,
  CONSTRAINT uq_trading_document_lot_id_name_version UNIQUE (lot_id, name, version)
);

CREATE TABLE trading_question (
  id uuid NOT NULL CONSTRAINT pk_trading_question PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_trading_question_lot_id REFERENCES trading_lot (id),
  asker_id uuid NOT NULL CONSTRAINT fk_trading_question_asker_id REFERENCES identity_organisation (id),
  text text NOT NULL,
  asked_at timestamptz NOT NULL
);
CREATE INDEX ix_trading_question_lot_id ON trading_question (lot_id);
CREATE TABLE trading_answer (
  question_id uuid NOT NULL CONSTRAINT pk_trading_answer PRIMARY KEY
    CONSTRAINT fk_trading_answer_question_id REFERENCES trading_question (id),
  lot_id uuid NOT NULL CONSTRAINT fk_trading_answer_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  question_text text NOT NULL,
  text text NOT NULL,
  affects_bids boolean NOT NULL,
  answered_by uuid NOT NULL,
  answered_at timestamptz NOT NULL
);
CREATE INDEX ix_trading_answer_lot_id ON trading_answer (lot_id);
CREATE TABLE trading_message (
  id uuid NOT NULL CONSTRAINT pk_trading_message PRIMARY KEY,
  organisation_id uuid NOT NULL CONSTRAINT fk_trading_message_organisation_id REFERENCES identity_organisation (id),
  lot_id uuid NOT NULL CONSTRAINT fk_trading_message_lot_id REFERENCES trading_lot (id),
  kind text NOT NULL,
  title text NOT NULL,
  text text NOT NULL,
  href text NOT NULL,
  sent_at timestamptz NOT NULL,
  read_at timestamptz
);
CREATE INDEX ix_trading_message_organisation_id ON trading_message (organisation_id, sent_at);

CREATE TABLE trading_report (
  id uuid NOT NULL CONSTRAINT pk_trading_report PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT uq_trading_report_lot_id UNIQUE
    CONSTRAINT fk_trading_report_lot_id REFERENCES trading_lot (id),
  method text NOT NULL,
  rejected jsonb NOT NULL,
  digest text NOT NULL,
  file_id uuid CONSTRAINT fk_trading_report_file_id REFERENCES kernel_file (id),
  signed_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE TABLE trading_ranked_bid (
  id uuid NOT NULL CONSTRAINT pk_trading_ranked_bid PRIMARY KEY,
  report_id uuid NOT NULL CONSTRAINT fk_trading_ranked_bid_report_id REFERENCES trading_report (id),
  lot_id uuid NOT NULL CONSTRAINT fk_trading_ranked_bid_lot_id REFERENCES trading_lot (id),
  bid_id uuid NOT NULL,
  bidder_id uuid NOT NULL CONSTRAINT fk_trading_ranked_bid_bidder_id REFERENCES identity_organisation (id),
  bidder_name text NOT NULL,
  price_fen bigint NOT NULL,
  score text NOT NULL,
  rank bigint,
  details jsonb NOT NULL,
  CONSTRAINT uq_trading_ranked_bid_lot_id_bid_id UNIQUE (lot_id, bid_id),
  CONSTRAINT ck_trading_ranked_bid_rank CHECK (rank >= 1)
);
CREATE UNIQUE INDEX uq_trading_ranked_bid_first ON trading_ranked_bid (lot_id) WHERE rank = 1;
CREATE TABLE trading_award (
  id uuid NOT NULL CONSTRAINT pk_trading_award PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT uq_trading_award_lot_id UNIQUE
    CONSTRAINT fk_trading_award_lot_id REFERENCES trading_lot (id),
  ranked_bid_id uuid NOT NULL CONSTRAINT fk_trading_award_ranked_bid_id REFERENCES trading_ranked_bid (id),
  bid_id uuid NOT NULL,
  bidder_id uuid NOT NULL CONSTRAINT fk_trading_award_bidder_id REFERENCES identity_organisation (id),
  bidder_name text NOT NULL,
  price_fen bigint NOT NULL,
  reason text NOT NULL,
  decided_by uuid NOT NULL,
  decided_at timestamptz NOT NULL
);
CREATE TABLE trading_award_notice (
  id uuid NOT NULL CONSTRAINT pk_trading_award_notice PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT uq_trading_award_notice_lot_id UNIQUE
    CONSTRAINT fk_trading_award_notice_lot_id REFERENCES trading_lot (id),
  award_id uuid NOT NULL CONSTRAINT uq_trading_award_notice_award_id UNIQUE
    CONSTRAINT fk_trading_award_notice_award_id REFERENCES trading_award (id),
  number text NOT NULL CONSTRAINT uq_trading_award_notice_number UNIQUE,
  content jsonb NOT NULL,
  digest bytea NOT NULL,
  issued_at timestamptz NOT NULL,
  entry_id bigint NOT NULL
);

-- What was published or decided is never changed, whoever asks.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['trading_plan', 'trading_notice', 'trading_question', 'trading_answer', 'trading_report',
    'trading_ranked_bid', 'trading_award', 'trading_award_notice'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
  END LOOP;
END $$;
REVOKE DELETE ON trading_project, trading_lot, trading_document, trading_message, trading_paper FROM portal_rw;
REVOKE UPDATE ON trading_project FROM portal_rw;

-- Who asked and who was told tells who holds the documents (R-ANN-05): hidden from supervision until the opening.
ALTER TABLE trading_question ENABLE ROW LEVEL SECURITY;
CREATE POLICY trading_question_portal ON trading_question TO portal_rw USING (true) WITH CHECK (true);
CREATE POLICY trading_question_oversight ON trading_question FOR SELECT TO supervision_ro
  USING (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = trading_question.lot_id));
ALTER TABLE trading_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY trading_message_portal ON trading_message TO portal_rw USING (true) WITH CHECK (true);
CREATE POLICY trading_message_oversight ON trading_message FOR SELECT TO supervision_ro
  USING (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = trading_message.lot_id));
"""

DOWNGRADE = r"""
DROP TABLE trading_award_notice, trading_award, trading_ranked_bid, trading_report, trading_message, trading_answer,
  trading_question, trading_document, trading_paper, trading_notice, trading_plan, trading_lot, trading_project;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of trading."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of trading."""
    _script(DOWNGRADE)
