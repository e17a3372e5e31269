"""All doors of supervision, for the portal's table of routes."""

from typing import Any

from supervision.api import inspections

HANDLERS: list[Any] = [*inspections.HANDLERS]
