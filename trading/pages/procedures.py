"""Public pages: the procedures that there are, and one of them with every limit, notice and step."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.periods import legal_date
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from trading.legal import law_of
from trading.procedures.book import combinations, current, definition_of, version_on, versions
from trading.procedures.definition import ProcedureRefused
from trading.procedures.reading import Reading, read


@dataclass(frozen=True, slots=True)
class ProcedureRow:
    """A combination of the list.

    Attributes:
        refused: why there is no such procedure; empty if there is.
    """

    title: str
    code: str
    href: str
    refused: str


@dataclass(frozen=True, slots=True)
class ProceduresPage:
    """The list of procedures."""

    version: int
    rows: list[ProcedureRow]
    refused: list[ProcedureRow]


@dataclass(frozen=True, slots=True)
class ProcedurePage:
    """One procedure."""

    reading: Reading
    versions: list[tuple[int, str, bool]]
    json_href: str


@get("/procedures", opt=PUBLIC, include_in_schema=False)
async def procedures_page(request: Request[Any, Any, Any], tx: Tx) -> Response[str]:
    """List what there is, and what there is not, with the reason."""
    today, rows = legal_date(tx.now), []
    for item in combinations():
        href = f"/procedures/{item.code}"
        try:
            rows.append(ProcedureRow(current(item, today).title, item.code, href, ""))
        except ProcedureRefused as refused:
            rows.append(ProcedureRow(item.title, item.code, href, refused.detail))
    page = ProceduresPage(
        version=version_on(today),
        rows=[row for row in rows if not row.refused],
        refused=[row for row in rows if row.refused],
    )
    return render_page(request, "trading/procedures.html", {"page": page}, now=tx.now)


@get("/procedures/{code:str}", opt=PUBLIC, include_in_schema=False)
async def procedure_page(
    request: Request[Any, Any, Any], tx: Tx, code: str, version: int | None = None
) -> Response[str]:
    """Show one procedure under today's law, in the version asked for or today's.

    Raises:
        NotFound: no such combination or version.
        ProcedureRefused: the law has no such procedure.
    """
    found = next((item for item in combinations() if item.code == code), None)
    wanted = version_on(legal_date(tx.now)) if version is None else version
    if found is None or wanted not in versions():
        raise NotFound
    law = await law_of(tx, found.regime, tx.now)
    page = ProcedurePage(
        reading=read(definition_of(found, wanted), law),
        versions=[(number, f"/procedures/{code}?version={number}", number == wanted) for number in versions()],
        json_href=f"/api/v1/procedures/{code}?version={wanted}",
    )
    return render_page(request, "trading/procedure.html", {"page": page}, now=tx.now)


@get("/api/v1/procedures/{code:str}", opt=PUBLIC, tags=["trading"], summary="A procedure, as lots keep it")
async def read_procedure(tx: Tx, code: str, version: int | None = None) -> dict[str, Any]:
    """Return the definition that a lot's `procedure.definition` names, with its digest."""
    found = next((item for item in combinations() if item.code == code), None)
    wanted = version_on(legal_date(tx.now)) if version is None else version
    if found is None or wanted not in versions():
        raise NotFound
    definition = definition_of(found, wanted)
    return {"code": code, "sha256": definition.digest, "definition": definition.described()}


HANDLERS = [procedures_page, procedure_page, read_procedure]
