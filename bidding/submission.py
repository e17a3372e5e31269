"""The act that takes a bid: one transaction, a lock shared by all bidders of the lot, a row of its own for each.

Intent in, receipt out. The deadline is decided by the database's clock after the lot is held: whoever waits for the
lock is judged by the time at which he gets it. The closer takes the lot for itself, so every bid is either wholly
before the close list or refused. Revisions form a chain: each names the digest of the one before.

Source: crypto.md §3.5, §3.6; R-ET-05.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import text

from bidding.addressee import find_due_addressee, verify_bidder_message
from bidding.envelope import envelope_id
from bidding.licence_trust import LicenceTrust
from bidding.messages import SUBMISSION, WITHDRAWAL, MessageError, check_message, submission_digest
from bidding.registration import InterestView
from bidding.vocabulary import SLOTS, BidState, SubmissionKind
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse
from kernel.crypto import Suite, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DomainError
from kernel.identity.actor import Actor
from kernel.log.platform import RECEIPT, REJECTION, PlatformKey
from kernel.log.writer import record_detail
from trading import facade as trading
from trading.due_lots import PAUSED, DueLot, HeldLot

#: Log entry, and `type` of the receipt's detail, for each kind of message.
_ENTRY = {SUBMISSION: "bid.accepted", WITHDRAWAL: "bid.withdrawn"}
_STATE = {SUBMISSION: BidState.SEALED, WITHDRAWAL: BidState.WITHDRAWN}
_KIND = {SUBMISSION: SubmissionKind.SUBMISSION, WITHDRAWAL: SubmissionKind.WITHDRAWAL}

REASONS = {
    "late": "投标已截止，平台未接收本次递交。",
    "signature": "签名未通过核验，请使用本单位的电子营业执照签名。",
    "certificate": "签名所用的执照不属于当前登录的单位。",
    "signer": "签名人不是本单位执照持有人，也没有本标段有效的签名授权。",
    "bidder": "投标代号与登记不符。",
    "keyset": "投标文件所用的密钥与公布的不一致，请重新密封。",
    "rev": "递交次序不连续，请刷新页面后重新递交。",
    "prev": "前一次递交的指纹不符，请刷新页面后重新递交。",
    "slots": "递交的文件份数不符合招标文件要求。",
    "eid": "平台收到的密文与签名中的文件指纹不一致，请重新上传。",
    "message": "递交内容的格式不正确。",
    "nothing": "没有可以撤回的投标文件。",
    "independence": "本单位与平台运营机构、招标代理机构或者招标人存在登记的关联关系，依法不得投标。",
}


class SubmissionRefused(DomainError):
    """A submission or withdrawal is refused; the platform signs the reason.

    Args:
        reason: key of the words above; `late` shows as a deadline that has passed.
    """

    code = "submission-refused"

    def __init__(
        self,
        reason: str,
        interest: InterestView,
        lot: DueLot,
        digest: bytes,
        bar: trading.NotIndependent | None = None,
    ) -> None:
        super().__init__(bar.detail if bar else REASONS[reason], reason=reason, **(bar.extra if bar else {}))
        self.reason = reason
        self.interest = interest
        self.lot = lot
        self.digest = digest


class SubmissionLate(SubmissionRefused):
    """It came at or after the deadline, by the database's clock."""

    code = "deadline-passed"


#: Makes the refusal of this message for a reason.
Refuse = Callable[[str], SubmissionRefused]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the act knows before the log has numbered the entry.

    Attributes:
        detail: exactly what entry and receipt cover.
        is_repeat: this very message had been accepted before; nothing was changed.
    """

    digest: bytes
    entry_id: int
    detail: dict[str, Any]
    receipt: str
    is_repeat: bool


async def submit(
    tx: Tx, actor: Actor, token: str, kind: str, *, platform: PlatformKey, trust: LicenceTrust
) -> Accepted:
    """Accept a submission or a withdrawal.

    Args:
        token: JWS by the bidder's licence certificate.
        kind: `SUBMISSION` or `WITHDRAWAL` of `bidding.messages`.

    Raises:
        NotFound: no such lot, or the actor does not take part in it.
        SubmissionRefused: late, malformed, not the next link of the bid's chain, or of a firm that is not independent
            (an earlier bid may still be withdrawn); `reason` says which.

    Effects:
        one row in `bidding_submission` with its documents, the bid's new head, entry `bid.accepted` or `bid.withdrawn`,
        sealed until the opening.
    Source:
        R-ET-01, R-ET-05, R-AGT-03; crypto.md §3.5 steps 5 and 6
    """
    provider = suite("intl-1")
    lot, interest = await find_due_addressee(tx, actor, token)

    def refuse(reason: str) -> SubmissionRefused:
        cls = SubmissionLate if reason == "late" else SubmissionRefused
        return cls(reason, interest, lot, provider.hash(token.encode()))

    act = await verify_bidder_message(tx, actor, token, kind, trust, lot.id, refuse)
    try:
        message = check_message(act.payload, kind)
    except MessageError:
        raise refuse("message") from None
    digest = submission_digest(provider, message)
    try:
        if kind == SUBMISSION and actor.organisation_id is not None:
            await trading.require_independent(tx, actor.organisation_id, lot)
        held = await _hold(tx, lot.id, refuse)
    except DomainError as refusal:
        known = await _find(tx, interest.bid_id, digest)
        if known is not None:
            return known
        if isinstance(refusal, trading.NotIndependent):
            raise SubmissionRefused("independence", interest, lot, provider.hash(token.encode()), refusal) from None
        raise
    bid = await _lock_bid(tx, interest.bid_id)
    if bid["rev"] >= message["rev"]:  # perhaps this very message, sent again
        known = await _find(tx, interest.bid_id, digest)
        if known is not None:
            return known
    _require_next(message, bid, kind, refuse)
    if message["bidder"] != interest.pseudonym:
        raise refuse("bidder")
    documents = await _documents(tx, provider, held, interest, message, refuse) if kind == SUBMISSION else []

    detail = {
        "v": 1,
        "type": _ENTRY[kind],
        "tender": lot.tender,
        "lot": lot.number,
        "bidder": interest.pseudonym,
        "rev": message["rev"],
        "submission": b64u_encode(digest),
        "received_at": format_time(held.instant),
    }
    recorded = await record_detail(tx, _ENTRY[kind], detail, subject=lot.id, visibility="sealed")
    receipt = platform.sign(RECEIPT, detail)
    await tx.fetch(
        _INSERT,
        tx.new_secret_id(),
        interest.bid_id,
        lot.id,
        _KIND[kind].value,
        message["rev"],
        bid["head"],
        digest,
        jcs(message).decode(),
        token,
        receipt,
        recorded.entry_id,
        held.instant,
        _STATE[kind].value,
        *(list(column) for column in zip(*documents, strict=True)) if documents else ([],) * 5,
    )
    return Accepted(digest, recorded.entry_id, detail, receipt, is_repeat=False)


#: The submission, its documents and the bid's new head, in one statement.
_INSERT = (
    "WITH kept AS (INSERT INTO bidding_submission"
    " (id, bid_id, lot_id, kind, rev, prev, digest, payload, jws, receipt, entry_id, received_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)),"
    " papers AS (INSERT INTO bidding_document (submission_id, slot, lot_id, upload_id, eid, chunks, size)"
    " SELECT $1, d.slot, $3, d.upload, d.eid, d.chunks, d.size"
    " FROM unnest($14::text[], $15::uuid[], $16::bytea[], $17::bigint[], $18::bigint[])"
    " AS d (slot, upload, eid, chunks, size))"
    " UPDATE bidding_bid SET state = $13, rev = $5, head = $7 WHERE id = $2"
)


async def _hold(tx: Tx, lot_id: uuid.UUID, refuse: Refuse) -> HeldLot:
    """Hold the lot open."""
    held = await trading.hold_due_lot(tx, lot_id)
    if held.is_paused:
        raise Conflict(PAUSED, stage=held.stage.value)
    if held.is_over:
        raise refuse("late")
    if not held.takes_bids:
        raise Conflict("本标段现在不接收投标文件。", stage=held.stage.value)
    return held


async def _lock_bid(tx: Tx, bid_id: uuid.UUID) -> asyncpg.Record:
    row = await tx.fetchrow("SELECT rev, head, state FROM bidding_bid WHERE id = $1 FOR UPDATE", bid_id)
    assert row is not None
    return row


def _require_next(message: dict[str, Any], bid: asyncpg.Record, kind: str, refuse: Refuse) -> None:
    if message["rev"] != bid["rev"] + 1:
        raise refuse("rev")
    head = None if bid["head"] is None else b64u_encode(bid["head"])
    if message["prev"] != head:
        raise refuse("prev")
    if kind == WITHDRAWAL and bid["state"] != BidState.SEALED:
        raise refuse("nothing")


#: Complete uploads of a bid that have the slots and the numbers of chunks that were claimed.
_UPLOADS = (
    "SELECT u.id, u.slot, u.chunks, u.head_digest, length(u.head) + u.chunks * u.chunk_bytes AS size,"
    " array_agg(c.leaf ORDER BY c.j) AS leaves"
    " FROM unnest($2::text[], $3::bigint[]) AS d (slot, chunks)"
    " JOIN bidding_upload u ON u.bid_id = $1 AND u.slot = d.slot AND u.chunks = d.chunks"
    " JOIN bidding_chunk c ON c.upload_id = u.id GROUP BY u.id HAVING count(*) = u.chunks"
)
#: Slot, upload, envelope id, chunks, size.
_Paper = tuple[str, uuid.UUID, bytes, int, int]


async def _documents(
    tx: Tx, provider: Suite, held: HeldLot, interest: InterestView, message: dict[str, Any], refuse: Refuse
) -> list[_Paper]:
    """Match every document of the message with an upload whose chunks, as stored, give its envelope id."""
    if message["ks"] != held.keyset:
        raise refuse("keyset")
    docs = message["docs"]
    if sorted(doc["slot"] for doc in docs) != sorted(SLOTS):
        raise refuse("slots")
    claimed = [doc["slot"] for doc in docs], [doc["chunks"] for doc in docs]
    uploads = await tx.fetch(_UPLOADS, interest.bid_id, *claimed)
    return [_document(provider, doc, uploads, refuse) for doc in docs]


def _document(provider: Suite, doc: dict[str, Any], uploads: list[asyncpg.Record], refuse: Refuse) -> _Paper:
    claimed = b64u_decode(doc["eid"])
    for upload in uploads:
        if upload["slot"] == doc["slot"] and upload["size"] == doc["bytes"]:
            eid = envelope_id(provider, upload["head_digest"], upload["leaves"])
            if eid == claimed:
                return doc["slot"], upload["id"], eid, doc["chunks"], upload["size"]
    raise refuse("eid")


async def _find(tx: Tx, bid_id: uuid.UUID, digest: bytes) -> Accepted | None:
    row = await tx.fetchrow(
        "SELECT digest, entry_id, receipt FROM bidding_submission WHERE bid_id = $1 AND digest = $2", bid_id, digest
    )
    if row is None:
        return None
    detail = parse(b64u_decode(row["receipt"].split(".")[1]))
    return Accepted(row["digest"], row["entry_id"], detail, row["receipt"], is_repeat=True)


async def reject(tx: Tx, actor: Actor, refusal: SubmissionRefused, *, platform: PlatformKey) -> str:
    """Sign the platform's refusal and keep it; a transaction of its own, after the refused one was rolled back.

    Returns:
        JWS over `{v,type:"bid.rejected",tender,lot,bidder,message,reason,received_at}`; `message` is the digest of the
        refused token.

    Effects:
        one row in `bidding_rejection`, entry `bid.rejected`, sealed until the opening.
    Source:
        crypto.md §3.6
    """
    detail = {
        "v": 1,
        "type": "bid.rejected",
        "tender": refusal.lot.tender,
        "lot": refusal.lot.number,
        "bidder": refusal.interest.pseudonym,
        "message": b64u_encode(refusal.digest),
        "reason": refusal.reason,
        "received_at": format_time(tx.now),
    }
    recorded = await record_detail(tx, "bid.rejected", detail, subject=refusal.lot.id, visibility="sealed")
    signed = platform.sign(REJECTION, detail)
    await tx.session.execute(
        text(
            "INSERT INTO bidding_rejection (id, lot_id, organisation_id, digest, reason, jws, entry_id, received_at)"
            " VALUES (:id, :lot, :organisation, :digest, :reason, :jws, :entry, :at)"
        ),
        {
            "id": tx.new_secret_id(),
            "lot": refusal.lot.id,
            "organisation": actor.organisation_id,
            "digest": refusal.digest,
            "reason": refusal.reason,
            "jws": signed,
            "entry": recorded.entry_id,
            "at": tx.now,
        },
    )
    return signed
