"""Filters: how amounts, moments and digests are written."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.web import filters as f


@pytest.mark.parametrize(
    "fen, text", [(18_642_031_855, "186,420,318.55"), (0, "0.00"), (5, "0.05"), (-120_050, "-1,200.50"), (100, "1.00")]
)
def test_money(fen: int, text: str) -> None:
    assert f.money(fen) == text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_money_reads_back(fen: int) -> None:
    whole, cents = f.money(fen).replace(",", "").split(".")
    sign = -1 if whole.startswith("-") else 1
    assert sign * (abs(int(whole)) * 100 + int(cents)) == fen


@pytest.mark.parametrize(
    "fen, text",
    [(18_642_031_855, "18,642.03"), (1_000_000, "1"), (1_050_000, "1.05"), (9_999, "0"), (-1_500_000, "-1.5")],
)
def test_wan_cuts(fen: int, text: str) -> None:
    assert f.wan(fen) == text


# Source of the rows marked R: 《正确填写票据和结算凭证的基本规定》 (examples given there); the others follow its rules.
@pytest.mark.parametrize(
    "fen, text",
    [
        (140_950, "壹仟肆佰零玖元伍角"),  # R: ￥1,409.50
        (600_714, "陆仟零柒元壹角肆分"),  # R: ￥6,007.14
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),  # R: ￥16,409.02
        (32_504, "叁佰贰拾伍元零肆分"),  # R: ￥325.04
        (10_700_053, "壹拾万零柒仟元伍角叁分"),  # R: ￥107,000.53, second of its two forms
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角"),
        (100, "壹元整"),
        (1_000_000_000, "壹仟万元整"),
        (1_000_000_200, "壹仟万零贰元整"),
        (10_000_000_000, "壹亿元整"),
        (1_002_000_00, "壹佰万零贰仟元整"),
        (18_642_031_855, "壹亿捌仟陆佰肆拾贰万零叁佰壹拾捌元伍角伍分"),
    ],
)
def test_capital(fen: int, text: str) -> None:
    assert f.capital(fen) == text


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_capital_reads_back(fen: int) -> None:
    assert _read(f.capital(fen)) == fen


def _read(text: str) -> int:
    digits, units = "零壹贰叁肆伍陆柒捌玖", {"拾": 10, "佰": 100, "仟": 1000}
    total = group = digit = 0
    for ch in text:
        if ch in digits:
            digit = digits.index(ch)
        elif ch in units:
            group, digit = group + digit * units[ch], 0
        elif ch in "万亿":
            total, group, digit = total + (group + digit) * {"万": 10**4, "亿": 10**8}[ch], 0, 0
        elif ch == "元":
            total, group, digit = (total + group + digit) * 100, 0, 0
        elif ch == "角":
            total, digit = total + digit * 10, 0
        elif ch == "分":
            total, digit = total + digit, 0
    return total


def test_capital_refuses_what_it_cannot_write() -> None:
    for fen in (-1, 10**14):
        with pytest.raises(ValueError, match="out of range"):
            f.capital(fen)


def test_moments_are_in_beijing_whatever_the_zone() -> None:
    at = datetime(2026, 8, 6, 6, 0, 5, tzinfo=UTC)
    assert f.moment(at) == "2026-08-06 14:00:05"
    assert (f.day(at), f.clock(at), f.minute(at), f.monthday(at)) == ("2026-08-06", "14:00:05", "08-06 14:00", "08-06")
    assert (f.stamp(at), f.hourminute(at)) == ("08-06 14:00:05", "14:00")
    assert (f.long_day(at), f.weekday(at)) == ("2026年8月6日", "星期四")
    assert f.long_moment(at) == "2026年8月6日14时00分05秒"
    assert f.iso(at) == "2026-08-06T14:00:05+08:00"
    late = datetime(2026, 8, 6, 20, 0, tzinfo=UTC)
    assert (f.day(late), f.long_moment(late)) == ("2026-08-07", "2026年8月7日4时00分")
    assert (f.day(date(2026, 8, 6)), f.iso(date(2026, 8, 6))) == ("2026-08-06", "2026-08-06")


@pytest.mark.parametrize(
    "name",
    [
        "moment",
        "minute",
        "stamp",
        "hourminute",
        "clock",
        "day",
        "monthday",
        "long_day",
        "long_moment",
        "weekday",
        "iso",
    ],
)
def test_naive_moments_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="naive"):
        f.FILTERS[name](datetime(2026, 8, 6, 14))  # noqa: DTZ001 (the point of the test)


def test_left_counts_down() -> None:
    until = datetime(2026, 8, 6, 6, tzinfo=UTC)
    assert f.left(until, datetime(2026, 8, 6, 5, 21, 38, tzinfo=UTC)) == "00:38:22"
    assert f.left(until, datetime(2026, 8, 3, 1, 47, 51, tzinfo=UTC)) == "3 天 04:12:09"
    assert f.left(until, datetime(2026, 8, 6, 5, 59, 59, 500_000, tzinfo=UTC)) == "00:00:00"
    assert (f.left(until, until), f.left(until, until, "已期满")) == ("已截止", "已期满")


def test_short_and_size_and_shares() -> None:
    assert f.short("3ce1828a" + "0" * 52 + "7b22") == "3ce1828a…7b22"
    assert f.short("abc") == "abc"
    assert [f.size(n) for n in (0, 1023, 1024, 20 * 1024**2, 3 * 1024**4, 5000 * 1024**4)] == [
        "0 B", "1023 B", "1.0 KB", "20.0 MB", "3.0 TB", "5000.0 TB",
    ]  # fmt: skip
    assert (f.points(93.416), f.percent(0.042)) == ("93.42", "4.2%")
