"""The reading-out table: all bids at once, or none (crypto.md §3.7 steps 4 and 5).

Nothing of a bid is visible to anybody before this act; with it names, prices, the close list, and the keys of the price
forms are public, so that anybody recomputes ciphertext → price. The lot's sealed entries open to supervision.
"""

import uuid
from typing import Any

from sqlalchemy import text

from bidding.closing import notify
from bidding.ending import end_with_lot
from bidding.envelopes import SealedDocument
from bidding.first_reading import find_letters, publish_first_table
from bidding.form import BidForm, FormError, check_form
from bidding.models.opening import OpenedBid
from bidding.reading_lines import Forms, Line, close_items, list_lines
from bidding.turns import find_turn
from bidding.vocabulary import BidState, OpeningStage, Outcome
from kernel.canonical import b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Database, Tx
from kernel.files.store import FileStore, content_name
from kernel.log.unsealed import unseal
from kernel.log.writer import record_detail
from kernel.outbox.queue import enqueue
from trading import facade as trading
from trading.lot_view import LotView


async def publish(db: Database, store: FileStore, lot_id: uuid.UUID) -> bool:
    """Publish the table of the step that runs once every released form is open, or known not to open.

    Returns:
        False while a form is missing.
    """
    async with db.begin_read_only() as tx:
        turn = await find_turn(tx, lot_id)
        lines = await list_lines(tx, lot_id, turn)
    forms: Forms = {
        line.digest: await store.get(content_name(line.digest)) for line in lines if line.digest is not None
    }
    act = publish_first_table if turn.is_first_of_two else publish_table
    return await db.run(lambda tx: act(tx, lot_id, forms))


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
    lines = await list_lines(tx, lot_id, await find_turn(tx, lot_id))
    if any(line.is_awaited for line in lines):
        return False

    letters = await find_letters(tx, lot_id)
    shown = [await _open_line(tx, lot, no, line, forms, letters) for no, line in enumerate(lines, 1)]
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
        "close_list": await close_items(tx, lot_id),
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


async def _open_line(
    tx: Tx, lot: LotView, no: int, line: Line, forms: Forms, letters: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], BidForm | None]:
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
            form=letters.get(line.bidder, {}) | form.content,
            price_fen=form.price.fen,
        )
        tx.session.add(row)
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state, fault = :fault WHERE id = :id"),
        {"state": state.value, "fault": fault or None, "id": line.bid_id},
    )
    shown = line.published(no, state, fault)
    if form is not None:
        shown["price"] = str(form.price)
        shown["form"] = line.proof_of_form(lot)
    return shown, form


def _judge(lot: LotView, line: Line, forms: Forms) -> tuple[BidState, str, BidForm | None]:
    try:
        form = check_form(forms[line.digest], tender=lot.tender, lot=lot.number, uscc=line.uscc)
    except FormError as error:
        return BidState.FAULT_BIDDER, f"form-{error}", None
    return BidState.OPENED, "", form


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
