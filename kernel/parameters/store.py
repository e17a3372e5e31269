"""Reads the law from the database into the immutable values that pure rules take.

An act calls `load_law` once and passes the value on. What was built from the rows is kept, and holds while the rows are
the same versions of the same rows, which is asked every time: a migration holds from the next act on.
"""

from datetime import date

import asyncpg

from kernel.db.transaction import Tx
from kernel.parameters.law import Law
from kernel.parameters.table import NATIONAL, Direction, Measure, Parameter, ParameterTable
from kernel.periods import HolidayTable, Roll

#: One text for the versions of all rows of the law, of this run of this database: equal only if they are all the same.
_VERSIONS = (
    "SELECT concat_ws('/', current_database(), pg_postmaster_start_time(),"
    " (SELECT string_agg(concat_ws(' ', ctid, xmin), ',' ORDER BY ctid) FROM kernel_parameter),"
    " (SELECT string_agg(concat_ws(' ', ctid, xmin), ',' ORDER BY ctid) FROM kernel_calendar_year))"
)
#: More than one only where a process serves several databases, as tests do.
_MOST = 4
_kept: dict[str, tuple[ParameterTable, HolidayTable]] = {}


async def load_table(tx: Tx) -> ParameterTable:
    """Return every row.

    Raises:
        TableFault: rows contradict each other.
    """
    return (await _load(tx))[0]


async def load_calendar(tx: Tx) -> HolidayTable:
    """Return the calendar of all loaded years."""
    return (await _load(tx))[1]


async def _load(tx: Tx) -> tuple[ParameterTable, HolidayTable]:
    versions = str(await tx.fetchval(_VERSIONS))
    found = _kept.get(versions)
    if found is None:
        found = await _read_table(tx), await _read_calendar(tx)
        if await tx.fetchval(_VERSIONS) == versions:  # nothing was changed between the statements
            while len(_kept) >= _MOST:
                del _kept[next(iter(_kept))]
            _kept[versions] = found
    return found


async def _read_table(tx: Tx) -> ParameterTable:
    return ParameterTable(_parameter(row) for row in await tx.fetch("SELECT * FROM kernel_parameter"))


async def _read_calendar(tx: Tx) -> HolidayTable:
    years = await tx.fetch("SELECT year, rest_weekdays, make_up_days FROM kernel_calendar_year")
    return HolidayTable(
        years=frozenset(year["year"] for year in years),
        rest_weekdays=frozenset(day for year in years for day in year["rest_weekdays"]),
        make_up_days=frozenset(day for year in years for day in year["make_up_days"]),
    )


async def load_law(tx: Tx, regime: str, registered_on: date, jurisdiction: str = NATIONAL) -> Law:
    """Read the law as one procedure meets it.

    Args:
        registered_on: the day of registration; the procedure keeps the rules it began under.
        jurisdiction: of the installation, e.g. `CN-42-10-83`; without it local rows do not hold.
    """
    table, calendar = await _load(tx)
    return Law(table, calendar, regime, registered_on, jurisdiction)


def _parameter(row: asyncpg.Record) -> Parameter:
    return Parameter(
        key=row["key"],
        regime=row["regime"],
        value=row["value"],
        unit=Measure(row["unit"]),
        label=row["label"],
        basis=row["basis"],
        rules=tuple(row["rules"]),
        effective_from=row["effective_from"],
        effective_to=row["effective_to"],
        direction=None if row["direction"] is None else Direction(row["direction"]),
        roll=Roll(row["roll"]),
        variant=row["variant"],
        base=row["base"],
        stops=row["stops"],
        jurisdiction=row["jurisdiction"],
        confidence=row["confidence"],
    )
