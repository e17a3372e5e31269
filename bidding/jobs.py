"""What the worker does for bidding: lots that are due, and steps of openings. Each may run twice, or be cut off."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import text

from bidding import closing, combining, ending, printing, readiness, receipt_mail, receipt_paper, releasing
from bidding.vocabulary import OpeningStage
from kernel.db.transaction import Tx
from kernel.outbox.queue import Handler
from kernel.web.services import Services
from trading import facade as trading

log = logging.getLogger("sunlit.bidding")


async def close_due_lots(services: Services) -> None:
    """Close the lots whose deadline has come, each in a transaction of its own."""
    async with services.db.begin_read_only() as tx:
        due = await trading.lots_due_for_closing(tx)
    await _each(services, due, closing.close_lot)


async def fix_deadline_checkpoints(services: Services) -> None:
    """Look whether the log has published the heads that closed lots wait for."""
    due = await _in_stage(services, OpeningStage.CLOSED)
    await _each(services, due, closing.fix_deadline_checkpoint)


async def _in_stage(services: Services, stage: OpeningStage, more: str = "") -> list[uuid.UUID]:
    async with services.db.begin_read_only() as tx:
        rows = await tx.session.execute(
            text(f"SELECT lot_id FROM bidding_opening WHERE stage = :stage {more} ORDER BY lot_id"),  # noqa: S608
            {"stage": stage.value, "now": tx.now} if more else {"stage": stage.value},
        )
        return list(rows.scalars())


async def _each(services: Services, lots: list[uuid.UUID], act: Callable[[Tx, uuid.UUID], Awaitable[object]]) -> None:
    for lot_id in lots:
        # One lot's fault must not keep the others waiting; the next round tries again.
        await _guarded(lot_id, services.db.run(partial(_on, act, lot_id)))


async def _on(act: Callable[[Tx, uuid.UUID], Awaitable[object]], lot_id: uuid.UUID, tx: Tx) -> object:
    return await act(tx, lot_id)


async def end_openings(services: Services) -> None:
    """End the openings of tenders that have ended: nothing of them is opened any more."""
    async with services.db.begin_read_only() as tx:
        due = await ending.list_ended(tx)
    await _each(services, due, ending.end_with_lot)


async def close_windows(services: Services) -> None:
    """End the windows that are over."""
    due = await _in_stage(services, OpeningStage.RELEASING, "AND window_until <= :now")
    await _each(services, due, partial(releasing.close_window, platform=services.platform))


async def advance_openings(services: Services) -> None:
    """Go on with openings that a lost wake-up or a crash has left standing."""
    due = [
        *await _in_stage(services, OpeningStage.COMBINING, f"AND ({_READY})"),
        *await _in_stage(
            services, OpeningStage.FIRST_OPENED, f"AND EXISTS ({_CLOSED_FILES}) AND NOT EXISTS ({_ENDED})"
        ),
        *await _in_stage(services, OpeningStage.OPENED, f"AND EXISTS ({_CLOSED_FILES}) AND NOT EXISTS ({_ENDED})"),
    ]
    for lot_id in due:
        await _guarded(lot_id, combining.advance(services.db, services.files, lot_id))


#: Enough batches are here, or none are needed.
_READY = (
    "EXISTS (SELECT 1 FROM bidding_keyset k WHERE k.id = bidding_opening.keyset_id AND (k.k = 0 OR"
    " (SELECT count(*) FROM bidding_share_batch s WHERE s.lot_id = bidding_opening.lot_id"
    "   AND s.step = bidding_opening.step) >= k.k))"
    " OR emergency_reason IS NOT NULL OR NOT EXISTS (SELECT 1 FROM bidding_bid b"
    "   WHERE b.lot_id = bidding_opening.lot_id AND b.state = 'released')"
)
_ENDED = "SELECT 1 FROM trading_lot l WHERE l.id = bidding_opening.lot_id AND l.stage = 'terminated'"
_CLOSED_FILES = (
    "SELECT 1 FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
    " JOIN bidding_document d ON d.submission_id = s.id WHERE b.lot_id = bidding_opening.lot_id"
    " AND (b.state = 'opened' OR (b.state = 'first_opened' AND EXISTS (SELECT 1 FROM bidding_keyset k"
    "   WHERE k.id = bidding_opening.keyset_id AND jsonb_exists(k.document -> 'steps' -> 0, d.slot))))"
    " AND NOT EXISTS (SELECT 1 FROM bidding_step t WHERE t.bid_id = b.id AND t.slot = d.slot AND t.step = 'plain')"
)


async def warn_of_expiry(services: Services) -> None:
    """Send warnings of certificates and appointments that end soon, once a day of the platform's clock."""
    async with services.db.begin() as tx:
        if await readiness.begin_day(tx):
            await readiness.warn_of_expiry(tx)


async def _guarded(lot_id: uuid.UUID, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:
        log.exception("an opening could not go on: lot %s", lot_id)


async def combine(services: Services, payload: dict[str, Any]) -> None:
    """Bring an opening as far as it can go."""
    await combining.advance(services.db, services.files, uuid.UUID(payload["lot_id"]))


JOBS: dict[str, Handler] = {
    "bidding:combine": combine,
    "bidding:print_record": printing.print_record,
    receipt_paper.PRINT: receipt_paper.print_receipt,
    receipt_mail.SEND: receipt_mail.mail_receipt,
}
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (
    close_due_lots,
    end_openings,
    fix_deadline_checkpoints,
    close_windows,
    advance_openings,
    warn_of_expiry,
)
