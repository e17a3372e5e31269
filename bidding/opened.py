"""Bids after the opening, as the packages above read them: who bid, at which price, with which file.

Rows of `bidding_opened_bid` are written at the opening only, so these reads find nothing before it (R-ET-05).
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bidding.consortium_reading import list_opened
from bidding.opening_view import list_bids_after_opening
from bidding.vocabulary import FILE, BidState, Outcome, Step
from kernel.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class OpenedBidView:
    """A bid that was read out.

    Attributes:
        no: its place in the reading-out table.
        form: the fields that were read out.
        file_id: the opened bid document; None where its envelope did not open.
        file_digest: SHA-256 of the document.
    """

    bid_id: uuid.UUID
    lot_id: uuid.UUID
    no: int
    bidder_id: uuid.UUID
    bidder_name: str
    bidder_uscc: str
    pseudonym: str
    form: dict[str, Any]
    price_fen: int
    file_id: uuid.UUID | None
    file_digest: bytes | None


@dataclass(frozen=True, slots=True)
class Competitor:
    """An organisation that bid, for recusal only."""

    organisation_id: uuid.UUID
    uscc: str
    name: str


async def list_opened_bids(tx: Tx, lot_id: uuid.UUID) -> list[OpenedBidView]:
    """Return the bids that were read out and whose files opened too, in that order; none before the opening."""
    rows = await tx.session.execute(
        text(
            "SELECT b.bid_id, b.lot_id, b.no, o.id AS bidder_id, b.bidder_name, o.uscc, i.pseudonym, b.form,"
            " b.price_fen, s.file_id, s.digest FROM bidding_opened_bid b"
            " JOIN bidding_bid x ON x.id = b.bid_id JOIN bidding_interest i ON i.id = x.interest_id"
            " JOIN identity_organisation o ON o.id = i.organisation_id"
            " LEFT JOIN bidding_step s ON s.bid_id = b.bid_id AND s.slot = :slot AND s.step = :step AND s.outcome = :ok"
            " WHERE b.lot_id = :lot AND x.state = :opened ORDER BY b.no"
        ),
        {
            "lot": lot_id,
            "slot": FILE,
            "step": Step.PLAIN.value,
            "ok": Outcome.OK.value,
            "opened": BidState.OPENED.value,
        },
    )
    return [
        OpenedBidView(
            bid_id=row.bid_id,
            lot_id=row.lot_id,
            no=row.no,
            bidder_id=row.bidder_id,
            bidder_name=row.bidder_name,
            bidder_uscc=row.uscc,
            pseudonym=row.pseudonym,
            form=row.form,
            price_fen=row.price_fen,
            file_id=row.file_id,
            file_digest=None if row.digest is None else bytes(row.digest),
        )
        for row in rows
    ]


async def list_competitors(tx: Tx, lot_id: uuid.UUID) -> list[Competitor]:
    """Return the organisations that bid, opened or not, each member of a consortium; none before the opening."""
    bids = await list_bids_after_opening(tx, lot_id)
    consortia = await list_opened(tx, lot_id) if bids else {}
    found = []
    for bid in bids:
        joint = consortia.get(bid.bidder_id)
        if joint is None:
            found.append(Competitor(bid.bidder_id, bid.uscc, bid.bidder_name))
        else:
            found += [Competitor(firm, uscc, name) for firm, uscc, name, *_ in joint.members]
    return found
