"""`sunlit sequencer`: numbers log entries and has the heads signed."""

import argparse
import asyncio
import contextlib
import signal

from kernel.log.sequencer import Sequencer
from kernel.log.signer import SignerClient, SigningRefused
from portal import keyring
from portal.embedded.processes import NEEDS_A_PERSON
from portal.errors import CommandError
from portal.logs import configure_logging
from portal.settings import Settings, load_settings

_NEXT = "平台已停止，没有改动任何数据。请换回最新的数据；不能换回的，由监督部门与见证方核对后处理，不要删除签名记忆。"
#: Why signer or witness refuse, in words for whoever restored a backup.
_WORDS = {
    "rollback": "日志签名被拒绝（rollback）：数据库中的日志比已签名的短，可能恢复了旧备份。" + _NEXT,
    "fork": "日志签名被拒绝（fork）：数据库中的日志与已签名的不同。" + _NEXT,
    "consistency": "日志签名被拒绝（consistency）：数据库中的日志不是已签名日志的延续。" + _NEXT,
}
_OTHERWISE = "日志签名被拒绝（{code}）：请检查签名进程与见证进程的设置。"


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
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    except SigningRefused as refusal:
        raise CommandError(_WORDS.get(refusal.code, _OTHERWISE).format(code=refusal.code), NEEDS_A_PERSON) from refusal
