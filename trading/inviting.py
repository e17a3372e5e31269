"""Acts: decide whom an invited tender invites, and deliver the invitation.

Law: 招投法 11, 17; 条例 8 (R-THR-10, R-AWD-08): at least three, for a ground that the law knows, approved by somebody.
Whom a lot invites is told to nobody before the opening (R-ANN-05): the notice does not name them, the log keeps a
digest.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text

from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.admission_rules import Invitee, check_invitation
from trading.drafts import InvitationDraft
from trading.findings import require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.messages import tell
from trading.models.admission import Invitation
from trading.models.project import Lot, Project
from trading.procedures.definition import Definition
from trading.progress import access_lot
from trading.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What was decided; for the lot's own parties."""

    no: int
    ground: str
    reason: str
    approved_by: str
    approval_no: str
    invitees: list[Invitee]


async def decide_invitation(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: InvitationDraft) -> int:
    """Decide whom to invite, on which ground and with whose approval; may be decided anew until the invitation is out.

    Returns:
        The number of the decision.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the lot is tendered openly, or the invitation is out.
        InvalidInput: ground, reason or approval is missing; all faults together.
        RuleBroken: fewer than the least number, or one of the buying side.
    Effects:
        a row in `trading_invitation`; entry `invitation.decided` for the parties, with a salted digest of the list.
    Source:
        R-THR-10, R-AWD-08
    """
    policy.require(actor, "invitation.decide")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    procedure = procedure_of_lot(lot, project)
    if not procedure.is_invited:
        raise Conflict("本标段公开招标，不发投标邀请书。")
    if lot.stage != Stage.REGISTERED:
        raise Conflict("投标邀请书已发出，受邀单位不能再更改。")

    faults = [
        (name, f"请填写{label}。")
        for name, label, value in (
            ("reason", "采用邀请招标的理由", draft.reason),
            ("approved_by", "批准或者认定的部门", draft.approved_by),
            ("approval_no", "批准文件名称或者文号", draft.approval_no),
        )
        if not value.strip()
    ]
    if draft.ground not in procedure.invitation_grounds:
        faults.insert(0, ("ground", "请选择法律允许邀请招标的情形。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    law = await law_of_project(tx, project)
    require_lawful(tuple(check_invitation(draft.invitees, law, await _parties(tx, project))))

    last = await tx.session.execute(select(func.max(Invitation.no)).where(Invitation.lot_id == lot.id))
    row = Invitation(
        id=tx.new_secret_id(),
        lot_id=lot.id,
        no=1 + int(last.scalar_one() or 0),
        ground=draft.ground,
        reason=draft.reason.strip(),
        approved_by=draft.approved_by.strip(),
        approval_no=draft.approval_no.strip(),
        invitees=[{"uscc": item.uscc, "name": item.name} for item in draft.invitees],
        decided_by=actor.account_id,
        decided_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()  # the invitation reads it in the same act too

    # The row's random id salts the digest: a list of firms could be guessed, and their number is secret too.
    digest = b64u_encode(hashlib.sha256(jcs({"salt": str(row.id), "invitees": row.invitees})).digest())
    ground = procedure.invitation_grounds[draft.ground]
    facts = {
        "no": row.no,
        "ground": ground.label,
        "approved_by": row.approved_by,
        "approval_no": row.approval_no,
        "list_sha256": digest,
        "rules": ["R-AWD-08", "R-THR-10"],
    }
    await record(tx, actor, "invitation.decided", facts, subject=lot.id, visibility="parties")
    return row.no


async def find_invitation(tx: Tx, lot_id: uuid.UUID) -> InvitationView | None:
    """Return what was decided last; the caller asks who may see it."""
    query = select(Invitation).where(Invitation.lot_id == lot_id).order_by(Invitation.no.desc()).limit(1)
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    invitees = [Invitee(item["uscc"], item["name"]) for item in row.invitees]
    return InvitationView(row.no, row.ground, row.reason, row.approved_by, row.approval_no, invitees)


async def require_invitation(tx: Tx, lot_id: uuid.UUID, project: Project, procedure: Definition) -> InvitationView:
    """Return the decision that the invitation goes out by, judged once more.

    Raises:
        Conflict: nothing is decided.
        RuleBroken: too few are invited by now.
    """
    found = await find_invitation(tx, lot_id)
    if found is None:
        raise Conflict("请先确定邀请招标的情形、批准依据和受邀单位。")
    law = await law_of_project(tx, project)
    require_lawful(tuple(check_invitation(found.invitees, law, await _parties(tx, project))))
    return found


async def invitation_data(tx: Tx, lot_id: uuid.UUID, procedure: Definition) -> dict[str, Any]:
    """Return what the invitation says of its ground and approval; whom it invites it does not say."""
    found = await find_invitation(tx, lot_id)
    if found is None:
        return {"ground": "", "ground_reason": "", "approved_by": "", "approval_no": ""}
    ground = procedure.invitation_grounds.get(found.ground)
    return {
        "ground": ground.label if ground else "",
        "ground_reason": found.reason,
        "approved_by": found.approved_by,
        "approval_no": found.approval_no,
    }


async def deliver_invitation(tx: Tx, lot: Lot, invitation: InvitationView, notice_id: uuid.UUID) -> None:
    """Put the invitation into the inbox of every invited firm that is known here; others see it when they register."""
    codes = [item.uscc for item in invitation.invitees]
    rows = await tx.session.execute(
        text("SELECT id FROM identity_organisation WHERE uscc = ANY(:codes)"), {"codes": codes}
    )
    await tell(
        tx,
        rows.scalars(),
        lot.id,
        kind="invitation",
        title=f"{lot.title}：投标邀请书",
        text="贵单位受邀参加投标。请阅读邀请书，登记投标意向后获取招标文件；受邀单位的名称和数量在开标前不公开。",
        href=f"/notices/{notice_id}",
    )


async def is_invited(tx: Tx, lot_id: uuid.UUID, uscc: str) -> bool:
    """Say whether a firm is invited."""
    found = await find_invitation(tx, lot_id)
    return found is not None and bool(uscc) and any(item.uscc == uscc for item in found.invitees)


async def _parties(tx: Tx, project: Project) -> list[str]:
    rows = await tx.session.execute(
        text("SELECT uscc FROM identity_organisation WHERE id IN (:buyer, :agency)"),
        {"buyer": project.procuring_entity_id, "agency": project.agency_id},
    )
    return list(rows.scalars())
