"""Acts: a bidder objects to the opening on the spot, and is answered on the spot; both enter the opening record.

Law: R-TIME-09 (条例 44, 60), R-ET-09. An objection to the opening comes in the opening: after the reading out, when it
is known who bid what, and before the record is confirmed. Who has not objected here cannot complain of it later. The
record waits for the answers (`bidding.recording`).
"""

import uuid
from typing import Any

from sqlalchemy import text

from bidding import queries
from bidding.closing import notify
from bidding.models.objection import OpeningAnswer, OpeningObjection
from bidding.vocabulary import BidState, OpeningStage
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading import facade as trading
from trading.objections import OUTCOMES
from trading.questions import require_text
from trading.vocabulary import ObjectionOutcome

#: How often one bidder may object to one opening: each has to be answered before the record is confirmed.
MOST = 5
#: Bids that are not in the close list: their bidders were not opened.
#: When bids have been read out: of two envelopes, the first or both.
_ON_THE_SPOT = (OpeningStage.FIRST_OPENED, OpeningStage.OPENED, OpeningStage.RECORDED, OpeningStage.FAILED)
_OUTSIDE = (BidState.REGISTERED, BidState.SEALED, BidState.WITHDRAWN)


async def raise_objection(tx: Tx, actor: Actor, lot_id: uuid.UUID, wording: str) -> int:
    """Object to the opening. The same words again are no second objection.

    Returns:
        The number of the objection in this opening, from 1.
    Raises:
        NotFound: no such lot, or the actor's organisation has no bid in the close list: the answer is the same.
        TooEarly: the bids are not read out yet.
        Conflict: the record is confirmed, nothing was opened, or the bidder has objected too often.
        InvalidInput: the text is missing or too long.
    Effects:
        a row in `bidding_opening_objection`; entry `opening.objection-raised`, public; a message to the lot's parties.
    Source:
        R-TIME-09, R-ET-09
    """
    policy.require(actor, "opening.object")
    own = await _own_closed_bid(tx, actor, lot_id)
    if own is None or actor.organisation_id is None:
        raise NotFound
    await _require_on_the_spot(tx, lot_id)
    said = require_text(wording, "text", "异议的事实和理由")
    query = text("SELECT no, bid_id, text FROM bidding_opening_objection WHERE lot_id = :lot ORDER BY no")
    earlier = list(await tx.session.execute(query, {"lot": lot_id}))
    mine = [row for row in earlier if row.bid_id == own.bid_id]
    for row in mine:
        if row.text == said:
            return int(row.no)
    if len(mine) >= MOST:
        raise Conflict(f"本单位对本次开标已提出 {MOST} 项异议，不能再提出。仍有异议的，请向招标人书面提出。")

    lot = await trading.get_lot(tx, lot_id)
    no = len(earlier) + 1
    facts = {
        "no": no,
        "bidder": own.pseudonym,
        "name": actor.organisation_name,
        "objection": said,
        "rules": ["R-TIME-09", "R-ET-09"],
    }
    entry = await record(tx, actor, "opening.objection-raised", facts, subject=lot_id, visibility="public")
    tx.session.add(
        OpeningObjection(
            id=tx.new_id(),
            lot_id=lot_id,
            no=no,
            bid_id=own.bid_id,
            raiser_id=actor.organisation_id,
            text=said,
            raised_by=actor.account_id,
            raised_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    await trading.tell(
        tx,
        [lot.procuring_entity_id, lot.agency_id],
        lot_id,
        kind="objection",
        title=f"{lot.title}：开标现场收到异议",
        text="请当场答复；答复前不能确认开标记录。",
        href=f"/a/lots/{lot_id}/opening",
    )
    await notify(tx, lot_id)
    return no


async def answer_objection(
    tx: Tx, actor: Actor, lot_id: uuid.UUID, objection_id: uuid.UUID, outcome: ObjectionOutcome, wording: str
) -> None:
    """Answer an objection to the opening, for everybody to read.

    Raises:
        NotFound: no such objection in a lot of the actor's.
        Conflict: it is answered.
        InvalidInput: the text is missing or too long.
    Effects:
        a row in `bidding_opening_answer`; entry `opening.objection-answered`, public; a message to the bidder.
    Source:
        R-TIME-09, R-ET-09
    """
    policy.require(actor, "opening.answer")
    lot = await trading.get_lot(tx, lot_id)
    if not lot.is_run_by(actor.organisation_id):
        raise NotFound
    await _lock(tx, lot_id)  # of two answers at one moment the later is refused, and none comes after the record
    objection = await tx.session.get(OpeningObjection, objection_id)
    if objection is None or objection.lot_id != lot_id:
        raise NotFound
    if await tx.session.get(OpeningAnswer, objection_id) is not None:
        raise Conflict("这项异议已经答复。")
    said = require_text(wording, "answer", "答复")

    facts = {
        "no": objection.no,
        "objection": objection.text,
        "outcome": outcome.value,
        "answer": said,
        "rules": ["R-TIME-09", "R-ET-09"],
    }
    entry = await record(tx, actor, "opening.objection-answered", facts, subject=lot_id, visibility="public")
    tx.session.add(
        OpeningAnswer(
            objection_id=objection_id,
            lot_id=lot_id,
            outcome=outcome.value,
            text=said,
            answered_by=actor.account_id,
            answered_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    await trading.tell(
        tx,
        [objection.raiser_id],
        lot_id,
        kind="answer",
        title=f"{lot.title}：开标异议第 {objection.no} 号已答复",
        text=f"{OUTCOMES[outcome]}。\n问：{objection.text}\n答：{said}",
        href=f"/b/lots/{lot_id}/opening",
    )
    await notify(tx, lot_id)


async def is_in_close_list(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> bool:
    """Say whether the actor stands for a bidder of the close list, who alone may object to the opening."""
    return await _own_closed_bid(tx, actor, lot_id) is not None


async def _own_closed_bid(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> queries.OwnBidView | None:
    own = await queries.find_own_bid(tx, actor, lot_id)
    return None if own is None or own.state in _OUTSIDE else own


async def _require_on_the_spot(tx: Tx, lot_id: uuid.UUID) -> None:
    """Refuse an objection that comes before the reading out or after the record; the opening stays locked."""
    opening = await _lock(tx, lot_id)
    if opening is None or opening.stage not in _ON_THE_SPOT:
        raise TooEarly("尚未唱标。请在公布报价之后、确认开标记录之前提出异议（招标投标法实施条例第四十四条）。")
    if opening.stage == OpeningStage.FAILED:
        raise Conflict("本标段没有开标，不存在对开标的异议。")
    if opening.stage == OpeningStage.RECORDED:
        raise Conflict("开标记录已经确认。对开标的异议应当在开标现场提出（招标投标法实施条例第四十四条）。")


async def _lock(tx: Tx, lot_id: uuid.UUID) -> Any:
    query = text("SELECT stage FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    return (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
