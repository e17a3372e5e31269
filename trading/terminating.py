"""Act: the procuring entity ends a tender before the award, for a cause that the law allows.

Law: R-TIME-24 (条例 31): announced at once, whoever holds the documents is told, fees and bonds go back. Bids that were
handed in stay sealed. After the notice a tender is not ended at will (30号令 15, 27号令 14, 87号令 29).
"""

import uuid
from enum import StrEnum

import msgspec

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import legal_date
from trading.holders import Holders
from trading.legal import law_of_project
from trading.messages import tell
from trading.posting import Posted
from trading.progress import access_lot, advance
from trading.special_notices import post_termination
from trading.vocabulary import Limit

#: How much the procuring entity says at least of what happened, in characters.
LEAST_REASON = 10


class Cause(StrEnum):
    """Why a tender may end before the award."""

    #: 不可抗力
    FORCE_MAJEURE = "force_majeure"
    #: 重大变故，采购任务取消
    TASK_CANCELLED = "task_cancelled"
    #: 国家政策调整、规划或者审批变更
    POLICY_CHANGED = "policy_changed"


CAUSES = {
    Cause.FORCE_MAJEURE: "不可抗力",
    Cause.TASK_CANCELLED: "重大变故，采购任务取消",
    Cause.POLICY_CHANGED: "国家政策、规划或者审批变更",
}


class TerminationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a tender.

    Attributes:
        reason: what happened, published.
        document: number of the paper that proves it; may be empty for force majeure.
    """

    cause: Cause
    reason: str
    document: str = ""


async def terminate(tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, draft: TerminationDraft) -> Posted:
    """End a tender before the award.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        NotPermitted: the procuring entity itself ends it, not its agency.
        MoveNotAllowed: the award is decided, or the lot has ended.
        InvalidInput: the reason is too short, or the paper is not named.
    Effects:
        the lot's stage; the notice of termination with entry `notice.published`; a message to every holder; from now
        on bonds are due back.
    Source:
        R-TIME-24
    """
    policy.require(actor, "lot.terminate")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    faults = []
    if len(draft.reason.strip()) < LEAST_REASON:
        faults.append(("reason", "请写明发生了什么（不少于十个字）。"))
    if draft.cause is not Cause.FORCE_MAJEURE and not draft.document.strip():
        faults.append(("document", "请填写证明文件的文号。"))
    if faults:
        raise InvalidInput("请补充终止的理由。", faults)

    await advance(tx, actor, lot, project, "terminate")
    law = await law_of_project(tx, project)
    proof = f"（{draft.document.strip()}）" if draft.document.strip() else ""
    reason = f"{CAUSES[draft.cause]}：{draft.reason.strip()}{proof}"
    refund = _refund(tx, law)
    posted = await post_termination(tx, actor, lot, project, reason=reason, refund=refund)
    await tell(
        tx,
        await holders.list_holders(tx, lot.id),
        lot.id,
        kind="correction",
        title=f"{lot.title}：招标终止",
        text=f"{reason}\n{refund}",
        href=f"/notices/{posted.id}",
    )
    return posted


def _refund(tx: Tx, law: Law) -> str:
    """Say until when money goes back. Source: R-TIME-24, R-GP-09"""
    limit = Limit.TERMINATION_REFUND if law.knows(Limit.TERMINATION_REFUND) else Limit.BOND_RETURN_GP
    last = law.forward(limit, legal_date(tx.now)).date
    return (
        f"已收取的招标文件费用、投标保证金及银行同期存款利息，于{last}前退还（{cite(law.row(limit).basis)}）。"
        "提交银行保函、保证保险的，凭证同时退回。"
    )
