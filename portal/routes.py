"""The table of doors. Every handler carries a guard or the mark `PUBLIC`; a test walks this table."""

from typing import Any

from portal.doors import log, rehearsal, signin, system

ROUTES: list[Any] = [
    *system.HANDLERS,
    *signin.HANDLERS,
    *log.HANDLERS,
    *rehearsal.HANDLERS,
]
