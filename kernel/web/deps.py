"""Dependencies of the doors: the transaction, the actor, the services.

The transaction commits when the handler has returned and before the answer is sent; an error in the handler rolls it
back. A GET gets a read-only one.
"""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.di import Provide

from kernel.db.transaction import Tx
from kernel.errors import NotSignedIn
from kernel.identity.actor import Actor
from kernel.web.guards import actor_of_connection
from kernel.web.services import Services, services_of


async def provide_tx(request: Request[Any, Any, Any]) -> AsyncGenerator[Tx, None]:
    """Open the request's transaction."""
    db = services_of(request).db
    if request.method in ("GET", "HEAD"):
        async with db.begin_read_only() as tx:
            request.scope["state"]["now"] = tx.now
            yield tx
    else:
        async with db.begin() as tx:
            request.scope["state"]["now"] = tx.now
            yield tx


async def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Return the signed-in actor.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    return require_actor(request)


def require_actor(request: Request[Any, Any, Any]) -> Actor:
    """Do as the dependency does, for doors so hot that the injection itself would cost (a task for each of several).

    Raises:
        NotSignedIn: nobody is signed in.
    """
    actor = actor_of_connection(request)
    if actor is None:
        raise NotSignedIn
    return actor


async def provide_services(request: Request[Any, Any, Any]) -> Services:
    """Return the app's services."""
    return services_of(request)


DEPENDENCIES: dict[str, Provide] = {
    "tx": Provide(provide_tx),
    "actor": Provide(provide_actor),
    "services": Provide(provide_services),
}
