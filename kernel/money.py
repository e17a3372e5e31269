"""Money in Chinese yuan, kept as whole fen, and how it is written on screens and in print.

No floats anywhere: text comes in as decimals, arithmetic is on integers, and every rounding is named.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final, Self

from kernel.errors import InvalidInput

CURRENCY: Final = "CNY"

_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?")
_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"


class BadAmount(InvalidInput):
    """The text is no amount of money: digits, at most one point, at most two decimals."""

    code = "bad-amount"


def plain(fen: int) -> str:
    """Write fen as yuan, `12345678.90`: the form of JSON and signed records."""
    return f"{fen // 100}.{fen % 100:02d}" if fen >= 0 else f"-{plain(-fen)}"


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """A sum in fen; ordered and added like the number it is.

    Args:
        fen: may be negative for differences, never for what somebody typed.
    """

    fen: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `12345678.90`: ASCII digits, no sign, no separators, no exponent.

        Raises:
            BadAmount: anything else, or 10^15 yuan and more.
        """
        if not _AMOUNT.fullmatch(text):
            raise BadAmount(f"“{text}”不是有效的金额，请写成元，最多两位小数，例如 12345678.90。")
        return cls(int(Decimal(text) * 100))

    @classmethod
    def from_yuan(cls, yuan: Decimal | int) -> Self:
        """Take an exact sum in yuan.

        Raises:
            ValueError: it is not a whole number of fen; round on purpose first.
        """
        fen = Decimal(yuan) * 100
        if fen != fen.to_integral_value():
            raise ValueError("not a whole number of fen")
        return cls(int(fen))

    @property
    def yuan(self) -> Decimal:
        """Return the sum in yuan, with two decimals."""
        return Decimal(self.fen).scaleb(-2)

    def __str__(self) -> str:
        """Write `12345678.90`, the form of JSON and signed records."""
        return plain(self.fen)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def percent_down(self, percent: Decimal) -> "Money":
        """Take a percentage, truncated to the fen: a cap is never exceeded. Source: R-THR-07, R-THR-09."""
        return Money(int((self.fen * percent / 100).to_integral_value(rounding=ROUND_DOWN)))

    @property
    def grouped(self) -> str:
        """Write `12,345,678.90` for people."""
        return f"{self.yuan:,.2f}"

    @property
    def capitals(self) -> str:
        """Write the sum in Chinese capitals for printed records: 人民币壹仟肆佰零玖元伍角.

        Raises:
            ValueError: negative, or 10^16 yuan and more.
        Source:
            支付结算办法附一《正确填写票据和结算凭证的基本规定》
        """
        return "人民币" + _in_capitals(self.fen)


def half_up(value: Fraction | Decimal, places: int) -> Decimal:
    """Round to so many decimals, halves away from zero, from the exact value. Source: R-EVAL-16."""
    exact = Fraction(value) * 10**places
    whole, rest = divmod(abs(exact), 1)
    digits = int(whole) + (1 if rest * 2 >= 1 else 0)
    return Decimal(digits if exact >= 0 else -digits).scaleb(-places)


def round_to_fen(yuan: Fraction | Decimal) -> Money:
    """Round a computed sum in yuan to the fen, halves up."""
    return Money(int(half_up(yuan, 2).scaleb(2).quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def _in_capitals(fen: int) -> str:
    if not 0 <= fen < 10**18:
        raise ValueError("cannot be written in capitals")
    yuan, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    text = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{text or '零元'}整"
    if yuan and (jiao == 0 or yuan % 10 == 0):
        text += "零"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    return text + (f"{_DIGITS[cents]}分" if cents else "")


def _whole(n: int) -> str:
    """Write a positive integer; each unit repeats the pattern of the smaller ones."""
    for size, unit in ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾")):
        if n >= size:
            high, low = divmod(n, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _whole(high) + unit + gap + (_whole(low) if low else "")
    return _DIGITS[n]
