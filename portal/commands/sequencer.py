"""`sunlit sequencer`: numbers log entries and has the heads signed."""

import argparse
import asyncio
import contextlib
import signal

from kernel.log.sequencer import Sequencer
from kernel.log.signer import SignerClient
from portal import keyring
from portal.errors import CommandError
from portal.logs import configure_logging
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
    name = keyring.log_name(settings.log_origin, rehearsal=settings.rehearsal)
    if settings.signer is None:
        raise CommandError("没有日志签名进程的地址：请设置 SUNLIT_SIGNER，或用 ./sunlit serve 启动")
    sequencer = Sequencer(
        settings.database_log_url.reveal(),
        name.origin,
        SignerClient(settings.signer, settings.signer_token.reveal()),
        [SignerClient(each, settings.witness_token.reveal()) for each in settings.witnesses],
    )
    task = asyncio.create_task(sequencer.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
