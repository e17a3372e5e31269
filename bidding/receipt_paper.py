"""Receipts and signed rejections on paper, under the seal of the trading centre: made when the bidder asks for one.

Nothing of it shows before the opening: the log's entry is sealed, and the bytes lie in the store by their digest alone,
without a row that anybody could count (R-ET-05). The receipt itself is the signed message; the paper carries it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bidding.queries import ReceiptView, find_receipt
from bidding.refusing import REASONS
from bidding.rejections import Rejection, find_rejection
from bidding.vocabulary import SubmissionKind
from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import NotFound, Unavailable
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.log.checkpoint import parse_checkpoint
from kernel.outbox.queue import enqueue
from kernel.papers import issuing
from kernel.papers.models import SealUse
from kernel.web.figures import qr
from kernel.web.filters import moment
from kernel.web.pdf import Attachment
from kernel.web.services import Services
from trading import facade as trading
from trading.lot_view import LotView

PRINT = "bidding:print_receipt"
RECEIPT, REJECTION = "投标文件接收回执", "投标文件拒收凭证"
_SLOTS = {
    "form": "投标函",
    "file": "投标文件",
    "letter": "投标函（不含报价）",
    "business": "商务文件",
    "technical": "技术文件",
    "commercial": "报价文件",
}


@dataclass(frozen=True, slots=True)
class _Proof:
    """Where the log holds the receipt, as the template takes it."""

    index: int
    size: int
    root: str
    path: list[str]
    at: datetime
    witnesses: list[str]


async def order_paper(tx: Tx, actor: Actor, digest: bytes) -> None:
    """Have the paper of one's own receipt or rejection made; asking twice makes one paper.

    Raises:
        NotFound: absent, or not yours: the answer is the same.
    Effects:
        an outbox row.
    """
    found = await find_own(tx, actor, digest)
    value = b64u_encode(digest)
    if isinstance(found, Rejection):
        # The same message may have been refused to somebody else too: the paper is of this row and no other.
        await enqueue(tx, PRINT, {"digest": value, "rejection": str(found.id)}, key=f"{PRINT}:{found.id}")
    else:
        await enqueue(tx, PRINT, {"digest": value}, key=f"{PRINT}:{value}")


async def find_own(tx: Tx, actor: Actor, digest: bytes) -> ReceiptView | Rejection:
    """Return the actor's own receipt, or the rejection of the message with this digest.

    Raises:
        NotFound: absent, or not yours: the answer is the same.
    """
    try:
        return await find_receipt(tx, actor, digest)
    except NotFound:
        return await find_rejection(tx, actor, digest)


async def find_paper(tx: Tx, found: ReceiptView | Rejection) -> SealUse | None:
    """Return the paper of a receipt or rejection; the caller decides who may have it."""
    if isinstance(found, Rejection):
        return await issuing.find_use(tx, found.id, REJECTION)
    subject = (
        await tx.session.execute(text("SELECT id FROM bidding_submission WHERE digest = :d"), {"d": found.digest})
    ).scalar_one_or_none()
    return None if subject is None else await issuing.find_use(tx, subject, RECEIPT)


async def print_receipt(services: Services, payload: dict[str, Any]) -> None:
    """Make the sealed paper of a receipt or rejection; doing it twice changes nothing.

    Raises:
        NotFound: the log has not numbered the entry yet; the job tries again.
        Unavailable: no Pango or no seal service.
    Effects:
        the stored bytes; entry `seal.used`, sealed until the opening.
    """
    async with services.db.begin_read_only() as tx:
        found = await _found(tx, payload["digest"], payload.get("rejection"))
        if found is None or await issuing.find_use(tx, found.id, REJECTION if found.reason else RECEIPT) is not None:
            return
        paper = await _paper(tx, services, found, payload)
    sealed = await issuing.print_and_seal(services, paper)
    async with services.db.begin() as tx:
        await issuing.keep_apart(tx, services, paper, sealed)


async def _found(tx: Tx, value: str, rejection: str | None) -> Row[Any] | None:
    return (
        await tx.session.execute(
            text(
                "SELECT s.id, s.lot_id, s.digest, s.kind, s.rev, s.entry_id, s.receipt AS jws, s.received_at,"
                " o.name AS bidder, NULL AS reason, coalesce((SELECT jsonb_agg(jsonb_build_object('slot', d.slot,"
                "  'eid', encode(d.eid, 'hex'), 'chunks', d.chunks, 'bytes', d.size) ORDER BY d.slot)"
                "  FROM bidding_document d WHERE d.submission_id = s.id), '[]') AS docs"
                " FROM bidding_submission s JOIN bidding_bid b ON b.id = s.bid_id"
                " JOIN bidding_interest i ON i.id = b.interest_id JOIN identity_organisation o"
                "  ON o.id = i.organisation_id WHERE s.digest = decode(:d, 'base64')"
                " UNION ALL"
                " SELECT r.id, r.lot_id, r.digest, 'rejection', 0, r.entry_id, r.jws, r.received_at, o.name, r.reason,"
                "  '[]' FROM bidding_rejection r JOIN identity_organisation o ON o.id = r.organisation_id"
                " WHERE r.digest = decode(:d, 'base64') AND r.id = cast(:rejection AS uuid) LIMIT 1"
            ),
            {"d": _base64(value), "rejection": rejection},
        )
    ).one_or_none()


def _base64(value: str) -> str:
    return value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4)


async def _centre(tx: Tx) -> tuple[str, str]:
    query = text(
        "SELECT o.name, o.uscc FROM identity_account a JOIN identity_organisation o ON o.id = a.organisation_id"
        " WHERE 'centre' = ANY(a.roles) ORDER BY a.created_at LIMIT 1"
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        raise Unavailable("平台还没有登记交易中心，没有可用的印章。")
    return row.name, row.uscc


async def _paper(tx: Tx, services: Services, found: Row[Any], payload: dict[str, Any]) -> issuing.Paper:
    lot = await trading.get_lot(tx, found.lot_id)
    signer = await _centre(tx)
    bundle = await reader.receipt_bundle(tx, found.entry_id, found.jws)
    head = parse_checkpoint(bundle["checkpoint"], services.trust)
    kind = REJECTION if found.reason is not None else RECEIPT
    digest = b64u_encode(bytes(found.digest))
    number = f"HZ-{lot.tender}-{lot.number}-{digest[:10]}"
    url = f"{services.site.base_url}/verify/receipts/{digest}"
    page = {
        "head": services.site.name,
        "number": number,
        "note": "",
        "title": [kind if found.kind != SubmissionKind.WITHDRAWAL else "投标撤回回执"],
        "issuer": services.site.name,
        "sign_name": signer[0],
        "sign_at": found.received_at,
        "seal": issuing.picture(services, signer[0]),
        "qr": qr(url),
        "verify_url": f"{services.site.base_url}/verify",
        "invented": [],
        "accepted": found.reason is None,
        "statement": _statement(found),
        "facts": _facts(found, lot),
        "docs": [{**doc, "slot": _SLOTS.get(doc["slot"], doc["slot"])} for doc in found.docs],
        "submission": digest,
        "signature": found.jws.rsplit(".", 1)[1],
        "proof": _Proof(
            index=bundle["index"],
            size=bundle["size"],
            root=b64u_encode(head.root),
            path=list(bundle["path"]),
            at=(await reader.checkpoint_of_size(tx, bundle["size"])).at,
            witnesses=[cosignature.name for cosignature in head.cosignatures],
        ),
    }
    return issuing.Paper(
        subject=found.id,
        kind=kind,
        number=number,
        name=f"{kind}-{number}.pdf",
        template="print/receipt.html",
        page=page,
        signer=signer,
        access="",
        matter=found.lot_id,
        at=found.received_at,
        twins=(Attachment("receipt.json", jcs(bundle), f"{kind}（可核验）"),),
        visibility="sealed",
        job=(PRINT, payload),
    )


def _facts(found: Row[Any], lot: LotView) -> list[tuple[str, str]]:
    told = [
        ("项目名称", lot.title),
        ("招标编号", f"{lot.tender}　标段 {lot.number}"),
        ("招标人", lot.procuring_entity_name),
        ("投标人", found.bidder),
        ("平台时间", f"{moment(found.received_at)}.{found.received_at.microsecond // 1000:03d}（北京时间）"),
    ]
    if lot.deadline is not None:
        told.append(("投标截止", f"{moment(lot.deadline)}（北京时间）"))
    if found.reason is not None:
        told.append(("拒收原因", REASONS.get(found.reason, found.reason)))
    return told


def _statement(found: Row[Any]) -> str:
    at = f"{moment(found.received_at)}.{found.received_at.microsecond // 1000:03d}（北京时间）"
    if found.reason is not None:
        return f"平台于 {at}收到{found.bidder}的递交，未予接收，特出具本凭证。"
    if found.kind == SubmissionKind.WITHDRAWAL:
        return f"平台已于 {at}收到{found.bidder}签名的撤回通知，撤回即时生效，特此回执。"
    return f"平台已于 {at}收到{found.bidder}第 {found.rev} 次递交的全部投标文件密文和签名，特此回执。"
