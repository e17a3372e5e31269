"""Who adds randomness to a committee's draw: who applies, supervision, as a third if asked for the trading centre.

Law: R-DRAW-10; crypto.md §4.1. One honest contributor is enough for an unpredictable draw; with three the draw has an
escrow, so that nobody spoils it by silence.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from experts.drafts import CommitteeDraft
from kernel.db.transaction import Tx
from kernel.drawbook.composing import Invited, invite
from kernel.drawbook.shelf import list_barred
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation, PersonKey
from trading.lot_view import LotView
from trading.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Contributors:
    """The contributors of a committee's draw.

    Attributes:
        department: the organisation of supervision, whose people are recused whether it contributes or not.
        others: organisations besides who applies and supervision.
    """

    invited: list[Invited]
    department: uuid.UUID
    others: list[uuid.UUID]


async def find_contributors(tx: Tx, actor: Actor, lot: LotView, draft: CommitteeDraft, purpose: str) -> Contributors:
    """Return who contributes; whoever is proved to have broken an earlier attempt stays out.

    Raises:
        InvalidInput: a key is missing, or fewer than two organisations are left.
    """
    own = await invite(tx, actor.account_id, party=_role_of(actor), org=actor.uscc, name="本单位")
    if own is None:
        raise InvalidInput("请先登记您的签名公钥，再提出抽取申请。", [("key", "尚未登记")])
    supervisor = await _find(tx, lot, Role.SUPERVISOR, draft.supervisor)
    if supervisor is None:
        raise InvalidInput("监督部门尚未登记签名公钥，不能组织抽取。", [("supervisor", "没有可用的公钥")])
    department, oversight = supervisor
    invited, others = [own, oversight], []
    if draft.third is not None:
        found = await _find(tx, lot, Role.CENTRE, draft.third)
        if found is None:
            raise InvalidInput("第三方应为已登记签名公钥的交易中心人员。", [("third", "请重新选择")])
        others.append(found[0])
        invited.append(found[1])
    barred = await list_barred(tx, lot.id, purpose)
    left = [one for one in invited if one.org not in barred]
    if len(left) < 2:
        detail = "此前的抽取因一方的托管是假的而作废，该单位不能再参与；请增加交易中心为贡献方。"
        raise InvalidInput(detail, [("third", "贡献方不足两家")])
    return Contributors(left, department, others)


async def list_third_contributors(tx: Tx) -> list[tuple[str, str]]:
    """Return whom the trading centre could send, as (account id, words): those with keys to sign and to unwrap."""
    query = (
        select(Account.id, Organisation.name, Account.display_name)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.roles.contains([Role.CENTRE.value]), Account.disabled_at.is_(None))
        .order_by(Organisation.name, Account.login)
    )
    for purpose in ("sign", "unwrap"):
        held = select(PersonKey.id).where(PersonKey.account_id == Account.id, PersonKey.purpose == purpose)
        query = query.where(held.where(PersonKey.revoked_at.is_(None)).exists())
    return [(str(account), f"{body} {name}") for account, body, name in (await tx.session.execute(query)).all()]


async def _find(tx: Tx, lot: LotView, role: Role, chosen: uuid.UUID | None) -> tuple[uuid.UUID, Invited] | None:
    query = (
        select(Account, Organisation)
        .join(PersonKey, PersonKey.account_id == Account.id)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.roles.contains([role.value]), Account.disabled_at.is_(None))
        .where(PersonKey.purpose == "sign", PersonKey.revoked_at.is_(None))
        .where(Organisation.id.not_in((lot.procuring_entity_id, lot.agency_id)))
        .order_by(PersonKey.created_at, PersonKey.id)
        .limit(1)
    )
    if chosen is not None:
        query = query.where(Account.id == chosen)
    found = (await tx.session.execute(query)).one_or_none()
    if found is None:
        return None
    account, body = found
    invited = await invite(tx, account.id, party=role.value, org=body.uscc, name=body.name)
    return None if invited is None else (body.id, invited)


def _role_of(actor: Actor) -> str:
    return Role.AGENCY.value if actor.has(Role.AGENCY) else Role.PROCURING_ENTITY.value
