"""Acts that begin an evaluation session: open, check in with promise and recusal, elect a chair.

Law: R-COM-07, R-COM-08, R-REC-08, R-DRAW-11; 招投法 44.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bidding import facade as bidding
from experts import messages, recusal
from experts.calls import masked, recuse
from experts.candidates import case_of, person_of
from experts.committee import lock_committee
from experts.models.committee import Call, Committee, Member
from experts.models.pool import Expert
from experts.models.session import EvaluationSession
from experts.phone import forget_codes, is_code_of, send_code
from experts.seats import access_seat, list_sitting
from experts.signed import verify_own
from experts.vocabulary import CommitteeState, SessionState
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, TooEarly
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parties.fields import FieldCipher
from trading import facade as trading
from trading.findings import moment_in_print
from trading.legal import law_of
from trading.vocabulary import Role, Stage


async def open_evaluation(tx: Tx, actor: Actor, lot_id: uuid.UUID, *, site: str, cipher: FieldCipher) -> uuid.UUID:
    """Begin the evaluation of a lot by its complete committee; members get a new code to sign in with.

    Raises:
        NotFound: not a lot of the actor's.
        TooEarly: before the time that the experts were told.
        Conflict: the committee is not complete, or bids are not opened.
    Effects:
        `experts_session`; the lot is being evaluated; entry `session.opened`, public.
    Source:
        R-COM-08, R-DRAW-11
    """
    lot = await trading.lock_lot(tx, lot_id)
    if not actor.has(Role.CENTRE) and not (
        actor.has(Role.AGENCY, Role.PROCURING_ENTITY) and lot.is_run_by(actor.organisation_id)
    ):
        raise NotFound
    query = select(Committee.id).where(Committee.lot_id == lot_id, Committee.state == CommitteeState.COMPLETE)
    committee_id = (await tx.session.execute(query)).scalar_one_or_none()
    if committee_id is None or lot.stage not in (Stage.OPENED, Stage.COMMITTEE_READY):
        raise Conflict("评标委员会尚未组建完成，或者尚未开标。", stage=lot.stage.value)
    committee = await lock_committee(tx, committee_id)
    if tx.now < committee.begins_at:
        raise TooEarly(f"评审开始时间为 {moment_in_print(committee.begins_at)}。")

    if lot.stage is Stage.OPENED:
        await trading.mark_committee_ready(tx, lot_id)
    await trading.mark_evaluating(tx, lot_id)
    session = EvaluationSession(
        id=tx.new_secret_id(),
        committee_id=committee.id,
        lot_id=lot_id,
        state=SessionState.CHECK_IN.value,
        chair_seat=None,
        outcome=None,
        report=None,
        report_digest=None,
        opened_at=tx.now,
        summarised_at=None,
        closed_at=None,
        file_id=None,
    )
    tx.session.add(session)
    await _send_codes(tx, cipher, committee, f"【{site}】评审即将开始，请登录专家端签到。")
    await tx.session.flush()  # the answer is read by SQL

    members = len(await list_sitting(tx, committee.id))
    facts = {"draw": committee.number, "members": members, "rules": ["R-COM-08", "R-DRAW-11"]}
    await record(tx, actor, "session.opened", facts, subject=lot_id, visibility="public")
    return session.id


async def _send_codes(tx: Tx, cipher: FieldCipher, committee: Committee, words: str) -> None:
    query = (
        select(Call, Expert)
        .join(Expert, Expert.id == Call.expert_id)
        .join(Member, Member.call_id == Call.id)
        .where(Member.committee_id == committee.id, Member.left_at.is_(None))
        .order_by(Call.no)
    )
    for call, expert in (await tx.session.execute(query)).all():
        await send_code(tx, cipher, call, expert, words)


async def arrive(tx: Tx, actor: Actor, session_id: uuid.UUID, code: str) -> None:
    """Take the code that was sent when the session began: the person who answered is the person who came.

    Signing in with that code is the same. Either way it works once.

    Raises:
        NotPermitted: it is not the code of this member's call.
    """
    seat = await access_seat(tx, actor, session_id, SessionState.CHECK_IN)
    call = (await tx.session.execute(select(Call).where(Call.id == seat.member.call_id).with_for_update())).scalar_one()
    if call.code_hash is None:
        return
    if not is_code_of(call, code):
        raise NotPermitted("签到口令不正确。")
    await forget_codes(tx, call)


async def is_code(tx: Tx, actor: Actor, session_id: uuid.UUID, code: str) -> bool:
    """Say whether a code would let this member arrive."""
    seat = await access_seat(tx, actor, session_id, SessionState.CHECK_IN)
    call = (await tx.session.execute(select(Call).where(Call.id == seat.member.call_id))).scalar_one()
    return call.code_hash is None or is_code_of(call, code)


async def check_in(
    tx: Tx, actor: Actor, session_id: uuid.UUID, conflicts: Sequence[uuid.UUID], reason: str, token: str
) -> bool:
    """Take a member's promise and declaration against the bidders, who are visible from here on.

    Args:
        conflicts: bids (their ids) with whose bidders the member has a conflict.
        token: `messages.check_in`, signed with the person's own key.

    Returns:
        Whether the member stays; somebody who has a conflict, declared or found in the records, leaves and is replaced.

    Raises:
        InvalidInput: a conflict with somebody who did not bid, or without a reason.
        VerificationFailed: the signature does not hold.
    Effects:
        the seat; entry `session.checked-in` or `session.recused`.
    Source:
        R-REC-01 to R-REC-08
    """
    seat = await access_seat(tx, actor, session_id, SessionState.CHECK_IN)
    session, committee, member = seat.session, seat.committee, seat.member
    if member.checked_in_at is not None:
        raise Conflict("您已签到。")
    call = (await tx.session.execute(select(Call).where(Call.id == member.call_id))).scalar_one()
    if call.code_hash is not None:
        raise Conflict("请先输入签到口令。")
    bidders = {bid.bid_id: bid for bid in await bidding.list_opened_bids(tx, session.lot_id)}
    if not set(conflicts) <= set(bidders) or (conflicts and not reason.strip()):
        raise InvalidInput("请勾选有利害关系的投标人并说明。", [("conflict_reason", "请说明利害关系")])
    expected = messages.check_in(session_id, member.seat, conflicts)
    await verify_own(tx, actor, token, messages.CHECK_IN_TYP, expected)

    member.promise = token
    declared = [{"ground": "declared", "unit": bidders[item].bidder_uscc, "reason": reason} for item in conflicts]
    grounds = declared + await _found_in_records(tx, session.lot_id, member)
    if grounds:
        await recuse(tx, actor, committee, member, grounds)
        return False
    member.checked_in_at = tx.now
    facts = {"seat": member.seat, "rules": ["R-COM-07", "R-REC-08"]}
    await record(tx, masked(actor, member.code), "session.checked-in", facts, subject=session.lot_id)
    await _begin_review(tx, session, committee)
    return True


async def _found_in_records(tx: Tx, lot_id: uuid.UUID, member: Member) -> list[dict[str, Any]]:
    lot = await trading.get_lot(tx, lot_id)
    query = select(Expert).join(Call, Call.expert_id == Expert.id).where(Call.id == member.call_id)
    expert = (await tx.session.execute(query)).scalar_one()
    law = await law_of(tx, lot.regime, lot.registered_at)
    found = recusal.exclusions(person_of(expert), await case_of(tx, lot), law)
    return [{"ground": item.ground.value, "unit": item.unit, "rule": item.rule} for item in found]


async def _begin_review(tx: Tx, session: EvaluationSession, committee: Committee) -> None:
    await tx.session.flush()  # members are read by SQL
    sitting = await list_sitting(tx, committee.id)
    if committee.state == CommitteeState.COMPLETE and all(member.checked_in_at is not None for member in sitting):
        session.state = SessionState.REVIEW.value


async def vote_chair(tx: Tx, actor: Actor, session_id: uuid.UUID, seat_number: int) -> int | None:
    """Vote for the member who leads the committee; the chair's voice weighs as much as any other's.

    Returns:
        The chair's seat once all have voted; equal votes go to the lower seat.

    Raises:
        InvalidInput: nobody sits there.
        Conflict: a chair is elected.
    Source:
        R-COM-08
    """
    steps = (SessionState.REVIEW, SessionState.SCORING, SessionState.SUMMARY)
    seat = await access_seat(tx, actor, session_id, *steps)
    sitting = await list_sitting(tx, seat.committee.id)
    if seat.session.chair_seat is not None:
        raise Conflict("已推选出评标委员会负责人。")
    if seat_number not in {member.seat for member in sitting}:
        raise InvalidInput("请选择在席的成员。", [("seat", "没有此席")])
    member = next(one for one in sitting if one.id == seat.member.id)
    member.chair_vote = seat_number
    votes = [one.chair_vote for one in sitting if one.chair_vote is not None]
    if len(votes) < len(sitting):
        return None
    counted = Counter(votes)
    chair = min(counted, key=lambda number: (-counted[number], number))
    seat.session.chair_seat = chair
    facts = {"seat": chair, "votes": counted[chair], "rules": ["R-COM-08"]}
    await record(tx, masked(actor, member.code), "session.chair-elected", facts, subject=seat.session.lot_id)
    return chair
