"""Reads of evaluation sessions: a member's own desk, what all see after locking, the report for its receivers."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bidding import facade as bidding
from bidding.facade import OpenedBidView
from experts.evaluation import list_marks, sheet_of, valid_bids
from experts.models.committee import Committee, Member
from experts.models.session import EvaluationSession
from experts.queries import AFTER_AWARD
from experts.review import Mark
from experts.vocabulary import SessionState
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading import facade as trading
from trading.lot_view import LotView
from trading.vocabulary import Role

#: Steps at which nobody sees anything of the others.
BEFORE_SUMMARY = (SessionState.CHECK_IN, SessionState.REVIEW, SessionState.SCORING)


@dataclass(frozen=True, slots=True)
class SessionView:
    """An evaluation session as lists show it."""

    id: uuid.UUID
    lot_id: uuid.UUID
    state: SessionState
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the others see them: a code, and how far they are."""

    seat: int
    code: str
    checked_in: bool
    review_locked: bool
    scores_locked: bool
    signed_at: datetime | None
    dissent: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What one member has before them.

    Attributes:
        bids: that were read out; `valid` those to be scored.
        marks, sheet: the member's own.
    """

    session: EvaluationSession
    committee: Committee
    member: Member
    lot: LotView
    bids: tuple[OpenedBidView, ...]
    valid: tuple[uuid.UUID, ...]
    members: tuple[MemberView, ...]
    marks: tuple[Mark, ...]
    sheet: dict[uuid.UUID, dict[str, Decimal]]

    @property
    def state(self) -> SessionState:
        """The step that the session is at."""
        return SessionState(self.session.state)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """The report as its receivers see it."""

    report: dict[str, Any]
    digest: bytes
    signatures: tuple[tuple[int, str, str], ...]
    file_id: uuid.UUID | None


async def get_desk(tx: Tx, actor: Actor, session_id: uuid.UUID) -> Desk:
    """Return a session to one of its sitting members.

    Raises:
        NotFound: no such session, or no seat in it.
    """
    query = (
        select(EvaluationSession, Committee, Member)
        .join(Committee, Committee.id == EvaluationSession.committee_id)
        .join(Member, Member.committee_id == Committee.id)
        .where(EvaluationSession.id == session_id, Member.account_id == actor.account_id, Member.left_at.is_(None))
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    session, committee, member = row
    lot = await trading.get_lot(tx, session.lot_id)
    return Desk(
        session=session,
        committee=committee,
        member=member,
        lot=lot,
        bids=tuple(await bidding.list_opened_bids(tx, lot.id)),
        valid=tuple(valid_bids(session)),
        members=await _members(tx, committee.id),
        marks=tuple(await list_marks(tx, member.id)),
        sheet=await sheet_of(tx, member.id),
    )


async def _members(tx: Tx, committee_id: uuid.UUID) -> tuple[MemberView, ...]:
    query = select(Member).where(Member.committee_id == committee_id, Member.left_at.is_(None)).order_by(Member.seat)
    return tuple(
        MemberView(
            seat=row.seat,
            code=row.code,
            checked_in=row.checked_in_at is not None,
            review_locked=row.review_locked_at is not None,
            scores_locked=row.scores_locked_at is not None,
            signed_at=row.signed_at,
            dissent=row.dissent or "",
        )
        for row in (await tx.session.execute(query)).scalars()
    )


async def list_sessions(tx: Tx, lot_id: uuid.UUID) -> list[SessionView]:
    """Return the sessions of a lot, oldest first."""
    query = select(EvaluationSession).where(EvaluationSession.lot_id == lot_id).order_by(EvaluationSession.opened_at)
    return [
        SessionView(row.id, row.lot_id, SessionState(row.state), row.opened_at, row.closed_at)
        for row in (await tx.session.execute(query)).scalars()
    ]


async def get_report(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> ReportFile:
    """Return the signed report to the parties of the lot and its members; to supervision with codes until the award.

    Raises:
        NotFound: not signed by all yet, or not the actor's business.
    """
    lot = await trading.get_lot(tx, lot_id)
    query = select(EvaluationSession).where(
        EvaluationSession.lot_id == lot_id, EvaluationSession.state == SessionState.CLOSED
    )
    session = (
        await tx.session.execute(query.order_by(EvaluationSession.opened_at.desc()).limit(1))
    ).scalar_one_or_none()
    if session is None or session.report is None or session.report_digest is None:
        if lot.is_run_by(actor.organisation_id) or actor.has(Role.SUPERVISOR):
            raise NotFound("评标报告尚未签署完成。")
        raise NotFound  # to a stranger the lot is as good as absent
    members = (await tx.session.execute(select(Member).where(Member.committee_id == session.committee_id))).scalars()
    sitting = sorted((row for row in members if row.left_at is None), key=lambda row: row.seat)
    inside = lot.is_run_by(actor.organisation_id) or any(row.account_id == actor.account_id for row in sitting)
    if not inside and not actor.has(Role.SUPERVISOR):
        raise NotFound
    report = dict(session.report)
    inside = inside or lot.stage in AFTER_AWARD
    if not inside:
        report["members"] = [{**row, "name": "", "employer": ""} for row in report["members"]]
    signatures = tuple((row.seat, row.report_jws or "", row.dissent or "") for row in sitting)
    return ReportFile(report, session.report_digest, signatures, session.file_id if inside else None)
