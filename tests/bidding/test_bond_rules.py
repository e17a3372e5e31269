"""What a declared bond must be, when it goes back: R-THR-07, R-THR-08, R-TIME-10, R-TIME-11, R-TIME-23, R-GP-09."""

from dataclasses import replace
from datetime import date

import pytest

from bidding.bond_rules import (
    BondForm,
    Declared,
    Ending,
    alike,
    check_declared,
    return_after_award,
    return_by,
    validity_end,
)
from kernel.money import Money
from kernel.parameters.law import Law
from tests.factories.trading import at
from tests.trading.laws import GP, ZTB

BIDDER, UNTIL, REQUIRED = "江城数据设备有限公司", date(2026, 11, 4), Money.parse("80000.00")
SOUND = Declared(BondForm.TRANSFER, REQUIRED, BIDDER, True, "示例银行", "20260801001", UNTIL)


def test_a_bonds_validity_reaches_the_end_of_the_bids() -> None:
    assert validity_end(at("2026-08-06 14:00"), 90) == UNTIL


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({}, None, None),
        ({"amount": Money.parse("79999.99")}, "amount", "R-THR-07"),
        ({"valid_until": date(2026, 11, 3)}, "valid_until", "R-TIME-11"),
        ({"payer_name": "三镇信息技术有限公司"}, "payer_name", "R-THR-08"),
        ({"from_basic_account": False}, "payer_account", "R-THR-08"),
        ({"form": BondForm.GUARANTEE, "from_basic_account": False, "payer_name": "示例银行"}, None, None),
    ],
)
def test_what_keeps_a_bond_from_counting_is_named(
    changes: dict[str, object], field: str | None, rule: str | None
) -> None:
    found = check_declared(replace(SOUND, **changes), REQUIRED, BIDDER, UNTIL, ZTB, mandatory=True)

    assert [(item.field, item.rule) for item in found] == ([] if field is None else [(field, rule)])


def test_the_basic_account_is_asked_for_only_where_the_law_wants_a_tender() -> None:
    other = replace(SOUND, from_basic_account=False)

    assert check_declared(other, REQUIRED, BIDDER, UNTIL, ZTB, mandatory=False) == ()
    assert check_declared(other, REQUIRED, BIDDER, UNTIL, GP, mandatory=False) == ()


def test_payments_from_one_account_are_a_signal() -> None:
    payers = [("乙公司", b"1"), ("甲公司", b"1"), ("丙公司", b"2"), ("丁公司", None), ("戊公司", None)]

    assert alike(payers) == [("乙公司", "甲公司")]
    assert alike([("甲公司", b"1"), ("甲公司", b"1")]) == []


@pytest.mark.parametrize(
    ("ending", "on", "law", "last"),
    [
        (Ending.WITHDRAWN, date(2026, 7, 20), ZTB, date(2026, 7, 27)),  # five days end on a Saturday
        (Ending.CONTRACTED, date(2026, 8, 17), ZTB, date(2026, 8, 24)),
        (Ending.TERMINATED, date(2026, 8, 17), ZTB, date(2026, 8, 24)),
        (Ending.AWARDED, date(2026, 8, 17), GP, date(2026, 8, 24)),
        (Ending.CONTRACTED, date(2026, 8, 17), GP, date(2026, 8, 24)),
    ],
)
def test_a_bond_goes_back_in_time(ending: Ending, on: date, law: object, last: date) -> None:
    assert return_by(ending, on, law) == last


@pytest.mark.parametrize(
    ("law", "won", "signed_on", "last"),
    [
        (ZTB, True, None, None),
        (ZTB, False, None, None),  # both wait for the contract
        (ZTB, True, date(2026, 8, 24), date(2026, 8, 31)),  # five days end on a Saturday
        (ZTB, False, date(2026, 8, 24), date(2026, 8, 31)),
        (GP, True, None, None),
        (GP, True, date(2026, 8, 24), date(2026, 8, 31)),
        (GP, False, None, date(2026, 8, 21)),  # from the award notice, five working days
        (GP, False, date(2026, 8, 24), date(2026, 8, 21)),
    ],
)
def test_after_an_award_a_bond_waits_for_the_contract_but_not_that_of_a_losing_supplier(
    law: Law, won: bool, signed_on: date | None, last: date | None
) -> None:
    """R-TIME-23, R-GP-09."""
    assert return_after_award(law, won=won, notified_on=date(2026, 8, 14), signed_on=signed_on) == last
