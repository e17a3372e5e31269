"""Where a signed message of a bidder wants to go: read before its signature is, so that a refusal can be addressed."""

import uuid
from collections.abc import Callable
from typing import Any

from bidding.clerks import may_sign
from bidding.licence import LoginError, SignedAct, verify_act
from bidding.licence_trust import LicenceTrust
from bidding.messages import CONSORTIUM, TYPES
from bidding.registration import InterestView, require_interest
from kernel.canonical import NotCanonical, b64u_decode, parse
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading import facade as trading
from trading.lot_view import LotView


def unverified_payload(token: str) -> dict[str, Any]:
    """Return the payload of a token whose signature nobody has looked at.

    Raises:
        NotFound: it cannot be read at all.
    """
    try:
        payload = parse(b64u_decode(token.split(".")[1]))
    except (NotCanonical, LookupError):
        raise NotFound("提交的内容无法读取。") from None
    if not isinstance(payload, dict) or any(isinstance(value, str) and "\0" in value for value in payload.values()):
        raise NotFound("提交的内容无法读取。")
    return payload


async def find_lot_of(tx: Tx, token: str) -> LotView:
    """Return the published lot that an unverified message names.

    Raises:
        NotFound: it names none.
    """
    payload = unverified_payload(token)
    lot = await trading.find_lot(tx, str(payload.get("tender", "")), str(payload.get("lot", "")))
    if lot is None or lot.published_at is None:
        raise NotFound
    return lot


async def find_addressee(tx: Tx, actor: Actor, token: str) -> tuple[LotView, InterestView]:
    """Return the lot that a message names and the actor's own place in it.

    Raises:
        NotFound: there is no such lot, or the actor does not take part in it; the answer is the same.
    """
    lot = await find_lot_of(tx, token)
    return lot, await require_interest(tx, actor, lot.id)


async def verify_bidder_message(
    tx: Tx,
    actor: Actor,
    token: str,
    kind: str,
    trust: LicenceTrust,
    lot_id: uuid.UUID,
    refuse: Callable[[str], Exception],
) -> SignedAct:
    """Verify the signature of a message by the actor's own company: its licence, or a clerk's who may sign for the lot.

    Args:
        refuse: makes the refusal for the reasons `signature`, `certificate` and `signer`.
    """
    try:
        act = verify_act(
            token,
            typ=TYPES[kind],
            roots=trust.roots(tx.now),
            intermediates=trust.intermediates(tx.now),
            crl=list(trust.crls(tx.now)),
            now=tx.now,
        )
    except LoginError:
        raise refuse("signature") from None
    if act.claims.uscc != actor.uscc:
        raise refuse("certificate")
    if not await may_sign(tx, act.claims, actor.organisation_id, lot_id):
        raise refuse("signer")
    return act


async def verify_member_act(
    tx: Tx, actor: Actor, token: str, trust: LicenceTrust, lot_id: uuid.UUID, refuse: Callable[[str], Exception]
) -> SignedAct:
    """Verify a member's signature under the agreement of a consortium; it need not take part in the lot itself."""
    return await verify_bidder_message(tx, actor, token, CONSORTIUM, trust, lot_id, refuse)
