"""Where a bid is sealed and sent: what is typed and chosen here is sealed and signed in the browser."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding import queries
from bidding.drafting import FIELDS, Field, hint
from bidding.keysets import KeysetView, require_published_keyset
from bidding.pages.own_bid import NOTHING, own_bid, takes_bids
from bidding.pages.words import SubmissionRow, base_of, offline_steps, submission_row
from bidding.queries import OwnBidView
from bidding.readiness import Readiness, check_opening_day
from bidding.rejections import Rejection, list_own_rejections
from bidding.vocabulary import MAX_FILE_BYTES
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parameters.articles import cite
from kernel.web.filters import minute, moment
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.common import heading_of

#: Why a bid would be refused or rejected: a field left empty, a price above the cap (R-VETO-05), no file (R-ET-04).
BASIS = {"missing": "招投法36", "cap": "条例51", "file": "20号令26"}


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
    fields: list[Field]
    basis: dict[str, str]
    price_cap: int | None
    max_bytes: int
    accept: str
    checks: list[tuple[str, str, str]]
    evidence: list[tuple[str, str, str]]
    readiness: Readiness
    submissions: list[SubmissionRow]
    rejections: list[Rejection]
    cli: list[tuple[str, str]]


@get("/b/lots/{lot_id:uuid}/submit", guards=[permits("bid.prepare")], include_in_schema=False)
async def submit_page(
    request: Request[Any, Any, Any], tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID
) -> Response[str]:
    """Show where a bid is sealed and sent."""
    lot, own = await own_bid(tx, actor, lot_id)
    keyset = await require_published_keyset(tx, lot_id)
    rows = [submission_row(view) for view in await queries.list_own_submissions(tx, actor, lot_id)]
    refused = await list_own_rejections(tx, actor, lot_id)
    ready = await check_opening_day(tx, actor, lot_id)
    page = _submit_page(lot, own, keyset, rows, refused, ready, actor, services.site.base_url, tx.now)
    return render_page(request, "bidding/submit.html", {"page": page}, nav="", now=tx.now)


def _submit_page(
    lot: LotView,
    own: OwnBidView,
    keyset: KeysetView,
    rows: list[SubmissionRow],
    refused: list[Rejection],
    ready: Readiness,
    actor: Actor,
    site: str,
    now: datetime,
) -> SubmitPage:
    assert lot.deadline is not None
    cap = lot.price_cap_fen
    return SubmitPage(
        **heading_of(lot, base_of(lot.id)),
        tender=lot.tender,
        lot=lot.number,
        bidder=own.pseudonym,
        bidder_name=actor.organisation_name,
        deadline=lot.deadline,
        opens_at=lot.opening_at or lot.deadline,
        open=takes_bids(lot, now),
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
        fields=[replace(field, hint=hint(field, cap)) for field in FIELDS],
        basis={name: f"（{cite(short)}）" for name, short in BASIS.items()},
        price_cap=cap,
        max_bytes=MAX_FILE_BYTES,
        accept=".pdf,.xlsx,.docx,.zip",
        checks=[
            ("ok", "已登记参加，已取得招标文件", ""),
            ("ok", "开标密钥集已公布并演练", f"{keyset.n} 名见证人，门槛 {keyset.k} 名"),
            _opening_day(ready),
        ],
        evidence=[("", item.evidence, f"{item.name}，{item.max} 分") for item in lot.criteria if item.evidence],
        readiness=ready,
        submissions=rows,
        rejections=refused,
        cli=offline_steps(site, lot.id),
    )


def _opening_day(ready: Readiness) -> tuple[str, str, str]:
    """Return the line that says whether certificate and authorisation still serve when the bid is opened."""
    if ready.opening_at is None:
        return "", "开标时间未定", "确定后再核对证书和授权的有效期"
    when = f"模拟 {minute(ready.opening_at)} 开标"
    if ready.findings:
        return "warn", "开标当日有证书或授权失效", when
    return "ok", "开标当日证书和授权有效", when


def _closed_text(lot: LotView, own: OwnBidView, now: datetime) -> str:
    if takes_bids(lot, now) or lot.deadline is None:
        return ""
    kept = f"您第 {own.rev} 次递交的投标文件有效。" if own.state not in NOTHING else "您没有有效的投标文件。"
    if now < lot.deadline:
        return "本标段现在不接收投标文件，请查看公告。"
    return f"投标已于 {moment(lot.deadline)}（北京时间）截止。{kept}"


HANDLERS = [submit_page]
