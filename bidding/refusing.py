"""Why a submission or a withdrawal is refused, in words, and the platform's signed word that it was.

Source: crypto.md §3.6; R-ET-05.
"""

from sqlalchemy import text

from bidding.registration import InterestView
from kernel.canonical import b64u_encode, format_time
from kernel.db.transaction import Tx
from kernel.errors import DomainError
from kernel.identity.actor import Actor
from kernel.log.platform import REJECTION, PlatformKey
from kernel.log.writer import record_detail
from trading import facade as trading
from trading.due_lots import DueLot

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
    "consents": "联合体成员尚未全部签名同意，不能递交投标文件；也可以先终止联合体，再单独投标。",
    "member": "本单位已同意参加本标段的联合体，不得再单独投标（条例第三十七条）。",
    "member-tie": "联合体成员中有单位依法不得参加本标段投标，请变更成员后重新签署（条例第三十四条、第三十七条）。",
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
