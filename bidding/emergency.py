"""When trustees fail: spare trustees first, then the bidders' own file keys by decision, then going on without a bid.

Every decision is a supervisor's, with a reason, in the public log (crypto.md §3.8). Spare trustees need no decision: as
long as the opening waits, whoever holds a seat may post.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.addressee import find_addressee, verify_bidder_message
from bidding.alarms import KeyUsedTooEarly
from bidding.closing import notify
from bidding.envelope.format import key_commitment
from bidding.envelopes import SealedDocument, list_documents_of_bid
from bidding.licence_trust import LicenceTrust
from bidding.messages import EMERGENCY, MessageError, check_message
from bidding.turns import find_turn, require_turn
from bidding.vocabulary import BidState, OpeningStage, Outcome, Step
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import equal, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, VerificationFailed
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue


class KeyRefused(VerificationFailed):
    """A file key is not the one that the envelope commits to, or the message is amiss; `reason` says which."""

    code = "emergency-key-refused"


def _refuse(reason: str) -> KeyRefused:
    return KeyRefused("文件密钥未通过核验，请使用本项目的开标文件（.sbk）。", reason=reason)


async def decide(tx: Tx, actor: Actor, lot_id: uuid.UUID, reason: str) -> None:
    """Decide that bidders may give their file keys directly.

    Raises:
        Conflict: the opening does not wait for shares.

    Effects:
        entry `opening.emergency`, public.
    """
    opening = await _waiting(tx, actor, lot_id, reason, OpeningStage.COMBINING)
    if opening.emergency_reason is not None:
        return
    await tx.session.execute(
        text("UPDATE bidding_opening SET emergency_reason = :reason WHERE lot_id = :lot"),
        {"reason": reason, "lot": lot_id},
    )
    await record(tx, actor, "opening.emergency", {"reason": reason}, subject=lot_id, visibility="public")
    await notify(tx, lot_id)


async def give_keys(tx: Tx, actor: Actor, token: str, *, trust: LicenceTrust) -> None:
    """Take a bidder's own file keys, each checked against its commitment. The same again is no fault.

    Raises:
        NotFound: no such lot, or the actor does not take part in it.
        KeyUsedTooEarly: nobody has decided on it; an alarm follows.
        Conflict: the bid is not one that waits for its keys.
        KeyRefused: another key, or another fault of the message.

    Effects:
        rows in `bidding_emergency_key`, entry `bid.emergency-key`, sealed until the opening.
    """
    lot, interest = await find_addressee(tx, actor, token)
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR SHARE")
    opening = (await tx.session.execute(query, {"lot": lot.id})).one_or_none()
    if opening is None or opening.emergency_reason is None:
        raise KeyUsedTooEarly("监督部门尚未决定启用应急解密，平台拒收文件密钥。", lot.id, "emergency-key")
    act = await verify_bidder_message(tx, actor, token, EMERGENCY, trust, lot.id, _refuse)
    try:
        message = check_message(act.payload, EMERGENCY)
    except MessageError:
        raise _refuse("message") from None
    bid = (
        await tx.session.execute(
            text("SELECT state, head FROM bidding_bid WHERE id = :id FOR UPDATE"), {"id": interest.bid_id}
        )
    ).one()
    if bid.state not in (BidState.RELEASED, BidState.OPENED):
        raise Conflict("您没有等待解密的投标文件。")
    if (message["bidder"], message["submission"]) != (interest.pseudonym, b64u_encode(bytes(bid.head))):
        raise _refuse("submission")
    turn = await find_turn(tx, lot.id)
    require_turn(turn, {item["slot"] for item in message["keys"]}, lot.id, "emergency-key")
    documents = await list_documents_of_bid(tx, interest.bid_id)
    keys = _keys(message, [document for document in documents if document.slot in turn.names])

    facts = {"bidder": interest.pseudonym, "message": b64u_encode(suite("intl-1").hash(token.encode()))}
    entry = await record(tx, actor, "bid.emergency-key", facts, subject=lot.id, visibility="sealed")
    await tx.session.execute(
        text(
            "INSERT INTO bidding_emergency_key (bid_id, slot, lot_id, file_key, jws, entry_id, released_at)"
            " VALUES (:bid, :slot, :lot, :key, :jws, :entry, :at) ON CONFLICT (bid_id, slot) DO NOTHING"
        ),
        [
            {
                "bid": interest.bid_id,
                "slot": slot,
                "lot": lot.id,
                "key": key,
                "jws": token,
                "entry": entry.entry_id,
                "at": tx.now,
            }
            for slot, key in keys.items()
        ],
    )
    await enqueue(
        tx, "bidding:combine", {"lot_id": str(lot.id)}, key=f"bidding:combine:{lot.id}:{turn.step}:{interest.pseudonym}"
    )


def _keys(message: dict[str, Any], documents: list[SealedDocument]) -> dict[str, bytes]:
    given = {item["slot"]: item for item in message["keys"]}
    if given.keys() != {document.slot for document in documents}:
        raise _refuse("slots")
    keys = {}
    for document in documents:
        head, item = document.head, given[document.slot]
        core, key = head.header["core"], b64u_decode(item["fk"])
        committed = key_commitment(head.suite, key, b64u_decode(core["nonce"]))
        if item["eid"] != b64u_encode(document.eid) or not equal(committed, b64u_decode(core["kc"])):
            raise _refuse("key-commit")
        keys[document.slot] = key
    return keys


async def given_at(tx: Tx, bid_id: uuid.UUID) -> datetime | None:
    """Return when a bidder gave the own file keys of the step that runs, or None."""
    query = text(
        "SELECT min(e.released_at) FROM bidding_emergency_key e JOIN bidding_opening o ON o.lot_id = e.lot_id"
        " WHERE e.bid_id = :bid AND (o.begun_at IS NULL OR e.released_at >= o.begun_at)"
    )
    found: datetime | None = (await tx.session.execute(query, {"bid": bid_id})).scalar_one()
    return found


async def waits_for_keys(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Say whether documents are still shut after the prices were read out."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
        " JOIN bidding_document d ON d.submission_id = s.id LEFT JOIN bidding_step k"
        " ON k.bid_id = b.id AND k.slot = d.slot AND k.step = 'key'"
        " WHERE b.lot_id = :lot AND b.state IN ('released', 'opened') AND d.slot = ANY(:names) AND k.bid_id IS NULL)"
    )
    names = sorted((await find_turn(tx, lot_id)).names)
    return bool((await tx.session.execute(query, {"lot": lot_id, "names": names})).scalar_one())


async def conclude(tx: Tx, actor: Actor, lot_id: uuid.UUID, reason: str) -> None:
    """Stop waiting: bids whose keys cannot be put together are out, as withdrawn, not revoked (R-ET-07).

    Raises:
        Conflict: the opening waits for nothing.

    Effects:
        a step FAULT_PLATFORM `share-count` for every missing key; entry `opening.concluded`, public.
    """
    opening = await _waiting(tx, actor, lot_id, reason, OpeningStage.COMBINING, OpeningStage.OPENED)
    if opening.stage == OpeningStage.OPENED and not await waits_for_keys(tx, lot_id):
        raise Conflict("全部投标文件都已打开，没有需要等待的。")
    await record(tx, actor, "opening.concluded", {"reason": reason}, subject=lot_id, visibility="public")
    await tx.session.execute(
        text(
            "INSERT INTO bidding_step (bid_id, slot, step, lot_id, outcome, code, done_at)"
            " SELECT b.id, d.slot, :key, b.lot_id, :outcome, 'share-count', :now FROM bidding_bid b"
            " JOIN bidding_submission s ON s.digest = b.head JOIN bidding_document d ON d.submission_id = s.id"
            " WHERE b.lot_id = :lot AND b.state IN ('released', 'opened') AND d.slot = ANY(:names)"
            " ON CONFLICT (bid_id, slot, step) DO NOTHING"
        ),
        {
            "key": Step.KEY.value,
            "outcome": Outcome.FAULT_PLATFORM.value,
            "now": tx.now,
            "lot": lot_id,
            "names": sorted((await find_turn(tx, lot_id)).names),
        },
    )
    await tx.session.execute(
        text(
            "UPDATE bidding_bid b SET state = :state, fault = 'share-count' FROM bidding_step k"
            " WHERE b.lot_id = :lot AND b.state = 'opened' AND k.bid_id = b.id AND k.step = 'key'"
            " AND k.outcome = :outcome"
        ),
        {"state": BidState.FAULT_PLATFORM.value, "outcome": Outcome.FAULT_PLATFORM.value, "lot": lot_id},
    )
    await enqueue(
        tx, "bidding:combine", {"lot_id": str(lot_id)}, key=f"bidding:combine:{lot_id}:{opening.step}:concluded"
    )
    await notify(tx, lot_id)


async def _waiting(tx: Tx, actor: Actor, lot_id: uuid.UUID, reason: str, *stages: OpeningStage) -> Row[Any]:
    policy.require(actor, "opening.intervene")
    if not reason.strip():
        raise InvalidInput("请写明决定的理由。", [("reason", "请写明决定的理由。")])
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if opening is None:
        raise NotFound
    if opening.stage not in stages:
        raise Conflict("开标现在没有等待见证人分片，不需要作出这项决定。")
    return opening
