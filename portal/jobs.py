"""Every package's work for the worker, in one table; a test checks that none is forgotten."""

from collections.abc import Awaitable, Callable

from kernel.outbox.queue import Handler
from kernel.web.services import Services
from supervision import jobs as supervision

#: Kind of an outbox row → its handler.
JOBS: dict[str, Handler] = {**supervision.JOBS}
#: Acts that ask the database what is due; run every second.
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (*supervision.DUE,)
