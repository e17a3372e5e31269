"""Thresholds and caps: what must be tendered, how high bonds may be, how few bidders are too few.

Law: R-THR-01 to R-THR-05, R-THR-07, R-THR-09 to R-THR-11, R-THR-13. Pure; the numbers come in as a `Law`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.money import Money
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.parameters.table import Parameter
from trading.findings import Finding
from trading.procedures.definition import Definition
from trading.vocabulary import FundSource, Limit, LotKind

#: The articles of the rules of scope.
_SCOPES = {"R-THR-01": "16号令2", "R-THR-02": "16号令3", "R-THR-03": "16号令4"}


@dataclass(frozen=True, slots=True)
class Funding:
    """Where the money of an engineering project comes from.

    Args:
        budget: public budget money in it.
        investment: the whole investment.
        state_controls: money of state-owned enterprises or institutions holds a controlling or dominant share.
        is_public_utility: large infrastructure or public utility of the listed kinds (R-THR-03).
    """

    source: FundSource
    budget: Money
    investment: Money
    state_controls: bool = False
    is_public_utility: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """The highest permitted bond and why.

    Args:
        amount: truncated to the fen, so that it never exceeds the law.
        ceiling: the sum by kind, where the law knows one.
        holds: the row that decided.
    """

    amount: Money
    share: Parameter
    ceiling: Parameter | None
    holds: Parameter

    @property
    def basis(self) -> str:
        """Return the short basis of all rows that were looked at."""
        return self.share.basis if self.ceiling is None else f"{self.share.basis};{self.ceiling.basis}"


def mandatory_scope(funding: Funding, law: Law) -> str | None:
    """Return the rule that brings a project into the scope of mandatory tendering, or None.

    Source: R-THR-01, R-THR-02, R-THR-03
    """
    if funding.source is FundSource.INTERNATIONAL:
        return "R-THR-02"
    share = law.number(Limit.MANDATORY_PUBLIC_SHARE)
    is_enough = funding.budget.yuan >= law.number(Limit.MANDATORY_PUBLIC_MONEY)
    is_large_part = funding.budget.fen * 100 >= funding.investment.fen * share
    if is_enough and is_large_part:
        return "R-THR-01"
    if funding.source is FundSource.STATE_OWNED and funding.state_controls:
        return "R-THR-01"
    return "R-THR-03" if funding.is_public_utility else None


def must_be_tendered(funding: Funding, procedure: Definition, contracts: Iterable[Money], law: Law) -> bool:
    """Tell whether purchases of one project must be tendered; purchases that could be merged are added up.

    Args:
        contracts: estimates of all contracts of the same kind in the project, so that splitting does not help.
    Source:
        R-THR-04, R-THR-05
    """
    found = judge_mandate(funding, procedure, contracts, law)
    return found is not None and found.holds


@dataclass(frozen=True, slots=True)
class Mandate:
    """Whether a project must be tendered, with what decided.

    Attributes:
        scope: rule that brings the money into the scope, or None; `scope_article` is its law written out.
        total: the estimates of all lots of the project together.
        threshold: the sum from which on it must be tendered; `article` is its law.
        split: no lot reaches the sum alone, all together do (R-THR-05).
    """

    scope: str | None
    scope_article: str
    total: Money
    threshold: Money
    article: str
    lots: int
    split: bool

    @property
    def holds(self) -> bool:
        """Tell whether the project must be tendered."""
        return self.scope is not None and self.total >= self.threshold


def judge_mandate(funding: Funding, procedure: Definition, contracts: Iterable[Money], law: Law) -> Mandate | None:
    """Say whether purchases of one project must be tendered, and why; None where the law has no such scale (GP).

    Source:
        R-THR-01 to R-THR-05
    """
    if not procedure.threshold:
        return None
    estimates = list(contracts)
    row = law.row(Limit.MANDATORY_CONTRACT, procedure.threshold)
    threshold = Money.from_yuan(row.value)
    total = Money(sum(estimate.fen for estimate in estimates))
    scope = mandatory_scope(funding, law)
    article = cite(_SCOPES[scope]) if scope else law.row(Limit.MANDATORY_PUBLIC_MONEY).article
    alone = any(estimate >= threshold for estimate in estimates)
    split = scope is not None and len(estimates) > 1 and total >= threshold and not alone
    return Mandate(scope, article, total, threshold, row.article, len(estimates), split)


def bid_bond_cap(estimate: Money, kind: LotKind, law: Law) -> Cap:
    """Compute the highest bid bond: a share of the estimate (GP: of the budget), for ZTB also a sum by kind.

    Source: R-THR-07, R-THR-13
    """
    share = law.row(Limit.BID_BOND_CAP)
    amount = estimate.percent_down(share.value)
    if not law.knows(Limit.BID_BOND_CAP, kind.value):
        return Cap(amount, share, None, share)
    ceiling = law.row(Limit.BID_BOND_CAP, kind.value)
    most = Money.from_yuan(ceiling.value)
    return Cap(most, share, ceiling, ceiling) if most < amount else Cap(amount, share, ceiling, share)


def performance_bond_cap(contract: Money, law: Law) -> Cap:
    """Compute the highest performance bond. Source: R-THR-09, R-THR-13."""
    share = law.row(Limit.PERFORMANCE_BOND_CAP)
    return Cap(contract.percent_down(share.value), share, None, share)


def check_bond(bond: Money, cap: Cap) -> Finding | None:
    """Tell whether a bond asked for in the documents stays under its cap."""
    if bond <= cap.amount:
        return None
    return Finding(
        rule=cap.holds.rules[0],
        article=cap.holds.article,
        field="bond",
        message=f"保证金{bond.grouped}元超过上限，最高为{cap.amount.grouped}元。",
        actual=f"{bond}元",
        required=f"不超过{cap.amount}元",
    )


def check_bidder_count(count: int, law: Law) -> Finding | None:
    """Tell whether there are enough bids at the deadline to open them. Source: R-THR-10, R-FAIL-01."""
    return _at_least(count, Limit.MIN_BIDDERS, "投标人少于{n}个，不得开标，应当重新招标。", law)


def check_invitees(count: int, law: Law) -> Finding | None:
    """Tell whether enough bidders are invited. Source: R-THR-10."""
    return _at_least(count, Limit.MIN_INVITEES, "邀请招标应当向{n}个以上的特定法人或者其他组织发出邀请。", law)


def check_candidate_count(count: int, law: Law) -> Finding | None:
    """Tell whether a report names too many candidates, or none. Source: R-THR-11."""
    row = law.row(Limit.MAX_CANDIDATES)
    if 1 <= count <= row.count:
        return None
    message = f"中标候选人应当不超过{row.count}个，并标明排序。" if count else "评标报告没有推荐中标候选人。"
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="candidates",
        message=message,
        actual=f"{count}个",
        required=f"1至{row.count}个",
    )


def check_price(price: Money, cap: Money | None) -> Finding | None:
    """Tell whether a price exceeds the published maximum. Source: R-PRC-14, R-THR-12."""
    if cap is None or price <= cap:
        return None
    return Finding(
        rule="R-PRC-14",
        article="《中华人民共和国招标投标法实施条例》第五十一条",
        field="price",
        message=f"投标报价{price.grouped}元高于最高投标限价{cap.grouped}元。",
        actual=f"{price}元",
        required=f"不高于{cap}元",
    )


def _at_least(count: int, limit: Limit, message: str, law: Law) -> Finding | None:
    row = law.row(limit)
    if count >= row.count:
        return None
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field=limit.value,
        message=message.format(n=row.count),
        actual=f"{count}个",
        required=f"不少于{row.count}个",
    )
