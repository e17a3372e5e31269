"""An inspector's tasks, the own signing key, and whom the inspector has to stay away from."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision.drafts import Conflict
from supervision.pages.task_room import has_unopened
from supervision.queries import InspectionView, PickView, find_place, get_inspection, list_picks, list_tasks
from supervision.register_queries import list_own_conflicts
from supervision.registers import declare_conflict
from trading.pages.common import Form, attempt, texts_of

FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
_RECORD = [permits("inspection.record")]


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One object to inspect, or a hint that some wait to be opened."""

    title: str
    href: str
    target: str
    due: date
    mates: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class TasksPage:
    """The context of `supervision/tasks.html`."""

    tasks: list[TaskLine]
    key: str
    conflicts: list[tuple[str, str]]
    form: Form


@get("/s/tasks", guards=_RECORD, include_in_schema=False)
async def tasks(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """List the own tasks; what is not opened yet names nobody."""
    return await _show(request, tx, actor, services, Form())


@post("/s/tasks/conflicts", guards=_RECORD, include_in_schema=False)
async def add_conflict(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, data: FormData
) -> Response[Any]:
    """Declare a unit to stay away from."""
    form = Form(texts_of(data))
    draft = Conflict(unit=str(form.values.get("unit", "")).upper(), reason=str(form.values.get("reason", "")))
    await attempt(tx, form, lambda: declare_conflict(tx, actor, draft))
    if form.errors:
        return await _show(request, tx, actor, services, form)
    return Response(None, status_code=303, headers={"Location": "/s/tasks"})


async def _show(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, form: Form) -> Response[str]:
    lines: list[TaskLine] = []
    for line in await list_tasks(tx, actor.account_id):
        view = await get_inspection(tx, line.id)
        href = f"/s/inspections/{view.id}"
        place = await find_place(tx, view.id, actor.account_id)
        if place is not None and await has_unopened(tx, view, services.plugins["vault"], place):
            lines.append(TaskLine(view.title, href, "尚未打开的任务", view.ends_on, "—", ("warn", "待打开")))
        mine = [pick for pick in await list_picks(tx, view.id) if actor.account_id in pick.members]
        lines += [_line(view, pick, actor, f"{href}?object={pick.target_id}") for pick in mine]
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    page = TasksPage(
        tasks=lines,
        key=keys[-1].kid if keys else "",
        conflicts=await list_own_conflicts(tx, actor.account_id),
        form=form,
    )
    status = 422 if form.errors else 200
    return render_page(request, "supervision/tasks.html", {"page": page}, status=status, now=tx.now)


def _line(view: InspectionView, pick: PickView, actor: Actor, href: str) -> TaskLine:
    made = pick.record
    if made is None:
        state = ("warn", "待检查")
    elif len(made.signed_by) >= view.team_size:
        state = ("ok", "已完成")
    elif actor.account_id in made.signers:
        state = ("info", f"待同组签名（{len(made.signed_by)}/{view.team_size}）")
    else:
        state = ("warn", f"待您签名（{len(made.signed_by)}/{view.team_size}）")
    return TaskLine(view.title, href, pick.name, view.ends_on, "、".join(pick.team), state)


HANDLERS: list[Any] = [tasks, add_conflict]
