"""Imports from a table on a page: hand a file in, see every fault with its line, confirm.

What was handed in travels back in the preview's own form: nothing of it is kept before the confirmation, and the
confirmation judges it again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from litestar.datastructures import UploadFile

from kernel.csv_table import BadTable, Column, Line, Table, read_table

T = TypeVar("T")
#: Twenty thousand lines with all that they can hold.
MAX_TABLE = 16 << 20


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A line that cannot be taken, with everything that stands against it."""

    line: int
    name: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Handed(Generic[T]):
    """A table that could be read.

    Attributes:
        rows: (line in the file, draft) of the lines whose form is right.
        faults: the other lines, and what is judged wrong later, by line.
    """

    file: str
    table: Table
    digest: str
    rows: list[tuple[int, T]]
    faults: dict[int, list[str]] = field(default_factory=dict)

    def blame(self, place: int, reason: str) -> None:
        """Hold something against the row at a place (from 0)."""
        self.faults.setdefault(self.rows[place][0], []).append(reason)

    @property
    def sound(self) -> list[T]:
        """Return the drafts against which nothing stands."""
        return [draft for line, draft in self.rows if line not in self.faults]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen (templates/portal/importing.html).

    Attributes:
        effects: (words, number) of what the confirmation would do.
        text: the file's text, which the confirmation carries.
        blocked: why nothing can be confirmed; empty if it can.
    """

    file: str
    encoding: str
    digest: str
    total: int
    good: int
    effects: list[tuple[str, int]]
    faults: list[FaultRow]
    text: str
    blocked: str


async def take_table(
    data: Mapping[str, Any],
    columns: Sequence[Column],
    parse: Callable[[Line], tuple[T | None, tuple[str, ...]]],
    *,
    most: int,
) -> Handed[T]:
    """Read what a form handed in: a file (`file`), or the text that a preview carried (`text`).

    Raises:
        BadTable: nothing was handed in, or it cannot be read as a whole.
    """
    upload = data.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        name, content = upload.filename[:200], await upload.read()
    elif data.get("text"):
        name, content = str(data.get("name", ""))[:200], str(data["text"]).encode()
    else:
        raise BadTable("请选择按模板填写的 CSV 文件。")
    return await asyncio.to_thread(_take, name, content, columns, parse, most)


def preview_of(handed: Handed[Any], effects: list[tuple[str, int]], name_of: str, *, blocked: str = "") -> Preview:
    """Return the preview of a table.

    Args:
        name_of: the column whose cell tells a reader which line is meant.
    """
    names = {line.number: line.cells[name_of] for line in handed.table.lines}
    return Preview(
        file=handed.file,
        encoding=handed.table.encoding,
        digest=handed.digest,
        total=len(handed.table.lines),
        good=len(handed.table.lines) - len(handed.faults),
        effects=effects,
        faults=[FaultRow(line, names[line], tuple(reasons)) for line, reasons in sorted(handed.faults.items())],
        text=handed.table.text,
        blocked=blocked,
    )


def _take(
    name: str,
    content: bytes,
    columns: Sequence[Column],
    parse: Callable[[Line], tuple[T | None, tuple[str, ...]]],
    most: int,
) -> Handed[T]:
    table = read_table(content, columns, most=most)
    handed: Handed[T] = Handed(name, table, hashlib.sha256(content).hexdigest(), [])
    for line in table.lines:
        draft, faults = parse(line)
        if draft is None:
            handed.faults[line.number] = list(faults)
        else:
            handed.rows.append((line.number, draft))
    return handed
