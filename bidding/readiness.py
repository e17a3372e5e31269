"""What will have run out by the opening day: certificates and appointments of a bidder, warned of in time.

A bid is opened with the bidder's secret, which its certificate signs for; a certificate that ends before the opening
day must be renewed first. Whoever submits is told then, not on the day itself; 30, 7 and 1 days before an end the
organisation gets a message.

Source: R-LIC-07; CTS-EBS01-2016, items A-12 and A-13.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import text

from bidding.clerks import find_own_appointment
from bidding.registration import licence_until, require_interest
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from kernel.web.filters import day, minute
from trading import facade as trading
from trading.messages import tell

#: Days before an end at which a message goes out.
WARNINGS = (30, 7, 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that will not hold on the opening day."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """The opening day as it would be if nothing were done until then."""

    opening_at: datetime | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something of an organisation that ends soon.

    Attributes:
        subject: what the warning is kept under: `licence:<kid>`, `appointment:<id>`.
    """

    subject: str
    organisation_id: uuid.UUID
    what: str
    until: datetime


async def check_opening_day(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Readiness:
    """Simulate the opening day for the certificates and the appointment of somebody who is about to submit.

    Raises:
        NotFound: the actor does not take part in the lot.
    """
    await require_interest(tx, actor, lot_id)
    lot = await trading.get_lot(tx, lot_id)
    if lot.opening_at is None:
        return Readiness(None, ())
    over = lot.opening_at + timedelta(seconds=int(lot.procedure.get("window_s") or 0))
    return Readiness(lot.opening_at, tuple([row async for row in _findings(tx, actor, over)]))


async def _findings(tx: Tx, actor: Actor, over: datetime) -> AsyncIterator[Finding]:
    until = await licence_until(tx, actor.account_id)
    if until is not None and until <= over:
        yield Finding(
            "certificate",
            f"登录所用的执照证书 {minute(until)} 到期，早于开标解密结束时间 {minute(over)}。请在此之前换发并重新登录，"
            "否则开标当日不能解密。",
        )
    appointment = await find_own_appointment(tx, actor) if actor.is_clerk else None
    if appointment is not None and appointment.expires_at <= over:
        yield Finding(
            "appointment",
            f"您的授权 {minute(appointment.expires_at)} 到期，早于开标解密结束时间。"
            "请由执照持有人延长授权，或届时由他人解密。",
        )
    if appointment is not None and "open" not in appointment.scopes:
        yield Finding("scope", "您的授权不包括开标解密，请确认本单位届时有其他人员在线解密。")


async def begin_day(tx: Tx) -> bool:
    """Say whether this is the first question of a day of the platform's clock; everybody after the first is told no."""
    made = await tx.session.execute(
        text(
            "INSERT INTO identity_expiry_warning (subject, days, sent_at) VALUES ('day', :days, :at)"
            " ON CONFLICT DO NOTHING RETURNING days"
        ),
        {"days": legal_date(tx.now).toordinal(), "at": tx.now},
    )
    return made.one_or_none() is not None


async def warn_of_expiry(tx: Tx) -> int:
    """Tell organisations what ends in 30, 7 and 1 days; each warning goes out once.

    Returns:
        How many warnings were sent.
    Effects:
        rows in `identity_expiry_warning` and messages in inboxes.
    """
    sent = 0
    for item in [row async for row in _expiring(tx)]:
        for days in reversed(WARNINGS):
            if item.until - tx.now <= timedelta(days=days):
                sent += await _warn_once(tx, item, days)
                break
    return sent


async def _warn_once(tx: Tx, item: Expiring, days: int) -> int:
    # The nearer warning takes the place of the earlier ones: somebody who is late is told once, not three times.
    made = await tx.session.execute(
        text(
            "INSERT INTO identity_expiry_warning (subject, days, sent_at) VALUES (:subject, :days, :at)"
            " ON CONFLICT DO NOTHING RETURNING days"
        ),
        {"subject": item.subject, "days": days, "at": tx.now},
    )
    if made.one_or_none() is None:
        return 0
    await tell(
        tx,
        [item.organisation_id],
        None,
        kind="expiry",
        title=f"{item.what}将于 {day(item.until)} 到期",
        text=f"{item.what}将于 {minute(item.until)} 到期。到期后不能登录、签名和解密，请提前换发或延长。",
        href="/b/clerks" if item.subject.startswith("appointment:") else "/b",
    )
    return 1


async def _expiring(tx: Tx) -> AsyncIterator[Expiring]:
    horizon = tx.now + timedelta(days=max(WARNINGS))
    keys = await tx.session.execute(
        text(
            "SELECT DISTINCT ON (k.account_id) k.kid, k.certificate, a.organisation_id"
            " FROM identity_person_key k JOIN identity_account a ON a.id = k.account_id"
            " WHERE k.purpose = 'licence' AND k.revoked_at IS NULL AND a.disabled_at IS NULL"
            " AND a.organisation_id IS NOT NULL ORDER BY k.account_id, k.created_at DESC, k.id DESC"
        )
    )
    for row in keys:
        until = x509.load_der_x509_certificate(row.certificate).not_valid_after_utc
        if tx.now < until <= horizon:
            yield Expiring(f"licence:{row.kid}", row.organisation_id, "电子营业执照证书", until)
    live = await tx.session.execute(
        text(
            "SELECT id, organisation_id, name, expires_at FROM identity_appointment"
            " WHERE ended_at IS NULL AND expires_at > :now AND expires_at <= :horizon"
        ),
        {"now": tx.now, "horizon": horizon},
    )
    for row in live:
        yield Expiring(f"appointment:{row.id}", row.organisation_id, f"办事人 {row.name} 的授权", row.expires_at)
