"""How Sunlit writes amounts, moments, digests and sizes on pages and in documents.

Pure functions; `FILTERS` is what the template environment takes. Moments are shown in the legal time zone of the
country (Asia/Shanghai) whatever zone the server or the reader is in; a naive datetime is refused everywhere.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from kernel.money import Money

LEGAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
_WEEKDAYS: Final = "一二三四五六日"


def local(value: datetime) -> datetime:
    """The same moment on a clock in Beijing.

    Raises:
        ValueError: the datetime is naive, so nobody can say which moment it is.
    """
    if value.tzinfo is None:
        raise ValueError("a naive datetime is not a moment")
    return value.astimezone(LEGAL_ZONE)


def money(fen: int) -> str:
    """Fen as yuan with two decimals and thousands separators: 18642031855 → 186,420,318.55."""
    sign, fen = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"


def wan(fen: int) -> str:
    """Fen in ten thousands of yuan, at most two decimals, cut and not rounded: 18642031855 → 18,642.03."""
    sign, fen = ("-" if fen < 0 else ""), abs(fen)
    whole, cents = divmod(fen // 10_000, 100)
    text = f"{whole:,}.{cents:02d}".rstrip("0").rstrip(".")
    return sign + text


def capitals(fen: int) -> str:
    """Fen in the capital numerals of notices and contracts: 120050 → 人民币壹仟贰佰元零伍角."""
    return Money(fen).capitals


def moment(value: datetime) -> str:
    """To the second, without the zone: 2026-08-06 14:00:00. The page adds （北京时间） where a deadline is meant."""
    return f"{local(value):%Y-%m-%d %H:%M:%S}"


def minute(value: datetime) -> str:
    """For columns and rails: 08-06 14:00."""
    return f"{local(value):%m-%d %H:%M}"


def stamp(value: datetime) -> str:
    """To the second, without the year: 08-06 13:58:59."""
    return f"{local(value):%m-%d %H:%M:%S}"


def hourminute(value: datetime) -> str:
    """14:00."""
    return f"{local(value):%H:%M}"


def clock(value: datetime) -> str:
    """Time of day: 14:00:00."""
    return f"{local(value):%H:%M:%S}"


def day(value: date | datetime) -> str:
    """2026-08-06."""
    return f"{_as_date(value):%Y-%m-%d}"


def monthday(value: date | datetime) -> str:
    """08-06."""
    return f"{_as_date(value):%m-%d}"


def long_day(value: date | datetime) -> str:
    """The way a document writes a day: 2026年8月6日."""
    on = _as_date(value)
    return f"{on.year}年{on.month}月{on.day}日"


def long_moment(value: datetime) -> str:
    """The way a document writes a time: 2026年8月6日14时00分; seconds are said only where there are any."""
    at = local(value)
    return f"{long_day(at)}{at.hour}时{at.minute:02d}分" + (f"{at.second:02d}秒" if at.second else "")


def weekday(value: date | datetime) -> str:
    """星期四."""
    return "星期" + _WEEKDAYS[_as_date(value).weekday()]


def left(until: datetime, now: datetime, over: str = "已截止") -> str:
    """What a countdown shows at `now`: always hours, minutes and seconds, with days before them where there are any.

    Seconds are cut, as the script on the page does, so that zero is shown only when the moment has come.
    """
    seconds = int((local(until) - local(now)).total_seconds())
    if local(until) <= local(now):
        return over
    days, rest = divmod(seconds, 86_400)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days} 天 {text}" if days else text


def iso(value: date | datetime) -> str:
    """For attributes that scripts and feeds read: 2026-08-06T14:00:00+08:00."""
    return local(value).isoformat() if isinstance(value, datetime) else value.isoformat()


def _as_date(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def short(digest: str, head: int = 8, tail: int = 4) -> str:
    """A digest or key id cut for reading: 3ce1828a…7b22. Short texts stay whole."""
    return digest if len(digest) <= head + tail + 1 else f"{digest[:head]}…{digest[-tail:]}"


def size(count: int) -> str:
    """Bytes for people: 812 B, 14.0 KB, 20.1 MB (steps of 1024, as file managers show them)."""
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KB", "MB", "GB", "TB"):
        amount /= 1024
        if amount < 1024 or unit == "TB":
            return f"{amount:.1f} {unit}"
    raise AssertionError("unreachable")


def points(value: Any, places: int = 2) -> str:
    """A score or ratio with fixed decimals, whatever number type holds it: 93.42."""
    return f"{value:.{places}f}"


def percent(value: Any, places: int = 1) -> str:
    """A share of one: 0.042 → 4.2%."""
    return f"{value * 100:.{places}f}%"


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "money": money,
    "wan": wan,
    "capitals": capitals,
    "moment": moment,
    "minute": minute,
    "stamp": stamp,
    "hourminute": hourminute,
    "clock": clock,
    "day": day,
    "monthday": monthday,
    "long_day": long_day,
    "long_moment": long_moment,
    "weekday": weekday,
    "left": left,
    "iso": iso,
    "short": short,
    "size": size,
    "points": points,
    "percent": percent,
}
