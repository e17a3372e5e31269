"""Notices that an act of the procedure brings about: postponement, termination, contract publicity.

Law: 条例 21, 31 (R-TIME-04, R-TIME-24), 采购条例 31, 50 (R-GP-03, R-GP-10). `post_…` is called by the act that has the
facts (it has asked who may, and locked the lot); `publish_contract` is an act of its own.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.periods import legal_date
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.contract_reading import find_contract
from trading.findings import require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.limits import check_in_time
from trading.models.notice import Notice
from trading.models.project import Lot, Project
from trading.posting import Posted, post
from trading.progress import access_lot
from trading.vocabulary import Limit


async def post_postponement(
    tx: Tx, actor: Actor, lot: Lot, project: Project, *, old: datetime, new: datetime, reason: str
) -> Posted:
    """Publish that the bid deadline moved; called by the act that moved it.

    Effects:
        a notice; entry `notice.published`.
    Source:
        R-TIME-04, R-GP-03
    """
    data = _common(lot, project) | {
        "reason": reason,
        "old_deadline": format_time(old),
        "deadline": format_time(new),
    }
    return await _post(tx, actor, lot, project, NoticeKind.POSTPONEMENT, data, wording.postponement(data), "R-TIME-04")


async def post_termination(tx: Tx, actor: Actor, lot: Lot, project: Project, *, reason: str, refund: str) -> Posted:
    """Publish that the tender ends; called by the act that ended it.

    Args:
        refund: how fees and bonds are given back, and until when.

    Effects:
        a notice; entry `notice.published`. Of an invited tender whose bids are not closed only the invited see it.
    Source:
        R-TIME-24
    """
    data = _common(lot, project) | {"reason": reason, "refund": refund}
    return await _post(tx, actor, lot, project, NoticeKind.TERMINATION, data, wording.termination(data), "R-TIME-24")


async def publish_contract(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Posted:
    """Publish the main contents of the contract on record; a late publication is out as late.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: no contract is on record, or it is published already.
        RuleBroken: the publicity does not say what it must.
    Effects:
        a notice; entry `notice.published`, public.
    Source:
        R-GP-10, R-TIME-22, R-AWD-03
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    contract = await find_contract(tx, lot.id)
    if contract is None:
        raise Conflict("招标人登记合同后才能公示合同。")
    published = select(Notice.id).where(Notice.lot_id == lot.id, Notice.kind == NoticeKind.CONTRACT.value).limit(1)
    if (await tx.session.execute(published)).first() is not None:
        raise Conflict("合同已经公示。")

    procedure, law = procedure_of_lot(lot, project), await law_of_project(tx, project)
    limited = procedure.date("contract", "contract_published") is not None
    late = check_in_time(Limit.CONTRACT_PUBLICATION, contract.signed_on, legal_date(tx.now), law) if limited else None
    data = _common(lot, project) | {
        "winner": contract.winner,
        "price": str(Money(contract.amount_fen)),
        "contract_no": contract.number,
        "summary": contract.summary,
        "term": contract.term,
        "signed_on": contract.signed_on.isoformat(),
    }
    facts = {"rules": ["R-GP-10" if limited else "R-TIME-22"]} | ({"late": late.message} if late else {})
    kind = NoticeKind.CONTRACT
    require_lawful(check_notice(kind, data, procedure))
    title = [project.title, procedure.notices[kind].title]
    return await post(tx, actor, lot, project, kind, title, data, wording.contract(data), facts)


async def _post(
    tx: Tx,
    actor: Actor,
    lot: Lot,
    project: Project,
    kind: NoticeKind,
    data: dict[str, Any],
    body: list[wording.Block],
    rule: str,
) -> Posted:
    procedure = procedure_of_lot(lot, project)
    require_lawful(check_notice(kind, data, procedure))
    title = [project.title, procedure.notices[kind].title]
    return await post(tx, actor, lot, project, kind, title, data, body, {"rules": [rule]})


def _common(lot: Lot, project: Project) -> dict[str, Any]:
    return {
        "tender": project.number,
        "lot": lot.number,
        "project_title": project.title,
        "title": lot.title,
        "procuring_entity": project.procuring_entity_name,
        "contacts": project.contacts,
        "supervising_body": project.supervising_body,
    }
