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
from kernel.errors import Conflict, InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.periods import legal_date
from trading import wording
from trading.announcement import NoticeKind, check_notice
from trading.drafts import ContractDraft
from trading.findings import require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.limits import check_in_time
from trading.models.award import Award
from trading.models.project import Lot, Project
from trading.posting import Posted, post
from trading.progress import access_lot
from trading.vocabulary import Limit, Stage

_AFTER_CONTRACT = (Stage.CONTRACTED, Stage.REPORTED, Stage.BONDS_RETURNED, Stage.ARCHIVED)


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


async def publish_contract(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: ContractDraft) -> Posted:
    """Publish the main contents of the contract, which are those of the award.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: there is no award notice yet, or the contract is published already.
        InvalidInput: number, date or term is missing; all faults together.
        RuleBroken: too late after the signing, where the law sets a limit.
    Effects:
        a notice; entry `notice.published`, public.
    Source:
        R-GP-10, R-TIME-22, R-AWD-03
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    award = (await tx.session.execute(select(Award).where(Award.lot_id == lot.id))).scalar_one_or_none()
    if award is None or lot.stage not in (Stage.NOTICE_SENT, *_AFTER_CONTRACT):
        raise Conflict("中标通知书发出、合同订立后才能公示合同。")

    today = legal_date(tx.now)
    faults = [
        (name, f"请填写{label}。")
        for name, label, value in (
            ("contract_no", "合同编号", draft.contract_no),
            ("term", "履行期限", draft.term),
        )
        if not value.strip()
    ]
    if draft.signed_on > today or draft.signed_on < legal_date(award.decided_at):
        faults.append(("signed_on", "订立日期应在定标之后、今天之前。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    procedure, law = procedure_of_lot(lot, project), await law_of_project(tx, project)
    if procedure.date("contract", "contract_published"):
        late = check_in_time(Limit.CONTRACT_PUBLICATION, draft.signed_on, today, law)
        require_lawful([late] if late else ())

    data = _common(lot, project) | {
        "winner": award.bidder_name,
        "price": str(Money(award.price_fen)),
        "contract_no": draft.contract_no.strip(),
        "summary": draft.summary.strip() or lot.scope["summary"],
        "term": draft.term.strip(),
        "signed_on": draft.signed_on.isoformat(),
    }
    rule = "R-GP-10" if procedure.date("contract", "contract_published") else "R-TIME-22"
    return await _post(tx, actor, lot, project, NoticeKind.CONTRACT, data, wording.contract(data), rule)


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
