"""Reads of the award and its notice; the notice is for the winner, the parties and supervision."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading.models.award import Award, AwardNotice
from trading.models.notice import Paper
from trading.queries import get_lot
from trading.vocabulary import Role


@dataclass(frozen=True, slots=True)
class AwardView:
    """The decision."""

    id: uuid.UUID
    lot_id: uuid.UUID
    bid_id: uuid.UUID
    bidder_id: uuid.UUID
    bidder_name: str
    price_fen: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class AwardNoticeView:
    """The award notice.

    Attributes:
        pdf_id: file of the sealed PDF; None until it is made, `pdf_fault` then may say why.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    number: str
    content: dict[str, Any]
    digest: bytes
    issued_at: datetime
    entry_id: int
    winner_id: uuid.UUID
    pdf_id: uuid.UUID | None
    pdf_fault: str | None


async def find_award(tx: Tx, lot_id: uuid.UUID) -> AwardView | None:
    """Return the award of a lot, or None."""
    row = (await tx.session.execute(select(Award).where(Award.lot_id == lot_id))).scalar_one_or_none()
    if row is None:
        return None
    return AwardView(row.id, row.lot_id, row.bid_id, row.bidder_id, row.bidder_name, row.price_fen, row.decided_at)


async def find_award_notice(tx: Tx, lot_id: uuid.UUID) -> AwardNoticeView | None:
    """Return the award notice of a lot, or None."""
    return await _find(tx, AwardNotice.lot_id == lot_id)


async def access_award_notice(tx: Tx, actor: Actor, notice_id: uuid.UUID) -> AwardNoticeView:
    """Return an award notice to somebody who may read it: winner, own parties, supervision.

    Raises:
        NotFound: absent, or for somebody else: the answer is the same.
    """
    notice = await load_award_notice(tx, notice_id)
    lot = await get_lot(tx, notice.lot_id)
    reader = actor.organisation_id
    if not (reader == notice.winner_id or lot.is_party(reader) or actor.has(Role.SUPERVISOR)):
        raise NotFound
    return notice


async def load_award_notice(tx: Tx, notice_id: uuid.UUID) -> AwardNoticeView:
    """Return an award notice.

    Raises:
        NotFound: there is none.
    """
    found = await _find(tx, AwardNotice.id == notice_id)
    if found is None:
        raise NotFound
    return found


async def _find(tx: Tx, condition: Any) -> AwardNoticeView | None:
    query = (
        select(AwardNotice, Award.bidder_id, Paper)
        .join(Award, Award.id == AwardNotice.award_id)
        .outerjoin(Paper, Paper.subject_id == AwardNotice.id)
        .where(condition)
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        return None
    notice, winner_id, paper = row
    return AwardNoticeView(
        id=notice.id,
        lot_id=notice.lot_id,
        number=notice.number,
        content=notice.content,
        digest=notice.digest,
        issued_at=notice.issued_at,
        entry_id=notice.entry_id,
        winner_id=winner_id,
        pdf_id=paper.file_id if paper else None,
        pdf_fault=paper.fault if paper else None,
    )
