"""What all tests share: the servers of the run.

Under xdist the controlling process starts them before its workers; otherwise the first test that asks for `services`
does. Pure tests ask for nothing and need no server.
"""

import os

import pytest

from tests import services as servers
from tests.services import Endpoints


def pytest_configure(config: pytest.Config) -> None:
    controls_workers = config.getoption("numprocesses", default=None) or config.getoption("dist", default="no") != "no"
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if controls_workers and not is_worker and not config.option.collectonly:
        servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop()


@pytest.fixture(scope="session")
def services() -> Endpoints:
    """PostgreSQL with our logins, and Valkey."""
    return servers.start()
