"""How articles are cited to people."""

from datetime import date

import pytest

from kernel.parameters.articles import chinese_number, cite, in_force_since


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1, "一"),
        (9, "九"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (54, "五十四"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (203, "二百零三"),
        (999, "九百九十九"),
    ],
)
def test_numbers_are_written_as_the_law_numbers_its_articles(n, text):
    assert chinese_number(n) == text


@pytest.mark.parametrize("n", [0, -1, 1000])
def test_numbers_outside_the_laws_are_refused(n):
    with pytest.raises(ValueError):
        chinese_number(n)


@pytest.mark.parametrize(
    ("basis", "text"),
    [
        ("条例22,54", "《中华人民共和国招标投标法实施条例》第二十二条、第五十四条"),
        ("采购条例43", "《中华人民共和国政府采购法实施条例》第四十三条"),
        ("招投法28;条例44", "《中华人民共和国招标投标法》第二十八条；《中华人民共和国招标投标法实施条例》第四十四条"),
        ("12号令27", "《评标委员会和评标方法暂行规定》第二十七条"),
        ("2号令24", "《工程建设项目勘察设计招标投标办法》第二十四条"),
        ("平台默认值", "平台默认值"),
        ("条例某条", "条例某条"),
    ],
)
def test_a_basis_is_written_out(basis, text):
    assert cite(basis) == text


def test_the_first_instrument_tells_since_when():
    assert in_force_since("采购条例43") == date(2015, 3, 1)
    assert in_force_since("招投法28;条例44") == date(2000, 1, 1)
    assert in_force_since("平台默认值") is None
