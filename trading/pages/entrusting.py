"""The page of entrustments, for both sides."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading import entrusting
from trading.pages.common import Form, attempt
from trading.vocabulary import Role

_PARTIES = [permits("entrustment.read")]
_STATES = {
    "offered": ("warn", "等待代理机构接受"),
    "accepted": ("ok", "委托有效"),
    "declined": ("bad", "代理机构未接受"),
    "ended": ("mute", "已解除"),
}
_Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/a/entrustments", guards=_PARTIES, include_in_schema=False)
async def entrustments_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show entrustments given or got."""
    return await _show(request, tx, actor, Form())


@post("/a/entrustments/{project_id:uuid}/answer", guards=[permits("entrustment.answer")], include_in_schema=False)
async def answer_form(tx: Tx, actor: Actor, project_id: UUID, data: _Fields) -> Response[None]:
    """Answer for the own agency."""
    await entrusting.answer_entrustment(tx, actor, project_id, accept=data.get("answer") == "accept")
    return Response(None, status_code=303, headers={"Location": "/a/entrustments"})


@post("/a/entrustments/{project_id:uuid}/end", guards=[permits("entrustment.end")], include_in_schema=False)
async def end_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, project_id: UUID, data: _Fields
) -> Response[Any]:
    """End an entrustment of an own project."""
    name = f"reason-{project_id}"
    form = Form(values={name: data.get(name, "")})
    await attempt(tx, form, lambda: entrusting.end_entrustment(tx, actor, project_id, data.get(name, "")))
    if form.errors:
        form.errors = {name: next(iter(form.errors.values()))}
        return await _show(request, tx, actor, form, status=422)
    return Response(None, status_code=303, headers={"Location": "/a/entrustments"})


async def _show(request: Request[Any, Any, Any], tx: Tx, actor: Actor, form: Form, status: int = 200) -> Response[str]:
    rows = await entrusting.list_entrustments(tx, actor)
    page = {
        "name": actor.organisation_name,
        "is_agency": actor.has(Role.AGENCY),
        "rows": [(row, _STATES[row.state]) for row in rows],
        "form": form,
    }
    return render_page(request, "trading/entrustments.html", {"page": page}, nav="", now=tx.now, status=status)


HANDLERS: list[Any] = [entrustments_page, answer_form, end_form]
