"""From locked points and prices to the ranking of a lot, with everything that a reader needs to compute it again.

Law: R-EVAL-10 to R-EVAL-16, R-PRC-01 to R-PRC-05. Pure.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from experts.price_formulas import PriceMethod, PriceRule, PriceTable, score_prices
from experts.scoring import (
    Alarm,
    CriterionKind,
    DecidedBy,
    Rank,
    ScoredCriterion,
    Total,
    aggregate,
    consistency_alarms,
    mean,
    rank,
)
from kernel.errors import Conflict
from kernel.money import Money, half_up
from trading.lot_view import LotView

#: Member's code → bid → criterion → points.
Sheets = Mapping[str, Mapping[uuid.UUID, Mapping[str, Decimal]]]

_WORDS = {
    PriceMethod.LOW: "满足招标文件要求且报价最低的为评标基准价，其价格分为满分；其他报价按基准价与报价之比计算。",
    PriceMethod.AVERAGE: "以有效报价的算术平均值为评标基准价；报价每偏离基准价百分之一，按规定扣分。",
    PriceMethod.TRIMMED: "去掉规定个数的最高、最低报价后的算术平均值为评标基准价；报价每偏离百分之一，按规定扣分。",
    PriceMethod.FLOATING: "去掉规定个数的最高、最低报价，取算术平均值下浮为评标基准价；每偏离百分之一，按规定扣分。",
}


class TiedBids(Conflict):
    """Nothing in the documents tells two bids apart; a public draw must."""

    code = "tied-bids"


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of an evaluation before anybody signs it.

    Attributes:
        parts: mean points by bid and group of criteria (`technical`, `business`), two decimals.
    """

    prices: PriceTable[uuid.UUID]
    ranks: tuple[Rank[uuid.UUID], ...]
    parts: dict[uuid.UUID, dict[str, Decimal]]
    alarms: tuple[Alarm[str, uuid.UUID], ...]

    @property
    def totals(self) -> list[Total[uuid.UUID]]:
        """Return the totals, best first."""
        return [item.total for item in self.ranks]


def price_rule_of(lot: LotView) -> PriceRule:
    """Return the price rule of the tender documents; its full score is that of the price criterion.

    Raises:
        BadPriceRule: the documents' rule means nothing.
    """
    full = next((item.max for item in lot.criteria if item.kind == "price"), None)
    told = dict(lot.price_method)
    if full is not None:
        told.setdefault("full", full)
    return PriceRule.from_dict(told)


def words_of(rule: PriceRule) -> str:
    """Return the rule in one sentence."""
    return _WORDS[rule.method]


def formula_of(rule: PriceRule) -> str:
    """Return the rule in one line."""
    if rule.method is PriceMethod.LOW:
        return f"价格分 = {rule.full:f} × 评标基准价 ÷ 投标报价"
    return f"价格分 = {rule.full:f} − |偏差率%| × (高于基准价 {rule.e1:f}，低于基准价 {rule.e2:f})"


def summarise(lot: LotView, prices: Mapping[uuid.UUID, int], sheets: Sheets) -> Summary:
    """Compute the ranking.

    Args:
        prices: fen, of the bids that passed the preliminary review.
        sheets: complete.
    Raises:
        IncompleteScores: a gap.
        BadPriceRule: the documents' rule means nothing.
    Source:
        R-EVAL-10, R-EVAL-14, R-EVAL-16, R-PRC-02
    """
    table = score_prices({bid: Money(fen) for bid, fen in prices.items()}, price_rule_of(lot))
    criteria = [
        ScoredCriterion(item.code, Decimal(item.max), CriterionKind(item.kind))
        for item in lot.criteria
        if item.kind != "price"
    ]
    technical = [item.code for item in lot.criteria if item.group == "technical"]
    lines = {line.bid: (line.price, line.score) for line in table.lines}
    ranks = rank(aggregate(sheets, criteria, lines, technical=technical), technical_decides=True)
    return Summary(table, ranks, _parts(lot, sheets, list(prices)), consistency_alarms(sheets, criteria))


def require_no_tie(ranks: Sequence[Rank[uuid.UUID]]) -> None:
    """Refuse a ranking that the documents' rules leave open.

    Raises:
        TiedBids: two bids share a place.
    """
    if any(item.decided_by is DecidedBy.TIE for item in ranks):
        raise TiedBids("有投标人总分、报价、技术得分均相同，须按招标文件公开抽签确定名次。")


def _parts(lot: LotView, sheets: Sheets, bids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Decimal]]:
    groups: dict[str, list[str]] = {}
    for item in lot.criteria:
        if item.kind != "price":
            groups.setdefault(item.group, []).append(item.code)
    return {
        bid: {
            group: half_up(
                mean([sum((sheet[bid][code] for code in codes), Decimal(0)) for sheet in sheets.values()]), 2
            )
            for group, codes in groups.items()
        }
        for bid in bids
    }
