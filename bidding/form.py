"""The form of a bid: what is read out at the opening. Pure.

Canonical JSON that names lot, bidder and price; further members (texts and whole numbers) are read out as they are.

Source: 招投法 36 (投标人名称、投标价格和投标文件的其他主要内容); docs/spec/sealing.md, "Form".
"""

from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, parse
from kernel.money import BadAmount, Money

_REQUIRED = {"v", "type", "tender", "lot", "bidder_name", "uscc", "price"}
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


def check_form(data: bytes, *, tender: str, lot: str, uscc: str) -> BidForm:
    """Check a decrypted form against the lot and the organisation that registered for it.

    Raises:
        FormError: not canonical JSON, of another lot or company, or without a price above zero.
    """
    try:
        content = parse(data) if len(data) <= MAX_BYTES else None
    except NotCanonical:
        raise FormError("json") from None
    if not isinstance(content, dict) or not content.keys() >= _REQUIRED:
        raise FormError("members")
    if type(content["v"]) is not int or content["v"] != 1 or content["type"] != "bid.form":
        raise FormError("type")
    for name, expected in (("tender", tender), ("lot", lot), ("uscc", uscc)):
        if content[name] != expected:
            raise FormError(name)
    for name, value in content.items():
        if type(value) not in (str, int) or (type(value) is str and len(value) > MAX_TEXT):
            raise FormError(name)
    return BidForm(content, _price(content["price"]))


def _price(text: Any) -> Money:
    try:
        price = Money.parse(text) if type(text) is str else None
    except BadAmount:
        price = None
    if price is None or price.fen <= 0 or str(price) != text:
        raise FormError("price")
    return price
