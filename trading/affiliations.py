"""Acts: declare and end affiliations, each asked by one administrator and decided by another; the check at bidding.

Source: R-ET-01, R-AGT-03, R-SEC-02.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity import petitions, policy
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.identity.models import Petition
from kernel.identity.petitions import PetitionView
from kernel.log.writer import record
from kernel.parties.organisations import get_organisation
from kernel.periods import legal_date
from trading.affiliation_checks import AffiliationDraft, check_declaration, read_day, require_text
from trading.due_lots import DueLot
from trading.independence import TIES, Held, Tie, find_bar
from trading.lot_view import LotView
from trading.models.affiliation import Affiliation
from trading.models.project import Project

#: Acts as petitions name them.
DECLARE, END = "affiliation.declare", "affiliation.end"


@dataclass(frozen=True, slots=True)
class AffiliationView:
    """An affiliation for administrators and supervision.

    Attributes:
        of_name: empty: the platform's operator.
        holds: today.
        end_waits: somebody has asked for its end.
    """

    id: uuid.UUID
    tie: Tie
    uscc: str
    name: str
    of_uscc: str
    of_name: str
    project: str
    basis: str
    since: date
    until: date | None
    holds: bool
    declared_at: datetime
    end_basis: str
    end_waits: bool


async def ask_declaration(tx: Tx, actor: Actor, draft: AffiliationDraft) -> uuid.UUID:
    """Ask that an affiliation be recorded; it bars nobody until a second person has approved it.

    Returns:
        The petition's id.
    Raises:
        InvalidInput: codes, names, days, project or evidence are not fit; all faults together.
        Conflict: the same holds already.
    Effects:
        a row in `identity_petition`, entry `affiliation.asked`, a line in the audit of access.
    Source:
        R-ET-01, R-AGT-03
    """
    policy.require(actor, "affiliation.declare")
    facts = await check_declaration(tx, draft)
    await _require_new(tx, facts)
    return await _ask(tx, actor, DECLARE, facts, str(facts["basis"]))


async def ask_end(tx: Tx, actor: Actor, affiliation_id: uuid.UUID, *, until: str, basis: str) -> uuid.UUID:
    """Ask that an affiliation end on a day; until a second person has approved, it goes on.

    Args:
        until: first day on which it holds no more.

    Raises:
        NotFound: there is none.
        Conflict: it is ended, or its end is asked for already.
        InvalidInput: no evidence, or the day lies before its beginning.
    Effects:
        a row in `identity_petition`, entry `affiliation.asked`, a line in the audit of access.
    """
    policy.require(actor, "affiliation.declare")
    row = await _load(tx, affiliation_id)
    if row.ended_at is not None:
        raise Conflict("这项关联关系已登记终止。")
    if affiliation_id in await _ending(tx):
        raise Conflict("这项关联关系的终止正在等待审批。")
    faults: list[tuple[str, str]] = []
    day = read_day(faults, "until", "终止日", until)
    if day is not None and day < row.since:
        faults.append(("until", f"终止日不能早于起始日 {row.since:%Y-%m-%d}。"))
    require_text(faults, "basis", "终止依据", basis)
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    facts = _facts_of(row) | {"affiliation": str(row.id), "until": str(day), "end_basis": basis.strip()}
    return await _ask(tx, actor, END, facts, basis.strip())


async def decide(tx: Tx, actor: Actor, petition_id: uuid.UUID, *, approve: bool) -> None:
    """Approve or refuse as the second person; an approval takes effect at once.

    Raises:
        NotFound: no such petition about affiliations.
        Conflict: it is decided already.
        NotPermitted: the actor asked for it.
    Effects:
        a row in `trading_affiliation`, or its end; entry `affiliation.declared`, `affiliation.ended` or
        `affiliation.refused`; a line in the audit of access with both persons.
    """
    policy.require(actor, "affiliation.approve")
    petition = await petitions.decide(tx, actor, petition_id, approve=approve)
    if petition.act not in (DECLARE, END):
        raise NotFound
    kind = "affiliation.refused"
    if approve:
        kind = "affiliation.declared" if petition.act == DECLARE else "affiliation.ended"
        await (_declare if petition.act == DECLARE else _end)(tx, petition)
    facts = {**petition.facts, "petition": str(petition.id), "asked_by": str(petition.asked_by)}
    await record(tx, actor, kind, {**facts, "rules": ["R-ET-01", "R-AGT-03"]})
    await note_access(
        tx,
        "decision",
        account_id=actor.account_id,
        second_id=petition.asked_by,
        login=actor.login,
        act=petition.act,
        reason=f"{'同意' if approve else '不同意'}：{petition.facts['name']}；{petition.reason}",
    )


async def list_tied(tx: Tx, organisation_ids: Sequence[uuid.UUID | None]) -> frozenset[uuid.UUID]:
    """Return those who are tied to anybody at all: most are not, and a deadline surge asks this for everybody."""
    wanted = [one for one in organisation_ids if one is not None]
    if not wanted:
        return frozenset()
    query = (
        "SELECT o.id FROM identity_organisation o WHERE o.id = ANY($1)"
        " AND EXISTS (SELECT 1 FROM trading_affiliation a WHERE a.uscc = o.uscc)"
    )
    return frozenset(row[0] for row in await tx.fetch(query, wanted))


async def require_independent(tx: Tx, organisation_id: uuid.UUID, lot: LotView | DueLot) -> None:
    """Refuse an organisation that may not bid in a lot because of whom it is tied to.

    Raises:
        NotIndependent: with the article; meant for that organisation's eyes alone.
    Source:
        R-ET-01, R-AGT-03
    """
    if not await list_tied(tx, [organisation_id]):
        return
    uscc = (await get_organisation(tx, organisation_id)).uscc
    rows = (await tx.session.execute(select(Affiliation).where(Affiliation.uscc == uscc))).scalars()
    held = [Held(Tie(row.kind), row.of_uscc, row.project_id, row.since, row.until) for row in rows]
    bar = find_bar(
        held,
        on=legal_date(tx.now),
        project_id=lot.project_id,
        agency_uscc=(await get_organisation(tx, lot.agency_id)).uscc,
        buyer_uscc=(await get_organisation(tx, lot.procuring_entity_id)).uscc,
    )
    if bar is not None:
        raise bar


async def list_affiliations(tx: Tx) -> list[AffiliationView]:
    """Return all declared affiliations, those that hold first."""
    query = select(Affiliation, Project.number).outerjoin(Project, Project.id == Affiliation.project_id)
    ending, today = await _ending(tx), legal_date(tx.now)
    found = [_view(row, number or "", today, row.id in ending) for row, number in await tx.session.execute(query)]
    return sorted(found, key=lambda one: (not one.holds, -one.since.toordinal(), one.uscc))


async def list_petitions(tx: Tx) -> list[PetitionView]:
    """Return what waits for its second person."""
    return await petitions.list_petitions(tx, waiting=True, acts=(DECLARE, END))


async def _ask(tx: Tx, actor: Actor, act: str, facts: dict[str, Any], reason: str) -> uuid.UUID:
    petition_id = await petitions.ask(tx, actor, act, account_id=None, facts=facts, reason=reason)
    await record(tx, actor, "affiliation.asked", {**facts, "petition": str(petition_id), "act": act})
    await note_access(
        tx,
        "petition",
        account_id=actor.account_id,
        login=actor.login,
        act=act,
        reason=f"{facts['name']}；{reason}",
    )
    return petition_id


async def _declare(tx: Tx, petition: Petition) -> None:
    facts = petition.facts
    tx.session.add(
        Affiliation(
            id=tx.new_id(),
            kind=facts["kind"],
            uscc=facts["uscc"],
            name=facts["name"],
            of_uscc=facts["of_uscc"],
            of_name=facts["of_name"],
            project_id=uuid.UUID(facts["project_id"]) if facts["project_id"] else None,
            basis=facts["basis"],
            since=date.fromisoformat(facts["since"]),
            until=date.fromisoformat(facts["until"]) if facts["until"] else None,
            declared_petition=petition.id,
            declared_at=tx.now,
        )
    )
    await tx.session.flush()  # its CHECKs speak now


async def _end(tx: Tx, petition: Petition) -> None:
    row = await _load(tx, uuid.UUID(petition.facts["affiliation"]), lock=True)
    if row.ended_at is not None:
        raise Conflict("这项关联关系已登记终止。")
    row.until = date.fromisoformat(petition.facts["until"])
    row.end_basis, row.ended_petition, row.ended_at = petition.facts["end_basis"], petition.id, tx.now
    await tx.session.flush()


async def _require_new(tx: Tx, facts: Mapping[str, Any]) -> None:
    project = uuid.UUID(facts["project_id"]) if facts["project_id"] else None
    query = select(Affiliation.id).where(
        Affiliation.kind == facts["kind"],
        Affiliation.uscc == facts["uscc"],
        Affiliation.of_uscc == facts["of_uscc"],
        Affiliation.project_id == project if project else Affiliation.project_id.is_(None),
        Affiliation.until.is_(None),
    )
    if (await tx.session.execute(query)).first() is not None:
        raise Conflict("同样的关联关系已经登记，且尚未终止。")
    for waiting in await petitions.list_petitions(tx, waiting=True, acts=(DECLARE,)):
        if all(waiting.facts[name] == facts[name] for name in ("kind", "uscc", "of_uscc", "project_id")):
            raise Conflict("同样的登记正在等待审批。")


async def _ending(tx: Tx) -> set[uuid.UUID]:
    waiting = await petitions.list_petitions(tx, waiting=True, acts=(END,))
    return {uuid.UUID(one.facts["affiliation"]) for one in waiting}


async def _load(tx: Tx, affiliation_id: uuid.UUID, *, lock: bool = False) -> Affiliation:
    query = select(Affiliation).where(Affiliation.id == affiliation_id)
    row = (await tx.session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def _facts_of(row: Affiliation) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "uscc": row.uscc,
        "name": row.name,
        "of_uscc": row.of_uscc,
        "of_name": row.of_name,
        "project_id": str(row.project_id) if row.project_id else "",
        "basis": row.basis,
        "since": str(row.since),
    }


def _view(row: Affiliation, number: str, today: date, end_waits: bool) -> AffiliationView:
    held = Held(Tie(row.kind), row.of_uscc, row.project_id, row.since, row.until)
    return AffiliationView(
        id=row.id,
        tie=held.tie,
        uscc=row.uscc,
        name=row.name,
        of_uscc=row.of_uscc,
        of_name=row.of_name,
        project=number,
        basis=row.basis,
        since=row.since,
        until=row.until,
        holds=held.holds_on(today),
        declared_at=row.declared_at,
        end_basis=row.end_basis or "",
        end_waits=end_waits,
    )


def said_of(facts: Mapping[str, Any]) -> str:
    """Return a declaration in a few words: who is tied to whom, and how."""
    whom = facts["of_name"] or "平台运营机构"
    if facts["kind"] == Tie.ITSELF:
        return f"{facts['name']}：{TIES[Tie.ITSELF]}"
    return f"{facts['name']} 与 {whom}：{TIES[Tie(facts['kind'])]}"
