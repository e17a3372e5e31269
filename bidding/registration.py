"""Acts: sign in with an e-licence, register an organisation, take part in a lot.

The challenge is bound to the browser's session and serves once, for 120 seconds (crypto.md §6.2). The first sign-in
registers the organisation and its account. A bidder's interest in a lot gets a pseudonym under which everything before
the opening happens; nothing of it is visible to anybody else (R-ET-05, R-ANN-05).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, select, text

from bidding.clerks import find_clerk_account, is_holder
from bidding.consortium_gate import require_free
from bidding.licence import LOGIN_ACT, Claims, session_binding
from bidding.licence_trust import LicenceTrust
from bidding.models.bid import Bid
from bidding.models.party import Interest, LoginNonce
from bidding.presenting import ClerkRefused, Presented, refused, verify_answer
from bidding.vocabulary import BidState
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.crypto import random_bytes
from kernel.crypto.certificates import require_signing
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, NotFound, NotPermitted, TooEarly
from kernel.identity import policy
from kernel.identity.accounts import add_person_key, create_account, ensure_organisation, list_person_keys
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation
from kernel.identity.sessions import ON_GRACE, OpenedSession, actor_of, open_session, real_now
from kernel.log.writer import record
from kernel.parties.organisations import grant_role, note_certified
from kernel.parties.registering import require_registered
from trading import facade as trading
from trading.lot_view import LotView
from trading.vocabulary import Stage

CHALLENGE_LIFE = timedelta(seconds=120)
#: Purpose of the key that a licence certificate signs with, as it is kept at sign-in.
LICENCE_KEY = "licence"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the licence holder's program signs."""

    nonce: str
    binding: str
    audience: str
    act: str
    display: str


@dataclass(frozen=True, slots=True)
class SignedInBidder:
    """An opened session, and whether the organisation was registered just now."""

    session: OpenedSession
    is_new: bool


@dataclass(frozen=True, slots=True)
class InterestView:
    """A bidder's place in a lot, for that bidder's eyes."""

    id: uuid.UUID
    lot_id: uuid.UUID
    bid_id: uuid.UUID
    pseudonym: str


async def issue_challenge(tx: Tx, visitor: str, audience: str) -> Challenge:
    """Make a challenge for one browser session.

    Args:
        visitor: the secret of the session, signed in or not.

    Effects:
        one row in `bidding_login_nonce`; those that are out of date go.
    """
    await tx.session.execute(delete(LoginNonce).where(LoginNonce.expires_at < tx.now))
    nonce = random_bytes(32)
    challenge = Challenge(
        nonce=b64u_encode(nonce),
        binding=session_binding(visitor),
        audience=audience,
        act=LOGIN_ACT,
        display=f"{int.from_bytes(nonce[:4], 'big') % 90 + 10}",
    )
    tx.session.add(LoginNonce(nonce=challenge.nonce, binding=challenge.binding, expires_at=tx.now + CHALLENGE_LIFE))
    return challenge


async def take_nonce(tx: Tx, token: str) -> tuple[str, str] | None:
    """Use up the challenge that a token names, whatever becomes of the token; None if it is not open.

    A transaction of its own: a token that fails later must not leave its challenge open, and of two answers at the same
    time only one finds it.

    Returns:
        The nonce and the session binding it was made for.
    """
    try:
        nonce = parse(b64u_decode(token.split(".")[1]))["nonce"]
    except (NotCanonical, LookupError, TypeError):
        return None
    if not isinstance(nonce, str):
        return None
    row = (
        await tx.session.execute(
            text("DELETE FROM bidding_login_nonce WHERE nonce = :nonce RETURNING binding, expires_at"),
            {"nonce": nonce},
        )
    ).one_or_none()
    return (nonce, row.binding) if row is not None and row.expires_at > tx.now else None


async def sign_in_with_licence(
    tx: Tx,
    token: str,
    *,
    taken: tuple[str, str] | None,
    visitor: str,
    audience: str,
    trust: LicenceTrust,
    origin: str = "",
    device: str = "",
) -> SignedInBidder:
    """Sign the holder of an e-licence in; the first time, register the organisation and its account.

    Args:
        taken: from `take_nonce`.
        visitor: the secret of the session that the answer came through.
        origin, device: where the request came from, for the holder's own list of sessions.

    Raises:
        LicenceRefused: `extra["reason"]` holds the code.

    Effects:
        a session; the first time organisation, account and entry `bidder.registered`.
    Source:
        R-ET-03, R-LIC-08
    """
    presented = verify_answer(tx, token, taken=taken, binding=session_binding(visitor), audience=audience, trust=trust)
    account, is_new = await admit(tx, presented)
    session = await open_licence_session(tx, account, on_grace=presented.on_grace, origin=origin, device=device)
    return SignedInBidder(session, is_new)


async def open_licence_session(tx: Tx, account: Account, *, on_grace: bool, origin: str, device: str) -> OpenedSession:
    """Open the session of a verified licence; it lives as long as the policy gives the account's roles."""
    limits = policy.current().limits(account.roles, (await real_now(tx)).date())
    method = ON_GRACE if on_grace else "licence"
    return await open_session(tx, account, method=method, limits=limits, origin=origin, device=device)


async def admit(tx: Tx, presented: Presented) -> tuple[Account, bool]:
    """Return the account of a verified holder, and whether it was made just now.

    Raises:
        LicenceRefused: the account is disabled; or it would be new while the revocation list is out of date.
        ClerkRefused: a clerk without an appointment, or of an organisation that is not registered.

    Effects:
        the signing key on record; the first time organisation, account and entry `bidder.registered`.
    """
    claims = presented.claims
    holds = is_holder(claims)
    account, is_new = await _account_of(tx, claims) if holds else (await _clerk_of(tx, presented), False)
    if account.disabled_at is not None:
        raise refused("disabled")
    if presented.on_grace:  # who is known may look; nothing that the licence says is taken over
        if is_new:
            raise refused("crl-stale")
        return account, False
    await add_person_key(
        tx,
        account.id,
        purpose=LICENCE_KEY,
        spki=require_signing(presented.leaf).spki,
        certificate=presented.leaf.public_bytes(Encoding.DER),
    )
    actor = await actor_of(tx, account)
    if account.organisation_id is not None:
        certified = {"name": claims.name, "legal_representative": claims.legal_rep or ""}
        await note_certified(tx, actor, account.organisation_id, **certified)
        if is_new:
            await grant_role(tx, actor, account.organisation_id, "bidder")
    if is_new:
        facts = {"uscc": claims.uscc, "name": claims.name, "kid": claims.cert_kid, "issuer": claims.issuer}
        # Who comes new while one lot is open comes for that lot: nobody sees it before the firm was read out (R-ET-05).
        subject = account.organisation_id
        await record(tx, actor, "bidder.registered", facts, subject=subject, visibility="sealed")
    return account, is_new


async def licence_until(tx: Tx, account_id: uuid.UUID) -> datetime | None:
    """Return the end of the newest licence certificate that signed the account in."""
    keys = await list_person_keys(tx, account_id, purpose=LICENCE_KEY)
    if not keys or keys[-1].certificate is None:
        return None
    return x509.load_der_x509_certificate(keys[-1].certificate).not_valid_after_utc


async def _account_of(tx: Tx, claims: Claims) -> tuple[Account, bool]:
    # Two first sign-ins at the same moment must not both create the account.
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:u, 0))"), {"u": claims.uscc})
    login = f"licence:{claims.uscc}"
    known = (await tx.session.execute(select(Account).where(Account.login == login))).scalar_one_or_none()
    if known is not None:
        return known, False
    organisation = await ensure_organisation(tx, uscc=claims.uscc, name=claims.name, source="licence")
    account = await create_account(
        tx,
        login=login,
        display_name=claims.person or claims.name,
        roles=["bidder"],
        organisation_id=organisation.id,
    )
    return account, True


async def _clerk_of(tx: Tx, presented: Presented) -> Account:
    claims = presented.claims
    account = await find_clerk_account(tx, claims)
    if account is None:
        known = select(Organisation.id).where(Organisation.uscc == claims.uscc)
        found = (await tx.session.execute(known)).scalar_one_or_none()
        raise ClerkRefused("unknown-organisation" if found is None else "not-appointed", claims, presented.leaf)
    return account


async def register_interest(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> InterestView:
    """Take part in a lot: obtain its documents, get a pseudonym. A second time the same answer comes.

    Raises:
        NotFound: there is no such lot, or its notice is not out.
        TooEarly: documents are not available yet.
        DeadlinePassed: documents are no longer available.
        Conflict: the lot stands still or is over, or the organisation has consented to another's consortium (条例 37).
        RegistrationIncomplete: the organisation's own registration is not complete.
        NotPermitted: no bidder, the organisation stands on the buying side, or has not passed the prequalification.
        NotIndependent: it is tied to the platform's operator, the agency or the procuring entity.

    Effects:
        rows in `bidding_interest` and `bidding_bid`; entry `interest.registered`, sealed until the opening.
    Source:
        R-ET-01, R-ET-02, R-ET-03, R-AGT-03, R-TIME-01
    """
    policy.require(actor, "lot.join")
    lot = await trading.get_lot(tx, lot_id)
    if lot.published_at is None or actor.organisation_id is None or not actor.covers(lot_id):
        raise NotFound
    known = await find_interest(tx, lot_id, actor.organisation_id)
    if known is not None:
        return known
    await trading.require_admitted(tx, actor, lot)
    if lot.is_party(actor.organisation_id):
        raise NotPermitted(
            "招标人、招标代理机构不能参加自己项目的投标（《招标投标法实施条例》第十三条、第三十四条）。",
            article="《招标投标法实施条例》第十三条、第三十四条",
        )
    await trading.require_independent(tx, actor.organisation_id, lot)
    await require_registered(tx, actor.organisation_id)
    _require_documents_available(lot, tx)
    # Two requests at the same moment must not both register; the second finds the first one's row.
    await tx.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{lot_id}{actor.organisation_id}"}
    )
    known = await find_interest(tx, lot_id, actor.organisation_id)
    if known is not None:
        return known

    hold = await require_free(tx, lot_id, actor.organisation_id)
    interest = Interest(
        id=tx.new_secret_id(),
        lot_id=lot_id,
        organisation_id=actor.organisation_id,
        account_id=actor.account_id,
        pseudonym=b64u_encode(random_bytes(16)),
    )
    tx.session.add(interest)
    await tx.session.flush()  # the bid refers to it
    bid = Bid(
        id=tx.new_secret_id(),
        interest_id=interest.id,
        lot_id=lot_id,
        state=BidState.REGISTERED.value,
        rev=0,
        head=None,
        fault=None,
        hold=hold,
    )
    tx.session.add(bid)

    facts: dict[str, Any] = {"bidder": interest.pseudonym, "rules": ["R-ET-03"]}
    await record(tx, actor, "interest.registered", facts, subject=lot_id, visibility="sealed")
    return InterestView(interest.id, lot_id, bid.id, interest.pseudonym)


async def record_interest_refused(tx: Tx, actor: Actor, lot_id: uuid.UUID, refusal: trading.NotIndependent) -> None:
    """Keep that somebody who is not independent tried to take part; a transaction of its own.

    Effects:
        entry `interest.refused`, sealed until the opening: it tells who wanted to bid.
    Source:
        R-ET-01, R-AGT-03
    """
    facts = {"uscc": actor.uscc, "tie": refusal.tie.value, "article": refusal.article, "rules": ["R-ET-01", "R-AGT-03"]}
    await record(tx, actor, "interest.refused", facts, subject=lot_id, visibility="sealed")


def _require_documents_available(lot: LotView, tx: Tx) -> None:
    if lot.stage is not Stage.NOTICE_PUBLISHED:
        raise Conflict("本标段现在不接受登记。", stage=lot.stage.value)
    if lot.documents_from is None or tx.now < lot.documents_from:
        raise TooEarly("招标文件尚未开始提供。")
    if lot.documents_to is None or tx.now >= lot.documents_to:
        raise DeadlinePassed("招标文件获取时间已过，不能再登记参加。")


async def find_interest(tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> InterestView | None:
    """Return the organisation's place in a lot, or None."""
    return (await find_interests(tx, lot_id, [organisation_id])).get(organisation_id)


async def find_interests(
    tx: Tx, lot_id: uuid.UUID, organisation_ids: Sequence[uuid.UUID | None]
) -> dict[uuid.UUID, InterestView]:
    """Return the places that organisations have in a lot, by organisation; who has none is left out."""
    rows = await tx.fetch(
        "SELECT i.organisation_id, i.id, i.lot_id, b.id AS bid_id, i.pseudonym FROM bidding_interest i"
        " JOIN bidding_bid b ON b.interest_id = i.id WHERE i.lot_id = $1 AND i.organisation_id = ANY($2)",
        lot_id,
        [one for one in organisation_ids if one is not None],
    )
    return {row[0]: InterestView(*row[1:]) for row in rows}


async def require_interest(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> InterestView:
    """Return the actor's place in a lot.

    Raises:
        NotPermitted: no bidder.
        NotFound: the organisation has not registered for this lot; the same if there is no such lot.
    """
    return require_own(actor, lot_id, await find_interests(tx, lot_id, [actor.organisation_id]))


def require_own(actor: Actor, lot_id: uuid.UUID, interests: Mapping[uuid.UUID, InterestView]) -> InterestView:
    """Return the actor's place among those of a lot; refuse as `require_interest` does."""
    policy.require(actor, "bid.room")
    found = None if actor.organisation_id is None else interests.get(actor.organisation_id)
    if found is None or not actor.covers(lot_id):
        raise NotFound("您尚未登记参加本标段，或该标段不存在。")
    return found
