"""Reads of openings: what everybody may see, and nothing that counts bids before the table is public (R-ET-05)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.vocabulary import FORM, BidState, OpeningStage, Policy
from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class SeatView:
    """A trustee as the hall shows him."""

    i: int
    role: str
    organisation: str
    person: str
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class BidLine:
    """A bid of the close list after the opening.

    Attributes:
        bidder_id, uscc: of a consortium, its leader's;  bidder_name: names all members of one.
        form: what the bidder wrote; empty unless the form was opened.
        file_ids: slot → stored plaintext, as far as decrypted.
        file_digests: slot → SHA-256 of the plaintext.
        envelope_ids: slot → eid.
        submission: digest of the signed submission, which its receipt is named after.
    """

    bid_id: uuid.UUID
    lot_id: uuid.UUID
    no: int
    bidder_id: uuid.UUID
    bidder_name: str
    uscc: str
    pseudonym: str
    submission: bytes
    state: BidState
    fault: str
    received_at: datetime
    form: dict[str, Any]
    price_fen: int | None
    file_ids: dict[str, uuid.UUID]
    file_digests: dict[str, bytes]
    envelope_ids: dict[str, bytes]
    file_keys: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class OpeningView:
    """Where a lot's opening stands, for everybody.

    Attributes:
        is_open: the table with the prices is public.
        step: the step that runs; first_opened_at: of two envelopes, when the first was read out.
        record_digest: of the confirmed record's canonical bytes; None before.
    """

    lot_id: uuid.UUID
    stage: OpeningStage
    policy: Policy
    k: int
    closed_at: datetime
    window_until: datetime
    window_closed_at: datetime | None
    opened_at: datetime | None
    emergency_reason: str | None
    seats: tuple[SeatView, ...]
    record_digest: bytes | None
    record_file_id: uuid.UUID | None
    record_fault: str | None
    confirmed_at: datetime | None
    step: int = 1
    first_opened_at: datetime | None = None

    @property
    def names_public(self) -> bool:
        """Say whether it is public who bids."""
        return self.is_open or self.first_opened_at is not None

    @property
    def is_over(self) -> bool:
        """Say whether nothing public will change any more; the record is followed by its paper or a fault."""
        printed = self.record_file_id is not None or self.record_fault is not None
        return self.stage is OpeningStage.FAILED or (self.stage is OpeningStage.RECORDED and printed)

    @property
    def is_open(self) -> bool:
        """Say whether names and prices are public."""
        return self.stage in (OpeningStage.OPENED, OpeningStage.RECORDED)


async def find_opening(tx: Tx, lot_id: uuid.UUID) -> OpeningView | None:
    """Return the opening of a closed lot, or None."""
    row = (
        await tx.session.execute(
            text(
                "SELECT o.*, k.policy, k.k, r.digest AS record_digest, r.file_id AS record_file_id,"
                " r.fault AS record_fault, r.confirmed_at, f.opened_at AS first_opened_at"
                " FROM bidding_opening o JOIN bidding_keyset k ON k.id = o.keyset_id"
                " LEFT JOIN bidding_first_opening f ON f.lot_id = o.lot_id"
                " LEFT JOIN bidding_record r ON r.lot_id = o.lot_id WHERE o.lot_id = :lot"
            ),
            {"lot": lot_id},
        )
    ).one_or_none()
    if row is None:
        return None
    return OpeningView(
        lot_id=lot_id,
        stage=OpeningStage(row.stage),
        policy=Policy(row.policy),
        k=row.k,
        closed_at=row.closed_at,
        window_until=row.window_until,
        window_closed_at=row.window_closed_at,
        opened_at=row.opened_at,
        emergency_reason=row.emergency_reason,
        seats=await list_seats(tx, lot_id),
        record_digest=None if row.record_digest is None else bytes(row.record_digest),
        record_file_id=row.record_file_id,
        record_fault=row.record_fault,
        confirmed_at=row.confirmed_at,
        step=row.step,
        first_opened_at=row.first_opened_at,
    )


async def list_seats(tx: Tx, lot_id: uuid.UUID) -> tuple[SeatView, ...]:
    """Return the trustees of the published keyset; they are public with the notice."""
    rows = await tx.session.execute(
        text(
            "SELECT s.i, s.role, o.name AS organisation, a.display_name AS person, b.posted_at FROM bidding_keyset k"
            " JOIN bidding_seat s ON s.keyset_id = k.id JOIN identity_organisation o ON o.id = s.organisation_id"
            " JOIN identity_account a ON a.id = s.account_id"
            " LEFT JOIN bidding_opening g ON g.lot_id = k.lot_id"
            " LEFT JOIN bidding_share_batch b ON b.keyset_id = k.id AND b.i = s.i AND b.step = g.step"
            " WHERE k.lot_id = :lot AND k.state = 'published' ORDER BY s.i"
        ),
        {"lot": lot_id},
    )
    return tuple(SeatView(r.i, r.role, r.organisation, r.person, r.posted_at) for r in rows)


_BIDS = (
    "SELECT b.id, b.lot_id, b.head, b.state, b.fault, i.pseudonym, i.organisation_id,"
    " coalesce(c.name, o.name) AS name, o.uscc, s.received_at,"
    " p.form, p.price_fen,"
    " row_number() OVER (ORDER BY s.received_at, i.pseudonym) AS no,"
    " (SELECT jsonb_object_agg(d.slot, encode(d.eid, 'hex')) FROM bidding_document d"
    "   WHERE d.submission_id = s.id) AS eids,"
    " (SELECT jsonb_object_agg(t.slot, jsonb_build_array(t.file_id, encode(t.digest, 'hex'))) FROM bidding_step t"
    "   WHERE t.bid_id = b.id AND t.step = 'plain' AND t.outcome = 'ok') AS files,"
    " (SELECT jsonb_object_agg(t.slot, encode(t.file_key, 'hex')) FROM bidding_step t"
    "   WHERE t.bid_id = b.id AND t.step = 'key' AND t.outcome = 'ok') AS keys"
    " FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
    " JOIN identity_organisation o ON o.id = i.organisation_id JOIN bidding_submission s ON s.digest = b.head"
    " JOIN bidding_opening g ON g.lot_id = b.lot_id AND (g.stage IN ('opened', 'recorded')"
    "   OR EXISTS (SELECT 1 FROM bidding_first_opening f WHERE f.lot_id = b.lot_id))"
    " LEFT JOIN bidding_opened_bid p ON p.bid_id = b.id"
    " LEFT JOIN bidding_consortium c ON c.lot_id = b.lot_id AND c.leader_id = o.id AND c.state = 'complete'"
    " WHERE b.lot_id = :lot AND b.state NOT IN ('registered', 'sealed', 'withdrawn') ORDER BY no"
)


async def list_bids_after_opening(tx: Tx, lot_id: uuid.UUID) -> list[BidLine]:
    """Return every bid of the close list with its fate; nothing before the table is public."""
    rows = await tx.session.execute(text(_BIDS), {"lot": lot_id})
    return [_bid(row) for row in rows]


def _bid(row: Row[Any]) -> BidLine:
    files, keys, eids = row.files or {}, row.keys or {}, row.eids or {}
    return BidLine(
        bid_id=row.id,
        lot_id=row.lot_id,
        no=row.no,
        bidder_id=row.organisation_id,
        bidder_name=row.name,
        uscc=row.uscc,
        pseudonym=row.pseudonym,
        submission=bytes(row.head),
        state=BidState(row.state),
        fault=row.fault or "",
        received_at=row.received_at,
        form=row.form or {},
        price_fen=row.price_fen,
        file_ids={slot: uuid.UUID(value[0]) for slot, value in files.items()},
        file_digests={slot: bytes.fromhex(value[1]) for slot, value in files.items()},
        envelope_ids={slot: bytes.fromhex(value) for slot, value in eids.items()},
        file_keys={slot: bytes.fromhex(value) for slot, value in keys.items()},
    )


async def form_keys_published(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say whether the procedure publishes the keys of the price forms (crypto.md §15, decision 3)."""
    query = text("SELECT coalesce((procedure ->> 'form_keys_published')::boolean, true) FROM trading_lot WHERE id = :l")
    return bool((await tx.session.execute(query, {"l": lot_id})).scalar_one_or_none())


async def list_forms(tx: Tx, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return what a visitor needs to recompute the read-out prices: envelope, file key, price."""
    if not await form_keys_published(tx, lot_id):
        return []
    return [
        {
            "bidder": bid.pseudonym,
            "name": bid.bidder_name,
            "eid": b64u_encode(bid.envelope_ids[FORM]),
            "envelope": f"/api/v1/lots/{lot_id}/bids/{bid.bid_id}/envelopes/{FORM}",
            "fk": b64u_encode(bid.file_keys[FORM]),
            "price": str(bid.form["price"]),
        }
        for bid in await list_bids_after_opening(tx, lot_id)
        if bid.price_fen is not None and FORM in bid.file_keys
    ]


async def find_reading(tx: Tx, lot_id: uuid.UUID) -> bytes | None:
    """Return the canonical bytes of the reading-out table, whose SHA-256 the entry `bid.opened` holds; None before."""
    query = text("SELECT reading FROM bidding_opening WHERE lot_id = :lot")
    reading = (await tx.session.execute(query, {"lot": lot_id})).scalar_one_or_none()
    return None if reading is None else jcs(reading)
