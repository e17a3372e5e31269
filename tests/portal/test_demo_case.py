"""The case of the demonstration: facts as published, inventions apart and well formed."""

import json
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pytest

from kernel.codes import uscc_valid
from portal.demo.papers import make_pdf
from portal.demo.play import CASE
from portal.demo.stage import beijing

FACTS = {
    "number": "C1100000189017141002",
    "title": "服务器、数据库、数据库集群软件",
    "procuring_entity": "西安航天动力试验技术研究所",
    "agency": "陕西铭源项目管理有限公司",
    "regime": "ZTB",
    "kind": "goods",
    "state_percent": "100",
    "consortium_allowed": False,
    "agents_allowed": True,
    "documents_from": "2026-07-16 22:00:00",
    "documents_to": "2026-07-23 22:00:00",
    "deadline": "2026-08-06 14:00:00",
    "opening_at": "2026-08-06 14:00:00",
    "timezone": "Asia/Shanghai",
}


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CASE.read_text(encoding="utf-8"))
    return found


def walk(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, name)


def test_facts_are_those_of_the_published_notice(case: dict[str, Any]) -> None:
    assert {name: case["facts"][name] for name in FACTS} == FACTS


def test_no_fact_is_invented_again(case: dict[str, Any]) -> None:
    assert not set(case["facts"]) & set(case["inventions"])
    assert case["inventions"]["named"], "the pages say what is invented"


def test_every_credit_code_has_its_right_check_character(case: dict[str, Any]) -> None:
    codes = [value for name, value in walk(case) if name == "uscc"] + list(case["inventions"]["usccs"].values())

    assert len(codes) > 10
    assert [code for code in codes if not uscc_valid(code)] == []


def test_the_dates_of_the_demonstration_follow_each_other(case: dict[str, Any]) -> None:
    dates = [beijing(text) for text in case["dates"].values()]

    assert dates == sorted(dates)


def test_criteria_sum_to_a_hundred(case: dict[str, Any]) -> None:
    assert sum(int(item["max"]) for item in case["inventions"]["criteria"]) == 100


@pytest.mark.parametrize("size", [0, 20_000, 3_000_000])
def test_papers_are_real_pdf_files_of_their_size(size: int) -> None:
    data = make_pdf("技术规格书", [f"第 {n} 行" for n in range(95)], size=size)

    document = pypdfium2.PdfDocument(data)
    assert len(document) == 3
    assert "技术规格书" in document[0].get_textpage().get_text_range()
    assert "第 94 行" in document[2].get_textpage().get_text_range()
    assert abs(len(data) - size) < max(6_000, size * 0.01)
    assert data == make_pdf("技术规格书", [f"第 {n} 行" for n in range(95)], size=size)
