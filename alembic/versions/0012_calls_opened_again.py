"""A one-time code opens once more for the browser that used it, for a few minutes: an answer can get lost on the way.

Imports nothing of ours: models change, history must not.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note who used a code, and when."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("ALTER TABLE experts_call ADD COLUMN used_by bytea, ADD COLUMN used_at timestamptz")
    op.execute("CREATE UNIQUE INDEX ix_experts_call_used_by ON experts_call (used_by)")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE experts_call DROP COLUMN used_at, DROP COLUMN used_by")
