"""Limits of the scoring grid and of the bidders' window, as dated rows of the law.

A grid sums to a hundred points (12号令 35; 87号令 55), the price of goods and services bought under 政府采购法 weighs
at least 30 and 10 percent of it (87号令 55), and a window that the platform's outage shortened grows by a day at most
(our own decision; `bidding.releasing.extend_window` says why).
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UPGRADE = r"""
INSERT INTO kernel_parameter
  (key, regime, variant, jurisdiction, effective_from, effective_to, value, unit,
   direction, roll, label, basis, rules, base, stops, confidence)
VALUES
  ('score_total', 'ZTB', '', 'CN', '2001-07-05', NULL, 100, 'count', NULL, 'none',
   '评审因素满分合计', '12号令35', '{R-EVAL-05}', '', '', 'K'),
  ('score_total', 'GP', '', 'CN', '2017-10-01', NULL, 100, 'count', NULL, 'none',
   '评审因素满分合计', '87号令55', '{R-PRC-05}', '', '', 'K'),
  ('price_share_min', 'GP', 'goods', 'CN', '2017-10-01', NULL, 30, 'percent', NULL, 'none',
   '货物价格分的最低比重', '87号令55', '{R-PRC-05}', 'score', '', 'K'),
  ('price_share_min', 'GP', 'services', 'CN', '2017-10-01', NULL, 10, 'percent', NULL, 'none',
   '服务价格分的最低比重', '87号令55', '{R-PRC-05}', 'score', '', 'K'),
  ('release_extension', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 24, 'h', 'max', 'none',
   '延长解密时间的上限', '平台默认值', '{R-ET-07}', '', '', 'D');
"""

DOWNGRADE = r"""
DELETE FROM kernel_parameter WHERE key IN ('score_total', 'price_share_min', 'release_extension');
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
