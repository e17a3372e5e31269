"""Canonical JSON, base64url text and instants: the only forms that are hashed or signed.

RFC 8785 (JCS) in a restricted profile: objects, arrays, strings, booleans, null, and integers up to 2^53-1. There are
no floats, so money travels as a decimal string. One value has exactly one byte form; bytes that are not that form are
refused, which alone kills duplicate names, white space, `-0`, exponents and every other order of members.

Source: RFC 8785; RFC 4648 section 5; docs/spec/canonical.md.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NoReturn

MAX_INTEGER = 2**53 - 1
#: Deeper nesting is refused by name, before an interpreter's own stack limit can turn it into an accident.
MAX_DEPTH = 128

_INSTANT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")
# The C implementation escapes exactly what RFC 8785 section 3.2.2.2 lists: the two-letter forms, \u00xx in lower case
# for the other control characters, the quotation mark and the backslash. Everything else stays as it is.
_quote = encode_basestring
#: Writes what has been read by `parse` much faster than `jcs` can write what anybody hands over.
_rewrite = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


class NotCanonical(ValueError):
    """The value or the bytes lie outside the profile.

    Attributes:
        code: `not-json` if the bytes are no JSON at all, `not-canonical` otherwise.
    """

    def __init__(self, reason: str, code: str = "not-canonical") -> None:
        super().__init__(reason)
        self.code = code


def jcs(value: Any) -> bytes:
    """Write a value in its one canonical form.

    Args:
        value: dict, list, tuple (written as an array), str, bool, int or None, nested at most `MAX_DEPTH` deep.
    Raises:
        NotCanonical: a float, an integer beyond 2^53-1, a lone surrogate, a name that is no string, another type.
    """
    parts: list[str] = []
    _write(value, parts, 0)
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise NotCanonical("a string holds a lone surrogate") from None


def parse(data: bytes) -> Any:
    """Read bytes that must be the canonical form of what they say.

    Raises:
        NotCanonical: they are not JSON, not inside the profile, or not canonical.
    """
    if not isinstance(data, bytes | bytearray):
        raise NotCanonical("bytes are expected", "not-json")
    try:
        value = json.loads(
            data.decode(), parse_int=_parse_integer, parse_float=_refuse_number, parse_constant=_refuse_constant
        )
    except NotCanonical:
        raise
    except (ValueError, RecursionError):
        raise NotCanonical("these bytes are not JSON", "not-json") from None
    if _canonical_of(value, data) != data:
        raise NotCanonical("these bytes are not the canonical form of what they say")
    return value


def _canonical_of(value: Any, data: bytes | bytearray) -> bytes:
    """Return the canonical form of a value that was read from `data`, so that its types are known to be ours.

    The order of names is that of code points unless a character beyond U+FFFF occurs, a lone surrogate needs an escape
    to get in, and nothing is nested more deeply than there are brackets; what is out of the ordinary goes the long way.
    """
    if data.count(b"{") + data.count(b"[") >= MAX_DEPTH or b"\\u" in data or _BEYOND.search(data):
        return jcs(value)
    return _rewrite(value).encode()


#: The first byte of every character beyond U+FFFF.
_BEYOND = re.compile(rb"[\xf0-\xff]")


def _write(value: Any, parts: list[str], depth: int) -> None:
    kind = type(value)
    if kind is str:
        parts.append(_quote(value))
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical("an integer is larger than 2^53-1")
        parts.append(str(value))
    elif value is None or kind is bool:
        parts.append("null" if value is None else "true" if value else "false")
    elif depth >= MAX_DEPTH:
        raise NotCanonical("the value is nested too deeply")
    elif kind is dict:
        _write_object(value, parts, depth)
    elif kind is list or kind is tuple:
        _write_array(value, parts, depth)
    else:
        raise NotCanonical(f"a value of type {kind.__name__} has no canonical form")


def _write_object(value: dict[Any, Any], parts: list[str], depth: int) -> None:
    separator = "{"
    for name in _sorted_names(value):
        parts.append(separator)
        parts.append(_quote(name))
        parts.append(":")
        _write(value[name], parts, depth + 1)
        separator = ","
    parts.append("}" if value else "{}")


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str], depth: int) -> None:
    separator = "["
    for item in value:
        parts.append(separator)
        _write(item, parts, depth + 1)
        separator = ","
    parts.append("]" if value else "[]")


def _sorted_names(value: dict[Any, Any]) -> list[str]:
    # RFC 8785 section 3.2.3 orders names by UTF-16 code units. Python orders by code points, which differs only where
    # a character beyond U+FFFF meets one between U+E000 and U+FFFF; ASCII names never need the costlier key.
    for name in value:
        if type(name) is not str:
            raise NotCanonical("the name of a member is not a string")
    if all(map(str.isascii, value)):
        return sorted(value)
    return sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))


def _parse_integer(digits: str) -> int:
    if len(digits) > 17:  # a sign and 16 digits hold 2^53-1; longer ones never reach the slow conversion
        raise NotCanonical("an integer is larger than 2^53-1")
    value = int(digits)
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise NotCanonical("an integer is larger than 2^53-1")
    return value


def _refuse_number(text: str) -> NoReturn:
    raise NotCanonical("a number is not a plain integer")


def _refuse_constant(text: str) -> NoReturn:
    raise NotCanonical("NaN and infinities are not JSON", "not-json")


def b64u_encode(data: bytes) -> str:
    """Base64url text without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_URLSAFE).rstrip(b"=").decode()


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def b64u_decode(text: object, length: int | None = None) -> bytes:
    """Bytes of canonical base64url text: right alphabet, no padding, no stray bits.

    Args:
        length: the number of bytes it must hold, if that is fixed.
    Raises:
        NotCanonical: encoding the bytes again does not give the same text, or the length is another.
    """
    if type(text) is not str:
        raise NotCanonical("base64url text is expected")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise NotCanonical("this is not base64url") from None
    if b64u_encode(data) != text:
        raise NotCanonical("this is not canonical base64url")
    if length is not None and len(data) != length:
        raise NotCanonical(f"{length} bytes are expected")
    return data


def format_time(instant: datetime) -> str:
    """Write an instant as `YYYY-MM-DDTHH:MM:SS.mmmZ`, UTC, cut (never rounded up) to the millisecond.

    Raises:
        NotCanonical: the instant carries no time zone.
    """
    if instant.tzinfo is UTC:
        return f"{instant.isoformat(timespec='milliseconds')[:-6]}Z"
    if instant.utcoffset() is None:
        raise NotCanonical("an instant needs a time zone")
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def parse_time(text: object) -> datetime:
    """Read an instant written by `format_time`.

    Raises:
        NotCanonical: another shape, or no such day or time.
    """
    match = _INSTANT.fullmatch(text) if type(text) is str else None
    if match is None:
        raise NotCanonical("an instant is written YYYY-MM-DDTHH:MM:SS.mmmZ")
    year, month, day, hour, minute, second, milli = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, milli * 1000, tzinfo=UTC)
    except ValueError:
        raise NotCanonical("there is no such instant") from None
