"""Who adds randomness to the draws of an inspection: the supervising body and at least one other organisation.

Law: R-DR-12; crypto.md §4.1. One honest contributor is enough for an unpredictable draw.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.drawbook.composing import Invited, invite
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation
from supervision.models import Target
from supervision.vocabulary import Role

#: Roles whose holders may contribute, the supervisor first.
_ROLES = (Role.SUPERVISOR, Role.CENTRE, Role.AGENCY)


@dataclass(frozen=True, slots=True)
class FoundContributor:
    """A contributor as the spec and the inspection carry it.

    Attributes:
        contributor: party, organisation and keys.
    """

    login: str
    organisation: str
    organisation_id: uuid.UUID
    contributor: Invited

    @property
    def spec(self) -> dict[str, Any]:
        """Return what the inspection keeps: login, party and credit code."""
        return {"login": self.login, "party": self.contributor.party, "org": self.contributor.org}


async def find_contributors(
    tx: Tx, actor: Actor, logins: Sequence[str], targets: Collection[Target]
) -> list[FoundContributor]:
    """Look contributors up by their accounts, each with the newest signing key.

    Raises:
        InvalidInput: unknown accounts, no key, the supervising body is missing, all of one organisation, or one that
            may be inspected itself: whoever reveals last could spoil a draw that falls on it.
    Source:
        R-DR-12
    """
    inspected = {target.responsible for target in targets}
    found, faults = [], []
    for login in dict.fromkeys(logins):
        row = await _account(tx, login)
        if row is None:
            faults.append(f"没有可以贡献随机数的账户“{login}”")
            continue
        account, organisation, role = row
        party, body = f"{role.value}:{organisation.uscc}", organisation.name
        invited = await invite(tx, account.id, party=party, org=organisation.uscc, name=body)
        if invited is None:
            faults.append(f"“{account.display_name}”还没有登记签名密钥")
        elif organisation.uscc in inspected:
            faults.append(f"{organisation.name}自身在检查对象名录中，不能贡献随机数，请改由交易中心等单位贡献")
        else:
            found.append(FoundContributor(login, body, organisation.id, invited))
    organisations = {one.contributor.org for one in found}
    if not faults and actor.uscc not in organisations:
        faults.append("监督部门必须贡献随机数")
    if not faults and (len(organisations) < 2 or len(organisations) < len(found)):
        faults.append("随机数至少由两个单位贡献，每个单位一方")
    if faults:
        raise InvalidInput("；".join(faults) + "。", [("contributors", fault) for fault in faults])
    return sorted(found, key=lambda one: one.contributor.party.encode())


async def _account(tx: Tx, login: str) -> tuple[Account, Organisation, Role] | None:
    query = (
        select(Account, Organisation)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.login == login, Account.disabled_at.is_(None))
    )
    row = (await tx.session.execute(query)).one_or_none()
    role = None if row is None else next((role for role in _ROLES if role in row[0].roles), None)
    return None if row is None or role is None else (row[0], row[1], role)
