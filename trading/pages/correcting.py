"""The room's page of corrections: what the notice says now, what it shall say, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.correcting import correct_lot
from trading.drafts import CorrectionDraft
from trading.holders import holders_of
from trading.legal import law_of
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, moment_of, require_agreement, texts_of, written
from trading.pages.room import FormData, own_lot, show_waiting
from trading.plan import LegalDate, latest_dates
from trading.restrictive import Mark, marked_fields
from trading.vocabulary import Stage

_SCOPE = ("summary", "quantity", "place", "term", "quality")
_LABELS = {"summary": "招标内容", "qualifications": "投标人资格要求", "quality": "质量要求"}


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """The form of a correction."""

    base: str
    title: str
    number: str
    lot_no: str
    form: Form
    deadline: datetime
    latest: list[LegalDate]
    marks: list[tuple[str, str, Mark]]
    statement: str


@get("/a/lots/{lot_id:uuid}/correction", guards=[permits("notice.publish")], include_in_schema=False)
async def correction_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show what the notice says now, ready to be changed."""
    lot = await own_lot(tx, actor, lot_id)
    return await _show(request, tx, lot, Form(_now(lot)))


@post("/a/lots/{lot_id:uuid}/correction", guards=[permits("notice.publish")], include_in_schema=False)
async def correction_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the correction; a refused one is shown again with what was typed."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    draft = _draft(form)
    posted = None
    if draft is not None and require_agreement(form):
        holders = holders_of(services.plugins)
        posted = await attempt(tx, form, lambda: correct_lot(tx, actor, holders, lot_id, draft))
    if posted is None:
        return await _show(request, tx, lot, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


def _now(lot: LotView) -> dict[str, Any]:
    said = {name: str(lot.scope.get(name, "")) for name in _SCOPE}
    cap = str(Money(lot.price_cap_fen)) if lot.price_cap_fen else ""
    return said | {
        "qualifications": "\n".join(lot.qualifications),
        "price_cap": cap,
        "documents_to": written(lot.documents_to),
        "deadline": written(lot.deadline),
        "move_as_needed": "yes",
    }


def _draft(form: Form) -> CorrectionDraft | None:
    ends = moment_of(form, "documents_to", "招标文件获取截止时间")
    deadline = moment_of(form, "deadline", "投标截止时间")
    if ends is None or deadline is None:
        return None
    values = form.values
    return CorrectionDraft(
        reason=str(values.get("reason", "")),
        **{name: str(values.get(name, "")) for name in _SCOPE},
        qualifications=tuple(str(values.get("qualifications", "")).splitlines()),
        price_cap=str(values.get("price_cap", "")) or None,
        documents_to=ends,
        deadline=deadline,
        move_as_needed=values.get("move_as_needed") == "yes",
    )


async def _show(request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200) -> Response[str]:
    if lot.stage is not Stage.NOTICE_PUBLISHED or lot.deadline is None or tx.now >= lot.deadline:
        why = "公告发布以后、投标截止以前可以更正公告。"
        return show_waiting(request, tx, lot, "correction", "更正公告", why)
    law = await law_of(tx, lot.regime, lot.registered_at)
    page = CorrectionPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        form=form,
        deadline=lot.deadline,
        latest=list(latest_dates(lot.deadline, law, lot.definition)),
        marks=marked_fields(form.values, _LABELS),
        statement=f"我以{lot.agency_name}的名义确认更正内容，并知悉更正后的公告将取代现行版本，原版本保留",
    )
    return render_page(request, "trading/correction.html", {"page": page}, status=status, now=tx.now)


HANDLERS = [correction_page, correction_form]
