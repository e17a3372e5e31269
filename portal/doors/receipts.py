"""What the public may know of a receipt: nothing before the opening, everything that proves it afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding import facade as bidding
from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log.checkpoint import parse_checkpoint
from kernel.log.reader import checkpoint_of_size, receipt_bundle
from kernel.log.trust import read_trust
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import facade as trading

_KINDS = {"submission": "投标文件接收回执", "withdrawal": "投标撤回回执"}


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the log holds the receipt's entry."""

    index: int
    size: int
    root: str
    path: list[str]
    at: datetime
    witnesses: list[str]


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The context of `portal/receipt_verify.html`."""

    no: str
    found: bool
    opened: bool = False
    state: tuple[str, str] = ("", "")
    kind_word: str = ""
    received_at: datetime | None = None
    lot_title: str = ""
    lot_href: str = ""
    bidder_name: str = ""
    submission: str = ""
    proof: Proof | None = None
    bundle_href: str = ""


def _digest(typed: str) -> bytes:
    try:
        return b64u_decode(typed, 32)
    except NotCanonical as refusal:
        raise NotFound("没有这个编号的回执。") from refusal


@get("/verify/receipts/{digest:str}", opt=PUBLIC, include_in_schema=False)
async def show_receipt(request: Request[Any, Any, Any], tx: Tx, services: Services, digest: str) -> Response[str]:
    """Show a receipt once its lot is open; before that, and for an unknown number, the same page says nothing."""
    try:
        page = await _page(tx, services, digest)
    except NotFound:
        page = ReceiptPage(no=digest[:64], found=False)
    return render_page(
        request,
        "portal/receipt_verify.html",
        {"page": page},
        nav="verify",
        now=tx.now,
        status=200 if page.found else 404,
    )


async def _page(tx: Tx, services: Services, digest: str) -> ReceiptPage:
    receipt = await bidding.find_public_receipt(tx, _digest(digest))
    bundle = await receipt_bundle(tx, receipt.entry_id, receipt.receipt)
    head = parse_checkpoint(bundle["checkpoint"], read_trust(services.trust))
    lot = await trading.get_lot(tx, receipt.lot_id)
    return ReceiptPage(
        no=digest,
        found=True,
        opened=True,
        state=("ok", "有效") if receipt.is_current else ("mute", "已被后来的递交或撤回取代"),
        kind_word=_KINDS.get(receipt.kind.value, "回执"),
        received_at=receipt.received_at,
        lot_title=lot.title,
        lot_href=f"/lots/{lot.id}",
        bidder_name=receipt.bidder_name,
        submission=digest,
        proof=Proof(
            index=bundle["index"],
            size=bundle["size"],
            root=head.root.hex(),
            path=list(bundle["path"]),
            at=(await checkpoint_of_size(tx, head.size)).at,
            witnesses=[cosignature.name for cosignature in head.cosignatures],
        ),
        bundle_href=f"/api/v1/verify/receipts/{digest}",
    )


@get("/api/v1/verify/receipts/{digest:str}", opt=PUBLIC, tags=["verification"], summary="Receipt with its proof")
async def receipt_file(tx: Tx, digest: str) -> dict[str, Any]:
    """Return the bundle that proves a receipt, once its lot is open."""
    receipt = await bidding.find_public_receipt(tx, _digest(digest))
    return await receipt_bundle(tx, receipt.entry_id, receipt.receipt)


@get(["/help", "/accessibility", "/contact"], opt=PUBLIC, include_in_schema=False)
async def show_help(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the guide, the accessibility statement and how to reach the centre: one page."""
    return render_page(request, "portal/help.html", {}, nav="help")


HANDLERS = [show_receipt, receipt_file, show_help]
