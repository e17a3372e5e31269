"""Acts: an agency accepts or declines a project's entrustment; the procuring entity ends it.

The procuring entity offers the entrustment by registering the project with its contract; until the agency has accepted,
and after it has ended, the agency does nothing in the project (招投法 12, 15; R-AGT-02). Nobody else can appoint it.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.models.project import Entrustment, Project
from trading.vocabulary import Role


@dataclass(frozen=True, slots=True)
class EntrustmentView:
    """A project's entrustment, for its two sides.

    Attributes:
        state: `offered`, `accepted`, `declined` or `ended`.
        document: name or number of the contract between the two.
    """

    project_id: uuid.UUID
    number: str
    title: str
    procuring_entity: str
    agency: str
    document: str
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    state: str


async def offer(tx: Tx, actor: Actor, project: Project) -> None:
    """Offer a project just registered to its agency; who runs the tender itself needs no entrustment."""
    itself = project.agency_id == project.procuring_entity_id
    tx.session.add(
        Entrustment(
            project_id=project.id,
            agency_id=project.agency_id,
            offered_at=tx.now,
            answered_at=tx.now if itself else None,
            answered_by=actor.account_id if itself else None,
            accepted=True if itself else None,
        )
    )
    await tx.session.flush()


async def answer_entrustment(tx: Tx, actor: Actor, project_id: uuid.UUID, *, accept: bool) -> None:
    """Accept or decline an entrustment. The same answer twice is no fault.

    Raises:
        NotFound: absent, or offered to somebody else: the answer is the same.
        Conflict: answered otherwise, or ended.
    Effects:
        entry `entrustment.accepted` or `entrustment.declined`, public.
    Source:
        招投法 12, 15; R-AGT-02
    """
    policy.require(actor, "entrustment.answer")
    entrustment, project = await _load(tx, project_id)
    if actor.organisation_id != entrustment.agency_id:
        raise NotFound
    if entrustment.ended_at is not None:
        raise Conflict("委托已由招标人解除。")
    if entrustment.accepted is not None:
        if entrustment.accepted != accept:
            raise Conflict("您已答复过这项委托。如需变更，请与招标人联系。")
        return
    entrustment.answered_at, entrustment.answered_by, entrustment.accepted = tx.now, actor.account_id, accept
    await _record(tx, actor, project, "entrustment.accepted" if accept else "entrustment.declined", "")


async def end_entrustment(tx: Tx, actor: Actor, project_id: uuid.UUID, reason: str) -> None:
    """End an entrustment; the agency's next request in the project is refused.

    Raises:
        NotFound: absent, or not the actor's own project.
        InvalidInput: no reason.
    Effects:
        entry `entrustment.ended`, public, with the reason.
    Source:
        招投法 12
    """
    policy.require(actor, "entrustment.end")
    entrustment, project = await _load(tx, project_id)
    if actor.organisation_id != project.procuring_entity_id or entrustment.agency_id == project.procuring_entity_id:
        raise NotFound
    if not 2 <= len(reason.strip()) <= 500:
        raise InvalidInput("请写明解除委托的理由（2 至 500 字）。", [("reason", "请写明理由")])
    if entrustment.ended_at is not None:
        return
    entrustment.ended_at, entrustment.ended_by, entrustment.end_reason = tx.now, actor.account_id, reason.strip()
    await _record(tx, actor, project, "entrustment.ended", reason.strip())


async def list_entrustments(tx: Tx, actor: Actor) -> list[EntrustmentView]:
    """Return the entrustments that the actor's organisation gave or got, newest first."""
    query = (
        select(Entrustment, Project)
        .join(Project, Project.id == Entrustment.project_id)
        .where(Project.agency_id != Project.procuring_entity_id)
        .where(
            (Entrustment.agency_id == actor.organisation_id)
            if actor.has(Role.AGENCY)
            else (Project.procuring_entity_id == actor.organisation_id)
        )
        .order_by(Entrustment.offered_at.desc(), Project.id)
    )
    policy.require(actor, "entrustment.read")
    return [_view(*row) for row in await tx.session.execute(query)]


async def _load(tx: Tx, project_id: uuid.UUID) -> tuple[Entrustment, Project]:
    query = (
        select(Entrustment, Project)
        .join(Project, Project.id == Entrustment.project_id)
        .where(Project.id == project_id)
        .with_for_update(of=Entrustment)
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def _record(tx: Tx, actor: Actor, project: Project, kind: str, reason: str) -> None:
    await tx.session.flush()
    facts = {
        "project": str(project.id),
        "number": project.number,
        "procuring_entity": project.procuring_entity_name,
        "agency": project.agency_name,
        "rules": ["R-AGT-02"],
    } | ({"reason": reason} if reason else {})
    await record(tx, actor, kind, facts, subject=project.id, visibility="public")


def _view(row: Entrustment, project: Project) -> EntrustmentView:
    state = "offered" if row.accepted is None else "accepted" if row.accepted else "declined"
    return EntrustmentView(
        project_id=project.id,
        number=project.number,
        title=project.title,
        procuring_entity=project.procuring_entity_name,
        agency=project.agency_name,
        document=str(project.entrustment.get("document", "")),
        offered_at=row.offered_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        state="ended" if row.ended_at is not None else state,
    )
