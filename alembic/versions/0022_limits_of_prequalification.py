"""Limits of a prequalification under 政府采购法 and the least number of invited suppliers, as dated rows of the law.

Applications for prequalification have at least 5 working days from the announcement (采购条例 21), corrections of its
documents come at the latest 3 days before they are due (87号令 27), at least three suppliers are invited (采购法 34).
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

UPGRADE = r"""
INSERT INTO kernel_parameter
  (key, regime, variant, jurisdiction, effective_from, effective_to, value, unit,
   direction, roll, label, basis, rules, base, stops, confidence)
VALUES
  ('prequal_submit', 'GP', '', 'CN', '2015-03-01', NULL, 5, 'wd', 'min', 'none',
   '提交资格预审申请文件的时间', '采购条例21', '{R-GP-20}', '', '', 'K'),
  ('clarify_prequal', 'GP', '', 'CN', '2017-10-01', NULL, 3, 'cd', 'before', 'none',
   '资格预审文件澄清、修改的最迟时间', '87号令27', '{R-GP-20}', '', '', 'K'),
  ('min_invitees', 'GP', '', 'CN', '2003-01-01', NULL, 3, 'count', NULL, 'none',
   '邀请招标最少受邀供应商数', '采购法34', '{R-THR-10}', '', '', 'K');
"""

DOWNGRADE = r"""
DELETE FROM kernel_parameter WHERE regime = 'GP' AND key IN ('prequal_submit', 'clarify_prequal', 'min_invitees');
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Load the rows."""
    _script(UPGRADE)


def downgrade() -> None:
    """Take them out again."""
    _script(DOWNGRADE)
