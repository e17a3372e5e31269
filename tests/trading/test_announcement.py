from datetime import date
from typing import Any

import pytest

from portal.gallery import environment
from portal.log_rules import VISIBILITY
from portal.samples.documents import DOCUMENTS
from tests.factories.trading import at
from tests.trading.laws import law_of, procedure_of
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.findings import Finding
from trading.timeline import BASES, WORDS, article_of
from trading.vocabulary import LotKind, Regime

DATA: dict[str, Any] = {
    "tender": "C1",
    "lot": "001",
    "project_title": "采购",
    "title": "采购",
    "procuring_entity": "甲",
    "procuring_entity_address": "某路 1 号",
    "agency": "乙",
    "method": "公开招标",
    "summary": "设备",
    "quantity": "1 批",
    "place": "某市",
    "term": "30 日",
    "documents_how": "在线获取。",
    "funds": "国有资金 100%",
    "qualifications": ["依法注册"],
    "consortium": "不接受联合体投标",
    "agents_allowed": False,
    "price_cap": None,
    "documents_from": "2026-07-16T14:00:00.000Z",
    "documents_to": "2026-07-23T14:00:00.000Z",
    "deadline": "2026-08-06T06:00:00.000Z",
    "submission_how": "加密递交。",
    "opening_place": "线上",
    "evaluation_method": "综合评估法",
    "criteria": [{"name": "报价", "max": "100"}],
    "contacts": [{"party": "招标人", "name": "周", "phone": "1", "address": "某路"}],
    "supervising_body": "监督局",
    "changes": [],
}
CANDIDATE = {
    "rank": 1,
    "bidder_name": "丙",
    "price": "1.00",
    "quality": "合格",
    "term": "30 日",
    "qualification": "满足",
}
PUBLICITY = {"candidates": [CANDIDATE], "evaluation": "正常", "objection_channel": "本平台"}


def tender(data: dict[str, Any]) -> tuple[Finding, ...]:
    return check_notice(NoticeKind.TENDER, data, procedure_of())


def publicity(data: dict[str, Any], kind: LotKind) -> tuple[Finding, ...]:
    return check_notice(NoticeKind.CANDIDATES, data, procedure_of(kind=kind))


def test_a_complete_notice_has_no_findings() -> None:
    assert tender(DATA) == ()


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        (name, "R-ANN-01")
        for name in DATA
        if name in ["funds", "place", "quantity", "term", "summary", "contacts", "deadline"]
    ]
    + [("consortium", "R-ANN-02"), ("supervising_body", "R-ANN-01"), ("qualifications", "R-ANN-01")],
)
def test_each_missing_part_is_named_with_its_rule(field: str, rule: str) -> None:
    (finding,) = tender(DATA | {field: [] if isinstance(DATA[field], list) else ""})

    assert (finding.field, finding.rule) == (field, rule)
    assert finding.article.startswith("《")


def test_goods_need_no_leader_and_works_do() -> None:
    """R-ANN-03."""
    assert publicity(PUBLICITY, LotKind.GOODS) == ()
    assert {f.field for f in publicity(PUBLICITY, LotKind.WORKS)} == {"leader-1", "leader_certificate-1"}


@pytest.mark.parametrize(
    ("leader", "certificate", "said"),
    [
        ("", "", "满足。"),
        ("周", "", "满足。项目负责人：周。"),
        ("周", "一级建造师 1 号", "满足。项目负责人：周，一级建造师 1 号。"),
    ],
)
def test_the_leader_is_named_where_there_is_one(leader: str, certificate: str, said: str) -> None:
    named = CANDIDATE | {"qualification": "满足", "score": "9", "leader": leader, "leader_certificate": certificate}
    data = DATA | PUBLICITY | {"candidates": [named], "rejected": [], "until": "2026-08-13T16:00:00.000Z"}

    assert any(block.get("text") == f"第1名 丙：{said}" for block in wording.candidate_publicity(data))


def test_the_printed_publicity_carries_every_part_that_the_rule_wants() -> None:
    """R-ANN-03: one template prints all notices; what a publicity needs beyond that comes from its blocks."""
    candidate = {
        "rank": 1,
        "bidder_name": "丙公司",
        "price": "2986000.50",
        "score": "93.42",
        "quality": "合格品质",
        "term": "三十日",
        "qualification": "制造商授权齐全",
        "leader": "周启明",
        "leader_certificate": "一级建造师 1 号",
    }
    rejected = {"bidder_name": "丁公司", "reason": "未解密", "article": "第三十一条"}
    data = DATA | {
        "candidates": [candidate],
        "rejected": [rejected],
        "until": "2026-08-13T16:00:00.000Z",
        "evaluation": "评标正常",
        "objection_channel": "本平台在线提出",
    }
    sample = DOCUMENTS["print/notice.html"]
    page = {**vars(sample["page"]), "body": wording.candidate_publicity(data), "contacts": []}

    printed = environment().get_template("print/notice.html").render({**sample, "page": page})

    wanted = [value for value in (*candidate.values(), *rejected.values()) if isinstance(value, str)]
    wanted = [value for value in wanted if value != candidate["price"]]
    for part in (*wanted, "2,986,000.50", "评标正常", "本平台在线提出", "2026年8月14日0时00分"):
        assert part in printed, part


@pytest.mark.parametrize("field", ["evaluation", "objection_channel"])
def test_a_publicity_tells_how_it_went_and_how_to_object(field: str) -> None:
    (finding,) = publicity(PUBLICITY | {field: ""}, LotKind.GOODS)

    assert finding.field == field


def test_a_notice_tells_the_cap_or_that_there_is_none() -> None:
    """R-THR-12 (条例 27): a maximum price is disclosed."""
    capped = "".join(block.get("text", "") for block in wording.tender_notice(DATA | {"price_cap": "5000000.00"}))

    assert any(block.get("text") == "本标段不设最高投标限价。" for block in wording.tender_notice(DATA))
    assert "5,000,000.00" in capped
    assert "不设最高投标限价" not in capped


def test_a_correction_tells_first_what_changed() -> None:
    blocks = wording.tender_notice(DATA | {"changes": ["截止时间顺延。"]})

    assert [block["text"] for block in blocks[:2]] == ["更正内容", "（1）截止时间顺延。"]


def test_the_amount_of_an_award_notice_is_written_in_capitals_too() -> None:
    data = DATA | {"winner": "丙", "price": "2986000.50", "contract_days": 30, "contract_until": "2026-09-14"}

    everything = "".join(block["text"] for block in wording.award_notice(data))

    assert "2,986,000.50 元" in everything
    assert "人民币贰佰玖拾捌万陆仟元零伍角" in everything


def test_every_basis_that_a_timeline_cites_is_a_known_article() -> None:
    for rule in BASES:
        assert article_of((rule,)), rule
    assert article_of(("R-ET-11",)) == ""
    assert article_of(("R-ET-11", "R-TIME-19")) == "《中华人民共和国招标投标法》第四十五条"


def test_both_regimes_have_a_law_on_a_registration_day() -> None:
    for regime in Regime:
        assert law_of(regime, at("2026-07-13 00:00").date()).on == date(2026, 7, 13)


def test_public_acts_of_a_lot_and_its_draws_have_words() -> None:
    entrustments = {"entrustment.accepted", "entrustment.declined", "entrustment.ended"}
    draws = {kind for kind in VISIBILITY if kind.startswith("draw.")} | {"draw.share", "draw.recovered"}

    assert (entrustments | draws) - set(WORDS) == set()
