"""Sessions and sign-in by password.

A session's secret is 32 random bytes made at sign-in, never taken from the client: an id that the server did not make
opens nothing (no fixation), and every sign-in makes a new one. The database keeps its SHA-256 only.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy import delete, text
from sqlalchemy import select as sa_select

from kernel import ids
from kernel.canonical import b64u_encode
from kernel.db.transaction import INSTANT, Database, Tx
from kernel.errors import NotPermitted
from kernel.identity import throttle
from kernel.identity.accounts import password_matches
from kernel.identity.actor import SCOPES, Actor
from kernel.identity.models import Account, LoginAttempt, Organisation, Session

#: A session ends after this long without a request, and after this long in any case (R-SEC), unless its opener says.
IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
#: The one answer to whoever does not get in.
WRONG = "登录名、口令或动态口令不正确。"
#: How a session was opened whose licence could not be checked against a fresh revocation list: it only looks.
ON_GRACE = "licence-grace"
#: How long a fresh proof of identity counts for acts that need one.
STEP_UP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session: the secret goes into the cookie and nowhere else."""

    secret: str
    actor: Actor
    expires_at: datetime


def _hash(secret: str) -> bytes:
    return hashlib.sha256(b"session\0" + secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its holder sees it."""

    id: uuid.UUID
    method: str
    origin: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives: without a request, and in any case."""

    idle: timedelta = IDLE
    absolute: timedelta = ABSOLUTE


async def open_session(
    tx: Tx,
    account: Account,
    *,
    method: str,
    limits: Limits | None = None,
    origin: str = "",
    device: str = "",
) -> OpenedSession:
    """Open a session for an account whose holder has just been verified.

    Sessions live by the machine's real time, so that moving a rehearsal clock signs nobody out. The verification just
    made counts as a fresh proof of identity for the next minutes.

    Args:
        method: `password`, `password+totp`, `passkey`, `licence`, `licence-grace` (`ON_GRACE`) or `call`.
        limits: of the account's roles; None: the widest.
        origin: address that the request came from; shown to the account's holder.
        device: what the browser calls itself; shown to the account's holder.
    """
    limits = limits or Limits()
    secret = b64u_encode(os.urandom(32))
    now = await real_now(tx)
    expires_at = now + limits.absolute
    session_id = ids.secret_id()
    tx.session.add(
        Session(
            id_hash=_hash(secret),
            id=session_id,
            account_id=account.id,
            method=method,
            origin=origin[:64],
            device=device[:200],
            created_at=now,
            seen_at=now,
            idle=limits.idle,
            expires_at=expires_at,
            stepped_up_at=now,
        )
    )
    roles = frozenset() if method == "password" else frozenset(account.roles)  # as `find_actor` will say
    actor = await actor_of(tx, account)
    actor = replace(actor, roles=roles, stepped_up=True, is_reading=method == ON_GRACE, session_id=session_id)
    return OpenedSession(secret, actor, expires_at)


async def actor_of(tx: Tx, account: Account) -> Actor:
    """Return the actor of an account."""
    organisation = None
    if account.organisation_id is not None:
        organisation = await tx.session.get(Organisation, account.organisation_id)
    return Actor(
        account_id=account.id,
        login=account.login,
        name=account.display_name,
        roles=frozenset(account.roles),
        organisation_id=account.organisation_id,
        organisation_name=organisation.name if organisation else "",
        uscc=organisation.uscc if organisation else "",
        is_clerk=account.by_appointment,
    )


async def find_actor(tx: Tx, secret: str) -> Actor | None:
    """Return the actor of a session's secret; None when it is unknown, idle too long or over.

    One query says everything that an act may ask of its actor, at every request anew: what was ended or disabled a
    moment ago is refused now, everywhere. A password alone brings no role with it: only the way to a second factor.
    """
    if len(secret) != 43:
        return None
    row = await tx.fetchrow(_ACTOR, _hash(secret), STEP_UP, tx.now)
    return None if row is None else _actor(row)


_ACTOR = (
    "SELECT a.id, a.login, a.display_name, a.organisation_id, a.by_appointment,"
    " CASE WHEN s.method = 'password' THEN '{}' ELSE a.roles END AS roles,"
    " o.name AS organisation, o.uscc, p.scopes, p.lots, s.id AS session, s.method,"
    " s.stepped_up_at > clock_timestamp() - cast($2 AS interval) AS stepped_up,"
    " s.seen_at < clock_timestamp() - interval '1 minute' AS unseen"
    " FROM identity_session s JOIN identity_account a ON a.id = s.account_id"
    " LEFT JOIN identity_organisation o ON o.id = a.organisation_id"
    " LEFT JOIN identity_appointment p ON p.account_id = a.id AND p.ended_at IS NULL"
    "   AND p.not_before <= $3 AND p.expires_at > $3"
    " WHERE s.id_hash = $1 AND s.expires_at > clock_timestamp()"
    " AND s.seen_at > clock_timestamp() - s.idle"
    " AND a.disabled_at IS NULL AND a.state = 'active' AND (p.id IS NOT NULL OR NOT a.by_appointment)"
)
_ACTORS_NOW = (
    _ACTOR.replace("$3", INSTANT)
    .replace("s.id_hash = $1", "s.id_hash = ANY($1)")
    .replace("SELECT ", "SELECT s.id_hash, ", 1)
)


async def find_actor_now(db: Database, secret: str, *, touch: bool) -> Actor | None:
    """Do as `find_actor` does, for the layer that every request passes: who asks at the same moment shares a statement.

    Args:
        touch: note that the session was used, at most once a minute.
    """
    if len(secret) != 43:
        return None

    async def run(hashes: Sequence[bytes]) -> Sequence[asyncpg.Record | None]:
        found = {row["id_hash"]: row for row in await db.fetch(_ACTORS_NOW, list(hashes), STEP_UP)}
        return [found.get(one) for one in hashes]

    row = await db.together.ask("sessions", run, _hash(secret))
    if row is None:
        return None
    if touch and row["unseen"]:
        async with db.begin() as tx:
            await touch_session(tx, secret)
    return _actor(row)


def _actor(row: asyncpg.Record) -> Actor:
    return Actor(
        account_id=row["id"],
        login=row["login"],
        name=row["display_name"],
        roles=frozenset(row["roles"]),
        organisation_id=row["organisation_id"],
        organisation_name=row["organisation"] or "",
        uscc=row["uscc"] or "",
        scopes=SCOPES if row["scopes"] is None else frozenset(row["scopes"]),
        lots=None if row["lots"] is None else frozenset(row["lots"]),
        is_clerk=row["by_appointment"],
        stepped_up=bool(row["stepped_up"]),
        is_reading=row["method"] == ON_GRACE,
        session_id=row["session"],
    )


async def touch_session(tx: Tx, secret: str) -> None:
    """Note that the session was used; at most once a minute."""
    await tx.session.execute(
        text(
            "UPDATE identity_session SET seen_at = clock_timestamp()"
            " WHERE id_hash = :hash AND seen_at < clock_timestamp() - interval '1 minute'"
        ),
        {"hash": _hash(secret)},
    )


async def step_up(tx: Tx, secret: str, *, method: str | None = None) -> None:
    """Note that the session's holder proved anew who they are.

    Args:
        method: what the session rests on from now on; None: as before.
    """
    await tx.session.execute(
        text(
            "UPDATE identity_session SET stepped_up_at = clock_timestamp(), method = coalesce(:method, method)"
            " WHERE id_hash = :hash"
        ),
        {"hash": _hash(secret), "method": method},
    )


async def list_sessions(tx: Tx, account_id: uuid.UUID) -> list[SessionView]:
    """Return an account's sessions that are alive, the last used first."""
    rows = await tx.session.execute(
        text(
            "SELECT id, method, origin, device, created_at, seen_at, expires_at FROM identity_session"
            " WHERE account_id = :account AND expires_at > clock_timestamp() AND seen_at > clock_timestamp() - idle"
            " ORDER BY seen_at DESC, id"
        ),
        {"account": account_id},
    )
    return [SessionView(**row._mapping) for row in rows]


async def end_sessions(
    tx: Tx, account_id: uuid.UUID, *, only: uuid.UUID | None = None, but: uuid.UUID | None = None
) -> int:
    """End sessions of an account at once, and their live pages with them; return how many.

    Args:
        only: this one alone; `but`: all but this one; neither: all.
    """
    query = delete(Session).where(Session.account_id == account_id)
    if only is not None:
        query = query.where(Session.id == only)
    if but is not None:
        query = query.where(Session.id != but)
    ended = list((await tx.session.execute(query.returning(Session.id_hash))).scalars())
    for id_hash in ended:
        await tx.session.execute(text("SELECT pg_notify('matter', :matter)"), {"matter": _matter(id_hash)})
    return len(ended)


async def end_session(tx: Tx, secret: str) -> None:
    """End a session at once, and its live pages with it."""
    await tx.session.execute(delete(Session).where(Session.id_hash == _hash(secret)))
    await tx.session.execute(text("SELECT pg_notify('matter', :matter)"), {"matter": matter_of_session(secret)})


def matter_of_session(secret: str) -> str:
    """Return the name under which live pages hear of a session's end; it tells nothing of the secret."""
    return _matter(_hash(secret))


def _matter(id_hash: bytes) -> str:
    return f"session:{hashlib.sha256(b'matter' + id_hash).hexdigest()}"


async def require_attempts_left(tx: Tx, login: str, origin: str, *, device: str | None = None) -> None:
    """Count a sign-in before it is looked at, and refuse it when too many failed (`kernel.identity.throttle`).

    The caller commits before it verifies anything, and calls `record_attempt` afterwards.

    Args:
        device: mark of a browser that this login knows, "" for a strange one; None where nothing can be guessed.

    Raises:
        TooManyRequests: a limit is reached.
    """
    await throttle.take(tx, await throttle.buckets_of(tx, login, origin, device))


async def record_attempt(tx: Tx, login: str, origin: str, *, ok: bool, device: str | None = None) -> None:
    """Keep a sign-in attempt; one that succeeded counts no longer."""
    if ok:
        await throttle.give_back(tx, await throttle.buckets_of(tx, login, origin, device))
    tx.session.add(LoginAttempt(login=login[:200], origin=origin[:64], ok=ok, at=await real_now(tx)))


async def check_password(tx: Tx, login: str, password: str) -> Account:
    """Return the account whose login and password these are.

    Raises:
        NotPermitted: unknown login, wrong password or disabled account; the answer is the same.
    """
    account = (await tx.session.execute(sa_select(Account).where(Account.login == login))).scalar_one_or_none()
    # Argon2 takes long on purpose: in a thread, so that guessing does not hold up everybody's bids.
    if not await asyncio.to_thread(password_matches, account, password) or account is None:
        raise NotPermitted(WRONG)
    return account


async def real_now(tx: Tx) -> datetime:
    """Return the machine's real time, which no rehearsal moves: sessions, codes and their limits live by it."""
    value = (await tx.session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    assert isinstance(value, datetime)
    return value
