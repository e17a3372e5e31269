"""The opening record: confirmed by the agency, as canonical JSON and as a sealed PDF (R-ET-06, R-ET-10).

Its *draft* is all that was read out, asked and answered; those present sign the digest of the draft. The record is the
draft with who was present and who signed, so that anybody who has the record can recompute what each signature is of.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import text

from bidding.closing import notify
from bidding.drawn import drawn_json, list_drawn
from bidding.models.opening import Record
from bidding.objection_reading import list_opening_objections, objection_json
from bidding.sharing import list_posted
from bidding.signatures import all_agreed, digest_of, list_signatures, objection_until, signed_by
from bidding.vocabulary import OpeningStage
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue
from kernel.web.filters import moment
from trading import facade as trading
from trading.lot_view import LotView


async def confirm_record(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """Confirm the opening record; with it the lot is opened. A second time nothing happens.

    Raises:
        NotFound: no such lot, or not one of the actor's.
        TooEarly: the table is not public, files are still being decrypted, an objection is not answered, or bidders
            still have time to object and to sign, and not all of them have agreed.

    Effects:
        one row in `bidding_record`, entry `opening.recorded`, public; the lot is OPENED; a job makes the sealed PDF.
    Source:
        R-ET-06, R-ET-10, R-TIME-09; 招投法 36
    """
    policy.require(actor, "opening.confirm")
    lot = await trading.get_lot(tx, lot_id)
    if not lot.is_run_by(actor.organisation_id):
        raise NotFound
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if opening is not None and opening.stage == OpeningStage.RECORDED:
        return
    if opening is None or opening.stage == OpeningStage.FAILED:
        raise Conflict("本标段没有可以确认的开标记录。")
    if opening.stage != OpeningStage.OPENED:
        raise TooEarly("尚未唱标，请在全部报价公布后确认开标记录。")
    if await count_closed_files(tx, lot_id):
        raise TooEarly("投标文件仍在解密，请在全部完成后确认开标记录。")
    draft = await draft_of(tx, lot, opening)
    if any(one["answer"] is None for one in draft["objections"]):
        raise TooEarly("有开标异议尚未答复。请当场答复后再确认开标记录（招标投标法实施条例第四十四条）。")
    signed = await list_signatures(tx, lot_id)
    until = await objection_until(tx, lot, opening.opened_at)
    if tx.now < until and not await all_agreed(tx, lot_id, signed, digest_of(draft)):
        raise TooEarly(
            f"投标人可以在 {moment(until)}（北京时间）前提出异议、签署记录；届时或者全部投标人签署同意后才能确认。",
            opens_at=format_time(until),
        )

    content = draft | {"type": "opening.record"} | await signed_by(tx, lot_id, signed, digest_of(draft))
    digest = suite("intl-1").hash(jcs(content))
    facts = {"record": b64u_encode(digest), "rules": ["R-ET-06"]}
    entry = await record(tx, actor, "opening.recorded", facts, subject=lot_id, visibility="public")
    tx.session.add(
        Record(
            lot_id=lot_id,
            content=content,
            digest=digest,
            entry_id=entry.entry_id,
            confirmed_by=actor.account_id,
            confirmed_at=tx.now,
            file_id=None,
            fault=None,
        )
    )
    await tx.session.execute(
        text("UPDATE bidding_opening SET stage = :stage WHERE lot_id = :lot"),
        {"stage": OpeningStage.RECORDED.value, "lot": lot_id},
    )
    await trading.mark_opened(tx, lot_id)
    await enqueue(tx, "bidding:print_record", {"lot_id": str(lot_id)}, key=f"bidding:record:{lot_id}")
    await notify(tx, lot_id)


async def draft_of(tx: Tx, lot: LotView, opening: Any) -> dict[str, Any]:
    """Return what those present sign: the record as it stands now, without themselves.

    Args:
        opening: the row of `bidding_opening`, after the reading out.
    """
    objections = [objection_json(one) for one in await list_opening_objections(tx, lot.id)]
    parameters = [drawn_json(one) for one in await list_drawn(tx, lot)]
    told = {"type": "opening.draft", "objections": objections, "parameters": parameters}
    return await _content(tx, lot, opening) | told


async def current_draft(tx: Tx, lot: LotView) -> dict[str, Any] | None:
    """Return the draft of a record that is read out and not confirmed yet; None otherwise."""
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot AND stage = :stage")
    row = (await tx.session.execute(query, {"lot": lot.id, "stage": OpeningStage.OPENED.value})).one_or_none()
    return None if row is None else await draft_of(tx, lot, row)


async def signed_digest(tx: Tx, lot: LotView) -> bytes:
    """Return the digest that counts for signatures: of the confirmed record's draft, or of the draft as it stands."""
    query = text("SELECT content ->> 'draft' FROM bidding_record WHERE lot_id = :lot")
    confirmed = (await tx.session.execute(query, {"lot": lot.id})).scalar_one_or_none()
    if confirmed is not None:
        return b64u_decode(confirmed, 32)
    draft = await current_draft(tx, lot)
    return b"" if draft is None else digest_of(draft)


async def count_closed_files(tx: Tx, lot_id: uuid.UUID) -> int:
    """Return how many files of opened bids are not decrypted yet."""
    query = text(
        "SELECT count(*) FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
        " JOIN bidding_document d ON d.submission_id = s.id WHERE b.lot_id = :lot AND b.state = 'opened'"
        " AND NOT EXISTS (SELECT 1 FROM bidding_step t WHERE t.bid_id = b.id AND t.slot = d.slot AND t.step = 'plain')"
    )
    return int((await tx.session.execute(query, {"lot": lot_id})).scalar_one())


async def _content(tx: Tx, lot: LotView, opening: Any) -> dict[str, Any]:
    """Return the record: everything that the law wants to see in it, and where the log proves it."""
    opened = (
        await tx.session.execute(text("SELECT detail FROM audit_entry WHERE id = :id"), {"id": opening.opened_entry_id})
    ).scalar_one()
    return {
        "v": 1,
        "type": "opening.record",
        "tender": lot.tender,
        "lot": lot.number,
        "title": lot.title,
        "procuring_entity": lot.procuring_entity_name,
        "agency": lot.agency_name,
        "deadline": _time(lot.deadline),
        "closed_at": _time(opening.closed_at),
        "window_closed_at": _time(opening.window_closed_at),
        "opened_at": _time(opening.opened_at),
        "deadline_size": opening.deadline_size,
        "price_cap": None if lot.price_cap_fen is None else f"{lot.price_cap_fen // 100}.{lot.price_cap_fen % 100:02d}",
        "bids": await _bids(tx, lot.id, opened["bids"]),
        "trustees": await _trustees(tx, lot.id, opening.keyset_id),
        "emergency": opening.emergency_reason or "",
        "rehearsal": tx.rehearsal,
    }


async def _bids(tx: Tx, lot_id: uuid.UUID, published: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of the table with the state that each bid has now, and what else was read out."""
    rows = await tx.session.execute(
        text(
            "SELECT i.pseudonym, b.state, b.fault, o.form FROM bidding_bid b"
            " JOIN bidding_interest i ON i.id = b.interest_id LEFT JOIN bidding_opened_bid o ON o.bid_id = b.id"
            " WHERE b.lot_id = :lot"
        ),
        {"lot": lot_id},
    )
    now = {row.pseudonym: row for row in rows}
    lines = []
    for line in published:
        row = now[line["bidder"]]
        kept = {name: line[name] for name in ("no", "name", "uscc", "submission", "received_at")}
        if "consortium" in line:
            kept["consortium"] = line["consortium"]
        kept |= {"state": row.state, "fault": row.fault or ""}
        if row.form is not None:
            kept |= {"price": row.form["price"], "form": row.form}
        lines.append(kept)
    return lines


async def _trustees(tx: Tx, lot_id: uuid.UUID, keyset_id: uuid.UUID) -> list[dict[str, Any]]:
    posted = await list_posted(tx, lot_id)
    rows = await tx.session.execute(
        text(
            "SELECT s.i, s.role, o.name AS organisation, a.display_name AS person FROM bidding_seat s"
            " JOIN identity_organisation o ON o.id = s.organisation_id JOIN identity_account a ON a.id = s.account_id"
            " WHERE s.keyset_id = :id ORDER BY s.i"
        ),
        {"id": keyset_id},
    )
    return [
        {
            "i": row.i,
            "role": row.role,
            "organisation": row.organisation,
            "person": row.person,
            "posted_at": _time(posted.get(row.i)),
        }
        for row in rows
    ]


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else format_time(instant)
