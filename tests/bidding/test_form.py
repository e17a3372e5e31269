"""The form that is read out: what it must say, and what puts a bid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.form import MAX_BYTES, FormError, check_form
from kernel.canonical import jcs

FORM = {
    "v": 1,
    "type": "bid.form",
    "tender": "C1100000189017141002",
    "lot": "001",
    "bidder_name": "示例公司",
    "uscc": "91350100M000100Y43",
    "price": "2986400.00",
    "period": "30 日",
    "valid_days": 90,
}
EXPECTED = {"tender": FORM["tender"], "lot": "001", "uscc": FORM["uscc"]}


def test_a_form_is_read_with_everything_in_it():
    form = check_form(jcs(FORM), **EXPECTED)

    assert (form.price.fen, form.content) == (298_640_000, FORM)


@given(st.integers(min_value=1, max_value=10**14))
def test_every_price_to_the_fen_is_read_exactly(fen):
    text = f"{fen // 100}.{fen % 100:02d}"

    assert check_form(jcs({**FORM, "price": text}), **EXPECTED).price.fen == fen


@pytest.mark.parametrize(
    "price", ["0.00", "-1.00", "1", "1.0", "1.000", "01.00", "1e3", "１.00", "1,000.00", "", " 1.00", 1, None]
)
def test_what_is_no_price_puts_the_bid_out(price):
    with pytest.raises(FormError):
        check_form(jcs({**FORM, "price": price}), **EXPECTED)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"tender": "other"}, "tender"),
        ({"lot": "002"}, "lot"),
        ({"uscc": "91110000802100433B"}, "uscc"),
        ({"type": "bid.other"}, "type"),
        ({"v": 2}, "type"),
        ({"v": True}, "type"),
        ({"extra": ["a list"]}, "extra"),
        ({"extra": None}, "extra"),
        ({"extra": True}, "extra"),
        ({"extra": "x" * 2001}, "extra"),
    ],
)
def test_another_lot_or_company_or_shape_is_named(change, said):
    with pytest.raises(FormError, match=f"^{said}$"):
        check_form(jcs({**FORM, **change}), **EXPECTED)


@pytest.mark.parametrize("missing", ["v", "type", "tender", "lot", "bidder_name", "uscc", "price"])
def test_a_missing_member_is_refused(missing):
    form = {name: value for name, value in FORM.items() if name != missing}

    with pytest.raises(FormError, match=r"^members$"):
        check_form(jcs(form), **EXPECTED)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", jcs(FORM) + b" ", b"%PDF-1.7", b"\xff", b'{"v":1.0}'])
def test_what_is_no_canonical_object_is_refused(data):
    with pytest.raises(FormError):
        check_form(data, **EXPECTED)


def test_a_huge_form_is_not_even_parsed():
    with pytest.raises(FormError, match=r"^members$"):
        check_form(jcs({**FORM, "period": "x" * MAX_BYTES}), **EXPECTED)
