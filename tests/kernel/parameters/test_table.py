"""The dated table: look-ups, refusals, and faults of the data (R-META-01, R-META-02)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.parameters.table import (
    Direction,
    Measure,
    NotAPeriod,
    Parameter,
    ParameterNotInForce,
    ParameterTable,
    ParameterUnknown,
    TableFault,
)
from kernel.periods import Period, Roll, Unit

OLD = Parameter(
    key="publicity",
    regime="ZTB",
    value=Decimal(3),
    unit=Measure.CALENDAR_DAY,
    label="公示期",
    basis="条例54",
    rules=("R-TIME-15",),
    effective_from=date(2012, 2, 1),
    effective_to=date(2025, 7, 1),
    direction=Direction.MIN,
    roll=Roll.NEXT_WORKING_DAY,
)
NEW = replace(OLD, value=Decimal(5), effective_from=date(2025, 7, 1), effective_to=None)
LOCAL = replace(NEW, value=Decimal(7), jurisdiction="CN-42")
SHARE = replace(OLD, key="cap", value=Decimal(2), unit=Measure.PERCENT, direction=None, roll=Roll.NONE)
COMMON = replace(OLD, key="result", regime="SUPERVISION")
TABLE = ParameterTable([OLD, NEW, LOCAL, SHARE, COMMON])


def test_a_procedure_keeps_the_value_of_its_registration_day():
    assert TABLE.find("publicity", "ZTB", date(2025, 6, 30)) is OLD
    assert TABLE.find("publicity", "ZTB", date(2025, 7, 1)) is NEW


def test_the_nearest_jurisdiction_wins_and_foreign_ones_do_not_count():
    on = date(2025, 8, 1)

    assert TABLE.find("publicity", "ZTB", on, jurisdiction="CN-42-10") is LOCAL
    assert TABLE.find("publicity", "ZTB", on, jurisdiction="CN-42") is LOCAL
    assert TABLE.find("publicity", "ZTB", on, jurisdiction="CN-421") is NEW
    assert TABLE.find("publicity", "ZTB", on, jurisdiction="CN-53") is NEW
    assert TABLE.find("publicity", "ZTB", date(2025, 1, 1), jurisdiction="CN-42") is OLD


def test_common_rows_hold_in_every_regime():
    assert TABLE.find("result", "ZTB", date(2020, 1, 1)) is COMMON
    assert TABLE.find("result", "GP", date(2020, 1, 1)) is COMMON


def test_what_is_not_there_is_refused_with_the_reason():
    with pytest.raises(ParameterUnknown, match="没有名为“nothing”"):
        TABLE.find("nothing", "ZTB", date(2025, 1, 1))
    with pytest.raises(ParameterUnknown, match="不适用于GP，只适用于ZTB"):
        TABLE.find("publicity", "GP", date(2025, 1, 1))
    with pytest.raises(ParameterUnknown, match="不分类别"):
        TABLE.find("publicity", "ZTB", date(2025, 1, 1), variant="works")
    with pytest.raises(ParameterNotInForce, match="2012-01-31"):
        TABLE.find("publicity", "ZTB", date(2012, 1, 31))
    with pytest.raises(ParameterNotInForce):
        TABLE.find("cap", "ZTB", date(2025, 7, 1))


def test_the_table_tells_whether_a_limit_exists_in_a_place():
    assert TABLE.knows("publicity", "ZTB")
    assert TABLE.knows("result", "GP")
    assert not TABLE.knows("publicity", "GP")
    assert not TABLE.knows("publicity", "ZTB", variant="works")
    only_local = ParameterTable([LOCAL])
    assert only_local.knows("publicity", "ZTB", jurisdiction="CN-42-10")
    assert not only_local.knows("publicity", "ZTB", jurisdiction="CN-53")


def test_only_lengths_of_time_are_periods():
    assert OLD.period == Period(3, Unit.CALENDAR_DAY, Roll.NEXT_WORKING_DAY)
    with pytest.raises(NotAPeriod):
        _ = SHARE.period


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([OLD, replace(NEW, effective_from=date(2025, 6, 30))], id="overlap of one day"),
        pytest.param([NEW, replace(NEW, effective_from=date(2030, 1, 1))], id="the first never ends"),
        pytest.param([replace(OLD, effective_to=OLD.effective_from)], id="never in force"),
        pytest.param([replace(OLD, direction=None)], id="a period without a direction"),
        pytest.param([replace(SHARE, direction=Direction.MAX)], id="a share with a direction"),
        pytest.param([replace(OLD, value=Decimal(0))], id="no length"),
        pytest.param([replace(OLD, value=Decimal("1.5"))], id="a broken period"),
    ],
)
def test_faulty_data_is_found_when_the_table_is_built(rows):
    with pytest.raises(TableFault):
        ParameterTable(rows)


@given(
    cuts=st.lists(st.integers(0, 3000), min_size=2, max_size=6, unique=True),
    day=st.integers(-10, 3010),
    order=st.randoms(use_true_random=False),
)
def test_exactly_one_row_answers_inside_the_covered_time(cuts, day, order):
    origin = date(2015, 1, 1)
    cuts.sort()
    ends = [origin + timedelta(days=cut) for cut in cuts]
    rows = [
        replace(OLD, value=Decimal(n + 1), effective_from=ends[n], effective_to=ends[n + 1])
        for n in range(len(cuts) - 1)
    ]
    expected = [
        row for row in rows if row.effective_from <= origin + timedelta(days=day) < (row.effective_to or origin)
    ]
    order.shuffle(rows)
    table = ParameterTable(rows)

    if expected:
        assert table.find("publicity", "ZTB", origin + timedelta(days=day)) is expected[0]
    else:
        with pytest.raises(ParameterNotInForce):
            table.find("publicity", "ZTB", origin + timedelta(days=day))
