"""An older backup of the database is put back: the signer refuses, the installation stops and says why.

What was acknowledged after the backup would be gone from the log without a trace, if nobody but the database remembered
it. The signer and the witness do, on disks of their own. The real folder is copied and put back while nothing runs, as
an operator would do it; the newer data, put back in turn, go on.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.embedded.home import open_home
from tests.serving import ROOT, Serving, until

pytestmark = pytest.mark.slow


class Visitor:
    """Somebody whose sign-in is refused: each refusal is an entry of the log."""

    def __init__(self, serving: Serving) -> None:
        self._http = httpx.Client(base_url=serving.url, trust_env=False, timeout=60)
        self._http.get("/login")

    def be_refused(self) -> None:
        """Sign in with something that is no licence."""
        headers = {"x-csrf-token": self._http.cookies["csrf"]}
        answer = self._http.post("/api/v1/auth/licence", json={"token": "no.licence.atall"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "licence-refused"), answer.text

    def log_size(self) -> int:
        """Return the size of the newest head that signer and witness have signed."""
        answer = self._http.get("/log/checkpoint")
        return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with its owners and rights, as a backup program does."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _audit(home: Path) -> tuple[int, dict[str, Any]]:
    words = [sys.executable, "-P", "-m", "portal.cli", "audit", "--home", str(home), "--json"]
    done = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, told


def test_an_older_backup_is_refused_by_the_signer_and_the_newer_data_go_on(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.mark(rehearsal=True)
    backup, newest = tmp_path / "backup", tmp_path / "newest"
    sizes = []
    for copy in (backup, newest):
        serving = Serving(home.path)
        try:
            serving.greeting()
            visitor = Visitor(serving)
            before = visitor.log_size()
            visitor.be_refused()
            until(lambda visitor=visitor, before=before: visitor.log_size() > before)  # type: ignore[misc]
            sizes.append(visitor.log_size())
            assert serving.stop() == 0
        finally:
            serving.kill()
        _copy(home / "pg", copy)

    shutil.rmtree(home / "pg")
    _copy(backup, home / "pg")
    serving = Serving(home.path)
    try:
        assert serving.process.wait(180) == 1
        said = serving.process.stdout.read() if serving.process.stdout is not None else ""
    finally:
        serving.kill()
    assert "rollback" in said
    assert "旧备份" in said
    code, told = _audit(home.path)
    assert code == 1
    assert told["size"] < min(told["remembered"].values()) == max(told["remembered"].values())

    shutil.rmtree(home / "pg")
    _copy(newest, home / "pg")
    serving = Serving(home.path)
    try:
        serving.greeting()
        visitor = Visitor(serving)
        visitor.be_refused()
        until(lambda: visitor.log_size() > sizes[1] > sizes[0])
        assert serving.stop() == 0
    finally:
        serving.kill()
    assert _audit(home.path)[0] == 0
