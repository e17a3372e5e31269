"""Acts after a tender has failed: publish it with the reason and what comes next, then tender again.

Law: 招投法 28 (tender again with fewer than three bidders), 30号令 38 (after the second failure a project that needs an
approval may go on without a tender, if the approving body agrees), 采购法 36, 37 (tell all suppliers the reason; tender
again, or another method with an approval). Bids that were not opened stay sealed.
"""

import uuid
from enum import StrEnum

import msgspec
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parameters.articles import cite
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.deliveries import are_shown
from trading.drafts import LotDraft
from trading.findings import require_lawful
from trading.holders import Holders
from trading.legal import procedure_of_lot
from trading.messages import tell
from trading.models.project import Project, Retender
from trading.posting import Posted, post
from trading.progress import access_lot, advance
from trading.projects import register_lot
from trading.vocabulary import Regime, Stage

#: From this failure on a purchase under the bidding law may be decided otherwise. Source: R-FAIL-05 (30号令 38)
_SECOND = 2


class Next(StrEnum):
    """What comes after a failed tender."""

    #: 重新招标
    AGAIN = "again"
    #: 不再进行招标
    NO_TENDER = "no_tender"
    #: 采用其他采购方式
    OTHER_METHOD = "other_method"


NEXTS = {
    Next.AGAIN: "依法重新招标",
    Next.NO_TENDER: "不再进行招标",
    Next.OTHER_METHOD: "采用其他采购方式",
}
_BASES = {Next.AGAIN: "招投法28", Next.NO_TENDER: "30号令38", Next.OTHER_METHOD: "采购法37"}


class FailureDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is published about a failed tender.

    Attributes:
        approval: number of the approval, where the next step needs one.
        remark: more for the public, may be empty.
    """

    next: Next
    approval: str = ""
    remark: str = ""


def ways_on(regime: Regime, failures: int) -> tuple[Next, ...]:
    """Return what may come after so many failures, this one included.

    Source:
        R-FAIL-01, R-FAIL-05, R-FAIL-09
    """
    if regime is Regime.GP:
        return Next.AGAIN, Next.OTHER_METHOD
    return (Next.AGAIN, Next.NO_TENDER) if failures >= _SECOND else (Next.AGAIN,)


def basis_of(way: Next, regime: Regime) -> str:
    """Return the article of a way on, written out."""
    return cite("采购法37" if regime is Regime.GP else _BASES[way])


async def count_failures(tx: Tx, lot_id: uuid.UUID) -> int:
    """Return how often this purchase has been tendered, up to this lot: 1 for the first time. Source: R-FAIL-05"""
    rows = await tx.session.execute(
        text(
            "WITH RECURSIVE before AS (SELECT cast(:lot AS uuid) AS id UNION"
            " SELECT r.lot_id FROM trading_retender r JOIN before b ON r.successor_id = b.id)"
            " SELECT count(*) FROM before"
        ),
        {"lot": lot_id},
    )
    return int(rows.scalar_one())


async def find_successor(tx: Tx, lot_id: uuid.UUID) -> uuid.UUID | None:
    """Return the lot that a failed one goes on as, or None."""
    rows = await tx.session.execute(
        text("SELECT successor_id FROM trading_retender WHERE lot_id = :lot"), {"lot": lot_id}
    )
    return rows.scalar_one_or_none()


async def publish_failure(tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, draft: FailureDraft) -> Posted:
    """Publish that a tender has failed, why, and what comes next; tell everybody who holds the documents.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the lot has not failed, or it is published already.
        InvalidInput: the next step is not open, or its approval is not named.
    Effects:
        a notice with entry `notice.published`; a message to every holder.
    Source:
        R-FAIL-01, R-FAIL-05, R-FAIL-09
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    if lot.stage != Stage.FAILED or lot.failed_reason is None:
        raise Conflict("本标段没有招标失败。")
    if await is_published(tx, lot_id):
        raise Conflict("招标失败公告已经发布。")
    regime = Regime(project.regime)
    _require_open(draft, ways_on(regime, await count_failures(tx, lot_id)))

    basis = basis_of(draft.next, regime)
    approval = f"（批准文号：{draft.approval.strip()}）" if draft.approval.strip() else ""
    data = {
        "tender": project.number,
        "lot": lot.number,
        "project_title": project.title,
        "title": lot.title,
        "procuring_entity": project.procuring_entity_name,
        "contacts": project.contacts,
        "supervising_body": project.supervising_body,
        "reason": lot.failed_reason,
        "bids": _bids(opened=await are_shown(tx, lot_id)),
        "next": f"{NEXTS[draft.next]}{approval}（{basis}）。{draft.remark.strip()}",
    }
    kind, procedure = NoticeKind.FAILURE, procedure_of_lot(lot, project)
    require_lawful(check_notice(kind, data, procedure))
    title = [project.title, procedure.notices[kind].title]
    rules = ["R-FAIL-09"] if regime is Regime.GP else ["R-FAIL-01", "R-FAIL-05"]
    posted = await post(tx, actor, lot, project, kind, title, data, wording.failure(data), {"rules": rules})
    await tell(
        tx,
        await holders.list_holders(tx, lot.id),
        lot.id,
        kind="correction",
        title=f"{lot.title}：{procedure.notices[kind].title}",
        text=f"{data['reason']}\n{data['next']}",
        href=f"/notices/{posted.id}",
    )
    return posted


async def tender_again(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: LotDraft) -> uuid.UUID:
    """Register a failed lot anew, with the next free number of its project; the failed one ends.

    Args:
        draft: the new lot; its number is chosen here.

    Returns:
        The new lot's id.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        NotPermitted: only the procuring entity itself registers lots.
        Conflict: the failure is not published yet, or the notice says that there will be no new tender.
        MoveNotAllowed: the lot has not failed, or goes on already.
        InvalidInput, RuleBroken: as of `register_lot`.
    Effects:
        the lot of `register_lot`; the old lot's stage; a row in `trading_retender`; entry `lot.retendered`, public.
    Source:
        R-FAIL-01, R-FAIL-03, R-FAIL-05
    """
    policy.require(actor, "project.register")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    rules = await advance(tx, actor, lot, project, "tender_again")
    if not await is_published(tx, lot_id):
        raise Conflict("请先发布招标失败公告，再重新招标。")
    way = await find_published_way(tx, lot_id)
    if way is not Next.AGAIN:
        raise Conflict(f"招标失败公告载明{NEXTS[way] if way else '其他安排'}，不能按重新招标办理。")
    number = await _free_number(tx, project)
    successor = await register_lot(tx, actor, project.id, msgspec.structs.replace(draft, number=number))
    facts = {
        "successor": str(successor),
        "number": number,
        "reason": f"作为标段 {number} 重新招标。",
        "failures": await count_failures(tx, lot_id),
        "rules": rules.split(),
    }
    entry = await record(tx, actor, "lot.retendered", facts, subject=lot.id, visibility="public")
    tx.session.add(
        Retender(
            lot_id=lot.id,
            successor_id=successor,
            decided_by=actor.account_id,
            decided_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    await tx.session.flush()  # failures are counted by SQL
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})
    return successor


async def is_published(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say whether the failure is published."""
    query = text("SELECT 1 FROM trading_notice WHERE lot_id = :lot AND kind = :kind LIMIT 1")
    rows = await tx.session.execute(query, {"lot": lot_id, "kind": NoticeKind.FAILURE.value})
    return rows.first() is not None


async def find_published_way(tx: Tx, lot_id: uuid.UUID) -> Next | None:
    """Return what the notice of the failure says comes next; None before it is out."""
    query = text("SELECT content -> 'data' ->> 'next' FROM trading_notice WHERE lot_id = :lot AND kind = :kind LIMIT 1")
    rows = await tx.session.execute(query, {"lot": lot_id, "kind": NoticeKind.FAILURE.value})
    said = rows.scalar_one_or_none() or ""
    return next((way for way in Next if said.startswith(NEXTS[way])), None)


def _require_open(draft: FailureDraft, ways: tuple[Next, ...]) -> None:
    faults = []
    if draft.next not in ways:
        words = "、".join(NEXTS[way] for way in ways)
        faults.append(("next", f"本次招标失败后可以选择：{words}。"))
    elif draft.next is not Next.AGAIN and not draft.approval.strip():
        faults.append(("approval", f"{NEXTS[draft.next]}须经批准，请填写批准文号。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)


def _bids(*, opened: bool) -> str:
    sealed = "" if opened else "已递交的投标文件未开启，保持密封，平台和任何人都不能打开。"
    return f"{sealed}投标保证金依法退还。"


async def _free_number(tx: Tx, project: Project) -> str:
    """Return the next number; two failed lots of one project wait for each other."""
    key = f"trading.lot-number:{project.id}"
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    rows = await tx.session.execute(
        text("SELECT max(cast(number AS integer)) FROM trading_lot WHERE project_id = :p"), {"p": project.id}
    )
    return f"{int(rows.scalar_one()) + 1:03d}"
