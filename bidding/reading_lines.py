"""The bids of a close list with what the step that runs has found of each: what a table is made of."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.consortium_reading import OpenedConsortium, list_opened
from bidding.turns import Turn
from bidding.vocabulary import BidState, Outcome
from kernel.canonical import b64u_encode, format_time
from kernel.db.transaction import Tx
from trading.lot_view import LotView

#: Decrypted forms by digest.
Forms = dict[bytes | None, bytes]


@dataclass(frozen=True, slots=True)
class Line:
    """One bid of the close list with what the opening has found."""

    bid_id: uuid.UUID
    organisation_id: uuid.UUID
    bidder: str
    name: str
    uscc: str
    rev: int
    submission: bytes
    received_at: datetime
    state: BidState
    fault: str
    file_key: bytes | None
    eid: bytes | None
    digest: bytes | None
    consortium: OpenedConsortium | None

    @property
    def is_awaited(self) -> bool:
        """Whether its form is released and neither open nor known not to open."""
        return self.state is BidState.RELEASED and self.digest is None

    def published(self, no: int, state: BidState, fault: str) -> dict[str, Any]:
        """Return the bid's line as the log publishes it, as far as every table has it."""
        shown: dict[str, Any] = {
            "no": no,
            "bidder": self.bidder,
            "name": self.name,
            "uscc": self.uscc,
            "rev": self.rev,
            "submission": b64u_encode(self.submission),
            "received_at": format_time(self.received_at),
            "state": state.value,
        }
        if self.consortium is not None:
            shown["consortium"] = self.consortium.shown()
        if fault:
            shown["fault"] = fault
        return shown

    def proof_of_form(self, lot: LotView) -> dict[str, str]:
        """Return what lets anybody recompute the form; the key only where the procedure publishes it."""
        assert self.eid is not None
        assert self.digest is not None
        assert self.file_key is not None
        proof = {"eid": b64u_encode(self.eid), "plain": b64u_encode(self.digest)}
        if lot.procedure.get("form_keys_published", True):
            proof["fk"] = b64u_encode(self.file_key)
        return proof


async def list_lines(tx: Tx, lot_id: uuid.UUID, turn: Turn) -> list[Line]:
    """Return the bids of the close list in the order in which they were received."""
    rows = await tx.session.execute(
        text(
            "SELECT b.id, o.id AS organisation_id,"
            " i.pseudonym, o.name, o.uscc, s.rev, s.digest AS submission, s.received_at, b.state, b.fault,"
            " d.eid, k.outcome AS key_outcome, k.code AS key_code, k.file_key,"
            " p.outcome AS plain_outcome, p.code AS plain_code, p.digest,"
            " f.outcome AS file_outcome, f.code AS file_code"
            " FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " JOIN identity_organisation o ON o.id = i.organisation_id"
            " JOIN bidding_submission s ON s.digest = b.head"
            " LEFT JOIN bidding_document d ON d.submission_id = s.id AND d.slot = :form"
            " LEFT JOIN bidding_step k ON k.bid_id = b.id AND k.slot = :form AND k.step = 'key'"
            " LEFT JOIN bidding_step p ON p.bid_id = b.id AND p.slot = :form AND p.step = 'plain'"
            " LEFT JOIN LATERAL (SELECT t.outcome, t.code FROM bidding_step t WHERE t.bid_id = b.id"
            "   AND t.slot <> :form AND t.slot = ANY(:names) AND t.step = 'key' AND t.outcome <> 'ok'"
            "   ORDER BY t.slot LIMIT 1) f ON true"
            " WHERE b.lot_id = :lot AND b.state NOT IN ('registered', 'sealed', 'withdrawn')"
            " ORDER BY s.received_at, i.pseudonym"
        ),
        {"lot": lot_id, "form": turn.form, "names": sorted(turn.names)},
    )
    consortia = await list_opened(tx, lot_id)
    return [_line(row, consortia.get(row.organisation_id)) for row in rows]


def _line(row: Row[Any], consortium: OpenedConsortium | None) -> Line:
    state, fault = BidState(row.state), row.fault or ""
    found = (
        (row.key_outcome, row.key_code),
        (row.plain_outcome, row.plain_code),
        (row.file_outcome, row.file_code),
    )
    for outcome, code in found:
        if state is BidState.RELEASED and outcome is not None and outcome != Outcome.OK:
            state, fault = BidState(outcome), code
    return Line(
        bid_id=row.id,
        organisation_id=row.organisation_id,
        bidder=row.pseudonym,
        name=row.name if consortium is None else consortium.name,
        uscc=row.uscc,
        rev=row.rev,
        submission=bytes(row.submission),
        received_at=row.received_at,
        state=state,
        fault=fault,
        file_key=None if row.file_key is None else bytes(row.file_key),
        eid=None if row.eid is None else bytes(row.eid),
        digest=None if row.digest is None else bytes(row.digest),
        consortium=consortium,
    )


async def close_items(tx: Tx, lot_id: uuid.UUID) -> list[Any]:
    """Return the rows of a lot's close list."""
    query = text("SELECT items FROM bidding_close WHERE lot_id = :lot")
    return list((await tx.session.execute(query, {"lot": lot_id})).scalar_one())
