"""The seed holds what the rule book's section 13 lists, value by value."""

from datetime import date
from decimal import Decimal

import pytest

from kernel.parameters.seed import SEED, seeded_table
from kernel.parameters.table import Direction
from kernel.periods import Roll

TODAY = date(2026, 7, 16)
HOME = "CN-42-10-83"

#: Source: rules.md section 13, typed from there: key, n, unit, direction, roll, basis, rules.
ZTB = """
doc_sale 5 cd min next_wd 条例16 R-TIME-01
prequal_submit 5 cd min next_wd 条例17 R-TIME-02
bid_prepare 20 cd min next_wd 招投法24 R-TIME-03
clarify_bid 15 cd before none 条例21 R-TIME-04
clarify_prequal 3 cd before none 条例21 R-TIME-05
object_doc 10 cd before none 条例22 R-TIME-07
object_prequal 2 cd before none 条例22 R-TIME-06
answer_objection 3 cd max next_wd 条例22,54 R-TIME-08,R-TIME-17
bond_return_withdraw 5 cd max next_wd 条例35 R-TIME-10
candidate_start 3 cd max next_wd 条例54 R-TIME-14
candidate_publicity 3 cd min next_wd 条例54 R-TIME-15,R-TIME-16
report_supervisor 15 cd max next_wd 招投法47 R-TIME-21
contract 30 cd max next_wd 招投法46 R-TIME-22
bond_return_contract 5 cd max next_wd 条例57 R-TIME-23
complaint 10 cd max next_wd 条例60 R-TIME-25
complaint_accept 3 wd max none 条例61 R-TIME-26
complaint_decide 30 wd max none 条例61 R-TIME-27
"""
#: Source: rules.md section 13 and the articles of its table 1.6.
GP = """
doc_supply 5 wd min none 采购条例31 R-GP-01
bid_prepare 20 cd min next_wd 采购法35 R-GP-02
clarify_bid 15 cd before none 采购条例31 R-GP-03
determine_winner 5 wd max none 采购条例43 R-GP-06
report_to_buyer 2 wd max none 采购条例43 R-GP-05
notice_and_result 2 wd max none 采购条例43 R-GP-07
question 7 wd max none 采购法52 R-GP-12
answer_question 7 wd max none 采购法53 R-GP-13
complaint 15 wd max none 采购法55 R-GP-14
decide 30 wd max none 采购法56 R-GP-15
contract 30 cd max next_wd 采购法46 R-GP-10
contract_publish 2 wd max none 采购条例50 R-GP-10
contract_file 7 wd max none 采购法47 R-GP-10
bond_return 5 wd max none 采购条例33 R-GP-09
keep_files_years 15 year min none 采购法42 R-GP-16
"""
SUPERVISION = """
inspection_publish 20 wd max none 国发〔2019〕5号 R-DR-08
hubei_expert_draw 24 h max_before none 《湖北省评标专家抽取服务指南》 R-DRAW-01
remote_delay_before_start 2 h max none 平台默认值（参照《丽江市远程异地评标管理规定》） R-REM-10
remote_repair_during 4 h max none 平台默认值（参照《丽江市远程异地评标管理规定》） R-REM-11
remote_handover 5 wd max none 平台默认值（参照《丽江市远程异地评标管理规定》） R-REM-12
"""
LINES = [
    (regime, *line.split())
    for regime, text in (("ZTB", ZTB), ("GP", GP), ("SUPERVISION", SUPERVISION))
    for line in text.strip().splitlines()
]


@pytest.mark.parametrize(("regime", "key", "n", "unit", "direction", "roll", "basis", "rules"), LINES)
def test_every_period_of_the_rule_book_is_seeded(regime, key, n, unit, direction, roll, basis, rules):
    row = seeded_table().find(key, regime, TODAY, jurisdiction=HOME)

    assert row.regime == regime
    assert (row.value, row.unit.value) == (Decimal(n), unit)
    assert (row.direction, row.roll, row.basis) == (Direction(direction), Roll(roll), basis)
    assert row.rules == tuple(rules.split(","))


@pytest.mark.parametrize(
    ("regime", "key", "variant", "value", "unit", "rule"),
    [
        ("ZTB", "bid_bond_cap", "", 2, "percent", "R-THR-07"),
        ("ZTB", "bid_bond_cap", "works", 800_000, "yuan", "R-THR-07"),
        ("ZTB", "bid_bond_cap", "goods", 800_000, "yuan", "R-THR-07"),
        ("ZTB", "bid_bond_cap", "design", 100_000, "yuan", "R-THR-07"),
        ("ZTB", "perf_bond_cap", "", 10, "percent", "R-THR-09"),
        ("ZTB", "min_bidders", "", 3, "count", "R-THR-10"),
        ("ZTB", "max_candidates", "", 3, "count", "R-THR-11"),
        ("ZTB", "mandatory_contract", "works", 4_000_000, "yuan", "R-THR-04"),
        ("ZTB", "mandatory_contract", "goods", 2_000_000, "yuan", "R-THR-04"),
        ("ZTB", "mandatory_contract", "services", 1_000_000, "yuan", "R-THR-04"),
        ("ZTB", "mandatory_public_money", "", 2_000_000, "yuan", "R-THR-01"),
        ("ZTB", "mandatory_public_share", "", 10, "percent", "R-THR-01"),
        ("ZTB", "min_invitees", "", 3, "count", "R-THR-10"),
        ("ZTB", "committee_min", "", 5, "count", "R-COM-01"),
        ("ZTB", "committee_min", "water", 7, "count", "R-COM-04"),
        ("ZTB", "terminate_refund", "", 5, "wd", "R-TIME-24"),
        ("GP", "bid_bond_cap", "", 2, "percent", "R-THR-13"),
        ("GP", "perf_bond_cap", "", 10, "percent", "R-THR-13"),
        ("GP", "committee_min", "large", 7, "count", "R-COM-02"),
        ("GP", "committee_large_budget", "", 10_000_000, "yuan", "R-COM-02"),
        ("GP", "notice_period", "", 5, "wd", "R-GP-04"),
        ("GP", "prequal_submit", "", 5, "wd", "R-GP-20"),
        ("GP", "clarify_prequal", "", 3, "cd", "R-GP-20"),
        ("GP", "min_invitees", "", 3, "count", "R-THR-10"),
        ("GP", "result_period", "", 1, "wd", "R-GP-08"),
        ("GP", "answer_enquiry", "", 3, "wd", "R-GP-11"),
        ("GP", "single_source_publicity", "", 5, "wd", "R-GP-17"),
        ("GP", "recusal_years", "", 3, "count", "R-REC-05"),
        ("ZTB", "score_total", "", 100, "count", "R-EVAL-05"),
        ("GP", "score_total", "", 100, "count", "R-PRC-05"),
        ("GP", "price_share_min", "goods", 30, "percent", "R-PRC-05"),
        ("GP", "price_share_min", "services", 10, "percent", "R-PRC-05"),
        ("SUPERVISION", "release_extension", "", 24, "h", "R-ET-07"),
        ("SUPERVISION", "opening_check_in", "", 60, "count", "R-ET-06"),
        ("SUPERVISION", "opening_objection_time", "", 10, "count", "R-TIME-09"),
        ("SUPERVISION", "case_decide", "", 90, "cd", "R-DR-14"),
        ("SUPERVISION", "inspectors_per_target", "", 2, "count", "R-DR-05"),
        ("SUPERVISION", "max_per_employer", "", 1, "count", "R-REC-06"),
        ("SUPERVISION", "hubei_expert_draw", "ministry_pool", 72, "h", "R-DRAW-01"),
    ],
)
def test_every_number_of_the_rule_book_is_seeded(regime, key, variant, value, unit, rule):
    row = seeded_table().find(key, regime, TODAY, variant=variant, jurisdiction=HOME)

    assert (row.value, row.unit.value) == (Decimal(value), unit)
    assert rule in row.rules


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
