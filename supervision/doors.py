"""All doors of supervision, for the portal's table of routes."""

from typing import Any

from supervision.api import inspections
from supervision.pages import dashboard, inspection, planning, public, recording, registers, tasks

HANDLERS: list[Any] = [
    *inspections.HANDLERS,
    *dashboard.HANDLERS,
    *planning.HANDLERS,
    *inspection.HANDLERS,
    *recording.HANDLERS,
    *registers.HANDLERS,
    *tasks.HANDLERS,
    *public.HANDLERS,
]
