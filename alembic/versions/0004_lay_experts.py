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
  void_entry bigint,
  void_reason text,
  void_party text,
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

-- The expert pool.
CREATE TABLE experts_expert (
  id uuid NOT NULL CONSTRAINT pk_experts_expert PRIMARY KEY,
  number text NOT NULL CONSTRAINT uq_experts_expert_number UNIQUE,
  name text NOT NULL,
  identity bytea NOT NULL CONSTRAINT uq_experts_expert_identity UNIQUE,
  phone text NOT NULL,
  employer_uscc text NOT NULL,
  employer_name text NOT NULL,
  region text NOT NULL,
  specialities text[] NOT NULL,
  title text NOT NULL,
  years bigint NOT NULL,
  standing text NOT NULL CONSTRAINT ck_experts_expert_standing CHECK (standing IN
    ('applied', 'city_screened', 'trained', 'active', 'leave', 'cooldown', 'suspended', 'removed')),
  relations jsonb NOT NULL,
  relatives text[] NOT NULL,
  was_punished boolean NOT NULL,
  account_id uuid CONSTRAINT uq_experts_expert_account_id UNIQUE
    CONSTRAINT fk_experts_expert_account_id REFERENCES identity_account (id),
  admitted_at timestamptz NOT NULL
);
CREATE INDEX ix_experts_expert_employer_uscc ON experts_expert (employer_uscc);
CREATE TABLE experts_registry (
  id uuid NOT NULL CONSTRAINT pk_experts_registry PRIMARY KEY,
  root bytea NOT NULL,
  count bigint NOT NULL,
  entry_id bigint NOT NULL,
  at timestamptz NOT NULL
);

-- Committees, exclusions, calls.
CREATE TABLE experts_committee (
  id uuid NOT NULL CONSTRAINT pk_experts_committee PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_experts_committee_lot_id REFERENCES trading_lot (id),
  draw_id uuid NOT NULL CONSTRAINT uq_experts_committee_draw_id UNIQUE
    CONSTRAINT fk_experts_committee_draw_id REFERENCES draw_draw (id),
  number text NOT NULL CONSTRAINT uq_experts_committee_number UNIQUE,
  state text NOT NULL CONSTRAINT ck_experts_committee_state
    CHECK (state IN ('frozen', 'calling', 'complete', 'dissolved')),
  groups jsonb NOT NULL,
  named_units text[] NOT NULL,
  begins_at timestamptz NOT NULL,
  duration text NOT NULL,
  place text NOT NULL,
  answer_minutes bigint NOT NULL,
  requested_by uuid NOT NULL,
  requested_at timestamptz NOT NULL,
  completed_at timestamptz
);
CREATE UNIQUE INDEX uq_experts_committee_lot ON experts_committee (lot_id) WHERE state <> 'dissolved';
CREATE TABLE experts_exclusion (
  committee_id uuid NOT NULL CONSTRAINT fk_experts_exclusion_committee_id REFERENCES experts_committee (id),
  expert_id uuid NOT NULL CONSTRAINT fk_experts_exclusion_expert_id REFERENCES experts_expert (id),
  ground text NOT NULL,
  unit text NOT NULL,
  rule text NOT NULL,
  salt bytea NOT NULL,
  digest bytea NOT NULL CONSTRAINT uq_experts_exclusion_digest UNIQUE,
  CONSTRAINT pk_experts_exclusion PRIMARY KEY (committee_id, expert_id, ground, unit)
);
CREATE TABLE experts_call (
  id uuid NOT NULL CONSTRAINT pk_experts_call PRIMARY KEY,
  committee_id uuid NOT NULL CONSTRAINT fk_experts_call_committee_id REFERENCES experts_committee (id),
  no bigint NOT NULL,
  leaf bytea NOT NULL,
  group_index bigint NOT NULL,
  expert_id uuid NOT NULL CONSTRAINT fk_experts_call_expert_id REFERENCES experts_expert (id),
  code_hash bytea CONSTRAINT uq_experts_call_code_hash UNIQUE,
  state text NOT NULL CONSTRAINT ck_experts_call_state
    CHECK (state IN ('out', 'accepted', 'refused', 'no_answer', 'recused')),
  reason text,
  jws text,
  called_at timestamptz NOT NULL,
  answer_by timestamptz NOT NULL,
  answered_at timestamptz,
  entry_id bigint,
  CONSTRAINT uq_experts_call_leaf UNIQUE (committee_id, leaf),
  CONSTRAINT uq_experts_call_no UNIQUE (committee_id, no)
);
CREATE INDEX ix_experts_call_expert_id ON experts_call (expert_id);
CREATE TABLE experts_message (
  id uuid NOT NULL CONSTRAINT pk_experts_message PRIMARY KEY,
  phone text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  sent_at timestamptz
);
CREATE TABLE experts_member (
  id uuid NOT NULL CONSTRAINT pk_experts_member PRIMARY KEY,
  committee_id uuid NOT NULL CONSTRAINT fk_experts_member_committee_id REFERENCES experts_committee (id),
  call_id uuid NOT NULL CONSTRAINT uq_experts_member_call_id UNIQUE
    CONSTRAINT fk_experts_member_call_id REFERENCES experts_call (id),
  seat bigint NOT NULL,
  code text NOT NULL,
  account_id uuid NOT NULL CONSTRAINT fk_experts_member_account_id REFERENCES identity_account (id),
  left_at timestamptz,
  checked_in_at timestamptz,
  promise text,
  chair_vote bigint,
  review_locked_at timestamptz,
  review_jws text,
  scores_locked_at timestamptz,
  scores_jws text,
  signed_at timestamptz,
  report_jws text,
  dissent text,
  CONSTRAINT uq_experts_member_seat UNIQUE (committee_id, seat)
);
CREATE INDEX ix_experts_member_account_id ON experts_member (account_id);

-- Evaluation sessions.
CREATE TABLE experts_session (
  id uuid NOT NULL CONSTRAINT pk_experts_session PRIMARY KEY,
  committee_id uuid NOT NULL CONSTRAINT uq_experts_session_committee_id UNIQUE
    CONSTRAINT fk_experts_session_committee_id REFERENCES experts_committee (id),
  lot_id uuid NOT NULL CONSTRAINT fk_experts_session_lot_id REFERENCES trading_lot (id),
  state text NOT NULL CONSTRAINT ck_experts_session_state
    CHECK (state IN ('check_in', 'review', 'scoring', 'summary', 'signing', 'closed')),
  chair_seat bigint,
  outcome jsonb,
  report jsonb,
  report_digest bytea,
  opened_at timestamptz NOT NULL,
  summarised_at timestamptz,
  closed_at timestamptz,
  file_id uuid CONSTRAINT fk_experts_session_file_id REFERENCES kernel_file (id)
);
CREATE INDEX ix_experts_session_lot_id ON experts_session (lot_id);
CREATE TABLE experts_review (
  member_id uuid NOT NULL CONSTRAINT fk_experts_review_member_id REFERENCES experts_member (id),
  bid_id uuid NOT NULL,
  item text NOT NULL,
  verdict text NOT NULL CONSTRAINT ck_experts_review_verdict CHECK (verdict IN ('pass', 'fail')),
  reason text NOT NULL,
  CONSTRAINT pk_experts_review PRIMARY KEY (member_id, bid_id, item),
  CONSTRAINT ck_experts_review_reasoned CHECK (verdict = 'pass' OR reason <> '')
);
CREATE TABLE experts_score (
  member_id uuid NOT NULL CONSTRAINT fk_experts_score_member_id REFERENCES experts_member (id),
  bid_id uuid NOT NULL,
  criterion text NOT NULL,
  points numeric(6, 2) NOT NULL CONSTRAINT ck_experts_score_points CHECK (points >= 0),
  CONSTRAINT pk_experts_score PRIMARY KEY (member_id, bid_id, criterion)
);

-- What a member has signed is never changed, whoever asks; nor is what was found before a freeze.
CREATE FUNCTION experts_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE locked timestamptz;
BEGIN
  EXECUTE format('SELECT %I FROM experts_member WHERE id = $1 FOR SHARE', TG_ARGV[0])
    INTO locked USING CASE WHEN TG_OP = 'DELETE' THEN OLD.member_id ELSE NEW.member_id END;
  IF locked IS NOT NULL THEN
    RAISE EXCEPTION 'locked: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER experts_review_locked BEFORE INSERT OR UPDATE OR DELETE ON experts_review
  FOR EACH ROW EXECUTE FUNCTION experts_locked('review_locked_at');
CREATE TRIGGER experts_score_locked BEFORE INSERT OR UPDATE OR DELETE ON experts_score
  FOR EACH ROW EXECUTE FUNCTION experts_locked('scores_locked_at');
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['experts_exclusion', 'experts_registry'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
  END LOOP;
END $$;
REVOKE DELETE ON experts_expert, experts_committee, experts_call, experts_message, experts_member, experts_session
  FROM portal_rw;

-- Supervision sees codes until the award, never phones or messages; scores reach it through the report.
REVOKE ALL ON experts_expert, experts_call, experts_message, experts_member FROM supervision_ro;
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['experts_review', 'experts_score'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)', t || '_portal', t);
    EXECUTE format('REVOKE ALL ON %I FROM supervision_ro', t);
  END LOOP;
END $$;
"""

DOWNGRADE = r"""
DROP TABLE experts_score, experts_review, experts_session, experts_member, experts_message, experts_call,
  experts_exclusion, experts_committee, experts_registry, experts_expert;
DROP FUNCTION experts_locked();
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
