"""Work of supervision for the worker: draws that went on elsewhere."""

from collections.abc import Awaitable, Callable

from kernel.outbox.queue import Handler
from kernel.web.services import Services
from supervision.drawing import follow, list_behind
from supervision.inspections import lock_inspection


async def follow_draws(services: Services) -> None:
    """Bring inspections to where their draws stand."""
    async with services.db.begin_read_only() as tx:
        behind = await list_behind(tx)
    for inspection_id in behind:
        async with services.db.begin() as tx:
            await follow(tx, services.plugins["vault"], await lock_inspection(tx, inspection_id))


JOBS: dict[str, Handler] = {}
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (follow_draws,)
