"""Acts: publish the tender notice, correct it, move its deadline. A notice is superseded, never overwritten.

Law: R-ANN-01, R-ANN-02, R-TIME-01, R-TIME-03, R-TIME-04, R-TIME-28; 20号令 40 (signed and archived electronically).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.web.filters import long_moment
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.documents import TENDER, DocumentView, issue_documents, list_documents
from trading.findings import breaches, require_lawful
from trading.holders import Holders
from trading.inviting import deliver_invitation, invitation_data, require_invitation
from trading.legal import law_of_project, procedure_of_lot
from trading.lot_view import LotView
from trading.messages import tell
from trading.models.project import Lot, Project
from trading.parameters import published_parameters
from trading.plan import PlanOfDates, check_clarification, check_plan
from trading.plans import require_plan_holds
from trading.posting import Posted, post
from trading.prequalifying import require_concluded
from trading.procedures.definition import Definition
from trading.progress import access_lot, advance
from trading.projects import is_mandatory
from trading.queries import get_lot
from trading.vocabulary import EvaluationMethod, Stage


async def publish_notice(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Posted:
    """Publish the tender notice of a lot and issue its documents.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        MoveNotAllowed: the notice is out already.
        Conflict: plan, keyset or documents are missing.
        RuleBroken: a limit is not kept any more, or the notice does not say what it must.
    Effects:
        a row in `trading_notice`; entries `documents.published` and `notice.published`, public; a job that makes the
        sealed PDF.
    Source:
        R-ANN-01, R-ANN-02, R-TIME-01, R-TIME-03, R-ET-11
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    rules = await advance(tx, actor, lot, project, "publish_notice")

    await require_plan_holds(tx, lot, project)
    if lot.keyset is None:
        raise Conflict("开标密钥尚未就绪：请先由全部见证人完成密钥演练并接受。")
    if not [item for item in await list_documents(tx, lot.id) if item.purpose == TENDER]:
        raise Conflict("请先上传招标文件。")
    procedure = procedure_of_lot(lot, project)
    invitation = await require_invitation(tx, lot.id, project, procedure) if procedure.is_invited else None
    if procedure.prequalified:
        await require_concluded(tx, lot.id)
    data = await tender_data(tx, lot, changes=())
    kind = main_kind(procedure)
    require_lawful(check_notice(kind, data, procedure))

    lot.published_at = tx.now
    await tx.session.flush()  # views are read by SQL, in the same act too
    issued = await issue_documents(tx, actor, lot.id)
    title = [f"{project.title}", procedure.notices[kind].title]
    body = wording.tender_notice(data)
    facts = {"keyset": lot.keyset, "documents": _listed(issued), "rules": ["R-ANN-01", "R-ANN-02", *rules.split()]}
    posted = await post(tx, actor, lot, project, kind, title, data | {"documents": _listed(issued)}, body, facts)
    if invitation is not None:
        await deliver_invitation(tx, lot, invitation, posted.id)
    return posted


def main_kind(procedure: Definition) -> NoticeKind:
    """Return the kind of notice that calls for bids: to everybody, or to the invited."""
    return NoticeKind.INVITATION if procedure.is_invited else NoticeKind.TENDER


async def move_deadline(
    tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, deadline: datetime, reason: str
) -> Posted:
    """Move a lot's bid deadline to a later moment, publish the corrected notice and tell every holder.

    Args:
        reason: one Chinese sentence, published.

    Raises:
        InvalidInput: the new deadline is not later, or no reason is given.
        DeadlinePassed: the old deadline has come.
        RuleBroken: the new deadline breaks a limit.
    Effects:
        a new version of the notice; entry `notice.published`; a message to every holder.
    Source:
        R-TIME-04 (招投法 23, 条例 21)
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    old, documents_from, documents_to = await open_dates(tx, lot)

    if deadline.tzinfo is None or deadline <= old:
        raise InvalidInput("新的投标截止时间必须晚于原定时间。", [("deadline", "请填写更晚的时间，并写明时区。")])
    if not reason.strip():
        raise InvalidInput("请写明顺延的原因。", [("reason", "请写明原因。")])
    law = await law_of_project(tx, project)
    plan = PlanOfDates(documents_from, documents_to, deadline, deadline)
    require_lawful(check_plan(plan, law, procedure_of_lot(lot, project), mandatory=await is_mandatory(tx, project)))
    return await postpone(tx, actor, holders, lot, project, deadline, reason, ("R-TIME-04",))


async def postpone(
    tx: Tx,
    actor: Actor,
    holders: Holders,
    lot: Lot,
    project: Project,
    deadline: datetime,
    reason: str,
    rules: Sequence[str],
) -> Posted:
    """Set a later bid deadline, publish the corrected notice, tell every holder; called by the act that has the reason.

    Args:
        lot: locked by the caller.
        deadline: lawful and later; the caller has asked.

    Effects:
        a new version of the notice; entry `notice.published`; a message to every holder.
    Source:
        R-TIME-04, R-TIME-08, R-ET-02
    """
    assert lot.deadline is not None
    moments = [long_moment(moment) for moment in (lot.deadline, deadline)]
    lot.deadline = lot.opening_at = deadline
    await tx.session.flush()  # views are read by SQL, in the same act too
    changes = (f"投标截止时间及开标时间由{moments[0]}顺延至{moments[1]}（北京时间）。", f"原因：{reason.strip()}")
    posted = await correct_notice(tx, actor, lot, project, changes, rules)
    await tell(
        tx,
        await holders.list_holders(tx, lot.id),
        lot.id,
        kind="correction",
        title=f"{lot.title}：投标截止时间顺延",
        text="".join(changes),
        href=f"/notices/{posted.id}",
    )
    return posted


async def correct_notice(
    tx: Tx, actor: Actor, lot: Lot, project: Project, changes: Sequence[str], rules: Sequence[str]
) -> Posted:
    """Publish the next version of a lot's tender notice; called by the act that has the changes.

    Effects:
        a new version; entry `notice.published`, public; drafts of documents are issued with it.
    """
    issued = await issue_documents(tx, actor, lot.id)
    procedure = procedure_of_lot(lot, project)
    data, kind = await tender_data(tx, lot, changes=changes), main_kind(procedure)
    require_lawful(check_notice(kind, data, procedure))
    listed = await list_documents(tx, lot.id)
    everything = [item for item in listed if item.issued_at is not None and item.purpose == TENDER]
    data |= {"documents": _listed(everything)}
    title = [f"{project.title}", f"{procedure.notices[kind].title}（更正）"]
    body = wording.tender_notice(data)
    facts = {"changes": list(changes), "documents": _listed(issued), "rules": list(rules)}
    return await post(tx, actor, lot, project, kind, title, data, body, facts)


async def tender_data(tx: Tx, lot: Lot, changes: Sequence[str]) -> dict[str, Any]:
    """Return the data of a tender notice from what is on record."""
    view = await get_lot(tx, lot.id)
    address = next((c["address"] for c in view.contacts if c["party"] == "招标人"), "")
    fee, procedure = Money.parse(view.procedure["documents_fee"]), view.definition
    price = "免费" if fee.fen == 0 else f"每套 {fee.grouped} 元"
    return {
        "tender": view.tender,
        "lot": view.number,
        "project_title": view.project_title,
        "title": view.title,
        "regime": view.regime.value,
        "kind": view.kind.value,
        "method": wording.METHODS[view.method],
        "procuring_entity": view.procuring_entity_name,
        "procuring_entity_address": address,
        "agency": view.agency_name,
        "approval": view.approval,
        "funds": view.funds["description"],
        "summary": view.scope["summary"],
        "quantity": view.scope["quantity"],
        "place": view.scope["place"],
        "term": view.scope["term"],
        "quality": view.scope["quality"],
        "qualifications": view.qualifications,
        "consortium": "接受联合体投标" if view.consortium_allowed else "不接受联合体投标",
        "agents_allowed": view.agents_allowed,
        "price_cap": str(Money(view.price_cap_fen)) if view.price_cap_fen else None,
        "bid_bond": str(Money(view.bid_bond_fen)) if view.bid_bond_fen else None,
        "documents_from": _time(view.documents_from),
        "documents_to": _time(view.documents_to),
        "documents_how": f"使用电子营业执照登录本平台登记投标意向后在线获取，{price}。",
        "deadline": _time(view.deadline),
        "submission_how": "投标文件在投标人本机加密后通过本平台递交，逾期送达或者未加密的，不予受理。",
        "opening_at": _time(view.opening_at),
        "opening_place": view.procedure["opening_place"],
        "evaluation_method": procedure.evaluation_methods[EvaluationMethod(view.procedure["evaluation_method"])],
        "parameters": [one.words for one in published_parameters(view.price_method)],
        "criteria": [
            {"code": c.code, "name": c.name, "kind": c.kind, "max": c.max}
            | ({"evidence": c.evidence} if c.evidence else {})
            for c in view.criteria
        ],
        "keyset": view.keyset,
        "contacts": view.contacts,
        "supervising_body": view.supervising_body,
        "changes": list(changes),
        "prequalified": procedure.prequalified,
    } | (await invitation_data(tx, lot.id, procedure) if procedure.is_invited else {})


async def require_time_left(tx: Tx, lot: LotView, project: Project) -> None:
    """Refuse a clarification that may affect bids when too few days are left.

    Raises:
        RuleBroken: with the earliest lawful deadline.
    Source:
        R-TIME-04, R-GP-03
    """
    assert lot.deadline is not None
    finding = check_clarification(tx.now, lot.deadline, await law_of_project(tx, project))
    require_lawful(breaches([finding]) if finding else ())


async def open_dates(tx: Tx, lot: Lot) -> tuple[datetime, datetime, datetime]:
    """Return bid deadline, begin and end of the documents of a lot whose notice may still be corrected.

    Raises:
        Conflict: its notice is not out, or the deadline has come.
    """
    if lot.stage != Stage.NOTICE_PUBLISHED or not (lot.deadline and lot.documents_from and lot.documents_to):
        raise Conflict("招标公告未发布或者投标已截止。")
    if await tx.instant() >= lot.deadline:
        raise Conflict("投标截止时间已到，不能更正公告。")
    return lot.deadline, lot.documents_from, lot.documents_to


def _listed(documents: Sequence[DocumentView]) -> list[dict[str, Any]]:
    return [{"name": d.name, "version": d.version, "sha256": d.digest.hex(), "size": d.size} for d in documents]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
