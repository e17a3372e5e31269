"""Act: somebody present signs the opening record as it stands, as agreed or with an objection.

Law: 87号令 42, R-ET-06, R-ET-10. A bidder signs with the e-licence, everybody else with the own key on record. What is
signed is the digest of the record's draft; when the draft changes (an objection is answered), it is signed anew, and
the earlier signature stays as what it is: one of an earlier draft.
"""

import uuid
from typing import Any

from sqlalchemy import text

from bidding.addressee import find_lot_of, verify_bidder_message
from bidding.closing import notify
from bidding.licence_trust import LicenceTrust
from bidding.messages import SIGNATURE, MessageError, check_message
from bidding.models.presence import Signature
from bidding.presence import CAPACITIES, OUTSIDE, Standing, find_standing, own_presence
from bidding.recording import count_closed_files, draft_of
from bidding.signatures import SignatureView, digest_of, list_signatures
from bidding.trustee_signature import verify_trustee_message
from bidding.vocabulary import Capacity, OpeningStage
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import equal, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, TooEarly, VerificationFailed
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.lot_view import LotView

#: What a signature says, in words.
STANCE_WORDS = {"agreed": "对开标记录无异议", "objection": "签署并注明意见"}


class RecordSignatureRefused(VerificationFailed):
    """A signature under the record does not hold; `reason` says what is amiss."""

    code = "record-signature-refused"


class RecordChanged(Conflict):
    """The record is another one than was signed: somebody objected, was answered, or a file did not open."""

    code = "record-changed"


_WORDS = {
    "signature": "签名未通过核验，请使用本单位的电子营业执照签名。",
    "certificate": "签名所用的执照不属于当前登录的单位。",
    "signer": "签名人不是本单位执照持有人，也没有本标段有效的签名授权。",
    "message": "签署内容的格式不正确；注明意见的须写明意见，无异议的不写。",
}


def _refuse(reason: str) -> RecordSignatureRefused:
    return RecordSignatureRefused(_WORDS[reason], reason=reason)


async def sign_record(tx: Tx, actor: Actor, lot_id: uuid.UUID, token: str, *, trust: LicenceTrust) -> None:
    """Sign the record of an opening. The same signature again is no fault.

    Raises:
        NotFound: no such lot, the message is of another one, or the actor has no part in the opening; a bidder whose
            bid is not in the close list hears the same.
        TooEarly: the prices are not read out, files are still shut, or an objection waits for its answer.
        Conflict: the record is confirmed, the actor has not checked in, or has signed this draft otherwise.
        RecordChanged: what was signed is not the record as it stands now.
        RecordSignatureRefused, SignatureRefused: another's key, another kind of message, a signature that fails.
    Effects:
        a row in `bidding_signature`; entry `opening.signed`, public.
    Source:
        R-ET-06, R-ET-10
    """
    policy.require(actor, "opening.sign")
    lot = await find_lot_of(tx, token)
    standing = await find_standing(tx, actor, lot) if lot.id == lot_id else None
    if standing is None or actor.organisation_id is None or (standing.bid and standing.bid.state in OUTSIDE):
        raise NotFound
    opening = await _require_time(tx, lot)
    if await own_presence(tx, actor, lot.id) is None:
        raise Conflict("签署开标记录前请先在开标大厅签到。")
    message = await _verified(tx, actor, token, standing, trust, lot)
    draft = await draft_of(tx, lot, opening)
    if any(one["answer"] is None for one in draft["objections"]):
        raise TooEarly("有开标异议尚未答复，请在答复后核对并签署开标记录。")
    digest = digest_of(draft)
    if not equal(b64u_decode(message["draft"]), digest):
        raise RecordChanged("开标记录在您打开之后有了变化，请刷新页面，核对后重新签署。")
    earlier = _earlier(await list_signatures(tx, lot.id), actor, standing, digest)
    if earlier is not None:
        if (earlier.stance, earlier.remark) != (message["stance"], message["remark"]):
            raise Conflict("本单位已签署这份开标记录，签署不能更改。")
        return

    facts = {
        "role": CAPACITIES[standing.capacity],
        "name": actor.organisation_name,
        "words": STANCE_WORDS[message["stance"]] + (f"：{message['remark']}" if message["remark"] else ""),
        "draft": message["draft"],
        "message": b64u_encode(suite("intl-1").hash(token.encode())),
        "rules": ["R-ET-06", "R-ET-10"],
    }
    entry = await record(tx, actor, "opening.signed", facts, subject=lot.id, visibility="public")
    tx.session.add(
        Signature(
            id=tx.new_id(),
            lot_id=lot.id,
            account_id=actor.account_id,
            organisation_id=actor.organisation_id,
            capacity=standing.capacity.value,
            bid_id=standing.bid.bid_id if standing.bid else None,
            draft=digest,
            stance=message["stance"],
            remark=message["remark"],
            jws=token,
            signed_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    await notify(tx, lot.id)


async def _require_time(tx: Tx, lot: LotView) -> Any:
    """Return the opening, locked: of two signatures of one bidder at one moment the later sees the earlier."""
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot.id})).one_or_none()
    if opening is not None and opening.stage in (OpeningStage.RECORDED, OpeningStage.FAILED):
        raise Conflict("开标记录已经确认，或者本标段没有开标，不能再签署。")
    if opening is None or opening.stage != OpeningStage.OPENED:
        raise TooEarly("尚未唱标，还没有可以签署的开标记录。")
    if await count_closed_files(tx, lot.id):
        raise TooEarly("投标文件仍在解密，请在全部完成后签署开标记录。")
    return opening


async def _verified(
    tx: Tx, actor: Actor, token: str, standing: Standing, trust: LicenceTrust, lot: LotView
) -> dict[str, Any]:
    if standing.capacity is not Capacity.BIDDER:
        return await verify_trustee_message(tx, actor, token, SIGNATURE)
    act = await verify_bidder_message(tx, actor, token, SIGNATURE, trust, lot.id, _refuse)
    try:
        return check_message(act.payload, SIGNATURE)
    except MessageError:
        raise _refuse("message") from None


def _earlier(signed: list[SignatureView], actor: Actor, standing: Standing, digest: bytes) -> SignatureView | None:
    """Return the signature of this draft by the same bidder, or the same person of staff."""
    for one in signed:
        mine = one.account_id == actor.account_id
        if standing.capacity is Capacity.BIDDER:
            mine = one.capacity is Capacity.BIDDER and one.organisation_id == actor.organisation_id
        if mine and one.draft == digest:
            return one
    return None
