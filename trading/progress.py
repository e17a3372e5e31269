"""The only writer of a lot's stage. It takes the act, not the target: `trading.stages` says where the act leads.

Who may take the step is asked here too, once for all acts: the roles of the table, held by the right organisation.
Steps that a higher package has already permitted (closing, opening, committee, report) come in through
`advance_by_system`.
"""

import uuid

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound, NotPermitted
from kernel.identity.actor import Actor
from trading.models.project import Entrustment, Lot, Project
from trading.stages import LOT
from trading.vocabulary import Role, Stage

NOT_ENTRUSTED = "招标人对贵单位的委托尚未接受或已经解除，不能办理本项目的事项。请在工作台的“委托”中查看。"
#: Steps of the procuring entity that no agency takes in its stead: they bind the buyer itself (招投法 40, 46).
RESERVED = frozenset({"register_lot", "decide_award", "conclude_contract", "terminate", "tender_again"})


async def access_lot(tx: Tx, actor: Actor, lot_id: uuid.UUID, *, lock: bool = False) -> tuple[Lot, Project]:
    """Load a lot for one of its own parties: the procuring entity or the entrusted agency.

    Args:
        lock: hold the row until the transaction ends.

    Raises:
        NotFound: absent, or somebody else's: the answer is the same.
        NotPermitted: the agency has not accepted the entrustment, or it has ended (R-AGT-02).
    """
    query = (
        select(Lot, Project, Entrustment)
        .join(Project, Project.id == Lot.project_id)
        .join(Entrustment, Entrustment.project_id == Project.id)
        .where(Lot.id == lot_id)
    )
    if lock:
        query = query.with_for_update(of=Lot).execution_options(populate_existing=True)
    row = (await tx.session.execute(query)).one_or_none()
    if row is None or not acts_for(actor, row[1]):
        raise NotFound
    if actor.organisation_id != row[1].procuring_entity_id and not row[2].in_force:
        raise NotPermitted(NOT_ENTRUSTED)
    return row[0], row[1]


def acts_for(actor: Actor, project: Project) -> bool:
    """Say whether the actor belongs to a party of the project, in the role in which it is one."""
    if actor.organisation_id is None:
        return False
    own = actor.organisation_id == project.procuring_entity_id and actor.has(Role.PROCURING_ENTITY)
    return own or (actor.organisation_id == project.agency_id and actor.has(Role.AGENCY))


async def advance(tx: Tx, actor: Actor, lot: Lot, project: Project, act: str) -> str:
    """Take a step of the table for one of the lot's parties.

    Args:
        lot: locked by the caller.

    Returns:
        The rule ids of the step, for the log.

    Raises:
        MoveNotAllowed: the act does not fit the stage.
        NotPermitted: the step belongs to somebody else.
    """
    move = LOT.move(act, Stage(lot.stage))
    if not _may_take(actor, project, act, move.role):
        raise NotPermitted
    await _write(tx, lot, act)
    return move.source


async def advance_by_system(tx: Tx, lot: Lot, act: str) -> str:
    """Take a step that the clock or a higher package brings about; that package has asked who may.

    Raises:
        MoveNotAllowed: the act does not fit the stage.
    """
    source = LOT.move(act, Stage(lot.stage)).source
    await _write(tx, lot, act)
    return source


def _may_take(actor: Actor, project: Project, act: str, role: str) -> bool:
    if role == Role.PROCURING_ENTITY:
        own = actor.has(Role.PROCURING_ENTITY) and actor.organisation_id == project.procuring_entity_id
        return own or (act not in RESERVED and _is_agency(actor, project))
    if role == Role.AGENCY:
        return _is_agency(actor, project)
    return actor.has(role)


def _is_agency(actor: Actor, project: Project) -> bool:
    runs_itself = project.agency_id == project.procuring_entity_id and actor.has(Role.PROCURING_ENTITY)
    return actor.organisation_id == project.agency_id and (runs_itself or actor.has(Role.AGENCY))


async def _write(tx: Tx, lot: Lot, act: str) -> None:
    before = Stage(lot.stage)
    to = LOT.target(act, before, Stage(lot.came_from) if lot.came_from else None)
    lot.came_from = before.value if to is Stage.SUSPENDED else None
    lot.stage, lot.stage_since = to.value, tx.now
    await tx.session.flush()  # views are read by SQL, in the same act too
