"""`sunlit worker`: jobs and whatever falls due."""

import argparse
import asyncio
import contextlib
import signal

from portal.logs import configure_logging
from portal.runtime import services_of_settings
from portal.settings import Settings, load_settings
from portal.worker import run_worker


def register(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Work until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    asyncio.run(_work(settings))
    return 0


async def _work(settings: Settings) -> None:
    task = asyncio.create_task(
        run_worker(
            services_of_settings(settings, seals=True),
            settings.database_url.reveal(),
            settings.redis_url.reveal(),
        )
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
