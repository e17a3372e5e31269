"""Samples of the procedures' own pages, made from the procedures themselves."""

from datetime import date
from typing import Any

from kernel.parameters.law import Law
from kernel.parameters.seed import seeded_table
from kernel.periods import HolidayTable
from portal.samples.common import Row
from trading.procedures.book import Combination, combinations, definition_of
from trading.procedures.definition import ProcedureRefused
from trading.procedures.reading import Reading, read
from trading.vocabulary import JURISDICTION, LotKind, Regime, TenderMethod

_DAY = date(2026, 7, 13)


def _reading(*parts: Any) -> Reading:
    definition = definition_of(Combination(*parts), 1)
    law = Law(seeded_table(), HolidayTable.seeded(), definition.regime.value, _DAY, JURISDICTION)
    return read(definition, law)


def _page(*parts: Any) -> Row:
    found = _reading(*parts)
    return Row(
        reading=found,
        versions=[(1, f"/procedures/{found.code}?version=1", True)],
        json_href=f"/api/v1/procedures/{found.code}?version=1",
    )


def _row(item: Combination) -> Row:
    href = f"/procedures/{item.code}"
    try:
        return Row(title=definition_of(item, 1).title, code=item.code, href=href, refused="")
    except ProcedureRefused as refused:
        return Row(title=item.title, code=item.code, href=href, refused=refused.detail)


_ROWS = [_row(item) for item in combinations()]
PROCEDURES = Row(version=1, rows=[r for r in _ROWS if not r.refused], refused=[r for r in _ROWS if r.refused])

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "trading/procedures.html": {"": {"page": PROCEDURES}},
    "trading/procedure.html": {
        "": {"page": _page(Regime.ZTB, LotKind.WORKS, TenderMethod.OPEN, True)},
        "invited": {"page": _page(Regime.GP, LotKind.GOODS, TenderMethod.INVITED)},
    },
}
