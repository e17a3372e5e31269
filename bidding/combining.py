"""Opening step by step: file keys, forms, the reading-out table, files. Every step is a row, so a restart goes on.

`advance` looks at what is there and does what is missing; run twice, cut off anywhere, or run by two workers at once,
it comes to the same result (attack 20 of crypto.md §13).
"""

import asyncio
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import text

from bidding import reading_out
from bidding.closing import notify
from bidding.decryption import Fault, decrypt
from bidding.ending import has_ended
from bidding.envelope import EnvelopeError, recover_file_key
from bidding.envelopes import SealedDocument, find_document
from bidding.keysets import require_published_keyset
from bidding.turns import find_turn
from bidding.vocabulary import FORM, FORMS, BidState, OpeningStage, Outcome, Step
from kernel.db.transaction import Database, Tx
from kernel.files.library import enter_file
from kernel.files.store import FileStore

#: Documents that are decrypted side by side; each may hold its whole plaintext in memory (`decryption.QUARANTINE`).
_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Pending:
    """A document whose step is still to be done."""

    bid_id: uuid.UUID
    slot: str
    file_key: bytes | None


async def advance(db: Database, store: FileStore, lot_id: uuid.UUID) -> bool:
    """Bring a lot's opening as far as it can go now.

    Returns:
        False while it waits for people: shares, or keys in an emergency.
    """
    async with db.begin_read_only() as tx:
        if await has_ended(tx, lot_id):
            return True
    if await _stage(db, lot_id) is OpeningStage.COMBINING:
        async with db.begin_read_only() as tx:
            turn = await find_turn(tx, lot_id)
        # Of a first envelope every key is wanted before its table: after it nobody is asked for them again.
        if not await recover_keys(db, lot_id, turn.names if turn.is_first_of_two else {turn.form}):
            return False
        await open_documents(db, store, lot_id, {turn.form})
        await reading_out.publish(db, store, lot_id)
    if await _stage(db, lot_id) in (OpeningStage.FIRST_OPENED, OpeningStage.OPENED):
        async with db.begin_read_only() as tx:
            files = (await find_turn(tx, lot_id)).so_far - set(FORMS)
        complete = await recover_keys(db, lot_id, files)
        await open_documents(db, store, lot_id, files)
        return complete
    return True


async def _stage(db: Database, lot_id: uuid.UUID) -> OpeningStage | None:
    async with db.begin_read_only() as tx:
        return await _stage_in(tx, lot_id)


async def _stage_in(tx: Tx, lot_id: uuid.UUID) -> OpeningStage | None:
    query = text("SELECT stage FROM bidding_opening WHERE lot_id = :lot")
    found = (await tx.session.execute(query, {"lot": lot_id})).scalar_one_or_none()
    return None if found is None else OpeningStage(found)


# File keys.


async def recover_keys(db: Database, lot_id: uuid.UUID, awaited: Collection[str] = (FORM,)) -> bool:
    """Recover the file keys of all released bids, each in a transaction of its own.

    Args:
        awaited: the parts whose keys the opening cannot go on without.

    Returns:
        False while such a key waits for shares.
    """
    async with db.begin_read_only() as tx:
        waiting = await _without_step(tx, lot_id, Step.KEY)
    complete = True
    for pending in waiting:
        done = await db.run(partial(_recover, pending))
        complete = complete and (done or pending.slot not in awaited)
    return complete


async def _recover(pending: Pending, tx: Tx) -> bool:
    return await recover_key(tx, pending.bid_id, pending.slot)


async def recover_key(tx: Tx, bid_id: uuid.UUID, slot: str) -> bool:
    """Put one file key together and keep it, or whose fault it is that there is none.

    Returns:
        False while too few shares are here.
    """
    document = await find_document(tx, bid_id, slot)
    assert document is not None
    keyset = await require_published_keyset(tx, document.lot_id)
    parts = await _parts(tx, bid_id, slot)
    if parts.emergency_key is not None:
        await _keep_key(tx, document, parts.emergency_key)
        return True
    use_shares = keyset.policy.takes_trustees and len(parts.shares) >= keyset.k
    if keyset.policy.takes_trustees and not use_shares and (keyset.policy != "either" or parts.secret is None):
        return False
    try:
        file_key = recover_file_key(document.head.header, parts.secret, parts.shares if use_shares else None)
    except EnvelopeError as error:
        await _add_step(tx, document, Step.KEY, Outcome.FAULT_BIDDER, error.code)
        if slot not in FORMS and await _stage_in(tx, document.lot_id) is OpeningStage.OPENED:
            await reading_out.note_file(tx, document, Outcome.FAULT_BIDDER, error.code)
        return True
    await _keep_key(tx, document, file_key)
    return True


@dataclass(frozen=True, slots=True)
class _Parts:
    secret: bytes | None
    shares: list[tuple[int, bytes]]
    emergency_key: bytes | None


async def _parts(tx: Tx, bid_id: uuid.UUID, slot: str) -> _Parts:
    values = {"bid": bid_id, "slot": slot}
    secret = await tx.session.execute(
        text("SELECT secret FROM bidding_release WHERE bid_id = :bid AND slot = :slot"), values
    )
    shares = await tx.session.execute(
        text("SELECT i, share FROM bidding_share WHERE bid_id = :bid AND slot = :slot ORDER BY i"), values
    )
    emergency = await tx.session.execute(
        text("SELECT file_key FROM bidding_emergency_key WHERE bid_id = :bid AND slot = :slot"), values
    )
    return _Parts(
        _bytes(secret.scalar_one_or_none()),
        [(row.i, bytes(row.share)) for row in shares],
        _bytes(emergency.scalar_one_or_none()),
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


async def _keep_key(tx: Tx, document: SealedDocument, file_key: bytes) -> None:
    await _add_step(tx, document, Step.KEY, Outcome.OK, "", file_key=file_key)


# Plaintexts.


async def open_documents(db: Database, store: FileStore, lot_id: uuid.UUID, names: Collection[str]) -> None:
    """Decrypt the documents of these parts whose keys are there, two at a time: it keeps two cores busy."""
    async with db.begin_read_only() as tx:
        waiting = [p for p in await _without_step(tx, lot_id, Step.PLAIN) if p.slot in names and p.file_key]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def open_one(pending: Pending) -> None:
        async with gate:
            await open_document(db, store, pending)

    ended = await asyncio.gather(*(open_one(pending) for pending in waiting), return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome


async def open_document(db: Database, store: FileStore, pending: Pending) -> None:
    """Decrypt one document: outside any transaction, then keep the result in one."""
    async with db.begin_read_only() as tx:
        document = await find_document(tx, pending.bid_id, pending.slot)
    assert document is not None
    assert pending.file_key is not None
    result = await decrypt(store, document, pending.file_key)

    async def keep(tx: Tx) -> None:
        if await _has_step(tx, document, Step.PLAIN):
            return
        if isinstance(result, Fault):
            await _add_step(tx, document, Step.PLAIN, result.outcome, result.code)
            if document.slot not in FORMS:
                await reading_out.note_file(tx, document, result.outcome, result.code)
        else:
            file = await enter_file(
                tx,
                digest=result.digest,
                size=result.size,
                name=f"{document.bidder}-{document.slot}",
                media_type="application/json" if document.slot in FORMS else "application/pdf",
                access=f"bidding.{document.slot}",
                subject=document.lot_id,
            )
            await _add_step(
                tx, document, Step.PLAIN, Outcome.OK, "", file_id=file.id, digest=result.digest, size=result.size
            )
        if document.slot not in FORMS:
            await notify(tx, document.lot_id)

    await db.run(keep)


async def _has_step(tx: Tx, document: SealedDocument, step: Step) -> bool:
    # Two workers may come to the same point; the second finds the row once the first has committed.
    await tx.session.execute(text("SELECT 1 FROM bidding_bid WHERE id = :bid FOR UPDATE"), {"bid": document.bid_id})
    query = text("SELECT EXISTS (SELECT 1 FROM bidding_step WHERE bid_id = :bid AND slot = :slot AND step = :step)")
    values = {"bid": document.bid_id, "slot": document.slot, "step": step.value}
    return bool((await tx.session.execute(query, values)).scalar_one())


async def _add_step(
    tx: Tx,
    document: SealedDocument,
    step: Step,
    outcome: Outcome,
    code: str,
    *,
    file_key: bytes | None = None,
    file_id: uuid.UUID | None = None,
    digest: bytes | None = None,
    size: int | None = None,
) -> None:
    await tx.session.execute(
        text(
            "INSERT INTO bidding_step (bid_id, slot, step, lot_id, outcome, code, file_key, file_id, digest, size,"
            " done_at) VALUES (:bid, :slot, :step, :lot, :outcome, :code, :key, :file, :digest, :size, :at)"
            " ON CONFLICT (bid_id, slot, step) DO NOTHING"
        ),
        {
            "bid": document.bid_id,
            "slot": document.slot,
            "step": step.value,
            "lot": document.lot_id,
            "outcome": outcome.value,
            "code": code,
            "key": file_key,
            "file": file_id,
            "digest": digest,
            "size": size,
            "at": tx.now,
        },
    )


async def _without_step(tx: Tx, lot_id: uuid.UUID, step: Step) -> list[Pending]:
    """Return the documents of released and opened bids that lack a step; for plaintexts with the key that is known.

    A part that a later step of the opening opens is not among them.
    """
    rows = await tx.session.execute(
        text(
            "SELECT b.id, d.slot, k.file_key FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
            " JOIN bidding_document d ON d.submission_id = s.id"
            " LEFT JOIN bidding_step k ON k.bid_id = b.id AND k.slot = d.slot AND k.step = 'key'"
            " WHERE b.lot_id = :lot AND b.state = ANY(:states) AND d.slot = ANY(:names)"
            " AND NOT EXISTS (SELECT 1 FROM bidding_step t"
            "   WHERE t.bid_id = b.id AND t.slot = d.slot AND t.step = :step)"
            " ORDER BY s.received_at, d.slot"
        ),
        {
            "lot": lot_id,
            "step": step.value,
            "states": [s.value for s in (BidState.RELEASED, BidState.FIRST_OPENED, BidState.OPENED)],
            "names": sorted((await find_turn(tx, lot_id)).so_far),
        },
    )
    return [Pending(row.id, row.slot, _bytes(row.file_key)) for row in rows]
