"""Acts of a prequalification: announce it, postpone it, conclude it. Its applications are `trading.applying`.

Law: 条例 15 to 21 (R-TIME-01, R-TIME-02, R-TIME-05, R-TIME-06, R-THR-10), 采购条例 21 (R-GP-20): documents are handed
out, applications come in until a moment, every applicant is told the result, and with fewer than three that pass the
tender begins anew.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from trading import wording
from trading.admission_rules import PrequalificationDates, check_prequalification
from trading.announcement import NoticeKind, check_notice
from trading.documents import PREQUALIFICATION, DocumentView, issue_documents, list_documents
from trading.drafts import PrequalificationDraft, VerdictDraft
from trading.findings import Finding, require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.messages import tell
from trading.models.admission import Application, Prequalification
from trading.models.project import Lot, Project
from trading.posting import Posted, post
from trading.progress import access_lot
from trading.queries import get_lot
from trading.vocabulary import Limit, Stage

_NONE_SAID = "资格预审文件载明的标准和方法"


@dataclass(frozen=True, slots=True)
class PrequalificationView:
    """The dates of a prequalification, and whether its result is out."""

    documents_from: datetime
    documents_to: datetime
    deadline: datetime
    review_method: str
    announced_at: datetime
    concluded_at: datetime | None


async def announce_prequalification(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: PrequalificationDraft) -> Posted:
    """Publish the announcement and issue the documents of the prequalification.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the procedure has none, it is announced already, or there are no documents for it.
        RuleBroken: a date breaks a limit, or the announcement does not say what it must.
    Effects:
        rows in `trading_prequalification` and `trading_notice`; entries `documents.published`, `notice.published`.
    Source:
        R-TIME-01, R-TIME-02, R-GP-01, R-GP-20, R-ANN-01
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    procedure = procedure_of_lot(lot, project)
    if not procedure.prequalified:
        raise Conflict("本标段采用资格后审，没有资格预审。")
    if lot.stage != Stage.REGISTERED or await find_prequalification(tx, lot.id) is not None:
        raise Conflict("资格预审公告已经发布。")
    if not [item for item in await list_documents(tx, lot.id) if item.purpose == PREQUALIFICATION]:
        raise Conflict("请先上传资格预审文件。")
    _require_order(tx, draft)
    dates = PrequalificationDates(draft.documents_from, draft.documents_to, draft.deadline, tx.now)
    law = await law_of_project(tx, project)
    require_lawful(tuple(check_prequalification(dates, law, procedure)))

    row = Prequalification(
        lot_id=lot.id,
        documents_from=draft.documents_from,
        documents_to=draft.documents_to,
        deadline=draft.deadline,
        review_method=draft.review_method.strip() or _NONE_SAID,
        announced_at=tx.now,
        concluded_at=None,
    )
    tx.session.add(row)
    await tx.session.flush()  # views are read by SQL, in the same act too
    issued = await issue_documents(tx, actor, lot.id, purpose=PREQUALIFICATION)
    data = await _data(tx, lot, row)
    require_lawful(check_notice(NoticeKind.PREQUALIFICATION, data, procedure))
    data |= {"documents": _listed(issued)}
    facts = {"documents": data["documents"], "rules": ["R-TIME-01", "R-TIME-02"]}
    title = [project.title, procedure.notices[NoticeKind.PREQUALIFICATION].title]
    body = wording.prequalification(data)
    return await post(tx, actor, lot, project, NoticeKind.PREQUALIFICATION, title, data, body, facts)


async def postpone_prequalification(tx: Tx, actor: Actor, lot_id: uuid.UUID, deadline: datetime, reason: str) -> Posted:
    """Let applications come in longer, for a correction or whatever else; the new announcement shows the difference.

    Raises:
        Conflict: there is none, or its deadline has come.
        InvalidInput: the new deadline is not later, or no reason is given.
        RuleBroken: fewer days are left than the law wants after a correction.
    Source:
        R-TIME-05, R-GP-20
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    row = await _open(tx, lot)
    faults = [] if reason.strip() else [("reason", "请写明原因。")]
    if deadline.tzinfo is None or deadline <= row.deadline:
        faults.append(("deadline", "新的申请截止时间必须晚于原定时间。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    procedure, law = procedure_of_lot(lot, project), await law_of_project(tx, project)
    limit = law.row(Limit.PREQUALIFICATION_CLARIFICATION)
    if (deadline.date() - tx.now.astimezone(deadline.tzinfo).date()).days < limit.count:
        message = f"更正后距申请截止不得少于{limit.count}日。"
        require_lawful([Finding(limit.rules[0], limit.article, "deadline", message, "不足", f"不少于{limit.count}日")])

    row.deadline = deadline
    await tx.session.flush()  # the announcement reads it
    data = await _data(tx, lot, row)
    changes = [f"资格预审申请截止时间顺延至{wording.at(data['prequalification_deadline'])}（北京时间）。"]
    again = await issue_documents(tx, actor, lot.id, purpose=PREQUALIFICATION)  # corrected documents go out with it
    listed = await list_documents(tx, lot.id)
    documents = _listed([d for d in listed if d.issued_at is not None and d.purpose == PREQUALIFICATION])
    data |= {"changes": [*changes, f"原因：{reason.strip()}"], "documents": documents}
    facts = {"changes": data["changes"], "documents": _listed(again), "rules": [limit.rules[0]]}
    title = [project.title, f"{procedure.notices[NoticeKind.PREQUALIFICATION].title}（更正）"]
    return await post(
        tx,
        actor,
        lot,
        project,
        NoticeKind.PREQUALIFICATION,
        title,
        data,
        wording.prequalification(data),
        facts,
    )


async def conclude_prequalification(
    tx: Tx, actor: Actor, lot_id: uuid.UUID, verdicts: tuple[VerdictDraft, ...]
) -> Posted:
    """Decide every application after the deadline, publish the result and tell each applicant its own.

    Published is whether enough have passed, not who and how many (招投法 22; R-ANN-05).

    Raises:
        TooEarly: applications may still come in.
        InvalidInput: a verdict is missing, or a refusal gives no reason.
    Effects:
        the applications' verdicts; a notice; entry `notice.published`, public; one message to each applicant.
    Source:
        R-THR-10, R-TIME-02
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    row = await tx.session.get(Prequalification, lot.id)
    if row is None or row.concluded_at is not None:
        raise Conflict("没有正在进行的资格预审。")
    if await tx.instant() < row.deadline:
        raise TooEarly("资格预审申请截止时间未到。")
    procedure, law = procedure_of_lot(lot, project), await law_of_project(tx, project)

    said = {verdict.application_id: verdict for verdict in verdicts}
    query = select(Application).where(Application.lot_id == lot.id, Application.withdrawn_at.is_(None))
    applications = list((await tx.session.execute(query.with_for_update())).scalars())
    faults = [(f"verdict-{item.id}", fault) for item in applications if (fault := _fault(said.get(item.id)))]
    if faults:
        raise InvalidInput("请对每一份申请作出结论。", faults)
    for item in applications:
        item.passed, item.reason = said[item.id].passed, said[item.id].reason.strip()
        item.decided_at = tx.now
    row.concluded_at = tx.now
    await tx.session.flush()  # the tender reads it

    least = law.row(procedure.counts["prequalified"])
    enough = sum(1 for item in applications if item.passed) >= least.count
    data = await _data(tx, lot, row) | _result(enough, least.count)
    require_lawful(check_notice(NoticeKind.PREQUALIFICATION_RESULT, data, procedure))
    title = [project.title, procedure.notices[NoticeKind.PREQUALIFICATION_RESULT].title]
    facts = {"enough": enough, "rules": ["R-THR-10"]}
    body = wording.prequalification_result(data)
    posted = await post(tx, actor, lot, project, NoticeKind.PREQUALIFICATION_RESULT, title, data, body, facts)
    for item in applications:
        text = "贵单位已通过资格预审，请等候招标公告。" if item.passed else f"贵单位未通过资格预审，理由：{item.reason}"
        await tell(
            tx,
            [item.organisation_id],
            lot.id,
            kind="prequalification",
            title=f"{lot.title}：资格预审结果",
            text=text,
            href=f"/lots/{lot.id}/application",
        )
    return posted


async def find_prequalification(tx: Tx, lot_id: uuid.UUID) -> PrequalificationView | None:
    """Return the prequalification of a lot, or None if it is not announced."""
    row = await tx.fetchrow(
        "SELECT documents_from, documents_to, deadline, review_method, announced_at, concluded_at"
        " FROM trading_prequalification WHERE lot_id = $1",
        lot_id,
    )
    return None if row is None else PrequalificationView(*row)


async def has_passed(tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Say whether a firm has passed the prequalification."""
    query = select(Application.passed).where(
        Application.lot_id == lot_id,
        Application.organisation_id == organisation_id,
        Application.withdrawn_at.is_(None),
    )
    return (await tx.session.execute(query)).scalar_one_or_none() is True


async def require_concluded(tx: Tx, lot_id: uuid.UUID) -> None:
    """Refuse to call for bids before the prequalification has brought enough applicants.

    Raises:
        Conflict: it is not concluded, or too few have passed.
    """
    found = await find_prequalification(tx, lot_id)
    if found is None or found.concluded_at is None:
        raise Conflict("请先完成资格预审，公布结果后再发布招标公告。")
    passed = select(Application.id).where(Application.lot_id == lot_id, Application.passed.is_(True))
    count = len(list((await tx.session.execute(passed)).scalars()))
    if count < await _least(tx, lot_id):
        raise Conflict("通过资格预审的申请人不足法定人数，应当重新招标。")


async def _least(tx: Tx, lot_id: uuid.UUID) -> int:
    query = select(Lot, Project).join(Project, Project.id == Lot.project_id).where(Lot.id == lot_id)
    lot, project = (await tx.session.execute(query)).one()
    law = await law_of_project(tx, project)
    return law.count(procedure_of_lot(lot, project).counts["prequalified"])


async def _open(tx: Tx, lot: Lot) -> Prequalification:
    row = await tx.session.get(Prequalification, lot.id, with_for_update=True)
    if row is None or row.concluded_at is not None or await tx.instant() >= row.deadline:
        raise Conflict("资格预审没有开始，或者申请截止时间已到。")
    return row


def _listed(documents: list[DocumentView]) -> list[dict[str, Any]]:
    return [{"name": d.name, "version": d.version, "sha256": d.digest.hex()} for d in documents]


def _require_order(tx: Tx, draft: PrequalificationDraft) -> None:
    moments = (draft.documents_from, draft.documents_to, draft.deadline)
    if any(moment.tzinfo is None for moment in moments):
        raise InvalidInput("时间须带时区。", [("documents_from", "请写明时区。")])
    if draft.documents_from < tx.now:
        message = "资格预审文件开始获取时间不能早于现在。"
        raise InvalidInput(message, [("documents_from", message)])
    if not draft.documents_from <= draft.documents_to <= draft.deadline:
        message = "获取开始、获取截止、申请截止应当依次在后。"
        raise InvalidInput(message, [("prequalification_deadline", message)])


def _fault(verdict: VerdictDraft | None) -> str:
    if verdict is None:
        return "请作出结论。"
    return "" if verdict.passed or verdict.reason.strip() else "请写明未通过的理由。"


def _result(enough: bool, least: int) -> dict[str, str]:
    if enough:
        return {
            "outcome": f"通过资格预审的申请人达到 {least} 个以上，资格预审有效。",
            "next": "通过资格预审的申请人可以在招标公告载明的时间获取招标文件、参加投标；结果已分别通知各申请人。",
        }
    return {
        "outcome": f"通过资格预审的申请人少于 {least} 个。",
        "next": "招标人应当重新招标；结果已分别通知各申请人。",
    }


async def _data(tx: Tx, lot: Lot, row: Prequalification) -> dict[str, Any]:
    view = await get_lot(tx, lot.id)
    return {
        "tender": view.tender,
        "lot": view.number,
        "project_title": view.project_title,
        "title": view.title,
        "procuring_entity": view.procuring_entity_name,
        "procuring_entity_address": next((c["address"] for c in view.contacts if c["party"] == "招标人"), ""),
        "agency": view.agency_name,
        "funds": view.funds["description"],
        "summary": view.scope["summary"],
        "quantity": view.scope["quantity"],
        "place": view.scope["place"],
        "term": view.scope["term"],
        "qualifications": view.qualifications,
        "consortium": "接受联合体申请" if view.consortium_allowed else "不接受联合体申请",
        "review_method": row.review_method,
        "prequalification_from": format_time(row.documents_from),
        "prequalification_to": format_time(row.documents_to),
        "prequalification_deadline": format_time(row.deadline),
        "application_how": "使用电子营业执照登录本平台，在线填写申请并上传申请文件；截止前可以修改或者撤回。",
        "contacts": view.contacts,
        "supervising_body": view.supervising_body,
        "changes": [],
    }
