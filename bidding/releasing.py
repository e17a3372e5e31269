"""The bidders' half of the opening: releases inside the window, and its end (crypto.md §3.7 steps 2 and 3)."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.addressee import find_addressee, verify_bidder_message
from bidding.alarms import KeyUsedTooEarly
from bidding.closing import notify
from bidding.drawn import waits_for_draw
from bidding.ending import end_with_lot, require_not_ended
from bidding.envelope.format import bidder_commitment, core_hash
from bidding.envelopes import SealedDocument, list_documents, list_documents_of_bid
from bidding.keysets import require_published_keyset
from bidding.licence_trust import LicenceTrust
from bidding.messages import RELEASE, MessageError, check_message, close_root
from bidding.turns import Turn, find_turn, require_turn
from bidding.vocabulary import BidState, OpeningStage, Policy
from kernel.canonical import b64u_decode, b64u_encode, format_time
from kernel.crypto import equal, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log.platform import PlatformKey
from kernel.log.writer import record_detail
from kernel.outbox.queue import enqueue
from trading import facade as trading
from trading.lot_view import LotView

#: `typ` of the platform's signature over the end of the window.
WINDOW = "otp-window+jws"


class ReleaseRefused(VerificationFailed):
    """A release does not fit; the bidder may correct it while the window lasts. `reason` says what is amiss."""

    code = "release-refused"


class CloseListBroken(RuntimeError):
    """What is stored does not give the logged root: a fault of the platform that a person must look at."""


_WORDS = {
    "signature": "签名未通过核验，请使用本单位的电子营业执照签名。",
    "certificate": "签名所用的执照不属于当前登录的单位。",
    "signer": "签名人不是本单位执照持有人，也没有本标段有效的签名授权。",
    "message": "解密内容的格式不正确。",
    "bidder": "投标代号与登记不符。",
    "submission": "这不是截止时有效的那次递交。",
    "slots": "请一次提交本次开启的全部文件的解密密钥。",
    "eid": "密钥对应的文件与递交时不同。",
    "bidder-secret": "密钥不正确：它打不开您递交的这份文件，请确认使用的是本项目的开标文件（.sbk）。",
}


def _refuse(reason: str) -> ReleaseRefused:
    return ReleaseRefused(_WORDS[reason], reason=reason)


async def release(tx: Tx, actor: Actor, token: str, *, trust: LicenceTrust) -> None:
    """Take a bidder's secrets, each checked against the commitment in its envelope. The same again is no fault.

    Raises:
        NotFound: no such lot, or the actor does not take part in it.
        KeyUsedTooEarly: the lot is not closed; an alarm follows.
        TooEarly: the log has not published the deadline checkpoint yet; a moment later it will have.
        DeadlinePassed: the window is over.
        Conflict: the lot failed, its procedure asks no release, or this bid is not in the close list.
        ReleaseRefused: another bid's secret, or another fault of the message.

    Effects:
        rows in `bidding_release`, the bid is RELEASED, entry `bid.release`, sealed until the opening.
    Source:
        R-ET-06; crypto.md §3.7 step 2
    """
    lot, interest = await find_addressee(tx, actor, token)
    await require_not_ended(tx, lot.id)
    opening = await _opening(tx, lot.id)
    _require_window(lot, opening, await tx.instant())
    act = await verify_bidder_message(tx, actor, token, RELEASE, trust, lot.id, _refuse)
    message = _checked(act.payload)
    turn = await find_turn(tx, lot.id)
    require_turn(turn, {item["slot"] for item in message["secrets"]}, lot.id, "release")
    if message["bidder"] != interest.pseudonym:
        raise _refuse("bidder")
    bid = await _bid(tx, interest.bid_id)
    if bid.state == BidState.RELEASED:
        return
    if bid.state == BidState.NOT_PASSED:
        raise Conflict("您的投标未通过技术评审，第二信封不开启，保持密封，不需要解密。")
    if bid.state != awaited_state(turn):
        raise Conflict("您没有在截止时有效的投标文件。")
    if message["submission"] != b64u_encode(bytes(bid.head)):
        raise _refuse("submission")
    documents = await list_documents_of_bid(tx, interest.bid_id)
    secrets = _secrets(message, [document for document in documents if document.slot in turn.names])

    detail = {
        "v": 1,
        "type": "bid.release",
        "tender": lot.tender,
        "lot": lot.number,
        "bidder": interest.pseudonym,
        "submission": message["submission"],
        "message": b64u_encode(suite("intl-1").hash(token.encode())),
        "at": format_time(await tx.instant()),
    }
    entry = await record_detail(tx, "bid.release", detail, subject=lot.id, visibility="sealed")
    await tx.session.execute(
        text(
            "INSERT INTO bidding_release (bid_id, slot, lot_id, secret, jws, entry_id, released_at)"
            " VALUES (:bid, :slot, :lot, :secret, :jws, :entry, :at)"
        ),
        [
            {
                "bid": interest.bid_id,
                "slot": slot,
                "lot": lot.id,
                "secret": secret,
                "jws": token,
                "entry": entry.entry_id,
                "at": tx.now,
            }
            for slot, secret in secrets.items()
        ],
    )
    await _set_state(tx, interest.bid_id, BidState.RELEASED)


async def _opening(tx: Tx, lot_id: uuid.UUID) -> Row[Any] | None:
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR SHARE")
    return (await tx.session.execute(query, {"lot": lot_id})).one_or_none()


def _require_window(lot: LotView, opening: Row[Any] | None, now: datetime) -> None:
    if opening is None:
        raise KeyUsedTooEarly("尚未到开标时间，平台拒收解密密钥；本次操作已报告监督部门。", lot.id, "release")
    stage = OpeningStage(opening.stage)
    if stage is OpeningStage.FIRST_OPENED:
        raise KeyUsedTooEarly("第二信封尚未开启，平台拒收解密密钥；本次操作已报告监督部门。", lot.id, "release")
    if stage is OpeningStage.FAILED:
        raise Conflict("本标段未能开标，不需要解密，投标文件保持密封。")
    if stage is OpeningStage.CLOSED:
        raise TooEarly("正在固定开标清单，请稍候几秒再解密。")
    if stage is not OpeningStage.RELEASING or now >= opening.window_until:
        raise DeadlinePassed("解密时间已过。")


def _checked(payload: Any) -> dict[str, Any]:
    try:
        return check_message(payload, RELEASE)
    except MessageError:
        raise _refuse("message") from None


def _secrets(message: dict[str, Any], documents: list[SealedDocument]) -> dict[str, bytes]:
    given = {item["slot"]: item for item in message["secrets"]}
    if given.keys() != {document.slot for document in documents}:
        raise _refuse("slots")
    secrets = {}
    for document in documents:
        item = given[document.slot]
        if item["eid"] != b64u_encode(document.eid):
            raise _refuse("eid")
        secret = b64u_decode(item["secret"])
        if not fits(document, secret):
            raise _refuse("bidder-secret")
        secrets[document.slot] = secret
    return secrets


def fits(document: SealedDocument, secret: bytes) -> bool:
    """Say whether a bidder's secret is the one that the envelope commits to (`sbc`)."""
    head = document.head
    core = head.header["core"]
    if core["policy"] == Policy.TRUSTEES:
        return False
    commitment = bidder_commitment(head.suite, core_hash(head.suite, core), secret)
    return equal(commitment, b64u_decode(head.header["sbc"]))


async def _bid(tx: Tx, bid_id: uuid.UUID) -> Row[Any]:
    query = text("SELECT state, head FROM bidding_bid WHERE id = :id FOR UPDATE")
    return (await tx.session.execute(query, {"id": bid_id})).one()


def awaited_state(turn: Turn) -> BidState:
    """Return the state of bids whose bidders have not released yet in this step."""
    return BidState.FIRST_OPENED if turn.is_second else BidState.CLOSED


async def _set_state(tx: Tx, bid_id: uuid.UUID, state: BidState, fault: str | None = None) -> None:
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state, fault = :fault WHERE id = :id"),
        {"state": state.value, "fault": fault, "id": bid_id},
    )


async def close_window(tx: Tx, lot_id: uuid.UUID, *, platform: PlatformKey) -> None:
    """End the window: who has released is fixed, signed and logged; the rest is never shown to trustees.

    A second time, or too early, nothing happens.

    Effects:
        bids are RELEASED, UNRELEASED or FAULT_PLATFORM; entry `bid.window-closed`, sealed until the opening; the stage
        is COMBINING.
    Source:
        R-ET-07; crypto.md §3.7 steps 1 and 3
    """
    if await end_with_lot(tx, lot_id):
        return
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot AND stage = :stage FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id, "stage": OpeningStage.RELEASING.value})).one_or_none()
    if opening is None or await tx.instant() < opening.window_until:
        return
    lot = await trading.get_lot(tx, lot_id)
    if await waits_for_draw(tx, lot):
        return  # nobody sees a price before the parameters of the award are drawn (docs/adr)
    keyset = await require_published_keyset(tx, lot_id)
    root = await _require_close_list(tx, lot_id)
    turn = await find_turn(tx, lot_id)
    for bid in await _listed_bids(tx, lot_id):
        if bid.idx is None or bid.idx >= opening.deadline_size:
            await _set_state(tx, bid.id, BidState.FAULT_PLATFORM, "late-entry")
        elif bid.state == awaited_state(turn):
            unreleased = keyset.policy.asks_bidders
            await _set_state(tx, bid.id, BidState.UNRELEASED if unreleased else BidState.RELEASED)

    detail = {
        "v": 1,
        "type": "bid.window-closed",
        "tender": lot.tender,
        "lot": lot.number,
        "ks": b64u_encode(keyset.ks),
        "root": b64u_encode(root),
        "deadline_size": opening.deadline_size,
        "envelopes": [
            {"bidder": document.bidder, "slot": document.slot, "eid": b64u_encode(document.eid)}
            for document in await list_documents(tx, lot_id, BidState.RELEASED, names=turn.names)
        ],
        "at": format_time(tx.now),
    }
    if len(turn.steps) > 1:
        detail["step"] = turn.step
    entry = await record_detail(tx, "bid.window-closed", detail, subject=lot_id, visibility="sealed")
    await tx.session.execute(
        text(
            "UPDATE bidding_opening SET stage = :stage, window_closed_at = :now, window_entry_id = :entry,"
            " window_jws = :jws WHERE lot_id = :lot"
        ),
        {
            "stage": OpeningStage.COMBINING.value,
            "now": tx.now,
            "entry": entry.entry_id,
            "jws": platform.sign(WINDOW, detail),
            "lot": lot_id,
        },
    )
    await enqueue(tx, "bidding:combine", {"lot_id": str(lot_id)}, key=f"bidding:combine:{lot_id}:{turn.step}:window")
    await notify(tx, lot_id)


async def _require_close_list(tx: Tx, lot_id: uuid.UUID) -> bytes:
    """Check that the stored list gives the root that the log holds, and that every bid still stands where it says."""
    row = (
        await tx.session.execute(
            text(
                "SELECT c.items, c.root, e.detail FROM bidding_close c JOIN audit_entry e ON e.id = c.entry_id"
                " WHERE c.lot_id = :lot"
            ),
            {"lot": lot_id},
        )
    ).one()
    root = close_root(suite("intl-1"), row.items)
    if root != bytes(row.root) or b64u_encode(root) != row.detail["root"]:
        raise CloseListBroken(str(lot_id))
    listed = {(item["bidder"], item["submission"]) for item in row.items}
    stored = {(bid.pseudonym, b64u_encode(bytes(bid.head))) for bid in await _listed_bids(tx, lot_id)}
    if listed != stored:
        raise CloseListBroken(str(lot_id))
    return root


async def _listed_bids(tx: Tx, lot_id: uuid.UUID) -> list[Row[Any]]:
    rows = await tx.session.execute(
        text(
            "SELECT b.id, b.state, b.head, i.pseudonym, l.idx FROM bidding_bid b"
            " JOIN bidding_interest i ON i.id = b.interest_id"
            " JOIN bidding_submission s ON s.bid_id = b.id AND s.digest = b.head"
            " LEFT JOIN log_leaf l ON l.entry_id = s.entry_id"
            " WHERE b.lot_id = :lot AND b.state NOT IN ('registered', 'sealed', 'withdrawn') ORDER BY i.pseudonym"
        ),
        {"lot": lot_id},
    )
    return list(rows)
