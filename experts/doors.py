"""All doors of experts, for the portal's table of routes."""

from typing import Any

from experts.api import calls, committees, sessions
from experts.pages import committees as committee_pages
from experts.pages import concluding, oversight, pool, reviewing, tasks

HANDLERS: list[Any] = [
    *committees.HANDLERS,
    *calls.HANDLERS,
    *sessions.HANDLERS,
    *committee_pages.HANDLERS,
    *oversight.HANDLERS,
    *pool.HANDLERS,
    *tasks.HANDLERS,
    *reviewing.HANDLERS,
    *concluding.HANDLERS,
]
