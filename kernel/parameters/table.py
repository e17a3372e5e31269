"""The dated table of legal parameters: immutable rows, looked up by key, regime and date.

Law: R-META-01, R-META-02. Pure. Rows come from `seed` or from the database; code knows only their keys. A running
procedure keeps the rules of its registration date, so every look-up takes a date.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from kernel.errors import InvalidInput, NotFound
from kernel.parameters.articles import cite
from kernel.periods import Period, Roll, Unit

#: Rows of this regime hold whatever law a procedure follows.
COMMON_REGIME = "SUPERVISION"
NATIONAL = "CN"


class Measure(StrEnum):
    """What a parameter's value counts: a unit of time, or one of these."""

    CALENDAR_DAY = "cd"
    WORKING_DAY = "wd"
    HOUR = "h"
    YEAR = "year"
    #: 百分比
    PERCENT = "percent"
    #: 元
    YUAN = "yuan"
    #: 个 (persons, papers, parts of a fraction)
    COUNT = "count"


class Direction(StrEnum):
    """How a period binds."""

    #: 不迟于: act at the latest n after the event.
    MAX = "max"
    #: 不少于: at least n must lie between two events.
    MIN = "min"
    #: 截止前不迟于: act at the latest n before the deadline.
    BEFORE = "before"
    #: 开始前不早于: act not earlier than n before the event.
    MAX_BEFORE = "max_before"

    @property
    def is_backward(self) -> bool:
        """Tell whether the period is counted back from a later event."""
        return self in (Direction.BEFORE, Direction.MAX_BEFORE)


_TIME_UNITS = {
    Measure.CALENDAR_DAY: Unit.CALENDAR_DAY,
    Measure.WORKING_DAY: Unit.WORKING_DAY,
    Measure.HOUR: Unit.HOUR,
    Measure.YEAR: Unit.YEAR,
}


class ParameterUnknown(NotFound):
    """No row has this key (and variant) in this regime."""

    code = "parameter-unknown"


class ParameterNotInForce(NotFound):
    """Rows exist, but none is in force on the date."""

    code = "parameter-not-in-force"


class NotAPeriod(InvalidInput):
    """The parameter is a share, a sum or a head-count, not a length of time."""

    code = "not-a-period"


class TableFault(ValueError):
    """The rows contradict each other: a fault of the data, found when the table is built."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One legal number.

    Args:
        key: stable English name.
        regime: which body of law, e.g. `ZTB`.
        label: the Chinese name that people read.
        basis: short form, see `articles`.
        rules: ids of the rule book.
        variant: tells rows of one key apart, e.g. the kind of purchase; empty for the plain row.
        base: of what a percentage is taken.
        stops: what stands the clock still while it lasts (R-CNT-10).
        effective_to: first day on which the row no longer holds.
        confidence: `V` verified, `K` known, `D` our own decision.
    """

    key: str
    regime: str
    value: Decimal
    unit: Measure
    label: str
    basis: str
    rules: tuple[str, ...]
    effective_from: date
    effective_to: date | None = None
    direction: Direction | None = None
    roll: Roll = Roll.NONE
    variant: str = ""
    base: str = ""
    stops: str = ""
    jurisdiction: str = NATIONAL
    confidence: str = "V"

    @property
    def is_period(self) -> bool:
        """Tell whether the value is a length of time."""
        return self.unit in _TIME_UNITS

    @property
    def article(self) -> str:
        """Return the basis as people read it."""
        return cite(self.basis)

    @property
    def period(self) -> Period:
        """Return the value as a period.

        Raises:
            NotAPeriod: it is no length of time.
        """
        if not self.is_period:
            raise NotAPeriod(f"“{self.label}”（{self.key}）不是期限，不能计算日期。", key=self.key)
        return Period(int(self.value), _TIME_UNITS[self.unit], self.roll)

    @property
    def count(self) -> int:
        """Return a head-count or part of a fraction as an integer."""
        return int(self.value)

    def is_in_force(self, on: date) -> bool:
        """Tell whether the row holds on a day: half-open."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


class ParameterTable:
    """All rows an installation knows; never changes after it is built.

    Raises:
        TableFault: two rows of the same key, regime, variant and jurisdiction hold on the same day, or a row is odd.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[Parameter]) -> None:
        grouped: dict[tuple[str, str, str], list[Parameter]] = {}
        for row in rows:
            _require_sound(row)
            grouped.setdefault((row.key, row.regime, row.variant), []).append(row)
        for group in grouped.values():
            group.sort(key=lambda row: (row.jurisdiction, row.effective_from))
            _require_no_overlap(group)
        self._rows = {name: tuple(group) for name, group in grouped.items()}

    def __iter__(self) -> Iterator[Parameter]:
        """Walk all rows in the order in which they were given, dates ascending within one key."""
        for group in self._rows.values():
            yield from group

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def find(self, key: str, regime: str, on: date, *, variant: str = "", jurisdiction: str = NATIONAL) -> Parameter:
        """Return the row that holds: the regime's own before the common one, the nearest jurisdiction first.

        Args:
            on: the registration date of the procedure, so that it keeps the rules it began under.
            jurisdiction: e.g. `CN-42-10`; rows of every place it lies in apply.

        Raises:
            ParameterUnknown: no such key, or not with this variant or in this regime.
            ParameterNotInForce: no row on that date.
        """
        known = False
        for place in (regime, COMMON_REGIME):
            rows = [row for row in self._rows.get((key, place, variant), ()) if _covers(row, jurisdiction)]
            known = known or bool(rows)
            in_force = [row for row in rows if row.is_in_force(on)]
            if in_force:
                return max(in_force, key=lambda row: len(row.jurisdiction))
        if known:
            raise ParameterNotInForce(f"参数“{key}”在{on.isoformat()}没有生效的数值。", key=key, on=on.isoformat())
        raise ParameterUnknown(self._what_is_known(key, regime, variant), key=key, regime=regime)

    def value(self, key: str, regime: str, on: date, *, variant: str = "", jurisdiction: str = NATIONAL) -> Decimal:
        """Return just the number of the row that holds."""
        return self.find(key, regime, on, variant=variant, jurisdiction=jurisdiction).value

    def knows(self, key: str, regime: str, *, variant: str = "", jurisdiction: str = NATIONAL) -> bool:
        """Tell whether the regime or the common one has rows of this key for the place, at whatever time."""
        rows = (row for place in (regime, COMMON_REGIME) for row in self._rows.get((key, place, variant), ()))
        return any(_covers(row, jurisdiction) for row in rows)

    def regimes_of(self, key: str) -> tuple[str, ...]:
        """Return the regimes that know a key."""
        return tuple(dict.fromkeys(regime for known, regime, _ in self._rows if known == key))

    def variants_of(self, key: str, regime: str) -> tuple[str, ...]:
        """Return the variants of a key in a regime or in the common one."""
        return tuple(v for known, place, v in self._rows if known == key and place in (regime, COMMON_REGIME))

    def _what_is_known(self, key: str, regime: str, variant: str) -> str:
        regimes = self.regimes_of(key)
        if not regimes:
            return f"没有名为“{key}”的法定参数。"
        if regime not in regimes and COMMON_REGIME not in regimes:
            return f"参数“{key}”不适用于{regime}，只适用于{'、'.join(regimes)}。"
        variants = "、".join(v for v in self.variants_of(key, regime) if v)
        if not variants:
            return f"参数“{key}”不分类别。"
        return (
            f"参数“{key}”没有类别“{variant}”，可选类别：{variants}。"
            if variant
            else f"请为“{key}”指明类别：{variants}。"
        )


def _covers(row: Parameter, jurisdiction: str) -> bool:
    return jurisdiction == row.jurisdiction or jurisdiction.startswith(f"{row.jurisdiction}-")


def _require_sound(row: Parameter) -> None:
    if row.is_period != (row.direction is not None) or row.value <= 0:
        raise TableFault(f"{row.key}: a period has a direction and a length, nothing else has a direction")
    if row.is_period and row.value != row.value.to_integral_value():
        raise TableFault(f"{row.key}: a broken period")
    if row.effective_to is not None and row.effective_to <= row.effective_from:
        raise TableFault(f"{row.key}: never in force")


def _require_no_overlap(group: list[Parameter]) -> None:
    for before, after in pairwise(group):
        if before.jurisdiction != after.jurisdiction:
            continue
        if before.effective_to is None or before.effective_to > after.effective_from:
            raise TableFault(f"{before.key}: two rows hold on {after.effective_from.isoformat()}")
