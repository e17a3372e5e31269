"""The forms of a bid: what is read out at the opening. Pure.

Canonical JSON that names lot, bidder and price; further members (texts and whole numbers) are read out as they are.
Where a bid comes in two envelopes, the first holds a letter: the same without the price, and none may be in it.

Source: 招投法 36 (投标人名称、投标价格和投标文件的其他主要内容); docs/spec/sealing.md, "Form".
"""

from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, parse
from kernel.money import BadAmount, Money

_COMMON = {"v", "type", "tender", "lot", "bidder_name", "uscc"}
PRICE = "price"
#: More than this is no form.
MAX_BYTES = 64 * 1024
MAX_TEXT = 2000


class FormError(ValueError):
    """The decrypted form is not one for this lot and bidder; the text says which member."""


@dataclass(frozen=True, slots=True)
class BidForm:
    """A checked form.

    Attributes:
        content: everything the bidder wrote.
    """

    content: dict[str, Any]
    price: Money


@dataclass(frozen=True, slots=True)
class BidLetter:
    """A checked letter of the first envelope.

    Attributes:
        content: everything the bidder wrote; there is no price.
    """

    content: dict[str, Any]


def check_form(data: bytes, *, tender: str, lot: str, uscc: str) -> BidForm:
    """Check a decrypted form against the lot and the organisation that registered for it.

    Raises:
        FormError: not canonical JSON, of another lot or company, or without a price above zero.
    """
    content = _checked(data, "bid.form", {"tender": tender, "lot": lot, "uscc": uscc}, _COMMON | {PRICE})
    return BidForm(content, _price(content[PRICE]))


def check_letter(data: bytes, *, tender: str, lot: str, uscc: str) -> BidLetter:
    """Check a decrypted letter in the same way.

    Raises:
        FormError: as for a form; `price` if it names one: that belongs into the second envelope.
    """
    content = _checked(data, "bid.letter", {"tender": tender, "lot": lot, "uscc": uscc}, _COMMON)
    if PRICE in content:
        raise FormError(PRICE)
    return BidLetter(content)


def _checked(data: bytes, kind: str, place: dict[str, str], required: set[str]) -> dict[str, Any]:
    try:
        content = parse(data) if len(data) <= MAX_BYTES else None
    except NotCanonical:
        raise FormError("json") from None
    if not isinstance(content, dict) or not content.keys() >= required:
        raise FormError("members")
    if type(content["v"]) is not int or content["v"] != 1 or content["type"] != kind:
        raise FormError("type")
    for name, expected in place.items():
        if content[name] != expected:
            raise FormError(name)
    for name, value in content.items():
        if type(value) not in (str, int) or (type(value) is str and len(value) > MAX_TEXT):
            raise FormError(name)
    return content


def _price(text: Any) -> Money:
    try:
        price = Money.parse(text) if type(text) is str else None
    except BadAmount:
        price = None
    if price is None or price.fen <= 0 or str(price) != text:
        raise FormError("price")
    return price
