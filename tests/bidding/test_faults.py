"""A bid that was not opened: whose fault it is, in words, and whether it was compared with its receipt."""

import pytest

from bidding.faults import CONSEQUENCES, cause_of, sealed_as_received
from bidding.vocabulary import BidState

FAULTY = (BidState.UNRELEASED, BidState.FAULT_BIDDER, BidState.FAULT_PLATFORM)


def test_whose_fault_decides_between_revoked_and_withdrawn() -> None:
    """Source: R-ET-07."""
    assert set(CONSEQUENCES) == set(FAULTY)
    assert ["撤销" in CONSEQUENCES[state] for state in FAULTY] == [True, True, False]
    assert "撤回" in CONSEQUENCES[BidState.FAULT_PLATFORM]
    assert "直接损失" in CONSEQUENCES[BidState.FAULT_PLATFORM]


@pytest.mark.parametrize("state", [state for state in BidState if state not in FAULTY])
def test_a_bid_that_is_no_fault_has_no_cause(state: BidState) -> None:
    assert cause_of(state, "") == ""


def test_causes_are_told_apart_and_an_unknown_code_is_shown() -> None:
    codes = ("stored-bytes", "share-count", "key-commit", "chunk-auth", "padding", "length", "form-price", "magic")
    causes = [cause_of(BidState.FAULT_BIDDER, code) for code in codes]

    assert len(set(causes)) == len(codes)
    assert "magic" in causes[-1]
    assert "没有释放" in cause_of(BidState.UNRELEASED, "")


@pytest.mark.parametrize(
    ("state", "code", "found"),
    [
        (BidState.OPENED, "", True),
        (BidState.FAULT_BIDDER, "chunk-auth", True),
        (BidState.FAULT_BIDDER, "form-price", True),
        (BidState.FAULT_BIDDER, "key-commit", None),  # no key, so nothing was decrypted nor compared
        (BidState.FAULT_PLATFORM, "stored-bytes", False),
        (BidState.FAULT_PLATFORM, "share-count", None),
        (BidState.UNRELEASED, "", None),
    ],
)
def test_only_what_was_compared_is_said_to_agree_with_the_receipt(state: BidState, code: str, found: object) -> None:
    assert sealed_as_received(state, code) is found
