"""What a door may reach besides its transaction: assembled once in `portal.wiring`, found in the app's state."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.types import Scope

from kernel.db.transaction import Database
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from kernel.log.feed import CheckpointFeed
from kernel.log.platform import PlatformKey
from kernel.web.assets import Assets
from kernel.web.origin import NOBODY, Proxies
from kernel.web.streams import Streams


@dataclass(frozen=True, slots=True)
class Site:
    """What every page says about the place.

    Attributes:
        timestamps: who stamps checkpoints and seals: `outside`, `demo` or `none`.
    """

    name: str
    operator: str
    base_url: str
    rehearsal: bool
    demo: bool
    timestamps: str = "none"


@dataclass(frozen=True, slots=True)
class UserView:
    """The signed-in person as the shell shows them.

    Attributes:
        role: the first of their roles, in words.
        home: where the work of that role begins.
        acts: what the policy table admits the person to; navigation shows nothing else.
        desks: words and address of every role's workbench, for who has several.
        notice: what every page tells this person above everything else, or "".
    """

    name: str
    role: str
    home: str
    acts: frozenset[str] = frozenset()
    desks: tuple[tuple[str, str], ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the doors.

    Attributes:
        trust: the public trust file (crypto.md §9.1).
        platform: the key that signs receipts and rejections.
        describe_user: says what the shell shows of a signed-in person.
        csrf_key: secret with which form tokens are bound to sessions.
        plugins: collaborators of the packages above the kernel, by name.
        proxies: addresses whose `X-Forwarded-For` is believed.
        streams: the live pages that this process serves.
        metrics_token: opens `/metrics` from elsewhere than this machine; empty opens it to nobody else.
    """

    db: Database
    files: FileStore
    feed: CheckpointFeed
    platform: PlatformKey
    trust: dict[str, Any]
    site: Site
    assets: Assets
    templates: Any
    csrf_key: bytes
    describe_user: Callable[[Actor], UserView]
    secure_cookies: bool = False
    plugins: dict[str, Any] = field(default_factory=dict)
    proxies: Proxies = NOBODY
    metrics_token: str = ""
    streams: Streams = field(default_factory=Streams)


def services_of(request: Request[Any, Any, Any]) -> Services:
    """Return the app's services."""
    return services_of_scope(request.scope)


def services_of_scope(scope: Scope) -> Services:
    """Return the services of the app that serves a request."""
    found = scope["litestar_app"].state["services"]
    assert isinstance(found, Services)
    return found


@dataclass(frozen=True, slots=True)
class SiteView:
    """The site as a template sees it at one instant."""

    name: str
    operator: str
    rehearsal: bool
    demo: bool
    now: datetime
