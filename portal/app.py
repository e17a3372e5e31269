"""The application: every door behind one session layer.

`create_app` takes assembled services, so that the web process and the tests build the same thing.
"""

from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from kernel.web.deps import DEPENDENCIES
from kernel.web.problems import HANDLERS
from kernel.web.render import render_page
from kernel.web.services import Services
from kernel.web.session import SessionLayer
from portal.routes import ROUTES

#: JSON and form bodies; sealed chunks stream through a door with a limit of its own.
MAX_BODY = 2 << 20


class PagePlugin(OpenAPIRenderPlugin):
    """The API's description as a page of ours: no outside address, no script."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Render the page."""
        page = render_page(request, "portal/schema.html", {"schema": openapi_schema}, nav="schema")
        return str(page.content).encode()


def create_app(services: Services) -> Litestar:
    """Build the application.

    Doors and the session layer find the services in the app's state, nowhere else: a shallow copy with another state
    is another installation on the same table of doors (`tests/world.py`).

    Args:
        services: assembled by `portal.wiring`.
    """

    async def start(_: Litestar) -> None:
        await services.feed.start()

    async def stop(_: Litestar) -> None:
        await services.feed.stop()
        await services.db.close()

    return Litestar(
        route_handlers=list(ROUTES),
        dependencies=DEPENDENCIES,
        exception_handlers=HANDLERS,
        middleware=[SessionLayer],
        on_startup=[start],
        on_shutdown=[stop],
        state=State({"services": services}),
        request_max_body_size=MAX_BODY,
        openapi_config=_openapi(),
        debug=False,
        logging_config=None,  # our own (portal.logs); the default would replace its handlers
    )


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Sunlit",
        version="1",
        path="/schema",
        render_plugins=[JsonRenderPlugin(path="/openapi.json"), PagePlugin(path="/")],
    )
