"""Acts on organisations: certified names, roles with their time; what is known of an organisation.

An organisation is keyed by its credit code. Its name and legal representative come from the licence and have a history;
its roles are granted and ended by somebody, with a time. The kernel gives the roles' words no meaning.

Source: R-USC, R-LIC-07, R-LIC-10 (changes re-verified against the registry).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from kernel.credit_code import read_credit_code
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity.accounts import ensure_organisation
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from kernel.identity.party_models import OrganisationName, OrganisationRole
from kernel.log.writer import record
from kernel.names import Spelling, compare_names, name_fault, name_key
from kernel.parties.secrecy import visibility_of


@dataclass(frozen=True, slots=True)
class NameView:
    """A name with its time."""

    name: str
    legal_representative: str
    source: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role with its time, and who granted and ended it."""

    role: str
    since: datetime
    granted_by: str
    until: datetime | None
    ended_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """What anybody may know of an organisation.

    Attributes:
        registered_at: when its registration was complete; None while it is not.
        merged_into: the registration that this one is now part of.
    """

    id: uuid.UUID
    uscc: str
    name: str
    region: str
    created_at: datetime
    registered_at: datetime | None
    merged_into: uuid.UUID | None


async def get_organisation(tx: Tx, organisation_id: uuid.UUID) -> OrganisationView:
    """Return an organisation.

    Raises:
        NotFound: there is none.
    """
    return _view(await _load(tx, organisation_id))


async def find_organisation(tx: Tx, uscc: str) -> OrganisationView | None:
    """Return the organisation of a credit code."""
    row = (await tx.session.execute(select(Organisation).where(Organisation.uscc == uscc))).scalar_one_or_none()
    return None if row is None else _view(row)


async def list_names(tx: Tx, organisation_id: uuid.UUID) -> list[NameView]:
    """Return all names of an organisation, newest first."""
    query = (
        select(OrganisationName)
        .where(OrganisationName.organisation_id == organisation_id)
        .order_by(OrganisationName.until.desc().nulls_first(), OrganisationName.since.desc())
    )
    rows = (await tx.session.execute(query)).scalars()
    return [NameView(row.name, row.legal_representative, row.source, row.since, row.until) for row in rows]


async def list_roles(tx: Tx, organisation_id: uuid.UUID) -> list[RoleView]:
    """Return the roles of an organisation, present ones first."""
    query = (
        select(OrganisationRole)
        .where(OrganisationRole.organisation_id == organisation_id)
        .order_by(OrganisationRole.until.desc().nulls_first(), OrganisationRole.since)
    )
    rows = (await tx.session.execute(query)).scalars()
    return [RoleView(row.role, row.since, row.granted_by, row.until, row.ended_by, row.reason) for row in rows]


async def enter_organisation(tx: Tx, actor: Actor, *, uscc: str, name: str, roles: Collection[str] = ()) -> uuid.UUID:
    """Find or enter the organisation that staff typed, with roles that it has from now on.

    Args:
        uscc: as typed; put right where that is harmless.
        name: must be the registered one when the code is known.

    Raises:
        CreditCodeRefused: the code does not hold; the message says why.
        InvalidInput: the name is not the one on record.

    Effects:
        perhaps a row in `identity_organisation`; entries of `grant_role`.
    Source:
        R-USC-01 to R-USC-05
    """
    code = read_credit_code(uscc).code
    known = await find_organisation(tx, code)
    fault = name_fault(name, known.name) if known is not None else ""
    if fault:
        raise InvalidInput(fault, [("organisation", fault)])
    organisation = await ensure_organisation(tx, uscc=code, name=name)
    for role in sorted(roles):
        await grant_role(tx, actor, organisation.id, role)
    return organisation.id


async def note_certified(
    tx: Tx, actor: Actor, organisation_id: uuid.UUID, *, name: str, legal_representative: str = ""
) -> bool:
    """Keep what a verified licence says now; another name or legal representative begins a new row of the history.

    A name that differs only in the width of its signs is the same name and changes nothing.

    Args:
        legal_representative: "" when the licence does not name one; then the known one stays.

    Returns:
        Whether something changed.

    Effects:
        on a change a row in `identity_organisation_name` and entry `organisation.renamed`.
    Source:
        R-LIC-07, R-LIC-10
    """
    organisation = await _load(tx, organisation_id, lock=True)
    current = await _current_name(tx, organisation_id)
    spelling = compare_names(name, organisation.name)
    known = current.legal_representative if current is not None else ""
    person = legal_representative or known
    if spelling is not Spelling.OTHER and person == known:
        if current is None or current.source != "licence":
            await _begin_name(tx, organisation, person, source="licence")  # the same name, certified from now on
        return False

    before = {"name": organisation.name, "legal_representative": known}
    if spelling is Spelling.OTHER:
        organisation.name = name
    await _begin_name(tx, organisation, person, source="licence")
    after = {"name": organisation.name, "legal_representative": person}
    facts = {"uscc": organisation.uscc, "before": before, "after": after, "source": "licence", "rules": ["R-LIC-10"]}
    visibility = visibility_of(actor)
    await record(tx, actor, "organisation.renamed", facts, subject=organisation_id, visibility=visibility)
    return True


async def grant_role(tx: Tx, actor: Actor, organisation_id: uuid.UUID, role: str) -> bool:
    """Give an organisation a role from now on; a role that it has stays as it is.

    Returns:
        Whether the role is new.

    Effects:
        a row in `identity_organisation_role`, entry `organisation.role-granted`.
    """
    organisation = await _load(tx, organisation_id, lock=True)
    if await _current_role(tx, organisation_id, role) is not None:
        return False

    by = f"{actor.organisation_name} {actor.name}".strip()
    tx.session.add(
        OrganisationRole(id=tx.new_id(), organisation_id=organisation_id, role=role, since=tx.now, granted_by=by)
    )
    await tx.session.flush()  # one present row per role: a race is refused here
    facts = {"uscc": organisation.uscc, "role": role}
    visibility = visibility_of(actor)
    await record(tx, actor, "organisation.role-granted", facts, subject=organisation_id, visibility=visibility)
    return True


async def end_role(tx: Tx, actor: Actor, organisation_id: uuid.UUID, role: str, reason: str) -> None:
    """End a role of an organisation; the row stays.

    Raises:
        Conflict: the organisation does not have the role.
        InvalidInput: no reason is given.

    Effects:
        entry `organisation.role-ended`.
    """
    if not reason.strip():
        raise InvalidInput("请填写理由。", [("reason", "请填写取消这一角色的理由")])
    organisation = await _load(tx, organisation_id, lock=True)
    row = await _current_role(tx, organisation_id, role)
    if row is None:
        raise Conflict("该单位现在没有这一角色。")

    row.until, row.reason = tx.now, reason.strip()
    row.ended_by = f"{actor.organisation_name} {actor.name}".strip()
    facts = {"uscc": organisation.uscc, "role": role, "reason": reason.strip()}
    await record(tx, actor, "organisation.role-ended", facts, subject=organisation_id)


def _view(row: Organisation) -> OrganisationView:
    return OrganisationView(row.id, row.uscc, row.name, row.region, row.created_at, row.registered_at, row.merged_into)


async def _load(tx: Tx, organisation_id: uuid.UUID, *, lock: bool = False) -> Organisation:
    query = select(Organisation).where(Organisation.id == organisation_id)
    row = (await tx.session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


async def _current_name(tx: Tx, organisation_id: uuid.UUID) -> OrganisationName | None:
    query = select(OrganisationName).where(
        OrganisationName.organisation_id == organisation_id, OrganisationName.until.is_(None)
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _current_role(tx: Tx, organisation_id: uuid.UUID, role: str) -> OrganisationRole | None:
    query = select(OrganisationRole).where(
        OrganisationRole.organisation_id == organisation_id,
        OrganisationRole.role == role,
        OrganisationRole.until.is_(None),
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _begin_name(tx: Tx, organisation: Organisation, legal_representative: str, *, source: str) -> None:
    current = await _current_name(tx, organisation.id)
    if current is not None:
        current.until = tx.now
        await tx.session.flush()  # the present row ends before the next one begins: one at a time is an index
    tx.session.add(
        OrganisationName(
            id=tx.new_id(),
            organisation_id=organisation.id,
            name=organisation.name,
            name_key=name_key(organisation.name),
            legal_representative=legal_representative,
            source=source,
            since=tx.now,
        )
    )
