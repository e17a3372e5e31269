"""Who may enter a route: every handler carries a guard or the mark `opt={"public": True}`; a test walks them all."""

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from kernel.errors import NotPermitted, NotSignedIn
from kernel.identity.actor import Actor

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]
#: The mark of a route that anybody may enter.
PUBLIC = {"public": True}


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let in whoever is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    if connection.scope["state"].get("actor") is None:
        raise NotSignedIn


def requires(*roles: str) -> Guard:
    """Return a guard that lets in holders of one of the roles."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = connection.scope["state"].get("actor")
        if actor is None:
            raise NotSignedIn
        if not actor.has(*roles):
            raise NotPermitted

    guard.roles = roles  # type: ignore[attr-defined]
    return guard


def actor_of_connection(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Return the signed-in actor, or None."""
    actor = connection.scope["state"].get("actor")
    assert actor is None or isinstance(actor, Actor)
    return actor
