"""The legal parameters that ship with the release, one line each.

Source: the rule book, section 13 (all its keys, under its names) and the thresholds that our rules need besides.
A row holds since its instrument is in force; local and own values since `_OWN_SINCE`.
"""

from datetime import date
from decimal import Decimal
from typing import Final, TypedDict, Unpack

from kernel.parameters.articles import in_force_since
from kernel.parameters.table import COMMON_REGIME, Direction, Measure, Parameter, ParameterTable
from kernel.periods import Roll

#: Values without a national instrument hold from here: the first year whose holidays are loaded.
_OWN_SINCE: Final = date(2024, 1, 1)

_HUBEI: Final = "CN-42"
_HUBEI_GUIDE: Final = "《湖北省评标专家抽取服务指南》"
_REMOTE_MODEL: Final = "平台默认值（参照《丽江市远程异地评标管理规定》）"
_WATER: Final = "《水利工程建设项目招标投标管理规定》"
_INSPECTION_MODEL: Final = "平台默认值（参照各地双随机抽查比例）"


class _More(TypedDict, total=False):
    variant: str
    stops: str
    jurisdiction: str
    confidence: str


def _row(
    regime: str,
    key: str,
    value: str,
    unit: str,
    label: str,
    basis: str,
    rules: str,
    *,
    direction: Direction | None = None,
    roll: Roll = Roll.NONE,
    variant: str = "",
    base: str = "",
    stops: str = "",
    jurisdiction: str = "CN",
    confidence: str = "V",
) -> Parameter:
    return Parameter(
        key=key,
        regime=regime,
        value=Decimal(value),
        unit=Measure(unit),
        label=label,
        basis=basis,
        rules=tuple(rules.split()),
        effective_from=in_force_since(basis) or _OWN_SINCE,
        direction=direction,
        roll=roll,
        variant=variant,
        base=base,
        stops=stops,
        jurisdiction=jurisdiction,
        confidence=confidence,
    )


def _time(
    regime: str, key: str, length: str, how: str, label: str, basis: str, rules: str, **more: Unpack[_More]
) -> Parameter:
    """One period: `length` such as `5 cd`; days roll unless they are counted backwards (R-CNT-03, R-CNT-09)."""
    value, unit = length.split()
    direction = Direction(how)
    rolls = unit == "cd" and not direction.is_backward
    roll = Roll.NEXT_WORKING_DAY if rolls else Roll.NONE
    return _row(regime, key, value, unit, label, basis, rules, direction=direction, roll=roll, **more)


def _ztb(key: str, length: str, how: str, label: str, basis: str, rules: str, **more: Unpack[_More]) -> Parameter:
    return _time("ZTB", key, length, how, label, basis, rules, **more)


def _gp(key: str, length: str, how: str, label: str, basis: str, rules: str, **more: Unpack[_More]) -> Parameter:
    return _time("GP", key, length, how, label, basis, rules, **more)


def _both(key: str, length: str, how: str, label: str, basis: str, rules: str, **more: Unpack[_More]) -> Parameter:
    return _time(COMMON_REGIME, key, length, how, label, basis, rules, **more)


_ZTB_TIMES: Final = (
    _ztb("doc_sale", "5 cd", "min", "资格预审文件或招标文件发售期", "条例16", "R-TIME-01"),
    _ztb("prequal_submit", "5 cd", "min", "提交资格预审申请文件的时间", "条例17", "R-TIME-02"),
    _ztb("bid_prepare", "20 cd", "min", "编制投标文件的时间", "招投法24", "R-TIME-03"),
    _ztb("clarify_bid", "15 cd", "before", "招标文件澄清、修改的最迟时间", "条例21", "R-TIME-04"),
    _ztb("clarify_prequal", "3 cd", "before", "资格预审文件澄清、修改的最迟时间", "条例21", "R-TIME-05"),
    _ztb("object_doc", "10 cd", "before", "对招标文件提出异议的最迟时间", "条例22", "R-TIME-07"),
    _ztb("object_prequal", "2 cd", "before", "对资格预审文件提出异议的最迟时间", "条例22", "R-TIME-06"),
    _ztb("answer_objection", "3 cd", "max", "答复异议的期限", "条例22,54", "R-TIME-08 R-TIME-17"),
    _ztb("bond_return_withdraw", "5 cd", "max", "撤回投标后退还投标保证金的期限", "条例35", "R-TIME-10"),
    _ztb("candidate_start", "3 cd", "max", "开始公示中标候选人的期限", "条例54", "R-TIME-14"),
    _ztb("candidate_publicity", "3 cd", "min", "中标候选人公示期", "条例54", "R-TIME-15 R-TIME-16"),
    _ztb("report_supervisor", "15 cd", "max", "提交招标投标情况书面报告的期限", "招投法47", "R-TIME-21"),
    _ztb("contract", "30 cd", "max", "订立书面合同的期限", "招投法46", "R-TIME-22"),
    _ztb("bond_return_contract", "5 cd", "max", "签订合同后退还投标保证金的期限", "条例57", "R-TIME-23"),
    _ztb("complaint", "10 cd", "max", "提出投诉的期限", "条例60", "R-TIME-25", stops="objection_answer"),
    _ztb("complaint_accept", "3 wd", "max", "决定是否受理投诉的期限", "条例61", "R-TIME-26"),
    _ztb("complaint_decide", "30 wd", "max", "作出投诉处理决定的期限", "条例61", "R-TIME-27", stops="appraisal"),
    _ztb("terminate_refund", "5 wd", "max", "终止招标后退款的期限", "条例31", "R-TIME-24", confidence="D"),
    _ztb("award_meeting", "5 wd", "max", "公示期满后召开定标会的期限", "平台默认值", "R-SEP-07", confidence="D"),
)

_ZTB_NUMBERS: Final = (
    _row("ZTB", "bid_bond_cap", "2", "percent", "投标保证金上限比例", "条例26", "R-THR-07", base="estimate"),
    _row("ZTB", "bid_bond_cap", "800000", "yuan", "施工投标保证金上限", "30号令37", "R-THR-07", variant="works"),
    _row("ZTB", "bid_bond_cap", "800000", "yuan", "货物投标保证金上限", "27号令27", "R-THR-07", variant="goods"),
    _row("ZTB", "bid_bond_cap", "100000", "yuan", "勘察设计投标保证金上限", "2号令24", "R-THR-07", variant="design"),
    _row("ZTB", "perf_bond_cap", "10", "percent", "履约保证金上限比例", "条例58", "R-THR-09", base="contract"),
    _row("ZTB", "min_bidders", "3", "count", "最少投标人数", "招投法28;条例44", "R-THR-10 R-FAIL-01"),
    _row("ZTB", "min_invitees", "3", "count", "邀请招标最少受邀人数", "招投法17", "R-THR-10"),
    _row("ZTB", "max_candidates", "3", "count", "中标候选人最多人数", "条例53", "R-THR-11"),
    _row("ZTB", "committee_min", "5", "count", "评标委员会最少人数", "招投法37", "R-COM-01"),
    _row("ZTB", "committee_experts", "2", "count", "专家比例分子", "招投法37", "R-COM-01", variant="num"),
    _row("ZTB", "committee_experts", "3", "count", "专家比例分母", "招投法37", "R-COM-01", variant="den"),
    _row("ZTB", "committee_min", "7", "count", "水利项目评标委员会最少人数", _WATER, "R-COM-04", variant="water"),
    _row("ZTB", "recusal_years", "3", "count", "回避的从业回溯年数", "平台默认值", "R-REC-03", confidence="D"),
    _row("ZTB", "mandatory_contract", "4000000", "yuan", "必须招标：施工", "16号令5", "R-THR-04", variant="works"),
    _row("ZTB", "mandatory_contract", "2000000", "yuan", "必须招标：货物", "16号令5", "R-THR-04", variant="goods"),
    _row("ZTB", "mandatory_contract", "1000000", "yuan", "必须招标：服务", "16号令5", "R-THR-04", variant="services"),
    _row("ZTB", "mandatory_public_money", "2000000", "yuan", "必须招标：预算资金", "16号令2", "R-THR-01"),
    _row(
        "ZTB", "mandatory_public_share", "10", "percent", "必须招标：资金占比", "16号令2", "R-THR-01", base="investment"
    ),
    _row("ZTB", "score_total", "100", "count", "评审因素满分合计", "12号令35", "R-EVAL-05", confidence="K"),
)

_GP_TIMES: Final = (
    _gp("doc_supply", "5 wd", "min", "采购文件提供期限", "采购条例31", "R-GP-01"),
    _gp("bid_prepare", "20 cd", "min", "编制投标文件的时间", "采购法35", "R-GP-02"),
    _gp("clarify_bid", "15 cd", "before", "招标文件澄清、修改的最迟时间", "采购条例31", "R-GP-03"),
    _gp("prequal_submit", "5 wd", "min", "提交资格预审申请文件的时间", "采购条例21", "R-GP-20", confidence="K"),
    _gp("clarify_prequal", "3 cd", "before", "资格预审文件澄清、修改的最迟时间", "87号令27", "R-GP-20", confidence="K"),
    _gp("notice_period", "5 wd", "min", "招标公告的公告期限", "87号令16", "R-GP-04", confidence="K"),
    _gp("report_to_buyer", "2 wd", "max", "评审报告送交采购人的期限", "采购条例43", "R-GP-05"),
    _gp("determine_winner", "5 wd", "max", "采购人确定中标人的期限", "采购条例43", "R-GP-06"),
    _gp("notice_and_result", "2 wd", "max", "发出中标通知书并公告结果的期限", "采购条例43", "R-GP-07"),
    _gp("result_period", "1 wd", "min", "中标结果公告期限", "87号令69", "R-GP-08", confidence="K"),
    _gp("bond_return", "5 wd", "max", "退还投标保证金的期限", "采购条例33", "R-GP-09"),
    _gp("contract", "30 cd", "max", "签订政府采购合同的期限", "采购法46", "R-GP-10"),
    _gp("contract_publish", "2 wd", "max", "公告政府采购合同的期限", "采购条例50", "R-GP-10"),
    _gp("contract_file", "7 wd", "max", "合同副本备案的期限", "采购法47", "R-GP-10"),
    _gp("answer_enquiry", "3 wd", "max", "答复询问的期限", "采购条例52", "R-GP-11"),
    _gp("question", "7 wd", "max", "提出质疑的期限", "采购法52", "R-GP-12"),
    _gp("answer_question", "7 wd", "max", "答复质疑的期限", "采购法53", "R-GP-13"),
    _gp("complaint", "15 wd", "max", "提出投诉的期限", "采购法55", "R-GP-14"),
    _gp("decide", "30 wd", "max", "作出投诉处理决定的期限", "采购法56", "R-GP-15", stops="appraisal"),
    _gp("single_source_publicity", "5 wd", "min", "单一来源公示期", "采购条例38", "R-GP-17"),
    _gp("keep_files_years", "15 year", "min", "采购文件保存期限", "采购法42", "R-GP-16"),
)

_GP_NUMBERS: Final = (
    _row("GP", "bid_bond_cap", "2", "percent", "投标保证金上限比例", "采购条例33", "R-THR-13", base="budget"),
    _row("GP", "perf_bond_cap", "10", "percent", "履约保证金上限比例", "采购条例48", "R-THR-13", base="contract"),
    _row("GP", "min_bidders", "3", "count", "最少合格供应商数", "采购法36", "R-FAIL-09"),
    _row("GP", "min_invitees", "3", "count", "邀请招标最少受邀供应商数", "采购法34", "R-THR-10", confidence="K"),
    _row("GP", "max_candidates", "3", "count", "中标候选人最多人数", "平台默认值", "R-THR-11", confidence="D"),
    _row("GP", "committee_min", "5", "count", "评标委员会最少人数", "87号令47", "R-COM-02"),
    _row("GP", "committee_min", "7", "count", "重大项目评标委员会最少人数", "87号令47", "R-COM-02", variant="large"),
    _row("GP", "recusal_years", "3", "count", "回避的从业回溯年数", "采购条例9", "R-REC-05"),
    _row("GP", "committee_large_budget", "10000000", "yuan", "重大项目预算金额", "87号令47", "R-COM-02"),
    _row("GP", "committee_experts", "2", "count", "专家比例分子", "87号令47", "R-COM-02", variant="num"),
    _row("GP", "committee_experts", "3", "count", "专家比例分母", "87号令47", "R-COM-02", variant="den"),
    _row("GP", "score_total", "100", "count", "评审因素满分合计", "87号令55", "R-PRC-05", confidence="K"),
    *(
        _row(
            *("GP", "price_share_min", share, "percent", f"{words}价格分的最低比重", "87号令55", "R-PRC-05"),
            variant=kind,
            base="score",
            confidence="K",
        )
        for kind, words, share in (("goods", "货物", "30"), ("services", "服务", "10"))
    ),
)

_SUPERVISION: Final = (
    _both("inspection_publish", "20 wd", "max", "公示抽查结果的期限", "国发〔2019〕5号", "R-DR-08", confidence="K"),
    _both(
        *("hubei_expert_draw", "24 h", "max_before", "评标前抽取专家的最早时间", _HUBEI_GUIDE, "R-DRAW-01"),
        jurisdiction=_HUBEI,
    ),
    _both(
        *("hubei_expert_draw", "72 h", "max_before", "评标前抽取部委专家的最早时间", _HUBEI_GUIDE, "R-DRAW-01"),
        jurisdiction=_HUBEI,
        variant="ministry_pool",
    ),
    _both("remote_delay_before_start", "2 h", "max", "开始前故障的等待时间", _REMOTE_MODEL, "R-REM-10", confidence="D"),
    _both("remote_repair_during", "4 h", "max", "评标中故障的修复时间", _REMOTE_MODEL, "R-REM-11", confidence="D"),
    _both("remote_handover", "5 wd", "max", "副场移交资料的期限", _REMOTE_MODEL, "R-REM-12", confidence="D"),
    _both("release_extension", "24 h", "max", "延长解密时间的上限", "平台默认值", "R-ET-07", confidence="D"),
    _row(
        *("SUPERVISION", "opening_check_in", "60", "count", "开标前可以签到的时间（分钟）", "平台默认值", "R-ET-06"),
        confidence="D",
    ),
    _row(
        *("SUPERVISION", "opening_objection_time", "10", "count", "唱标后提出异议、签署开标记录的时间（分钟）"),
        *("平台默认值", "R-TIME-09"),
        confidence="D",
    ),
    _both("case_decide", "90 cd", "max", "作出行政处罚决定的期限", "行政处罚法60", "R-DR-14"),
    _row("SUPERVISION", "evaluation_extension", "1", "count", "延长评标比例分子", "条例48", "R-TIME-13", variant="num"),
    _row("SUPERVISION", "evaluation_extension", "3", "count", "延长评标比例分母", "条例48", "R-TIME-13", variant="den"),
    _row("SUPERVISION", "max_per_employer", "1", "count", "同一单位专家人数", "平台默认值", "R-REC-06", confidence="D"),
    _row("SUPERVISION", "inspectors_per_target", "2", "count", "每个对象的检查人员", "行政处罚法42", "R-DR-05"),
    *(
        _row(
            *("SUPERVISION", "inspection_rate", rate, "percent", f"{credit}类对象抽查比例", _INSPECTION_MODEL),
            "R-DR-06 R-DR-07",
            variant=credit,
            confidence="D",
        )
        for credit, rate in (("A", "5"), ("B", "20"), ("C", "60"), ("D", "100"))
    ),
)

SEED: Final = (*_ZTB_TIMES, *_ZTB_NUMBERS, *_GP_TIMES, *_GP_NUMBERS, *_SUPERVISION)


def seeded_table() -> ParameterTable:
    """Return the table that ships with the release."""
    return ParameterTable(SEED)
