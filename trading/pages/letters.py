"""The award notice as its readers see it: the winner, the own parties, supervision."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.library import find_file
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.web.downloads import serve_file
from kernel.web.figures import qr
from kernel.web.guards import signed_in
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.award_reading import access_award_notice
from trading.contract_reading import ContractView, find_contract
from trading.pages.notices import NoticePage, seal_of
from trading.queries import get_lot


@get("/award-notices/{notice_id:uuid}", guards=[signed_in], include_in_schema=False)
async def award_notice_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, notice_id: UUID
) -> Response[str]:
    """Show an award notice to the winner, the own parties or supervision."""
    notice = await access_award_notice(tx, actor, notice_id)
    lot = await get_lot(tx, notice.lot_id)
    contract = await find_contract(tx, lot.id)
    address = f"/award-notices/{notice.id}"
    page = NoticePage(
        crumb="中标通知书",
        type_href=f"/lots/{lot.id}",
        issuer_head=lot.procuring_entity_name,
        number=notice.number,
        validity="",
        title=notice.content["title"],
        body=notice.content["body"],
        sign_name=lot.procuring_entity_name,
        sign_at=notice.issued_at,
        seal=seal_of(services, lot.procuring_entity_name) if notice.pdf_id else "",
        seal_label=f"{lot.procuring_entity_name}电子签章",
        kind="ok",
        type="中标通知书",
        published_at=notice.issued_at,
        until=None,
        until_label="",
        facts=[
            ("项目编号", lot.tender),
            *([] if notice.pdf_id else [("盖章 PDF", notice.pdf_fault or "正在生成")]),
            *_contract_facts(contract),
        ],
        objection_href="",
        pdf_href=f"{address}/pdf" if notice.pdf_id else "",
        json_href="",
        digest=notice.digest.hex(),
        log_index=None,
        qr=qr(f"{services.site.base_url}{address}"),
        timeline=[],
        versions=[],
        superseded_by="",
        invented=notice.content["invented"],
        contract_href=f"/api/v1/lots/{lot.id}/contract/file" if contract else "",
    )
    return render_page(request, "trading/notice.html", {"page": page}, now=tx.now)


@get("/award-notices/{notice_id:uuid}/pdf", guards=[signed_in], include_in_schema=False)
async def award_notice_pdf(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, notice_id: UUID
) -> Response[Any]:
    """Return the sealed award notice to the winner, the own parties or supervision.

    Raises:
        NotFound: it is not made yet, or it is somebody else's.
    """
    notice = await access_award_notice(tx, actor, notice_id)
    if notice.pdf_id is None:
        raise NotFound("盖章 PDF 尚未生成，请稍后再试。")
    return serve_file(request, services.files, await find_file(tx, notice.pdf_id))


def _contract_facts(contract: ContractView | None) -> list[tuple[str, str]]:
    if contract is None:
        return []
    return [
        ("合同编号", contract.number),
        ("合同金额", f"{Money(contract.amount_fen).grouped} 元"),
        ("合同订立", contract.signed_on.isoformat()),
        ("合同文件指纹", contract.digest.hex()),
    ]


HANDLERS = [award_notice_page, award_notice_pdf]
