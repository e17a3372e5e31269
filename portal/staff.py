"""Staff accounts: one administrator asks, another approves, the holder activates. Nobody knows another's password.

Every act here is privileged: it is a petition with a reason, it goes into the log and, with both persons, into the
audit of access (GB/T 22239, level 3; R-SEC-02).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from kernel.credit_code import read_credit_code
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from kernel.identity import petitions, policy
from kernel.identity.access import note_access
from kernel.identity.accounts import create_account, list_person_keys, revoke_person_keys, set_password
from kernel.identity.actor import Actor
from kernel.identity.factors import Enrolment, begin_totp, confirm_totp, revoke_factors
from kernel.identity.models import Account, Petition
from kernel.identity.sessions import OpenedSession, end_sessions, open_session, real_now
from kernel.log.writer import record
from kernel.parties.organisations import enter_organisation
from portal.parties import ROLES

#: `bidder` comes with an e-licence only; `operator` with the installation.
GRANTED = frozenset(
    {
        "procuring_entity",
        "agency",
        "expert",
        "trustee",
        "supervisor",
        "inspector",
        "centre",
        "system_admin",
        "security_admin",
        "audit_admin",
    }
)
#: What may be asked for, in words.
CHANGES = {
    "create": "登记账户",
    "roles": "变更角色",
    "disable": "停用账户",
    "recover": "重置口令和动态口令",
    "revoke-sign": "注销签名密钥",
    "revoke-unwrap": "注销解封密钥",
}
#: Which keys a change revokes.
_PURPOSES = {"revoke-sign": "sign", "revoke-unwrap": "unwrap"}
REASON_LENGTH = (4, 300)


@dataclass(frozen=True, slots=True)
class StaffDraft:
    """A new account as it is asked for."""

    login: str
    name: str
    roles: tuple[str, ...]
    uscc: str
    organisation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the asking person gets: the petition, and the first half of the holder's code where there will be one."""

    petition_id: uuid.UUID
    account_id: uuid.UUID
    code: str


@dataclass(frozen=True, slots=True)
class StaffRow:
    """An account as administrators see it."""

    id: uuid.UUID
    login: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    state: str
    has_factor: bool
    disabled_at: datetime | None


async def ask_account(tx: Tx, actor: Actor, draft: StaffDraft) -> Asked:
    """Prepare a staff account; it opens nothing until somebody else approves it.

    Raises:
        InvalidInput: login, name, roles, organisation or reason are not fit.
        Conflict: the login is taken.
    Effects:
        rows in `identity_account` (pending) and `identity_petition`; entry `account.asked`.
    Source:
        R-SEC-02, R-SEC-11, R-ET-01
    """
    policy.require(actor, "staff.prepare")
    _require_fit(draft)
    organisation_id = await enter_organisation(
        tx, actor, uscc=draft.uscc, name=draft.organisation, roles=ROLES.keys() & set(draft.roles)
    )
    account = await create_account(
        tx,
        login=draft.login,
        display_name=draft.name,
        roles=draft.roles,
        organisation_id=organisation_id,
        state="pending",
    )
    return await _ask(tx, actor, account, "create", sorted(draft.roles), draft.reason)


async def ask_change(
    tx: Tx, actor: Actor, account_id: uuid.UUID, kind: str, *, roles: tuple[str, ...] = (), reason: str
) -> Asked:
    """Ask for a change of an account: other roles, disabling, recovery, revocation of a key that was lost or stolen.

    Raises:
        NotFound: there is no such staff account.
        NotPermitted: the actor's own account.
        InvalidInput: roles or reason are not fit.
        Conflict: the account is not in a state for it, has no such key, or the same is already asked for.
    Effects:
        a row in `identity_petition`; entry `account.asked`.
    Source:
        R-SEC-02
    """
    policy.require(actor, "staff.prepare")
    account = await tx.session.get(Account, account_id)
    if account is None or kind not in CHANGES or kind == "create" or ":" in account.login:
        raise NotFound
    if account.id == actor.account_id:
        raise NotPermitted("不能为本人的账户提出变更，请由另一名管理员办理。")
    if account.disabled_at is not None or account.state == "pending":
        raise Conflict("这个账户已停用或尚未审批，不能变更。")
    if kind == "roles":
        _require_roles(roles)
    if kind in _PURPOSES and not await list_person_keys(tx, account.id, purpose=_PURPOSES[kind]):
        raise Conflict("这个账户没有登记可注销的这类密钥。")
    _require_reason(reason)
    return await _ask(tx, actor, account, kind, sorted(roles), reason)


async def decide(tx: Tx, actor: Actor, petition_id: uuid.UUID, *, approve: bool) -> str:
    """Approve or refuse what somebody else has asked for; an approval takes effect at once.

    Returns:
        The second half of the holder's code where there is one.

    Raises:
        NotFound, Conflict, NotPermitted: as `kernel.identity.petitions.decide`.
    Effects:
        the account; its sessions end wherever it loses something; entry `account.decided`, and `key.revoked` for each
        key that signs nothing any more.
    """
    policy.require(actor, "staff.approve")
    petition = await petitions.decide(tx, actor, petition_id, approve=approve)
    account = await tx.session.get(Account, petition.account_id) if petition.account_id else None
    if account is None:
        raise NotFound
    kind, second = petition.act, ""
    if approve:
        second = await _apply(tx, account, kind, petition.facts)
        if kind in _PURPOSES:
            await _revoke_keys(tx, actor, petition, account)
    facts = {"login": account.login, "change": kind, "roles": petition.facts["roles"], "approved": approve}
    await record(tx, actor, "account.decided", {**facts, "petition": str(petition.id)})
    await note_access(
        tx,
        "decision",
        account_id=actor.account_id,
        second_id=petition.asked_by,
        login=actor.login,
        act=f"staff.{kind}",
        reason=f"{'同意' if approve else '不同意'}：{account.login}；{petition.reason}",
    )
    return second


async def begin_activation(tx: Tx, key: bytes, code: str, password: str, *, issuer: str) -> tuple[str, Enrolment]:
    """Take the holder's password and make a secret for the authenticator.

    Returns:
        The login, and what the authenticator needs.

    Raises:
        NotPermitted: the code opens nothing (any more).
        InvalidInput: the password is too short.
    """
    account, _ = await petitions.find_invited(tx, code)
    set_password(account, password)
    return account.login, await begin_totp(tx, key, account.id, login=account.login, issuer=issuer)


async def finish_activation(tx: Tx, key: bytes, code: str, otp: str, *, origin: str, device: str) -> OpenedSession:
    """Open the account: the authenticator's first code has come back.

    Raises:
        NotPermitted: the code opens nothing (any more), or no password was chosen.
        InvalidInput: the authenticator's code is wrong.
    Effects:
        the account is active, the invitation used; entry `account.activated`.
    """
    account, invitation = await petitions.find_invited(tx, code)
    if account.password_hash is None:
        raise NotPermitted("请先设置口令。")
    if not await confirm_totp(tx, key, account.id, otp):
        raise InvalidInput("动态口令不正确，请等待下一个动态口令后再试。", [("otp", "动态口令不正确")])
    account.state, invitation.used_at = "active", await real_now(tx)
    await tx.session.flush()
    limits = policy.current().limits(account.roles, (await real_now(tx)).date())
    opened = await open_session(tx, account, method="password+totp", limits=limits, origin=origin, device=device)
    await record(tx, opened.actor, "account.activated", {"login": account.login})
    await note_access(tx, "activated", account_id=account.id, login=account.login, origin=origin, act="activate")
    return opened


async def list_staff(tx: Tx) -> list[StaffRow]:
    """Return the staff accounts; holders of licences and called experts are no staff."""
    rows = await tx.session.execute(
        text(
            "SELECT a.id, a.login, a.display_name AS name, coalesce(o.name, '') AS organisation, a.roles, a.state,"
            " EXISTS (SELECT 1 FROM identity_factor f WHERE f.account_id = a.id AND f.confirmed_at IS NOT NULL"
            "   AND f.revoked_at IS NULL) AS has_factor, a.disabled_at"
            " FROM identity_account a LEFT JOIN identity_organisation o ON o.id = a.organisation_id"
            " WHERE position(':' IN a.login) = 0 ORDER BY a.created_at DESC, a.login LIMIT 500"
        )
    )
    return [StaffRow(**{**row._mapping, "roles": tuple(row.roles)}) for row in rows]


async def find_staff(tx: Tx, login: str) -> uuid.UUID:
    """Return the id of a staff account.

    Raises:
        InvalidInput: there is none.
    """
    found = (await tx.session.execute(select(Account.id).where(Account.login == login))).scalar_one_or_none()
    if found is None or ":" in login:
        raise InvalidInput("没有这个登录名的工作人员账户。", [("account", "请填写列表中的登录名")])
    return found


async def _ask(tx: Tx, actor: Actor, account: Account, kind: str, roles: list[str], reason: str) -> Asked:
    first = petitions.make_half() if kind in ("create", "recover") else ""
    facts = {"roles": roles, "first": petitions.first_digest(first) if first else ""}
    petition_id = await petitions.ask(tx, actor, kind, account_id=account.id, facts=facts, reason=reason)
    await record(tx, actor, "account.asked", {"login": account.login, "change": kind, "roles": roles})
    await note_access(
        tx,
        "petition",
        account_id=actor.account_id,
        login=actor.login,
        act=f"staff.{kind}",
        reason=f"{account.login}；{reason}",
    )
    return Asked(petition_id, account.id, first)


async def _apply(tx: Tx, account: Account, kind: str, facts: dict[str, object]) -> str:
    if kind == "roles":
        roles = facts["roles"]
        assert isinstance(roles, list)
        account.roles = [str(role) for role in roles]
    if kind == "disable":
        account.disabled_at = tx.now
    if kind == "recover":
        account.password_hash = None
        await revoke_factors(tx, account.id)
    if kind in ("create", "recover"):
        account.state = "invited"
    await tx.session.flush()
    await end_sessions(tx, account.id)
    return await petitions.invite(tx, account.id, str(facts["first"])) if facts["first"] else ""


async def _revoke_keys(tx: Tx, actor: Actor, petition: Petition, account: Account) -> None:
    purpose = _PURPOSES[petition.act]
    for kid in await revoke_person_keys(tx, account.id, purpose=purpose):
        facts = {"login": account.login, "kid": kid, "purpose": purpose, "petition": str(petition.id)}
        await record(tx, actor, "key.revoked", {**facts, "reason": petition.reason, "rules": ["R-SEC-02"]})


def _require_fit(draft: StaffDraft) -> None:
    if not 3 <= len(draft.login) <= 64 or not draft.login.isprintable() or ":" in draft.login:
        raise InvalidInput("登录名为 3 至 64 个字符，不含冒号。", [("login", "登录名为 3 至 64 个字符，不含冒号")])
    if not 1 <= len(draft.name.strip()) <= 40:
        raise InvalidInput("请填写姓名。", [("name", "请填写姓名，1 至 40 个字符")])
    read_credit_code(draft.uscc)
    if not draft.organisation.strip():
        raise InvalidInput("请填写所在单位名称。", [("organisation", "请填写所在单位名称")])
    _require_roles(draft.roles)
    _require_reason(draft.reason)


def _require_roles(roles: tuple[str, ...]) -> None:
    wrong = sorted(set(roles) - GRANTED)
    if wrong or not roles:
        raise InvalidInput("请为账户选择有效的角色。", [("roles", "、".join(wrong) or "请至少选择一个角色")])
    for pair in policy.current().conflicts(roles):
        raise InvalidInput(pair.message, [("roles", f"{pair.message}（{pair.article}）")])


def _require_reason(reason: str) -> None:
    if not REASON_LENGTH[0] <= len(reason.strip()) <= REASON_LENGTH[1]:
        raise InvalidInput("请写明理由。", [("reason", f"请写明理由，{REASON_LENGTH[0]} 至 {REASON_LENGTH[1]} 个字符")])
