"""The room's page of the contract: publish its main contents."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.announcement import NoticeKind
from trading.drafts import ContractDraft
from trading.legal import law_of
from trading.lot_view import LotView
from trading.models.award import Award
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot, show_waiting
from trading.reading import list_notices_of
from trading.special_notices import publish_contract
from trading.standing import state_of
from trading.vocabulary import Limit, Stage


@dataclass(frozen=True, slots=True)
class ContractPage:
    """The contract and its publicity."""

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    form: Form
    facts: list[tuple[str, str]]
    laws: list[tuple[str, str]]
    notice_href: str
    statement: str


@get("/a/lots/{lot_id:uuid}/contract", guards=[permits("notice.publish")], include_in_schema=False)
async def contract_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the form, or the publicity that is out."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form({"term": str(lot.scope["term"]), "summary": str(lot.scope["summary"])})
    return await _show(request, tx, lot, form)


@post("/a/lots/{lot_id:uuid}/contract", guards=[permits("notice.publish")], include_in_schema=False)
async def contract_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the main contents of the contract."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    said = {name: str(form.values.get(name, "")) for name in ("contract_no", "term", "summary")}
    posted, signed_on = None, _day(form)
    if require_agreement(form) and signed_on is not None:
        draft = ContractDraft(signed_on=signed_on, **said)
        posted = await attempt(tx, form, lambda: publish_contract(tx, actor, lot_id, draft))
    if posted is None:
        return await _show(request, tx, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


def _day(form: Form) -> date | None:
    try:
        return date.fromisoformat(str(form.values.get("signed_on", "")))
    except ValueError:
        form.errors["signed_on"] = "请填写合同订立日期，例如 2026-08-20。"
        return None


async def _show(request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200) -> Response[str]:
    award = (await tx.session.execute(select(Award).where(Award.lot_id == lot.id))).scalar_one_or_none()
    if award is None or lot.stage in (Stage.AWARDED, Stage.RESULT_PUBLISHED):
        words = "中标通知书发出、合同订立后，在此公示合同的主要内容。"
        return show_waiting(request, tx, lot, "contract", "中标通知书尚未发出", words)
    law = await law_of(tx, lot.regime, lot.registered_at)
    rows = [law.row(limit) for limit in (Limit.CONTRACT, Limit.CONTRACT_PUBLICATION) if law.knows(limit)]
    out = [line for line in await list_notices_of(tx, lot.id) if line.kind is NoticeKind.CONTRACT]
    page = ContractPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        form=form,
        facts=[("中标人", award.bidder_name), ("合同金额", f"{Money(award.price_fen).grouped} 元（与中标价一致）")],
        laws=[(f"{row.label}：{row.count} {'个工作日' if row.unit == 'wd' else '日'}", row.article) for row in rows],
        notice_href=f"/notices/{out[-1].id}" if out else "",
        statement="公示内容与所订合同一致，合同未背离招标文件和中标人的投标文件",
    )
    return render_page(request, "trading/contract.html", {"page": page}, status=status, now=tx.now)


HANDLERS = [contract_page, contract_form]
