"""The seeded law of each regime, as tests use it."""

from datetime import date

from kernel.parameters.law import Law
from kernel.parameters.seed import seeded_table
from kernel.periods import HolidayTable
from trading.procedures.book import Combination, definition_of
from trading.procedures.definition import Definition
from trading.vocabulary import JURISDICTION, LotKind, Regime, TenderMethod


def law_of(regime: Regime = Regime.ZTB, on: date = date(2025, 1, 2), jurisdiction: str = JURISDICTION) -> Law:
    return Law(seeded_table(), HolidayTable.seeded(), regime.value, on, jurisdiction)


ZTB = law_of()
GP = law_of(Regime.GP)


def procedure_of(
    law: Law = ZTB, kind: LotKind = LotKind.GOODS, method: TenderMethod = TenderMethod.OPEN, prequalified: bool = False
) -> Definition:
    """Return the first version of a procedure."""
    return definition_of(Combination(Regime(law.regime), kind, method, prequalified), 1)
