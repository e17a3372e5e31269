"""Reads the law from the database into the immutable values that pure rules take.

An act calls `load_law` once and passes the value on; nothing is cached, so that a migration holds from the next act on.
"""

from datetime import date

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.parameters.law import Law
from kernel.parameters.models import CalendarYear, ParameterRow
from kernel.parameters.table import NATIONAL, Direction, Measure, Parameter, ParameterTable
from kernel.periods import HolidayTable, Roll


async def load_table(tx: Tx) -> ParameterTable:
    """Read every row.

    Raises:
        TableFault: rows contradict each other.
    """
    rows = await tx.session.scalars(select(ParameterRow))
    return ParameterTable(_parameter(row) for row in rows)


async def load_calendar(tx: Tx) -> HolidayTable:
    """Read the calendar of all loaded years."""
    years = list(await tx.session.scalars(select(CalendarYear)))
    return HolidayTable(
        years=frozenset(year.year for year in years),
        rest_weekdays=frozenset(day for year in years for day in year.rest_weekdays),
        make_up_days=frozenset(day for year in years for day in year.make_up_days),
    )


async def load_law(tx: Tx, regime: str, registered_on: date, jurisdiction: str = NATIONAL) -> Law:
    """Read the law as one procedure meets it.

    Args:
        registered_on: the day of registration; the procedure keeps the rules it began under.
        jurisdiction: of the installation, e.g. `CN-42-10-83`; without it local rows do not hold.
    """
    return Law(await load_table(tx), await load_calendar(tx), regime, registered_on, jurisdiction)


def _parameter(row: ParameterRow) -> Parameter:
    return Parameter(
        key=row.key,
        regime=row.regime,
        value=row.value,
        unit=Measure(row.unit),
        label=row.label,
        basis=row.basis,
        rules=tuple(row.rules),
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        direction=None if row.direction is None else Direction(row.direction),
        roll=Roll(row.roll),
        variant=row.variant,
        base=row.base,
        stops=row.stops,
        jurisdiction=row.jurisdiction,
        confidence=row.confidence,
    )
