"""Public holidays as data: the rest days on weekdays and the make-up working days on weekends of each loaded year.

Source: the State Council General Office's yearly notices on holidays (国务院办公厅关于节假日安排的通知),
R-CNT-03, R-CNT-07, R-CNT-12. A new year is a new entry here; nothing in the code changes. A test compares every day
with an independent calendar.
"""

from datetime import date
from typing import Final

#: Weekdays on which nobody works (法定节假日 and 调休放假), as MMDD or MMDD-MMDD.
_REST: Final = {
    2024: "0101 0212-0216 0404-0405 0501-0503 0610 0916-0917 1001-1004 1007",
    2025: "0101 0128-0131 0203-0204 0404 0501-0502 0505 0602 1001-1003 1006-1008",
    2026: "0101-0102 0216-0220 0223 0406 0501 0504-0505 0619 0925 1001-1002 1005-1007",
}

#: Saturdays and Sundays on which everybody works (调休上班).
_MAKE_UP: Final = {
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}


def _days(year: int, text: str) -> frozenset[date]:
    """Spell out the days of one line of the table."""
    days: set[date] = set()
    for piece in text.split():
        first, _, last = piece.partition("-")
        start = date(year, int(first[:2]), int(first[2:]))
        end = date(year, int(last[:2]), int(last[2:])) if last else start
        days.update(date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1))
    return frozenset(days)


#: The loaded years.
LOADED_YEARS: Final = frozenset(_REST)

#: Rest days that fall on Monday to Friday.
REST_WEEKDAYS: Final = frozenset[date]().union(*(_days(year, text) for year, text in _REST.items()))

#: Working days that fall on Saturday or Sunday.
MAKE_UP_DAYS: Final = frozenset[date]().union(*(_days(year, text) for year, text in _MAKE_UP.items()))
