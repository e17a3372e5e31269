"""Rows of a form that people add, remove and move: the scoring grid and the items of the preliminary review.

Works without a script: each button of a row submits the form with `edit`, which changes the rows and nothing else. With
one, `grid.js` does the same in the page. Rows stand in the form as `criteria-0-code`, `criteria-1-code`, …
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.parameters.law import Law
from trading.criteria import plain, total_of
from trading.lot_view import Criterion, ReviewItem
from trading.pages.common import Form
from trading.vocabulary import Limit

#: More rows than anybody scores by hand; a form with more is cut.
MOST_ROWS = 80
_NAME = re.compile(r"(criteria|review_items)-(\d{1,3})-([a-z]+)")
_EDIT = re.compile(r"(criteria|review_items):(add|drop|up|down)(?::(\d{1,3}))?")
_FAULT = re.compile(r"(criteria|review_items)\.(\d+)\.([a-z]+)")

KINDS = [("subjective", "主观分"), ("objective", "客观分"), ("price", "价格分")]
GROUPS = [("technical", "技术"), ("business", "商务"), ("price", "价格")]
REVIEW_GROUPS = [("form", "形式评审"), ("qualification", "资格评审"), ("response", "响应性评审")]
#: The members of a row, with what a new one begins with.
_EMPTY = {
    "criteria": {
        "code": "",
        "name": "",
        "kind": "subjective",
        "max": "",
        "group": "technical",
        "hint": "",
        "evidence": "",
    },
    "review_items": {"code": "", "name": "", "group": "response", "article": ""},
}
#: What somebody has to type before a row counts.
_TYPED = ("code", "name", "max", "hint", "evidence", "article")


@dataclass(frozen=True, slots=True)
class Grid:
    """What the template needs of the rows.

    Attributes:
        criteria, review_items: how many rows there are.
        total, price: sum of all points and of the price, as text.
        full: what the law wants as the sum.
    """

    criteria: int
    review_items: int
    total: str
    price: str
    full: str


def fill(values: dict[str, Any], name: str, items: Iterable[Criterion | ReviewItem]) -> None:
    """Write items into a form's values."""
    rows = [{member: str(getattr(item, member)) for member in _EMPTY[name]} for item in items]
    _write(values, name, rows)


def edit(values: dict[str, Any], order: str) -> bool:
    """Change the rows as a button says: `criteria:add`, `criteria:drop:2`, `review_items:up:1`.

    Returns:
        False if the order is none.
    """
    match = _EDIT.fullmatch(order)
    if match is None:
        return False
    name, verb, place = match[1], match[2], int(match[3] or 0)
    rows = _rows(values, name)
    if verb == "add":
        rows.append(dict(_EMPTY[name]))
    elif place < len(rows):
        row = rows.pop(place)
        if verb != "drop":
            rows.insert(max(0, place + (1 if verb == "down" else -1)), row)
    _write(values, name, rows)
    return True


def tidy(values: dict[str, Any]) -> None:
    """Leave out rows in which nothing was typed, and number the others anew, so that faults find their places."""
    for name in _EMPTY:
        _write(
            values, name, [row for row in _rows(values, name) if any(row[member] for member in _TYPED if member in row)]
        )


def criteria_of(values: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """Read the scoring grid."""
    return tuple(Criterion(**row) for row in _rows(values, "criteria"))


def review_items_of(values: Mapping[str, Any]) -> tuple[ReviewItem, ...]:
    """Read the items of the preliminary review."""
    return tuple(ReviewItem(**row) for row in _rows(values, "review_items"))


def rename(form: Form) -> None:
    """Let faults of the acts (`criteria.2.max`) stand beside the fields of the form (`criteria-2-max`)."""
    form.errors = {_FAULT.sub(r"\1-\2-\3", field): text for field, text in form.errors.items()}


def grid_of(values: Mapping[str, Any], law: Law) -> Grid:
    """Return what the template needs."""
    criteria = criteria_of(values)
    price = total_of([item for item in criteria if item.kind == "price"])
    full = plain(law.number(Limit.SCORE_TOTAL))
    return Grid(len(criteria), len(_rows(values, "review_items")), plain(total_of(criteria)), plain(price), full)


def _rows(values: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for field, value in values.items():
        match = _NAME.fullmatch(field)
        if match and match[1] == name and match[3] in _EMPTY[name]:
            found.setdefault(int(match[2]), dict.fromkeys(_EMPTY[name], ""))[match[3]] = str(value).strip()
    return [found[at] for at in sorted(found)][:MOST_ROWS]


def _write(values: dict[str, Any], name: str, rows: Sequence[Mapping[str, str]]) -> None:
    for field in [field for field in values if field.startswith(f"{name}-") and _NAME.fullmatch(field)]:
        del values[field]
    for at, row in enumerate(rows[:MOST_ROWS]):
        values.update({f"{name}-{at}-{member}": value for member, value in row.items()})
