"""An inspector's tasks."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision.pages.room import has_unopened
from supervision.queries import InspectionView, PickView, find_place, get_inspection, list_picks, list_tasks


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


@get("/s/tasks", guards=[permits("inspection.record")], include_in_schema=False)
async def tasks(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """List the own tasks; what is not opened yet names nobody."""
    lines: list[TaskLine] = []
    for line in await list_tasks(tx, actor.account_id):
        view = await get_inspection(tx, line.id)
        href = f"/s/inspections/{view.id}"
        place = await find_place(tx, view.id, actor.account_id)
        if place is not None and await has_unopened(tx, view, services.plugins["vault"], place):
            lines.append(TaskLine(view.title, href, "尚未打开的任务", view.ends_on, "—", ("warn", "待打开")))
        mine = [pick for pick in await list_picks(tx, view.id) if actor.account_id in pick.members]
        lines += [_line(view, pick, f"{href}?object={pick.target_id}") for pick in mine]
    return render_page(request, "supervision/tasks.html", {"page": TasksPage(lines)}, now=tx.now)


def _line(view: InspectionView, pick: PickView, href: str) -> TaskLine:
    signed = 0 if pick.record is None else len(pick.record.signed_by)
    if pick.record is None:
        state = ("warn", "待检查")
    elif signed < view.team_size:
        state = ("info", f"待签名（{signed}/{view.team_size}）")
    else:
        state = ("ok", "已完成")
    return TaskLine(view.title, href, pick.name, view.ends_on, "、".join(pick.team), state)


HANDLERS: list[Any] = [tasks]
