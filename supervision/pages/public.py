"""The public list of inspections, and the sealed paper."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.library import find_file
from kernel.web.downloads import serve_file
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services
from supervision.queries import get_inspection, list_inspections
from supervision.vocabulary import STAGE_WORDS

_MOST = 20


@dataclass(frozen=True, slots=True)
class ListRow:
    """An inspection in the list."""

    no: str
    title: str
    href: str
    targets: int
    picked: int
    state: tuple[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class ListPage:
    """The context of `supervision/inspections.html`."""

    rows: list[ListRow]
    prev_href: str | None
    next_href: str | None


@get("/inspections", opt=PUBLIC, include_in_schema=False)
async def list_page(request: Request[Any, Any, Any], tx: Tx, before: str | None = None) -> Response[str]:
    """List inspections, newest first."""
    lines = await list_inspections(tx, most=_MOST, before=before)
    page = ListPage(
        rows=[
            ListRow(
                line.number,
                line.title,
                f"/inspections/{line.id}",
                line.objects,
                line.picked,
                STAGE_WORDS[line.stage],
                line.created_at,
            )
            for line in lines
        ],
        prev_href="/inspections" if before else None,
        next_href=f"/inspections?before={lines[-1].number}" if len(lines) == _MOST else None,
    )
    return render_page(request, "supervision/inspections.html", {"page": page}, nav="inspections", now=tx.now)


@get("/inspections/{inspection_id:uuid}/paper.pdf", opt=PUBLIC, include_in_schema=False)
async def paper(request: Request[Any, Any, Any], tx: Tx, services: Services, inspection_id: UUID) -> Response[Any]:
    """Return the sealed paper."""
    view = await get_inspection(tx, inspection_id)
    if view.file_id is None:
        raise NotFound
    return serve_file(request, services.files, await find_file(tx, view.file_id))


HANDLERS: list[Any] = [list_page, paper]
