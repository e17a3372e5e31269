"""Who must step aside: grounds found by comparing records, before a draw and again when the bidders are known.

Law: R-REC-01 to R-REC-07, R-REC-09. Pure, on plain values: identities are digests of identity numbers, units are
unified social credit codes. A ground found here excludes; what machines cannot see a person declares
(`Ground.DECLARED`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import add_months
from trading.vocabulary import Regime


class Ground(StrEnum):
    """Why somebody may not take part; stored and shown by code."""

    #: 投标人或者投标人主要负责人的近亲属
    BIDDER_OR_RELATIVE = "bidder_or_relative"
    #: 项目主管部门或者行政监督部门的人员
    DEPARTMENT_STAFF = "department_staff"
    #: 与投标人有经济利益关系
    ECONOMIC_INTEREST = "economic_interest"
    #: 曾因招标、评标以及其他招标投标活动中的违法行为受过行政处罚或刑事处罚
    PUNISHED = "punished"
    #: 参加采购活动前三年内与供应商存在劳动关系，或任董事、监事，或为控股股东、实际控制人
    WITHIN_YEARS = "within_years"
    #: 与招标人（采购人）、代理机构为同一单位
    BUYER_OR_AGENCY = "buyer_or_agency"
    #: 申请人指定的回避单位
    NAMED_UNIT = "named_unit"
    #: 本人声明回避
    DECLARED = "declared"


class Departure(StrEnum):
    """The only reasons for which a member may be replaced; the list is closed (R-REC-09)."""

    #: 回避
    RECUSAL = "recusal"
    #: 擅离职守
    LEFT_POST = "left_post"
    #: 健康等原因不能继续评标
    HEALTH = "health"


_RULES: Final = {
    Ground.BIDDER_OR_RELATIVE: ("R-REC-01", "12号令12"),
    Ground.DEPARTMENT_STAFF: ("R-REC-02", "12号令12"),
    Ground.ECONOMIC_INTEREST: ("R-REC-03", "12号令12"),
    Ground.PUNISHED: ("R-REC-04", "12号令12"),
    Ground.WITHIN_YEARS: ("R-REC-05", "采购条例9"),
    Ground.BUYER_OR_AGENCY: ("R-REC-07", "87号令47"),
    Ground.NAMED_UNIT: ("R-DRAW-04", "12号令12"),
    Ground.DECLARED: ("R-REC-08", "条例46"),
}


class TieKind(StrEnum):
    """How a person is bound to a unit."""

    #: 劳动关系
    EMPLOYMENT = "employment"
    #: 董事、监事
    BOARD = "board"
    #: 控股股东或者实际控制人
    CONTROL = "control"
    #: 持股
    SHARES = "shares"
    #: 顾问、咨询
    CONSULTANCY = "consultancy"


@dataclass(frozen=True, slots=True)
class Tie:
    """A bond between a person and a unit.

    Args:
        until: the last day; None while it lasts.
    """

    unit: str
    kind: TieKind
    since: date
    until: date | None = None

    def lasts_on(self, day: date) -> bool:
        """Tell whether the bond exists on a day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def touches(self, first: date, last: date) -> bool:
        """Tell whether the bond existed on any day of a span."""
        return self.since <= last and (self.until is None or self.until >= first)


@dataclass(frozen=True, slots=True)
class Person:
    """What the pool knows about an expert (or an inspector) that can exclude.

    Args:
        identity: digest of the identity number.
        relatives: digests of near relatives' identity numbers, as declared.
        was_punished: by a decision on an offence in tendering.
        declared: units with which the person declared a conflict.
    """

    identity: str
    ties: tuple[Tie, ...] = ()
    relatives: frozenset[str] = frozenset()
    was_punished: bool = False
    declared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BidderUnit:
    """A bidder as far as recusal goes; members of a consortium are units of their own.

    Args:
        principals: digests of the identity numbers of its main persons.
    """

    unit: str
    principals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """The lot that a person would judge.

    Args:
        on: the day of the draw or of the check.
        buyer: unit of the procuring entity.
        agency: unit of the agency, if one acts.
        departments: units of the competent and the supervising departments.
        named_units: further units that the application excludes.
        bidders: empty before the opening, when nobody may know them.
    """

    on: date
    buyer: str
    agency: str | None = None
    departments: frozenset[str] = frozenset()
    named_units: frozenset[str] = frozenset()
    bidders: tuple[BidderUnit, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One ground with its rule; a person may have several.

    Args:
        unit: the unit it is about; empty for grounds that lie in the person.
    """

    ground: Ground
    unit: str = ""

    @property
    def rule(self) -> str:
        """Return the rule's id."""
        return _RULES[self.ground][0]

    @property
    def article(self) -> str:
        """Return the law as people read it."""
        return cite(_RULES[self.ground][1])


def exclusions(person: Person, case: Case, law: Law) -> tuple[Exclusion, ...]:
    """Find every ground on which a person must step aside.

    Source: R-REC-01 to R-REC-07
    """
    found: dict[Exclusion, None] = {}
    if person.was_punished:
        found[Exclusion(Ground.PUNISHED)] = None
    for unit in sorted(_current_employers(person, case.on)):
        if unit in case.departments:
            found[Exclusion(Ground.DEPARTMENT_STAFF, unit)] = None
        if unit in {case.buyer, case.agency}:
            found[Exclusion(Ground.BUYER_OR_AGENCY, unit)] = None
        if unit in case.named_units:
            found[Exclusion(Ground.NAMED_UNIT, unit)] = None
    for bidder in case.bidders:
        found.update(dict.fromkeys(_against(person, bidder, case.on, law)))
    involved = {case.buyer, case.agency, *(bidder.unit for bidder in case.bidders)}
    found.update((Exclusion(Ground.DECLARED, unit), None) for unit in sorted(person.declared) if unit in involved)
    return tuple(found)


def employers_over_cap(employers: Iterable[str], law: Law) -> frozenset[str]:
    """Return the units that have more members in a committee than local practice allows. Source: R-REC-06."""
    most = law.count("max_per_employer")
    listed = list(employers)
    return frozenset(unit for unit in listed if listed.count(unit) > most)


def _current_employers(person: Person, on: date) -> set[str]:
    return {tie.unit for tie in person.ties if tie.kind is TieKind.EMPLOYMENT and tie.lasts_on(on)}


def _against(person: Person, bidder: BidderUnit, on: date, law: Law) -> Iterable[Exclusion]:
    """Grounds that lie between a person and one bidder."""
    if person.identity in bidder.principals or person.relatives & bidder.principals:
        yield Exclusion(Ground.BIDDER_OR_RELATIVE, bidder.unit)
    ties = [tie for tie in person.ties if tie.unit == bidder.unit]
    first = add_months(on, -12 * law.count("recusal_years"))
    if law.regime == Regime.GP:
        kinds = {TieKind.EMPLOYMENT, TieKind.BOARD, TieKind.CONTROL}
        if any(tie.kind in kinds and tie.touches(first, on) for tie in ties):
            yield Exclusion(Ground.WITHIN_YEARS, bidder.unit)
        ties = [tie for tie in ties if tie.kind not in kinds]
    if any(tie.touches(first, on) for tie in ties):
        yield Exclusion(Ground.ECONOMIC_INTEREST, bidder.unit)
