"""Acts: publish the tender notice, correct it, move its deadline. A notice is superseded, never overwritten.

Law: R-ANN-01, R-ANN-02, R-TIME-01, R-TIME-03, R-TIME-04, R-TIME-28; 20号令 40 (signed and archived electronically).
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from kernel.canonical import b64u_encode, format_time, jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import Money
from kernel.outbox.queue import enqueue
from kernel.web.filters import long_moment
from trading import wording
from trading.announcement import NoticeKind, check_tender
from trading.documents import DocumentView, issue_documents, list_documents
from trading.findings import breaches, require_lawful
from trading.holders import Holders
from trading.legal import law_of_project
from trading.lot_view import LotView
from trading.messages import tell
from trading.models.notice import Notice
from trading.models.project import Lot, Project
from trading.plan import PlanOfDates, check_clarification, check_plan
from trading.plans import require_plan_holds
from trading.progress import access_lot, advance
from trading.projects import is_mandatory
from trading.queries import get_lot
from trading.search import normalise, pieces_of
from trading.vocabulary import EvaluationMethod, Stage

#: What the numbers of notices are made with.
_MARKS = {NoticeKind.TENDER: "ZBGG", NoticeKind.CANDIDATES: "HXGS", NoticeKind.AWARD: "ZBJG"}


@dataclass(frozen=True, slots=True)
class Posted:
    """A notice that is out."""

    id: uuid.UUID
    number: str
    version: int
    digest: bytes


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
    if not await list_documents(tx, lot.id):
        raise Conflict("请先上传招标文件。")
    data = await tender_data(tx, lot, changes=())
    require_lawful(check_tender(data))

    lot.published_at = tx.now
    await tx.session.flush()  # views are read by SQL, in the same act too
    issued = await issue_documents(tx, actor, lot.id)
    title = [f"{project.title}", "招标公告"]
    body = wording.tender_notice(data)
    facts = {"keyset": lot.keyset, "documents": _listed(issued), "rules": ["R-ANN-01", "R-ANN-02", *rules.split()]}
    return await post(
        tx, actor, lot, project, NoticeKind.TENDER, title, data | {"documents": _listed(issued)}, body, facts
    )


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
    old, documents_from, documents_to = await _open_dates(tx, lot)

    if deadline.tzinfo is None or deadline <= old:
        raise InvalidInput("新的投标截止时间必须晚于原定时间。", [("deadline", "请填写更晚的时间，并写明时区。")])
    if not reason.strip():
        raise InvalidInput("请写明顺延的原因。", [("reason", "请写明原因。")])
    law = await law_of_project(tx, project)
    plan = PlanOfDates(documents_from, documents_to, deadline, deadline)
    require_lawful(check_plan(plan, law, mandatory=await is_mandatory(tx, project)))
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
    data = await tender_data(tx, lot, changes=changes)
    require_lawful(check_tender(data))
    everything = [item for item in await list_documents(tx, lot.id) if item.issued_at is not None]
    data |= {"documents": _listed(everything)}
    title = [f"{project.title}", "招标公告（更正）"]
    body = wording.tender_notice(data)
    facts = {"changes": list(changes), "documents": _listed(issued), "rules": list(rules)}
    return await post(tx, actor, lot, project, NoticeKind.TENDER, title, data, body, facts)


async def post(
    tx: Tx,
    actor: Actor,
    lot: Lot,
    project: Project,
    kind: NoticeKind,
    title: list[str],
    data: dict[str, Any],
    body: list[wording.Block],
    facts: dict[str, Any],
    *,
    until: datetime | None = None,
    entry: str = "notice.published",
) -> Posted:
    """Publish a notice: the next version of its kind for the lot, which supersedes the one before.

    Args:
        until: when its period ends; None if it has none.
        facts: what the log entry says besides the notice's number and digest.

    Effects:
        a row in `trading_notice`; the entry, public; a job that makes the sealed PDF; watchers of the lot are woken.
    """
    earlier = (
        await tx.session.execute(
            select(Notice.id, Notice.version)
            .where(Notice.lot_id == lot.id, Notice.kind == kind.value)
            .order_by(Notice.version.desc())
            .limit(1)
        )
    ).one_or_none()
    version = 1 if earlier is None else earlier.version + 1
    number = f"{project.number}-{lot.number}-{_MARKS[kind]}-{version}"
    content = {
        "v": 1,
        "type": "trading.notice",
        "kind": kind.value,
        "number": number,
        "version": version,
        "tender": project.number,
        "lot": lot.number,
        "lot_id": str(lot.id),
        "issuer": project.procuring_entity_name,
        "agency": project.agency_name,
        "title": title,
        "body": body,
        "data": data,
        "published_at": format_time(tx.now),
        "until": format_time(until) if until else None,
        "rehearsal": tx.rehearsal,
        "invented": invented_of(project, lot),
    }
    digest = hashlib.sha256(jcs(content)).digest()
    heading = "".join(title)
    recorded = await record(
        tx,
        actor,
        entry,
        {"kind": kind.value, "number": number, "version": version, "title": heading, "sha256": b64u_encode(digest)}
        | facts,
        subject=lot.id,
        visibility="public",
    )
    words = normalise(f"{heading} {project.number} {project.procuring_entity_name} {project.agency_name} {lot.title}")
    notice = Notice(
        id=tx.new_id(),
        lot_id=lot.id,
        kind=kind.value,
        version=version,
        supersedes=earlier.id if earlier else None,
        number=number,
        title=heading,
        region=project.region,
        content=content,
        digest=digest,
        published_at=tx.now,
        until=until,
        entry_id=recorded.entry_id,
        words=words,
        search=func.array_to_tsvector(pieces_of(words)),
    )
    tx.session.add(notice)
    await tx.session.flush()  # papers and later versions refer to it
    await enqueue(tx, "trading:make_paper", {"notice": str(notice.id)}, key=f"paper:{notice.id}")
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})
    return Posted(notice.id, number, version, digest)


async def tender_data(tx: Tx, lot: Lot, changes: Sequence[str]) -> dict[str, Any]:
    """Return the data of a tender notice from what is on record."""
    view = await get_lot(tx, lot.id)
    address = next((c["address"] for c in view.contacts if c["party"] == "招标人"), "")
    fee = Money.parse(view.procedure["documents_fee"])
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
        "evaluation_method": wording.EVALUATIONS[EvaluationMethod(view.procedure["evaluation_method"])],
        "criteria": [{"code": c.code, "name": c.name, "kind": c.kind, "max": c.max} for c in view.criteria],
        "keyset": view.keyset,
        "contacts": view.contacts,
        "supervising_body": view.supervising_body,
        "changes": list(changes),
    }


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


async def _open_dates(tx: Tx, lot: Lot) -> tuple[datetime, datetime, datetime]:
    if lot.stage != Stage.NOTICE_PUBLISHED or not (lot.deadline and lot.documents_from and lot.documents_to):
        raise Conflict("招标公告未发布或者投标已截止。")
    if await tx.instant() >= lot.deadline:
        raise Conflict("投标截止时间已到，不能更正公告。")
    return lot.deadline, lot.documents_from, lot.documents_to


def _listed(documents: Sequence[DocumentView]) -> list[dict[str, Any]]:
    return [{"name": d.name, "version": d.version, "sha256": d.digest.hex(), "size": d.size} for d in documents]


def invented_of(project: Project, lot: Lot) -> list[str]:
    """Return what of a project's and a lot's data is invented for a demonstration."""
    both = [*project.provenance.get("invented", ()), *lot.provenance.get("invented", ())]
    return list(dict.fromkeys(both))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
