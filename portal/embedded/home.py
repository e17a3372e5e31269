"""The data folder: one folder holds everything that an installation must keep.

    sunlit.json     marks the folder as ours; made once
    pg/             database cluster          valkey/    queue and sessions
    objects/        files, write-once         keys/      passwords and keys, readable by the owner only
    signer/         the log signer's memory   witness/   the witness's memory
    logs/           one file per process      run/       lock, and who runs where (`endpoints.json`)

One supervisor at a time works on a folder; `HomeLock` says so.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from portal.embedded.errors import HomeRefused

MARKER = "sunlit.json"
NEW = b'{"v": 1, "type": "sunlit-home"}\n'
FOLDERS = ("pg", "valkey", "objects", "keys", "signer", "witness", "logs", "run")
#: Folders whose content nobody else may read; `pg` and `valkey` hold a folder that belongs to the servers' account.
PRIVATE = frozenset({"keys", "signer", "witness", "logs", "run", "objects"})
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Home:
    """The folder and the names in it."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def endpoints_file(self) -> Path:
        """Ports and process ids of the running services."""
        return self.path / "run" / "endpoints.json"

    def log(self, name: str) -> Path:
        """Log file of a process."""
        return self.path / "logs" / f"{name}.log"

    def password(self, name: str) -> str:
        """A password of this installation, made at first use and kept in `keys/`.

        Hexadecimal, so that it needs no quoting in URLs, SQL or configuration files.
        """
        file = self.path / "keys" / f"{name}.password"
        with contextlib.suppress(FileNotFoundError):
            return file.read_text(encoding="ascii").strip()
        write_private(file, os.urandom(24).hex().encode() + b"\n", only_new=True)
        return file.read_text(encoding="ascii").strip()

    def known_password(self, name: str) -> str | None:
        """The password if it was made already; reading never makes one."""
        with contextlib.suppress(FileNotFoundError):
            return (self.path / "keys" / f"{name}.password").read_text(encoding="ascii").strip()
        return None

    @property
    def is_rehearsal(self) -> bool:
        """Whether the folder was marked as a rehearsal's."""
        with contextlib.suppress(FileNotFoundError):
            return bool(json.loads((self.path / MARKER).read_text(encoding="utf-8")).get("rehearsal", False))
        return False

    @property
    def is_formal(self) -> bool:
        """Whether the folder was marked as holding real data."""
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self.path / MARKER).read_text(encoding="utf-8")).get("rehearsal") is False
        return False

    def mark(self, rehearsal: bool | None) -> None:
        """Make an unmarked folder a rehearsal's or a real one; None leaves it open.

        Raises:
            HomeRefused: it is marked as the other kind.
        """
        known = json.loads((self.path / MARKER).read_text(encoding="utf-8"))
        marked = known.get("rehearsal")
        if rehearsal is None or marked is rehearsal:
            return
        if marked is not None:
            kind = "演练" if marked else "正式"
            raise HomeRefused(f"数据目录 {self.path} 是{kind}环境，不能改作他用；请用 --home 另选目录")
        write_private(self.path / MARKER, json.dumps(known | {"rehearsal": rehearsal}).encode() + b"\n")

    def read_endpoints(self) -> dict[str, Any]:
        """What the supervisor last wrote; empty if it never ran."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            found: dict[str, Any] = json.loads(self.endpoints_file.read_text(encoding="utf-8"))
            return found
        return {}

    def write_endpoints(self, endpoints: Mapping[str, Any]) -> None:
        """Replace the file in one step, so that a reader never sees half of it."""
        write_private(self.endpoints_file, json.dumps(endpoints, ensure_ascii=False, indent=1).encode() + b"\n")


def default_home() -> Path:
    """`var` in the checkout; if that is not ours to write, a folder in the user's state directory."""
    beside = CHECKOUT / "var"
    with contextlib.suppress(OSError):
        if beside.exists():
            if beside.stat().st_uid == os.geteuid() and os.access(beside, os.W_OK | os.X_OK):
                return beside
        elif os.access(CHECKOUT, os.W_OK | os.X_OK):
            return beside
    key = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    if os.geteuid() == 0:
        return Path("/var/lib/sunlit") / f"data-{key}"
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "sunlit" / f"data-{key}"


def choose_home(wanted: Path | None) -> Path:
    """The folder given on the command line, in SUNLIT_HOME, or the default one; absolute."""
    named = os.environ.get("SUNLIT_HOME")
    chosen = wanted or (Path(named) if named else default_home())
    return Path(os.path.abspath(chosen.expanduser()))  # not resolve(): the user's own name for it is kept


def open_home(path: Path) -> Home:
    """Make the folder, or recognise it as ours.

    Raises:
        HomeRefused: it belongs to another user, cannot be written, or holds something that is not ours.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid != os.geteuid():
            raise HomeRefused(f"数据目录 {path} 属于用户 {found.st_uid}；请用该用户运行，或用 --home 另选目录")
        marker = path / MARKER
        if not marker.exists():
            if any(path.iterdir()):
                raise HomeRefused(f"{path} 不是空目录，也不是 Sunlit 的数据目录；请用 --home 另选目录")
            write_private(marker, NEW)
        for name in FOLDERS:
            folder = path / name
            folder.mkdir(mode=0o700, exist_ok=True)
            if name in PRIVATE:
                folder.chmod(0o700)
    except OSError as refusal:
        raise HomeRefused(f"数据目录 {path} 不可用：{refusal.strerror or refusal}") from refusal
    return Home(path)


def clear_home(home: Home) -> None:
    """Delete everything in a data folder; the caller holds its lock, and the empty parts are made again."""
    if not (home.path / MARKER).is_file():
        raise HomeRefused(f"{home.path} 不是 Sunlit 的数据目录，拒绝清空")
    if home.is_formal:
        raise HomeRefused(f"{home.path} 是正式环境的数据，拒绝清空；演示请用 --home 另选目录")
    kept = {home.path / MARKER, home.path / "run", home.path / "run" / "lock"}
    for entry in [*home.path.iterdir(), *(home.path / "run").iterdir()]:
        if entry in kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    write_private(home.path / MARKER, NEW)
    open_home(home.path)


class HomeLock:
    """The right to run services on a data folder; released by the kernel when we end, however we end."""

    def __init__(self, home: Home) -> None:
        self._file = home.path / "run" / "lock"
        self._handle: int | None = None
        self._home = home

    def acquire(self) -> Self:
        """Take the lock.

        Raises:
            HomeRefused: another process works on this folder.
        """
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as busy:
            os.close(handle)
            web = self._home.read_endpoints().get("web", {})
            where = f"（{web['url']}）" if web.get("url") else ""
            raise HomeRefused(f"数据目录 {self._home.path} 正在被另一个 Sunlit 使用{where}；请先停止它") from busy
        self._handle = handle
        return self

    def release(self) -> None:
        """Give the folder back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def is_running(home: Home) -> bool:
    """Whether a supervisor works on the folder now."""
    try:
        with HomeLock(home):
            return False
    except (HomeRefused, OSError):
        return True


def write_private(file: Path, data: bytes, *, only_new: bool = False) -> None:
    """Write a file that only the owner can read, complete or not at all.

    Args:
        only_new: keep a file that is already there.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if only_new:
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
        else:
            draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
