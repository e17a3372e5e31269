"""Two persons: one asks for a privileged act and says why, another decides. The database refuses the same person twice.

An approved new account, or a recovery, ends in a one-time code for its holder. The code has two halves: the first is
shown to the person who asked, the second to the person who approved, and neither half is kept. Only who holds both, the
account's holder, gets in; no single administrator does.
"""

import base64
import hashlib
import os
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, NotPermitted
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Invitation, Petition
from kernel.identity.sessions import real_now

#: How long a code may be used.
CODE_LIFE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class PetitionView:
    """A petition with the people in it, for the administrators' page."""

    id: uuid.UUID
    act: str
    account_id: uuid.UUID | None
    login: str
    name: str
    facts: dict[str, Any]
    reason: str
    asked_by: str
    asker_id: uuid.UUID
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    approved: bool | None


async def ask(
    tx: Tx, actor: Actor, act: str, *, account_id: uuid.UUID | None, facts: dict[str, Any], reason: str
) -> uuid.UUID:
    """File a petition.

    Raises:
        Conflict: the same is already asked for this account.
    """
    waiting = select(Petition.id).where(
        Petition.act == act, Petition.account_id == account_id, Petition.decided_at.is_(None)
    )
    if account_id is not None and (await tx.session.execute(waiting)).first() is not None:
        raise Conflict("这个账户已有同样的申请在等待审批。")
    petition = Petition(
        id=tx.new_id(),
        act=act,
        account_id=account_id,
        facts=facts,
        reason=reason,
        asked_by=actor.account_id,
        asked_at=await real_now(tx),
        decided_by=None,
        decided_at=None,
        approved=None,
    )
    tx.session.add(petition)
    await tx.session.flush()
    return petition.id


async def decide(tx: Tx, actor: Actor, petition_id: uuid.UUID, *, approve: bool) -> Petition:
    """Decide a petition of somebody else.

    Raises:
        NotFound: there is none.
        Conflict: it is decided.
        NotPermitted: the actor asked for it, or it is about the actor's own account.
    """
    query = select(Petition).where(Petition.id == petition_id).with_for_update()
    petition = (await tx.session.execute(query)).scalar_one_or_none()
    if petition is None:
        raise NotFound
    if petition.decided_at is not None:
        raise Conflict("这项申请已经办结。")
    if actor.account_id in (petition.asked_by, petition.account_id):
        raise NotPermitted("本人提出的或与本人账户有关的申请，须由另一人审批。")
    petition.decided_by, petition.decided_at, petition.approved = actor.account_id, await real_now(tx), approve
    await tx.session.flush()
    return petition


async def list_petitions(tx: Tx, *, waiting: bool, acts: Collection[str]) -> list[PetitionView]:
    """Return the petitions that wait, or the last ones that are decided.

    Args:
        acts: only about these.
    """
    rows = await tx.session.execute(
        text(
            "SELECT p.id, p.act, p.account_id, coalesce(s.login, '') AS login, coalesce(s.display_name, '') AS name,"
            " p.facts, p.reason, a.display_name AS asked_by, p.asked_by AS asker_id, p.asked_at,"
            " coalesce(d.display_name, '') AS decided_by, p.decided_at, p.approved"
            " FROM identity_petition p JOIN identity_account a ON a.id = p.asked_by"
            " LEFT JOIN identity_account d ON d.id = p.decided_by LEFT JOIN identity_account s ON s.id = p.account_id"
            " WHERE (p.decided_at IS NULL) = :waiting AND p.act = ANY (:acts) ORDER BY p.asked_at DESC LIMIT 50"
        ),
        {"waiting": waiting, "acts": list(acts)},
    )
    return [PetitionView(**row._mapping) for row in rows]


def make_half() -> str:
    """Return one half of a code: 10 characters that nobody confuses, 50 random bits."""
    return base64.b32encode(os.urandom(7)).decode()[:10]


def first_digest(first: str) -> str:
    """Return what is kept of the first half."""
    return hashlib.sha256(b"first half\0" + first.encode()).hexdigest()


def _code_hash(first: str, second: str) -> bytes:
    return hashlib.sha256(b"invitation\0" + first.encode() + second.encode()).digest()


async def invite(tx: Tx, account_id: uuid.UUID, first: str) -> str:
    """Let an account's holder in once; return the second half of the code. Older codes end.

    Args:
        first: `first_digest` of the half that the asking person has.
    """
    now = await real_now(tx)
    await tx.session.execute(
        text("UPDATE identity_invitation SET used_at = :now WHERE account_id = :account AND used_at IS NULL"),
        {"now": now, "account": account_id},
    )
    second = make_half()
    tx.session.add(
        Invitation(
            id=tx.new_secret_id(),
            account_id=account_id,
            code_hash=_code_hash(first, second),
            created_at=now,
            expires_at=now + CODE_LIFE,
            used_at=None,
        )
    )
    await tx.session.flush()
    return second


async def find_invited(tx: Tx, code: str) -> tuple[Account, Invitation]:
    """Return the account whose holder has this code, and lock its invitation.

    Args:
        code: both halves, in the order first, second; hyphens, blanks and case do not matter.

    Raises:
        NotPermitted: unknown, used, or too old; the answer is the same.
    """
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    digest = _code_hash(first_digest(plain[:10]), plain[10:])
    query = (
        select(Account, Invitation)
        .join(Invitation, Invitation.account_id == Account.id)
        .where(Invitation.code_hash == digest)
        .with_for_update(of=Invitation)
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None or row[1].used_at is not None or row[1].expires_at <= await real_now(tx):
        raise NotPermitted("激活码不正确或已失效，请向系统管理员重新申请。")
    if row[0].state != "invited" or row[0].disabled_at is not None:
        raise NotPermitted("激活码不正确或已失效，请向系统管理员重新申请。")
    return row[0], row[1]
