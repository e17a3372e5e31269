"""The room's page of the contract: the procuring entity puts it on record, then its main contents are published."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.announcement import NoticeKind
from trading.award_reading import AwardView, find_award, find_award_notice
from trading.contract_reading import ContractView, find_contract
from trading.contract_rules import substance_article
from trading.contracting import conclude_contract
from trading.documents import MAX_SIZE
from trading.drafts import ContractDraft
from trading.legal import law_of
from trading.limits import due
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot, show_waiting
from trading.reading import list_notices_of
from trading.special_notices import publish_contract
from trading.standing import state_of
from trading.thresholds import performance_bond_cap
from trading.vocabulary import Limit, Regime, Role

_TYPED = ("contract_no", "amount", "term", "summary", "performance_bond", "late_reason")


@dataclass(frozen=True, slots=True)
class ContractPage:
    """The contract and its publicity.

    Attributes:
        mine: the reader is of the procuring entity, which alone puts a contract on record.
        until: last day for signing;  overdue: it is over.
        contract: what is on record, empty before;  late: why it was signed late.
        publication_until: last day for publishing it, where the law sets one.
    """

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    form: Form
    mine: bool
    facts: list[tuple[str, str]]
    laws: list[tuple[str, str]]
    until: date
    overdue: bool
    contract: list[tuple[str, str]]
    digest: str
    file_href: str
    late: str
    publication_until: date | None
    notice_href: str
    statement: str
    publication_statement: str
    most: int


@get("/a/lots/{lot_id:uuid}/contract", guards=[permits("notice.publish")], include_in_schema=False)
async def contract_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the form, or the contract on record and its publicity."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form({"term": str(lot.scope["term"]), "summary": str(lot.scope["summary"])})
    return await _show(request, tx, actor, lot, form)


@post(
    "/a/lots/{lot_id:uuid}/contract",
    guards=[permits("contract.conclude")],
    include_in_schema=False,
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def contract_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Put the contract on record."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of({name: value for name, value in data.items() if isinstance(value, str)}))
    draft, done, file = _draft(form), None, data.get("file")
    if require_agreement(form) and draft is not None:
        content, name = b"", ""
        if isinstance(file, UploadFile) and file.filename:
            content, name = await file.read(), file.filename.replace("\\", "/").rpartition("/")[2]

        async def act() -> bool:
            await conclude_contract(tx, actor, services.files, lot_id, draft, name=name, data=content)
            return True

        done = await attempt(tx, form, act)
    if done is None:
        return await _show(request, tx, actor, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/contract"})


@post("/a/lots/{lot_id:uuid}/contract/publication", guards=[permits("notice.publish")], include_in_schema=False)
async def publication_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the main contents of the contract."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    posted = None
    if require_agreement(form):
        posted = await attempt(tx, form, lambda: publish_contract(tx, actor, lot_id))
    if posted is None:
        return await _show(request, tx, actor, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


def _draft(form: Form) -> ContractDraft | None:
    try:
        signed_on = date.fromisoformat(str(form.values.get("signed_on", "")))
    except ValueError:
        form.errors["signed_on"] = "请填写合同订立日期，例如 2026-08-20。"
        return None
    return ContractDraft(signed_on=signed_on, **{name: str(form.values.get(name, "")) for name in _TYPED})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    award, notice = await find_award(tx, lot.id), await find_award_notice(tx, lot.id)
    if award is None or notice is None:
        words = "中标通知书发出后，招标人在此登记所订合同，再公示合同的主要内容。"
        return show_waiting(request, tx, lot, "contract", "中标通知书尚未发出", words)
    law = await law_of(tx, lot.regime, lot.registered_at)
    contract = await find_contract(tx, lot.id)
    until = due(Limit.CONTRACT, legal_date(notice.issued_at), law).date
    out = [line for line in await list_notices_of(tx, lot.id) if line.kind is NoticeKind.CONTRACT]
    limited = contract is not None and law.knows(Limit.CONTRACT_PUBLICATION)
    page = ContractPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        form=form,
        mine=actor.organisation_id == lot.procuring_entity_id and actor.has(Role.PROCURING_ENTITY),
        facts=_award_facts(award, notice.number, law),
        laws=_laws(law),
        until=until,
        overdue=legal_date(tx.now) > until,
        contract=_contract_facts(contract) if contract else [],
        digest=contract.digest.hex() if contract else "",
        file_href=f"/api/v1/lots/{lot.id}/contract/file" if contract else "",
        late=contract.late_reason if contract else "",
        publication_until=due(Limit.CONTRACT_PUBLICATION, contract.signed_on, law).date
        if contract and limited
        else None,
        notice_href=f"/notices/{out[-1].id}" if out else "",
        statement=f"我以{lot.procuring_entity_name}的名义确认：上传的是与中标人订立的合同，未背离招标文件和中标人的投标文件",
        publication_statement="公示内容取自登记的合同，与所订合同一致",
        most=MAX_SIZE,
    )
    return render_page(request, "trading/contract.html", {"page": page}, status=status, now=tx.now)


def _award_facts(award: AwardView, number: str, law: Law) -> list[tuple[str, str]]:
    cap = performance_bond_cap(Money(award.price_fen), law)
    return [
        ("中标人", award.bidder_name),
        ("中标价", f"{Money(award.price_fen).grouped} 元"),
        ("中标通知书", number),
        ("履约保证金上限", f"{cap.amount.grouped} 元"),
    ]


def _laws(law: Law) -> list[tuple[str, str]]:
    rows = [law.row(limit) for limit in (Limit.CONTRACT, Limit.CONTRACT_PUBLICATION) if law.knows(limit)]
    found = [(f"{row.label}：{row.count} {'个工作日' if row.unit == 'wd' else '日'}", row.article) for row in rows]
    bond = law.row(Limit.PERFORMANCE_BOND_CAP)
    found.append((f"履约保证金不超过合同金额的 {bond.value:f}%", bond.article))
    found.append(("按照招标文件和中标人的投标文件订立，不得背离实质性内容", substance_article(Regime(law.regime))))
    if law.knows(Limit.BOND_RETURN):
        row = law.row(Limit.BOND_RETURN)
        found.append((f"{row.label}：{row.count} 日", cite(row.basis)))
    return found


def _contract_facts(contract: ContractView) -> list[tuple[str, str]]:
    bond = contract.performance_bond_fen
    return [
        ("合同编号", contract.number),
        ("合同相对方", contract.winner),
        ("合同金额", f"{Money(contract.amount_fen).grouped} 元"),
        ("订立日期", contract.signed_on.isoformat()),
        ("履行期限", contract.term),
        ("合同标的", contract.summary),
        ("履约保证金", f"{Money(bond).grouped} 元" if bond else "不收取"),
    ]


HANDLERS = [contract_page, contract_form, publication_form]
