"""Reads of bidding: each returns frozen views, and before the opening only what is the actor's own."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from bidding.closing import proof_of_close
from bidding.envelopes import SealedDocument, find_document, list_documents_of_bid, shown_head
from bidding.opening_view import find_opening
from bidding.registration import find_interest, require_interest
from bidding.turns import find_turn, proof_of_conclusion
from bidding.vocabulary import BidState, SubmissionKind
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.log import Log


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt and the entry that proves it."""

    lot_id: uuid.UUID
    digest: bytes
    kind: SubmissionKind
    rev: int
    entry_id: int
    receipt: str
    received_at: datetime
    is_current: bool
    documents: tuple[dict[str, Any], ...]
    bidder_name: str


@dataclass(frozen=True, slots=True)
class OwnBidView:
    """A bidder's own bid for a lot."""

    bid_id: uuid.UUID
    lot_id: uuid.UUID
    pseudonym: str
    state: BidState
    rev: int
    head: bytes | None
    fault: str | None


async def list_trustees(tx: Tx) -> list[dict[str, Any]]:
    """Return the accounts that may hold a share, by organisation."""
    rows = await tx.session.execute(
        text(
            "SELECT a.id, a.display_name, o.name AS organisation,"
            " EXISTS (SELECT 1 FROM identity_person_key k WHERE k.account_id = a.id AND k.purpose = 'unwrap'"
            "   AND k.revoked_at IS NULL)"
            " AND EXISTS (SELECT 1 FROM identity_person_key k WHERE k.account_id = a.id AND k.purpose = 'sign'"
            "   AND k.revoked_at IS NULL) AS ready"
            " FROM identity_account a JOIN identity_organisation o ON o.id = a.organisation_id"
            " WHERE 'trustee' = ANY(a.roles) AND a.disabled_at IS NULL ORDER BY o.name, a.display_name"
        )
    )
    return [
        {"account": str(row.id), "name": row.display_name, "organisation": row.organisation, "ready": row.ready}
        for row in rows
    ]


async def find_own_bid(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> OwnBidView | None:
    """Return the actor's own bid for a lot; None without an interest, or for another account of the organisation."""
    if actor.organisation_id is None or not actor.has("bidder") or not actor.covers(lot_id):
        return None
    interest = await find_interest(tx, lot_id, actor.organisation_id)
    if interest is None:
        return None
    row = (
        await tx.session.execute(
            text("SELECT state, rev, head, fault FROM bidding_bid WHERE id = :id"), {"id": interest.bid_id}
        )
    ).one()
    head = None if row.head is None else bytes(row.head)
    return OwnBidView(interest.bid_id, lot_id, interest.pseudonym, BidState(row.state), row.rev, head, row.fault)


_RECEIPTS = (
    "SELECT s.id, s.lot_id, s.digest, s.kind, s.rev, s.entry_id, s.receipt, s.received_at,"
    " coalesce(b.head = s.digest, false) AS is_current, o.name AS bidder_name,"
    " coalesce((SELECT jsonb_agg(jsonb_build_object('slot', d.slot, 'eid', encode(d.eid, 'hex'),"
    "   'chunks', d.chunks, 'bytes', d.size) ORDER BY d.slot)"
    "   FROM bidding_document d WHERE d.submission_id = s.id), '[]') AS documents"
    " FROM bidding_submission s JOIN bidding_bid b ON b.id = s.bid_id"
    " JOIN bidding_interest i ON i.id = b.interest_id JOIN identity_organisation o ON o.id = i.organisation_id"
)


async def find_receipt(tx: Tx, actor: Actor, digest: bytes) -> ReceiptView:
    """Return a receipt of the actor's own; supervision may read it once the lot is unsealed.

    Raises:
        NotFound: absent, or not yours: the answer is the same.
    """
    found = await _receipts(
        tx,
        "WHERE s.digest = :digest AND (i.organisation_id = :organisation OR (:oversight AND EXISTS"
        " (SELECT 1 FROM kernel_unsealed u WHERE u.subject = s.lot_id)))",
        {
            "digest": digest,
            "organisation": actor.organisation_id if actor.has("bidder") else None,
            "oversight": actor.has("supervisor"),
        },
    )
    if not found or not actor.covers(found[0].lot_id):
        raise NotFound
    return found[0]


async def find_public_receipt(tx: Tx, digest: bytes) -> ReceiptView:
    """Return a receipt for anybody, once its lot is unsealed.

    Raises:
        NotFound: absent, or sealed still: the answer is the same.
    """
    found = await _receipts(
        tx,
        "WHERE s.digest = :digest AND EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = s.lot_id)",
        {"digest": digest},
    )
    if not found:
        raise NotFound("没有这个编号的回执。")
    return found[0]


async def list_own_submissions(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[ReceiptView]:
    """Return the actor's own revisions for a lot, newest first."""
    return await _receipts(
        tx,
        "WHERE s.lot_id = :lot AND i.organisation_id = :organisation ORDER BY s.rev DESC",
        {"lot": lot_id, "organisation": actor.organisation_id if actor.covers(lot_id) else None},
    )


async def _receipts(tx: Tx, tail: str, values: dict[str, Any]) -> list[ReceiptView]:
    rows = await tx.session.execute(text(f"{_RECEIPTS} {tail}"), values)
    return [
        ReceiptView(
            lot_id=row.lot_id,
            digest=bytes(row.digest),
            kind=SubmissionKind(row.kind),
            rev=row.rev,
            entry_id=row.entry_id,
            receipt=row.receipt,
            received_at=row.received_at,
            is_current=row.is_current,
            documents=tuple(row.documents),
            bidder_name=row.bidder_name,
        )
        for row in rows
    ]


async def get_close_list(tx: Tx, actor: Actor | None, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return what proves the close: the root's entry under the deadline checkpoint, and the actor's own place in it.

    Before the opening only those in the list may ask, and each sees no other entry; after it the list is public.

    Returns:
        `{root, size, close, mine}` and, after the opening, `items`.

    Raises:
        NotFound: not closed, or nobody's business yet; the answer is the same.
    """
    opening = await find_opening(tx, lot_id)
    own = None if actor is None else await find_own_bid(tx, actor, lot_id)
    if opening is None or not (opening.names_public or (own is not None and own.state in _LISTED)):
        raise NotFound("开标清单尚未公布。")
    query = text("SELECT items, root FROM bidding_close WHERE lot_id = :lot")
    row = (await tx.session.execute(query, {"lot": lot_id})).one()
    found: dict[str, Any] = {
        "root": b64u_encode(bytes(row.root)),
        "size": len(row.items),
        "close": await proof_of_close(tx, lot_id),
        "mine": None if own is None else _place(row.items, own.pseudonym),
    }
    if opening.names_public:
        found["items"] = row.items
    return found


_LISTED = tuple(
    state
    for state in BidState
    if state not in (BidState.REGISTERED, BidState.SEALED, BidState.WITHDRAWN, BidState.OPENED)
)


def _place(items: list[dict[str, Any]], pseudonym: str) -> dict[str, Any] | None:
    """Return one entry of a close list with its inclusion proof."""
    tree = Log(suite("intl-1"))
    for item in items:
        tree.append(jcs(item))
    for index, item in enumerate(items):
        if item["bidder"] == pseudonym:
            path = [b64u_encode(step) for step in tree.inclusion(index, len(items))]
            return {"entry": item, "index": index, "path": path}
    return None


async def list_own_headers(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the heads of the actor's own sealed documents; of two envelopes also which step runs, and what allows it.

    Raises:
        NotFound: the actor does not take part in the lot.
    """
    interest = await require_interest(tx, actor, lot_id)
    shown: dict[str, Any] = {
        "headers": [shown_head(document) for document in await list_documents_of_bid(tx, interest.bid_id)]
    }
    turn = await find_turn(tx, lot_id)
    if len(turn.steps) > 1:
        shown |= {"step": turn.step, "technical": await proof_of_conclusion(tx, lot_id)}
    return shown


async def get_document(tx: Tx, bid_id: uuid.UUID, slot: str) -> SealedDocument:
    """Return a sealed document; the caller has asked who may see it.

    Raises:
        NotFound: there is none.
    """
    found = await find_document(tx, bid_id, slot)
    if found is None:
        raise NotFound
    return found


async def get_record(tx: Tx, lot_id: uuid.UUID) -> bytes:
    """Return the canonical bytes of the confirmed opening record.

    Raises:
        NotFound: it is not confirmed.
    """
    query = text("SELECT content FROM bidding_record WHERE lot_id = :lot")
    content = (await tx.session.execute(query, {"lot": lot_id})).scalar_one_or_none()
    if content is None:
        raise NotFound("开标记录尚未确认。")
    return jcs(content)


async def list_own_lots(tx: Tx, actor: Actor) -> list[tuple[uuid.UUID, OwnBidView]]:
    """Return the lots in which the actor's organisation takes part, with its own bid in each."""
    rows = await tx.session.execute(
        text("SELECT lot_id FROM bidding_interest WHERE organisation_id = :organisation ORDER BY lot_id DESC"),
        {"organisation": actor.organisation_id},
    )
    found = [(lot_id, await find_own_bid(tx, actor, lot_id)) for lot_id in rows.scalars()]
    return [(lot_id, own) for lot_id, own in found if own is not None]


def window_end(deadline: datetime, window_s: int) -> datetime:
    """Return when the window for releases will end if the platform closes on time."""
    return deadline + timedelta(seconds=window_s)


async def released_at(tx: Tx, bid_id: uuid.UUID) -> datetime | None:
    """Return when the bidder released; the caller has asked whose bid it is."""
    query = text("SELECT max(released_at) FROM bidding_release WHERE bid_id = :bid")
    found: datetime | None = (await tx.session.execute(query, {"bid": bid_id})).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class SeatTask:
    """A seat that the actor holds in a keyset that counts."""

    keyset_id: uuid.UUID
    lot_id: uuid.UUID
    i: int
    k: int
    n: int
    ks: bytes
    opens_at: datetime
    window_s: int
    accepted: bool


async def list_seat_tasks(tx: Tx, actor: Actor) -> list[SeatTask]:
    """Return the actor's seats, the next opening first."""
    rows = await tx.session.execute(
        text(
            "SELECT k.id, k.lot_id, s.i, k.k, k.n, k.ks, k.opens_at, k.window_s, s.accepted_at IS NOT NULL AS accepted"
            " FROM bidding_seat s JOIN bidding_keyset k ON k.id = s.keyset_id"
            " WHERE s.account_id = :account AND k.state <> 'replaced' ORDER BY k.opens_at, k.id"
        ),
        {"account": actor.account_id},
    )
    return [SeatTask(r.id, r.lot_id, r.i, r.k, r.n, bytes(r.ks), r.opens_at, r.window_s, r.accepted) for r in rows]
