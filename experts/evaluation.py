"""Acts of reviewing and scoring: each member works alone, locks by signature, and sees the others only after all have.

Law: R-EVAL-01, R-EVAL-04, R-EVAL-13, R-EVAL-16, R-VETO-10; 招投法 37, 条例 49, 51.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sqlalchemy import delete, insert, select

from bidding import facade as bidding
from experts import messages, review
from experts.calls import masked
from experts.models.committee import Member
from experts.models.session import EvaluationSession, Review, Score
from experts.review import Mark
from experts.scoring import CriterionKind, ScoredCriterion, require_complete
from experts.seats import Seat, access_seat, list_sitting
from experts.signed import verify_own
from experts.vocabulary import SessionState, Verdict
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record
from trading import facade as trading
from trading.lot_view import LotView


@dataclass(frozen=True, slots=True)
class Points:
    """A member's points for one bid in one criterion; decimal text."""

    bid_id: uuid.UUID
    criterion: str
    points: str


def scored_criteria(lot: LotView) -> list[ScoredCriterion]:
    """Return the criteria that members score; the price is computed."""
    return [
        ScoredCriterion(item.code, Decimal(item.max), CriterionKind(item.kind))
        for item in lot.criteria
        if item.kind != "price"
    ]


def valid_bids(session: EvaluationSession) -> list[uuid.UUID]:
    """Return the bids that passed the preliminary review."""
    return [uuid.UUID(item) for item in (session.outcome or {}).get("valid", [])]


async def save_reviews(tx: Tx, actor: Actor, session_id: uuid.UUID, marks: Sequence[Mark]) -> None:
    """Keep a member's verdicts; until the lock they may change and only the member sees them.

    Raises:
        InvalidInput: a bid or item that does not exist; a failure without a reason.
        Conflict: locked, or another step.
    Source:
        R-EVAL-04, R-VETO-10
    """
    seat = await access_seat(tx, actor, session_id, SessionState.REVIEW)
    _require_open(seat.member.review_locked_at)
    lot = await trading.get_lot(tx, seat.session.lot_id)
    bids = {bid.bid_id for bid in await bidding.list_opened_bids(tx, lot.id)}
    items = {item.code for item in lot.review_items}
    for mark in marks:
        if mark.bid not in bids or mark.item not in items:
            raise InvalidInput("没有这份投标文件或者评审项。", [(f"v-{mark.item}-{mark.bid}", "不存在")])
        if mark.verdict is Verdict.FAIL and not mark.reason.strip():
            raise InvalidInput("不符合的，须写明理由。", [(f"r-{mark.item}-{mark.bid}", "请写明理由和页码")])
    keys = {(mark.bid, mark.item): mark for mark in marks}
    for bid, item in keys:
        await tx.session.execute(
            delete(Review).where(Review.member_id == seat.member.id, Review.bid_id == bid, Review.item == item)
        )
    if keys:
        rows = [
            {"member_id": seat.member.id, "bid_id": mark.bid, "item": mark.item}
            | {"verdict": mark.verdict.value, "reason": mark.reason.strip()}
            for mark in keys.values()
        ]
        await tx.session.execute(insert(Review), rows)


async def list_marks(tx: Tx, member_id: uuid.UUID) -> list[Mark]:
    """Return a member's verdicts in a fixed order; the caller decides who may see them."""
    query = select(Review).where(Review.member_id == member_id).order_by(Review.bid_id, Review.item)
    rows = (await tx.session.execute(query)).scalars()
    return [Mark(row.bid_id, row.item, Verdict(row.verdict), row.reason) for row in rows]


def digest_of(marks: Sequence[Mark]) -> bytes:
    """Return what a member signs of the review."""
    return messages.digest_of_marks((mark.bid, mark.item, mark.verdict.value, mark.reason) for mark in marks)


async def lock_reviews(tx: Tx, actor: Actor, session_id: uuid.UUID, token: str) -> bool:
    """Lock a member's preliminary review by signature; with the last one the majority's outcome stands.

    Returns:
        Whether all have locked.

    Raises:
        InvalidInput: a verdict is missing.
        VerificationFailed: the signature is not over the kept verdicts.
    Effects:
        entry `review.locked`; with the last one `evaluation.reviewed`, or the lot fails because every bid is rejected.
    Source:
        R-EVAL-04, R-VETO-10, R-FAIL-03
    """
    seat = await access_seat(tx, actor, session_id, SessionState.REVIEW)
    _require_open(seat.member.review_locked_at)
    lot = await trading.get_lot(tx, seat.session.lot_id)
    bids = [bid.bid_id for bid in await bidding.list_opened_bids(tx, lot.id)]
    marks = await list_marks(tx, seat.member.id)
    if len(marks) != len(bids) * len(lot.review_items):
        missing = len(bids) * len(lot.review_items) - len(marks)
        raise InvalidInput(f"还有 {missing} 项未评审。", [("agree", "请逐项评审")])
    digest = digest_of(marks)
    expected = messages.lock("evaluation.review", session_id, seat.member.seat, digest)
    await verify_own(tx, actor, token, messages.REVIEW_TYP, expected)

    seat.member.review_locked_at, seat.member.review_jws = tx.now, token
    await tx.session.flush()  # the others are read by SQL
    await _record_lock(tx, actor, "review.locked", seat, digest, token)
    sitting = await list_sitting(tx, seat.committee.id)
    if any(member.review_locked_at is None for member in sitting):
        return False
    await _conclude_review(tx, seat.session, lot, bids, sitting)
    return True


async def _conclude_review(
    tx: Tx, session: EvaluationSession, lot: LotView, bids: Sequence[uuid.UUID], sitting: Sequence[Member]
) -> None:
    marks = {member.code: await list_marks(tx, member.id) for member in sitting}
    outcome = review.conclude(bids, lot.review_items, marks)
    session.outcome = outcome
    session.state = SessionState.SCORING.value
    facts = {**outcome, "rules": ["R-EVAL-04", "R-VETO-10"]}
    await record(tx, system_actor("评标委员会"), "evaluation.reviewed", facts, subject=lot.id)
    if not outcome["valid"]:
        session.state, session.closed_at = SessionState.CLOSED.value, tx.now
        await trading.declare_failed(tx, system_actor("评标委员会"), lot.id, "所有投标被否决。")
    await tx.session.flush()  # read by SQL in the same act


async def save_scores(tx: Tx, actor: Actor, session_id: uuid.UUID, given: Sequence[Points]) -> None:
    """Keep a member's points; until the lock they may change and only the member sees them.

    Raises:
        InvalidInput: outside 0 to the most points, more than two decimals, or for what does not exist.
        Conflict: locked, or another step.
    Source:
        R-EVAL-01, R-EVAL-16
    """
    seat = await access_seat(tx, actor, session_id, SessionState.SCORING)
    _require_open(seat.member.scores_locked_at)
    lot = await trading.get_lot(tx, seat.session.lot_id)
    maxima = {criterion.code: criterion.maximum for criterion in scored_criteria(lot)}
    bids = set(valid_bids(seat.session))
    rows: dict[tuple[uuid.UUID, str], Decimal] = {}
    faults: list[tuple[str, str]] = []
    for item in given:
        value = _points(item.points)
        most = maxima.get(item.criterion)
        if item.bid_id not in bids or most is None:
            faults.append((f"{item.criterion}.{item.bid_id}", "没有此评分项或者投标已被否决"))
        elif value is None or not 0 <= value <= most:
            faults.append((f"{item.criterion}.{item.bid_id}", f"应在 0 至 {most} 之间，最多两位小数"))
        else:
            rows[item.bid_id, item.criterion] = value
    if faults:
        raise InvalidInput("请更正标出的分数。", faults)
    for bid, criterion in rows:
        await tx.session.execute(
            delete(Score).where(Score.member_id == seat.member.id, Score.bid_id == bid, Score.criterion == criterion)
        )
    if rows:
        values = [
            {"member_id": seat.member.id, "bid_id": bid, "criterion": criterion, "points": points}
            for (bid, criterion), points in rows.items()
        ]
        await tx.session.execute(insert(Score), values)


async def sheet_of(tx: Tx, member_id: uuid.UUID) -> dict[uuid.UUID, dict[str, Decimal]]:
    """Return a member's points by bid and criterion; the caller decides who may see them."""
    query = select(Score).where(Score.member_id == member_id).order_by(Score.bid_id, Score.criterion)
    sheet: dict[uuid.UUID, dict[str, Decimal]] = {}
    for row in (await tx.session.execute(query)).scalars():
        sheet.setdefault(row.bid_id, {})[row.criterion] = row.points
    return sheet


async def lock_scores(tx: Tx, actor: Actor, session_id: uuid.UUID, token: str) -> bool:
    """Lock a member's points by signature; with the last one all are shown to all.

    Returns:
        Whether all have locked.

    Raises:
        IncompleteScores: a criterion is empty.
        VerificationFailed: the signature is not over the kept points.
    Effects:
        entry `scores.locked`.
    Source:
        R-EVAL-13, R-EVAL-14
    """
    seat = await access_seat(tx, actor, session_id, SessionState.SCORING)
    _require_open(seat.member.scores_locked_at)
    lot = await trading.get_lot(tx, seat.session.lot_id)
    sheet = await sheet_of(tx, seat.member.id)
    require_complete({seat.member.code: sheet}, valid_bids(seat.session), scored_criteria(lot))
    digest = messages.digest_of_sheet(sheet)
    expected = messages.lock("evaluation.scores", session_id, seat.member.seat, digest)
    await verify_own(tx, actor, token, messages.SCORES_TYP, expected)

    seat.member.scores_locked_at, seat.member.scores_jws = tx.now, token
    await tx.session.flush()  # the others are read by SQL
    await _record_lock(tx, actor, "scores.locked", seat, digest, token)
    if any(member.scores_locked_at is None for member in await list_sitting(tx, seat.committee.id)):
        return False
    seat.session.state = SessionState.SUMMARY.value
    await tx.session.flush()  # read by SQL in the same act
    return True


async def _record_lock(tx: Tx, actor: Actor, kind: str, seat: Seat, digest: bytes, token: str) -> None:
    facts = {"seat": seat.member.seat, "digest": b64u_encode(digest), "token": token}
    await record(tx, masked(actor, seat.member.code), kind, facts, subject=seat.session.lot_id)


def _require_open(locked_at: object) -> None:
    if locked_at is not None:
        raise Conflict("您已签名提交，不能自行修改。")


def _points(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -2 else None
