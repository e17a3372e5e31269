"""The reading-out of the first envelopes: who bids, and what their letters say; no price is known to anybody yet.

Where bids come in two envelopes the law's opening is held twice: business and technical parts first, and after their
evaluation the prices of those who passed (docs/adr/0015-two-envelopes.md).
"""

import uuid
from typing import Any

from sqlalchemy import text

from bidding.closing import notify
from bidding.ending import end_with_lot
from bidding.form import BidLetter, FormError, check_letter
from bidding.models.opening import FirstOpening
from bidding.reading_lines import Forms, Line, close_items, list_lines
from bidding.turns import find_turn
from bidding.vocabulary import BidState, OpeningStage
from kernel.canonical import b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.log.unsealed import unseal
from kernel.log.writer import record_detail
from kernel.outbox.queue import enqueue
from trading import facade as trading
from trading.lot_view import LotView


async def publish_first_table(tx: Tx, lot_id: uuid.UUID, letters: Forms) -> bool:
    """Publish who bids and what the letters say, in one transaction. A second time nothing happens.

    Args:
        letters: decrypted letters by their digest; they were read before the transaction began.

    Returns:
        False while a letter is missing.

    Effects:
        one row in `bidding_first_opening`; bids are FIRST_OPENED or at fault; public entry `bid.first-opened`; the lot
        and the firms read out are unsealed. Price forms stay sealed.
    Source:
        R-ET-06, R-ET-07
    """
    if await end_with_lot(tx, lot_id):
        return True
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot AND stage = :stage FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id, "stage": OpeningStage.COMBINING.value})).one_or_none()
    turn = await find_turn(tx, lot_id)
    if opening is None or not turn.is_first_of_two:
        return True
    lot = await trading.get_lot(tx, lot_id)
    lines = await list_lines(tx, lot_id, turn)
    if any(line.is_awaited for line in lines):
        return False

    shown = [await _open_line(tx, lot, no, line, letters) for no, line in enumerate(lines, 1)]
    table = {
        "v": 1,
        "type": "bid.first-table",
        "tender": lot.tender,
        "lot": lot.number,
        "rows": [_read_out(line, letter) for line, letter in shown],
    }
    detail = {
        "v": 1,
        "type": "bid.first-opened",
        "tender": lot.tender,
        "lot": lot.number,
        "table": b64u_encode(suite("intl-1").hash(jcs(table))),
        "deadline_size": opening.deadline_size,
        "close_list": await close_items(tx, lot_id),
        "bids": [line for line, _ in shown],
        "at": format_time(tx.now),
    }
    entry = await record_detail(tx, "bid.first-opened", detail, subject=lot_id, visibility="public")
    await unseal(tx, lot_id)
    for line in lines:
        for firm in {line.organisation_id, *(line.consortium.firms if line.consortium else ())}:
            await unseal(tx, firm)
    tx.session.add(
        FirstOpening(
            lot_id=lot_id,
            window_until=opening.window_until,
            window_closed_at=opening.window_closed_at,
            window_entry_id=opening.window_entry_id,
            window_jws=opening.window_jws,
            emergency_reason=opening.emergency_reason,
            opened_at=tx.now,
            opened_entry_id=entry.entry_id,
            reading=table,
        )
    )
    await tx.session.execute(
        text("UPDATE bidding_opening SET stage = :stage WHERE lot_id = :lot"),
        {"stage": OpeningStage.FIRST_OPENED.value, "lot": lot_id},
    )
    await enqueue(tx, "bidding:combine", {"lot_id": str(lot_id)}, key=f"bidding:combine:{lot_id}:first-files")
    await notify(tx, lot_id)
    return True


def _read_out(line: dict[str, Any], letter: BidLetter | None) -> dict[str, Any]:
    """Return a row of the table as a bundle carries it (docs/spec/bundle.md)."""
    return {
        "no": line["no"],
        "bidder": line["bidder"],
        "name": line["name"],
        "outcome": line["state"],
        "letter": None if letter is None else letter.content,
        "fk": None if letter is None else line["letter"].get("fk"),
    }


async def _open_line(
    tx: Tx, lot: LotView, no: int, line: Line, letters: Forms
) -> tuple[dict[str, Any], BidLetter | None]:
    """Settle the first envelope of one bid and return its line as the log publishes it, with what was read out."""
    state, fault, letter = line.state, line.fault, None
    if state is BidState.RELEASED:
        try:
            letter = check_letter(letters[line.digest], tender=lot.tender, lot=lot.number, uscc=line.uscc)
            state = BidState.FIRST_OPENED
        except FormError as error:
            state, fault = BidState.FAULT_BIDDER, f"letter-{error}"
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state, fault = :fault WHERE id = :id"),
        {"state": state.value, "fault": fault or None, "id": line.bid_id},
    )
    shown = line.published(no, state, fault)
    if letter is not None:
        shown["letter"] = line.proof_of_form(lot)
    return shown, letter


async def find_letters(tx: Tx, lot_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """Return pseudonym → letter of the bids whose first envelope was read out; nothing where there is but one step."""
    query = text("SELECT reading FROM bidding_first_opening WHERE lot_id = :lot")
    reading = (await tx.session.execute(query, {"lot": lot_id})).scalar_one_or_none()
    rows = [] if reading is None else reading["rows"]
    return {row["bidder"]: row["letter"] for row in rows if row["letter"] is not None}
