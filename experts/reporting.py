"""Acts that end an evaluation: the chair confirms the summary, every member signs the report, trading receives it.

Law: R-EVAL-08, R-EVAL-09, R-EVAL-14, R-THR-11; 条例 53.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from bidding import facade as bidding
from bidding.facade import OpenedBidView
from experts import messages
from experts.calls import masked
from experts.evaluation import sheet_of, valid_bids
from experts.models.committee import Call, Committee, Member
from experts.models.pool import Expert
from experts.models.session import EvaluationSession
from experts.report import report_of
from experts.seats import Seat, access_seat, list_sitting
from experts.signed import verify_own
from experts.summary import Summary, require_no_tie, summarise
from experts.vocabulary import SessionState
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotPermitted
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue
from trading import facade as trading
from trading.facade import EvaluationReport, RankedBid, RejectedBid
from trading.vocabulary import EvaluationMethod

PRINT_REPORT = "experts:print_report"


async def load_summary(tx: Tx, session: EvaluationSession) -> Summary:
    """Compute the summary of a session; every member has locked.

    Raises:
        Conflict: somebody is still scoring, and nobody sees anything before all have locked.
    """
    sitting = await list_sitting(tx, session.committee_id)
    if session.state not in (SessionState.SUMMARY, SessionState.SIGNING, SessionState.CLOSED) or any(
        member.scores_locked_at is None for member in sitting
    ):
        raise Conflict("全部成员提交并签名后，才显示汇总。")
    lot = await trading.get_lot(tx, session.lot_id)
    valid = set(valid_bids(session))
    prices = {bid.bid_id: bid.price_fen for bid in await bidding.list_opened_bids(tx, lot.id) if bid.bid_id in valid}
    lot = replace(lot, price_method=await bidding.drawn_rule(tx, lot))
    return summarise(lot, prices, {member.code: await sheet_of(tx, member.id) for member in sitting})


async def confirm_summary(tx: Tx, actor: Actor, session_id: uuid.UUID, explanation: str = "") -> str:
    """Confirm the summary as the chair; the report that all sign is fixed from here on.

    Args:
        explanation: what the committee says to the alarms; needed when there are any.

    Returns:
        The report's digest, b64u.

    Raises:
        NotPermitted: somebody else is the chair.
        InvalidInput: alarms without an answer.
        TiedBids: a public draw must part bids first.
    Effects:
        the session's report; entry `evaluation.summarised`.
    Source:
        R-EVAL-09, R-EVAL-14
    """
    seat = await access_seat(tx, actor, session_id, SessionState.SUMMARY)
    session = seat.session
    if session.chair_seat is None:
        raise Conflict("请先推选评标委员会负责人。")
    if session.chair_seat != seat.member.seat:
        raise NotPermitted("由评标委员会负责人确认汇总。")
    summary = await load_summary(tx, session)
    require_no_tie(summary.ranks)
    if summary.alarms and not explanation.strip():
        told = f"有 {len(summary.alarms)} 处一致性提示，请说明评标委员会的核对意见。"
        raise InvalidInput(told, [("explanation", "请填写核对意见")])

    report = await _report(tx, seat, summary, explanation.strip())
    session.report = report
    session.report_digest = messages.digest_of_report(report)
    session.state, session.summarised_at = SessionState.SIGNING.value, tx.now
    await tx.session.flush()  # read by SQL in the same act
    digest = b64u_encode(session.report_digest)
    facts = {"report": digest, "alarms": len(summary.alarms), "rules": ["R-EVAL-09", "R-EVAL-14"]}
    await record(tx, masked(actor, seat.member.code), "evaluation.summarised", facts, subject=session.lot_id)
    return digest


async def _report(tx: Tx, seat: Seat, summary: Summary, explanation: str) -> dict[str, Any]:
    session, committee = seat.session, seat.committee
    lot = await trading.get_lot(tx, session.lot_id)
    sitting = await list_sitting(tx, committee.id)
    return report_of(
        lot,
        committee=committee.number,
        session=session.id,
        opened_at=session.opened_at,
        at=tx.now,
        rehearsal=tx.rehearsal,
        members=[(member.seat, member.code, member.seat == session.chair_seat) for member in sitting],
        names=await names_of(tx, committee),
        bids=await bidding.list_opened_bids(tx, lot.id),
        outcome=session.outcome or {},
        sheets={member.code: await sheet_of(tx, member.id) for member in sitting},
        summary=summary,
        explanation=explanation,
    )


async def names_of(tx: Tx, committee: Committee) -> dict[int, tuple[str, str]]:
    """Return name and employer by seat; the caller decides who may see them (R-COM-07)."""
    query = (
        select(Member.seat, Expert.name, Expert.employer_name)
        .join(Call, Call.id == Member.call_id)
        .join(Expert, Expert.id == Call.expert_id)
        .where(Member.committee_id == committee.id)
    )
    return {row[0]: (row[1], row[2]) for row in (await tx.session.execute(query)).all()}


async def sign_report(tx: Tx, actor: Actor, session_id: uuid.UUID, token: str, dissent: str = "") -> bool:
    """Sign the report; with the last signature it goes to the procuring entity.

    Args:
        dissent: another opinion with its reasons; it goes with the report.

    Returns:
        Whether all have signed.

    Raises:
        Conflict: signed already.
        VerificationFailed: the signature is not over this report.
    Effects:
        entry `report.signed`; with the last one the report is received by trading and printed by a job.
    Source:
        R-EVAL-08
    """
    seat = await access_seat(tx, actor, session_id, SessionState.SIGNING)
    session, member, dissent = seat.session, seat.member, dissent.strip()
    if member.signed_at is not None:
        raise Conflict("您已签署评标报告。")
    assert session.report_digest is not None
    expected = messages.report_signature(session.id, member.seat, session.report_digest, dissent)
    await verify_own(tx, actor, token, messages.REPORT_TYP, expected)

    member.signed_at, member.report_jws, member.dissent = tx.now, token, dissent or None
    await tx.session.flush()  # the others are read by SQL
    who = masked(actor, member.code)
    facts = {"seat": member.seat, "dissent": bool(dissent), "token": token, "rules": ["R-EVAL-08"]}
    await record(tx, who, "report.signed", facts, subject=session.lot_id)
    if any(one.signed_at is None for one in await list_sitting(tx, seat.committee.id)):
        return False
    session.state, session.closed_at = SessionState.CLOSED.value, tx.now
    await tx.session.flush()  # read by SQL in the same act
    bids = await bidding.list_opened_bids(tx, session.lot_id)
    await trading.receive_evaluation_report(tx, who, _handed_down(tx, session, bids, await load_summary(tx, session)))
    await enqueue(tx, PRINT_REPORT, {"session": str(session.id)}, key=f"{PRINT_REPORT}:{session.id}")
    return True


def _handed_down(
    tx: Tx, session: EvaluationSession, bids: Sequence[OpenedBidView], summary: Summary
) -> EvaluationReport:
    by_id = {bid.bid_id: bid for bid in bids}
    assert session.report_digest is not None
    ranked = tuple(
        RankedBid(
            bid_id=item.total.bid,
            bidder_id=by_id[item.total.bid].bidder_id,
            bidder_name=by_id[item.total.bid].bidder_name,
            price_fen=item.total.price.fen,
            score=f"{item.total.total:.2f}",
            rank=item.rank,
            details=_details(by_id[item.total.bid].form),
        )
        for item in summary.ranks
    )
    rejected = tuple(
        RejectedBid(
            bid_id=uuid.UUID(item["bid"]),
            bidder_id=by_id[uuid.UUID(item["bid"])].bidder_id,
            bidder_name=by_id[uuid.UUID(item["bid"])].bidder_name,
            reason="；".join(f"{reason['name']}：{reason['reason']}" for reason in item["reasons"]),
            article="；".join(dict.fromkeys(reason["article"] for reason in item["reasons"] if reason["article"])),
        )
        for item in (session.outcome or {}).get("rejected", [])
    )
    return EvaluationReport(
        lot_id=session.lot_id,
        method=EvaluationMethod.COMPREHENSIVE,
        ranked=ranked,
        rejected=rejected,
        signed_at=tx.now,
        report_digest=b64u_encode(session.report_digest),
    )


def _details(form: dict[str, Any]) -> dict[str, str]:
    """Return what the bid's form says for the publicity (R-ANN-03)."""
    names = {"period": "term", "manager": "leader", "quality": "quality"}
    return {to: str(form[name]) for name, to in names.items() if form.get(name) not in (None, "")}
