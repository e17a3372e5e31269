"""The file that other calendars read, held against RFC 5545; and tables that spreadsheets open without a formula."""

from datetime import UTC, date, datetime

import pytest

from kernel.csv_table import write_table
from kernel.icalendar import CalendarEvent, escape, fold, write_calendar

NOW = datetime(2026, 7, 17, 2, 0, tzinfo=UTC)


def test_lines_are_folded_at_75_octets_and_never_inside_a_character() -> None:
    line = "SUMMARY:" + "投标截止、开标：" * 20

    pieces = list(fold(line))

    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line
    assert list(fold("x" * 75)) == ["x" * 75]
    assert list(fold("x" * 76)) == ["x" * 75, " x"]


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    assert escape("a,b;c\\d\r\nBEGIN:VEVENT\re\x00\x1b") == "a\\,b\\;c\\\\d\\nBEGIN:VEVENT\\ne"


def test_moments_are_utc_and_last_days_are_whole_days() -> None:
    moment = CalendarEvent("a@x", datetime.fromisoformat("2026-08-06T14:00:00+08:00"), "开标", "", "https://x/a")
    day = CalendarEvent("b@x", date(2026, 12, 31), "期满", "", "https://x/b")

    text = write_calendar("本单位", [moment, day], now=NOW).decode()

    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "DTSTAMP:20260717T020000Z\r\nDTSTART:20260806T060000Z\r\n" in text
    assert "DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n" in text
    with pytest.raises(ValueError, match="naive"):
        write_calendar("x", [CalendarEvent("c@x", datetime(2026, 8, 6), "", "", "")], now=NOW)  # noqa: DTZ001


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-2", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "\n@x"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    data = write_table(("名称", "x"), [(cell, "a,b")])

    assert data.startswith(b"\xef\xbb\xbf")
    body = data.decode("utf-8-sig").partition("\r\n")[2]
    assert body.lstrip('"').startswith("'")
    assert body.endswith(',"a,b"\r\n')


def test_ordinary_cells_stay_as_they_are() -> None:
    assert write_table(("甲", "乙"), [("C11-1", ""), ("3,200.00", "a=b")]).decode("utf-8-sig") == (
        '甲,乙\r\nC11-1,\r\n"3,200.00",a=b\r\n'
    )
