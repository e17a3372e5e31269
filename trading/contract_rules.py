"""What a contract after an award must be: the award's substance, signed in time, a lawful performance bond. Pure.

Law: R-TIME-22 (招投法 46, 条例 57), R-GP-10 (采购法 46), R-THR-09, R-THR-13. A contract that is signed late stays a
contract: it goes on record as late, with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from kernel.money import BadAmount, Money
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from trading.drafts import ContractDraft
from trading.findings import Finding
from trading.limits import check_in_time
from trading.thresholds import check_bond, performance_bond_cap
from trading.vocabulary import Limit, Regime

#: How long texts may be, in characters.
_LONGEST = {"contract_no": 100, "term": 200, "summary": 1000, "late_reason": 500}
_LABELS = {"contract_no": "合同编号", "term": "履行期限"}


@dataclass(frozen=True, slots=True)
class Terms:
    """A contract as it is read from its draft."""

    number: str
    signed_on: date
    amount: Money
    term: str
    summary: str
    performance_bond: Money
    late_reason: str


def read_terms(draft: ContractDraft) -> tuple[Terms | None, list[tuple[str, str]]]:
    """Read a draft; where something is missing or no amount, return None and what to correct."""
    faults = [(name, f"请填写{label}。") for name, label in _LABELS.items() if not getattr(draft, name).strip()]
    faults += [(name, f"不超过 {most} 字。") for name, most in _LONGEST.items() if len(getattr(draft, name)) > most]
    amount, bond = _amount(draft.amount), _amount(draft.performance_bond or "0")
    if amount is None:
        faults.append(("amount", "请填写合同金额，例如 2987600.00。"))
    if bond is None:
        faults.append(("performance_bond", "请填写履约保证金，例如 100000.00；不收取的留空。"))
    if amount is None or bond is None or faults:
        return None, faults
    words = {name: getattr(draft, name).strip() for name in ("term", "summary", "late_reason")}
    terms = Terms(
        number=draft.contract_no.strip(), signed_on=draft.signed_on, amount=amount, performance_bond=bond, **words
    )
    return terms, []


def check_day(signed_on: date, notified_on: date, today: date) -> str:
    """Tell what is wrong with the day of signing; empty if nothing is: from the award notice on, and not ahead."""
    if signed_on < notified_on:
        return f"合同应在中标通知书发出之后订立，不早于{notified_on}。"
    return f"订立日期不能晚于今天（{today}）。" if signed_on > today else ""


def check_substance(terms: Terms, price: Money, law: Law) -> tuple[Finding, ...]:
    """Tell what of a contract departs from the award or is more than the law allows.

    Args:
        price: of the award.
    Source:
        R-TIME-22, R-GP-10, R-THR-09, R-THR-13
    """
    return tuple(_check(terms, price, law))


def _check(terms: Terms, price: Money, law: Law) -> Iterator[Finding]:
    if terms.amount != price:
        row = law.row(Limit.CONTRACT)
        yield Finding(
            rule=row.rules[0],
            article=substance_article(Regime(law.regime)),
            field="amount",
            message=f"合同应当按照招标文件和中标人的投标文件订立，合同金额应与中标价{price.grouped}元一致。",
            actual=f"{terms.amount}元",
            required=f"{price}元",
        )
    over = check_bond(terms.performance_bond, performance_bond_cap(terms.amount, law))
    if over is not None:
        yield replace(over, field="performance_bond", message=f"履约{over.message}")


def substance_article(regime: Regime) -> str:
    """Return by which articles a contract keeps to the documents and the bid."""
    return cite("招投法46;条例57" if regime is Regime.ZTB else "采购法46")


def check_signed_in_time(signed_on: date, notified_on: date, law: Law) -> Finding | None:
    """Tell whether a contract was signed after the limit. Source: R-TIME-22, R-GP-10"""
    return check_in_time(Limit.CONTRACT, notified_on, signed_on, law)


def _amount(typed: str) -> Money | None:
    try:
        return Money.parse(typed.strip().replace(",", ""))
    except BadAmount:
        return None
