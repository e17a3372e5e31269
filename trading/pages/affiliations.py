"""The page of declared affiliations: administrators enter and approve, supervision reads."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading import affiliations
from trading.affiliation_checks import AffiliationDraft
from trading.independence import TIES, article_of
from trading.pages.common import Form, attempt, texts_of
from trading.vocabulary import Role

_Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_PAGE = "/admin/affiliations"
_NAMES = ("kind", "uscc", "name", "to", "basis", "since", "of_uscc", "of_name", "project", "until")


@get(_PAGE, guards=[permits("affiliation.read")], include_in_schema=False)
async def affiliations_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show what is declared and what waits."""
    return await _show(request, tx, actor, Form())


@post(_PAGE, guards=[permits("affiliation.declare")], include_in_schema=False)
async def declare_form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, data: _Fields) -> Response[Any]:
    """Ask that an affiliation be recorded."""
    form = Form(values=texts_of(data))
    draft = AffiliationDraft(**{name: str(form.values.get(name, "")) for name in _NAMES})
    await attempt(tx, form, lambda: affiliations.ask_declaration(tx, actor, draft))
    return await _after(request, tx, actor, form)


@post(_PAGE + "/{affiliation_id:uuid}/end", guards=[permits("affiliation.declare")], include_in_schema=False)
async def end_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, affiliation_id: UUID, data: _Fields
) -> Response[Any]:
    """Ask that an affiliation end."""
    form = Form(values={f"{name}-{affiliation_id}": value for name, value in texts_of(data).items()})
    typed = texts_of(data)
    await attempt(
        tx,
        form,
        lambda: affiliations.ask_end(
            tx, actor, affiliation_id, until=str(typed.get("until", "")), basis=str(typed.get("basis", ""))
        ),
    )
    form.errors = {f"{name}-{affiliation_id}" if name != "form" else name: told for name, told in form.errors.items()}
    return await _after(request, tx, actor, form)


@post(_PAGE + "/petitions/{petition_id:uuid}", guards=[permits("affiliation.approve")], include_in_schema=False)
async def decide_form(tx: Tx, actor: Actor, petition_id: UUID, data: _Fields) -> Response[None]:
    """Approve or refuse as the second person."""
    if data.get("decision") not in ("approve", "refuse"):
        raise InvalidInput("请选择同意或不同意。", [("decision", "请选择")])
    await affiliations.decide(tx, actor, petition_id, approve=data["decision"] == "approve")
    return Response(None, status_code=303, headers={"Location": _PAGE})


async def _after(request: Request[Any, Any, Any], tx: Tx, actor: Actor, form: Form) -> Response[Any]:
    if form.errors:
        return await _show(request, tx, actor, form, status=422)
    return Response(None, status_code=303, headers={"Location": _PAGE})


async def _show(request: Request[Any, Any, Any], tx: Tx, actor: Actor, form: Form, status: int = 200) -> Response[str]:
    rows = await affiliations.list_affiliations(tx)
    waiting = await affiliations.list_petitions(tx)
    page = {
        "rows": [(row, TIES[row.tie], article_of(row.tie, row.of_uscc)) for row in rows],
        "waiting": [(row, affiliations.said_of(row.facts), row.act == affiliations.END) for row in waiting],
        "kinds": [(tie.value, words) for tie, words in TIES.items()],
        "may_ask": policy.current().rule("affiliation.declare").admits(actor),
        "may_decide": policy.current().rule("affiliation.approve").admits(actor),
        "me": actor.account_id,
        "side": "supervisor" if actor.has(Role.SUPERVISOR) else "admin",
        "form": form,
    }
    return render_page(request, "trading/affiliations.html", {"page": page}, nav="", now=tx.now, status=status)


HANDLERS: list[Any] = [affiliations_page, declare_form, end_form, decide_form]
