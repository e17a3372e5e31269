"""Reads of committees and calls: frozen views, in which names appear only to those who may know them now.

Law: R-COM-07, R-DRAW-11: the agency sees names once evaluation has begun, supervision after the award, the public then.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from experts.models.committee import Call, Committee, Exclusion, Member, Message
from experts.models.pool import Expert, Registry
from experts.models.session import EvaluationSession
from experts.vocabulary import CallState, CommitteeState, SessionState
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.errors import NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from trading import facade as trading
from trading.lot_view import LotView
from trading.vocabulary import Role, Stage

MASK = "●●●"
#: From here on the members' names are no secret any more (招投法 37).
AFTER_AWARD = frozenset(
    {
        *(Stage.AWARDED, Stage.RESULT_PUBLISHED, Stage.NOTICE_SENT, Stage.CONTRACTED, Stage.REPORTED),
        *(Stage.BONDS_RETURNED, Stage.ARCHIVED),
    }
)


@dataclass(frozen=True, slots=True)
class CallView:
    """A call and the seat it led to.

    Attributes:
        seat, code: None and "" until accepted.
        name: masked for whoever may not know it now.
        reason: why refused; only for supervision.
    """

    no: int
    leaf: bytes
    group: str
    state: CallState
    seat: int | None
    code: str
    name: str
    reason: str
    called_at: datetime
    answered_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommitteeView:
    """A lot's committee.

    Attributes:
        excluded: ground of recusal → people left out before the freeze.
        session_id: once evaluation has begun.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    draw_id: uuid.UUID
    number: str
    state: CommitteeState
    groups: tuple[dict[str, Any], ...]
    begins_at: datetime
    duration: str
    place: str
    requested_at: datetime
    completed_at: datetime | None
    calls: tuple[CallView, ...]
    excluded: dict[str, int]
    session_id: uuid.UUID | None
    session_state: SessionState | None


@dataclass(frozen=True, slots=True)
class DrawRecord:
    """A draw of a lot, for bundles and lists."""

    draw_id: uuid.UUID
    number: str
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ExclusionView:
    """Why somebody was left out, with what proves that the log said so at the time."""

    expert: str
    name: str
    ground: str
    unit: str
    rule: str
    salt: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A call as the called person sees it: no project before the session (R-DRAW-06)."""

    id: uuid.UUID
    state: CallState
    begins_at: datetime
    duration: str
    place: str
    answer_by: datetime
    answered_at: datetime | None
    draw_id: uuid.UUID
    seat: int | None
    code: str
    left_at: datetime | None
    lot_id: uuid.UUID | None
    session_id: uuid.UUID | None
    session_state: SessionState | None
    has_arrived: bool


async def get_committee(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> CommitteeView:
    """Return the committee of a lot to its parties, the centre and supervision.

    Raises:
        NotFound: none yet, or not the actor's business.
    """
    lot = await trading.get_lot(tx, lot_id)
    if not lot.is_run_by(actor.organisation_id) and not actor.has(Role.CENTRE, Role.SUPERVISOR):
        raise NotFound
    found = await find_committee(tx, lot_id)
    if found is None:
        raise NotFound("本标段尚未提出抽取申请。")
    return await _view(tx, actor, lot, found)


async def find_committee(tx: Tx, lot_id: uuid.UUID) -> Committee | None:
    """Return the committee that stands, or None."""
    query = select(Committee).where(Committee.lot_id == lot_id, Committee.state != CommitteeState.DISSOLVED)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _view(tx: Tx, actor: Actor, lot: LotView, committee: Committee) -> CommitteeView:
    query = select(EvaluationSession).where(EvaluationSession.committee_id == committee.id)
    session = (await tx.session.execute(query)).scalar_one_or_none()
    oversight = actor.has(Role.SUPERVISOR)
    named = lot.stage in AFTER_AWARD or (session is not None and lot.is_run_by(actor.organisation_id) and not oversight)
    grounds = await tx.session.execute(
        select(Exclusion.ground, func.count(Exclusion.expert_id.distinct()))
        .where(Exclusion.committee_id == committee.id)
        .group_by(Exclusion.ground)
    )
    return CommitteeView(
        id=committee.id,
        lot_id=committee.lot_id,
        draw_id=committee.draw_id,
        number=committee.number,
        state=CommitteeState(committee.state),
        groups=tuple(committee.groups),
        begins_at=committee.begins_at,
        duration=committee.duration,
        place=committee.place,
        requested_at=committee.requested_at,
        completed_at=committee.completed_at,
        calls=await _calls(tx, committee, named=named, oversight=oversight),
        excluded={row[0]: row[1] for row in grounds},
        session_id=None if session is None else session.id,
        session_state=None if session is None else SessionState(session.state),
    )


async def _calls(tx: Tx, committee: Committee, *, named: bool, oversight: bool) -> tuple[CallView, ...]:
    query = (
        select(Call, Member, Expert.name)
        .join(Expert, Expert.id == Call.expert_id)
        .outerjoin(Member, Member.call_id == Call.id)
        .where(Call.committee_id == committee.id)
        .order_by(Call.no)
    )
    return tuple(
        CallView(
            no=call.no,
            leaf=call.leaf,
            group=str(committee.groups[call.group_index]["speciality"]),
            state=CallState(call.state),
            seat=member.seat if member else None,
            code=member.code if member else "",
            name=name if named and member and member.left_at is None else MASK,
            reason=(call.reason or "") if oversight else "",
            called_at=call.called_at,
            answered_at=call.answered_at,
            left_at=member.left_at if member else None,
        )
        for call, member, name in (await tx.session.execute(query)).all()
    )


async def list_draw_records(tx: Tx, lot_id: uuid.UUID) -> list[DrawRecord]:
    """Return the draws of a lot's committees, oldest first."""
    query = select(Draw.id, Draw.number, Draw.state, Draw.created_at).join(Committee, Committee.draw_id == Draw.id)
    rows = await tx.session.execute(query.where(Committee.lot_id == lot_id).order_by(Draw.created_at))
    return [DrawRecord(row.id, row.number, row.state, row.created_at) for row in rows]


async def list_exclusions(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[ExclusionView]:
    """Return who was left out and why, to supervision at once.

    Raises:
        NotPermitted: anybody else.
    """
    policy.require(actor, "committee.exclusions")
    query = (
        select(Exclusion, Expert)
        .join(Expert, Expert.id == Exclusion.expert_id)
        .join(Committee, Committee.id == Exclusion.committee_id)
        .where(Committee.lot_id == lot_id)
        .order_by(Expert.number, Exclusion.ground)
    )
    return [
        ExclusionView(expert.number, expert.name, row.ground, row.unit, row.rule, row.salt, row.digest)
        for row, expert in (await tx.session.execute(query)).all()
    ]


async def list_own_calls(tx: Tx, actor: Actor) -> list[OwnCall]:
    """Return a person's own calls, newest first."""
    query = (
        select(Call, Committee, Member, EvaluationSession)
        .join(Expert, Expert.id == Call.expert_id)
        .join(Committee, Committee.id == Call.committee_id)
        .outerjoin(Member, Member.call_id == Call.id)
        .outerjoin(EvaluationSession, EvaluationSession.committee_id == Committee.id)
        .where(Expert.account_id == actor.account_id)
        .order_by(Call.called_at.desc(), Call.id)
    )
    return [_own(*row) for row in (await tx.session.execute(query)).all()]


async def get_own_call(tx: Tx, actor: Actor, call_id: uuid.UUID) -> OwnCall:
    """Return one of a person's own calls.

    Raises:
        NotFound: absent, or somebody else's.
    """
    for call in await list_own_calls(tx, actor):
        if call.id == call_id:
            return call
    raise NotFound


def _own(call: Call, committee: Committee, member: Member | None, session: EvaluationSession | None) -> OwnCall:
    sits = member is not None and member.left_at is None
    session = session if sits else None
    arrived = session is not None and call.code_hash is None
    return OwnCall(
        id=call.id,
        state=CallState(call.state),
        begins_at=committee.begins_at,
        duration=committee.duration,
        place=committee.place,
        answer_by=call.answer_by,
        answered_at=call.answered_at,
        draw_id=committee.draw_id,
        seat=member.seat if member else None,
        code=member.code if member else "",
        left_at=member.left_at if member else None,
        lot_id=committee.lot_id if arrived else None,
        session_id=session.id if session else None,
        session_state=SessionState(session.state) if session else None,
        has_arrived=arrived,
    )


async def find_own_expert(tx: Tx, actor: Actor) -> Expert | None:
    """Return the pool's record of the signed-in person, or None."""
    query = select(Expert).where(Expert.account_id == actor.account_id)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def latest_registry(tx: Tx) -> Registry | None:
    """Return the newest root of the pool, or None."""
    query = select(Registry).order_by(Registry.at.desc(), Registry.entry_id.desc()).limit(1)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def count_standings(tx: Tx) -> dict[str, int]:
    """Return how many experts have each standing."""
    query = select(Expert.standing, func.count()).group_by(Expert.standing).order_by(Expert.standing)
    return {standing: count for standing, count in await tx.session.execute(query)}  # noqa: C416 - a row is no pair


async def list_messages(tx: Tx, *, most: int = 200) -> list[Message]:
    """Return the newest outgoing messages, newest first; only a rehearsal's operator may look."""
    query = select(Message).order_by(Message.created_at.desc(), Message.id).limit(most)
    return list((await tx.session.execute(query)).scalars())
