"""All doors of experts, for the portal's table of routes."""

from typing import Any

from experts.api import calls, committees, sessions

HANDLERS: list[Any] = [*committees.HANDLERS, *calls.HANDLERS, *sessions.HANDLERS]
