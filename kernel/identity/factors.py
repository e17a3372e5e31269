"""Second factors of staff: time-based one-time passwords (RFC 6238), by the real clock, each counted once.

The other kind, passkeys, is in `kernel.identity.passkeys`.

The secret must be read to check a code, so it lies encrypted (AES-256-GCM), bound to its row, under a key derived from
the installation's secret. Rehearsal clocks never touch it: a person's authenticator shows the real time.
"""

import base64
import os
import uuid
from dataclasses import dataclass

import pyotp
from sqlalchemy import select, text

from kernel import ids
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.identity.models import Factor
from kernel.identity.sessions import real_now

#: RFC 6238: steps of 30 s; one step of drift on either side is forgiven.
STEP_S = 30
DRIFT = 1
_SECRET_BYTES = 20
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A factor that is being set up: shown to its holder once."""

    factor_id: uuid.UUID
    secret: str
    uri: str


def factor_key(installation_secret: bytes) -> bytes:
    """Derive the key under which secrets of factors lie."""
    return suite("intl-1").hkdf(installation_secret, b"", b"sunlit second factor", 32)


async def begin_totp(tx: Tx, key: bytes, account_id: uuid.UUID, *, login: str, issuer: str) -> Enrolment:
    """Make a secret for an account; it counts only once a code made with it has come back (`confirm_totp`).

    Args:
        key: of `factor_key`.
        issuer: name of the site, as the authenticator shows it.
    """
    raw = os.urandom(_SECRET_BYTES)
    factor_id = ids.secret_id()
    secret = base64.b32encode(raw).decode()
    tx.session.add(
        Factor(
            id=factor_id,
            account_id=account_id,
            kind="totp",
            label="动态口令",
            secret=_seal(key, factor_id, raw),
            credential=None,
            counter=0,
            created_at=await real_now(tx),
            confirmed_at=None,
            revoked_at=None,
            used_at=None,
        )
    )
    await tx.session.flush()  # the next request of the same person confirms it
    return Enrolment(factor_id, secret, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer))


async def confirm_totp(tx: Tx, key: bytes, account_id: uuid.UUID, code: str) -> bool:
    """Make the newest unconfirmed factor count if the code is of it; whatever was set up before it and left, ends."""
    query = (
        select(Factor)
        .where(
            Factor.account_id == account_id,
            Factor.kind == "totp",
            Factor.confirmed_at.is_(None),
            Factor.revoked_at.is_(None),
        )
        .order_by(Factor.created_at.desc())
        .with_for_update()
    )
    waiting = list((await tx.session.execute(query)).scalars())
    if not waiting:
        return False
    now = await real_now(tx)
    step = matching_step(_open(key, waiting[0]), code, now.timestamp())
    if step is None:
        return False
    waiting[0].confirmed_at, waiting[0].counter = now, step
    for left in waiting[1:]:
        left.revoked_at = now
    await tx.session.flush()
    return True


async def has_factor(tx: Tx, account_id: uuid.UUID) -> bool:
    """Say whether a factor counts for the account, of either kind."""
    query = select(Factor.id).where(
        Factor.account_id == account_id, Factor.confirmed_at.is_not(None), Factor.revoked_at.is_(None)
    )
    return (await tx.session.execute(query.limit(1))).scalar_one_or_none() is not None


async def has_totp(tx: Tx, account_id: uuid.UUID) -> bool:
    """Say whether the account has an authenticator."""
    return bool(await _factors(tx, account_id))


async def check_totp(tx: Tx, key: bytes, account_id: uuid.UUID, code: str) -> bool:
    """Say whether a code is one of the account's factors', and was not used before; it is used up by this."""
    now = await real_now(tx)
    for factor in await _factors(tx, account_id, lock=True):
        step = matching_step(_open(key, factor), code, now.timestamp())
        if step is not None and step > factor.counter:
            factor.counter = step
            await tx.session.flush()
            return True
    return False


async def revoke_factors(tx: Tx, account_id: uuid.UUID) -> None:
    """End all factors of an account: its holder sets up new ones."""
    await tx.session.execute(
        text(
            "UPDATE identity_factor SET revoked_at = clock_timestamp() WHERE account_id = :account"
            " AND revoked_at IS NULL"
        ),
        {"account": account_id},
    )


def matching_step(secret: bytes, code: str, instant: float) -> int | None:
    """Return the time step whose code this is, within the drift; None when there is none."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    otp = pyotp.TOTP(base64.b32encode(secret).decode())
    now = int(instant) // STEP_S
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if pyotp.utils.strings_equal(otp.generate_otp(step), digits):
            found = step
    return found


async def _factors(tx: Tx, account_id: uuid.UUID, *, lock: bool = False) -> list[Factor]:
    query = select(Factor).where(
        Factor.account_id == account_id,
        Factor.kind == "totp",
        Factor.confirmed_at.is_not(None),
        Factor.revoked_at.is_(None),
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return list((await tx.session.execute(query)).scalars())


def _seal(key: bytes, factor_id: uuid.UUID, raw: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + suite("intl-1").aead_seal(key, nonce, raw, b"totp" + factor_id.bytes)


def _open(key: bytes, factor: Factor) -> bytes:
    nonce, sealed = factor.secret[:_NONCE], factor.secret[_NONCE:]
    return suite("intl-1").aead_open(key, nonce, sealed, b"totp" + factor.id.bytes)
