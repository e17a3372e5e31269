"""The law as data: parameters and calendars, with the rows that hold at the first release (R-META-01, R-CNT-07).

Imports nothing of ours: models change, history must not. A change of the law is a new migration that closes the old row
(`effective_to`) and inserts the new one.
"""

from alembic import op
from sqlalchemy.util import await_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE TABLE kernel_parameter (
  key text NOT NULL,
  regime text NOT NULL,
  variant text NOT NULL,
  jurisdiction text NOT NULL,
  effective_from date NOT NULL,
  effective_to date,
  value numeric NOT NULL CONSTRAINT ck_kernel_parameter_positive CHECK (value > 0),
  unit text NOT NULL,
  direction text,
  roll text NOT NULL,
  label text NOT NULL,
  basis text NOT NULL,
  rules text[] NOT NULL,
  base text NOT NULL,
  stops text NOT NULL,
  confidence text NOT NULL,
  CONSTRAINT pk_kernel_parameter PRIMARY KEY (key, regime, variant, jurisdiction, effective_from),
  CONSTRAINT ck_kernel_parameter_in_force_for_a_while CHECK (effective_to IS NULL OR effective_to > effective_from)
);
CREATE TABLE kernel_calendar_year (
  year integer NOT NULL CONSTRAINT pk_kernel_calendar_year PRIMARY KEY,
  rest_weekdays date[] NOT NULL,
  make_up_days date[] NOT NULL,
  basis text NOT NULL
);
REVOKE INSERT, UPDATE, DELETE ON kernel_parameter, kernel_calendar_year FROM portal_rw;

INSERT INTO kernel_parameter
  (key, regime, variant, jurisdiction, effective_from, effective_to, value, unit,
   direction, roll, label, basis, rules, base, stops, confidence)
VALUES
  ('doc_sale', 'ZTB', '', 'CN', '2012-02-01', NULL, 5, 'cd', 'min', 'next_wd',
   '资格预审文件或招标文件发售期', '条例16', '{R-TIME-01}', '', '', 'V'),
  ('prequal_submit', 'ZTB', '', 'CN', '2012-02-01', NULL, 5, 'cd', 'min', 'next_wd',
   '提交资格预审申请文件的时间', '条例17', '{R-TIME-02}', '', '', 'V'),
  ('bid_prepare', 'ZTB', '', 'CN', '2000-01-01', NULL, 20, 'cd', 'min', 'next_wd',
   '编制投标文件的时间', '招投法24', '{R-TIME-03}', '', '', 'V'),
  ('clarify_bid', 'ZTB', '', 'CN', '2012-02-01', NULL, 15, 'cd', 'before', 'none',
   '招标文件澄清、修改的最迟时间', '条例21', '{R-TIME-04}', '', '', 'V'),
  ('clarify_prequal', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'cd', 'before', 'none',
   '资格预审文件澄清、修改的最迟时间', '条例21', '{R-TIME-05}', '', '', 'V'),
  ('object_doc', 'ZTB', '', 'CN', '2012-02-01', NULL, 10, 'cd', 'before', 'none',
   '对招标文件提出异议的最迟时间', '条例22', '{R-TIME-07}', '', '', 'V'),
  ('object_prequal', 'ZTB', '', 'CN', '2012-02-01', NULL, 2, 'cd', 'before', 'none',
   '对资格预审文件提出异议的最迟时间', '条例22', '{R-TIME-06}', '', '', 'V'),
  ('answer_objection', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'cd', 'max', 'next_wd',
   '答复异议的期限', '条例22,54', '{R-TIME-08,R-TIME-17}', '', '', 'V'),
  ('bond_return_withdraw', 'ZTB', '', 'CN', '2012-02-01', NULL, 5, 'cd', 'max', 'next_wd',
   '撤回投标后退还投标保证金的期限', '条例35', '{R-TIME-10}', '', '', 'V'),
  ('candidate_start', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'cd', 'max', 'next_wd',
   '开始公示中标候选人的期限', '条例54', '{R-TIME-14}', '', '', 'V'),
  ('candidate_publicity', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'cd', 'min', 'next_wd',
   '中标候选人公示期', '条例54', '{R-TIME-15,R-TIME-16}', '', '', 'V'),
  ('report_supervisor', 'ZTB', '', 'CN', '2000-01-01', NULL, 15, 'cd', 'max', 'next_wd',
   '提交招标投标情况书面报告的期限', '招投法47', '{R-TIME-21}', '', '', 'V'),
  ('contract', 'ZTB', '', 'CN', '2000-01-01', NULL, 30, 'cd', 'max', 'next_wd',
   '订立书面合同的期限', '招投法46', '{R-TIME-22}', '', '', 'V'),
  ('bond_return_contract', 'ZTB', '', 'CN', '2012-02-01', NULL, 5, 'cd', 'max', 'next_wd',
   '签订合同后退还投标保证金的期限', '条例57', '{R-TIME-23}', '', '', 'V'),
  ('complaint', 'ZTB', '', 'CN', '2012-02-01', NULL, 10, 'cd', 'max', 'next_wd',
   '提出投诉的期限', '条例60', '{R-TIME-25}', '', 'objection_answer', 'V'),
  ('complaint_accept', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'wd', 'max', 'none',
   '决定是否受理投诉的期限', '条例61', '{R-TIME-26}', '', '', 'V'),
  ('complaint_decide', 'ZTB', '', 'CN', '2012-02-01', NULL, 30, 'wd', 'max', 'none',
   '作出投诉处理决定的期限', '条例61', '{R-TIME-27}', '', 'appraisal', 'V'),
  ('terminate_refund', 'ZTB', '', 'CN', '2012-02-01', NULL, 5, 'wd', 'max', 'none',
   '终止招标后退款的期限', '条例31', '{R-TIME-24}', '', '', 'D'),
  ('award_meeting', 'ZTB', '', 'CN', '2024-01-01', NULL, 5, 'wd', 'max', 'none',
   '公示期满后召开定标会的期限', '平台默认值', '{R-SEP-07}', '', '', 'D'),
  ('bid_bond_cap', 'ZTB', '', 'CN', '2012-02-01', NULL, 2, 'percent', NULL, 'none',
   '投标保证金上限比例', '条例26', '{R-THR-07}', 'estimate', '', 'V'),
  ('bid_bond_cap', 'ZTB', 'works', 'CN', '2003-05-01', NULL, 800000, 'yuan', NULL, 'none',
   '施工投标保证金上限', '30号令37', '{R-THR-07}', '', '', 'V'),
  ('bid_bond_cap', 'ZTB', 'goods', 'CN', '2005-03-01', NULL, 800000, 'yuan', NULL, 'none',
   '货物投标保证金上限', '27号令27', '{R-THR-07}', '', '', 'V'),
  ('bid_bond_cap', 'ZTB', 'design', 'CN', '2003-08-01', NULL, 100000, 'yuan', NULL, 'none',
   '勘察设计投标保证金上限', '2号令24', '{R-THR-07}', '', '', 'V'),
  ('perf_bond_cap', 'ZTB', '', 'CN', '2012-02-01', NULL, 10, 'percent', NULL, 'none',
   '履约保证金上限比例', '条例58', '{R-THR-09}', 'contract', '', 'V'),
  ('min_bidders', 'ZTB', '', 'CN', '2000-01-01', NULL, 3, 'count', NULL, 'none',
   '最少投标人数', '招投法28;条例44', '{R-THR-10,R-FAIL-01}', '', '', 'V'),
  ('min_invitees', 'ZTB', '', 'CN', '2000-01-01', NULL, 3, 'count', NULL, 'none',
   '邀请招标最少受邀人数', '招投法17', '{R-THR-10}', '', '', 'V'),
  ('max_candidates', 'ZTB', '', 'CN', '2012-02-01', NULL, 3, 'count', NULL, 'none',
   '中标候选人最多人数', '条例53', '{R-THR-11}', '', '', 'V'),
  ('committee_min', 'ZTB', '', 'CN', '2000-01-01', NULL, 5, 'count', NULL, 'none',
   '评标委员会最少人数', '招投法37', '{R-COM-01}', '', '', 'V'),
  ('committee_experts', 'ZTB', 'num', 'CN', '2000-01-01', NULL, 2, 'count', NULL, 'none',
   '专家比例分子', '招投法37', '{R-COM-01}', '', '', 'V'),
  ('committee_experts', 'ZTB', 'den', 'CN', '2000-01-01', NULL, 3, 'count', NULL, 'none',
   '专家比例分母', '招投法37', '{R-COM-01}', '', '', 'V'),
  ('committee_min', 'ZTB', 'water', 'CN', '2024-01-01', NULL, 7, 'count', NULL, 'none',
   '水利项目评标委员会最少人数', '《水利工程建设项目招标投标管理规定》', '{R-COM-04}', '', '', 'V'),
  ('recusal_years', 'ZTB', '', 'CN', '2024-01-01', NULL, 3, 'count', NULL, 'none',
   '回避的从业回溯年数', '平台默认值', '{R-REC-03}', '', '', 'D'),
  ('mandatory_contract', 'ZTB', 'works', 'CN', '2018-06-01', NULL, 4000000, 'yuan', NULL, 'none',
   '必须招标：施工', '16号令5', '{R-THR-04}', '', '', 'V'),
  ('mandatory_contract', 'ZTB', 'goods', 'CN', '2018-06-01', NULL, 2000000, 'yuan', NULL, 'none',
   '必须招标：货物', '16号令5', '{R-THR-04}', '', '', 'V'),
  ('mandatory_contract', 'ZTB', 'services', 'CN', '2018-06-01', NULL, 1000000, 'yuan', NULL, 'none',
   '必须招标：服务', '16号令5', '{R-THR-04}', '', '', 'V'),
  ('mandatory_public_money', 'ZTB', '', 'CN', '2018-06-01', NULL, 2000000, 'yuan', NULL, 'none',
   '必须招标：预算资金', '16号令2', '{R-THR-01}', '', '', 'V'),
  ('mandatory_public_share', 'ZTB', '', 'CN', '2018-06-01', NULL, 10, 'percent', NULL, 'none',
   '必须招标：资金占比', '16号令2', '{R-THR-01}', 'investment', '', 'V'),
  ('doc_supply', 'GP', '', 'CN', '2015-03-01', NULL, 5, 'wd', 'min', 'none',
   '采购文件提供期限', '采购条例31', '{R-GP-01}', '', '', 'V'),
  ('bid_prepare', 'GP', '', 'CN', '2003-01-01', NULL, 20, 'cd', 'min', 'next_wd',
   '编制投标文件的时间', '采购法35', '{R-GP-02}', '', '', 'V'),
  ('clarify_bid', 'GP', '', 'CN', '2015-03-01', NULL, 15, 'cd', 'before', 'none',
   '招标文件澄清、修改的最迟时间', '采购条例31', '{R-GP-03}', '', '', 'V'),
  ('notice_period', 'GP', '', 'CN', '2017-10-01', NULL, 5, 'wd', 'min', 'none',
   '招标公告的公告期限', '87号令16', '{R-GP-04}', '', '', 'K'),
  ('report_to_buyer', 'GP', '', 'CN', '2015-03-01', NULL, 2, 'wd', 'max', 'none',
   '评审报告送交采购人的期限', '采购条例43', '{R-GP-05}', '', '', 'V'),
  ('determine_winner', 'GP', '', 'CN', '2015-03-01', NULL, 5, 'wd', 'max', 'none',
   '采购人确定中标人的期限', '采购条例43', '{R-GP-06}', '', '', 'V'),
  ('notice_and_result', 'GP', '', 'CN', '2015-03-01', NULL, 2, 'wd', 'max', 'none',
   '发出中标通知书并公告结果的期限', '采购条例43', '{R-GP-07}', '', '', 'V'),
  ('result_period', 'GP', '', 'CN', '2017-10-01', NULL, 1, 'wd', 'min', 'none',
   '中标结果公告期限', '87号令69', '{R-GP-08}', '', '', 'K'),
  ('bond_return', 'GP', '', 'CN', '2015-03-01', NULL, 5, 'wd', 'max', 'none',
   '退还投标保证金的期限', '采购条例33', '{R-GP-09}', '', '', 'V'),
  ('contract', 'GP', '', 'CN', '2003-01-01', NULL, 30, 'cd', 'max', 'next_wd',
   '签订政府采购合同的期限', '采购法46', '{R-GP-10}', '', '', 'V'),
  ('contract_publish', 'GP', '', 'CN', '2015-03-01', NULL, 2, 'wd', 'max', 'none',
   '公告政府采购合同的期限', '采购条例50', '{R-GP-10}', '', '', 'V'),
  ('contract_file', 'GP', '', 'CN', '2003-01-01', NULL, 7, 'wd', 'max', 'none',
   '合同副本备案的期限', '采购法47', '{R-GP-10}', '', '', 'V'),
  ('answer_enquiry', 'GP', '', 'CN', '2015-03-01', NULL, 3, 'wd', 'max', 'none',
   '答复询问的期限', '采购条例52', '{R-GP-11}', '', '', 'V'),
  ('question', 'GP', '', 'CN', '2003-01-01', NULL, 7, 'wd', 'max', 'none',
   '提出质疑的期限', '采购法52', '{R-GP-12}', '', '', 'V'),
  ('answer_question', 'GP', '', 'CN', '2003-01-01', NULL, 7, 'wd', 'max', 'none',
   '答复质疑的期限', '采购法53', '{R-GP-13}', '', '', 'V'),
  ('complaint', 'GP', '', 'CN', '2003-01-01', NULL, 15, 'wd', 'max', 'none',
   '提出投诉的期限', '采购法55', '{R-GP-14}', '', '', 'V'),
  ('decide', 'GP', '', 'CN', '2003-01-01', NULL, 30, 'wd', 'max', 'none',
   '作出投诉处理决定的期限', '采购法56', '{R-GP-15}', '', 'appraisal', 'V'),
  ('single_source_publicity', 'GP', '', 'CN', '2015-03-01', NULL, 5, 'wd', 'min', 'none',
   '单一来源公示期', '采购条例38', '{R-GP-17}', '', '', 'V'),
  ('keep_files_years', 'GP', '', 'CN', '2003-01-01', NULL, 15, 'year', 'min', 'none',
   '采购文件保存期限', '采购法42', '{R-GP-16}', '', '', 'V'),
  ('bid_bond_cap', 'GP', '', 'CN', '2015-03-01', NULL, 2, 'percent', NULL, 'none',
   '投标保证金上限比例', '采购条例33', '{R-THR-13}', 'budget', '', 'V'),
  ('perf_bond_cap', 'GP', '', 'CN', '2015-03-01', NULL, 10, 'percent', NULL, 'none',
   '履约保证金上限比例', '采购条例48', '{R-THR-13}', 'contract', '', 'V'),
  ('min_bidders', 'GP', '', 'CN', '2003-01-01', NULL, 3, 'count', NULL, 'none',
   '最少合格供应商数', '采购法36', '{R-FAIL-09}', '', '', 'V'),
  ('max_candidates', 'GP', '', 'CN', '2024-01-01', NULL, 3, 'count', NULL, 'none',
   '中标候选人最多人数', '平台默认值', '{R-THR-11}', '', '', 'D'),
  ('committee_min', 'GP', '', 'CN', '2017-10-01', NULL, 5, 'count', NULL, 'none',
   '评标委员会最少人数', '87号令47', '{R-COM-02}', '', '', 'V'),
  ('committee_min', 'GP', 'large', 'CN', '2017-10-01', NULL, 7, 'count', NULL, 'none',
   '重大项目评标委员会最少人数', '87号令47', '{R-COM-02}', '', '', 'V'),
  ('recusal_years', 'GP', '', 'CN', '2015-03-01', NULL, 3, 'count', NULL, 'none',
   '回避的从业回溯年数', '采购条例9', '{R-REC-05}', '', '', 'V'),
  ('committee_large_budget', 'GP', '', 'CN', '2017-10-01', NULL, 10000000, 'yuan', NULL, 'none',
   '重大项目预算金额', '87号令47', '{R-COM-02}', '', '', 'V'),
  ('committee_experts', 'GP', 'num', 'CN', '2017-10-01', NULL, 2, 'count', NULL, 'none',
   '专家比例分子', '87号令47', '{R-COM-02}', '', '', 'V'),
  ('committee_experts', 'GP', 'den', 'CN', '2017-10-01', NULL, 3, 'count', NULL, 'none',
   '专家比例分母', '87号令47', '{R-COM-02}', '', '', 'V'),
  ('inspection_publish', 'SUPERVISION', '', 'CN', '2019-01-27', NULL, 20, 'wd', 'max', 'none',
   '公示抽查结果的期限', '国发〔2019〕5号', '{R-DR-08}', '', '', 'K'),
  ('hubei_expert_draw', 'SUPERVISION', '', 'CN-42', '2024-01-01', NULL, 24, 'h', 'max_before', 'none',
   '评标前抽取专家的最早时间', '《湖北省评标专家抽取服务指南》', '{R-DRAW-01}', '', '', 'V'),
  ('hubei_expert_draw', 'SUPERVISION', 'ministry_pool', 'CN-42', '2024-01-01', NULL, 72, 'h', 'max_before', 'none',
   '评标前抽取部委专家的最早时间', '《湖北省评标专家抽取服务指南》', '{R-DRAW-01}', '', '', 'V'),
  ('remote_delay_before_start', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 2, 'h', 'max', 'none',
   '开始前故障的等待时间', '平台默认值（参照《丽江市远程异地评标管理规定》）', '{R-REM-10}', '', '', 'D'),
  ('remote_repair_during', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 4, 'h', 'max', 'none',
   '评标中故障的修复时间', '平台默认值（参照《丽江市远程异地评标管理规定》）', '{R-REM-11}', '', '', 'D'),
  ('remote_handover', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 5, 'wd', 'max', 'none',
   '副场移交资料的期限', '平台默认值（参照《丽江市远程异地评标管理规定》）', '{R-REM-12}', '', '', 'D'),
  ('case_decide', 'SUPERVISION', '', 'CN', '2021-07-15', NULL, 90, 'cd', 'max', 'next_wd',
   '作出行政处罚决定的期限', '行政处罚法60', '{R-DR-14}', '', '', 'V'),
  ('evaluation_extension', 'SUPERVISION', 'num', 'CN', '2012-02-01', NULL, 1, 'count', NULL, 'none',
   '延长评标比例分子', '条例48', '{R-TIME-13}', '', '', 'V'),
  ('evaluation_extension', 'SUPERVISION', 'den', 'CN', '2012-02-01', NULL, 3, 'count', NULL, 'none',
   '延长评标比例分母', '条例48', '{R-TIME-13}', '', '', 'V'),
  ('max_per_employer', 'SUPERVISION', '', 'CN', '2024-01-01', NULL, 1, 'count', NULL, 'none',
   '同一单位专家人数', '平台默认值', '{R-REC-06}', '', '', 'D'),
  ('inspectors_per_target', 'SUPERVISION', '', 'CN', '2021-07-15', NULL, 2, 'count', NULL, 'none',
   '每个对象的检查人员', '行政处罚法42', '{R-DR-05}', '', '', 'V'),
  ('inspection_rate', 'SUPERVISION', 'A', 'CN', '2024-01-01', NULL, 5, 'percent', NULL, 'none',
   'A类对象抽查比例', '平台默认值（参照各地双随机抽查比例）', '{R-DR-06,R-DR-07}', '', '', 'D'),
  ('inspection_rate', 'SUPERVISION', 'B', 'CN', '2024-01-01', NULL, 20, 'percent', NULL, 'none',
   'B类对象抽查比例', '平台默认值（参照各地双随机抽查比例）', '{R-DR-06,R-DR-07}', '', '', 'D'),
  ('inspection_rate', 'SUPERVISION', 'C', 'CN', '2024-01-01', NULL, 60, 'percent', NULL, 'none',
   'C类对象抽查比例', '平台默认值（参照各地双随机抽查比例）', '{R-DR-06,R-DR-07}', '', '', 'D'),
  ('inspection_rate', 'SUPERVISION', 'D', 'CN', '2024-01-01', NULL, 100, 'percent', NULL, 'none',
   'D类对象抽查比例', '平台默认值（参照各地双随机抽查比例）', '{R-DR-06,R-DR-07}', '', '', 'D');

INSERT INTO kernel_calendar_year (year, rest_weekdays, make_up_days, basis)
VALUES
  (2024, '{2024-01-01,2024-02-12,2024-02-13,2024-02-14,2024-02-15,2024-02-16,2024-04-04,2024-04-05,2024-05-01,
    2024-05-02,2024-05-03,2024-06-10,2024-09-16,2024-09-17,2024-10-01,2024-10-02,2024-10-03,2024-10-04,
    2024-10-07}',
   '{2024-02-04,2024-02-18,2024-04-07,2024-04-28,2024-05-11,2024-09-14,2024-09-29,2024-10-12}',
   '国务院办公厅关于2024年部分节假日安排的通知'),
  (2025, '{2025-01-01,2025-01-28,2025-01-29,2025-01-30,2025-01-31,2025-02-03,2025-02-04,2025-04-04,2025-05-01,
    2025-05-02,2025-05-05,2025-06-02,2025-10-01,2025-10-02,2025-10-03,2025-10-06,2025-10-07,2025-10-08}',
   '{2025-01-26,2025-02-08,2025-04-27,2025-09-28,2025-10-11}',
   '国务院办公厅关于2025年部分节假日安排的通知'),
  (2026, '{2026-01-01,2026-01-02,2026-02-16,2026-02-17,2026-02-18,2026-02-19,2026-02-20,2026-02-23,2026-04-06,
    2026-05-01,2026-05-04,2026-05-05,2026-06-19,2026-09-25,2026-10-01,2026-10-02,2026-10-05,2026-10-06,
    2026-10-07}',
   '{2026-01-04,2026-02-14,2026-02-28,2026-05-09,2026-09-20,2026-10-10}',
   '国务院办公厅关于2026年部分节假日安排的通知');
"""

DOWNGRADE = r"""
DROP TABLE kernel_calendar_year, kernel_parameter;
"""


def _script(sql: str) -> None:
    """Run several statements at once, inside the migration's transaction, with timeouts."""
    op.execute("SET LOCAL lock_timeout = '1s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    await_only(op.get_bind().connection.dbapi_connection.driver_connection.execute(sql))


def upgrade() -> None:
    """Create and fill the tables of the law."""
    _script(UPGRADE)


def downgrade() -> None:
    """Drop the tables of the law."""
    _script(DOWNGRADE)
