"""The gallery: every template with sample contexts, for people who work on the look.

`python -m portal.gallery` serves them on 127.0.0.1:8944 under the same Content-Security-Policy as the product.
Development only: nothing in the product imports this module. The contract test renders the same samples.
"""

import sys
from pathlib import Path
from typing import Any, Final

import uvicorn
from jinja2 import Environment
from litestar import Litestar, MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.static_files import create_static_files_router

from kernel.web.render import make_environment
from portal.samples import SAMPLES
from portal.samples.common import SITE

ROOT: Final = Path(__file__).resolve().parent.parent
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types tr-fragment"
)


def environment() -> Environment:
    """The template environment of the product."""
    return make_environment(ROOT / "templates", reloads=True)


def render(template: str, variant: str = "", *, mode: str = "") -> str:
    """One page of the gallery.

    Args:
        template: as in `SAMPLES`, e.g. trading/lot.html.
        variant: a named state of that page; "" is the usual one.
    """
    common: dict[str, Any] = {
        "site": SITE,
        "user": None,
        "mode": mode,
        "csrf": "sample-token",
        "nav": "",
        "asset": lambda path: f"/static/{path}",
        "integrity": lambda path: "",
        "modules": lambda path: [],
    }
    return environment().get_template(template).render(**common | SAMPLES[template][variant])


@get("/", media_type=MediaType.HTML, sync_to_thread=False)
def index() -> str:
    """Links to all pages and states."""
    links = [
        f'<li><a href="/{name.removesuffix(".html")}?variant={variant}">{name} {variant}</a></li>'
        for name, variants in SAMPLES.items()
        for variant in variants
    ]
    return f"<!doctype html><meta charset=utf-8><title>gallery</title><ul>{''.join(links)}</ul>"


@get("/api/v1/time", sync_to_thread=False)
def time() -> dict[str, int]:
    """The instant of the samples, so that clocks and countdowns stand where the samples say."""
    return {"ms": int(SITE.now.timestamp() * 1000)}


@get("/{name:path}", media_type=MediaType.HTML, sync_to_thread=False)
def page(name: str, request: Request[Any, Any, Any], variant: str = "") -> Response[str]:
    """One template in one of its states; the cookie `mode` chooses the display mode."""
    template = name.strip("/") + ".html"
    if variant not in SAMPLES.get(template, {}):
        raise NotFoundException
    html = render(template, variant, mode=request.cookies.get("mode", ""))
    return Response(html, media_type=MediaType.HTML, headers={"Content-Security-Policy": CSP})


def create_app() -> Litestar:
    """The gallery as an application."""
    static = create_static_files_router("/static", [ROOT / "portal" / "static"])
    return Litestar([index, time, page, static], openapi_config=None)


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(sys.argv[1]) if len(sys.argv) > 1 else 8944, log_level="warning")
