"""The law of one project: the dated table, the calendar, its regime and the day it was registered (R-META-01)."""

from datetime import datetime

from kernel.db.transaction import Tx
from kernel.parameters.law import Law
from kernel.parameters.store import load_law
from kernel.periods import legal_date
from trading.models.project import Project
from trading.vocabulary import JURISDICTION


async def law_of_project(tx: Tx, project: Project) -> Law:
    """Return the law that the project keeps."""
    return await law_of(tx, project.regime, project.registered_at)


async def law_of(tx: Tx, regime: str, registered_at: datetime) -> Law:
    """Return the law of a regime as it stood when a project was registered."""
    return await load_law(tx, regime, legal_date(registered_at), JURISDICTION)
