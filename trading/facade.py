"""The front door of trading for the packages above: values, reads, acts. No logic."""

from trading.affiliations import list_tied, require_independent
from trading.contract_reading import Outcome, find_outcome
from trading.due_lots import DueLot, HeldLot, find_due_lot, get_due_lot, hold_due_lot, look_at_due_lots
from trading.evaluation_report import EvaluationReport, RankedBid, RejectedBid
from trading.handover import (
    declare_failed,
    lock_lot,
    lock_lot_for_bidding,
    mark_closed,
    mark_committee_ready,
    mark_evaluating,
    mark_opened,
    set_keyset_ready,
)
from trading.holders import Holders, NoHolders
from trading.independence import NotIndependent
from trading.lot_view import Criterion, LotView, ReviewItem
from trading.messages import tell
from trading.prequalifying import find_prequalification
from trading.projects import is_mandatory_lot
from trading.queries import find_lot, get_lot, list_lots, list_lots_of, lots_due_for_closing
from trading.reports import receive_evaluation_report
from trading.special_notices import post_postponement, post_termination
from trading.visibility import require_admitted, view_lot

__all__ = [
    "Criterion",
    "DueLot",
    "EvaluationReport",
    "HeldLot",
    "Holders",
    "LotView",
    "NoHolders",
    "NotIndependent",
    "Outcome",
    "RankedBid",
    "RejectedBid",
    "ReviewItem",
    "declare_failed",
    "find_due_lot",
    "find_lot",
    "find_outcome",
    "find_prequalification",
    "get_due_lot",
    "get_lot",
    "hold_due_lot",
    "is_mandatory_lot",
    "list_lots",
    "list_lots_of",
    "list_tied",
    "lock_lot",
    "lock_lot_for_bidding",
    "look_at_due_lots",
    "lots_due_for_closing",
    "mark_closed",
    "mark_committee_ready",
    "mark_evaluating",
    "mark_opened",
    "post_postponement",
    "post_termination",
    "receive_evaluation_report",
    "require_admitted",
    "require_independent",
    "set_keyset_ready",
    "tell",
    "view_lot",
]
