"""Closing a lot at its deadline: the close list, its root in the log, the deadline checkpoint (crypto.md §3.7).

The root is public at once, the list only at the opening, so that the number of bidders stays secret. The first
published head of the log that covers the close entry is the *deadline checkpoint*: a bid counts only if its own entry
lies below the size of that head, so that nothing can be slipped in later.
"""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from bidding.keysets import KeysetView, require_published_keyset
from bidding.messages import close_list, close_root
from bidding.models.opening import Close, Opening
from bidding.vocabulary import MIN_BIDDERS, BidState, OpeningStage
from kernel.canonical import b64u_encode, format_time
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import NotFound, TooEarly
from kernel.identity.actor import system_actor
from kernel.log import reader
from kernel.log.writer import record_detail
from kernel.timestamps.ordering import order_stamp
from trading import facade as trading
from trading.legal import law_of
from trading.lot_view import LotView


async def close_lot(tx: Tx, lot_id: uuid.UUID) -> None:
    """Close bidding for a lot whose deadline has come. A second time nothing happens.

    Raises:
        TooEarly: the deadline has not come.

    Effects:
        rows in `bidding_close` and `bidding_opening`, bids in the list are CLOSED, public entry `bid.close` with the
        root of the list; with too few bids the lot fails and everything stays sealed.
    Source:
        R-ET-05, R-FAIL-01, R-TIME-12
    """
    lot = await trading.lock_lot(tx, lot_id)  # no bid is being accepted from here on
    if lot.closed_at is not None:
        return
    instant = await tx.instant()
    if lot.deadline is None or instant < lot.deadline:
        raise TooEarly("投标截止时间未到。")
    await trading.mark_closed(tx, lot_id)
    keyset = await require_published_keyset(tx, lot_id)

    items = close_list(await _sealed_bids(tx, lot_id))
    root = close_root(suite("intl-1"), items)
    detail = {
        "v": 1,
        "type": "bid.close",
        "tender": lot.tender,
        "lot": lot.number,
        "ks": b64u_encode(keyset.ks),
        "root": b64u_encode(root),
        "closed_at": format_time(instant),
    }
    entry = await record_detail(tx, "bid.close", detail, subject=lot_id, visibility="public")
    tx.session.add(Close(lot_id=lot_id, items=items, root=root, entry_id=entry.entry_id, closed_at=instant))
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :closed WHERE lot_id = :lot AND state = :sealed"),
        {"closed": BidState.CLOSED.value, "sealed": BidState.SEALED.value, "lot": lot_id},
    )
    failed = len(items) < await _fewest(tx, lot)
    tx.session.add(_opening(lot, keyset, instant, failed=failed))
    if failed:
        await trading.declare_failed(
            tx, system_actor(), lot_id, "投标截止时投标人少于三个，不予开标，投标文件保持密封，依法重新招标。"
        )
    await notify(tx, lot_id)


async def _sealed_bids(tx: Tx, lot_id: uuid.UUID) -> list[tuple[str, int, bytes]]:
    """Return each bidder's last revision, unless it is a withdrawal: from the append-only rows, not from the state."""
    rows = await tx.session.execute(
        text(
            "SELECT i.pseudonym, s.rev, s.digest FROM (SELECT DISTINCT ON (bid_id) bid_id, rev, digest, kind"
            "   FROM bidding_submission WHERE lot_id = :lot ORDER BY bid_id, rev DESC) s"
            " JOIN bidding_bid b ON b.id = s.bid_id JOIN bidding_interest i ON i.id = b.interest_id"
            " WHERE s.kind = 'submission'"
        ),
        {"lot": lot_id},
    )
    return [(row.pseudonym, row.rev, bytes(row.digest)) for row in rows]


async def _fewest(tx: Tx, lot: LotView) -> int:
    return (await law_of(tx, lot.regime.value, lot.registered_at)).count(MIN_BIDDERS)


def _opening(lot: LotView, keyset: KeysetView, instant: datetime, *, failed: bool) -> Opening:
    return Opening(
        lot_id=lot.id,
        keyset_id=keyset.id,
        stage=(OpeningStage.FAILED if failed else OpeningStage.CLOSED).value,
        step=1,
        begun_at=None,
        closed_at=instant,
        deadline_size=None,
        window_until=end_of_window(lot, keyset, instant),
        window_closed_at=None,
        window_entry_id=None,
        window_jws=None,
        emergency_reason=None,
        opened_at=None,
        opened_entry_id=None,
        reading=None,
    )


def end_of_window(lot: LotView, keyset: KeysetView, closed_at: datetime) -> datetime:
    """Return when the window ends as planned: bidders get all of it, even when the platform closed late."""
    begin = max(closed_at, lot.opening_at or closed_at)
    return begin + timedelta(seconds=keyset.window_s if keyset.policy.takes_bidders else 0)


async def fix_deadline_checkpoint(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Note the deadline checkpoint once it is published; from then on bidders may release.

    Returns:
        False while the log has not published a head that covers the close entry.

    Effects:
        the opening's stage; an order for the checkpoint's time stamp, which nothing waits for.
    """
    row = (
        await tx.session.execute(
            text(
                "SELECT c.entry_id FROM bidding_opening o JOIN bidding_close c ON c.lot_id = o.lot_id"
                " WHERE o.lot_id = :lot AND o.stage = :closed FOR UPDATE OF o"
            ),
            {"lot": lot_id, "closed": OpeningStage.CLOSED.value},
        )
    ).one_or_none()
    if row is None:
        return True
    entry = await reader.find_entry(tx, row.entry_id)
    head = None if entry.index is None else await reader.first_checkpoint_covering(tx, entry.index)
    if head is None:
        return False
    await tx.session.execute(
        text("UPDATE bidding_opening SET deadline_size = :size, stage = :stage WHERE lot_id = :lot"),
        {"size": head.size, "stage": OpeningStage.RELEASING.value, "lot": lot_id},
    )
    await order_stamp(tx, head.size)
    await notify(tx, lot_id)
    return True


async def notify(tx: Tx, lot_id: uuid.UUID) -> None:
    """Tell the pages that watch a lot that something public has changed; never called for what is sealed."""
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot_id)})


async def proof_of_close(tx: Tx, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the public half of the close: detail of the entry, and the proof by the deadline checkpoint.

    Raises:
        NotFound: the lot is not closed, or the log has not numbered the entry yet.
    """
    row = (
        await tx.session.execute(
            text(
                "SELECT c.entry_id, o.deadline_size, e.detail FROM bidding_close c"
                " JOIN bidding_opening o ON o.lot_id = c.lot_id JOIN audit_entry e ON e.id = c.entry_id"
                " WHERE c.lot_id = :lot"
            ),
            {"lot": lot_id},
        )
    ).one_or_none()
    if row is None or row.deadline_size is None:
        raise NotFound("本标段尚未截止，或日志尚未收录开标清单。")
    head = await reader.checkpoint_of_size(tx, row.deadline_size)
    detail = row.detail if isinstance(row.detail, dict) else json.loads(row.detail)
    return {"detail": detail, "proof": await reader.proof_of_entry(tx, row.entry_id, checkpoint=head)}
