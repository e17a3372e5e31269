"""Reads of the two registers, and of who could contribute randomness."""

import uuid
from datetime import datetime

from sqlalchemy import func, select

from kernel.canonical import jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.identity.models import Account, Organisation, PersonKey
from supervision.models import RegisterInspector, RegisterTarget
from supervision.vocabulary import Role, TargetKind


async def count_register(tx: Tx, kind: TargetKind) -> dict[str, int]:
    """Return how many active objects of a kind each credit class has."""
    query = (
        select(RegisterTarget.credit, func.count())
        .where(RegisterTarget.kind == kind.value, RegisterTarget.active)
        .group_by(RegisterTarget.credit)
        .order_by(RegisterTarget.credit)
    )
    return dict((await tx.session.execute(query)).all())


async def count_inspectors(tx: Tx) -> tuple[int, datetime | None]:
    """Return how many active inspectors there are, and when the register last changed."""
    query = select(func.count(), func.max(RegisterInspector.updated_at)).where(RegisterInspector.active)
    return (await tx.session.execute(query)).one()


async def register_changed_at(tx: Tx) -> datetime | None:
    """Return when the register of objects last changed."""
    return (await tx.session.execute(select(func.max(RegisterTarget.updated_at)))).scalar_one()


async def register_roots(tx: Tx) -> tuple[str, str]:
    """Return the digests of both registers as they stand: objects with class, inspectors by certificate."""
    objects = select(RegisterTarget.kind, RegisterTarget.unit, RegisterTarget.credit).where(RegisterTarget.active)
    people = select(RegisterInspector.certificate, RegisterInspector.unit).where(RegisterInspector.active)
    digests = []
    for query in (
        objects.order_by(RegisterTarget.kind, RegisterTarget.unit),
        people.order_by(RegisterInspector.certificate),
    ):
        listed = [list(row) for row in await tx.session.execute(query)]
        digests.append(suite("intl-1").hash(jcs(listed)).hex())
    return digests[0], digests[1]


async def list_contributor_accounts(tx: Tx) -> list[tuple[str, str]]:
    """Return who could contribute randomness: accounts of the right role with a signing key, by organisation."""
    query = (
        select(Account.login, Organisation.name, Account.display_name)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(
            Account.disabled_at.is_(None),
            Account.roles.overlap([Role.SUPERVISOR.value, Role.CENTRE.value, Role.AGENCY.value]),
            select(PersonKey.id)
            .where(PersonKey.account_id == Account.id, PersonKey.purpose == "sign", PersonKey.revoked_at.is_(None))
            .exists(),
        )
        .order_by(Organisation.name, Account.login)
    )
    return [(login, f"{body} {name}") for login, body, name in (await tx.session.execute(query)).all()]


async def list_own_conflicts(tx: Tx, account_id: uuid.UUID) -> list[tuple[str, str]]:
    """Return the units that an inspector has to stay away from, with the reasons, for the inspector's own eyes."""
    query = select(RegisterInspector.conflicts).where(RegisterInspector.account_id == account_id)
    found = (await tx.session.execute(query)).scalar_one_or_none() or []
    return [(item["unit"], item["reason"]) for item in found]


async def list_register_units(tx: Tx, kind: TargetKind) -> set[str]:
    """Return the units of a kind that stand in the register."""
    query = select(RegisterTarget.unit).where(RegisterTarget.kind == kind.value, RegisterTarget.active)
    return set((await tx.session.execute(query)).scalars())


async def list_inspector_logins(tx: Tx) -> set[str]:
    """Return the logins of the inspectors who stand in the register."""
    query = (
        select(Account.login)
        .join(RegisterInspector, RegisterInspector.account_id == Account.id)
        .where(RegisterInspector.active)
    )
    return set((await tx.session.execute(query)).scalars())
