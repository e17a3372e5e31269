"""Acts: publish the candidates, decide the award, publish the result, send the award notice.

Law: R-TIME-14 to R-TIME-19, R-AWD-01, R-AWD-02, R-ANN-03, R-ANN-04, R-THR-11. Whoever decides may only choose among the
candidates of the report; what is published is the report's snapshot.
"""

import hashlib
import uuid
from typing import Any

from sqlalchemy import select

from kernel.canonical import b64u_encode, format_time, jcs
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound, RuleBroken
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import Money
from kernel.outbox.queue import enqueue
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import end_of_day, legal_date
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.drafts import AwardDraft, CandidatesDraft
from trading.evaluation_report import RankedBid
from trading.findings import Finding, require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.limits import check_award, check_in_time, due, publicity_of
from trading.messages import tell
from trading.models.award import Award, AwardNotice
from trading.models.award import RankedBid as RankedBidRow
from trading.models.project import Lot, Project
from trading.posting import Posted, invented_of, post
from trading.progress import access_lot, advance
from trading.projects import is_mandatory
from trading.queries import get_lot
from trading.reports import ReportView, load_report
from trading.vocabulary import EvaluationMethod, Limit


async def publish_candidates(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: CandidatesDraft) -> Posted:
    """Make the report's candidates public; from here objections may be raised until the period ends.

    Returns:
        The notice; its `until` is the instant at which the publicity is over: 24:00 of a working day.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        MoveNotAllowed: there is no signed report, or the candidates are public already.
        RuleBroken: too late after the report, or the publicity does not say what it must.
    Effects:
        a row in `trading_notice`; entry `candidates.published`, public; a job that makes the sealed PDF.
    Source:
        R-TIME-14, R-TIME-15, R-ANN-03, R-THR-11
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    rules = await advance(tx, actor, lot, project, "publish_candidates")
    law = await law_of_project(tx, project)
    report = await load_report(tx, lot.id, law.count(Limit.MAX_CANDIDATES))

    today, received = legal_date(tx.now), legal_date(report.received_at)
    if law.knows(Limit.CANDIDATE_START):
        late = check_in_time(Limit.CANDIDATE_START, received, today, law)
        require_lawful([late] if late else ())
    counted = publicity_of(today, law) if law.knows(Limit.CANDIDATE_PUBLICITY) else None
    until = end_of_day(counted.date) if counted else tx.now
    data = _publicity_data(lot, project, report, draft, law) | {"until": format_time(until)}
    require_lawful(check_notice(NoticeKind.CANDIDATES, data, procedure_of_lot(lot, project)))

    facts = {
        "candidates": [_short(item) for item in report.candidates],
        "report": report.digest,
        "until": format_time(until),
        "raw_last_day": counted.raw.isoformat() if counted else None,
        "last_day": counted.date.isoformat() if counted else None,
        "rules": [*rules.split(), "R-TIME-15"],
    }
    title = [project.title, "中标候选人公示"]
    body = wording.candidate_publicity(data)
    kind, entry = NoticeKind.CANDIDATES, "candidates.published"
    return await post(tx, actor, lot, project, kind, title, data, body, facts, until=until, entry=entry)


async def decide_award(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: AwardDraft) -> uuid.UUID:
    """Decide who wins, after the publicity.

    Returns:
        The award's id.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        NotPermitted: the procuring entity itself decides, not its agency.
        MoveNotAllowed: candidates are not public, or an objection is being answered.
        RuleBroken: the publicity is not over, or the law wants the first-ranked candidate.
        InvalidInput: the bid is no candidate, or the choice of another than the first carries no reason.
    Effects:
        a row in `trading_award`; entry `award.decided`, public.
    Source:
        R-TIME-15, R-TIME-18, R-AWD-02, 条例 55
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    rules = await advance(tx, actor, lot, project, "decide_award")
    law = await law_of_project(tx, project)
    report = await load_report(tx, lot.id, law.count(Limit.MAX_CANDIDATES))

    until = (await get_lot(tx, lot.id)).publicity_until
    early = check_award(until, tx.now, law) if until and law.knows(Limit.CANDIDATE_PUBLICITY) else None
    require_lawful([early] if early else ())
    chosen = next((item for item in report.candidates if item.bid_id == draft.bid_id), None)
    if chosen is None:
        raise InvalidInput("请在评标报告推荐的中标候选人中选择。", [("bid", "请选择一名中标候选人。")])
    if chosen.rank != 1:
        await _require_free_choice(tx, project, draft.reason)

    award = Award(
        id=tx.new_id(),
        lot_id=lot.id,
        ranked_bid_id=await _row_id(tx, lot.id, chosen.bid_id),
        bid_id=chosen.bid_id,
        bidder_id=chosen.bidder_id,
        bidder_name=chosen.bidder_name,
        price_fen=chosen.price_fen,
        reason=draft.reason.strip(),
        decided_by=actor.account_id,
        decided_at=tx.now,
    )
    tx.session.add(award)
    await tx.session.flush()  # the award notice refers to it

    facts = {"winner": _short(chosen), "reason": award.reason, "rules": [*rules.split(), "R-TIME-18"]}
    await record(tx, actor, "award.decided", facts, subject=lot.id, visibility="public")
    return award.id


async def send_award_notice(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> uuid.UUID:
    """Publish the result and send the award notice to the winner; all others are told at the same time.

    Returns:
        The award notice's id.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        MoveNotAllowed: nothing is decided, or the notice is sent.
    Effects:
        a public notice of the result; a row in `trading_award_notice`; entries `result.published` and `award.notice`,
        public; a message to every bidder; jobs that make the sealed PDFs.
    Source:
        R-TIME-19, R-TIME-20, R-TIME-22, R-ANN-04, 招投法 45, 46
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    result_rules = await advance(tx, actor, lot, project, "publish_result")
    rules = await advance(tx, actor, lot, project, "send_award_notice")
    award = await _load_award(tx, lot.id)
    law = await law_of_project(tx, project)

    number = f"{project.number}-{lot.number}-ZBTZ"
    contacts = [contact for contact in project.contacts if contact["party"] != "监督部门"]
    data = _award_data(lot, project, award) | {"award_notice": number, "contacts": contacts}
    title = [project.title, "中标结果公告"]
    facts: dict[str, Any] = {"winner": award.bidder_name, "price": data["price"], "rules": result_rules.split()}
    kind, body = NoticeKind.AWARD, wording.award_result(data)
    posted = await post(tx, actor, lot, project, kind, title, data, body, facts, entry="result.published")

    notice = await _add_award_notice(tx, actor, lot, project, award, number, law, rules)
    await _tell_bidders(tx, lot, award, notice, posted, await load_report(tx, lot.id))
    return notice.id


async def _add_award_notice(
    tx: Tx, actor: Actor, lot: Lot, project: Project, award: Award, number: str, law: Law, rules: str
) -> AwardNotice:
    counted = due(Limit.CONTRACT, legal_date(tx.now), law)
    report = await load_report(tx, lot.id)
    won = next(item for item in report.ranked if item.bid_id == award.bid_id)
    offer = {name: _candidate(won)[name] for name in ("term", "quality", "leader")}
    data = (
        _award_data(lot, project, award)
        | offer
        | {
            "award_notice": number,
            "contract_days": law.row(Limit.CONTRACT).count,
            "contract_until": counted.date.isoformat(),
        }
    )
    content = {
        "v": 1,
        "type": "trading.award-notice",
        "number": number,
        "lot_id": str(lot.id),
        "issuer": project.procuring_entity_name,
        "agency": project.agency_name,
        "title": ["中标通知书"],
        "body": wording.award_notice(data),
        "data": data,
        "issued_at": format_time(tx.now),
        "rehearsal": tx.rehearsal,
        "invented": invented_of(project, lot),
    }
    digest = hashlib.sha256(jcs(content)).digest()
    facts = {
        "number": number,
        "winner": award.bidder_name,
        "price": data["price"],
        "sha256": b64u_encode(digest),
        "contract_until": data["contract_until"],
        "rules": [*rules.split(), "R-TIME-22"],
    }
    recorded = await record(tx, actor, "award.notice", facts, subject=lot.id, visibility="public")
    notice = AwardNotice(
        id=tx.new_id(),
        lot_id=lot.id,
        award_id=award.id,
        number=number,
        content=content,
        digest=digest,
        issued_at=tx.now,
        entry_id=recorded.entry_id,
    )
    tx.session.add(notice)
    await tx.session.flush()  # its paper refers to it
    await enqueue(tx, "trading:make_paper", {"award_notice": str(notice.id)}, key=f"paper:{notice.id}")
    return notice


async def _tell_bidders(
    tx: Tx, lot: Lot, award: Award, notice: AwardNotice, posted: Posted, report: ReportView
) -> None:
    """Tell the winner and, at the same time, everybody else who bid (招投法 45)."""
    await tell(
        tx,
        [award.bidder_id],
        lot.id,
        kind="award",
        title=f"{lot.title}：中标通知书",
        text="你方已被确定为中标人，请查收中标通知书并在期限内订立合同。",
        href=f"/award-notices/{notice.id}",
    )
    others = [item.bidder_id for item in report.ranked] + [uuid.UUID(item["bidder_id"]) for item in report.rejected]
    await tell(
        tx,
        [bidder for bidder in others if bidder != award.bidder_id],
        lot.id,
        kind="result",
        title=f"{lot.title}：中标结果",
        text=f"中标人为{award.bidder_name}，中标价 {Money(award.price_fen).grouped} 元。感谢参与。",
        href=f"/notices/{posted.id}",
    )


async def _require_free_choice(tx: Tx, project: Project, reason: str) -> None:
    controls = bool(project.funds.get("state_controls")) or project.funds.get("source") == "budget"
    if controls and await is_mandatory(tx, project):
        finding = Finding(
            rule="R-AWD-02",
            article=cite("条例55"),
            field="bid",
            message="国有资金占控股或者主导地位的依法必须进行招标的项目，应当确定排名第一的中标候选人为中标人。",
            actual="选择了排名靠后的候选人",
            required="排名第一",
        )
        raise RuleBroken(f"{finding.message}（{finding.article}）", [finding.described()], rule=finding.rule)
    if not reason.strip():
        raise InvalidInput("请写明不选择排名第一的候选人的理由。", [("reason", "请写明理由。")])


async def _row_id(tx: Tx, lot_id: uuid.UUID, bid_id: uuid.UUID) -> uuid.UUID:
    query = select(RankedBidRow.id).where(RankedBidRow.lot_id == lot_id, RankedBidRow.bid_id == bid_id)
    return (await tx.session.execute(query)).scalar_one()


async def _load_award(tx: Tx, lot_id: uuid.UUID) -> Award:
    award = (await tx.session.execute(select(Award).where(Award.lot_id == lot_id))).scalar_one_or_none()
    if award is None:
        raise NotFound
    return award


def _publicity_data(lot: Lot, project: Project, report: ReportView, draft: CandidatesDraft, law: Law) -> dict[str, Any]:
    method = procedure_of_lot(lot, project).evaluation_methods[EvaluationMethod(report.method)]
    count = len(report.ranked) + len(report.rejected)
    usual = f"评标委员会采用{method}，共评审 {count} 份投标文件，否决 {len(report.rejected)} 份。"
    channel = _channel(law)
    return {
        "tender": project.number,
        "lot": lot.number,
        "title": lot.title,
        "procuring_entity": project.procuring_entity_name,
        "candidates": [_candidate(item) for item in report.candidates],
        "rejected": [
            {"bidder_name": item["bidder_name"], "reason": item["reason"], "article": item["article"]}
            for item in report.rejected
        ],
        "evaluation": draft.evaluation.strip() or usual,
        "objection_channel": draft.objection_channel.strip() or channel,
        "report": report.digest,
    }


def _channel(law: Law) -> str:
    """Say how to object to the result, and until when it is answered. Source: R-TIME-17, R-GP-12, R-GP-13"""
    if law.knows(Limit.OBJECTION_ANSWER):
        days = law.row(Limit.OBJECTION_ANSWER).count
        who = "投标人或者其他利害关系人对评标结果有异议的，应当在公示期间通过本平台提出"
        return f"{who}，招标人自收到异议之日起 {days} 日内答复。"
    asked, answered = law.row(Limit.SUPPLIER_QUESTION).count, law.row(Limit.SUPPLIER_ANSWER).count
    who = f"供应商认为采购结果使自己的权益受到损害的，可以在知道之日起 {asked} 个工作日内通过本平台提出质疑"
    return f"{who}，采购人自收到质疑之日起 {answered} 个工作日内答复。"


def _candidate(item: RankedBid) -> dict[str, Any]:
    details = item.details
    return _short(item) | {
        "score": item.score,
        "quality": details.get("quality") or "符合招标文件要求",
        "term": details.get("term") or "响应招标文件要求",
        "qualification": details.get("qualification") or "满足招标文件规定的资格条件",
        "leader": details.get("leader", ""),
        "leader_certificate": details.get("leader_certificate", ""),
    }


def _short(item: RankedBid) -> dict[str, Any]:
    return {
        "rank": item.rank,
        "bid": str(item.bid_id),
        "bidder_name": item.bidder_name,
        "price": str(Money(item.price_fen)),
    }


def _award_data(lot: Lot, project: Project, award: Award) -> dict[str, Any]:
    assert lot.deadline is not None
    return {
        "tender": project.number,
        "lot": lot.number,
        "title": lot.title,
        "procuring_entity": project.procuring_entity_name,
        "winner": award.bidder_name,
        "price": str(Money(award.price_fen)),
        "deadline": format_time(lot.deadline),
    }
