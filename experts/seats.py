"""Who sits in a session: load a session for one of its members, or for those who run it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from experts.committee import lock_committee
from experts.models.committee import Committee, Member
from experts.models.session import EvaluationSession
from experts.vocabulary import SessionState
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound
from kernel.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class Seat:
    """A member in a session, with the session and the committee held until the transaction ends."""

    session: EvaluationSession
    committee: Committee
    member: Member


async def access_seat(tx: Tx, actor: Actor, session_id: uuid.UUID, *states: SessionState) -> Seat:
    """Load a session for one of its sitting members.

    Args:
        states: in which the act is possible; none for any.

    Raises:
        NotFound: no such session, or the actor has no seat in it: the answer is the same.
        Conflict: the session is at another step.
    """
    query = select(EvaluationSession.committee_id).where(EvaluationSession.id == session_id)
    committee_id = (await tx.session.execute(query)).scalar_one_or_none()
    if committee_id is None:
        raise NotFound
    committee = await lock_committee(tx, committee_id)
    session = (
        await tx.session.execute(
            select(EvaluationSession)
            .where(EvaluationSession.id == session_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    sitting = await list_sitting(tx, committee.id)
    member = next((one for one in sitting if one.account_id == actor.account_id), None)
    if member is None:
        raise NotFound
    if states and session.state not in states:
        raise Conflict("评审已进入其他步骤，请刷新页面。", step=session.state)
    return Seat(session, committee, member)


async def list_sitting(tx: Tx, committee_id: uuid.UUID) -> Sequence[Member]:
    """Return the members who have not left, by seat."""
    query = select(Member).where(Member.committee_id == committee_id, Member.left_at.is_(None)).order_by(Member.seat)
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()
