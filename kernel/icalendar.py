"""Calendars that other programs read: the text of an iCalendar file. Pure.

Source of the form: RFC 5545. Moments are written in UTC, so no time zone has to be described; whole days are dates.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MEDIA_TYPE = "text/calendar"
#: Most octets of a line without its end (RFC 5545, 3.1).
_WIDTH = 75


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something on a day or at a moment.

    Attributes:
        uid: the same event keeps it, so that a second import changes nothing twice.
        on: the moment, aware; or the whole day.
        url: absolute.
    """

    uid: str
    on: date | datetime
    summary: str
    description: str
    url: str


def write_calendar(name: str, events: Iterable[CalendarEvent], *, now: datetime) -> bytes:
    """Write a calendar.

    Args:
        name: what programs show as its name.
        now: when it was written, aware.

    Raises:
        ValueError: a moment without zone.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Sunlit//workbench//ZH",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{escape(name)}",
    ]
    for event in events:
        lines += _event(event, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in fold(line)).encode()


def escape(text: str) -> str:
    """Return a text as a value: backslashes, commas, semicolons and line ends are escaped, other controls dropped."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(mark for mark in kept if mark in "\n\t" or (ord(mark) >= 0x20 and ord(mark) != 0x7F))
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        kept = kept.replace(plain, written)
    return kept


def fold(line: str) -> Iterator[str]:
    """Cut a line into pieces of at most 75 octets, never inside a character; later pieces begin with a blank."""
    piece, size = "", 0
    for mark in line:
        octets = len(mark.encode())
        if size + octets > _WIDTH:
            yield piece
            piece, size = " ", 1
        piece, size = piece + mark, size + octets
    yield piece


def _event(event: CalendarEvent, now: datetime) -> list[str]:
    if isinstance(event.on, datetime):
        when = [f"DTSTART:{_utc(event.on)}"]
    else:
        after = event.on + timedelta(days=1)
        when = [f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}"]
    return [
        "BEGIN:VEVENT",
        f"UID:{escape(event.uid)}",
        f"DTSTAMP:{_utc(now)}",
        *when,
        f"SUMMARY:{escape(event.summary)}",
        f"DESCRIPTION:{escape(event.description)}",
        f"URL:{event.url}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a naive moment")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
