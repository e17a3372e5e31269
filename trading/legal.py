"""The law of one project: the dated table, the calendar, its regime and the day it was registered (R-META-01)."""

from datetime import datetime
from typing import Any

from kernel.db.transaction import Tx
from kernel.parameters.law import Law
from kernel.parameters.store import load_law
from kernel.periods import legal_date
from trading.models.project import Lot, Project
from trading.procedures.book import Combination, current, of_lot
from trading.procedures.definition import Definition
from trading.vocabulary import JURISDICTION, LotKind, Regime, TenderMethod


async def law_of_project(tx: Tx, project: Project) -> Law:
    """Return the law that the project keeps."""
    return await law_of(tx, project.regime, project.registered_at)


async def law_of(tx: Tx, regime: str, registered_at: datetime) -> Law:
    """Return the law of a regime as it stood when a project was registered."""
    return await load_law(tx, regime, legal_date(registered_at), JURISDICTION)


def procedure_of_lot(lot: Lot, project: Project) -> Definition:
    """Return the procedure that a lot began under, in that version."""
    return of_lot(combination_of(project, lot.procedure), lot.procedure)


def procedure_of_project(project: Project, *, prequalified: bool = False) -> Definition:
    """Return the procedure that a new lot of a project begins under.

    Raises:
        ProcedureRefused: the law has no such procedure.
    """
    combination = combination_of(project, {"prequalified": prequalified})
    return current(combination, legal_date(project.registered_at))


def combination_of(project: Project, procedure: dict[str, Any]) -> Combination:
    """Return what a purchase is, as far as its procedure depends on it."""
    return Combination(
        Regime(project.regime),
        LotKind(project.kind),
        TenderMethod(project.method),
        bool(procedure.get("prequalified")),
    )
