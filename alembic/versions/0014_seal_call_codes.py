"""One-time codes of calls leave the messages: they lie apart, encrypted, and go when they are sent or used.

Imports nothing of ours: models change, history must not.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the place of the ciphertext; codes that were sent before are wiped, and open nothing any more."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute(
        "ALTER TABLE experts_message ADD COLUMN sealed bytea,"
        " ADD COLUMN call_id uuid CONSTRAINT fk_experts_message_call_id REFERENCES experts_call (id)"
    )
    op.execute("CREATE INDEX ix_experts_message_call_id ON experts_message (call_id)")
    op.execute(
        "UPDATE experts_message SET"
        " body = regexp_replace(body, '一次性口令 [A-Z2-7]{4}(-[A-Z2-7]{4}){2}', '一次性口令 {code}')"
    )
    op.execute("UPDATE experts_call SET code_hash = NULL WHERE state = 'out'")


def downgrade() -> None:
    """Drop it again; the codes are gone."""
    op.execute("ALTER TABLE experts_message DROP COLUMN call_id, DROP COLUMN sealed")
