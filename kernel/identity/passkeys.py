"""Passkeys of staff: made, named, removed, and used to sign in or to prove anew (WebAuthn, R-SEC-02).

A passkey that verified its person is possession and knowledge (or biometrics) in one, so it signs in alone, beside
password and TOTP. A challenge serves once, for 120 s, for one purpose, in the browser that asked for it; it is used up
in a transaction of its own, before anything is looked at.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from kernel import ids
from kernel.crypto.digest import random_bytes
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, StepUpRequired
from kernel.identity import ceremonies
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.identity.ceremonies import PasskeyRefused, RelyingParty
from kernel.identity.factors import has_factor
from kernel.identity.models import Account, Factor, PasskeyChallenge
from kernel.identity.sessions import end_sessions, real_now, step_up

#: How long a challenge is open.
CHALLENGE_LIFE = timedelta(seconds=120)
#: Passkeys of one person: a telephone, a computer, spare keys.
MOST = 10
NAME_LENGTH = 40
ADD, SIGN_IN, STEP_UP = "add", "sign-in", "step-up"


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey as its holder sees it."""

    id: uuid.UUID
    name: str
    created_at: datetime
    used_at: datetime | None


async def begin(
    tx: Tx, site: RelyingParty, visitor: str, purpose: str, *, actor: Actor | None = None
) -> dict[str, Any]:
    """Make a challenge for one browser and return the options for its authenticator.

    Args:
        visitor: the secret of the session, signed in or not.
        purpose: `ADD`, `SIGN_IN` or `STEP_UP`; an answer serves no other.
        actor: whose passkey is made or asked for; None at the sign-in.

    Raises:
        Conflict, StepUpRequired: as `require_may_add`, for `ADD`.
    Effects:
        one row in `identity_passkey_challenge`; those that are out of date go.
    """
    if purpose == ADD and actor is not None:
        await require_may_add(tx, actor)
    now = await real_now(tx)
    await tx.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < now))
    challenge = random_bytes(32)
    tx.session.add(
        PasskeyChallenge(
            challenge=challenge,
            binding=_binding(visitor, purpose),
            account_id=None if actor is None else actor.account_id,
            expires_at=now + CHALLENGE_LIFE,
        )
    )
    held = [] if actor is None else [one.credential for one in await _passkeys(tx, actor.account_id) if one.credential]
    if purpose == ADD and actor is not None:
        return ceremonies.creation_options(
            site, challenge, account_id=actor.account_id, login=actor.login, name=actor.name, held=held
        )
    return ceremonies.request_options(site, challenge, held=held)


async def take_challenge(
    tx: Tx, answer: dict[str, Any], visitor: str, purpose: str, *, actor: Actor | None = None
) -> bytes:
    """Use up the challenge that an answer names, whatever becomes of the answer; of two answers one finds it.

    The caller commits before it looks any further.

    Raises:
        PasskeyRefused: it is not open, or was made for another browser, person or purpose.
    """
    challenge = ceremonies.challenge_in(answer)
    query = (
        delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge == challenge,
            PasskeyChallenge.binding == _binding(visitor, purpose),
            PasskeyChallenge.account_id.is_not_distinct_from(None if actor is None else actor.account_id),
        )
        .returning(PasskeyChallenge.expires_at)
    )
    expires_at = (await tx.session.execute(query)).scalar_one_or_none()
    if expires_at is None or expires_at <= await real_now(tx):
        raise PasskeyRefused("challenge is not open")
    return challenge


async def require_may_add(tx: Tx, actor: Actor) -> None:
    """Let a person add a passkey.

    Raises:
        Conflict: an account that signs in another way, or one with enough passkeys.
        StepUpRequired: the account has a second factor, and this session has not just proved one. A password alone,
            which brings no role, adds none either once there is a factor.
    """
    if ":" in actor.login:
        raise Conflict("通行密钥只用于工作人员账户。")
    if await has_factor(tx, actor.account_id) and not (actor.roles and actor.stepped_up):
        raise StepUpRequired
    if len(await _passkeys(tx, actor.account_id)) >= MOST:
        raise Conflict(f"每人最多 {MOST} 个通行密钥，请先删除不再使用的。")


async def add(
    tx: Tx, actor: Actor, secret: str, site: RelyingParty, challenge: bytes, answer: dict[str, Any], name: str
) -> uuid.UUID:
    """Keep a new passkey; a first factor gives this session its account's roles.

    Args:
        secret: of the session; `challenge`: of `take_challenge`.

    Raises:
        PasskeyRefused: the answer does not hold.
        Conflict: the authenticator's passkey is known, or as `require_may_add`.
        InvalidInput: the name is empty or too long.
    Effects:
        a row in `identity_factor`, a line in the audit of access.
    """
    name = _require_name(name)
    await tx.session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update())
    await require_may_add(tx, actor)
    first = not await has_factor(tx, actor.account_id)
    made = ceremonies.check_creation(site, challenge, answer)
    known = select(func.count()).select_from(Factor).where(Factor.credential == made.id)
    if (await tx.session.execute(known)).scalar_one():
        raise Conflict("这个通行密钥已经登记过。")
    now = await real_now(tx)
    factor = Factor(
        id=ids.secret_id(),
        account_id=actor.account_id,
        kind="passkey",
        label=name,
        secret=made.public_key,
        credential=made.id,
        counter=made.counter,
        created_at=now,
        confirmed_at=now,
        revoked_at=None,
        used_at=None,
    )
    tx.session.add(factor)
    await tx.session.flush()  # the credential's id is unique: a race is refused here, not at commit
    if first:
        await step_up(tx, secret, method="passkey")
    await note_access(tx, "factor", account_id=actor.account_id, login=actor.login, act=f"passkey: {name}")
    return factor.id


async def holder_of(tx: Tx, site: RelyingParty, challenge: bytes, answer: dict[str, Any]) -> Account:
    """Return the account whose passkey answered, at the sign-in; the counter moves on.

    Raises:
        PasskeyRefused: unknown or removed passkey, another person's handle, an account that is closed, or an answer
            that does not hold.
    """
    credential, handle = ceremonies.credential_in(answer)
    factor = await _asserted(tx, credential)
    if handle != factor.account_id.bytes:
        raise PasskeyRefused("user handle")
    await _move_on(tx, factor, site, challenge, answer)
    account = await tx.session.get(Account, factor.account_id)
    if account is None or account.disabled_at is not None or account.state != "active":
        raise PasskeyRefused("account is closed")
    return account


async def prove(
    tx: Tx, actor: Actor, secret: str, site: RelyingParty, challenge: bytes, answer: dict[str, Any], *, origin: str
) -> None:
    """Take a passkey as a fresh proof of identity for this session.

    Raises:
        PasskeyRefused: it is not this person's, or the answer does not hold.
    """
    credential, handle = ceremonies.credential_in(answer)
    factor = await _asserted(tx, credential)
    if factor.account_id != actor.account_id or (handle and handle != actor.account_id.bytes):
        raise PasskeyRefused("another person's passkey")
    await _move_on(tx, factor, site, challenge, answer)
    await step_up(tx, secret)
    await note_access(
        tx, "step-up", account_id=actor.account_id, login=actor.login, origin=origin, act=f"passkey: {factor.label}"
    )


async def list_passkeys(tx: Tx, account_id: uuid.UUID) -> list[PasskeyView]:
    """Return a person's passkeys, the oldest first."""
    return [PasskeyView(one.id, one.label, one.created_at, one.used_at) for one in await _passkeys(tx, account_id)]


async def rename(tx: Tx, actor: Actor, passkey_id: uuid.UUID, name: str) -> None:
    """Give an own passkey another name.

    Raises:
        StepUpRequired, NotFound, InvalidInput: no fresh proof; no such passkey of this person; no fit name.
    """
    factor = await _own(tx, actor, passkey_id)
    factor.label = _require_name(name)
    await note_access(tx, "factor", account_id=actor.account_id, login=actor.login, act=f"passkey: {factor.label}")


async def remove(tx: Tx, actor: Actor, passkey_id: uuid.UUID) -> None:
    """End an own passkey at once, and with it all other sessions: one of them may be whoever has it now.

    Raises:
        StepUpRequired, NotFound: no fresh proof; no such passkey of this person.
        Conflict: it is the last second factor.
    """
    await tx.session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update())
    factor = await _own(tx, actor, passkey_id)
    others = select(func.count()).where(
        Factor.account_id == actor.account_id,
        Factor.id != factor.id,
        Factor.confirmed_at.is_not(None),
        Factor.revoked_at.is_(None),
    )
    if not (await tx.session.execute(others)).scalar_one():
        raise Conflict("这是您唯一的第二种验证方式，请先设置动态口令或另一个通行密钥，再删除它。")
    factor.revoked_at = await real_now(tx)
    await end_sessions(tx, actor.account_id, but=actor.session_id)
    act = f"passkey: {factor.label}"
    await note_access(tx, "factor-removed", account_id=actor.account_id, login=actor.login, act=act)


async def _passkeys(tx: Tx, account_id: uuid.UUID) -> list[Factor]:
    query = (
        select(Factor)
        .where(Factor.account_id == account_id, Factor.kind == "passkey", Factor.revoked_at.is_(None))
        .order_by(Factor.created_at, Factor.id)
    )
    return list((await tx.session.execute(query)).scalars())


async def _own(tx: Tx, actor: Actor, passkey_id: uuid.UUID) -> Factor:
    if not (actor.roles and actor.stepped_up):
        raise StepUpRequired
    factor = next((one for one in await _passkeys(tx, actor.account_id) if one.id == passkey_id), None)
    if factor is None:
        raise NotFound
    return factor


async def _asserted(tx: Tx, credential: bytes) -> Factor:
    """Find and lock the passkey, so that of two answers at the same moment the second sees the first one's counter."""
    query = (
        select(Factor)
        .where(Factor.credential == credential, Factor.kind == "passkey", Factor.revoked_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise PasskeyRefused("unknown passkey")
    return found


async def _move_on(tx: Tx, factor: Factor, site: RelyingParty, challenge: bytes, answer: dict[str, Any]) -> None:
    factor.counter = ceremonies.check_assertion(
        site, challenge, answer, public_key=factor.secret, counter=factor.counter
    )
    factor.used_at = await real_now(tx)
    await tx.session.flush()


def _binding(visitor: str, purpose: str) -> bytes:
    return hashlib.sha256(b"passkey\0" + purpose.encode() + b"\0" + visitor.encode()).digest()


def _require_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidInput("请给通行密钥起一个名称。", [("name", f"1 至 {NAME_LENGTH} 个字符")])
    return name
