"""The law as one procedure meets it: table, calendar, regime and registration date in one value.

Acts build it once and pass it to pure rules, so that no rule looks anything up elsewhere (style 8.4).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kernel.parameters.table import NATIONAL, Parameter, ParameterTable
from kernel.periods import Counted, HolidayTable, count_backward, count_forward


@dataclass(frozen=True, slots=True)
class Law:
    """Look-ups and counting under the rules of one procedure.

    Args:
        on: the registration date; a running procedure keeps the rules it began under.
    """

    table: ParameterTable
    calendar: HolidayTable
    regime: str
    on: date
    jurisdiction: str = NATIONAL

    def row(self, key: str, variant: str = "") -> Parameter:
        """Return the row that holds for this procedure."""
        return self.table.find(key, self.regime, self.on, variant=variant, jurisdiction=self.jurisdiction)

    def knows(self, key: str, variant: str = "") -> bool:
        """Tell whether the regime has such a limit in this place."""
        return self.table.knows(key, self.regime, variant=variant, jurisdiction=self.jurisdiction)

    def number(self, key: str, variant: str = "") -> Decimal:
        """Return a share, a sum or a head-count."""
        return self.row(key, variant).value

    def count(self, key: str, variant: str = "") -> int:
        """Return a head-count as an integer."""
        return self.row(key, variant).count

    def forward(self, key: str, start: date) -> Counted:
        """Count a limit from its trigger day."""
        return count_forward(start, self.row(key).period, self.calendar)

    def backward(self, key: str, deadline: date) -> Counted:
        """Count a limit back from a deadline."""
        return count_backward(deadline, self.row(key).period, self.calendar)
