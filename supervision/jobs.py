"""Work of supervision for the worker: the sealed paper of a published inspection; draws that went on elsewhere."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from kernel.outbox.queue import Handler
from kernel.web.services import Services
from supervision.drawing import follow, list_behind
from supervision.inspections import lock_inspection
from supervision.paper import make_paper
from supervision.publication import PAPER


async def _make_paper(services: Services, payload: dict[str, Any]) -> None:
    await make_paper(services, uuid.UUID(payload["inspection"]))


async def follow_draws(services: Services) -> None:
    """Bring inspections to where their draws stand."""
    async with services.db.begin_read_only() as tx:
        behind = await list_behind(tx)
    for inspection_id in behind:
        async with services.db.begin() as tx:
            await follow(tx, services.plugins["vault"], await lock_inspection(tx, inspection_id))


JOBS: dict[str, Handler] = {PAPER: _make_paper}
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (follow_draws,)
