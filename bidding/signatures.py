"""Signatures under an opening record: reads, and what follows from them for the record.

Law: 87号令 42 (those who attend sign the record; who stays away is taken to accept the opening), R-TIME-09 for the time
in which objections are raised. Nobody loses anything by not signing; it is written down, and nothing follows from it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from bidding.presence import OUTSIDE, list_presence, presence_json
from bidding.vocabulary import Capacity
from kernel.canonical import b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from trading.legal import law_of
from trading.lot_view import LotView

#: Name of the dated parameter: minutes after the reading out in which bidders object and sign, before the record.
OBJECTION_TIME: Final = "opening_objection_time"
#: Who confirms the record need not sign it besides.
_CONFIRMING = (Capacity.AGENCY, Capacity.PROCURING_ENTITY)


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A signature under a draft of the record.

    Attributes:
        draft: digest of what was signed.
        stance: `agreed` or `objection`; only an objection has a remark.
    """

    capacity: Capacity
    organisation_id: uuid.UUID
    account_id: uuid.UUID
    organisation: str
    person: str
    draft: bytes
    stance: str
    remark: str
    jws: str
    signed_at: datetime


def digest_of(draft: dict[str, Any]) -> bytes:
    """Return the digest that those present sign."""
    return suite("intl-1").hash(jcs(draft))


async def objection_until(tx: Tx, lot: LotView, opened_at: datetime) -> datetime:
    """Return until when bidders object and sign before the record may be confirmed without them."""
    law = await law_of(tx, lot.regime, lot.registered_at)
    return opened_at + timedelta(minutes=law.count(OBJECTION_TIME))


async def list_signatures(tx: Tx, lot_id: uuid.UUID) -> list[SignatureView]:
    """Return all signatures in their order; public, because there is none before the reading out."""
    rows = await tx.session.execute(
        text(
            "SELECT s.capacity, s.organisation_id, s.account_id, o.name AS organisation, a.display_name AS person,"
            " s.draft, s.stance, s.remark, s.jws, s.signed_at FROM bidding_signature s"
            " JOIN identity_organisation o ON o.id = s.organisation_id JOIN identity_account a ON a.id = s.account_id"
            " WHERE s.lot_id = :lot ORDER BY s.signed_at, s.id"
        ),
        {"lot": lot_id},
    )
    return [
        SignatureView(
            capacity=Capacity(row.capacity),
            organisation_id=row.organisation_id,
            account_id=row.account_id,
            organisation=row.organisation,
            person=row.person,
            draft=bytes(row.draft),
            stance=row.stance,
            remark=row.remark,
            jws=row.jws,
            signed_at=row.signed_at,
        )
        for row in rows
    ]


async def all_agreed(tx: Tx, lot_id: uuid.UUID, signed: Sequence[SignatureView], draft: bytes) -> bool:
    """Say whether every bidder of the close list has signed this very draft as agreed: then nobody waits for more."""
    agreed = {one.organisation_id for one in signed if one.draft == draft and one.stance == "agreed"}
    return {organisation for organisation, _ in await _bidders(tx, lot_id)} <= agreed


async def signed_by(tx: Tx, lot_id: uuid.UUID, signed: Sequence[SignatureView], draft: bytes) -> dict[str, Any]:
    """Return what the record says of people: present, signatures with what they are of, and who did not sign.

    Returns:
        `draft`, `present`, `signatures` and `unsigned`; a signature of an earlier draft stays, and is not `current`.
    """
    present = await list_presence(tx, lot_id)
    done = {
        one.organisation_id if one.capacity is Capacity.BIDDER else one.account_id
        for one in signed
        if one.draft == draft
    }
    here = {one.organisation_id for one in present if one.capacity is Capacity.BIDDER}
    unsigned: list[dict[str, Any]] = [
        {"capacity": Capacity.BIDDER.value, "organisation": name, "person": None, "present": organisation in here}
        for organisation, name in await _bidders(tx, lot_id)
        if organisation not in done
    ]
    unsigned += [
        {"capacity": one.capacity.value, "organisation": one.organisation, "person": one.person, "present": True}
        for one in present
        if one.capacity not in (Capacity.BIDDER, *_CONFIRMING) and one.account_id not in done
    ]
    return {
        "draft": b64u_encode(draft),
        "present": [presence_json(one) for one in present],
        "signatures": [signature_json(one, draft) for one in signed],
        "unsigned": unsigned,
    }


def signature_json(one: SignatureView, draft: bytes) -> dict[str, Any]:
    """Return a signature as the interface and the record write it, with the signed message itself."""
    return {
        "capacity": one.capacity.value,
        "organisation": one.organisation,
        "person": one.person,
        "draft": b64u_encode(one.draft),
        "current": one.draft == draft,
        "stance": one.stance,
        "remark": one.remark,
        "signed_at": format_time(one.signed_at),
        "jws": one.jws,
    }


async def _bidders(tx: Tx, lot_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """Return the bidders of the close list, in the order in which they were read out."""
    rows = await tx.session.execute(
        text(
            "SELECT i.organisation_id, o.name FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " JOIN identity_organisation o ON o.id = i.organisation_id JOIN bidding_submission s ON s.digest = b.head"
            " WHERE b.lot_id = :lot AND b.state <> ALL(:outside) ORDER BY s.received_at, i.pseudonym"
        ),
        {"lot": lot_id, "outside": [state.value for state in OUTSIDE]},
    )
    return [(row.organisation_id, row.name) for row in rows]
