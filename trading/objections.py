"""Acts: an objection is raised and answered; between the two the procedure stands still where the law says so.

Law: R-TIME-07, R-TIME-08 (条例 22), R-TIME-17 (条例 54), R-GP-12, R-GP-13 (采购法 52, 53), R-ET-09, R-ANN-05. Before
the opening nobody learns who objected, because that would tell who holds the documents. A pause does not use up the
bidders' time: the deadline moves with it.
"""

import uuid
from datetime import datetime

from sqlalchemy import func, select

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record
from kernel.parameters.law import Law
from kernel.periods import end_of_day, legal_date
from trading import objection_rules as rules
from trading import standstill
from trading.announcement import NoticeKind
from trading.drafts import ObjectionAnswerDraft, ObjectionDraft
from trading.findings import moment_in_print, require_lawful
from trading.holders import Holders
from trading.legal import law_of_project
from trading.messages import tell
from trading.models.notice import Notice
from trading.models.objection import Objection, ObjectionAnswer
from trading.models.project import Lot, Project
from trading.posting import visibility_of
from trading.progress import access_lot
from trading.questions import require_text
from trading.visibility import view_lot
from trading.vocabulary import ObjectionOutcome, ObjectionSubject, Stage

#: How often one organisation may object to the documents, or to the result, of a lot, withdrawn ones included: each
#: stops the procedure, and with it moves the end of the period in which the next may come.
MOST = 5
#: What an interested party that holds no documents must at least say of its interest, in characters.
_LEAST_INTEREST = 10
OUTCOMES = {
    ObjectionOutcome.UPHELD: "异议成立",
    ObjectionOutcome.PARTLY: "异议部分成立",
    ObjectionOutcome.DISMISSED: "异议不成立",
}


async def raise_objection(
    tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, draft: ObjectionDraft
) -> uuid.UUID:
    """Object to the tender documents or to the result. The same objection again is no second one.

    Returns:
        The objection's id, which does not tell when it came.
    Raises:
        NotFound: no such lot, nothing of it is public, or the objector stands on the buying side.
        Conflict: there is nothing to object to now, or the organisation has objected too often.
        RuleBroken: the period is over; with its article.
        InvalidInput: a text is missing or too long, names the objector, or the interest is not stated.
    Effects:
        a row in `trading_objection`; entry `objection.raised`, sealed; under the bidding law the lot is paused, with
        entry `lot.paused`, public; a message to the lot's parties.
    Source:
        R-TIME-07, R-TIME-08, R-TIME-17, R-GP-12, R-ET-09, R-ANN-05
    """
    policy.require(actor, "objection.raise")
    seen = await view_lot(tx, actor, lot_id)  # an invited tender does not exist for the others
    if seen.published_at is None or actor.organisation_id is None or not actor.covers(lot_id):
        raise NotFound
    if seen.is_party(actor.organisation_id):
        raise NotFound
    lot, project = await _lock(tx, lot_id)
    law = await law_of_project(tx, project)
    now = await tx.instant()
    until = await _period_end(tx, lot, draft.subject, law)
    late = rules.check_raised(draft.subject, now, until, law)
    require_lawful([late] if late else ())

    word = rules.word_of(law)
    wording = require_text(draft.text, "text", f"{word}的事实和理由")
    request = require_text(draft.request, "request", "请求事项")
    interest = await _require_interest(tx, actor, holders, lot.id, draft.interest)
    if lot.opened_at is None:
        _require_unnamed(actor, wording, request, interest)
    known = await _find_same(tx, actor, lot.id, draft.subject, wording)
    if known is not None:
        return known
    await _require_bearable(tx, actor, lot.id, draft.subject, word)

    answer_by = rules.answer_by(legal_date(now), law)
    row = Objection(
        id=tx.new_secret_id(),
        lot_id=lot.id,
        subject=draft.subject.value,
        raiser_id=actor.organisation_id,
        interest=interest,
        text=wording,
        request=request,
        raised_at=now,
        answer_by=answer_by,
        withdrawn_at=None,
    )
    tx.session.add(row)
    await tx.session.flush()  # the answer refers to it

    facts = {"objection": str(row.id), "subject": row.subject, "answer_by": format_time(answer_by)}
    await record(tx, actor, "objection.raised", facts | {"rules": ["R-ET-09"]}, subject=lot.id, visibility="sealed")
    if rules.stops_the_procedure(law):
        await standstill.pause(tx, lot, draft.subject, answer_by)
    await _tell_parties(tx, lot, project, word, answer_by)
    return row.id


async def answer_objection(
    tx: Tx, actor: Actor, holders: Holders, objection_id: uuid.UUID, draft: ObjectionAnswerDraft
) -> int:
    """Answer an objection, to its raiser and to the public; with the last open one the lot goes on.

    An answer after its last day is not refused, for it is owed all the same: the entry says that it is late.

    Returns:
        The number of the answer on the lot's page.
    Raises:
        NotFound: no such objection in a lot of the actor's.
        Conflict: it is answered or withdrawn.
        RuleBroken: the wished deadline is earlier than the earliest lawful one.
    Effects:
        a row in `trading_objection_answer`; entry `objection.answered`, as public as the notice; a message to
        every holder and to the raiser; where the lot goes on, its stage, and a corrected notice if the bid deadline
        moves.
    Source:
        R-TIME-08, R-TIME-17, R-TIME-04, R-GP-13, R-ET-02
    """
    objection = await _load(tx, objection_id)
    lot, project = await access_lot(tx, actor, objection.lot_id, lock=True)
    policy.require(actor, "objection.answer")
    await _require_open(tx, objection)
    law = await law_of_project(tx, project)
    now = await tx.instant()

    wording = require_text(draft.text, "answer", "答复")
    answer = ObjectionAnswer(
        objection_id=objection.id,
        lot_id=lot.id,
        no=await _next_number(tx, lot.id),
        objection_text=objection.text,
        outcome=draft.outcome.value,
        text=wording,
        affects_bids=draft.affects_bids,
        late=now >= objection.answer_by,
        answered_by=actor.account_id,
        answered_at=now,
    )
    tx.session.add(answer)
    await tx.session.flush()  # the next lines ask what is still open
    paused_at = lot.stage_since
    source = await standstill.resume(tx, lot, ObjectionSubject(objection.subject))
    # Procurement law does not stop the procedure: an answer that comes when bidding is over moves nothing any more.
    open_still = not rules.stops_the_procedure(law) and standstill.takes_bids(lot, now)
    if objection.subject == ObjectionSubject.DOCUMENTS and (source or open_still):
        since = paused_at if source else now
        await standstill.give_time(tx, actor, holders, lot, project, law, since, now, draft.move_deadline_to)

    article = "R-TIME-08" if objection.subject == ObjectionSubject.DOCUMENTS else "R-TIME-17"
    facts = {
        "no": answer.no,
        "subject": objection.subject,
        "objection": objection.text,
        "request": objection.request,
        "outcome": answer.outcome,
        "answer": wording,
        "affects_bids": answer.affects_bids,
        "answer_by": format_time(objection.answer_by),
        "late": answer.late,
        "resumed": source is not None,
        "rules": [article if rules.stops_the_procedure(law) else "R-GP-13", "R-ET-02"],
    }
    await record(tx, actor, "objection.answered", facts, subject=lot.id, visibility=visibility_of(lot, project))
    await tell(
        tx,
        [objection.raiser_id, *await holders.list_holders(tx, lot.id)],
        lot.id,
        kind="answer",
        title=f"{lot.title}：第 {answer.no} 号{rules.word_of(law)}答复",
        text=f"{OUTCOMES[draft.outcome]}。\n问：{objection.text}\n答：{wording}",
        href=f"/lots/{lot.id}#objection-{answer.no}",
    )
    return answer.no


async def withdraw_objection(tx: Tx, actor: Actor, holders: Holders, objection_id: uuid.UUID) -> None:
    """Withdraw an objection that is not answered yet; with the last open one the lot goes on.

    Raises:
        NotFound: no such objection of the actor's organisation.
        Conflict: it is answered, or withdrawn already.
    Effects:
        the row's `withdrawn_at`; entry `objection.withdrawn`, sealed; where the lot goes on, its stage, entry
        `lot.resumed`, public, and a corrected notice if the bid deadline moves.
    Source:
        R-TIME-08, R-TIME-17
    """
    policy.require(actor, "objection.raise")
    objection = await _load(tx, objection_id)
    if objection.raiser_id != actor.organisation_id or not actor.covers(objection.lot_id):
        raise NotFound
    lot, project = await _lock(tx, objection.lot_id)
    await _require_open(tx, objection)
    law = await law_of_project(tx, project)
    now = await tx.instant()

    objection.withdrawn_at = now
    await tx.session.flush()  # the next lines ask what is still open
    paused_at = lot.stage_since
    subject = ObjectionSubject(objection.subject)
    facts = {"objection": str(objection.id), "rules": ["R-ET-09"]}
    await record(tx, actor, "objection.withdrawn", facts, subject=lot.id, visibility="sealed")
    source = await standstill.resume(tx, lot, subject)
    if source is not None:
        resumed = {"reason": "异议已撤回", "rules": source.split()}
        await record(tx, system_actor(), "lot.resumed", resumed, subject=lot.id, visibility="public")
        if subject is ObjectionSubject.DOCUMENTS:
            await standstill.give_time(tx, system_actor(), holders, lot, project, law, paused_at, now, None)


async def _period_end(tx: Tx, lot: Lot, subject: ObjectionSubject, law: Law) -> datetime:
    """Return the instant at which the period for such an objection ends.

    Raises:
        Conflict: it has not begun, or the stage leaves no room for it.
    """
    word = rules.word_of(law)
    if subject is ObjectionSubject.DOCUMENTS:
        if lot.stage not in (Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS) or lot.deadline is None:
            raise Conflict(f"投标已截止，不能再对招标文件提出{word}。")
        assert lot.published_at is not None
        return end_of_day(rules.last_day_on_documents(legal_date(lot.published_at), lot.deadline, law))
    kind = NoticeKind.CANDIDATES if rules.stops_the_procedure(law) else NoticeKind.AWARD
    newest = select(Notice).where(Notice.lot_id == lot.id, Notice.kind == kind.value)
    notice = (await tx.session.execute(newest.order_by(Notice.version.desc()).limit(1))).scalar_one_or_none()
    open_in = (Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT) if rules.stops_the_procedure(law) else tuple(Stage)
    if notice is None or lot.stage not in open_in:
        raise Conflict(f"评标结果不在公示期内，不能提出{word}。")
    if notice.until is not None:
        return notice.until
    return end_of_day(rules.last_day_on_result(legal_date(notice.published_at), law))


async def _require_interest(tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, interest: str) -> str:
    stated = interest.strip()
    assert actor.organisation_id is not None
    if stated:
        stated = require_text(stated, "interest", "利害关系")
    if not await holders.is_holder(tx, lot_id, actor.organisation_id) and len(stated) < _LEAST_INTEREST:
        message = "未获取招标文件的，请写明与本次招标的利害关系（不少于十个字）。"
        raise InvalidInput(message, [("interest", message)])
    return stated


def _require_unnamed(actor: Actor, *texts: str) -> None:
    names = [name for name in ("".join(actor.organisation_name.split()), actor.uscc) if name]
    said = ["".join(item.split()) for item in texts]  # blanks between the signs hide no name from a reader
    if any(name in item for name in names for item in said):
        message = "请删去本单位名称：开标前对其他人不署名，写明名称会泄露潜在投标人（招标投标法第二十二条）。"
        raise InvalidInput(message, [("text", message)])


async def _find_same(
    tx: Tx, actor: Actor, lot_id: uuid.UUID, subject: ObjectionSubject, wording: str
) -> uuid.UUID | None:
    query = select(Objection.id).where(
        Objection.lot_id == lot_id,
        Objection.raiser_id == actor.organisation_id,
        Objection.subject == subject.value,
        Objection.text == wording,
        Objection.withdrawn_at.is_(None),
    )
    return (await tx.session.execute(query)).scalars().first()


async def _require_bearable(tx: Tx, actor: Actor, lot_id: uuid.UUID, subject: ObjectionSubject, word: str) -> None:
    query = select(func.count()).where(
        Objection.lot_id == lot_id,
        Objection.raiser_id == actor.organisation_id,
        Objection.subject == subject.value,
    )
    if int((await tx.session.execute(query)).scalar_one()) >= MOST:
        raise Conflict(
            f"本单位在本标段已提出 {MOST} 次{word}（包括已撤回的），平台不再受理更多。"
            "仍有异议的，请以书面形式向招标人提出，或者依法向行政监督部门投诉。"
        )


async def _tell_parties(tx: Tx, lot: Lot, project: Project, word: str, answer_by: datetime) -> None:
    await tell(
        tx,
        [project.procuring_entity_id, project.agency_id],
        lot.id,
        kind="objection",
        title=f"{lot.title}：收到{word}",
        text=f"请在 {moment_in_print(answer_by)} 前作出答复。",
        href=f"/a/lots/{lot.id}/questions",
    )


async def _lock(tx: Tx, lot_id: uuid.UUID) -> tuple[Lot, Project]:
    query = select(Lot, Project).join(Project, Project.id == Lot.project_id).where(Lot.id == lot_id)
    held = query.with_for_update(of=Lot).execution_options(populate_existing=True)
    row = (await tx.session.execute(held)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def _load(tx: Tx, objection_id: uuid.UUID) -> Objection:
    objection = await tx.session.get(Objection, objection_id)
    if objection is None:
        raise NotFound
    return objection


async def _require_open(tx: Tx, objection: Objection) -> None:
    """Ask again under the lot's lock: of two answers at one moment the later is refused."""
    await tx.session.refresh(objection)
    if objection.withdrawn_at is not None:
        raise Conflict("这项异议已经撤回。")
    if await tx.session.get(ObjectionAnswer, objection.id) is not None:
        raise Conflict("这项异议已经答复。")


async def _next_number(tx: Tx, lot_id: uuid.UUID) -> int:
    most = await tx.session.execute(select(func.max(ObjectionAnswer.no)).where(ObjectionAnswer.lot_id == lot_id))
    return int(most.scalar_one() or 0) + 1
