"""The procuring entity's page to end a tender before the award."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parameters.articles import cite
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.holders import holders_of
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, require_agreement, texts_of
from trading.pages.room import FormData, own_lot
from trading.schemas import posted_json
from trading.stages import LOT
from trading.standing import state_of
from trading.terminating import CAUSES, Cause, TerminationDraft, terminate

_TAGS = ["trading"]


@dataclass(frozen=True, slots=True)
class EndingPage:
    """The end of a tender."""

    base: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    open: bool
    causes: list[tuple[str, str, str]]
    form: Form
    laws: list[str]


@get("/a/lots/{lot_id:uuid}/termination", guards=[permits("lot.terminate")], include_in_schema=False)
async def ending_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show what the end of the tender brings, and the form."""
    return _show(request, tx, await own_lot(tx, actor, lot_id), Form())


@post("/a/lots/{lot_id:uuid}/termination", guards=[permits("lot.terminate")], include_in_schema=False)
async def ending_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """End the tender."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    cause = str(form.values.get("cause", ""))
    if cause not in list(Cause):
        form.errors["cause"] = "请选择终止的原因。"
    posted = None
    if require_agreement(form) and not form.errors:
        draft = TerminationDraft(
            cause=Cause(cause),
            reason=str(form.values.get("reason", "")),
            document=str(form.values.get("document", "")),
        )
        holders = holders_of(services.plugins)
        posted = await attempt(tx, form, lambda: terminate(tx, actor, holders, lot_id, draft))
    if posted is None:
        return _show(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


@post("/api/v1/lots/{lot_id:uuid}/termination", guards=[permits("lot.terminate")], tags=_TAGS, summary="End a tender")
async def add_termination(
    tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: TerminationDraft
) -> dict[str, Any]:
    """End the tender before the award; bids stay sealed, bonds go back."""
    return posted_json(await terminate(tx, actor, holders_of(services.plugins), lot_id, data))


def _show(request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200) -> Response[str]:
    page = EndingPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        state=state_of(lot, tx.now),
        open=any(move.act == "terminate" and move.from_ is lot.stage for move in LOT.moves),
        causes=[(cause.value, word, "") for cause, word in CAUSES.items()],
        form=form,
        laws=[cite("条例31"), cite("30号令15" if lot.regime == "ZTB" else "87号令29")],
    )
    return render_page(request, "trading/termination.html", {"page": page}, status=status, now=tx.now)


HANDLERS = [ending_page, ending_form, add_termination]
