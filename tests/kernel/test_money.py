"""Money: parsing, percentages, rounding, and Chinese capitals."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import BadAmount, Money, half_up, round_to_fen

sums = st.integers(0, 10**17 - 1).map(Money)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12345678.90", 1234567890), ("0", 0), ("0.05", 5), ("7.5", 750), ("999999999999999.99", 10**17 - 1)],
)
def test_amounts_are_read(text, fen):
    assert Money.parse(text) == Money(fen)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1.234", "1e3", "NaN", "1,000", "01", ".5", "5.", " 1", "1 ", "１", "1_0", "0x1", "1\n", "1" * 16],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(BadAmount):
        Money.parse(text)


@given(money=sums)
def test_writing_and_reading_return_the_same_sum(money):
    assert Money.parse(str(money)) == money
    assert Money.from_yuan(money.yuan) == money
    assert money.grouped.replace(",", "") == str(money)


def test_broken_fen_are_not_taken_silently():
    with pytest.raises(ValueError):
        Money.from_yuan(Decimal("0.001"))


def test_differences_may_be_negative_and_are_written_so():
    assert str(Money(100) - Money(250)) == "-1.50"
    assert Money(100) + Money(5) == Money(105)
    assert Money(1) < Money(2)


@given(money=sums, percent=st.integers(0, 100))
def test_a_percentage_never_exceeds_itself(money, percent):
    part = money.percent_down(Decimal(percent))

    assert part.fen * 100 <= money.fen * percent < (part.fen + 1) * 100


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        (Fraction(58995, 1000), 2, "59.00"),
        (Fraction(-58995, 1000), 2, "-59.00"),
        (Decimal("58.9949999"), 2, "58.99"),
        (Fraction(2, 3), 4, "0.6667"),
        (Fraction(1, 2), 0, "1"),
        (Fraction(0), 2, "0.00"),
    ],
)
def test_halves_go_up_from_the_exact_value(value, places, rounded):
    assert str(half_up(value, places)) == rounded


@given(value=st.fractions(-(10**12), 10**12), places=st.integers(0, 6))
def test_rounding_moves_by_at_most_half_a_unit(value, places):
    assert abs(Fraction(half_up(value, places)) - value) * 10**places <= Fraction(1, 2)


def test_computed_sums_are_rounded_to_the_fen():
    assert round_to_fen(Fraction(1, 3)) == Money(33)
    assert round_to_fen(Decimal("0.005")) == Money(1)


# Source: the six examples of 正确填写票据和结算凭证的基本规定, first forms, and units above them.
@pytest.mark.parametrize(
    ("amount", "capitals"),
    [
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("0", "零元整"),
        ("0.50", "伍角"),
        ("0.05", "伍分"),
        ("10", "壹拾元整"),
        ("10000000", "壹仟万元整"),
        ("10000002", "壹仟万零贰元整"),
        ("1002000", "壹佰万贰仟元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100050000", "壹亿零伍万元整"),
        ("1200000000000", "壹万贰仟亿元整"),
        ("12345678.90", "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角"),
    ],
)
def test_sums_are_written_in_capitals(amount, capitals):
    assert Money.parse(amount).capitals == f"人民币{capitals}"


def read_capitals(text: str) -> int:
    """Read capitals back, by a way of its own: left to right with a stack of sections."""
    digits = {c: n for n, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
    total = section = digit = 0
    for c in text.removeprefix("人民币"):
        if c in digits:
            digit = digits[c]
        elif c in "拾佰仟":
            section += digit * 10 ** ("拾佰仟".index(c) + 1)
            digit = 0
        elif c == "万":
            total += (section + digit) * 10**4
            section = digit = 0
        elif c == "亿":
            total = (total + section + digit) * 10**8
            section = digit = 0
        elif c == "元":
            total = (total + section + digit) * 100
            section = digit = 0
        elif c in "角分":
            total += digit * (10 if c == "角" else 1)
            digit = 0
    return total


@given(money=sums)
def test_capitals_can_be_read_back(money):
    text = money.capitals

    assert read_capitals(text) == money.fen
    assert "零零" not in text
    assert text.endswith("整") == (money.fen % 100 == 0)


@pytest.mark.parametrize("fen", [-1, 10**18])
def test_sums_beyond_the_words_are_refused(fen):
    with pytest.raises(ValueError):
        _ = Money(fen).capitals
