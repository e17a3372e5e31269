"""A technical part without names: everything that may tell whose it is is found, and nothing is where nothing is.

Source: docs/spec/blind.md.
"""

import re

import pytest

from bidding.blindness import KINDS, LIMITS, MOST_FILE, WORDS, Trace, find_traces, plain
from tests.factories.blind_files import CASES, IDENTITY, pdf


@pytest.mark.parametrize("case", CASES)
def test_what_a_file_tells_is_found(case: str) -> None:
    name, data, expected = CASES[case]

    found = find_traces(name, data, IDENTITY)

    assert [(one.where, one.code, one.what) for one in found] == expected


def test_every_finding_has_a_case_and_says_what_to_do() -> None:
    shown = {code for _, _, rows in CASES.values() for _, code, _ in rows}
    assert shown == set(WORDS)
    assert {what for _, _, rows in CASES.values() for _, _, what in rows if what} == set(KINDS)
    for code in WORDS:
        assert re.search("请", Trace("", code, "name").words)
        assert "{" not in Trace("a.pdf", code, "name").words
    assert "图片" in LIMITS


def test_another_bidders_name_is_nobodys_business_here() -> None:
    name, data, _ = CASES["the bidder as author"]
    assert [one.code for one in find_traces(name, data, {"name": "陕西恒算科技股份有限公司", "phone": ""})] == [
        "office-core"
    ]


def test_a_file_that_is_too_large_is_called_unread() -> None:
    assert find_traces("a.pdf", pdf() + bytes(MOST_FILE), IDENTITY) == [Trace("", "unread")]


def test_width_and_blanks_hide_nothing() -> None:
    assert plain("ＭＡ６　U8 k") == "ma6u8k"
