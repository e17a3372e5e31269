"""How the page of an inspection is shown to whoever works on it, and how its forms run an act and lead back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from litestar import Request, Response

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision.pages.room import contributor_page, supervisor_page
from supervision.pages.task_room import inspector_page
from supervision.queries import get_inspection
from supervision.vocabulary import Role
from trading.pages.common import Form, attempt


@dataclass(slots=True)
class Desk:
    """One request to one inspection: who asks, in which transaction, with what filled in.

    Attributes:
        chosen: the object whose record is open on the page.
    """

    request: Request[Any, Any, Any]
    tx: Tx
    actor: Actor
    services: Services
    inspection_id: UUID
    form: Form = field(default_factory=Form)
    chosen: UUID | None = None

    async def show(self) -> Response[str]:
        """Show the page as the reader's role sees it; with errors as a refusal."""
        view = await get_inspection(self.tx, self.inspection_id)
        if self.actor.has(Role.SUPERVISOR) and view.organisation_id == self.actor.organisation_id:
            page = await supervisor_page(self.tx, view, self.actor, self.form, self.chosen)
        elif self.actor.has(Role.INSPECTOR):
            vault = self.services.plugins["vault"]
            page = await inspector_page(self.tx, view, self.actor, vault, self.form, self.chosen)
        else:
            page = await contributor_page(self.tx, view, self.actor)
        status = 422 if self.form.errors else 200
        return render_page(self.request, "supervision/inspection.html", {"page": page}, status=status, now=self.tx.now)

    async def run(self, act: Callable[[], Awaitable[Any]]) -> Response[Any]:
        """Run an act and lead back to the page; a refusal is shown on it."""
        await attempt(self.tx, self.form, act)
        if self.form.errors:
            return await self.show()
        tail = f"?object={self.chosen}" if self.chosen else ""
        return Response(None, status_code=303, headers={"Location": f"/s/inspections/{self.inspection_id}{tail}"})
