"""The page on which a firm applies for a prequalification and reads its own result."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.applying import ApplicationView, apply, find_own_application, withdraw_application
from trading.documents import MAX_SIZE, PREQUALIFICATION, DocumentView, list_documents
from trading.pages.common import Form, attempt, texts_of
from trading.pages.room import FormData
from trading.prequalifying import PrequalificationView, find_prequalification
from trading.visibility import view_lot


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """An own application."""

    lot_href: str
    here: str
    api: str
    title: str
    number: str
    lot_no: str
    dates: PrequalificationView
    open: bool
    documents: list[DocumentView]
    own: ApplicationView | None
    form: Form


@get("/lots/{lot_id:uuid}/application", guards=[permits("application.submit")], include_in_schema=False)
async def application_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the own application, or an empty form."""
    own = await find_own_application(tx, actor, lot_id)
    return await _show(request, tx, actor, lot_id, Form({"statement": own.statement} if own else {}))


@post(
    "/lots/{lot_id:uuid}/application",
    guards=[permits("application.submit")],
    include_in_schema=False,
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def application_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Hand the application in, or replace it."""
    given = data.get("file")
    chosen = [file for file in (given if isinstance(given, list) else [given]) if isinstance(file, UploadFile)]
    form = Form(texts_of({name: value for name, value in data.items() if isinstance(value, str)}))
    files = [(f.filename.replace("\\", "/").rpartition("/")[2], await f.read()) for f in chosen if f.filename]
    statement = str(form.values.get("statement", ""))
    made = await attempt(tx, form, lambda: apply(tx, actor, services.files, lot_id, statement, files))
    if made is None:
        if "name" in form.errors:
            form.errors["file"] = form.errors.pop("name")
        return await _show(request, tx, actor, lot_id, form, 422)
    return Response(None, status_code=303, headers={"Location": f"/lots/{lot_id}/application"})


@post("/lots/{lot_id:uuid}/application/withdraw", guards=[permits("application.submit")], include_in_schema=False)
async def withdrawal_form(tx: Tx, actor: Actor, lot_id: UUID, data: FormData) -> Response[None]:
    """Take the application back."""
    await withdraw_application(tx, actor, lot_id)
    return Response(None, status_code=303, headers={"Location": f"/lots/{lot_id}/application"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    lot = await view_lot(tx, actor, lot_id)
    dates = await find_prequalification(tx, lot_id)
    if dates is None or not actor.covers(lot_id):
        raise NotFound
    listed = await list_documents(tx, lot_id)
    page = ApplicationPage(
        lot_href=f"/lots/{lot_id}",
        here=f"/lots/{lot_id}/application",
        api=f"/api/v1/lots/{lot_id}",
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        dates=dates,
        open=dates.documents_from <= tx.now < dates.deadline and dates.concluded_at is None,
        documents=[item for item in listed if item.purpose == PREQUALIFICATION and item.issued_at is not None],
        own=await find_own_application(tx, actor, lot_id),
        form=form,
    )
    return render_page(request, "trading/application.html", {"page": page}, status=status, now=tx.now)


HANDLERS = [application_page, application_form, withdrawal_form]
