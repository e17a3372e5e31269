"""Pages: one environment, strict, autoescaping; the same few names in every context."""

import functools
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.enums import MediaType

from kernel.canonical import b64u_encode
from kernel.identity.actor import Actor
from kernel.web import filters
from kernel.web.guards import actor_of_connection
from kernel.web.services import Services, SiteView, services_of


@functools.cache
def make_environment(folder: Path, *, reloads: bool = False) -> Environment:
    """Return the template environment: undefined names are faults, everything is escaped.

    A process has one for each folder, because compiling a page costs more than rendering it a hundred times.

    Args:
        reloads: look at each use whether a template's file has changed, for people who work on it.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=reloads,
    )
    environment.filters.update(filters.FILTERS)
    environment.globals["remembered"] = remembered
    environment.filters["b64u"] = b64u_encode
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)
    return environment


def remembered(part: Callable[..., Any]) -> Callable[..., Any]:
    """Return a part of pages that depends on its arguments alone, drawn once for the same ones.

    Text and markup that look alike are not the same: one is escaped, the other is not.
    """
    return functools.lru_cache(maxsize=1024, typed=True)(part)


def site_context(
    services: Services, *, now: datetime, actor: Actor | None, csrf: str, mode: str, nav: str
) -> dict[str, Any]:
    """Return the names that every page has."""
    site = services.site
    return {
        "site": SiteView(site.name, site.operator, site.rehearsal, site.demo, now),
        "user": None if actor is None else services.describe_user(actor),
        "csrf": csrf,
        "mode": mode,
        "nav": nav,
        "asset": services.assets.url,
        "integrity": services.assets.integrity,
        "modules": services.assets.modules,
    }


def render_page(
    request: Request[Any, Any, Any],
    template: str,
    context: dict[str, Any] | None = None,
    *,
    nav: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
    now: datetime | None = None,
) -> Response[str]:
    """Render a page for this request.

    Args:
        context: what the template's head comment lists.
        nav: the active item of the navigation.
        now: the transaction's instant; without it the last instant that this process saw.
    """
    services = services_of(request)
    state = request.scope["state"]
    instant = now or state.get("now") or services.feed.last_instant()
    names = site_context(
        services,
        now=instant,
        actor=actor_of_connection(request),
        csrf=state.get("csrf", ""),
        mode=state.get("mode", ""),
        nav=nav,
    )
    body = services.templates.get_template(template).render({**names, **(context or {})})
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=all_headers)
