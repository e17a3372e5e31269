"""Reads of objections: the answered ones for everybody, all of them for the lot's parties, the own ones for a raiser.

Law: R-ANN-05: before the opening nobody but the raiser's own organisation reads who raised an objection.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from trading.models.objection import Objection, ObjectionAnswer
from trading.progress import access_lot


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """An objection with its answer, if there is one.

    Attributes:
        raiser: name of the organisation, for those who may know it; else empty.
    """

    id: uuid.UUID
    subject: str
    text: str
    request: str
    raiser: str
    raised_at: datetime
    answer_by: datetime
    withdrawn_at: datetime | None
    no: int | None
    outcome: str | None
    answer: str | None
    affects_bids: bool
    late: bool
    answered_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still owed."""
        return self.answer is None and self.withdrawn_at is None


async def list_answered_objections(tx: Tx, lot_id: uuid.UUID) -> list[ObjectionView]:
    """Return the answered objections of a lot, by number: what everybody may read."""
    rows = await tx.fetch(
        "SELECT o.id, o.subject, o.text, o.request, '' AS raiser, o.raised_at, o.answer_by, o.withdrawn_at, a.no,"
        " a.outcome, a.text AS answer, a.affects_bids, a.late, a.answered_at"
        " FROM trading_objection_answer a JOIN trading_objection o ON o.id = a.objection_id"
        " WHERE o.lot_id = $1 ORDER BY a.no, o.raised_at, o.id",
        lot_id,
    )
    return [ObjectionView(*row) for row in rows]


async def list_objections(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[ObjectionView]:
    """Return every objection of a lot for its own parties, open ones first; named from the opening on.

    Raises:
        NotFound: absent, or not a lot of the actor's.
    """
    lot, _ = await access_lot(tx, actor, lot_id)
    found = await _list(tx, Objection.lot_id == lot_id, Objection.withdrawn_at.is_(None))
    return found if lot.opened_at is None else await _named(tx, lot_id, found)


async def list_own_objections(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[ObjectionView]:
    """Return the objections of the actor's organisation, withdrawn ones too."""
    return await _list(tx, Objection.lot_id == lot_id, Objection.raiser_id == actor.organisation_id)


async def list_answers_owed(tx: Tx, lot_id: uuid.UUID) -> list[datetime]:
    """Return the instants by which open objections must be answered, the nearest first."""
    query = (
        select(Objection.answer_by)
        .outerjoin(ObjectionAnswer, ObjectionAnswer.objection_id == Objection.id)
        .where(Objection.lot_id == lot_id, Objection.withdrawn_at.is_(None), ObjectionAnswer.objection_id.is_(None))
        .order_by(Objection.answer_by)
    )
    return list((await tx.session.execute(query)).scalars())


def objection_json(item: ObjectionView) -> dict[str, Any]:
    """Write an objection as JSON."""
    return {
        "id": str(item.id),
        "no": item.no,
        "subject": item.subject,
        "text": item.text,
        "request": item.request,
        "raiser": item.raiser or None,
        "raised_at": format_time(item.raised_at),
        "answer_by": format_time(item.answer_by),
        "withdrawn": item.withdrawn_at is not None,
        "outcome": item.outcome,
        "answer": item.answer,
        "affects_bids": item.affects_bids,
        "late": item.late,
        "answered_at": format_time(item.answered_at) if item.answered_at else None,
    }


async def _named(tx: Tx, lot_id: uuid.UUID, found: Sequence[ObjectionView]) -> list[ObjectionView]:
    rows = await tx.session.execute(
        text(
            "SELECT o.id, g.name FROM trading_objection o JOIN identity_organisation g ON g.id = o.raiser_id"
            " WHERE o.lot_id = :lot"
        ),
        {"lot": lot_id},
    )
    names = {row.id: str(row.name) for row in rows}
    return [replace(item, raiser=names[item.id]) for item in found]


async def _list(tx: Tx, *conditions: Any) -> list[ObjectionView]:
    query = (
        select(Objection, ObjectionAnswer)
        .outerjoin(ObjectionAnswer, ObjectionAnswer.objection_id == Objection.id)
        .where(*conditions)
        .order_by(ObjectionAnswer.no.asc().nulls_first(), Objection.raised_at, Objection.id)
    )
    return [_view(*row) for row in (await tx.session.execute(query)).all()]


def _view(row: Objection, answer: ObjectionAnswer | None) -> ObjectionView:
    return ObjectionView(
        id=row.id,
        subject=row.subject,
        text=row.text,
        request=row.request,
        raiser="",
        raised_at=row.raised_at,
        answer_by=row.answer_by,
        withdrawn_at=row.withdrawn_at,
        no=answer.no if answer else None,
        outcome=answer.outcome if answer else None,
        answer=answer.text if answer else None,
        affects_bids=answer.affects_bids if answer else False,
        late=answer.late if answer else False,
        answered_at=answer.answered_at if answer else None,
    )
