"""Bid bonds: what a declared bond must be, whose payments are alike, until when a bond goes back. Pure.

Law: R-THR-07, R-THR-08, R-TIME-10, R-TIME-11, R-TIME-23, R-TIME-24 (条例 26, 31, 35, 57), R-THR-13, R-GP-09.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kernel.money import Money
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import legal_date
from trading.findings import Finding
from trading.vocabulary import Limit


class BondForm(StrEnum):
    """How a bond is given. Cash is none of them: procurement law forbids it, and a platform cannot take it."""

    #: 转账
    TRANSFER = "transfer"
    #: 银行保函
    GUARANTEE = "guarantee"
    #: 投标保证保险
    INSURANCE = "insurance"


class Ending(StrEnum):
    """What makes a bond due back."""

    #: 投标截止前撤回. Source: R-TIME-10
    WITHDRAWN = "withdrawn"
    #: 招标终止. Source: R-TIME-24
    TERMINATED = "terminated"
    #: 招标失败 [D]: like a termination
    FAILED = "failed"
    #: 中标通知书发出 (GP, those who lost). Source: R-GP-09
    AWARDED = "awarded"
    #: 签订合同. Source: R-TIME-23, R-GP-09
    CONTRACTED = "contracted"


@dataclass(frozen=True, slots=True)
class Declared:
    """A bond as its bidder declares it."""

    form: BondForm
    amount: Money
    payer_name: str
    from_basic_account: bool
    issuer: str
    reference: str
    valid_until: date


def validity_end(deadline: datetime, valid_days: int) -> date:
    """Return the last day of the bid validity, which a bond's validity must reach. Source: R-TIME-11"""
    return legal_date(deadline) + timedelta(days=valid_days)


def check_declared(
    bond: Declared, required: Money, bidder: str, until: date, law: Law, *, mandatory: bool
) -> tuple[Finding, ...]:
    """Tell what keeps a declared bond from counting.

    Args:
        required: what the tender documents ask for.
        bidder: the bidder's registered name.
        until: the last day of the bid validity.
        mandatory: whether the project must be tendered by law; only then the basic account is asked for.
    Source:
        R-THR-07, R-THR-08, R-TIME-11
    """
    return tuple(_check(bond, required, bidder, until, law, mandatory))


def _check(bond: Declared, required: Money, bidder: str, until: date, law: Law, mandatory: bool) -> Iterator[Finding]:
    row = law.row(Limit.BID_BOND_CAP)
    if bond.amount < required:
        message = f"投标保证金不得少于招标文件要求的{required.grouped}元，否则投标将被否决。"
        yield Finding(row.rules[0], row.article, "amount", message, f"{bond.amount}元", f"不少于{required}元")
    if bond.valid_until < until:
        message = f"投标保证金的有效期应当与投标有效期一致，至少到{until}。"
        basis = cite("条例26")
        yield Finding("R-TIME-11", basis, "valid_until", message, str(bond.valid_until), f"不早于{until}", until)
    if bond.form is not BondForm.TRANSFER:
        return
    if bond.payer_name != bidder:
        message = "转账的付款人必须是投标人本单位，不得由他人代付。"
        yield Finding("R-THR-08", cite("条例26"), "payer_name", message, bond.payer_name, bidder)
    if mandatory and not bond.from_basic_account:
        message = (
            "依法必须进行招标的项目，以转账提交的投标保证金应当从本单位的基本账户转出（与登记的基本存款账户不一致）。"
        )
        yield Finding("R-THR-08", cite("条例26"), "payer_account", message, "不是登记的基本账户", "基本账户")


def alike(payers: Iterable[tuple[str, bytes | None]]) -> list[tuple[str, ...]]:
    """Return the bidders whose bonds left the same account: a sign of collusion (条例 40), each group sorted by name.

    Args:
        payers: (bidder, fingerprint of the account); None where no account was debited.
    """
    groups: dict[bytes, set[str]] = defaultdict(set)
    for bidder, mac in payers:
        if mac is not None:
            groups[mac].add(bidder)
    return sorted(tuple(sorted(names)) for names in groups.values() if len(names) > 1)


def return_by(ending: Ending, on: date, law: Law) -> date:
    """Return the last day on which a bond goes back.

    Source: R-TIME-10, R-TIME-23, R-TIME-24, R-GP-09
    """
    limit = {
        Ending.WITHDRAWN: Limit.BOND_RETURN_WITHDRAWN,
        Ending.TERMINATED: Limit.TERMINATION_REFUND,
        Ending.FAILED: Limit.TERMINATION_REFUND,
        Ending.AWARDED: Limit.BOND_RETURN_GP,
        Ending.CONTRACTED: Limit.BOND_RETURN,
    }[ending]
    return law.forward(limit if law.knows(limit) else Limit.BOND_RETURN_GP, on).date


def return_after_award(law: Law, *, won: bool, notified_on: date, signed_on: date | None) -> date | None:
    """Return the last day on which a bond goes back after an award; None while nothing has made it due.

    The contract makes all bonds due; under procurement law those who lost get theirs from the award notice on.

    Args:
        notified_on: day of the award notice.
        signed_on: day of the contract, None before.
    Source:
        R-TIME-23, R-GP-09
    """
    if not won and not law.knows(Limit.BOND_RETURN):
        return return_by(Ending.AWARDED, notified_on, law)
    return None if signed_on is None else return_by(Ending.CONTRACTED, signed_on, law)
