"""Every rule that is cited stands in the rule book, and the matrix names code and tests."""

from pathlib import Path

import pytest

from kernel.parameters.seed import SEED
from portal.law_matrix import BOOK, LATER, Evidence, cited, collect, main, matrix, read_book, unknown


def test_every_cited_rule_is_in_the_book():
    strangers = unknown(collect(), read_book())

    assert {rule: evidence.code + evidence.tests for rule, evidence in strangers.items()} == {}


def test_every_parameter_has_a_rule_of_the_book():
    book = read_book()

    assert all(rule in book for row in SEED for rule in row.rules)


def test_what_is_called_not_covered_is_a_rule_that_no_test_names():
    found = collect()

    assert set(LATER) <= set(read_book())
    assert [rule for rule in LATER if rule in found and found[rule].tests] == []


def test_spans_are_written_out_and_longer_numbers_are_no_ids():
    assert cited("see R-CNT-01 to R-CNT-03, R-THR-07.") == {"R-CNT-01", "R-CNT-02", "R-CNT-03", "R-THR-07"}
    assert cited("R-CNT-100, r-cnt-01, XR-1") == frozenset()


#: Rules of an invented book; put together here, so that this file itself cites nothing unknown.
ONE, TWO, THREE, STRANGER = ("R-" + name for name in ("AAA-01", "AAA-02", "AAA-03", "BBB-01"))

ROOM = f'''"""A room ({ONE})."""

# Source: {STRANGER}
@deco
def act():
    """Do. Source: {ONE} to
    {TWO}"""
'''


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """A house with one room, one test and a book of two rules."""
    (tmp_path / "docs/law").mkdir(parents=True)
    (tmp_path / BOOK).write_text(f"| id | rule |\n|---|---|\n| {ONE} | One | x |\n| {TWO} | Two | y |\n")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/room.py").write_text(ROOM)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_room.py").write_text(f"# {ONE}\ndef test_act():\n    pass\n")
    return tmp_path


def test_citations_are_found_with_their_place(small_house):
    found = collect(small_house)

    assert found[ONE].code == ["kernel/room.py", "kernel/room.py::act"]
    assert found[ONE].tests == ["tests/test_room.py::test_act"]
    assert found[TWO].code == ["kernel/room.py::act"]
    assert found[STRANGER].code == ["kernel/room.py::act"]


def test_a_stranger_is_named(small_house):
    found = {rule: evidence for rule, evidence in collect(small_house).items() if not evidence.parameters}

    assert set(unknown(found, read_book(small_house))) == {STRANGER}


def test_the_matrix_lists_rules_without_a_test_and_rules_not_cited():
    found = {ONE: Evidence(code=["a.py::f"], tests=["t.py::g"]), TWO: Evidence(parameters=["ZTB x"])}

    text = matrix(found, {ONE: "One", TWO: "Two", THREE: "Three"})

    table, untested, uncited, later = text.split("## ")
    assert f"| {ONE} | `a.py::f` | – | `t.py::g` |" in table
    assert f"| {TWO} | – | `ZTB x` | – |" in table
    assert TWO in untested
    assert ONE not in untested
    assert uncited.split() == ["Not", "cited", "yet", THREE]
    assert later.split() == ["Not", "covered,", "and", "why"]  # none of these is in this book


def test_the_check_passes_from_the_command_line():
    assert main(["--check"]) == 0
