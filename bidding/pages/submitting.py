"""Submit, withdraw, release, receipts. What is typed and chosen here is sealed and signed in the browser."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from markupsafe import Markup

from bidding import queries
from bidding.keysets import KeysetView, require_published_keyset
from bidding.opening_view import OpeningView, find_opening
from bidding.pages.rooms import published_lot
from bidding.pages.words import CLI, SLOT_NAMES, SubmissionRow, base_of, receipt_no, receipt_state, submission_row
from bidding.queries import OwnBidView, ReceiptView
from bidding.registration import require_interest
from bidding.vocabulary import FILE, MAX_CHUNKS, BidState, OpeningStage, SubmissionKind
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.log.checkpoint import parse_checkpoint
from kernel.web.figures import qr
from kernel.web.filters import moment
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.common import heading_of
from trading.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of the price form."""

    name: str
    label: str
    hint: str
    unit: str
    inputmode: str
    required: bool


@dataclass(frozen=True, slots=True)
class SubmitPage:
    """The context of `bidding/submit.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    tender: str
    lot: str
    bidder: str
    bidder_name: str
    deadline: datetime
    opens_at: datetime
    open: bool
    closed_text: str
    suite: str
    policy: str
    k: int
    n: int
    keyset_href: str
    keyset_digest: str
    upload_href: str
    submit_href: str
    prev: str
    rev: int
    fields: list[FieldRow]
    price_cap: int | None
    max_bytes: int
    accept: str
    checks: list[tuple[str, str, str]]
    submissions: list[SubmissionRow]
    cli: str


@get("/b/lots/{lot_id:uuid}/submit", guards=[permits("bid.prepare")], include_in_schema=False)
async def submit_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show where a bid is sealed and sent."""
    lot, own = await _own(tx, actor, lot_id)
    keyset = await require_published_keyset(tx, lot_id)
    rows = [submission_row(view) for view in await queries.list_own_submissions(tx, actor, lot_id)]
    page = _submit_page(lot, own, keyset, rows, actor, tx.now)
    return render_page(request, "bidding/submit.html", {"page": page}, nav="", now=tx.now)


async def _own(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> tuple[LotView, OwnBidView]:
    lot = await published_lot(tx, lot_id)
    await require_interest(tx, actor, lot_id)
    own = await queries.find_own_bid(tx, actor, lot_id)
    if own is None or lot.deadline is None:
        raise NotFound
    return lot, own


def _is_open(lot: LotView, now: datetime) -> bool:
    return lot.stage is Stage.NOTICE_PUBLISHED and lot.deadline is not None and now < lot.deadline


def _submit_page(
    lot: LotView, own: OwnBidView, keyset: KeysetView, rows: list[SubmissionRow], actor: Actor, now: datetime
) -> SubmitPage:
    assert lot.deadline is not None
    cap = lot.price_cap_fen
    cap_words = f"，不得超过最高投标限价 {cap // 100:,}.{cap % 100:02d} 元" if cap else ""
    return SubmitPage(
        **heading_of(lot, base_of(lot.id)),
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
        bidder_name=actor.organisation_name,
        deadline=lot.deadline,
        opens_at=lot.opening_at or lot.deadline,
        open=_is_open(lot, now),
        closed_text=_closed_text(lot, own, now),
        suite=str(keyset.document["suite"]),
        policy=keyset.policy.value,
        k=keyset.k,
        n=keyset.n,
        keyset_href=f"/api/v1/lots/{lot.id}/keyset",
        keyset_digest=b64u_encode(keyset.ks),
        upload_href="/api/v1/uploads",
        submit_href="/api/v1/submissions",
        prev="" if own.head is None else b64u_encode(own.head),
        rev=own.rev + 1,
        fields=[
            FieldRow("price", "投标报价", f"含税，两位小数{cap_words}", "元", "decimal", True),
            FieldRow("period", "交货期或工期", "自合同签订之日起，例如 30 日", "", "text", True),
            FieldRow("manager", "项目负责人", "姓名与身份证件一致", "", "text", True),
            FieldRow("remark", "说明", "对招标文件的偏离，没有则留空", "", "text", False),
        ],
        price_cap=cap,
        max_bytes=(MAX_CHUNKS[FILE] - 1) << 20,
        accept=".pdf,.xlsx,.zip",
        checks=[
            ("ok", "已登记参加，已取得招标文件", ""),
            ("ok", "开标密钥集已公布并演练", f"{keyset.n} 名见证人，门槛 {keyset.k} 名"),
        ],
        submissions=rows,
        cli=CLI,
    )


def _closed_text(lot: LotView, own: OwnBidView, now: datetime) -> str:
    if _is_open(lot, now) or lot.deadline is None:
        return ""
    kept = f"您第 {own.rev} 次递交的投标文件有效。" if own.state not in _NOTHING else "您没有有效的投标文件。"
    if now < lot.deadline:
        return "本标段现在不接收投标文件，请查看公告。"
    return f"投标已于 {moment(lot.deadline)}（北京时间）截止。{kept}"


_NOTHING = (BidState.REGISTERED, BidState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class WithdrawPage:
    """The context of `bidding/withdraw.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    deadline: datetime
    rev: int
    at: datetime
    receipt_no: str
    digest: str
    allowed: bool
    why_not: str
    law: str
    submit_href: str
    tender: str
    lot: str
    bidder: str


@get("/b/lots/{lot_id:uuid}/withdraw", guards=[permits("bid.withdraw")], include_in_schema=False)
async def withdraw_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """Show what a withdrawal does; without a bid in force there is nothing to withdraw."""
    lot, own = await _own(tx, actor, lot_id)
    assert lot.deadline is not None
    current = next((view for view in await queries.list_own_submissions(tx, actor, lot_id) if view.is_current), None)
    if current is None or own.state in _NOTHING:
        return Response(None, status_code=303, headers={"Location": f"{base_of(lot_id)}/submit"})
    allowed = _is_open(lot, tx.now)
    page = WithdrawPage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        deadline=lot.deadline,
        rev=current.rev,
        at=current.received_at,
        receipt_no=receipt_no(current),
        digest=b64u_encode(current.digest),
        allowed=allowed,
        why_not="" if allowed else "只能依法撤销投标文件，招标人可以不退还投标保证金。",
        law="" if allowed else "招标投标法实施条例第三十五条",
        submit_href="/api/v1/withdrawals",
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
    )
    return render_page(request, "bidding/withdraw.html", {"page": page}, nav="", now=tx.now)


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A sealed document of the own bid."""

    slot: str
    name: str
    eid: str


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """The context of `bidding/release.html`."""

    base: str
    title: str
    number: str
    lot_no: str
    bidder_name: str
    state: str
    deadline: datetime
    window_until: datetime
    released_at: datetime | None
    rev: int
    receipt_no: str
    digest: str
    slots: list[SlotRow]
    headers_href: str
    closelist_href: str
    release_href: str
    log_href: str
    tender: str
    lot: str
    bidder: str
    hall_href: str


@get("/b/lots/{lot_id:uuid}/release", guards=[permits("bid.open")], include_in_schema=False)
async def release_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show where the own secret is released, when its time has come."""
    lot, own = await _own(tx, actor, lot_id)
    assert lot.deadline is not None
    opening = await find_opening(tx, lot_id)
    keyset = await require_published_keyset(tx, lot_id)
    current = next((view for view in await queries.list_own_submissions(tx, actor, lot_id) if view.is_current), None)
    slots = [] if current is None else [SlotRow(d["slot"], SLOT_NAMES[d["slot"]], d["eid"]) for d in current.documents]
    api = f"/api/v1/lots/{lot_id}"
    page = ReleasePage(
        **heading_of(lot, base_of(lot_id)),
        bidder_name=actor.organisation_name,
        state=_release_state(own, opening, tx.now),
        deadline=lot.deadline,
        window_until=opening.window_until if opening else queries.window_end(lot.deadline, keyset.window_s),
        released_at=await queries.released_at(tx, own.bid_id),
        rev=own.rev,
        receipt_no=receipt_no(current) if current else "",
        digest="" if own.head is None else b64u_encode(own.head),
        slots=slots,
        headers_href=f"{api}/headers",
        closelist_href=f"{api}/close-list",
        release_href="/api/v1/releases",
        log_href="/log",
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
        hall_href=f"/openings/{lot_id}",
    )
    return render_page(request, "bidding/release.html", {"page": page}, nav="", now=tx.now)


def _release_state(own: OwnBidView, opening: OpeningView | None, now: datetime) -> str:
    if own.state in _NOTHING or (opening is not None and opening.stage is OpeningStage.FAILED):
        return "none"
    if opening is None or opening.stage is OpeningStage.CLOSED:
        return "early"
    if own.state in (BidState.RELEASED, BidState.OPENED):
        return "done"
    is_open = opening.stage is OpeningStage.RELEASING and now < opening.window_until
    return "open" if is_open and own.state is BidState.CLOSED else "late"


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


@get("/b/receipts/{digest:str}", guards=[permits("bid.room")], include_in_schema=False)
async def receipt_page(
    request: Request[Any, Any, Any], tx: Tx, services: Services, actor: Actor, digest: str
) -> Response[str]:
    """Show a receipt with its proof."""
    try:
        view = await queries.find_receipt(tx, actor, b64u_decode(digest, 32))
    except NotCanonical as error:
        raise NotFound from error
    lot = await published_lot(tx, view.lot_id)
    assert lot.deadline is not None
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
        open=_is_open(lot, tx.now),
        reason="",
        law="",
        docs=[DocRow(SLOT_NAMES[d["slot"]], d["eid"], d["bytes"], d["chunks"]) for d in view.documents],
        submission=digest,
        proof=await _proof(tx, services, view),
        signature=view.receipt.rsplit(".", 1)[1],
        qr=qr(f"{services.site.base_url}/verify"),
        pdf_href="",
        json_href=f"/api/v1/receipts/{digest}",
    )
    return render_page(request, "bidding/receipt.html", {"page": page}, nav="", now=tx.now)


async def _proof(tx: Tx, services: Services, view: ReceiptView) -> ProofRow | None:
    try:
        proof = await reader.proof_of_entry(tx, view.entry_id)
    except NotFound:
        return None  # the log numbers it within a second
    head = await reader.checkpoint_of_size(tx, proof["size"])
    checkpoint = parse_checkpoint(head.note, services.trust)
    witnesses = [cosignature.name for cosignature in checkpoint.cosignatures]
    return ProofRow(proof["index"], checkpoint.size, b64u_encode(checkpoint.root), head.at, witnesses)


HANDLERS = [submit_page, withdraw_page, release_page, receipt_page]
