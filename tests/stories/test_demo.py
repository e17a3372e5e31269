"""The whole demonstration as a user starts it: every scene through HTTP, the case verified, nothing left running."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.pdfsig import changed, judge

ROOT = Path(__file__).parents[2]
WITHIN_S = 1200


def of_home(home: Path) -> list[str]:
    """Processes whose command line or working folder names the data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(folder / "cwd")
        except OSError:
            continue
        if int(folder.name) != os.getpid() and str(home) in f"{words} {place}":
            found.append(f"{folder.name} {words}")
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at /proc")
def test_the_demonstration_ends_with_a_case_that_verifies_and_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUNLIT_")}
    words = [sys.executable, "-P", "-m", "portal.cli", "demo", "--home", str(home), "--exit"]

    played = subprocess.run(
        words,
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    tail = "\n".join((played.stdout + played.stderr).splitlines()[-40:])
    assert played.returncode == 0, tail
    assert "全部核验成立" in played.stdout
    assert of_home(home) == []
    (line,) = [line for line in played.stdout.splitlines() if line.startswith("bundle: ")]
    bundle = line.removeprefix("bundle: ")

    # A stranger with the trust file from elsewhere finds bids and draws in it, and nothing that does not hold.
    words = [sys.executable, "-P", "-m", "portal.cli", "verify", bundle, "--trust", str(home / "trust.json"), "--json"]
    told = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, check=False)
    report = json.loads(told.stdout)
    held = {check["code"] for check in report["checks"] if check["verdict"] == "held"}
    assert told.returncode == 0
    assert {"bid-in-time", "bid-missing", "form", "draw", "document", "consistency"} <= held
    _every_paper_is_approved_by_poppler(home, tmp_path / "judge")


def _every_paper_is_approved_by_poppler(home: Path, folder: Path) -> None:
    """What the demonstration has sealed, taken from its store: valid for Poppler, broken after one changed byte."""
    folder.mkdir()
    root = x509.load_pem_x509_certificate((home / "keys" / "authority" / "root.pem").read_bytes())
    expert = judge(folder, root)
    papers = [
        data
        for file in (home / "objects").rglob("*")
        if file.is_file() and (data := file.read_bytes()).startswith(b"%PDF-") and b"/ETSI.CAdES.detached" in data
    ]
    assert len(papers) >= 10  # three notices, award notice, record, report, three draws, inspection
    for number, data in enumerate(papers):
        good, bad = folder / f"{number}.pdf", folder / f"{number}-changed.pdf"
        good.write_bytes(data)
        bad.write_bytes(changed(data))
        assert expert.approves(good), expert.says(good)
        assert "Digest Mismatch" in expert.says(bad)
