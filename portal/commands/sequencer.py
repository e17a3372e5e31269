"""`sunlit sequencer`: numbers log entries and has the heads signed."""

import argparse
import asyncio
import contextlib
import signal

from kernel.log.sequencer import Sequencer
from kernel.log.signer import SignerClient
from portal import keyring
from portal.embedded.home import Home
from portal.runtime import address_of, configure_logging
from portal.settings import Settings, load_settings


def register(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Sequence until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    asyncio.run(_sequence(settings))
    return 0


async def _sequence(settings: Settings) -> None:
    home = Home(settings.home)
    name = keyring.log_name(settings.log_origin, rehearsal=settings.rehearsal)
    sequencer = Sequencer(
        settings.database_log_url.reveal(),
        name.origin,
        SignerClient(address_of(settings.signer_url), home.password("signer")),
        [SignerClient(address_of(url), home.password("witness")) for url in settings.witness_urls],
    )
    task = asyncio.create_task(sequencer.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
