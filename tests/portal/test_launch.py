"""The whole installation as processes: up, mended, down; nobody left behind. As a user sees it, by the command line."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import CHILDREN, ROOT, Serving, is_alive, until

pytestmark = pytest.mark.slow


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(*words: str) -> Serving:
        started.append(Serving(tmp_path / "data folder", *words))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_an_installation_starts_mends_itself_and_leaves_nobody_behind(serve: Callable[..., Serving]):
    running = serve()
    running.greeting()
    health = running.health()
    first = running.pids()
    assert set(first) == {"supervisor", *CHILDREN}
    assert health is not None
    assert health["revision"] == (ROOT / "alembic" / "CURRENT_HEAD").read_text().strip()

    second = serve()
    assert second.process.wait(180) == 1
    assert second.process.stdout is not None
    assert "正在被另一个 Sunlit 使用" in second.process.stdout.read()

    for name in CHILDREN:
        os.kill(first[name], signal.SIGKILL)
    until(
        lambda: set(running.pids()) == {"supervisor", *CHILDREN} and not set(running.pids().values()) & {first["web"]}
    )
    until(running.health)
    now = running.pids()
    assert not {now[name] for name in CHILDREN} & {first[name] for name in CHILDREN}

    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(180) == 0
    assert not [name for name, pid in now.items() if is_alive(pid)]


def test_a_killed_supervisor_takes_its_children_with_it_and_the_data_stay(serve: Callable[..., Serving]):
    running = serve()
    first = running.greeting()
    pids = running.pids()
    half = (running.home / "keys" / "operator.activation").read_text().strip()
    assert first.count("激活码前半") == 3
    assert half not in first, "neither the screen nor the folder alone opens an account"
    assert not (running.home / "keys" / "operator.password").exists()

    running.process.kill()
    running.process.wait()
    until(lambda: not any(is_alive(pid) for pid in pids.values()))

    again = serve()
    assert "激活码前半" not in again.greeting(), "a code is shown once"
    assert again.health() is not None
    assert (again.home / "keys" / "operator.activation").read_text().strip() == half


def test_a_port_that_was_asked_for_and_is_taken_is_refused(serve: Callable[..., Serving]):
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        running = serve("--port", str(holder.getsockname()[1]))

        assert running.process.wait(180) == 1
        assert running.process.stdout is not None
        assert "不能监听" in running.process.stdout.read()
