"""The time-stamping authority that an installation uses, and what the worker asks it for.

An outside authority is named by the settings. A rehearsal has a local one, whose clock is the rehearsal's; an
installation in production uses a local one only if it was told to trust the local authority, loudly, and refuses to
start when roots that it was given for an outside one turn out to be local.
"""

import logging
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.crypto.authority import Authority, is_local_root, load_authority
from kernel.crypto.keys import KeyKind, generate, load_private
from kernel.timestamps.asking import HttpTimestamper, StampService
from kernel.timestamps.local import NAME, LocalTimestamper, issue_timestamper
from kernel.timestamps.ordering import STAMPS, StampDesk, order_daily_stamp
from kernel.web.services import Services
from portal.embedded.home import Home, write_private
from portal.licences import TrustRefused, authority_folder
from portal.settings import Settings

log = logging.getLogger("sunlit.timestamps")

LOUD = (
    "⚠ 警告：正式环境正在使用演示时间戳（SUNLIT_TRUST_LOCAL_AUTHORITY=1）。"
    "演示机构就在本机，没有任何外部机构为截止时间作证；请设置 SUNLIT_TSA 和 SUNLIT_TSA_ROOTS。"
)


def stamp_service(settings: Settings) -> StampService | None:
    """Return the authority that an installation asks for time stamps; None if it has none.

    Raises:
        TrustRefused: the roots of an outside authority cannot be read, or are local ones.
    """
    roots = _outside_roots(settings)
    if settings.timestamper:
        return StampService(HttpTimestamper(settings.timestamper.reveal()), roots)
    if not _has_local(settings):
        return None
    home = Home(settings.home)
    authority = load_authority(authority_folder(home))
    if not settings.rehearsal:
        log.warning(LOUD)
    return StampService(local_timestamper(home / "keys" / "timestamps", authority), [authority.root])


def kind_of_stamps(settings: Settings) -> str:
    """Say who stamps here: `outside`, `demo` or `none`."""
    if settings.timestamper:
        return "outside"
    return "demo" if _has_local(settings) else "none"


def _has_local(settings: Settings) -> bool:
    told = settings.rehearsal or settings.trust_local_authority
    return told and (authority_folder(Home(settings.home)) / "root.pem").exists()


def timestamp_roots(settings: Settings) -> list[str]:
    """Return the PEM certificates of outside authorities, for the public trust file.

    A local authority needs none: its root is that of the local e-licences, which the file names.

    Raises:
        TrustRefused: they cannot be read, or are local ones.
    """
    return [root.public_bytes(Encoding.PEM).decode("ascii") for root in _outside_roots(settings)]


def _outside_roots(settings: Settings) -> list[x509.Certificate]:
    if settings.timestamp_roots is None:
        return []
    try:
        roots = x509.load_pem_x509_certificates(settings.timestamp_roots.read_bytes())
    except (OSError, ValueError):
        raise TrustRefused(f"时间戳机构的根证书 {settings.timestamp_roots} 无法读取。", code=2) from None
    if any(is_local_root(root) for root in roots) and not (settings.rehearsal or settings.trust_local_authority):
        raise TrustRefused(
            "正式环境拒绝信任演示时间戳：SUNLIT_TSA_ROOTS 中含有 local-ca 根证书。"
            "确需如此（例如验收演示），请显式设置 SUNLIT_TRUST_LOCAL_AUTHORITY=1。",
            code=2,
        )
    return roots


def local_timestamper(folder: Path, authority: Authority) -> LocalTimestamper:
    """Return the local authority whose key and certificate lie in a folder; made at the first call.

    The certificate comes last: whoever is killed before it makes both anew.
    """
    key_file, certificate_file = folder / "key.p8", folder / "certificate.pem"
    if not certificate_file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = generate(KeyKind.P256)
        made = issue_timestamper(authority, NAME, key.public)
        write_private(key_file, key.pkcs8())
        write_private(certificate_file, made.public_bytes(Encoding.PEM))
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    return LocalTimestamper(load_private(key_file.read_bytes()), certificate, authority.issuing)


async def order_daily(services: Services) -> None:
    """Have yesterday's last checkpoint stamped."""
    async with services.db.begin() as tx:
        await order_daily_stamp(tx)


async def request_stamps(services: Services) -> None:
    """Get the time stamps that are due, beside this round."""
    desk = cast(StampDesk | None, services.plugins.get(STAMPS))
    if desk is not None:
        desk.begin(services.db)


DUE = (order_daily, request_stamps)
