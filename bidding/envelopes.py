"""Sealed documents of a lot as the opening meets them: which envelopes count, and where their chunks lie."""

import io
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bidding.envelope import Head, read_head
from bidding.vocabulary import BidState
from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.crypto.merkle import merkle_root
from kernel.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """One envelope of a bid that is in the close list.

    Attributes:
        raw_head: magic, length and header as uploaded.
        leaves: leaf digests of the chunks, in order; `objects` the names of their objects.
    """

    bid_id: uuid.UUID
    lot_id: uuid.UUID
    bidder: str
    submission: bytes
    slot: str
    eid: bytes
    size: int
    raw_head: bytes
    leaves: tuple[bytes, ...]
    objects: tuple[str, ...]

    @property
    def head(self) -> Head:
        """The checked head; it passed the same check when it was uploaded."""
        return read_head(io.BytesIO(self.raw_head))

    @property
    def root(self) -> bytes:
        """Merkle root over the chunks: with the head it gives the envelope's id."""
        return merkle_root(suite("intl-1"), list(self.leaves))


_DOCUMENTS = (
    "SELECT b.id AS bid_id, b.lot_id, i.pseudonym, s.digest, d.slot, d.eid, d.size, u.head,"
    " array_agg(c.leaf ORDER BY c.j) AS leaves, array_agg(c.object_name ORDER BY c.j) AS objects"
    " FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
    " JOIN bidding_submission s ON s.bid_id = b.id AND s.digest = b.head"
    " JOIN bidding_document d ON d.submission_id = s.id JOIN bidding_upload u ON u.id = d.upload_id"
    " JOIN bidding_chunk c ON c.upload_id = u.id"
)
_GROUP = " GROUP BY b.id, b.lot_id, i.pseudonym, s.digest, d.slot, d.eid, d.size, u.head ORDER BY i.pseudonym, d.slot"


async def list_documents(tx: Tx, lot_id: uuid.UUID, *states: BidState, names: Collection[str]) -> list[SealedDocument]:
    """Return the documents of a lot's bids in these states, in an order that tells nothing.

    Args:
        names: the parts to return: those that the step opens.
    """
    values: dict[str, Any] = {"lot": lot_id, "states": [state.value for state in states], "names": sorted(names)}
    return await _documents(tx, "WHERE b.lot_id = :lot AND b.state = ANY(:states) AND d.slot = ANY(:names)", values)


async def list_documents_of_bid(tx: Tx, bid_id: uuid.UUID) -> list[SealedDocument]:
    """Return the documents of one bid's last submission."""
    return await _documents(tx, "WHERE b.id = :bid", {"bid": bid_id})


async def find_document(tx: Tx, bid_id: uuid.UUID, slot: str) -> SealedDocument | None:
    """Return one document of a bid's last submission."""
    found = await _documents(tx, "WHERE b.id = :bid AND d.slot = :slot", {"bid": bid_id, "slot": slot})
    return found[0] if found else None


async def _documents(tx: Tx, where: str, values: dict[str, Any]) -> list[SealedDocument]:
    rows = await tx.session.execute(text(f"{_DOCUMENTS} {where}{_GROUP}"), values)
    return [
        SealedDocument(
            bid_id=row.bid_id,
            lot_id=row.lot_id,
            bidder=row.pseudonym,
            submission=bytes(row.digest),
            slot=row.slot,
            eid=bytes(row.eid),
            size=row.size,
            raw_head=bytes(row.head),
            leaves=tuple(bytes(leaf) for leaf in row.leaves),
            objects=tuple(row.objects),
        )
        for row in rows
    ]


def shown_head(document: SealedDocument) -> dict[str, Any]:
    """Return a document's head for the wire: what bidder and trustees unwrap from."""
    return {
        "bidder": document.bidder,
        "slot": document.slot,
        "eid": b64u_encode(document.eid),
        "header": b64u_encode(document.raw_head),
        "chunks": len(document.leaves),
        "root": b64u_encode(document.root),
    }
