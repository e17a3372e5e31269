"""Tables that people fill in and hand in as CSV: read with every fault and its line, or refused with the reason. Pure.

Spreadsheets write UTF-8 with a mark, GB18030 (GBK and GB 2312 are parts of it) or UTF-16, with commas, semicolons or
tabs; all are read. Columns are found by their headings, in any order. Source of the form: RFC 4180.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernel.credit_code import half_width

#: Lines beginning so are explanations of the template and are not read.
EXAMPLE = "示例："
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB18030"}
#: What spreadsheets make of long numbers; digits are lost, nothing can be put right.
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
_MOST_IN_CELL = 20_000
#: Marks with which a spreadsheet program begins a formula, of either width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name in code, its heading, what stands in it."""

    key: str
    heading: str
    note: str
    example: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file that holds something.

    Attributes:
        number: as an editor counts, from 1; the heading is line 1.
        cells: by the columns' keys; a missing cell is empty.
    """

    number: int
    cells: Mapping[str, str]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that could be read."""

    encoding: str
    text: str
    lines: tuple[Line, ...]


class BadTable(ValueError):
    """The file as a whole cannot be read; the message says what to do, in Chinese."""


def read_table(data: bytes, columns: Sequence[Column], *, most: int) -> Table:
    """Read a file.

    Raises:
        BadTable: unknown encoding, no heading, headings that are missing or stand twice, nothing below them, or more
            than `most` lines.
    """
    encoding, text = _decode(data)
    rows = _rows(text)
    if not rows:
        raise BadTable("文件是空的，请按模板填写。")
    (_, heading), *below = rows
    places = _places(heading, columns)
    lines = []
    for number, row in below:
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith(EXAMPLE):
            continue
        lines.append(_line(number, cells, len(heading), places, columns))
        if len(lines) > most:
            raise BadTable(f"一次最多导入 {most} 行，请分成几个文件。")
    if not lines:
        raise BadTable("表头下面没有数据，请按模板填写。")
    return Table(_NAMES[encoding], text, tuple(lines))


def write_template(columns: Sequence[Column]) -> bytes:
    """Return an empty table with one line that explains it; UTF-8 with a mark, so that spreadsheets open it right."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.heading for column in columns])
    examples = [column.example for column in columns]
    writer.writerow([EXAMPLE + examples[0], *examples[1:]])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table for people: UTF-8 with a mark; no cell is taken for a formula by a spreadsheet program.

    A cell that begins like a formula gets the mark of text before it, as spreadsheets write it themselves.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (headings, *rows):
        writer.writerow(
            [
                f"'{cell}" if cell.lstrip().startswith(_FORMULA) or (cell[:1] in "\t\r\n" and cell) else cell
                for cell in row
            ]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def plain_code(text: str) -> str:
    """Return a code as it is kept: half width, upper case, without blanks and the mark with which text cells begin."""
    return "".join(half_width(text).split()).lstrip("'").upper()


def split_list(text: str) -> list[str]:
    """Return the parts of a cell that holds several, between semicolons of either width or line ends."""
    return [part.strip() for part in re.split(r"[;；\n]", text) if part.strip()]


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return encoding, data.decode(encoding)
            except UnicodeDecodeError as error:
                raise BadTable(f"文件不是完整的 {_NAMES[encoding]} 文本，请重新另存为 CSV。") from error
    for encoding in ("utf-8", "gb18030"):
        try:
            return encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadTable("文件编码无法识别，请另存为“CSV UTF-8”或 GB18030 编码的 CSV，不要直接上传表格文件。")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of every record; a record may reach over several lines."""
    if "\0" in text:
        raise BadTable("文件不是文本，请另存为 CSV 后上传，不要直接上传表格文件。")
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            if row or rows:
                rows.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        raise BadTable(f"第 {start} 行起的引号或单元格有误，无法继续读取。") from error
    while rows and not any(rows[-1][1]):
        rows.pop()
    return rows


def _places(heading: list[str], columns: Sequence[Column]) -> dict[str, int]:
    found = [half_width(cell).strip() for cell in heading]
    known = {half_width(column.heading): column.key for column in columns}
    missing = [column.heading for column in columns if column.required and half_width(column.heading) not in found]
    if missing:
        raise BadTable(f"表头缺少：{'、'.join(missing)}。请使用模板的表头。")
    foreign = [cell for cell in found if cell and cell not in known]
    if foreign:
        raise BadTable(f"表头有不认识的列：{'、'.join(foreign[:5])}。请使用模板的表头。")
    twice = sorted({cell for cell in found if cell and found.count(cell) > 1})
    if twice:
        raise BadTable(f"表头重复：{'、'.join(twice)}。")
    return {known[cell]: place for place, cell in enumerate(found) if cell}


def _line(number: int, cells: list[str], width: int, places: Mapping[str, int], columns: Sequence[Column]) -> Line:
    found = {
        column.key: cells[places[column.key]] if column.key in places and places[column.key] < len(cells) else ""
        for column in columns
    }
    faults = []
    if len(cells) > width and any(cells[width:]):
        faults.append("单元格多于表头，请检查多余的逗号。")
    for column in columns:
        cell = found[column.key]
        if column.required and not cell:
            faults.append(f"{column.heading}不能为空。")
        elif _SCIENTIFIC.fullmatch(cell):
            faults.append(f"{column.heading}被表格软件改成了科学计数法，请把该列设为文本后重新填写。")
        elif len(cell) > _MOST_IN_CELL:
            faults.append(f"{column.heading}过长。")
    return Line(number, found, tuple(faults))
