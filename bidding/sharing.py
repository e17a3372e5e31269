"""The trustees' half of the opening: heads to look at, shares to post (crypto.md §3.7 step 4)."""

import uuid
from typing import Any

from sqlalchemy import Row, text

from bidding.addressee import find_lot_of
from bidding.alarms import KeyUsedTooEarly
from bidding.closing import notify, proof_of_close
from bidding.ending import require_not_ended
from bidding.envelope.format import core_hash, share_commitment
from bidding.envelopes import SealedDocument, list_documents, shown_head
from bidding.messages import SHARE
from bidding.trustee_signature import verify_trustee_message
from bidding.turns import find_turn, proof_of_conclusion, require_turn
from bidding.vocabulary import BidState, OpeningStage
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import equal, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.log.writer import record
from kernel.outbox.queue import enqueue


class ShareRefused(VerificationFailed):
    """A batch does not fit; `reason` is the code, `eid` the envelope. A wrong share is provable, and logged."""

    code = "share-refused"


async def has_seat(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> bool:
    """Say whether the actor holds a seat in the lot's keyset."""
    return await _find_seat(tx, actor, lot_id) is not None


async def list_headers(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return what a trustee's client verifies before it opens anything.

    Returns:
        keyset and seat; `close` and `window_closed` as details with their proofs, the latter signed as well; the rows
        of the close list with the message of each; the heads of the released envelopes of the step that runs, which
        `step` names; in the second step `technical`, the proved conclusion of the technical evaluation.

    Raises:
        NotFound: the actor has no seat in the lot's keyset, or the log has not numbered the end of the window yet.
        KeyUsedTooEarly: the window is not over; an alarm follows.
        Conflict: the lot failed.
    """
    seat = await _seat(tx, actor, lot_id)
    opening = await _require_combining(tx, lot_id, "headers")
    query = text("SELECT items FROM bidding_close WHERE lot_id = :lot")
    rows = (await tx.session.execute(query, {"lot": lot_id})).scalar_one()
    window = await reader.find_entry(tx, opening.window_entry_id)
    turn = await find_turn(tx, lot_id)
    documents = await list_documents(tx, lot_id, BidState.RELEASED, BidState.OPENED, names=turn.names)
    return {
        "step": turn.step,
        "technical": await proof_of_conclusion(tx, lot_id) if turn.is_second else None,
        "keyset": seat.document,
        "ks": b64u_encode(bytes(seat.ks)),
        "i": seat.i,
        "close": await proof_of_close(tx, lot_id),
        "window": opening.window_jws,
        "window_closed": {
            "detail": window.detail,
            "proof": await reader.proof_of_entry(tx, opening.window_entry_id),
        },
        "close_list": rows,
        "submissions": await _submissions(tx, lot_id),
        "headers": [shown_head(document) for document in documents],
    }


async def _submissions(tx: Tx, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the messages of all bids in the close list, in an order that tells nothing."""
    rows = await tx.session.execute(
        text(
            "SELECT s.payload FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
            " JOIN bidding_interest i ON i.id = b.interest_id WHERE b.lot_id = :lot"
            " AND b.state NOT IN ('registered', 'sealed', 'withdrawn') ORDER BY i.pseudonym"
        ),
        {"lot": lot_id},
    )
    return list(rows.scalars())


async def post_shares(tx: Tx, actor: Actor, token: str) -> None:
    """Take all shares of one trustee, each checked against its commitment. The same batch again is no fault.

    A share may be missing where the bidder wrapped nothing sensible for this trustee; then others must help.

    Raises:
        NotFound: no such lot, or no seat of the actor's.
        KeyUsedTooEarly: the window is not over; an alarm follows.
        Conflict: another batch of this trustee is here already, or the lot failed.
        SignatureRefused: not signed by the trustee's key on record.
        ShareRefused: `keyset`, `unknown-eid` or `share-commit`.

    Effects:
        a batch with its shares; entry `bid.share`, public; with the k-th batch the bids are combined.
    """
    lot = await find_lot_of(tx, token)
    seat = await _seat(tx, actor, lot.id)
    await _require_combining(tx, lot.id, "share", lock=True)
    message = await verify_trustee_message(tx, actor, token, SHARE)
    if (message["ks"], message["i"]) != (b64u_encode(bytes(seat.ks)), seat.i):
        raise ShareRefused("分片与本席位不符。", reason="keyset")
    turn = await find_turn(tx, lot.id)
    if await _is_known(tx, seat, turn.step, token):
        return
    every = {name for step in turn.steps for name in step}
    listed = await list_documents(tx, lot.id, BidState.RELEASED, names=every)
    given = {item["eid"] for item in message["shares"]}
    require_turn(turn, {d.slot for d in listed if b64u_encode(d.eid) in given}, lot.id, "share")
    documents = {document.eid: document for document in listed if document.slot in turn.names}
    shares = [_checked(documents, seat.i, item) for item in message["shares"]]

    facts = {
        "ks": message["ks"],
        "i": seat.i,
        "role": seat.role,
        "message": b64u_encode(suite("intl-1").hash(token.encode())),
    }
    entry = await record(tx, actor, "bid.share", facts, subject=lot.id, visibility="public")
    await tx.session.execute(
        text(
            "INSERT INTO bidding_share_batch (keyset_id, i, step, lot_id, jws, entry_id, posted_at)"
            " VALUES (:keyset, :i, :step, :lot, :jws, :entry, :at)"
        ),
        {
            "keyset": seat.keyset_id,
            "i": seat.i,
            "step": turn.step,
            "lot": lot.id,
            "jws": token,
            "entry": entry.entry_id,
            "at": tx.now,
        },
    )
    rows = [{"bid": d.bid_id, "slot": d.slot, "i": seat.i, "lot": lot.id, "share": share} for d, share in shares]
    if rows:
        await tx.session.execute(
            text("INSERT INTO bidding_share (bid_id, slot, i, lot_id, share) VALUES (:bid, :slot, :i, :lot, :share)"),
            rows,
        )
    count = await count_batches(tx, lot.id)
    if count >= seat.k:
        await enqueue(
            tx, "bidding:combine", {"lot_id": str(lot.id)}, key=f"bidding:combine:{lot.id}:{turn.step}:{count}"
        )
    await notify(tx, lot.id)


async def record_wrong_share(tx: Tx, actor: Actor, lot_id: uuid.UUID, refusal: ShareRefused) -> None:
    """Keep that a trustee posted a share that is not the sealed one; a transaction of its own.

    Effects:
        entry `bid.share-refused`, sealed until the opening.
    """
    facts = {"reason": refusal.extra["reason"], "eid": refusal.extra.get("eid", "")}
    await record(tx, actor, "bid.share-refused", facts, subject=lot_id, visibility="sealed")


async def _find_seat(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Row[Any] | None:
    rows = await tx.session.execute(
        text(
            "SELECT k.id AS keyset_id, k.ks, k.k, k.document, s.i, s.role FROM bidding_keyset k"
            " JOIN bidding_seat s ON s.keyset_id = k.id"
            " WHERE k.lot_id = :lot AND k.state = 'published' AND s.account_id = :account"
        ),
        {"lot": lot_id, "account": actor.account_id},
    )
    return rows.first()


async def _seat(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Row[Any]:
    found = await _find_seat(tx, actor, lot_id)
    if found is None:
        raise NotFound
    return found


async def _require_combining(tx: Tx, lot_id: uuid.UUID, what: str, *, lock: bool = False) -> Row[Any]:
    await require_not_ended(tx, lot_id)
    query = text(f"SELECT * FROM bidding_opening WHERE lot_id = :lot {'FOR UPDATE' if lock else ''}")  # noqa: S608
    opening = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    stage = None if opening is None else OpeningStage(opening.stage)
    if opening is None or stage in (OpeningStage.CLOSED, OpeningStage.RELEASING):
        raise KeyUsedTooEarly("投标人解密尚未结束，不能使用见证人密钥；本次操作已报告监督部门。", lot_id, what)
    if stage is OpeningStage.FIRST_OPENED and what == "share":
        raise KeyUsedTooEarly("第二信封尚未开启，不能使用见证人密钥；本次操作已报告监督部门。", lot_id, what)
    if stage is OpeningStage.FIRST_OPENED:
        raise Conflict("第一信封已经开启；技术评审结束、招标人开启第二信封后，再核对第二信封。")
    if stage is OpeningStage.FAILED:
        raise Conflict("本标段未能开标，投标文件保持密封。")
    if what == "share" and stage is not OpeningStage.COMBINING:
        raise Conflict("本标段已经开标，不再需要分片。")
    return opening


async def _is_known(tx: Tx, seat: Row[Any], step: int, token: str) -> bool:
    query = text("SELECT jws FROM bidding_share_batch WHERE keyset_id = :keyset AND i = :i AND step = :step")
    values = {"keyset": seat.keyset_id, "i": seat.i, "step": step}
    known = (await tx.session.execute(query, values)).scalar_one_or_none()
    if known is not None and known != token:
        raise Conflict("您已经提交过分片。")
    return known is not None


def _checked(documents: dict[bytes, SealedDocument], i: int, item: dict[str, Any]) -> tuple[SealedDocument, bytes]:
    document = documents.get(b64u_decode(item["eid"]))
    if document is None:
        raise ShareRefused("分片对应的文件不在开标清单内。", reason="unknown-eid", eid=item["eid"])
    head, share = document.head, b64u_decode(item["share"])
    committed = b64u_decode(head.header["tk"][i - 1]["sc"])
    if not equal(share_commitment(head.suite, core_hash(head.suite, head.header["core"]), i, share), committed):
        raise ShareRefused("分片不正确，与投标时密封的不一致。", reason="share-commit", eid=item["eid"])
    return document, share


async def count_batches(tx: Tx, lot_id: uuid.UUID) -> int:
    """Return how many trustees have posted their shares of the step that runs."""
    query = text(
        "SELECT count(*) FROM bidding_share_batch s JOIN bidding_opening o ON o.lot_id = s.lot_id AND o.step = s.step"
        " WHERE s.lot_id = :lot"
    )
    return int((await tx.session.execute(query, {"lot": lot_id})).scalar_one())


async def list_posted(tx: Tx, lot_id: uuid.UUID) -> dict[int, Any]:
    """Return seat → instant of the batches of the step that runs; trustees are public."""
    query = text(
        "SELECT s.i, s.posted_at FROM bidding_share_batch s"
        " JOIN bidding_opening o ON o.lot_id = s.lot_id AND o.step = s.step WHERE s.lot_id = :lot"
    )
    rows = await tx.session.execute(query, {"lot": lot_id})
    return {row.i: row.posted_at for row in rows}
