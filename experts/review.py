"""From members' verdicts to the outcome of the preliminary review.

Law: R-EVAL-04, R-VETO-10. Pure. A bid is rejected where an absolute majority finds that it fails an item; what members
disagree about is listed, so that it is discussed and on record.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experts.committee_rules import majority
from experts.vocabulary import Verdict
from trading.lot_view import ReviewItem


@dataclass(frozen=True, slots=True)
class Mark:
    """A member's verdict on one bid against one item."""

    bid: uuid.UUID
    item: str
    verdict: Verdict
    reason: str = ""


def conclude(
    bids: Sequence[uuid.UUID], items: Sequence[ReviewItem], marks: Mapping[str, Sequence[Mark]]
) -> dict[str, Any]:
    """Return `{valid, rejected, split}` as JSON-safe members.

    Args:
        marks: by member; each member judged every bid against every item.

    Returns:
        `valid`: ids of bids that passed, in order; `rejected`: `{bid, reasons}`, a reason being
        `{item, name, article, votes, reason}`;
        `split`: `{bid, item, name, pass, fail}` where members disagree.
    """
    needed = majority(len(marks))
    failing: dict[tuple[uuid.UUID, str], list[str]] = {}
    for given in marks.values():
        for mark in given:
            if mark.verdict is Verdict.FAIL:
                failing.setdefault((mark.bid, mark.item), []).append(mark.reason)
    valid: list[str] = []
    rejected: list[dict[str, Any]] = []
    split: list[dict[str, Any]] = []
    for bid in bids:
        reasons = []
        for item in items:
            against = failing.get((bid, item.code), [])
            if 0 < len(against) < len(marks):
                told = {"bid": str(bid), "item": item.code, "name": item.name}
                split.append(told | {"pass": len(marks) - len(against), "fail": len(against)})
            if len(against) >= needed:
                told = {"item": item.code, "name": item.name, "article": item.article}
                reasons.append(told | {"votes": len(against), "reason": "；".join(dict.fromkeys(against))})
        if reasons:
            rejected.append({"bid": str(bid), "reasons": reasons})
        else:
            valid.append(str(bid))
    return {"valid": valid, "rejected": rejected, "split": split}
