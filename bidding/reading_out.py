"""The reading-out table: all bids at once, or none (crypto.md §3.7 steps 4 and 5).

Nothing of a bid is visible to anybody before this act; with it names, prices, the close list, and the keys of the price
forms are public, so that anybody recomputes ciphertext → price. The lot's sealed entries open to supervision.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.closing import notify
from bidding.consortium_reading import OpenedConsortium, list_opened
from bidding.ending import end_with_lot
from bidding.envelopes import SealedDocument
from bidding.form import BidForm, FormError, check_form
from bidding.models.opening import OpenedBid
from bidding.vocabulary import FILE, FORM, BidState, OpeningStage, Outcome
from kernel.canonical import b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Database, Tx
from kernel.files.store import FileStore, content_name
from kernel.log.unsealed import unseal
from kernel.log.writer import record_detail
from kernel.outbox.queue import enqueue
from trading import facade as trading
from trading.lot_view import LotView

#: Decrypted forms by digest.
Forms = dict[bytes | None, bytes]


@dataclass(frozen=True, slots=True)
class _Line:
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


async def publish(db: Database, store: FileStore, lot_id: uuid.UUID) -> bool:
    """Publish the table once every released form is open, or known not to open.

    Returns:
        False while a form is missing.
    """
    async with db.begin_read_only() as tx:
        lines = await _lines(tx, lot_id)
    forms: Forms = {
        line.digest: await store.get(content_name(line.digest)) for line in lines if line.digest is not None
    }
    return await db.run(lambda tx: publish_table(tx, lot_id, forms))


async def publish_table(tx: Tx, lot_id: uuid.UUID, forms: Forms) -> bool:
    """Publish the table in one transaction. A second time nothing happens.

    Args:
        forms: decrypted forms by their digest; they were read before the transaction began.

    Effects:
        rows in `bidding_opened_bid`, bids are OPENED or at fault, public entry `bid.opened`, the lot and the
        firms read out are unsealed.
    Source:
        R-ET-06, R-ET-07, R-FAIL-02
    """
    if await end_with_lot(tx, lot_id):
        return True
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot AND stage = :stage FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id, "stage": OpeningStage.COMBINING.value})).one_or_none()
    if opening is None:
        return True
    lot = await trading.get_lot(tx, lot_id)
    lines = await _lines(tx, lot_id)
    if any(line.state is BidState.RELEASED and line.digest is None for line in lines):
        return False

    shown = [await _open_line(tx, lot, no, line, forms) for no, line in enumerate(lines, 1)]
    table = {
        "v": 1,
        "type": "bid.opening-table",
        "tender": lot.tender,
        "lot": lot.number,
        "rows": [_read_out(line, row) for line, row in shown],
    }
    detail = {
        "v": 1,
        "type": "bid.opened",
        "tender": lot.tender,
        "lot": lot.number,
        "table": b64u_encode(suite("intl-1").hash(jcs(table))),
        "deadline_size": opening.deadline_size,
        "close_list": await _close_items(tx, lot_id),
        "bids": [line for line, _ in shown],
        "at": format_time(tx.now),
    }
    entry = await record_detail(tx, "bid.opened", detail, subject=lot_id, visibility="public")
    await unseal(tx, lot_id)
    for line in lines:  # whoever was read out has no presence to hide any more
        for firm in {line.organisation_id, *(line.consortium.firms if line.consortium else ())}:
            await unseal(tx, firm)
    await tx.session.execute(
        text(
            "UPDATE bidding_opening SET stage = :stage, opened_at = :now, opened_entry_id = :entry,"
            " reading = cast(:reading AS jsonb) WHERE lot_id = :lot"
        ),
        {
            "stage": OpeningStage.OPENED.value,
            "now": tx.now,
            "entry": entry.entry_id,
            "reading": jcs(table).decode(),
            "lot": lot_id,
        },
    )
    await enqueue(tx, "bidding:combine", {"lot_id": str(lot_id)}, key=f"bidding:combine:{lot_id}:files")
    await notify(tx, lot_id)
    return True


def _read_out(line: dict[str, Any], form: BidForm | None) -> dict[str, Any]:
    """Return a row of the table as a bundle carries it (docs/spec/bundle.md)."""
    return {
        "no": line["no"],
        "bidder": line["bidder"],
        "name": line["name"],
        "outcome": line["state"],
        "form": None if form is None else form.content,
        "fk": None if form is None else line["form"].get("fk"),
    }


async def _open_line(tx: Tx, lot: LotView, no: int, line: _Line, forms: Forms) -> tuple[dict[str, Any], BidForm | None]:
    """Settle one bid and return its line as the log publishes it, with what was read out."""
    state, fault, form = line.state, line.fault, None
    if state is BidState.RELEASED:
        state, fault, form = _judge(lot, line, forms)
    if form is not None:
        row = OpenedBid(
            bid_id=line.bid_id,
            lot_id=lot.id,
            no=no,
            bidder_name=line.name,
            form=form.content,
            price_fen=form.price.fen,
        )
        tx.session.add(row)
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state, fault = :fault WHERE id = :id"),
        {"state": state.value, "fault": fault or None, "id": line.bid_id},
    )
    shown: dict[str, Any] = {
        "no": no,
        "bidder": line.bidder,
        "name": line.name,
        "uscc": line.uscc,
        "rev": line.rev,
        "submission": b64u_encode(line.submission),
        "received_at": format_time(line.received_at),
        "state": state.value,
    }
    if line.consortium is not None:
        shown["consortium"] = line.consortium.shown()
    if fault:
        shown["fault"] = fault
    if form is not None:
        shown["price"] = str(form.price)
        shown["form"] = _proof_of_form(lot, line)
    return shown, form


def _judge(lot: LotView, line: _Line, forms: Forms) -> tuple[BidState, str, BidForm | None]:
    try:
        form = check_form(forms[line.digest], tender=lot.tender, lot=lot.number, uscc=line.uscc)
    except FormError as error:
        return BidState.FAULT_BIDDER, f"form-{error}", None
    return BidState.OPENED, "", form


def _proof_of_form(lot: LotView, line: _Line) -> dict[str, str]:
    """Return what lets anybody recompute the price; the key only where the procedure publishes it."""
    assert line.eid is not None
    assert line.digest is not None
    assert line.file_key is not None
    proof = {"eid": b64u_encode(line.eid), "plain": b64u_encode(line.digest)}
    if lot.procedure.get("form_keys_published", True):
        proof["fk"] = b64u_encode(line.file_key)
    return proof


async def _close_items(tx: Tx, lot_id: uuid.UUID) -> list[Any]:
    query = text("SELECT items FROM bidding_close WHERE lot_id = :lot")
    return list((await tx.session.execute(query, {"lot": lot_id})).scalar_one())


async def _lines(tx: Tx, lot_id: uuid.UUID) -> list[_Line]:
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
            " LEFT JOIN bidding_step f ON f.bid_id = b.id AND f.slot = :file AND f.step = 'key'"
            " WHERE b.lot_id = :lot AND b.state NOT IN ('registered', 'sealed', 'withdrawn')"
            " ORDER BY s.received_at, i.pseudonym"
        ),
        {"lot": lot_id, "form": FORM, "file": FILE},
    )
    consortia = await list_opened(tx, lot_id)
    return [_line(row, consortia.get(row.organisation_id)) for row in rows]


def _line(row: Row[Any], consortium: OpenedConsortium | None) -> _Line:
    state, fault = BidState(row.state), row.fault or ""
    found = (
        (row.key_outcome, row.key_code),
        (row.plain_outcome, row.plain_code),
        (row.file_outcome, row.file_code),
    )
    for outcome, code in found:
        if state is BidState.RELEASED and outcome is not None and outcome != Outcome.OK:
            state, fault = BidState(outcome), code
    return _Line(
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


async def note_file(tx: Tx, document: SealedDocument, outcome: Outcome, code: str) -> None:
    """Note that a bid's file does not open after its form did: the bid is out, the others go on (R-ET-07).

    Effects:
        the bid is at fault; public entry `bid.fault`.
    """
    lot = await trading.get_lot(tx, document.lot_id)
    detail = {
        "v": 1,
        "type": "bid.fault",
        "tender": lot.tender,
        "lot": lot.number,
        "bidder": document.bidder,
        "slot": document.slot,
        "eid": b64u_encode(document.eid),
        "state": outcome.value,
        "fault": code,
        "at": format_time(tx.now),
    }
    await record_detail(tx, "bid.fault", detail, subject=document.lot_id, visibility="public")
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state, fault = :code WHERE id = :id"),
        {"state": BidState(outcome.value).value, "code": code, "id": document.bid_id},
    )
