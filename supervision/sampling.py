"""From inspection rules to draw parameters: how many targets of each credit class, and pairs of inspectors.

Law: R-DR-05 to R-DR-07, R-DR-12, R-DR-15; form of the parameters: the draw specification, `strata/1` and `assign/1`.
Pure; pools and leaves are made elsewhere, the draw itself is `kernel.draw`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from kernel.canonical import b64u_encode
from kernel.errors import InvalidInput
from kernel.parameters.law import Law

#: Public attribute that holds a target's credit class.
CREDIT: Final = "credit"
#: Public attribute of an inspector who may lead: `yes` or `no`.
LEAD: Final = "lead"
#: Public attribute of an inspector: the unit's opaque tag.
UNIT: Final = "unit"


class BadSampling(InvalidInput):
    """The plan asks for a share or a team that cannot be."""

    code = "bad-sampling"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of a class are inspected.

    Args:
        percent: above 0, at most 100.
        least: at least so many, if the class has them.
    """

    percent: Decimal
    least: int = 0

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 < self.percent <= 100 or self.least < 0:
            raise BadSampling("抽查比例应大于0且不超过100%，最少数量不能为负。")

    @property
    def fraction(self) -> Fraction:
        """Return the share as a fraction in lowest terms."""
        return Fraction(self.percent) / 100


def usual_rates(law: Law) -> dict[str, Rate]:
    """Return the configured share of each credit class. Source: R-DR-06, R-DR-07."""
    classes = [variant for variant in law.table.variants_of("inspection_rate", law.regime) if variant]
    return {credit: Rate(law.number("inspection_rate", credit)) for credit in classes}


def sample_size(members: int, rate: Rate) -> int:
    """Return how many are drawn: the share rounded up, at least the minimum, at most all. Source: R-DR-12."""
    if members < 0:
        raise BadSampling("对象数量不能为负。")
    share = members * rate.fraction
    return min(members, max(rate.least, -(-share.numerator // share.denominator)))


def sample_sizes(members: Mapping[str, int], rates: Mapping[str, Rate]) -> dict[str, int]:
    """Return the sample of each class, for the announcement before the draw.

    Raises:
        BadSampling: a class has members and no rate.
    """
    without = sorted(credit for credit in members if credit not in rates)
    if without:
        raise BadSampling(f"没有为信用等级{'、'.join(without)}设定抽查比例。")
    return {credit: sample_size(count, rates[credit]) for credit, count in members.items()}


def strata_params(rates: Mapping[str, Rate]) -> dict[str, Any]:
    """Build the `params` of a `strata/1` spec over targets by credit class."""
    if not rates:
        raise BadSampling("请至少为一个信用等级设定抽查比例。")
    shares = {
        credit: {"num": rate.fraction.numerator, "den": rate.fraction.denominator, "min": rate.least}
        for credit, rate in sorted(rates.items())
    }
    return {"a": CREDIT, "rates": shares}


def assign_params(
    team_size: int, recused: Iterable[tuple[bytes, bytes]], law: Law, *, certified_lead: bool = True
) -> dict[str, Any]:
    """Build the `params` of an `assign/1` spec: teams of at least two, one of them certified to lead.

    Args:
        recused: (target's leaf, inspector's leaf) who must not meet.
    Raises:
        BadSampling: the team is smaller than the law allows.
    Source:
        R-DR-05
    """
    smallest = law.count("inspectors_per_target")
    if team_size < smallest:
        raise BadSampling(f"每个检查对象的执法检查人员不得少于{smallest}人。")
    lead = [{"n": 1, "a": LEAD, "v": "yes"}] if certified_lead else []
    rest = team_size - len(lead)
    pairs = sorted({(b64u_encode(target), b64u_encode(inspector)) for target, inspector in recused})
    slots = [*lead, *([{"n": rest}] if rest else [])]
    return {"slots": slots, "recused": [list(pair) for pair in pairs]}


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """A target as far as the plan goes.

    Args:
        unit: its unified social credit code.
        last_inspected: for the same item in a random inspection; None if never.
    """

    unit: str
    credit: str
    last_inspected: date | None = None


@dataclass(frozen=True, slots=True)
class InspectorRecord:
    """An inspector as far as recusal goes.

    Args:
        identity: id in the inspector pool.
        conflicts: units with which the inspector has an interest, as declared or found.
        may_lead: holds a law-enforcement certificate that lets the inspector lead.
    """

    identity: str
    unit: str
    conflicts: frozenset[str] = frozenset()
    may_lead: bool = False


def due_targets(targets: Iterable[TargetRecord], period_start: date) -> tuple[TargetRecord, ...]:
    """Leave out targets that were inspected for the same item inside the period. Source: R-DR-15."""
    return tuple(t for t in targets if t.last_inspected is None or t.last_inspected < period_start)


def recused_pairs(
    targets: Iterable[TargetRecord], inspectors: Iterable[InspectorRecord]
) -> tuple[tuple[str, str], ...]:
    """Return (target's unit, inspector's identity) who must not meet: an interest, or the inspector's own unit.

    Source: R-DR-05
    """
    people = list(inspectors)
    return tuple(
        (target.unit, person.identity)
        for target in targets
        for person in people
        if target.unit in person.conflicts or target.unit == person.unit
    )


def shortages(
    targets: Mapping[str, TargetRecord],
    inspectors: Iterable[InspectorRecord],
    team_size: int,
    *,
    certified_lead: bool = True,
) -> dict[str, str]:
    """Tell which targets could run out of inspectors, whatever the seed: target's name → what is missing.

    Teams of one lead and any others never get stuck when each target has a lead and as many people as places; the
    draw's own check (`kernel.draw.require_never_stuck`) says the same without telling why.

    Source:
        R-DR-05, R-DR-12
    """
    people = list(inspectors)
    apart = set(recused_pairs(targets.values(), people))
    short = {}
    for name, target in targets.items():
        free = [one for one in people if (target.unit, one.identity) not in apart]
        away = len(people) - len(free)
        if len(free) < team_size:
            short[name] = f"可选派的检查人员只有 {len(free)} 人（回避 {away} 人），少于 {team_size} 人"
        elif certified_lead and not any(one.may_lead for one in free):
            short[name] = f"没有可以带队的执法人员（回避 {away} 人）"
    return short
