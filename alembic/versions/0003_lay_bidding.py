"""The tables of bidding: bidders, keysets, sealed bids, openings.

Imports nothing of ours: models change, history must not.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE bidding_login_nonce (
  nonce text NOT NULL CONSTRAINT pk_bidding_login_nonce PRIMARY KEY,
  binding text NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE bidding_interest (
  id uuid NOT NULL CONSTRAINT pk_bidding_interest PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_interest_lot_id REFERENCES trading_lot (id),
  organisation_id uuid NOT NULL
    CONSTRAINT fk_bidding_interest_organisation_id REFERENCES identity_organisation (id),
  account_id uuid NOT NULL CONSTRAINT fk_bidding_interest_account_id REFERENCES identity_account (id),
  pseudonym text NOT NULL CONSTRAINT uq_bidding_interest_pseudonym UNIQUE,
  CONSTRAINT uq_bidding_interest_lot_id_organisation_id UNIQUE (lot_id, organisation_id)
);

CREATE TABLE bidding_keyset (
  id uuid NOT NULL CONSTRAINT pk_bidding_keyset PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_keyset_lot_id REFERENCES trading_lot (id),
  ks bytea NOT NULL CONSTRAINT uq_bidding_keyset_ks UNIQUE,
  document jsonb NOT NULL,
  state text NOT NULL,
  policy text NOT NULL,
  k bigint NOT NULL,
  n bigint NOT NULL,
  opens_at timestamptz NOT NULL,
  window_s bigint NOT NULL,
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  published_at timestamptz,
  entry_id bigint,
  CONSTRAINT ck_bidding_keyset_state CHECK (state IN ('proposed', 'published', 'replaced')),
  CONSTRAINT ck_bidding_keyset_policy CHECK (policy IN ('bidder', 'trustees', 'either', 'both')),
  CONSTRAINT ck_bidding_keyset_threshold CHECK (
    (policy = 'bidder' AND k = 0 AND n = 0) OR (policy <> 'bidder' AND k >= 2 AND k <= n AND n <= 16)),
  CONSTRAINT ck_bidding_keyset_window CHECK (window_s > 0),
  CONSTRAINT ck_bidding_keyset_published CHECK (
    state <> 'published' OR (published_at IS NOT NULL AND entry_id IS NOT NULL))
);
CREATE INDEX ix_bidding_keyset_lot_id ON bidding_keyset (lot_id);
CREATE UNIQUE INDEX uq_bidding_keyset_published ON bidding_keyset (lot_id) WHERE state = 'published';
CREATE TABLE bidding_seat (
  keyset_id uuid NOT NULL CONSTRAINT fk_bidding_seat_keyset_id REFERENCES bidding_keyset (id),
  i bigint NOT NULL,
  account_id uuid NOT NULL CONSTRAINT fk_bidding_seat_account_id REFERENCES identity_account (id),
  organisation_id uuid NOT NULL CONSTRAINT fk_bidding_seat_organisation_id REFERENCES identity_organisation (id),
  role text NOT NULL,
  wrapping text NOT NULL,
  kid text NOT NULL,
  spki bytea NOT NULL,
  drill_enc bytea NOT NULL,
  drill_ct bytea NOT NULL,
  drill_digest bytea NOT NULL,
  accept_jws text,
  accepted_at timestamptz,
  CONSTRAINT pk_bidding_seat PRIMARY KEY (keyset_id, i),
  CONSTRAINT ck_bidding_seat_index CHECK (i BETWEEN 1 AND 16),
  CONSTRAINT ck_bidding_seat_accepted CHECK ((accept_jws IS NULL) = (accepted_at IS NULL))
);
CREATE INDEX ix_bidding_seat_account_id ON bidding_seat (account_id);

CREATE TABLE bidding_bid (
  id uuid NOT NULL CONSTRAINT pk_bidding_bid PRIMARY KEY,
  interest_id uuid NOT NULL CONSTRAINT uq_bidding_bid_interest_id UNIQUE
    CONSTRAINT fk_bidding_bid_interest_id REFERENCES bidding_interest (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_bid_lot_id REFERENCES trading_lot (id),
  state text NOT NULL,
  rev bigint NOT NULL,
  head bytea,
  fault text,
  CONSTRAINT ck_bidding_bid_state CHECK (state IN ('registered', 'sealed', 'withdrawn', 'closed', 'released', 'opened',
    'unreleased', 'fault_bidder', 'fault_platform')),
  CONSTRAINT ck_bidding_bid_head CHECK ((rev = 0) = (head IS NULL))
);
CREATE INDEX ix_bidding_bid_lot_id ON bidding_bid (lot_id);
CREATE TABLE bidding_upload (
  id uuid NOT NULL CONSTRAINT pk_bidding_upload PRIMARY KEY,
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_upload_bid_id REFERENCES bidding_bid (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_upload_lot_id REFERENCES trading_lot (id),
  slot text NOT NULL,
  head bytea NOT NULL,
  head_digest bytea NOT NULL,
  chunk_bytes bigint NOT NULL,
  chunks bigint NOT NULL,
  CONSTRAINT ck_bidding_upload_sizes CHECK (chunks >= 1 AND chunk_bytes IN (16400, 1048592))
);
CREATE INDEX ix_bidding_upload_bid_id ON bidding_upload (bid_id);
CREATE TABLE bidding_chunk (
  upload_id uuid NOT NULL CONSTRAINT fk_bidding_chunk_upload_id REFERENCES bidding_upload (id),
  j bigint NOT NULL,
  lot_id uuid NOT NULL,
  leaf bytea NOT NULL,
  object_name text NOT NULL CONSTRAINT uq_bidding_chunk_object_name UNIQUE,
  CONSTRAINT pk_bidding_chunk PRIMARY KEY (upload_id, j),
  CONSTRAINT ck_bidding_chunk_index CHECK (j >= 0)
);
CREATE TABLE bidding_submission (
  id uuid NOT NULL CONSTRAINT pk_bidding_submission PRIMARY KEY,
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_submission_bid_id REFERENCES bidding_bid (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_submission_lot_id REFERENCES trading_lot (id),
  kind text NOT NULL,
  rev bigint NOT NULL,
  prev bytea,
  digest bytea NOT NULL CONSTRAINT uq_bidding_submission_digest UNIQUE,
  payload jsonb NOT NULL,
  jws text NOT NULL,
  receipt text NOT NULL,
  entry_id bigint NOT NULL CONSTRAINT uq_bidding_submission_entry_id UNIQUE,
  received_at timestamptz NOT NULL,
  CONSTRAINT uq_bidding_submission_bid_id_rev UNIQUE (bid_id, rev),
  CONSTRAINT ck_bidding_submission_kind CHECK (kind IN ('submission', 'withdrawal')),
  CONSTRAINT ck_bidding_submission_chain CHECK (rev >= 1 AND (rev = 1) = (prev IS NULL))
);
CREATE INDEX ix_bidding_submission_lot_id ON bidding_submission (lot_id);
CREATE TABLE bidding_document (
  submission_id uuid NOT NULL CONSTRAINT fk_bidding_document_submission_id REFERENCES bidding_submission (id),
  slot text NOT NULL,
  lot_id uuid NOT NULL,
  upload_id uuid NOT NULL CONSTRAINT fk_bidding_document_upload_id REFERENCES bidding_upload (id),
  eid bytea NOT NULL,
  chunks bigint NOT NULL,
  size bigint NOT NULL,
  CONSTRAINT pk_bidding_document PRIMARY KEY (submission_id, slot)
);
CREATE INDEX ix_bidding_document_eid ON bidding_document (eid);
CREATE TABLE bidding_rejection (
  id uuid NOT NULL CONSTRAINT pk_bidding_rejection PRIMARY KEY,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_rejection_lot_id REFERENCES trading_lot (id),
  organisation_id uuid NOT NULL
    CONSTRAINT fk_bidding_rejection_organisation_id REFERENCES identity_organisation (id),
  digest bytea NOT NULL,
  reason text NOT NULL,
  jws text NOT NULL,
  entry_id bigint NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE INDEX ix_bidding_rejection_lot_id ON bidding_rejection (lot_id);

CREATE TABLE bidding_close (
  lot_id uuid NOT NULL CONSTRAINT pk_bidding_close PRIMARY KEY
    CONSTRAINT fk_bidding_close_lot_id REFERENCES trading_lot (id),
  items jsonb NOT NULL,
  root bytea NOT NULL,
  entry_id bigint NOT NULL,
  closed_at timestamptz NOT NULL
);
CREATE TABLE bidding_opening (
  lot_id uuid NOT NULL CONSTRAINT pk_bidding_opening PRIMARY KEY
    CONSTRAINT fk_bidding_opening_lot_id REFERENCES trading_lot (id),
  keyset_id uuid NOT NULL CONSTRAINT fk_bidding_opening_keyset_id REFERENCES bidding_keyset (id),
  stage text NOT NULL,
  closed_at timestamptz NOT NULL,
  deadline_size bigint,
  window_until timestamptz NOT NULL,
  window_closed_at timestamptz,
  window_entry_id bigint,
  window_jws text,
  emergency_reason text,
  opened_at timestamptz,
  opened_entry_id bigint,
  reading jsonb,
  CONSTRAINT ck_bidding_opening_stage CHECK (
    stage IN ('closed', 'releasing', 'combining', 'opened', 'recorded', 'failed')),
  CONSTRAINT ck_bidding_opening_window CHECK (
    window_closed_at IS NULL OR (window_entry_id IS NOT NULL AND window_jws IS NOT NULL)),
  CONSTRAINT ck_bidding_opening_opened CHECK (
    (opened_at IS NULL) = (reading IS NULL) AND (opened_at IS NULL OR window_closed_at IS NOT NULL))
);
CREATE TABLE bidding_release (
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_release_bid_id REFERENCES bidding_bid (id),
  slot text NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_release_lot_id REFERENCES trading_lot (id),
  secret bytea NOT NULL,
  jws text NOT NULL,
  entry_id bigint NOT NULL,
  released_at timestamptz NOT NULL,
  CONSTRAINT pk_bidding_release PRIMARY KEY (bid_id, slot)
);
CREATE INDEX ix_bidding_release_lot_id ON bidding_release (lot_id);
CREATE TABLE bidding_emergency_key (
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_emergency_key_bid_id REFERENCES bidding_bid (id),
  slot text NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_emergency_key_lot_id REFERENCES trading_lot (id),
  file_key bytea NOT NULL,
  jws text NOT NULL,
  entry_id bigint NOT NULL,
  released_at timestamptz NOT NULL,
  CONSTRAINT pk_bidding_emergency_key PRIMARY KEY (bid_id, slot)
);
CREATE INDEX ix_bidding_emergency_key_lot_id ON bidding_emergency_key (lot_id);
CREATE TABLE bidding_share_batch (
  keyset_id uuid NOT NULL CONSTRAINT fk_bidding_share_batch_keyset_id REFERENCES bidding_keyset (id),
  i bigint NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_share_batch_lot_id REFERENCES trading_lot (id),
  jws text NOT NULL,
  entry_id bigint NOT NULL,
  posted_at timestamptz NOT NULL,
  CONSTRAINT pk_bidding_share_batch PRIMARY KEY (keyset_id, i)
);
CREATE INDEX ix_bidding_share_batch_lot_id ON bidding_share_batch (lot_id);
CREATE TABLE bidding_share (
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_share_bid_id REFERENCES bidding_bid (id),
  slot text NOT NULL,
  i bigint NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_share_lot_id REFERENCES trading_lot (id),
  share bytea NOT NULL,
  CONSTRAINT pk_bidding_share PRIMARY KEY (bid_id, slot, i)
);
CREATE INDEX ix_bidding_share_lot_id ON bidding_share (lot_id);
CREATE TABLE bidding_step (
  bid_id uuid NOT NULL CONSTRAINT fk_bidding_step_bid_id REFERENCES bidding_bid (id),
  slot text NOT NULL,
  step text NOT NULL,
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_step_lot_id REFERENCES trading_lot (id),
  outcome text NOT NULL,
  code text NOT NULL,
  file_key bytea,
  file_id uuid CONSTRAINT fk_bidding_step_file_id REFERENCES kernel_file (id),
  digest bytea,
  size bigint,
  done_at timestamptz NOT NULL,
  CONSTRAINT pk_bidding_step PRIMARY KEY (bid_id, slot, step),
  CONSTRAINT ck_bidding_step_step CHECK (step IN ('key', 'plain')),
  CONSTRAINT ck_bidding_step_outcome CHECK (outcome IN ('ok', 'fault_bidder', 'fault_platform')),
  CONSTRAINT ck_bidding_step_result CHECK (
    ((outcome = 'ok') = (code = ''))
    AND (file_key IS NOT NULL) = (step = 'key' AND outcome = 'ok')
    AND (file_id IS NOT NULL) = (step = 'plain' AND outcome = 'ok')
    AND (digest IS NULL) = (file_id IS NULL) AND (size IS NULL) = (file_id IS NULL))
);
CREATE INDEX ix_bidding_step_lot_id ON bidding_step (lot_id);
CREATE TABLE bidding_opened_bid (
  bid_id uuid NOT NULL CONSTRAINT pk_bidding_opened_bid PRIMARY KEY
    CONSTRAINT fk_bidding_opened_bid_bid_id REFERENCES bidding_bid (id),
  lot_id uuid NOT NULL CONSTRAINT fk_bidding_opened_bid_lot_id REFERENCES trading_lot (id),
  no bigint NOT NULL,
  bidder_name text NOT NULL,
  form jsonb NOT NULL,
  price_fen bigint NOT NULL,
  CONSTRAINT ck_bidding_opened_bid_price CHECK (price_fen > 0)
);
CREATE INDEX ix_bidding_opened_bid_lot_id ON bidding_opened_bid (lot_id);
CREATE TABLE bidding_record (
  lot_id uuid NOT NULL CONSTRAINT pk_bidding_record PRIMARY KEY
    CONSTRAINT fk_bidding_record_lot_id REFERENCES trading_lot (id),
  content jsonb NOT NULL,
  digest bytea NOT NULL,
  entry_id bigint NOT NULL,
  confirmed_by uuid NOT NULL,
  confirmed_at timestamptz NOT NULL,
  file_id uuid CONSTRAINT fk_bidding_record_file_id REFERENCES kernel_file (id),
  fault text
);

-- What a bidder signed, what was closed, released, shared and opened is never changed, whoever asks.
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_interest', 'bidding_upload', 'bidding_chunk', 'bidding_submission',
    'bidding_document', 'bidding_rejection', 'bidding_close', 'bidding_release', 'bidding_emergency_key',
    'bidding_share_batch', 'bidding_share', 'bidding_step', 'bidding_opened_bid'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION kernel_refuse()',
      t || '_append_only', t);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION kernel_refuse()', t || '_no_truncate', t);
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM portal_rw', t);
  END LOOP;
END $$;
REVOKE DELETE ON bidding_keyset, bidding_seat, bidding_bid, bidding_opening, bidding_record FROM portal_rw;
REVOKE UPDATE ON bidding_login_nonce, bidding_keyset, bidding_seat, bidding_bid, bidding_record FROM portal_rw;
GRANT UPDATE (state, published_at, entry_id) ON bidding_keyset TO portal_rw;
GRANT UPDATE (accept_jws, accepted_at) ON bidding_seat TO portal_rw;
GRANT UPDATE (state, rev, head, fault) ON bidding_bid TO portal_rw;
GRANT UPDATE (file_id, fault) ON bidding_record TO portal_rw;

-- Until a lot is unsealed, supervision sees neither how many bid, nor who, nor when (R-ET-05).
REVOKE ALL ON bidding_login_nonce FROM supervision_ro;
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bidding_interest', 'bidding_bid', 'bidding_upload', 'bidding_chunk', 'bidding_submission',
    'bidding_document', 'bidding_rejection', 'bidding_close', 'bidding_release', 'bidding_emergency_key',
    'bidding_share_batch', 'bidding_share', 'bidding_step', 'bidding_opened_bid'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO portal_rw USING (true) WITH CHECK (true)', t || '_portal', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO supervision_ro'
      ' USING (EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = %I.lot_id))', t || '_oversight', t, t);
  END LOOP;
END $$;
"""

DOWNGRADE = r"""
DROP TABLE bidding_record, bidding_opened_bid, bidding_step, bidding_share, bidding_share_batch, bidding_emergency_key,
  bidding_release, bidding_opening, bidding_close, bidding_rejection, bidding_document, bidding_submission,
  bidding_chunk, bidding_upload, bidding_bid, bidding_seat, bidding_keyset, bidding_interest, bidding_login_nonce;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    if sql.strip():
        await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create the tables of bidding."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of bidding."""
    _script(DOWNGRADE)
