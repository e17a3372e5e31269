"""From members' scores to a ranking: completeness, aggregation, ties, and alarms before anybody signs.

Law: R-EVAL-10, R-EVAL-11, R-EVAL-13, R-EVAL-14, R-EVAL-16. Pure. Price scores come from `experts.price_formulas`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, Generic, TypeVar

from kernel.errors import InvalidInput
from kernel.money import Money, half_up

M = TypeVar("M", bound=Hashable)
B = TypeVar("B", bound=Hashable)

#: member → bid → criterion code → points
Scores = Mapping[M, Mapping[B, Mapping[str, Decimal]]]

#: How far a subjective score may lie from the members' mean before it is asked about. Source: R-EVAL-14 [D]
USUAL_TOLERANCE_PERCENT: Final = Decimal(20)


class IncompleteScores(InvalidInput):
    """A member left a criterion empty, went outside its range, or scored what does not exist."""

    code = "incomplete-scores"


class CriterionKind(StrEnum):
    """Who decides about the points of a criterion."""

    #: 客观分: follows from facts, so all members must agree.
    OBJECTIVE = "objective"
    #: 主观分: each member's own judgement.
    SUBJECTIVE = "subjective"


@dataclass(frozen=True, slots=True)
class ScoredCriterion:
    """A criterion that members score; the price is none of them."""

    code: str
    maximum: Decimal
    kind: CriterionKind


@dataclass(frozen=True, slots=True)
class Total(Generic[B]):
    """A bid's points.

    Args:
        members: mean of the members' points without the price, two decimals.
        technical: the part that decides ties if the documents say so.
    """

    bid: B
    members: Decimal
    price_score: Decimal
    price: Money
    technical: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Return the points that rank the bid."""
        return self.members + self.price_score


class DecidedBy(StrEnum):
    """What put a bid behind the one before it."""

    SCORE = "score"
    #: 总分相同，报价低者优先
    PRICE = "price"
    #: 总分、报价均相同，技术得分高者优先
    TECHNICAL = "technical"
    #: 并列: the documents' rule (a public draw) must decide.
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Rank(Generic[B]):
    """A place in the ranking; equal bids share it and the next place is free."""

    rank: int
    total: Total[B]
    decided_by: DecidedBy


class AlarmKind(StrEnum):
    """What should be looked at before the report is signed."""

    #: 客观分不一致
    OBJECTIVE_DIFFERS = "objective_differs"
    #: 主观分畸高畸低
    SUBJECTIVE_FAR = "subjective_far"
    #: 总分与复算不符
    TOTAL_WRONG = "total_wrong"


@dataclass(frozen=True, slots=True)
class Alarm(Generic[M, B]):
    """One inconsistency; a member answers it, the machine changes nothing.

    Args:
        member: None where it concerns all.
        deviation: percent from the mean, two decimals.
    """

    kind: AlarmKind
    bid: B
    criterion: str
    member: M | None = None
    deviation: Decimal | None = None


def require_complete(scores: Scores[M, B], bids: Sequence[B], criteria: Sequence[ScoredCriterion]) -> None:
    """Check that every member scored every bid in every criterion, inside the range, to at most two decimals.

    Raises:
        IncompleteScores: naming the first gap.
    """
    if not scores:
        raise IncompleteScores("还没有评委打分。")
    maxima = {criterion.code: criterion.maximum for criterion in criteria}
    for sheets in scores.values():
        if set(sheets) != set(bids):
            raise IncompleteScores("有评委漏评或多评了投标人。")
        for points in sheets.values():
            if set(points) != set(maxima):
                raise IncompleteScores("有评委漏评或多评了评分项。")
            for code, value in points.items():
                _require_in_range(code, value, maxima[code])


def aggregate(
    scores: Scores[M, B],
    criteria: Sequence[ScoredCriterion],
    price_scores: Mapping[B, tuple[Money, Decimal]],
    *,
    technical: Iterable[str] = (),
    drop_extremes: bool = False,
) -> tuple[Total[B], ...]:
    """Compute every bid's points: the mean of the members' sums, and the price score.

    Args:
        price_scores: price and its score for each bid; decides which bids there are and their order.
        technical: codes of the technical criteria.
        drop_extremes: leave out one highest and one lowest sum, if the documents say so and five members scored.
    Raises:
        IncompleteScores: see `require_complete`.
    Source:
        R-EVAL-12, R-EVAL-16
    """
    require_complete(scores, list(price_scores), criteria)
    everything, only_technical = [criterion.code for criterion in criteria], list(technical)
    return tuple(
        Total(
            bid=bid,
            members=_mean_of_sums(scores, bid, everything, drop_extremes),
            price_score=score,
            price=price,
            technical=_mean_of_sums(scores, bid, only_technical, drop_extremes),
        )
        for bid, (price, score) in price_scores.items()
    )


def mean(points: Sequence[Decimal], *, drop_extremes: bool = False) -> Fraction:
    """Return the exact mean, without one highest and one lowest value if asked and five values are there."""
    kept = sorted(points)[1:-1] if drop_extremes and len(points) >= 5 else points
    return sum((Fraction(value) for value in kept), Fraction(0)) / len(kept)


def rank(totals: Iterable[Total[B]], *, technical_decides: bool = False) -> tuple[Rank[B], ...]:
    """Order the bids of a lot, best first.

    Args:
        technical_decides: whether, after equal points and prices, the higher technical score goes first.

    Returns:
        Bids that nothing tells apart share a rank; the documents' rule (a public draw) must part them.

    Source:
        R-EVAL-10, R-EVAL-11
    """
    ordered = sorted(totals, key=lambda total: _order(total, technical_decides))
    ranks: list[Rank[B]] = []
    for place, total in enumerate(ordered, start=1):
        before = ranks[-1] if ranks else None
        decided = _decided(before.total, total, technical_decides) if before else DecidedBy.SCORE
        same_place = before is not None and decided is DecidedBy.TIE
        ranks.append(Rank(before.rank if before and same_place else place, total, decided))
    return tuple(ranks)


def consistency_alarms(
    scores: Scores[M, B],
    criteria: Sequence[ScoredCriterion],
    tolerance_percent: Decimal = USUAL_TOLERANCE_PERCENT,
) -> tuple[Alarm[M, B], ...]:
    """Find objective criteria on which members differ, and subjective scores far from the members' mean.

    Source: R-EVAL-13, R-EVAL-14
    """
    alarms: list[Alarm[M, B]] = []
    bids = dict.fromkeys(bid for sheets in scores.values() for bid in sheets)
    for bid in bids:
        for criterion in criteria:
            given = {member: sheets[bid][criterion.code] for member, sheets in scores.items()}
            if criterion.kind is CriterionKind.OBJECTIVE:
                if len(set(given.values())) > 1:
                    alarms.append(Alarm(AlarmKind.OBJECTIVE_DIFFERS, bid, criterion.code))
            else:
                alarms += _far_from_mean(bid, criterion.code, given, tolerance_percent)
    return tuple(alarms)


def check_totals(stated: Mapping[B, Decimal], computed: Iterable[Total[B]]) -> tuple[Alarm[M, B], ...]:
    """Compare the totals of a report with our own computation. Source: R-EVAL-14."""
    return tuple(
        Alarm(AlarmKind.TOTAL_WRONG, total.bid, "total") for total in computed if stated.get(total.bid) != total.total
    )


def _require_in_range(code: str, value: Decimal, maximum: Decimal) -> None:
    if not value.is_finite() or not 0 <= value <= maximum or value * 100 % 1 != 0:
        raise IncompleteScores(f"评分项{code}的得分应在0至{maximum}之间，最多两位小数。")


def _mean_of_sums(scores: Scores[M, B], bid: B, codes: Sequence[str], drop_extremes: bool) -> Decimal:
    sums = [sum((sheets[bid][code] for code in codes), Decimal(0)) for sheets in scores.values()]
    return half_up(mean(sums, drop_extremes=drop_extremes), 2)


def _order(total: Total[B], technical_decides: bool) -> tuple[Decimal, int, Decimal]:
    return -total.total, total.price.fen, -total.technical if technical_decides else Decimal(0)


def _decided(before: Total[B], total: Total[B], technical_decides: bool) -> DecidedBy:
    if before.total != total.total:
        return DecidedBy.SCORE
    if before.price != total.price:
        return DecidedBy.PRICE
    if technical_decides and before.technical != total.technical:
        return DecidedBy.TECHNICAL
    return DecidedBy.TIE


def _far_from_mean(bid: B, code: str, given: Mapping[M, Decimal], tolerance: Decimal) -> Iterable[Alarm[M, B]]:
    middle = mean(list(given.values()))
    if middle == 0:
        return
    for member, value in given.items():
        deviation = (Fraction(value) - middle) * 100 / middle
        if abs(deviation) > Fraction(tolerance):
            yield Alarm(AlarmKind.SUBJECTIVE_FAR, bid, code, member, half_up(deviation, 2))
