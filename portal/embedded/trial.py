"""Start both servers once, somewhere else, to see whether they can be started at all."""

from pathlib import Path

from portal.embedded.home import open_home
from portal.embedded.services import find_services
from portal.embedded.supervisor import Supervisor


async def start_and_stop(folder: Path) -> None:
    """Start PostgreSQL and Valkey in a new data folder and stop them.

    Raises:
        ServiceFailed: one of them does not start here.
    """
    services = find_services(open_home(folder))
    async with Supervisor() as supervisor:
        try:
            await services.start_postgres(supervisor)
            await services.start_valkey(supervisor)
        finally:
            await supervisor.stop()
            services.close()
