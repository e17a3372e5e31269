"""How a committee must be made up, and what its votes need.

Law: R-COM-01, R-COM-02, R-COM-04, R-TIME-13, R-THR-11. Pure; the numbers come in as a `Law`.
"""

from dataclasses import dataclass

from kernel.money import Money
from kernel.parameters.law import Law
from kernel.parameters.table import Parameter
from trading.findings import Finding

_NOTHING = Money(0)


@dataclass(frozen=True, slots=True)
class Weight:
    """What makes a project heavy enough for a larger committee; any one suffices (R-COM-02, read as "or").

    Args:
        is_water_works: water-conservancy works, whose sector rule wants seven (R-COM-04).
    """

    budget: Money = _NOTHING
    is_complex: bool = False
    has_large_social_impact: bool = False
    is_water_works: bool = False


def min_experts(total: int, law: Law) -> int:
    """Return the fewest experts in a committee of this size: experts × 3 ≥ total × 2. Source: R-COM-01."""
    share = law.count("committee_experts", "num"), law.count("committee_experts", "den")
    return -(-total * share[0] // share[1])


def max_own_seats(total: int, law: Law) -> int:
    """Return how many seats the procuring entity may fill itself. Source: R-COM-01."""
    return total - min_experts(total, law)


def members_to_extend(total: int, law: Law) -> int:
    """Return how many members force more time: more than a third. Source: R-TIME-13."""
    return total * law.count("evaluation_extension", "num") // law.count("evaluation_extension", "den") + 1


def majority(total: int) -> int:
    """Return an absolute majority: more than half."""
    return total // 2 + 1


def min_members(law: Law, weight: Weight = Weight()) -> Parameter:
    """Return the row that sets the smallest size of the committee. Source: R-COM-01, R-COM-02, R-COM-04."""
    if weight.is_water_works and law.knows("committee_min", "water"):
        return law.row("committee_min", "water")
    if law.knows("committee_min", "large"):
        is_large = weight.budget.yuan >= law.number("committee_large_budget")
        if is_large or weight.is_complex or weight.has_large_social_impact:
            return law.row("committee_min", "large")
    return law.row("committee_min")


def check_composition(total: int, experts: int, law: Law, weight: Weight = Weight()) -> tuple[Finding, ...]:
    """Check size, oddness and the share of experts.

    Args:
        experts: drawn technical and economic experts; the rest are the procuring entity's own people.

    Returns:
        One finding for each fault.

    Raises:
        ValueError: more experts than members, or negative numbers.
    """
    if not 0 <= experts <= total:
        raise ValueError("more experts than members")
    findings = []
    smallest = min_members(law, weight)
    if total < smallest.count:
        findings.append(_finding(smallest, f"评标委员会成员不得少于{smallest.count}人。", total, smallest.count))
    if total % 2 == 0:
        findings.append(_finding(smallest, "评标委员会成员人数应当为单数。", total, "单数"))
    needed = min_experts(total, law)
    if experts < needed:
        share = law.row("committee_experts", "num")
        message = f"技术、经济等方面的专家不得少于成员总数的三分之二，{total}人中至少{needed}人。"
        findings.append(_finding(share, message, experts, needed))
    return tuple(findings)


def _finding(row: Parameter, message: str, actual: int, required: int | str) -> Finding:
    return Finding(
        rule=row.rules[0],
        article=row.article,
        field="committee",
        message=message,
        actual=f"{actual}人",
        required=required if isinstance(required, str) else f"不少于{required}人",
    )
