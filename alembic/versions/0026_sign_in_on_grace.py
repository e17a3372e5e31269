"""A sign-in by QR code remembers whether the revocation list was out of date, so that its session only looks.

Imports nothing of ours: models change, history must not.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; codes live for minutes, so none that is there matters."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("ALTER TABLE bidding_licence_scan ADD COLUMN on_grace boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    """Drop the mark."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("ALTER TABLE bidding_licence_scan DROP COLUMN on_grace")
