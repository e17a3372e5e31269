"""Who may enter a route: every handler carries a guard or the mark `opt={"public": True}`; a test walks them all.

Guards are coroutines although they wait for nothing: the framework sends a plain function to another thread.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from kernel.errors import NotPermitted, NotSignedIn, StepUpRequired
from kernel.identity import policy
from kernel.identity.actor import Actor

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: The mark of a route that anybody may enter.
PUBLIC = {"public": True}


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let in whoever is signed in.

    Raises:
        NotSignedIn: nobody is.
        NotPermitted: the session only looks, and this changes something.
    """
    actor = actor_of_connection(connection)
    if actor is None:
        raise NotSignedIn
    _require_more_than_reading(actor, connection)


class Permits:
    """A guard that asks the policy table.

    Args:
        act: a name in the table; a test holds every door's act against it.
    """

    def __init__(self, act: str) -> None:
        self.act = act

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Let in whom the table admits; what changes something may need a fresh proof as well.

        Raises:
            NotSignedIn: nobody is signed in.
            NotPermitted: the table does not admit this person.
            StepUpRequired: the act needs a fresh proof of identity.
        """
        actor = actor_of_connection(connection)
        if actor is None:
            raise NotSignedIn
        rule = policy.current().rule(self.act)
        if not rule.admits(actor):
            raise rule.refusal(actor)
        _require_more_than_reading(actor, connection)
        if rule.step_up and not actor.stepped_up and connection.scope.get("method") not in _SAFE:
            raise StepUpRequired


def _require_more_than_reading(actor: Actor, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    if actor.is_reading and connection.scope.get("method") not in _SAFE:
        raise NotPermitted(
            "签发机构的吊销名单已经过期，暂时无法确认执照状态，本次登录只能查看；名单更新后请重新登录再办理。"
        )


def permits(act: str) -> Permits:
    """Return a guard that lets in whom the policy table admits to an act."""
    return Permits(act)


def actor_of_connection(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Return the signed-in actor, or None."""
    actor = connection.scope["state"].get("actor")
    assert actor is None or isinstance(actor, Actor)
    return actor
