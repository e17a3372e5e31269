"""The front door of bidding for the packages above: values and reads. No logic."""

from bidding.opened import Competitor, OpenedBidView, list_competitors, list_opened_bids

__all__ = ["Competitor", "OpenedBidView", "list_competitors", "list_opened_bids"]
