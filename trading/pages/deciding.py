"""Candidates, award and award notice: the room's last pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parameters.articles import cite
from kernel.periods import end_of_day, legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.announcement import NoticeKind
from trading.award_reading import AwardNoticeView, find_award, find_award_notice
from trading.awarding import decide_award, publish_candidates, send_award_notice
from trading.drafts import AwardDraft, CandidatesDraft
from trading.evaluation_report import RankedBid
from trading.legal import law_of
from trading.limits import due, publicity_of
from trading.lot_view import LotView
from trading.objection_reading import list_answers_owed
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot, show_waiting
from trading.queries import get_lot
from trading.reading import list_notices_of
from trading.reports import find_report
from trading.standing import state_of
from trading.vocabulary import Limit, Stage


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate of the report."""

    rank: int
    bid: str
    name: str
    price: int
    score: str
    manager: str
    term: str
    eligible: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A rejected bid."""

    name: str
    reason: str
    law: str


@dataclass(frozen=True, slots=True)
class CandidatesPage:
    """The publicity of candidates."""

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    candidates: list[CandidateRow]
    rejected: list[RejectedRow]
    report_href: str
    report_digest: str
    report_signed_at: datetime
    publish_by: datetime
    publishable: bool
    statement: str
    form: Form
    published_at: datetime | None
    until: datetime | None
    notice_href: str
    basis: str
    law: str
    objections: list[Any]


@get("/a/lots/{lot_id:uuid}/candidates", guards=[permits("candidates.publish")], include_in_schema=False)
async def candidates_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the report's candidates and what their publicity needs."""
    return await _show_candidates(request, tx, await own_lot(tx, actor, lot_id), Form())


@post("/a/lots/{lot_id:uuid}/candidates", guards=[permits("candidates.publish")], include_in_schema=False)
async def candidates_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the candidates."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    posted = None
    if require_agreement(form):
        posted = await attempt(tx, form, lambda: publish_candidates(tx, actor, lot_id, CandidatesDraft()))
    if posted is None:
        return await _show_candidates(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/candidates"})


async def _show_candidates(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    report = await find_report(tx, lot.id)
    if report is None:
        why = "评标委员会全体成员签署报告后，在此公示中标候选人。"
        return show_waiting(request, tx, lot, "candidates", "评标报告尚未提交", why)
    law = await law_of(tx, lot.regime, lot.registered_at)
    counted = publicity_of(legal_date(tx.now), law)
    published = [line for line in await list_notices_of(tx, lot.id) if line.kind is NoticeKind.CANDIDATES]
    rolled = f"，其中 {counted.raw} 为休息日" if counted.is_rolled else ""
    page = CandidatesPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        candidates=_candidates(report.candidates, only_first=False),
        rejected=[RejectedRow(r["bidder_name"], r["reason"], r["article"]) for r in report.rejected],
        report_href=f"/lots/{lot.id}",
        report_digest=report.digest,
        report_signed_at=report.signed_at,
        publish_by=end_of_day(due(Limit.CANDIDATE_START, legal_date(report.received_at), law).date),
        publishable=lot.stage is Stage.REPORT_SIGNED,
        statement=f"我以{lot.procuring_entity_name}的名义确认以上内容与评标报告一致",
        form=form,
        published_at=published[0].published_at if published else None,
        until=lot.publicity_until,
        notice_href=f"/notices/{published[0].id}" if published else "",
        basis=f"自公示次日起算 {law.row(Limit.CANDIDATE_PUBLICITY).count} 日{rolled}，期满日为 {counted.date}",
        law=law.row(Limit.CANDIDATE_PUBLICITY).article,
        objections=[],
    )
    return render_page(request, "trading/candidates.html", {"page": page}, status=status, now=tx.now)


@dataclass(frozen=True, slots=True)
class WinnerRow:
    """Who won."""

    name: str
    price: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class SentRow:
    """The award notice that was sent."""

    no: str
    pdf_href: str
    digest: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class AwardPage:
    """The award."""

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    stage: str
    publicity_until: datetime
    open_objections: int
    candidates: list[CandidateRow]
    form: Form
    law: str
    winner: WinnerRow | None
    notice: SentRow | None
    contract_by: date | None
    contract_basis: str
    statement: str


@get("/a/lots/{lot_id:uuid}/award", guards=[permits("award.decide")], include_in_schema=False)
async def award_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show what comes next on the way from publicity to contract."""
    return await _show_award(request, tx, await own_lot(tx, actor, lot_id), Form())


@post("/a/lots/{lot_id:uuid}/award", guards=[permits("award.decide")], include_in_schema=False)
async def award_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Decide the award."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    agreed = require_agreement(form)
    try:
        bid = UUID(str(form.values.get("bid", "")))
    except ValueError:
        form.errors["bid"] = "请选择一名中标候选人。"
    else:
        draft = AwardDraft(bid_id=bid, reason=str(form.values.get("reason", "")))
        if agreed and await attempt(tx, form, lambda: decide_award(tx, actor, lot_id, draft)) is not None:
            return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/award"})
    return await _show_award(request, tx, lot, form, status=422)


@post("/a/lots/{lot_id:uuid}/award-notice", guards=[permits("award.notify")], include_in_schema=False)
async def award_notice_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the result and send the award notice."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    if require_agreement(form) and await attempt(tx, form, lambda: send_award_notice(tx, actor, lot_id)) is not None:
        return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/award"})
    return await _show_award(request, tx, lot, form, status=422)


async def _show_award(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    lot = await get_lot(tx, lot.id)
    report = await find_report(tx, lot.id)
    if report is None or lot.publicity_until is None:
        return show_waiting(request, tx, lot, "award", "中标候选人尚未公示", "公示期满后，招标人在此确定中标人。")
    law = await law_of(tx, lot.regime, lot.registered_at)
    award = await find_award(tx, lot.id)
    notice = await find_award_notice(tx, lot.id)
    contract = due(Limit.CONTRACT, legal_date(notice.issued_at), law) if notice else None
    stage = "sent" if notice else "notice" if award else "decide" if tx.now >= lot.publicity_until else "waiting"
    name = lot.procuring_entity_name
    page = AwardPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        stage=stage,
        publicity_until=lot.publicity_until,
        open_objections=len(await list_answers_owed(tx, lot.id)),
        candidates=_candidates(report.candidates, only_first=bool(lot.funds.get("state_controls"))),
        form=form,
        law=cite("条例55"),
        winner=WinnerRow(award.bidder_name, award.price_fen, award.decided_at) if award else None,
        notice=_sent(notice) if notice else None,
        contract_by=contract.date if contract else None,
        contract_basis=f"自中标通知书发出次日起算 {law.row(Limit.CONTRACT).count} 日",
        statement=f"我以{name}的名义{'确定中标人' if stage == 'decide' else '公告结果并发出中标通知书'}，并对此负责",
    )
    return render_page(request, "trading/award.html", {"page": page}, status=status, now=tx.now)


def _candidates(candidates: Sequence[RankedBid], *, only_first: bool) -> list[CandidateRow]:
    return [
        CandidateRow(
            rank=item.rank or 0,
            bid=str(item.bid_id),
            name=item.bidder_name,
            price=item.price_fen,
            score=item.score,
            manager=item.details.get("leader", "—"),
            term=item.details.get("term", "—"),
            eligible=not only_first or item.rank == 1,
            why_not="" if not only_first or item.rank == 1 else "须先证明第一名存在法定情形",
        )
        for item in candidates
    ]


def _sent(notice: AwardNoticeView) -> SentRow:
    href = f"/award-notices/{notice.id}" + ("/pdf" if notice.pdf_id else "")
    return SentRow(notice.number, href, notice.digest.hex(), notice.issued_at)


HANDLERS = [
    candidates_page,
    candidates_form,
    award_page,
    award_form,
    award_notice_form,
]
