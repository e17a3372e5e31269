"""Jobs of trading: make the sealed PDFs of notices and award notices, once, from what was published; sweep up uploads.

A machine without Pango, or an installation without seals, makes no PDF; the reason is kept and shown, and nothing else
suffers. What the paper says comes from the published content alone.
"""

import os
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text

from kernel.canonical import jcs, parse_time
from kernel.db.transaction import Tx
from kernel.errors import Unavailable
from kernel.files.arriving import sweep
from kernel.log.reader import list_entries
from kernel.money import Money
from kernel.outbox.queue import Handler
from kernel.papers import issuing
from kernel.papers.issuing import Doer
from kernel.web.figures import qr
from kernel.web.pdf import Attachment
from kernel.web.seal import Sealed
from kernel.web.services import Services
from trading.award_reading import load_award_notice
from trading.models.notice import Paper
from trading.queries import get_lot
from trading.reading import load_notice


async def make_paper(services: Services, payload: dict[str, Any]) -> None:
    """Make the sealed PDF of a notice (`notice`) or an award notice (`award_notice`); doing it twice changes nothing.

    Effects:
        a file; a row in `trading_paper`; entry `seal.used`, public.
    """
    subject_id = uuid.UUID(payload.get("notice") or payload["award_notice"])
    async with services.db.begin_read_only() as tx:
        if await _is_made(tx, subject_id):
            return
        order = await (_notice_order if "notice" in payload else _award_order)(tx, services, subject_id)
    try:
        sealed = await issuing.print_and_seal(services, order)
    except Unavailable as error:
        await _keep_fault(services, order, error.detail)
        return
    await _keep_paper(services, order, sealed)


async def _notice_order(tx: Tx, services: Services, notice_id: uuid.UUID) -> issuing.Paper:
    notice = await load_notice(tx, notice_id)
    content = notice.content
    lot = await get_lot(tx, notice.lot_id)
    kind = lot.definition.notices[notice.kind].title
    page = _frame(
        services,
        address=f"/notices/{notice.id}",
        head=services.site.name,
        number=notice.number,
        title=content["title"],
        signer=lot.agency_name,
        at=notice.published_at,
        invented=content.get("invented", []),
    ) | {"body": content["body"], "contacts": []}
    return issuing.Paper(
        subject=notice.id,
        matter=lot.id,
        kind=kind,
        number=notice.number,
        name=f"{kind}-{notice.number}.pdf",
        template="print/notice.html",
        page=page,
        signer=(lot.agency_name, await _uscc(tx, lot.agency_id)),
        access="public" if notice.is_public else "trading.notice",
        at=notice.published_at,
        twins=(Attachment("notice.json", jcs(content), f"{kind}（机器可读）"),),
        job=("trading:make_paper", {"notice": str(notice.id)}),
    )


async def _award_order(tx: Tx, services: Services, notice_id: uuid.UUID) -> issuing.Paper:
    notice = await load_award_notice(tx, notice_id)
    data = notice.content["data"]
    lot = await get_lot(tx, notice.lot_id)
    page = _frame(
        services,
        address=f"/award-notices/{notice.id}",
        head=lot.procuring_entity_name,
        number=notice.number,
        title=["中标通知书"],
        signer=lot.procuring_entity_name,
        at=notice.issued_at,
        invented=notice.content.get("invented", []),
    ) | {
        "to": data["winner"],
        "project": data["title"],
        "lot_no": data["lot"],
        "tender": data["tender"],
        "price": Money.parse(data["price"]).fen,
        "term": data["term"],
        "quality": data["quality"],
        "manager": data["leader"],
        "opened_at": parse_time(data["deadline"]),
        "contract_by": date.fromisoformat(data["contract_until"]),
        "contract_basis": "",
        "copies": f"抄送：{lot.supervising_body}",
    }
    return issuing.Paper(
        subject=notice.id,
        matter=lot.id,
        kind="中标通知书",
        number=notice.number,
        name=f"中标通知书-{notice.number}.pdf",
        template="print/award_notice.html",
        page=page,
        signer=(lot.procuring_entity_name, await _uscc(tx, lot.procuring_entity_id)),
        access="trading.award-notice",
        at=notice.issued_at,
        twins=(Attachment("award-notice.json", jcs(notice.content), "中标通知书（机器可读）"),),
        doers=await _doers(tx, lot.id, ("award.decided", "award.notice")),
        job=("trading:make_paper", {"award_notice": str(notice.id)}),
    )


async def _doers(tx: Tx, lot_id: uuid.UUID, kinds: tuple[str, ...]) -> tuple[Doer, ...]:
    """The people of the lot's last acts of these kinds."""
    last = {entry.type: entry.detail["actor"] for entry in await list_entries(tx, lot_id) if entry.type in kinds}
    return tuple(Doer(str(actor["account"]), str(actor["organisation"])) for actor in last.values())


def _frame(
    services: Services,
    *,
    address: str,
    head: str,
    number: str,
    title: list[str],
    signer: str,
    at: datetime,
    invented: list[str],
) -> dict[str, Any]:
    verify_url = services.site.base_url + address
    return {
        "head": head,
        "number": number,
        "note": "",
        "title": title,
        "issuer": services.site.name,
        "sign_name": signer,
        "sign_at": at,
        "seal": issuing.picture(services, signer),
        "qr": qr(verify_url),
        "verify_url": verify_url,
        "invented": invented,
    }


async def _uscc(tx: Tx, organisation_id: uuid.UUID) -> str:
    query = text("SELECT uscc FROM identity_organisation WHERE id = :id")
    return str((await tx.session.execute(query, {"id": organisation_id})).scalar_one())


async def _is_made(tx: Tx, subject_id: uuid.UUID) -> bool:
    query = select(Paper.file_id).where(Paper.subject_id == subject_id)
    return (await tx.session.execute(query)).scalar_one_or_none() is not None


async def _keep_paper(services: Services, order: issuing.Paper, sealed: Sealed) -> None:
    async with services.db.begin() as tx:
        file = await issuing.keep_paper(tx, services, order, sealed)
        await tx.session.merge(
            Paper(
                subject_id=order.subject,
                lot_id=order.matter,
                kind=order.kind,
                file_id=file.id,
                digest=file.digest,
                fault=None,
                made_at=tx.now,
            )
        )


async def _keep_fault(services: Services, order: issuing.Paper, fault: str) -> None:
    async with services.db.begin() as tx:
        await tx.session.merge(
            Paper(
                subject_id=order.subject,
                lot_id=order.matter,
                kind=order.kind,
                file_id=None,
                digest=None,
                fault=fault,
                made_at=tx.now,
            )
        )


async def forget_unfinished_uploads(services: Services) -> None:
    """Throw away documents that nobody went on sending; looked for every few minutes."""
    if os.urandom(1)[0] == 0:
        await sweep(services.db, services.files)


DUE = (forget_unfinished_uploads,)
JOBS: dict[str, Handler] = {"trading:make_paper": make_paper}
