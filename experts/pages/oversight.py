"""The committee's draw for supervision, which contributes randomness to it: its own part, who was left out, the calls.

Law: R-DRAW-10, R-REC-06: supervision sees at once who was left out and why; members stay masked until the award.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from experts import queries
from experts.pages.draws import GROUNDS, drawn_of, give_up
from experts.recusal import Ground
from kernel.db.transaction import Tx
from kernel.drawbook.shelf import require_contributor
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading import facade as trading
from trading.pages.common import Form, heading_of, texts_of
from trading.pages.room import FormData

LAW = "招标投标法实施条例第四十六条"


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """Somebody who was left out before the freeze."""

    no: str
    name: str
    ground: str
    unit: str
    rule: str


@get("/s/lots/{lot_id:uuid}/committee", guards=[permits("committee.exclusions")], include_in_schema=False)
async def oversee(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the draw of a lot's committee to supervision."""
    return await _show(request, tx, actor, lot_id, Form())


@post(
    "/s/lots/{lot_id:uuid}/committee/void",
    guards=[permits("committee.exclusions"), permits("draw.end")],
    include_in_schema=False,
)
async def void_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Declare the draw void after somebody stayed silent; the next application names it."""
    form = Form(texts_of(data))
    await require_contributor(tx, actor, (await queries.get_committee(tx, actor, lot_id)).draw_id)
    await give_up(tx, actor, lot_id, form)
    if form.errors:
        return await _show(request, tx, actor, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": "/draws"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    view = await queries.get_committee(tx, actor, lot_id)
    base = f"/s/lots/{lot_id}/committee"
    page: dict[str, Any] = {
        **heading_of(await trading.get_lot(tx, lot_id), base),
        "form": form,
        "law": LAW,
        "exclusions": [
            ExclusionRow(row.expert, row.name, GROUNDS[Ground(row.ground)], row.unit, row.rule)
            for row in await queries.list_exclusions(tx, actor, lot_id)
        ],
    }
    page |= await drawn_of(tx, actor, view, f"{base}/void")
    return render_page(request, "experts/oversight.html", {"page": page}, status=status, now=tx.now)


HANDLERS: list[Any] = [oversee, void_form]
