"""Child processes under supervision: started, restarted, never left behind. Real processes throughout."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.embedded.errors import ServiceFailed
from portal.embedded.processes import NEEDS_A_PERSON, Program
from portal.embedded.supervisor import FAILURES, Supervisor

ROOT = Path(__file__).resolve().parents[3]
PATIENT = "import time\nwhile True: time.sleep(60)"


def program(
    tmp_path: Path, code: str, *, name: str = "child", ready: Callable[[int], bool] = lambda _: True
) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-c", code),
        environment={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        log=tmp_path / f"{name}.log",
        is_ready=ready,
        ready_within_s=5.0,
        stop_within_s=1.0,
    )


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  processes set no event
            await asyncio.sleep(0.02)


async def test_a_killed_child_is_started_again(tmp_path: Path):
    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, PATIENT))
        first = supervisor.pids()["child"]

        os.kill(first, signal.SIGKILL)

        await until(lambda: supervisor.pids().get("child") not in {first, None})
        assert supervisor.restarts() == {"child": 1}
    assert not is_alive(first)


async def test_leaving_ends_every_child(tmp_path: Path):
    async with Supervisor() as supervisor:
        for name in ("one", "two"):
            await supervisor.start(program(tmp_path, PATIENT, name=name))
        pids = supervisor.pids()

    assert not any(is_alive(pid) for pid in pids.values())


async def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path: Path):
    stubborn = "import signal, pathlib\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + (
        f"pathlib.Path({str(tmp_path / 'up')!r}).touch()\n" + PATIENT
    )
    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, stubborn, ready=lambda _: (tmp_path / "up").exists()))
        pid = supervisor.pids()["child"]
        started = time.monotonic()

    assert not is_alive(pid)
    assert time.monotonic() - started >= 1.0


async def test_grandchildren_in_its_group_end_with_a_child(tmp_path: Path):
    note = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, pathlib\n"
        f"p = subprocess.Popen([sys.executable, '-c', {PATIENT!r}])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(p.pid))\n" + PATIENT
    )
    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, code, ready=lambda _: note.exists() and note.read_text() != ""))
        grandchild = int(note.read_text())
        assert is_alive(grandchild)

    await until(lambda: not is_alive(grandchild))


async def test_a_child_that_ends_at_once_fails_the_start_and_shows_its_log(tmp_path: Path):
    async with Supervisor() as supervisor:
        with pytest.raises(ServiceFailed, match="no key to be found"):
            await supervisor.start(program(tmp_path, "raise SystemExit('no key to be found')", ready=lambda _: False))


async def test_a_program_that_does_not_exist_fails_the_start(tmp_path: Path):
    missing = Program("gone", (str(tmp_path / "gone"),), {}, tmp_path, tmp_path / "gone.log", lambda _: True)

    async with Supervisor() as supervisor:
        with pytest.raises(ServiceFailed, match="gone"):
            await supervisor.start(missing)


async def test_a_child_that_cannot_live_ends_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portal.embedded.supervisor.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("portal.embedded.supervisor.LONGEST_PAUSE_S", 0.01)
    once = tmp_path / "once"
    code = (
        f"import pathlib\nf = pathlib.Path({str(once)!r})\nif f.exists(): raise SystemExit('spent')\nf.touch()\n"
        + PATIENT
    )

    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, code, ready=lambda _: once.exists()))
        os.kill(supervisor.pids()["child"], signal.SIGKILL)

        with pytest.raises(ServiceFailed, match="spent"):
            await asyncio.wait_for(supervisor.run_until_ended(), 20)


async def test_a_child_that_needs_a_person_ends_the_whole_at_once(tmp_path: Path):
    code = f"import sys, time\ntime.sleep(0.2)\nprint('an older backup')\nsys.exit({NEEDS_A_PERSON})"

    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, code))
        with pytest.raises(ServiceFailed, match="an older backup"):
            await asyncio.wait_for(supervisor.run_until_ended(), 20)
        with pytest.raises(ServiceFailed, match="an older backup"):
            await supervisor.start(program(tmp_path, PATIENT, name="another"))
        assert supervisor.restarts()["child"] == 0


async def test_a_child_that_others_kill_again_and_again_is_started_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("portal.embedded.supervisor.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("portal.embedded.supervisor.LONGEST_PAUSE_S", 0.01)
    async with Supervisor() as supervisor:
        await supervisor.start(program(tmp_path, PATIENT))
        for round_ in range(FAILURES + 2):
            os.kill(supervisor.pids()["child"], signal.SIGKILL)
            await until(lambda round_=round_: supervisor.restarts()["child"] == round_ + 1)  # type: ignore[misc]
            await until(lambda: "child" in supervisor.pids())

        assert not supervisor.ended.done()


async def test_a_change_is_told(tmp_path: Path):
    told: list[int] = []
    async with Supervisor(lambda: told.append(1)) as supervisor:
        await supervisor.start(program(tmp_path, PATIENT))

    assert len(told) == 2


PARENT = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from portal.embedded.processes import Program
from portal.embedded.supervisor import Supervisor
async def main():
    async with Supervisor() as supervisor:
        here = Path(sys.argv[1])
        child = Program("child", (sys.executable, "-c", "import time; time.sleep(600)"), {{}}, here, here / "log",
                        lambda _: True)
        await supervisor.start(child)
        print(supervisor.pids()["child"], flush=True)
        await supervisor.run_until_ended()
asyncio.run(main())
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_no_child_survives_its_supervisor(tmp_path: Path, sign: signal.Signals):
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_alive(child)

    parent.send_signal(sign)
    code = await asyncio.wait_for(parent.wait(), 20)

    await until(lambda: not is_alive(child))
    assert code == (-signal.SIGKILL if sign is signal.SIGKILL else 0)


def test_a_process_can_tie_itself_to_its_parent(tmp_path: Path):
    note = tmp_path / "pid"
    code = (
        f"import os, sys, time\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from portal.embedded.processes import die_with_parent\n"
        "if os.fork() == 0:\n"
        "    die_with_parent()\n"
        f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        f"while not os.path.exists({str(note)!r}) or not open({str(note)!r}).read(): time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)

    asyncio.run(until(lambda: not is_alive(int(note.read_text()))))
