"""Supervision's login sees no files of applicants: their names and their number tell who applied (R-ANN-05).

Imports nothing of ours: models change, history must not.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_SHOWN = "subject IS NULL OR identity_is_shown(subject)"


def upgrade() -> None:
    """Hide them; the platform shows applications to whom it concerns."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute(
        f"ALTER POLICY kernel_file_oversight ON kernel_file USING (access <> 'trading.application' AND ({_SHOWN}))"
    )


def downgrade() -> None:
    """Show them like the files of every lot."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute(f"ALTER POLICY kernel_file_oversight ON kernel_file USING ({_SHOWN})")
