"""Preparing the environment: the launcher's quick way, and the decisions of the slow one."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import bootstrap

ROOT = Path(__file__).resolve().parents[2]
LOCK = """\
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
uv==0.13.9 \\
    --hash=sha256:cc \\
    --hash=sha256:dd
zeta==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space, whose environment is the one that runs this test."""
    root = tmp_path / "a check out"
    root.mkdir()
    for name in ("portal", "kernel", "requirements.lock"):
        (root / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "sunlit", root / "sunlit")
    venv = root / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "sunlit").mkdir()
    shutil.copy(ROOT / "requirements.lock", venv / "sunlit" / "lock")
    (venv / "sunlit" / "python").write_text(os.path.realpath(sys.executable) + "\n")
    return root


def launch(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "sunlit"), *words],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": str(root), "LC_ALL": "C.UTF-8"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_ready_checkout_starts_at_once_and_silently(checkout: Path):
    started = time.monotonic()
    done = launch(checkout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "./sunlit" in done.stdout
    assert time.monotonic() - started < 10


def test_the_launcher_is_found_through_a_link(checkout: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(checkout / "sunlit")

    done = subprocess.run([tmp_path / "link", "help"], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0


def test_python_variables_of_the_user_do_no_harm(checkout: Path):
    done = launch(checkout, "help", PYTHONHOME="/nowhere", PYTHONPATH="/nowhere", CDPATH="/")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_with_a_colon_is_refused(checkout: Path, tmp_path: Path):
    bad = tmp_path / "a:b"
    checkout.rename(bad)

    done = launch(bad)

    assert done.returncode == 2
    assert "冒号" in done.stderr


def test_without_python_the_launcher_says_what_to_install(checkout: Path, tmp_path: Path):
    shutil.rmtree(checkout / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "readlink", "dirname", "cksum", "tr", "cmp", "id"):
        (tools / name).symlink_to(shutil.which(name) or "")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")  # an old one: every question is answered no
    (tools / "python3").chmod(0o755)

    done = launch(checkout, PATH=str(tools))

    assert done.returncode == 1
    assert "3.11" in done.stderr


def test_the_entry_of_one_distribution_is_cut_from_the_lock(tmp_path: Path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK)

    assert bootstrap.lock_entry(lock, "uv") == "uv==0.13.9 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n"
    with pytest.raises(bootstrap.SetupFailed):
        bootstrap.lock_entry(lock, "u")


def test_our_lock_pins_the_installer():
    entry = bootstrap.lock_entry(ROOT / "requirements.lock", "uv")

    assert entry.startswith("uv==")
    assert entry.count("--hash=sha256:") > 1


def test_an_environment_counts_as_ready_only_with_every_mark(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    venv = checkout / ".venv"
    assert bootstrap.is_ready(venv, checkout)

    (venv / "sunlit" / "incomplete").write_text("[]")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bootstrap.is_ready(venv, checkout)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not bootstrap.is_ready(venv, checkout)  # root can install what is missing
    (venv / "sunlit" / "incomplete").unlink()

    (venv / "sunlit" / "python").write_text("/usr/bin/python3.10\n")
    assert not bootstrap.is_ready(venv, checkout)
    (venv / "sunlit" / "python").write_text(sys.executable + "\n")
    assert bootstrap.is_ready(venv, checkout)

    (venv / "sunlit" / "lock").write_text(LOCK)
    assert not bootstrap.is_ready(venv, checkout)


def test_the_stamp_is_what_the_launcher_looks_for(checkout: Path):
    venv = checkout / ".venv"
    shutil.rmtree(venv / "sunlit")

    bootstrap.write_stamp(venv, checkout, missing=[])

    assert bootstrap.is_ready(venv, checkout)
    assert launch(checkout).stderr == ""


def test_the_environment_lies_in_the_checkout_if_it_can(tmp_path: Path):
    assert bootstrap.choose_folder(tmp_path, tmp_path / "spare" / "venv") == tmp_path / ".venv"


def test_the_spare_folder_serves_a_checkout_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root, spare = tmp_path / "root", tmp_path / "cache" / "key" / "venv"
    root.mkdir()
    monkeypatch.setattr(bootstrap, "can_write", lambda venv: venv != root / ".venv")

    assert bootstrap.choose_folder(root, spare) == spare


def test_a_prepared_folder_in_the_temporary_directory_is_not_trusted(tmp_path: Path):
    open_to_all = tmp_path / "sunlit-0"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)

    with pytest.raises(PermissionError):
        bootstrap.require_private(open_to_all)

    open_to_all.chmod(0o700)
    bootstrap.require_private(open_to_all)
    link = tmp_path / "link"
    link.symlink_to(open_to_all)
    with pytest.raises(PermissionError):
        bootstrap.require_private(link)


def test_pip_options_are_read_with_the_environment_on_top(tmp_path: Path):
    pip = tmp_path / "python"
    lines = (":env:.index-url='http://e'", "global.index-url='http://g'", "global.cert='/c'")
    pip.write_text("#!/bin/sh\n" + "".join(f'echo "{line}"\n' for line in lines))
    pip.chmod(0o755)

    assert bootstrap.pip_configuration(str(pip)) == {"index-url": "http://e", "cert": "/c"}


def test_a_failing_step_shows_everything_the_tool_said():
    with pytest.raises(bootstrap.SetupFailed) as failure:
        bootstrap.run(["sh", "-c", "echo first; echo second >&2; exit 3"], os.environ)

    assert "first\nsecond" in str(failure.value)
    assert "3" in str(failure.value)


def test_only_one_installation_runs_at_a_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    with bootstrap.setup_lock(tmp_path / ".venv", tmp_path):
        handle = os.open(tmp_path / ".cache" / "setup.lock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


def test_the_launcher_is_executable_and_portable():
    assert (ROOT / "sunlit").stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["sh", "-n", ROOT / "sunlit"], check=False).returncode == 0
    assert (ROOT / "sunlit").read_text().startswith("#!/bin/sh\n")


def test_preparing_needs_nothing_but_the_standard_library():
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'portal')!r}); import bootstrap; print('ok')"

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "ok\n", done.stderr
