"""Filters: how amounts, moments and digests are written."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
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


def test_capitals_are_those_of_money() -> None:
    assert f.capitals(120_050) == Money(120_050).capitals == "人民币壹仟贰佰元零伍角"
    assert f.FILTERS["capitals"] is f.capitals


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
