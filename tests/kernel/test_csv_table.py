"""Tables as people's spreadsheets write them. Source of the form: RFC 4180."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.csv_table import BadTable, Column, plain_code, read_table, split_list, write_template

COLUMNS = (
    Column("name", "姓名", "", "张三"),
    Column("code", "信用代码（18位）", "", "9142"),
    Column("note", "备注", "", "", required=False),
)
ROWS = "姓名,信用代码（18位）,备注\r\n张三,91420100MA4KX1Y2X3,甲\r\n李四㐂,91420100MA4KX1Y2X4,\r\n"


def names(data: bytes, most: int = 100) -> list[str]:
    return [line.cells["name"] for line in read_table(data, COLUMNS, most=most).lines]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"), ("utf-16", "UTF-16")],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(encoding: str, told: str, delimiter: str) -> None:
    table = read_table(ROWS.replace(",", delimiter).encode(encoding), COLUMNS, most=100)

    assert table.encoding == told
    assert [(line.number, dict(line.cells), line.faults) for line in table.lines] == [
        (2, {"name": "张三", "code": "91420100MA4KX1Y2X3", "note": "甲"}, ()),
        (3, {"name": "李四㐂", "code": "91420100MA4KX1Y2X4", "note": ""}, ()),
    ]


def test_columns_are_found_by_their_headings_whatever_their_width_and_order() -> None:
    assert names("备注,信用代码(18位),姓名\nx,9,王五\n".encode()) == ["王五"]
    assert names("信用代码（18位）,姓名\n9,王五\n".encode()) == ["王五"]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = '姓名,信用代码（18位）,备注\n张三,1,"两行\n的备注"\n\n,,\n李四,2,\n'
    lines = read_table(text.encode(), COLUMNS, most=9).lines

    assert [(line.number, line.cells["name"]) for line in lines] == [(2, "张三"), (6, "李四")]
    assert lines[0].cells["note"] == "两行\n的备注"


def test_faults_of_a_line_are_told_together_and_spare_the_others() -> None:
    text = "姓名,信用代码（18位）,备注\n,9.142E+17,\n张三,1,a,b\n李四,2\n"
    first, second, third = read_table(text.encode(), COLUMNS, most=9).lines

    assert len(first.faults) == 2
    assert "不能为空" in first.faults[0]
    assert "科学计数法" in first.faults[1]
    assert second.faults == ("单元格多于表头，请检查多余的逗号。",)
    assert third.faults == ()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "空的"),
        ("姓名,信用代码（18位）\n".encode(), "没有数据"),
        ("姓名,备注\n张三,x\n".encode(), "缺少：信用代码"),
        ("姓名,信用代码（18位）,工龄\n张三,1,2\n".encode(), "不认识的列：工龄"),
        ("姓名,姓名,信用代码（18位）\na,b,1\n".encode(), "重复：姓名"),
        (b"PK\x03\x04\x00\x00" + bytes(40), "不要直接上传表格文件"),
        (b"\xff\xff\xff\xff", "编码无法识别"),
        (b"\xff\xfe\x00", "UTF-16"),
        (ROWS.encode() + "王五,1,\r\n".encode() * 3, "最多导入 3 行"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_words(data: bytes, word: str) -> None:
    with pytest.raises(BadTable, match=word):
        read_table(data, COLUMNS, most=3)


def test_the_template_is_read_back_as_empty_and_opens_in_spreadsheets() -> None:
    template = write_template(COLUMNS)

    assert template.startswith(b"\xef\xbb\xbf")
    with pytest.raises(BadTable, match="没有数据"):
        read_table(template, COLUMNS, most=9)
    assert names(template + "赵六,1,\r\n".encode()) == ["赵六"]


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30), min_size=1, max_size=5)
)
def test_whatever_stands_in_a_cell_comes_back(cells: list[str]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["姓名", "信用代码（18位）", "备注"])
    for cell in cells:
        writer.writerow(["x" + cell, "1", cell])

    lines = read_table(out.getvalue().encode(), COLUMNS, most=100).lines

    assert [line.cells["note"] for line in lines] == [cell.strip() for cell in cells]


@given(st.binary(max_size=300))
def test_hostile_bytes_are_read_or_refused_never_a_fault_of_ours(data: bytes) -> None:
    with contextlib.suppress(BadTable):
        read_table(data, COLUMNS, most=10)


def test_codes_and_lists_are_taken_as_people_type_them() -> None:
    assert plain_code(" ９１42 0100ma4kx1y2x3 ") == "91420100MA4KX1Y2X3"
    assert plain_code("'420106") == "420106"
    assert split_list("A0801；B0133; ;\nC05") == ["A0801", "B0133", "C05"]
