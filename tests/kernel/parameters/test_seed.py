"""The seed holds what the rule book's section 13 lists, value by value."""

from datetime import date
from decimal import Decimal

import pytest

from kernel.parameters.seed import SEED, seeded_table
from kernel.parameters.table import Direction
from kernel.periods import Roll

TODAY = date(2026, 7, 16)
HOME = "CN-42-10-83"

#: Source: rules.md section 13, typed from there: key, n, unit, direction, roll, basis.
ZTB = """
doc_sale 5 cd min next_wd 条例16
prequal_submit 5 cd min next_wd 条例17
bid_prepare 20 cd min next_wd 招投法24
clarify_bid 15 cd before none 条例21
clarify_prequal 3 cd before none 条例21
object_doc 10 cd before none 条例22
object_prequal 2 cd before none 条例22
answer_objection 3 cd max next_wd 条例22,54
bond_return_withdraw 5 cd max next_wd 条例35
candidate_start 3 cd max next_wd 条例54
candidate_publicity 3 cd min next_wd 条例54
report_supervisor 15 cd max next_wd 招投法47
contract 30 cd max next_wd 招投法46
bond_return_contract 5 cd max next_wd 条例57
complaint 10 cd max next_wd 条例60
complaint_accept 3 wd max none 条例61
complaint_decide 30 wd max none 条例61
"""
#: Source: rules.md section 13 and the articles of its table 1.6.
GP = """
doc_supply 5 wd min none 采购条例31
bid_prepare 20 cd min next_wd 采购法35
clarify_bid 15 cd before none 采购条例31
determine_winner 5 wd max none 采购条例43
report_to_buyer 2 wd max none 采购条例43
notice_and_result 2 wd max none 采购条例43
question 7 wd max none 采购法52
answer_question 7 wd max none 采购法53
complaint 15 wd max none 采购法55
decide 30 wd max none 采购法56
contract 30 cd max next_wd 采购法46
contract_publish 2 wd max none 采购条例50
contract_file 7 wd max none 采购法47
bond_return 5 wd max none 采购条例33
keep_files_years 15 year min none 采购法42
"""
SUPERVISION = """
inspection_publish 20 wd max none 国发〔2019〕5号
hubei_expert_draw 24 h max_before none 《湖北省评标专家抽取服务指南》
remote_delay_before_start 2 h max none 平台默认值（参照《丽江市远程异地评标管理规定》）
remote_repair_during 4 h max none 平台默认值（参照《丽江市远程异地评标管理规定》）
remote_handover 5 wd max none 平台默认值（参照《丽江市远程异地评标管理规定》）
"""
LINES = [
    (regime, *line.split())
    for regime, text in (("ZTB", ZTB), ("GP", GP), ("SUPERVISION", SUPERVISION))
    for line in text.strip().splitlines()
]


@pytest.mark.parametrize(("regime", "key", "n", "unit", "direction", "roll", "basis"), LINES)
def test_every_period_of_the_rule_book_is_seeded(regime, key, n, unit, direction, roll, basis):
    row = seeded_table().find(key, regime, TODAY, jurisdiction=HOME)

    assert row.regime == regime
    assert (row.value, row.unit.value) == (Decimal(n), unit)
    assert (row.direction, row.roll, row.basis) == (Direction(direction), Roll(roll), basis)


@pytest.mark.parametrize(
    ("regime", "key", "variant", "value", "unit"),
    [
        ("ZTB", "bid_bond_cap", "", 2, "percent"),
        ("ZTB", "bid_bond_cap", "works", 800_000, "yuan"),
        ("ZTB", "bid_bond_cap", "goods", 800_000, "yuan"),
        ("ZTB", "bid_bond_cap", "design", 100_000, "yuan"),
        ("ZTB", "perf_bond_cap", "", 10, "percent"),
        ("ZTB", "min_bidders", "", 3, "count"),
        ("ZTB", "max_candidates", "", 3, "count"),
        ("SUPERVISION", "hubei_expert_draw", "ministry_pool", 72, "h"),
    ],
)
def test_every_number_of_the_rule_book_is_seeded(regime, key, variant, value, unit):
    row = seeded_table().find(key, regime, TODAY, variant=variant, jurisdiction=HOME)

    assert (row.value, row.unit.value) == (Decimal(value), unit)


def test_what_stops_a_clock_is_seeded():
    table = seeded_table()

    assert table.find("complaint", "ZTB", TODAY).stops == "objection_answer"
    assert table.find("complaint_decide", "ZTB", TODAY).stops == "appraisal"


def test_local_rows_hold_at_home_only():
    rows = [row for row in SEED if row.jurisdiction != "CN"]

    assert {row.key for row in rows} == {"hubei_expert_draw"}
    assert all(HOME.startswith(row.jurisdiction) for row in rows)


def test_backward_limits_never_roll():
    backward = [row for row in SEED if row.direction is not None and row.direction.is_backward]

    assert backward
    assert all(row.roll is Roll.NONE for row in backward)


def test_every_row_names_its_rules_and_a_label():
    assert all(row.rules and row.label and row.basis for row in SEED)
    assert len({(row.key, row.regime, row.variant) for row in SEED}) == len(SEED)
