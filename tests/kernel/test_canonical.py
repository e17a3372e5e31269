import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    NotCanonical,
    b64u_decode,
    b64u_encode,
    format_time,
    jcs,
    parse,
    parse_time,
)

integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def nested(depth):
    return b"[" * depth + b"]" * depth


def test_members_are_sorted_by_utf16_code_units():
    # RFC 8785 section 3.2.3, the worked example (its string values replaced by short ones).
    value = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}

    assert jcs(value) == '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'.encode()


def test_strings_are_escaped_as_ecmascript_does():
    # RFC 8785 section 3.2.2.2
    every = "".join(map(chr, range(0x20))) + '"\\/\x7f\u2028\u2029€'

    assert (
        jcs(every)
        == (
            '"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
            "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f"
            '\\"\\\\/\x7f\u2028\u2029€"'
        ).encode()
    )


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-MAX_INTEGER, b"-9007199254740991"),
        (MAX_INTEGER, b"9007199254740991"),
        ("", b'""'),
        ([], b"[]"),
        ({}, b"{}"),
        ((1, "a"), b'[1,"a"]'),
        ([[], {}, [None]], b"[[],{},[null]]"),
        ({"b": [True], "a": {"": 0}}, b'{"a":{"":0},"b":[true]}'),
    ],
)
def test_values_have_one_form(value, expected):
    assert jcs(value) == expected


@given(values)
def test_a_round_trip_changes_nothing(value):
    data = jcs(value)

    assert parse(data) == value
    assert jcs(parse(data)) == data
    assert json.loads(data) == value


@given(st.dictionaries(texts, st.none(), min_size=2))
def test_the_order_is_that_of_utf16_for_any_names(value):
    names = list(json.loads(jcs(value)))

    assert names == sorted(value, key=lambda name: name.encode("utf-16-be"))


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [1.0, 0.5, float("nan"), MAX_INTEGER + 1, -MAX_INTEGER - 1, "\ud800", {"\udfff": 1}, {1: 1}, {None: 1}, b"", {1}],
)
def test_values_outside_the_profile_have_no_form(value):
    for wrapped in (value, [value], {"a": value}):
        with pytest.raises(NotCanonical):
            jcs(wrapped)


def test_subclasses_are_not_guessed_at():
    with pytest.raises(NotCanonical):
        jcs(Text("a"))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b"-0",
        b"1.0",
        b"1e3",
        b"16384.0",
        b"9007199254740992",
        b"123456789012345678901234567890",
        b"1" * 5000,
        b'"\\u0061"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\u001F"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        '{"\ufb33":1,"😀":2}'.encode(),
        nested(MAX_DEPTH + 1),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data):
    with pytest.raises(NotCanonical) as refusal:
        parse(data)
    assert refusal.value.code == "not-canonical"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"01",
        b"'a'",
        b"[1,]",
        b"NaN",
        b"-Infinity",
        b"\xef\xbb\xbf1",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"1 2",
        b'"\n"',
        nested(100_000),
        "1",
        1,
        None,
    ],
)
def test_bytes_that_are_not_json_are_refused_as_such(data):
    with pytest.raises(NotCanonical) as refusal:
        parse(data)
    assert refusal.value.code == "not-json"


def test_nesting_is_allowed_up_to_the_limit_and_no_deeper():
    assert jcs(parse(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(NotCanonical):
        jcs(endless)


@pytest.mark.parametrize(
    "data, text",
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"\xfb\xff", "-_8")],
)
def test_base64url_as_in_rfc_4648(data, text):
    # RFC 4648 section 10, without padding; the last case has both letters of the URL alphabet.
    assert b64u_encode(data) == text
    assert b64u_decode(text) == data


@given(st.binary())
def test_base64url_round_trip(data):
    assert b64u_decode(b64u_encode(data), len(data)) == data


@pytest.mark.parametrize(
    "text", ["Zg==", "Zh", "Z", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zm.v", "Ｚg", "\ud800", b"Zg", None, 5]
)
def test_other_forms_of_base64_are_refused(text):
    with pytest.raises(NotCanonical):
        b64u_decode(text)


def test_a_fixed_length_is_kept():
    with pytest.raises(NotCanonical, match="32 bytes"):
        b64u_decode("Zm9v", 32)


def test_an_instant_is_written_in_utc_and_cut_to_the_millisecond():
    instant = datetime(2026, 8, 6, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))

    assert format_time(instant) == "2026-08-06T06:00:00.999Z"
    assert format_time(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000Z"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(NotCanonical):
        format_time(datetime(2026, 8, 6))  # noqa: DTZ001


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_read_back_differs_by_less_than_a_millisecond(instant):
    back = parse_time(format_time(instant))

    assert timedelta() <= instant - back < timedelta(milliseconds=1)
    assert format_time(back) == format_time(instant)


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-06T06:00:00Z",
        "2026-08-06T06:00:00.0000Z",
        "2026-08-06T06:00:00.000+00:00",
        "2026-08-06 06:00:00.000Z",
        "2026-08-06t06:00:00.000z",
        "2026-02-30T06:00:00.000Z",
        "2026-08-06T24:00:00.000Z",
        "2026-08-06T06:00:60.000Z",
        "２026-08-06T06:00:00.000Z",
        "2026-08-06T06:00:00.000Z\n",
        "",
        None,
        1754460000,
    ],
)
def test_another_shape_of_instant_is_refused(text):
    with pytest.raises(NotCanonical):
        parse_time(text)
