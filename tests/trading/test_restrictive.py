"""R-AWD-05: wording that looks restrictive is shown with its place; harmless wording is left alone."""

import time

import pytest

from trading.restrictive import MOST, find_marks, pieces_of

RESTRICTIVE = [
    ("投标人须在本市注册并设立分公司", "限定所在地", "二"),
    ("供应商应为云岭市注册的企业", "限定所在地", "二"),
    ("近三年具有本省范围内类似工程业绩的加 5 分", "特定地区、行业的业绩或者奖项", "三"),
    ("获得本行业优质工程奖项的得 3 分", "特定地区、行业的业绩或者奖项", "三"),
    ("服务器必须采用指定品牌", "限定品牌、专利、产地或者供应商", "五"),
    ("核心部件仅限德国原产地", "限定品牌、专利、产地或者供应商", "五"),
    ("主机须原装进口", "限定原产地", "五"),
    ("国有企业加 2 分", "限定所有制或者组织形式", "六"),
    ("本项目只接受上市公司投标", "限定所有制或者组织形式", "六"),
    ("注册资本不低于 5000 万元", "规模条件", "二"),
    ("上一年度营业收入达到 1 亿元", "规模条件", "二"),
    ("成立时间满 5 年以上", "成立年限", "二"),
    ("投标人须为市级协会会员单位", "以入围、入库、会员身份为条件", "七"),
    ("须由法定代表人亲自到场递交", "要求特定人员到场", "七"),
    ("未参加现场踏勘的投标无效", "以踏勘为条件", "一"),
    ("具有 AAA 级信用等级证书", "社会机构评价", "二"),
]
HARMLESS = [
    "具有独立承担民事责任的能力",
    "在中华人民共和国境内注册的独立法人",
    "代理商投标的须有制造商授权",
    "具有建筑工程施工总承包二级及以上资质，有效的安全生产许可证",
    "拟派项目负责人具有注册建造师证书，且未在其他在建工程任职",
    "近三年（2023 年 7 月以来）完成过不少于 2 项类似规模的服务器采购业绩",
    "实施地点：云岭市本市辖区内的主干道",
    "可选用甲、乙品牌或者相当于上述品牌的产品",
    "不得限定品牌，不限定供应商所在地",
    "业绩所在地不限本市、本省业绩",
    "投标人自行决定是否踏勘现场，费用自理",
    "成立时间不足三年的企业自成立之日起提供财务报表",
    "不要求投标人在本市设立分公司；中标后按合同提供现场服务",
    "在市场监督管理部门登记，取得营业执照",
    "投标人不得为失信被执行人",
    "质保期内 2 小时响应、24 小时到达现场",
    "企业注册资本情况如实填写，不作为评审因素，不低于与否均可投标",
    "法定代表人或者其委托代理人签字",
    "国家规定的强制节能产品",
    "工程款支付到合同价的 97% 以上",
]


@pytest.mark.parametrize(("text", "kind", "item"), RESTRICTIVE)
def test_restrictive_wording_is_marked_with_its_article(text: str, kind: str, item: str) -> None:
    marks = find_marks(f"（一）依法注册；\n（二）{text}。")

    assert kind in [mark.kind for mark in marks], marks
    mark = next(mark for mark in marks if mark.kind == kind)
    assert mark.article == f"《中华人民共和国招标投标法实施条例》第三十二条第二款第{item}项"
    assert f"（一）依法注册；\n（二）{text}。"[mark.start : mark.end] == mark.text
    assert mark.why
    assert mark.better


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_wording_is_left_alone(text: str) -> None:
    assert find_marks(text) == []


def test_a_text_is_cut_into_plain_and_marked_pieces_without_loss() -> None:
    text = "依法注册；注册资本不低于 5000 万元。须原装进口，其余不限。"

    pieces = pieces_of(text)

    assert "".join(piece for piece, _ in pieces) == text
    assert [mark.kind for _, mark in pieces if mark] == ["规模条件", "限定原产地"]


def test_a_hostile_text_costs_little() -> None:
    began = time.perf_counter()
    find_marks("本市" * MOST + "注册资本" * MOST)
    find_marks("市" * MOST)

    assert time.perf_counter() - began < 5
