"""Price formulas: benchmark, deviation and score of every price, exact until the last step.

Law: R-PRC-01 to R-PRC-05, R-EVAL-16. Pure. All arithmetic is on fractions; what is stated (benchmark, score) is rounded
half up to two decimals, the deviation is not rounded before scoring unless the tender documents say so.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, Generic, Self, TypeVar

from kernel.errors import InvalidInput
from kernel.money import Money, half_up, round_to_fen

K = TypeVar("K", bound=Hashable)


class BadPriceRule(InvalidInput):
    """The tender documents' price rule cannot mean anything."""

    code = "bad-price-rule"


class PriceMethod(StrEnum):
    """How the benchmark is found. Source: R-PRC-03."""

    #: 最低有效报价为基准
    LOW = "P-LOW"
    #: 有效报价算术平均值
    AVERAGE = "P-AVG"
    #: 去掉最高、最低后的算术平均值
    TRIMMED = "P-TRIM"
    #: 去掉最高、最低后的算术平均值 ×（1 − K），K drawn in public
    FLOATING = "P-FLOAT"


@dataclass(frozen=True, slots=True)
class Trim:
    """From so many bids on, so many of the highest and lowest prices do not count in the mean."""

    from_bids: int
    high: int
    low: int


#: R-PRC-03 P-TRIM as the rule book configures it; dropped bids still get a score.
USUAL_TRIMS: Final = (Trim(5, 1, 1), Trim(10, 2, 2))


@dataclass(frozen=True, slots=True)
class PriceRule:
    """The price part of an evaluation method, as fixed in the tender documents.

    Args:
        full: most points for the price.
        e1: points lost per percent above the benchmark.
        e2: points lost per percent below it; not more than e1.
        k: floating share, e.g. 0.03; only for P-FLOAT.
        deviation_places: decimals to which the deviation in percent is rounded before scoring; None for exact.
    """

    method: PriceMethod
    full: Decimal
    e1: Decimal = Decimal(0)
    e2: Decimal = Decimal(0)
    k: Decimal = Decimal(0)
    trims: tuple[Trim, ...] = USUAL_TRIMS
    deviation_places: int | None = None

    def __post_init__(self) -> None:
        if self.full <= 0 or not 0 <= self.e2 <= self.e1 or not 0 <= self.k < 1:
            raise BadPriceRule("价格分规则有误：满分应大于零，高于基准价的扣分不得少于低于基准价的扣分。")
        if self.k and self.method is not PriceMethod.FLOATING:
            raise BadPriceRule("只有浮动基准价才有下浮系数K。")
        if any(t.high < 0 or t.low < 0 or t.high + t.low >= t.from_bids for t in self.trims):
            raise BadPriceRule("去掉的报价过多，没有剩余报价可供平均。")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the JSON form in which a lot keeps its rule: decimals are texts, trims are lists of three numbers.

        Raises:
            BadPriceRule: a member is missing or malformed.
        """
        try:
            trims = tuple(Trim(*map(int, trim)) for trim in value["trims"]) if "trims" in value else USUAL_TRIMS
            numbers = {name: Decimal(value[name]) for name in ("full", "e1", "e2", "k") if name in value}
            if not all(number.is_finite() for number in numbers.values()):
                raise ValueError("not a finite number")
            return cls(PriceMethod(value["method"]), trims=trims, deviation_places=_places(value), **numbers)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise BadPriceRule("价格分规则不完整或格式有误。") from None

    def described(self) -> dict[str, Any]:
        """Return the JSON form; `from_dict` reads it back."""
        return {
            "method": self.method.value,
            "full": str(self.full),
            "e1": str(self.e1),
            "e2": str(self.e2),
            "k": str(self.k),
            "trims": [[trim.from_bids, trim.high, trim.low] for trim in self.trims],
            "deviation_places": self.deviation_places,
        }


@dataclass(frozen=True, slots=True)
class PriceLine(Generic[K]):
    """One bid in the price table.

    Args:
        deviation: percent from the benchmark, four decimals, for reading.
        counted: whether the price took part in the mean.
    """

    bid: K
    price: Money
    deviation: Decimal
    score: Decimal
    counted: bool


@dataclass(frozen=True, slots=True)
class PriceTable(Generic[K]):
    """Benchmark and scores of all valid bids, in the order in which they came in.

    Args:
        mean: of the counted prices, to the fen; for P-LOW the lowest price.
    """

    rule: PriceRule
    mean: Money
    benchmark: Money
    lines: tuple[PriceLine[K], ...]


def score_prices(prices: Mapping[K, Money], rule: PriceRule) -> PriceTable[K]:
    """Compute benchmark, deviations and scores.

    Args:
        prices: bids that passed the preliminary review (R-PRC-04), corrected prices, all above zero.
    Raises:
        BadPriceRule: there is no price, or one that is not above zero.
    Source:
        R-PRC-01, R-PRC-02, R-PRC-03, R-EVAL-16
    """
    if not prices or any(price.fen <= 0 for price in prices.values()):
        raise BadPriceRule("没有可以评分的有效报价。")
    counted = _counted(prices, rule)
    mean = Fraction(sum(prices[bid].fen for bid in counted), len(counted) * 100)
    benchmark = round_to_fen(mean * (1 - Fraction(rule.k)))
    lines = tuple(_line(bid, price, benchmark, rule, bid in counted) for bid, price in prices.items())
    return PriceTable(rule, round_to_fen(mean), benchmark, lines)


def _counted(prices: Mapping[K, Money], rule: PriceRule) -> set[K]:
    """Return the bids whose prices make the mean."""
    ascending: Sequence[K] = sorted(prices, key=lambda bid: prices[bid])
    if rule.method is PriceMethod.LOW:
        return set(ascending[:1])
    if rule.method is PriceMethod.AVERAGE:
        return set(ascending)
    fitting = [trim for trim in rule.trims if len(ascending) >= trim.from_bids]
    if not fitting:
        return set(ascending)
    trim = max(fitting, key=lambda trim: trim.from_bids)
    return set(ascending[trim.low : len(ascending) - trim.high])


def _line(bid: K, price: Money, benchmark: Money, rule: PriceRule, counted: bool) -> PriceLine[K]:
    deviation = Fraction(100 * (price.fen - benchmark.fen), benchmark.fen)
    if rule.method is PriceMethod.LOW:
        score = Fraction(rule.full) * benchmark.fen / price.fen
    else:
        exact = deviation if rule.deviation_places is None else Fraction(half_up(deviation, rule.deviation_places))
        score = Fraction(rule.full) - Fraction(rule.e1 if exact > 0 else rule.e2) * abs(exact)
    return PriceLine(bid, price, half_up(deviation, 4), half_up(max(score, Fraction(0)), 2), counted)


def _places(value: Mapping[str, Any]) -> int | None:
    places = value.get("deviation_places")
    return None if places is None else int(places)
