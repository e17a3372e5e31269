"""The front door of bidding for the packages above: values and reads. No logic."""

from bidding.case_files import CaseBid, CaseFiles, find_case_files
from bidding.drawn import DrawnValue, drawn_rule, list_drawn
from bidding.holders import RegisteredHolders
from bidding.opened import Competitor, OpenedBidView, list_competitors, list_opened_bids
from bidding.opening_view import (
    BidLine,
    OpeningView,
    SeatView,
    find_opening,
    find_reading,
    list_bids_after_opening,
    list_forms,
    list_seats,
)
from bidding.queries import ReceiptView, find_public_receipt
from bidding.vocabulary import BidState, OpeningStage

__all__ = [
    "BidLine",
    "BidState",
    "CaseBid",
    "CaseFiles",
    "Competitor",
    "DrawnValue",
    "OpenedBidView",
    "OpeningStage",
    "OpeningView",
    "ReceiptView",
    "RegisteredHolders",
    "SeatView",
    "drawn_rule",
    "find_case_files",
    "find_opening",
    "find_public_receipt",
    "find_reading",
    "list_bids_after_opening",
    "list_competitors",
    "list_drawn",
    "list_forms",
    "list_opened_bids",
    "list_seats",
]
