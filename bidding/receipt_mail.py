"""The receipt by mail: to the bidder's own registered address, when the bidder asks for it.

A mail is seen by others on its way, and a queue of mails that came with every submission could be counted. So none goes
out by itself: the bidder asks, once it matters more to have the receipt elsewhere than to hide that one was sent. The
subject names neither the lot nor the project; the words are in the mail, the proof is the attachment.
"""

import uuid
from typing import Any

from sqlalchemy import text

from bidding.receipt_paper import find_own
from bidding.rejections import Rejection
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, NotFound, Unavailable
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.mail import MAIL, Attachment, Mail, MailDesk, masked
from kernel.outbox.queue import enqueue
from kernel.parties.registering import find_profile
from kernel.web.filters import moment
from kernel.web.services import Services
from trading import facade as trading

SEND = "bidding:mail_receipt"


async def own_address(tx: Tx, actor: Actor) -> str:
    """Return the address that the actor's organisation registered, empty if none."""
    profile = None if actor.organisation_id is None else await find_profile(tx, actor.organisation_id)
    return "" if profile is None else profile.email


async def order_mail(tx: Tx, actor: Actor, digest: bytes) -> str:
    """Have one's own receipt sent to one's own address; more than once an hour sends one mail.

    Returns:
        The address, masked.
    Raises:
        NotFound: absent, or not yours: the answer is the same.
        Conflict: no address is registered.
    Effects:
        an outbox row that holds the receipt's digest and nothing else.
    """
    found = await find_own(tx, actor, digest)
    if isinstance(found, Rejection):
        raise NotFound
    address = await own_address(tx, actor)
    if not address:
        raise Conflict("贵单位没有登记电子邮箱。请先在“我的单位”补充，再发送回执。")
    key = f"{SEND}:{b64u_encode(digest)}:{tx.now:%Y%m%d%H}"
    await enqueue(tx, SEND, {"digest": b64u_encode(digest)}, key=key)
    return masked(address)


async def mail_receipt(services: Services, payload: dict[str, Any]) -> None:
    """Send a receipt with its proof.

    Raises:
        NotFound: the log has not numbered the entry yet; the job tries again.
        Unavailable: there is no mail desk, or it could not hand the mail over.
    """
    desk: MailDesk | None = services.plugins.get(MAIL)
    if desk is None:
        raise Unavailable("本平台没有配置邮件服务。")
    async with services.db.begin_read_only() as tx:
        row = (
            await tx.session.execute(
                text(
                    "SELECT s.lot_id, s.kind, s.rev, s.receipt, s.entry_id, s.received_at, i.organisation_id"
                    " FROM bidding_submission s JOIN bidding_bid b ON b.id = s.bid_id"
                    " JOIN bidding_interest i ON i.id = b.interest_id WHERE s.digest = :digest"
                ),
                {"digest": b64u_decode(payload["digest"], 32)},
            )
        ).one()
        profile = await find_profile(tx, row.organisation_id)
        if profile is None or not profile.email:
            return  # taken out of the registration in the meantime
        bundle = {"receipt": row.receipt, **await reader.proof_of_entry(tx, row.entry_id)}
        words = await _words(tx, services, row.lot_id, row.kind, row.rev, row.received_at)
    name = f"receipt-{payload['digest'][:10]}.json"
    attached = Attachment(name, "application/json", jcs(bundle))
    await desk.send(Mail(profile.email, f"{services.site.name}：回执", words, (attached,)))


async def _words(tx: Tx, services: Services, lot_id: uuid.UUID, kind: str, rev: int, received_at: Any) -> str:
    lot = await trading.get_lot(tx, lot_id)
    what = "撤回通知" if kind == "withdrawal" else f"第 {rev} 次递交的投标文件"
    return "\n".join(
        (
            f"平台已于 {moment(received_at)}（北京时间）收到贵单位{what}。",
            f"项目：{lot.title}（项目编号 {lot.tender}，标段 {lot.number}）",
            "",
            "附件是平台签名的回执和账本证明。断网也能核验：",
            f"./sunlit verify 附件文件；或打开 {services.site.base_url}/verify",
            "",
            "本邮件应贵单位的要求发出，平台没有发给任何其他单位或个人。",
        )
    )
