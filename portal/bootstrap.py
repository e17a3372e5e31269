"""Prepare the environment that `./sunlit` runs in: system packages, virtual environment, locked libraries.

Run by the launcher with the system's Python, before anything is installed: standard library only. Progress goes to
standard error, one line per step; the only line on standard output is the folder of the finished environment.
Errors are shown in full, because whoever reads them has to act on them.

It does not start anything and knows nothing about the data folder.
"""

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

#: What WeasyPrint loads at run time, and the two small fonts that hold every Chinese character of our documents.
LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0", "libfontconfig.so.1")
DEBIAN_PACKAGES = (
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",
    "fontconfig",
    "fonts-wqy-microhei",
    "fonts-wqy-zenhei",
)
CHINESE_FONTS = ("wqy-microhei", "wqy-zenhei", "NotoSerifCJK", "NotoSansCJK")
#: Whether this run fetched the package lists; once is enough.
FETCHED_LISTS: list[bool] = []
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


class SetupFailed(Exception):
    """A step that cannot be done here; the message says what the user should do."""


def main(argv: list[str]) -> int:
    """Make the environment of the checkout `argv[0]`; if that is read-only, in the spare folder `argv[1]`."""
    root, spare = Path(argv[0]), Path(argv[1])
    try:
        venv = choose_folder(root, spare)
        with setup_lock(venv, root):
            if not is_ready(venv, root):
                make(venv, root)
    except SetupFailed as failure:
        say(f"sunlit: {failure}")
        return 1
    except KeyboardInterrupt:
        say("\nsunlit: 已中断；再次运行会接着安装")
        return 130
    print(venv)
    return 0


def make(venv: Path, root: Path) -> None:
    """Run all steps; the stamp is written last, so an interrupted run is simply repeated."""
    require_venv_module()
    missing = install_system_packages()
    make_venv(venv)
    sync_libraries(venv, root / "requirements.lock")
    write_stamp(venv, root, missing)


def choose_folder(root: Path, spare: Path) -> Path:
    """The checkout's `.venv`, else the user's cache, else a private folder in the temporary directory."""
    shared = Path(tempfile.gettempdir()) / f"sunlit-{os.geteuid()}"
    for venv in (root / ".venv", spare, shared / spare.parent.name / "venv"):
        if can_write(venv):
            return venv
    raise SetupFailed(f"无处安装：{root} 与 {spare} 都不可写。请换一个可写的目录，或设置 XDG_CACHE_HOME")


def can_write(venv: Path) -> bool:
    """Whether the environment can be made or repaired there by this user, tried and not guessed."""
    try:
        if venv.is_symlink() or venv.exists():
            if venv.stat().st_uid != os.geteuid():
                return False
            with tempfile.TemporaryFile(dir=venv):
                return True
        venv.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if venv.parent.parent.parent == Path(tempfile.gettempdir()):
            require_private(venv.parent.parent)
        with tempfile.TemporaryDirectory(dir=venv.parent):
            return True
    except OSError:
        return False


def require_private(folder: Path) -> None:
    """Refuse a folder in the shared temporary directory that somebody else may have prepared."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is not private")


@contextlib.contextmanager
def setup_lock(venv: Path, root: Path) -> Iterator[None]:
    """Let one installation at a time touch the environment; the second waits and then finds it ready."""
    folder = root / ".cache" if venv.parent == root else venv.parent
    folder.mkdir(parents=True, exist_ok=True)
    # Installers inherit the lock: if we are killed, the one that still runs keeps others out until it has ended.
    handle = os.open(folder / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(handle, True)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一个安装正在进行，等待它完成…")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_ready(venv: Path, root: Path) -> bool:
    """The same question as `ready` in the launcher, asked again under the lock."""
    try:
        interpreter = (venv / "sunlit" / "python").read_text(encoding="utf-8").strip()
        same_lock = (venv / "sunlit" / "lock").read_bytes() == (root / "requirements.lock").read_bytes()
    except OSError:
        return False
    left_out = (venv / "sunlit" / "incomplete").exists() and os.geteuid() == 0
    return same_lock and not left_out and all(os.access(it, os.X_OK) for it in (interpreter, venv / "bin/python"))


def missing_system_parts() -> list[str]:
    """Names of the shared libraries and fonts that PDF documents need and this machine lacks."""
    return [name for name in LIBRARIES if not can_load(name)] + ([] if has_chinese_font() else ["中文字体"])


def can_load(library: str) -> bool:
    """Ask the dynamic loader in a process of its own: what it once failed to find, it may not look for again."""
    return ask([sys.executable, "-I", "-c", f"import ctypes; ctypes.CDLL({library!r})"])[0]


def has_chinese_font() -> bool:
    """Whether one of the fonts that our print style names lies in a system font folder."""
    return any(
        name.startswith(CHINESE_FONTS) for folder in FONT_FOLDERS for _, _, names in os.walk(folder) for name in names
    )


def install_system_packages() -> list[str]:
    """Install what PDF documents need, as root with apt, or name the one line to run; return what is still missing."""
    missing = missing_system_parts()
    if not missing:
        return []
    line = "apt-get install -y --no-install-recommends " + " ".join(DEBIAN_PACKAGES)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            with step("安装系统软件包（Pango、中文字体）"):
                apt_install(DEBIAN_PACKAGES)
        except SetupFailed as failure:
            say(str(failure))
        missing = missing_system_parts()
    if missing:
        say(f"缺少 {'、'.join(missing)}：暂不能生成 PDF，其余功能照常。补装（root）：\n    {line}")
    return missing


def apt_install(packages: tuple[str, ...]) -> None:
    """Install Debian packages without questions; a bare machine has no package lists, so they are fetched first."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    if not FETCHED_LISTS:
        run([*apt, "update"], environment, tolerate_failure=True)
        FETCHED_LISTS.append(True)
    run([*apt, "install", "--no-install-recommends", *packages], environment)


def require_venv_module() -> None:
    """Debian ships Python without `ensurepip`; fetch it as root, else name the package."""
    if can_import_venv():
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step(f"安装 {package}"):
            apt_install((package,))
    if not can_import_venv():
        raise SetupFailed(f"缺少 Python 的 venv 模块。请以 root 运行：apt-get install -y {package}，然后重试")


def can_import_venv() -> bool:
    """Ask a fresh interpreter, because this one remembers what it failed to find."""
    return ask([sys.executable, "-I", "-c", "import ensurepip, venv"])[0]


def make_venv(venv: Path) -> None:
    """Make the virtual environment; one that a broken-off run or another Python left behind is replaced."""
    if venv_works(venv):
        return
    if venv.is_symlink():
        raise SetupFailed(f"{venv} 是指向 {venv.resolve()} 的链接，其中的环境已损坏；请删除该链接后重试")
    with step("建立虚拟环境 .venv"):
        if venv.exists():
            shutil.rmtree(venv)
        run([sys.executable, "-I", "-m", "venv", str(venv)], os.environ)


def venv_works(venv: Path) -> bool:
    """Whether its Python runs, is the version it was made with, and has pip."""
    return ask([str(venv / "bin/python"), "-I", "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"])[0]


def sync_libraries(venv: Path, lock: Path) -> None:
    """Install exactly what the lock names, every file checked by hash; with uv, or with pip where uv fails."""
    python = str(venv / "bin/python")
    environment = network_environment(python, venv)
    try:
        install_uv(venv, lock, environment)
        with step("安装依赖（按哈希校验）"):
            uv = [str(venv / "bin/uv"), "pip", "sync", "--quiet", "-p", python, "--require-hashes", str(lock)]
            run(uv, environment)
    except SetupFailed as failure:
        say(f"{failure}\n改用 pip 安装…")
        with step("安装依赖（pip，较慢）"):
            run(
                [python, "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", str(lock), *PIP_QUIET],
                environment,
            )


def install_uv(venv: Path, lock: Path, environment: Mapping[str, str]) -> None:
    """Install uv from its own entry in the lock, so that the installer is checked by hash as well."""
    entry = lock_entry(lock, "uv")
    wanted = entry.split()[0].split("==")[1]
    if wanted in ask([str(venv / "bin/uv"), "--version"])[1].split():
        return
    with step("下载安装工具 uv"), tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wish:
        wish.write(entry)
        wish.flush()
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", wish.name]
        run([*pip, *PIP_QUIET], environment)


def lock_entry(lock: Path, name: str) -> str:
    """The lines of one distribution in the lock: the pinned version and its hashes."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith(f"{name}==")), None)
    if start is None:
        raise SetupFailed(f"requirements.lock 中没有 {name}")
    end = next((at for at in range(start + 1, len(lines)) if not lines[at].startswith(" ")), len(lines))
    return "\n".join(lines[start:end]) + "\n"


def network_environment(python: str, venv: Path) -> dict[str, str]:
    """Environment for the installers: pip's mirror and certificate hold for uv too, caches go where one may write."""
    environment = dict(os.environ) | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "PIP_NO_INPUT": "1"}
    environment.setdefault("UV_HTTP_TIMEOUT", "180")
    configured = pip_configuration(python)
    if "index-url" in configured and not {"UV_INDEX_URL", "UV_DEFAULT_INDEX"} & set(environment):
        environment["UV_DEFAULT_INDEX"] = configured["index-url"]
    if "cert" in configured:
        environment.setdefault("SSL_CERT_FILE", configured["cert"])
    home_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not is_writable_folder(home_cache):
        environment.setdefault("UV_CACHE_DIR", str(venv.parent / ".cache" / "uv"))
        environment.setdefault("PIP_CACHE_DIR", str(venv.parent / ".cache" / "pip"))
    return environment


def pip_configuration(python: str) -> dict[str, str]:
    """Options of pip's files and environment by bare name; later and more particular sources win, as in pip."""
    found: dict[str, str] = {}
    for line in ask([python, "-m", "pip", "config", "list"])[1].splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section == ":env:" or option not in found:
            found[option] = value.strip("'\"")
    return found


def is_writable_folder(folder: Path) -> bool:
    """Whether files can be made in the folder, or the folder itself be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def write_stamp(venv: Path, root: Path, missing: list[str]) -> None:
    """Leave the marks that make the next start quick; `lock` last, because the launcher trusts it."""
    folder = venv / "sunlit"
    folder.mkdir(exist_ok=True)
    if missing:
        (folder / "incomplete").write_text(json.dumps(missing, ensure_ascii=False), encoding="utf-8")
    else:
        (folder / "incomplete").unlink(missing_ok=True)
    (folder / "python").write_text(os.path.realpath(sys.executable) + "\n", encoding="utf-8")
    fresh = folder / "lock.new"
    shutil.copyfile(root / "requirements.lock", fresh)
    fresh.replace(folder / "lock")


PIP_QUIET = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-warn-script-location")


def ask(argv: list[str]) -> tuple[bool, str]:
    """Run a harmless question; whether it succeeded, and what it printed."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError:
        return False, ""
    return done.returncode == 0, done.stdout


def run(argv: list[str], environment: Mapping[str, str], *, tolerate_failure: bool = False) -> None:
    """Run one installer silently; if it fails, everything it said becomes the message."""
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    child = subprocess.Popen(
        argv, env=dict(environment), cwd="/", close_fds=False, stdin=none, stdout=pipe, stderr=subprocess.STDOUT
    )
    said = child.communicate()[0].decode(errors="replace").rstrip()
    if child.returncode and not tolerate_failure:
        raise SetupFailed(f"命令失败（{child.returncode}）：{shlex.join(argv)}\n{said}")


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Tell what is being done and, when it is done, how long it took."""
    started = time.monotonic()
    print(f"· {text} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        say(" 未完成")
        raise
    say(f" {time.monotonic() - started:.1f} 秒")


def say(text: str) -> None:
    """Print a line for people; standard output is kept for the launcher."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
