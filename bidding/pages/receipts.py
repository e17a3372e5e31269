"""The receipt of a submission or a withdrawal, with where the log holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from markupsafe import Markup

from bidding.pages.own_bid import takes_bids
from bidding.pages.rooms import published_lot
from bidding.pages.words import SLOT_NAMES, base_of, receipt_no, receipt_state
from bidding.queries import ReceiptView
from bidding.receipt_mail import order_mail, own_address
from bidding.receipt_paper import find_own, find_paper, order_paper
from bidding.rejections import Rejection
from bidding.vocabulary import SubmissionKind
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound, Unavailable
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.log.checkpoint import parse_checkpoint
from kernel.mail import MAIL, masked
from kernel.papers.shelf import paper_response
from kernel.web.figures import qr
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.common import heading_of


@dataclass(frozen=True, slots=True)
class DocRow:
    """A document in a receipt."""

    slot: str
    eid: str
    bytes: int
    chunks: int


@dataclass(frozen=True, slots=True)
class ProofRow:
    """Where the log holds the receipt."""

    index: int
    size: int
    root: str
    at: datetime
    witnesses: list[str]


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The context of `bidding/receipt.html`."""

    no: str
    accepted: bool
    state: tuple[str, str]
    kind_word: str
    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    rev: int
    replaces: int | None
    received_at: datetime
    millis: str
    deadline: datetime
    open: bool
    reason: str
    law: str
    docs: list[DocRow]
    submission: str
    proof: ProofRow | None
    signature: str
    qr: Markup
    pdf_href: str
    json_href: str
    mail_to: str
    mailed: bool


@get("/b/receipts/{digest:str}", guards=[permits("bid.room")], include_in_schema=False)
async def receipt_page(
    request: Request[Any, Any, Any], tx: Tx, services: Services, actor: Actor, digest: str
) -> Response[str]:
    """Show a receipt, or the rejection of a message, with its proof."""
    view = await find_own(tx, actor, _digest(digest))
    lot = await published_lot(tx, view.lot_id, actor)
    assert lot.deadline is not None
    if isinstance(view, Rejection):
        return await _rejected(request, tx, services, view, lot)
    page = ReceiptPage(
        **heading_of(lot, base_of(lot.id)),
        no=receipt_no(view),
        accepted=True,
        state=receipt_state(view),
        kind_word="撤回通知" if view.kind is SubmissionKind.WITHDRAWAL else "投标文件",
        bidder_name=view.bidder_name,
        rev=view.rev,
        replaces=view.rev - 1 if view.rev > 1 and view.kind is SubmissionKind.SUBMISSION else None,
        received_at=view.received_at,
        millis=f"{view.received_at.microsecond // 1000:03d}",
        deadline=lot.deadline,
        open=takes_bids(lot, tx.now),
        reason="",
        law="",
        docs=[DocRow(SLOT_NAMES[d["slot"]], d["eid"], d["bytes"], d["chunks"]) for d in view.documents],
        submission=digest,
        proof=await _proof(tx, services, view),
        signature=view.receipt.rsplit(".", 1)[1],
        qr=qr(f"{services.site.base_url}/verify"),
        pdf_href=f"/b/receipts/{digest}/paper.pdf" if await find_paper(tx, view) else "",
        json_href=f"/api/v1/receipts/{digest}",
        mail_to=masked(await own_address(tx, actor)) if MAIL in services.plugins else "",
        mailed="mailed" in request.query_params,
    )
    return render_page(request, "bidding/receipt.html", {"page": page}, nav="", now=tx.now)


async def _rejected(
    request: Request[Any, Any, Any], tx: Tx, services: Services, view: Rejection, lot: LotView
) -> Response[str]:
    digest = b64u_encode(view.digest)
    assert lot.deadline is not None
    page = ReceiptPage(
        **heading_of(lot, base_of(lot.id)),
        no=view.number,
        accepted=False,
        state=("bad", "已拒收"),
        kind_word="本次递交",
        bidder_name=view.bidder_name,
        rev=0,
        replaces=None,
        received_at=view.received_at,
        millis=f"{view.received_at.microsecond // 1000:03d}",
        deadline=lot.deadline,
        open=takes_bids(lot, tx.now),
        reason=view.words,
        law=view.law,
        docs=[],
        submission=digest,
        proof=await _proof(tx, services, view),
        signature=view.jws.rsplit(".", 1)[1],
        qr=qr(f"{services.site.base_url}/verify"),
        pdf_href=f"/b/receipts/{digest}/paper.pdf" if await find_paper(tx, view) else "",
        json_href=f"/api/v1/rejections/{digest}",
        mail_to="",
        mailed=False,
    )
    return render_page(request, "bidding/receipt.html", {"page": page}, nav="", now=tx.now)


@post("/b/receipts/{digest:str}/paper", guards=[permits("bid.room")], include_in_schema=False)
async def order(tx: Tx, actor: Actor, digest: str) -> Response[None]:
    """Have the sealed paper made; it is there a few seconds later."""
    await order_paper(tx, actor, _digest(digest))
    return Response(None, status_code=303, headers={"Location": f"/b/receipts/{digest}"})


@get("/b/receipts/{digest:str}/paper.pdf", guards=[permits("bid.room")], include_in_schema=False)
async def paper_file(tx: Tx, services: Services, actor: Actor, digest: str) -> Response[bytes]:
    """Return the sealed paper of one's own receipt or rejection."""
    found = await find_own(tx, actor, _digest(digest))
    use = await find_paper(tx, found)
    if use is None:
        raise NotFound("盖章的回执正在生成，请稍后再试。")
    return await paper_response(services, use)


@post("/b/receipts/{digest:str}/mail", guards=[permits("bid.room")], include_in_schema=False)
async def mail(tx: Tx, services: Services, actor: Actor, digest: str) -> Response[None]:
    """Have one's own receipt sent to one's own registered address."""
    await order_mail(tx, actor, _digest(digest))
    _require_desk(services)
    return Response(None, status_code=303, headers={"Location": f"/b/receipts/{digest}?mailed"})


@post(
    "/api/v1/receipts/{digest:str}/mail",
    guards=[permits("bid.room")],
    tags=["bidding"],
    summary="Have one's own receipt sent to one's own registered address",
    status_code=202,
)
async def add_mail(tx: Tx, services: Services, actor: Actor, digest: str) -> dict[str, str]:
    """Order the mail; the answer masks the address."""
    to = await order_mail(tx, actor, _digest(digest))
    _require_desk(services)
    return {"to": to}


def _require_desk(services: Services) -> None:
    """Refuse after it is known that the receipt is one's own: the order is rolled back."""
    if MAIL not in services.plugins:
        raise Unavailable("本平台没有配置邮件服务，请下载回执文件保存。")


def _digest(typed: str) -> bytes:
    try:
        return b64u_decode(typed, 32)
    except NotCanonical as error:
        raise NotFound from error


async def _proof(tx: Tx, services: Services, view: ReceiptView | Rejection) -> ProofRow | None:
    try:
        proof = await reader.proof_of_entry(tx, view.entry_id)
    except NotFound:
        return None  # the log numbers it within a second
    head = await reader.checkpoint_of_size(tx, proof["size"])
    checkpoint = parse_checkpoint(head.note, services.trust)
    witnesses = [cosignature.name for cosignature in checkpoint.cosignatures]
    return ProofRow(proof["index"], checkpoint.size, b64u_encode(checkpoint.root), head.at, witnesses)


HANDLERS = [receipt_page, order, paper_file, mail, add_mail]
