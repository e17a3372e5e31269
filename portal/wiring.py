"""Assembly: from settings to services. Web process, worker and tests are built by the same function."""

from pathlib import Path
from typing import Any

from kernel.canonical import b64u_encode
from kernel.crypto.digest import random_bytes
from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from kernel.files.store import FileStore
from kernel.log.feed import CheckpointFeed
from kernel.log.platform import PlatformKey
from kernel.web.assets import Assets
from kernel.web.origin import NOBODY, Proxies
from kernel.web.render import make_environment
from kernel.web.services import Services, Site
from portal.homes import describe_user
from portal.policy import install_policy

ROOT = Path(__file__).resolve().parent.parent


def async_url(url: str) -> str:
    """Return a plain PostgreSQL address as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def build_services(
    *,
    database_url: str,
    supervision_url: str,
    files: FileStore,
    platform: PlatformKey,
    trust: dict[str, Any],
    site: Site,
    secret_key: bytes,
    secure_cookies: bool = False,
    plugins: dict[str, Any] | None = None,
    proxies: Proxies = NOBODY,
    metrics_token: str = "",
) -> Services:
    """Assemble what the doors reach.

    Args:
        database_url: `postgresql://` address of the login `portal_rw`.
        supervision_url: the same of `supervision_ro`.
        plugins: collaborators of the packages above the kernel, by name: `seals`, `authority`, `vault`.
    """
    install_policy()
    db = Database(
        make_engine(async_url(database_url)),
        make_engine(async_url(supervision_url), pool_size=2),
        make_engine(async_url(database_url), pool_size=8, reading=True),
    )
    return Services(
        db=db,
        files=files,
        feed=CheckpointFeed(database_url),
        platform=platform,
        trust=trust,
        site=site,
        assets=Assets(ROOT / "portal" / "static"),
        templates=make_environment(ROOT / "templates"),
        csrf_key=secret_key,
        describe_user=describe_user,
        secure_cookies=secure_cookies,
        plugins=plugins or {},
        proxies=proxies,
        metrics_token=metrics_token,
    )


def random_password() -> str:
    """Return a password that nobody has to invent."""
    return b64u_encode(random_bytes(12))
