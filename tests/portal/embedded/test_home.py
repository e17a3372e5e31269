"""The data folder: whose it is, one supervisor at a time, nothing half written."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from portal.embedded.errors import HomeRefused
from portal.embedded.home import (
    FOLDERS,
    MARKER,
    PRIVATE,
    Home,
    HomeLock,
    choose_home,
    clear_home,
    is_running,
    open_home,
    write_private,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "a folder" / "home")


def test_a_new_folder_gets_its_parts(home: Home):
    assert all((home / name).is_dir() for name in FOLDERS)
    assert (home / MARKER).is_file()


def test_what_is_private_is_closed_to_others(home: Home):
    for name in PRIVATE:
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o700


def test_opening_again_changes_nothing(home: Home):
    password = home.password("x")

    assert open_home(home.path).password("x") == password


def test_a_folder_with_other_content_is_refused(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("dear diary")

    with pytest.raises(HomeRefused, match="不是空目录"):
        open_home(tmp_path)


def test_an_empty_folder_somebody_made_is_accepted(tmp_path: Path):
    assert open_home(tmp_path).path == tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path):
    folder = tmp_path / "home"
    folder.mkdir()
    os.chown(folder, 65534, 65534)

    with pytest.raises(HomeRefused, match="属于用户"):
        open_home(folder)


def test_nothing_above_the_folder_is_opened_up(tmp_path: Path):
    outer = tmp_path / "outer"
    outer.mkdir(mode=0o700)

    open_home(outer / "home")

    assert stat.S_IMODE(outer.stat().st_mode) == 0o700


def test_a_second_lock_is_refused_and_names_the_address(home: Home):
    home.write_endpoints({"web": {"url": "http://127.0.0.1:8123"}})

    with HomeLock(home), pytest.raises(HomeRefused, match="8123"):
        HomeLock(home).acquire()


def test_the_lock_is_free_after_release(home: Home):
    with HomeLock(home):
        assert is_running(home)

    assert not is_running(home)


def _hold_and_die(home: Home) -> None:
    HomeLock(home).acquire()
    os._exit(9)


def test_the_lock_of_a_dead_process_is_free(home: Home):
    child = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(home,))
    child.start()
    child.join()

    assert child.exitcode == 9
    assert not is_running(home)


def test_passwords_differ_and_are_kept_private(home: Home):
    first, second = home.password("one"), home.password("two")

    assert first != second
    assert len(first) == 48
    assert home.password("one") == first
    assert stat.S_IMODE((home / "keys" / "one.password").stat().st_mode) == 0o600


def test_reading_a_password_makes_none(home: Home):
    assert home.known_password("three") is None
    assert not (home / "keys" / "three.password").exists()


def test_a_first_password_wins_over_a_later_one(home: Home):
    file = home / "keys" / "x.password"
    write_private(file, b"first", only_new=True)

    write_private(file, b"second", only_new=True)

    assert file.read_bytes() == b"first"
    assert [entry.name for entry in (home / "keys").iterdir()] == ["x.password"]


def test_half_written_endpoints_read_as_none(home: Home):
    home.endpoints_file.write_text('{"web": {"por')

    assert home.read_endpoints() == {}


def test_clearing_removes_the_data_and_keeps_the_folder(home: Home):
    (home / "objects" / "deep").mkdir()
    (home / "objects" / "deep" / "file").write_bytes(b"x")
    (home / "trust.json").write_text("{}")
    home.password("x")

    with HomeLock(home):
        clear_home(home)

        assert is_running(home)
    assert sorted(entry.name for entry in home.path.iterdir()) == sorted((*FOLDERS, MARKER))

    assert list((home / "objects").iterdir()) == []
    assert home.known_password("x") is None
    assert (home / MARKER).is_file()


def test_a_folder_that_is_not_ours_is_never_cleared(tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "precious").write_text("x")

    with pytest.raises(HomeRefused):
        clear_home(Home(tmp_path))

    assert (tmp_path / "keys" / "precious").exists()


def test_real_data_are_never_cleared(home: Home):
    home.mark(False)
    home.password("x")

    with pytest.raises(HomeRefused, match="正式"):
        clear_home(home)

    assert home.known_password("x") is not None


def test_a_rehearsal_never_becomes_real_nor_the_other_way_round(home: Home):
    home.mark(None)
    home.mark(True)
    home.mark(None)
    assert home.is_rehearsal

    with pytest.raises(HomeRefused, match="演练"):
        home.mark(False)


def test_the_command_line_outranks_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUNLIT_HOME", str(tmp_path / "environment"))

    assert choose_home(None) == tmp_path / "environment"
    assert choose_home(tmp_path / "line") == tmp_path / "line"


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    assert choose_home(Path("data")) == tmp_path / "data"
