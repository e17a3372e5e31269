"""Acts: an organisation's licence holder appoints clerks, sees them, ends them.

An appointment is a message that the licence of the organisation signs: who (a key, by its certificate), which kinds of
act, which lots, until when. A clerk signs in with a certificate of their own that the issuing authority made out for
the organisation; without a live appointment it opens nothing, but the wish is kept, so that the holder need not type
fingerprints. An appointment ends by the holder's word, at once: the next request of the clerk is refused, and so is
every message that carries the clerk's signature.

Source: R-LIC-07, R-LIC-08; docs/spec/licence.md, "Appointments".
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select, text, update

from bidding.licence import Claims, LoginError, verify_act
from bidding.licence_trust import LicenceTrust
from kernel.canonical import NotCanonical, b64u_encode, parse_time
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound, NotPermitted, VerificationFailed
from kernel.identity import policy
from kernel.identity.accounts import create_account
from kernel.identity.actor import SCOPES, Actor
from kernel.identity.appointment_models import Appointment, ClerkRequest
from kernel.identity.models import Account, Organisation
from kernel.log.writer import record

APPOINTMENT, APPOINTMENT_TYP = "appointment", "otp-appointment+jws"
#: Titles in a certificate that stand for the organisation itself; every other title is a clerk's.
HOLDERS: Final = frozenset({"organisation", "legal_representative"})
#: The longest time an appointment may be made for.
LONGEST = timedelta(days=366)
MOST_LOTS = 200
_MEMBERS = {"v", "type", "uscc", "clerk", "scopes", "lots", "not_before", "expires"}


class AppointmentRefused(VerificationFailed):
    """The signed appointment does not appoint anybody; `reason` names the fault."""

    code = "appointment-refused"


@dataclass(frozen=True, slots=True)
class RequestView:
    """Somebody who asked to act for the organisation."""

    kid: str
    name: str
    asked_at: datetime
    certificate_until: datetime


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """An appointment as its organisation sees it.

    Attributes:
        state: `future`, `live`, `expired` or `ended`.
    """

    id: uuid.UUID
    kid: str
    name: str
    scopes: tuple[str, ...]
    lots: tuple[uuid.UUID, ...] | None
    not_before: datetime
    expires_at: datetime
    appointed_at: datetime
    ended_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class _Draft:
    kid: str
    name: str
    scopes: tuple[str, ...]
    lots: tuple[uuid.UUID, ...] | None
    not_before: datetime
    expires: datetime


def is_holder(claims: Claims) -> bool:
    """Say whether a verified certificate stands for its organisation, not for a clerk of it."""
    return claims.role in HOLDERS


async def may_sign(tx: Tx, claims: Claims, organisation_id: uuid.UUID | None, lot_id: uuid.UUID) -> bool:
    """Say whether the holder of a verified certificate may sign for the organisation in a lot, now."""
    if is_holder(claims):
        return True
    query = select(Appointment).where(
        Appointment.organisation_id == organisation_id,
        Appointment.kid == claims.cert_kid,
        Appointment.ended_at.is_(None),
        Appointment.not_before <= tx.now,
        Appointment.expires_at > tx.now,
    )
    found = (await tx.session.execute(query)).scalar_one_or_none()
    return found is not None and "sign" in found.scopes and (found.lots is None or lot_id in found.lots)


async def find_clerk_account(tx: Tx, claims: Claims) -> Account | None:
    """Return the account of a clerk whose appointment is live; None for everybody else."""
    query = (
        select(Account)
        .join(Appointment, Appointment.account_id == Account.id)
        .join(Organisation, Organisation.id == Appointment.organisation_id)
        .where(
            Organisation.uscc == claims.uscc,
            Appointment.kid == claims.cert_kid,
            Appointment.ended_at.is_(None),
            Appointment.not_before <= tx.now,
            Appointment.expires_at > tx.now,
        )
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def keep_request(tx: Tx, claims: Claims, certificate: x509.Certificate) -> None:
    """Keep the wish of somebody with a clerk's certificate, for the organisation's holder to answer.

    Args:
        certificate: verified, the one that signed.

    Effects:
        a row in `identity_clerk_request`, unless the organisation is unknown here; entry `clerk.requested`.
    """
    query = select(Organisation.id).where(Organisation.uscc == claims.uscc)
    organisation_id = (await tx.session.execute(query)).scalar_one_or_none()
    if organisation_id is None:
        return
    made = await tx.session.execute(
        text(
            "INSERT INTO identity_clerk_request (organisation_id, kid, name, certificate, asked_at)"
            " VALUES (:organisation, :kid, :name, :certificate, :at) ON CONFLICT DO NOTHING RETURNING kid"
        ),
        {
            "organisation": organisation_id,
            "kid": claims.cert_kid,
            "name": claims.person or claims.name,
            "certificate": certificate.public_bytes(Encoding.DER),
            "at": tx.now,
        },
    )
    if made.one_or_none() is not None:
        actor = Actor(uuid.UUID(int=0), "system", "平台", frozenset({"system"}))
        facts = {"uscc": claims.uscc, "kid": claims.cert_kid}
        await record(tx, actor, "clerk.requested", facts, visibility="sealed")


async def appoint(tx: Tx, actor: Actor, token: str, *, trust: LicenceTrust) -> uuid.UUID:
    """Appoint a clerk who has asked, by a message that the organisation's licence signs; an earlier one ends.

    Args:
        token: JWS (`otp-appointment+jws`) over `{v,type,uscc,clerk:{kid,name},scopes,lots,not_before,expires}`.

    Returns:
        The appointment's id.
    Raises:
        NotPermitted: the actor is a clerk, or no bidder.
        AppointmentRefused: the signature is not the licence holder's, or the message has another form.
        InvalidInput: nothing is allowed by it, it is too long, or it outlives the clerk's certificate.
        NotFound: nobody with this key has asked.
    Effects:
        an account of the clerk, a row in `identity_appointment`; entry `clerk.appointed`, which names no lots: they
        would tell where the organisation takes part.
    Source:
        R-LIC-07
    """
    organisation_id = _require_holder(actor)
    claims, draft = _verified(tx, actor, token, trust)
    request = await tx.session.get(ClerkRequest, (organisation_id, draft.kid))
    if request is None or request.name != draft.name:
        raise NotFound("没有这位人员的授权申请。请让对方先用自己的办事人证书登录一次。")
    until = x509.load_der_x509_certificate(request.certificate).not_valid_after_utc
    _require_sense(draft, tx.now, until)

    account = await _account(tx, organisation_id, actor.uscc, draft)
    await tx.session.execute(
        update(Appointment)
        .where(Appointment.account_id == account.id, Appointment.ended_at.is_(None))
        .values(ended_at=func.greatest(tx.now, Appointment.appointed_at), ended_by=actor.account_id)
    )
    appointment = Appointment(
        id=tx.new_secret_id(),
        organisation_id=organisation_id,
        account_id=account.id,
        kid=draft.kid,
        name=draft.name,
        scopes=sorted({*draft.scopes, "read"}),
        lots=None if draft.lots is None else list(draft.lots),
        not_before=draft.not_before,
        expires_at=draft.expires,
        jws=token,
        appointed_by=actor.account_id,
        appointed_at=tx.now,
        ended_at=None,
        ended_by=None,
    )
    tx.session.add(appointment)
    await tx.session.flush()
    facts = {"uscc": claims.uscc, "kid": draft.kid, "appointment": _digest(token), "rules": ["R-LIC-07"]}
    await record(tx, actor, "clerk.appointed", facts, visibility="sealed")
    return appointment.id


async def end_appointment(tx: Tx, actor: Actor, appointment_id: uuid.UUID) -> None:
    """End an appointment at once; what was ended before stays as it was.

    Raises:
        NotPermitted: the actor is a clerk, or no bidder.
        NotFound: absent, or another organisation's: the answer is the same.
    Effects:
        `ended_at`; the clerk's sessions end; entry `clerk.ended`.
    """
    organisation_id = _require_holder(actor)
    query = select(Appointment).where(Appointment.id == appointment_id).with_for_update()
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is None or found.organisation_id != organisation_id:
        raise NotFound
    if found.ended_at is not None:
        return
    found.ended_at, found.ended_by = tx.now, actor.account_id
    await tx.session.execute(
        text("DELETE FROM identity_session WHERE account_id = :account"), {"account": found.account_id}
    )
    facts = {"uscc": actor.uscc, "kid": found.kid, "appointment": _digest(found.jws)}
    await record(tx, actor, "clerk.ended", facts, visibility="sealed")


async def list_requests(tx: Tx, actor: Actor) -> list[RequestView]:
    """Return who asked and has no live appointment, newest first; the same person under another key twice."""
    organisation_id = _require_holder(actor)
    live = select(Appointment.kid).where(
        Appointment.organisation_id == organisation_id,
        Appointment.ended_at.is_(None),
        Appointment.expires_at > tx.now,
    )
    query = (
        select(ClerkRequest)
        .where(ClerkRequest.organisation_id == organisation_id, ClerkRequest.kid.not_in(live))
        .order_by(ClerkRequest.asked_at.desc())
    )
    rows = (await tx.session.execute(query)).scalars()
    return [
        RequestView(
            row.kid,
            row.name,
            row.asked_at,
            x509.load_der_x509_certificate(row.certificate).not_valid_after_utc,
        )
        for row in rows
    ]


async def list_appointments(tx: Tx, actor: Actor) -> list[AppointmentView]:
    """Return the appointments of the actor's organisation, newest first."""
    organisation_id = _require_holder(actor)
    query = (
        select(Appointment)
        .where(Appointment.organisation_id == organisation_id)
        .order_by(Appointment.appointed_at.desc(), Appointment.id)
    )
    return [_view(row, tx.now) for row in (await tx.session.execute(query)).scalars()]


async def find_own_appointment(tx: Tx, actor: Actor) -> AppointmentView | None:
    """Return the appointment that a clerk acts under; None for everybody else."""
    query = select(Appointment).where(Appointment.account_id == actor.account_id, Appointment.ended_at.is_(None))
    row = (await tx.session.execute(query)).scalar_one_or_none()
    return None if row is None else _view(row, tx.now)


def _require_holder(actor: Actor) -> uuid.UUID:
    policy.require(actor, "clerk.manage")
    if actor.organisation_id is None or actor.is_clerk:
        raise NotPermitted("只有本单位的执照持有人可以管理办事人。")
    return actor.organisation_id


def _verified(tx: Tx, actor: Actor, token: str, trust: LicenceTrust) -> tuple[Claims, _Draft]:
    try:
        act = verify_act(
            token,
            typ=APPOINTMENT_TYP,
            roots=trust.roots(tx.now),
            intermediates=trust.intermediates(tx.now),
            crl=list(trust.crls(tx.now)),
            now=tx.now,
        )
    except LoginError as refusal:
        raise AppointmentRefused(
            "授权书的签名未通过核验，请使用本单位的电子营业执照签名。", reason=refusal.code
        ) from None
    if act.claims.uscc != actor.uscc or not is_holder(act.claims):
        raise AppointmentRefused("授权书须由本单位的电子营业执照签名，不能由办事人签名。", reason="holder")
    payload = act.payload
    if not isinstance(payload, dict) or payload.keys() != _MEMBERS or payload["uscc"] != actor.uscc:
        raise AppointmentRefused("授权书的格式不正确。", reason="message")
    try:
        return act.claims, _draft(payload)
    except (TypeError, ValueError, LookupError, NotCanonical):
        raise AppointmentRefused("授权书的格式不正确。", reason="message") from None


def _draft(payload: dict[str, Any]) -> _Draft:
    if payload["v"] != 1 or payload["type"] != APPOINTMENT or payload["clerk"].keys() != {"kid", "name"}:
        raise ValueError
    scopes, lots = payload["scopes"], payload["lots"]
    if not isinstance(scopes, list) or not set(scopes) <= SCOPES or len(set(scopes)) != len(scopes):
        raise ValueError
    if lots is not None and (not isinstance(lots, list) or not 1 <= len(lots) <= MOST_LOTS):
        raise ValueError
    return _Draft(
        kid=str(payload["clerk"]["kid"]),
        name=str(payload["clerk"]["name"]),
        scopes=tuple(scopes),
        lots=None if lots is None else tuple(uuid.UUID(lot) for lot in lots),
        not_before=parse_time(payload["not_before"]),
        expires=parse_time(payload["expires"]),
    )


def _require_sense(draft: _Draft, now: datetime, certificate_until: datetime) -> None:
    faults = []
    if not draft.scopes:
        faults.append(("scopes", "至少选择一项授权。"))
    if draft.expires <= max(now, draft.not_before):
        faults.append(("expires", "截止日期已过。"))
    elif draft.expires - now > LONGEST:
        faults.append(("expires", f"一次授权最长 {LONGEST.days} 日。"))
    elif draft.expires > certificate_until:
        faults.append(("expires", "超过了对方证书的有效期。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)


async def _account(tx: Tx, organisation_id: uuid.UUID, uscc: str, draft: _Draft) -> Account:
    """Return the clerk's account; make it at the first appointment."""
    login = f"clerk:{uscc}:{draft.kid}"
    query = select(Account).where(Account.login == login).with_for_update()
    known = (await tx.session.execute(query)).scalar_one_or_none()
    if known is not None:
        return known
    account = await create_account(
        tx, login=login, display_name=draft.name, roles=["bidder"], organisation_id=organisation_id
    )
    account.by_appointment = True
    await tx.session.flush()
    return account


def _view(row: Appointment, now: datetime) -> AppointmentView:
    state = "live"
    if row.ended_at is not None:
        state = "ended"
    elif row.expires_at <= now:
        state = "expired"
    elif row.not_before > now:
        state = "future"
    lots = None if row.lots is None else tuple(row.lots)
    return AppointmentView(
        row.id,
        row.kid,
        row.name,
        tuple(row.scopes),
        lots,
        row.not_before,
        row.expires_at,
        row.appointed_at,
        row.ended_at,
        state,
    )


def _digest(token: str) -> str:
    return b64u_encode(suite("intl-1").hash(token.encode()))
