import uuid

from hypothesis import given
from hypothesis import strategies as st

from experts.review import Mark, conclude
from experts.vocabulary import Verdict
from trading.lot_view import ReviewItem

BIDS = [uuid.UUID(int=n) for n in (1, 2)]
ITEMS = [ReviewItem("F1", "签章", "form", "条例第五十一条"), ReviewItem("R1", "限价", "response")]


def marks(fails: dict[str, list[tuple[int, str]]]) -> dict[str, list[Mark]]:
    """Return the verdicts of five members; `fails` names who fails what: member → (bid, item)."""
    return {
        member: [
            Mark(bid, item.code, Verdict.FAIL, f"{member} 认为不符")
            if (place, item.code) in fails.get(member, [])
            else Mark(bid, item.code, Verdict.PASS)
            for place, bid in enumerate(BIDS)
            for item in ITEMS
        ]
        for member in "abcde"
    }


def test_what_all_pass_is_valid_and_nothing_is_split() -> None:
    assert conclude(BIDS, ITEMS, marks({})) == {"valid": [str(bid) for bid in BIDS], "rejected": [], "split": []}


def test_two_of_five_do_not_reject_but_are_on_record() -> None:
    outcome = conclude(BIDS, ITEMS, marks({"a": [(0, "F1")], "b": [(0, "F1")]}))

    assert outcome["valid"] == [str(bid) for bid in BIDS]
    assert outcome["split"] == [{"bid": str(BIDS[0]), "item": "F1", "name": "签章", "pass": 3, "fail": 2}]


def test_three_of_five_reject_with_item_article_votes_and_reasons() -> None:
    outcome = conclude(BIDS, ITEMS, marks({member: [(1, "F1")] for member in "abc"}))

    assert outcome["valid"] == [str(BIDS[0])]
    (rejected,) = outcome["rejected"]
    assert rejected["bid"] == str(BIDS[1])
    assert rejected["reasons"] == [
        {"item": "F1", "name": "签章", "article": "条例第五十一条", "votes": 3}
        | {"reason": "a 认为不符；b 认为不符；c 认为不符"}
    ]


@given(st.lists(st.sets(st.sampled_from("abcde")), min_size=4, max_size=4))
def test_every_bid_is_either_valid_or_rejected(doubts: list[set[str]]) -> None:
    cells = [(place, item.code) for place in range(2) for item in ITEMS]
    fails = {member: [cell for cell, who in zip(cells, doubts, strict=True) if member in who] for member in "abcde"}

    outcome = conclude(BIDS, ITEMS, marks(fails))

    assert sorted([*outcome["valid"], *(item["bid"] for item in outcome["rejected"])]) == sorted(map(str, BIDS))
