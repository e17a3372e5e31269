"""Reads of objections to an opening: public from the moment they are raised, because the opening is."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from trading.vocabulary import ObjectionOutcome


@dataclass(frozen=True, slots=True)
class OpeningObjectionView:
    """An objection to an opening with its answer.

    Attributes:
        outcome: None, like `answer` and `answered_at`, until it is answered.
    """

    id: uuid.UUID
    no: int
    raiser_id: uuid.UUID
    bidder: str
    name: str
    text: str
    raised_at: datetime
    outcome: ObjectionOutcome | None
    answer: str | None
    answered_at: datetime | None


async def list_opening_objections(tx: Tx, lot_id: uuid.UUID) -> list[OpeningObjectionView]:
    """Return the objections to a lot's opening in the order in which they were raised."""
    rows = await tx.session.execute(
        text(
            "SELECT j.id, j.no, j.raiser_id, i.pseudonym, o.name, j.text, j.raised_at, a.outcome, a.text AS answer,"
            " a.answered_at FROM bidding_opening_objection j JOIN bidding_bid b ON b.id = j.bid_id"
            " JOIN bidding_interest i ON i.id = b.interest_id JOIN identity_organisation o ON o.id = j.raiser_id"
            " LEFT JOIN bidding_opening_answer a ON a.objection_id = j.id WHERE j.lot_id = :lot ORDER BY j.no"
        ),
        {"lot": lot_id},
    )
    return [
        OpeningObjectionView(
            id=row.id,
            no=row.no,
            raiser_id=row.raiser_id,
            bidder=row.pseudonym,
            name=row.name,
            text=row.text,
            raised_at=row.raised_at,
            outcome=None if row.outcome is None else ObjectionOutcome(row.outcome),
            answer=row.answer,
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def objection_json(one: OpeningObjectionView) -> dict[str, Any]:
    """Return an objection as the interface and the opening record write it; without an answer its fields are null."""
    return {
        "no": one.no,
        "bidder": one.bidder,
        "name": one.name,
        "text": one.text,
        "raised_at": format_time(one.raised_at),
        "outcome": None if one.outcome is None else one.outcome.value,
        "answer": one.answer,
        "answered_at": None if one.answered_at is None else format_time(one.answered_at),
    }
