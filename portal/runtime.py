"""From settings to services, for the processes of an installation."""

from pathlib import Path
from typing import Any

from kernel.files.store import FileStore, local_store, s3_store
from kernel.web.services import Services, Site
from portal import keyring
from portal.embedded.home import Home
from portal.plugins import make_plugins
from portal.settings import ObjectStoreSettings, Settings
from portal.timestamps import kind_of_stamps
from portal.wiring import build_services, random_password


def services_of_settings(settings: Settings, *, seals: bool = False) -> Services:
    """Assemble the services of an installation that has been set up.

    Args:
        seals: with the seal service, whose keys only the worker may reach.
    """
    home = Home(settings.home)
    return build_services(
        database_url=settings.database_url.reveal(),
        supervision_url=settings.database_supervision_url.reveal(),
        files=_files(settings.object_store),
        platform=keyring.platform_key(home),
        trust=keyring.load_trust(home),
        site=Site(
            name=settings.site_name,
            operator="公共资源交易中心",
            base_url=settings.base_url,
            rehearsal=settings.rehearsal,
            demo=settings.rehearsal or settings.trust_local_authority,
            timestamps=kind_of_stamps(settings),
        ),
        secret_key=settings.secret_key.reveal().encode(),
        proxies=settings.trusted_proxies,
        # In production "this machine" may be a proxy that speaks for everybody: without a token nobody measures.
        metrics_token=settings.metrics_token.reveal() or (random_password() if settings.production else ""),
        secure_cookies=settings.base_url.startswith("https://"),
        plugins=make_plugins(settings, seals=seals),
    )


def _files(settings: ObjectStoreSettings) -> FileStore:
    if settings.folder is not None:
        return local_store(Path(settings.folder))
    options: dict[str, Any] = {
        "prefix": settings.prefix or None,
        "region": settings.region,
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key.reveal(),
    }
    if settings.endpoint:
        options |= {"endpoint": settings.endpoint, "virtual_hosted_style_request": False}
        if settings.endpoint.startswith("http://"):
            options["client_options"] = {"allow_http": True}
    return s3_store(settings.bucket, **{name: value for name, value in options.items() if value is not None})
