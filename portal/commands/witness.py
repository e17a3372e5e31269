"""`sunlit witness`: cosigns heads with the time of its own clock."""

import argparse
import asyncio
import socket
from collections.abc import Callable

from kernel.clock import Clock, SystemClock
from kernel.crypto.keys import PrivateKey
from kernel.log.checkpoint import checkpoint_text
from kernel.log.note import KeyType, VerifierKey, sign_note
from kernel.log.signer import Head, HeadKeeper, HeadMemory, serve
from portal import keyring
from portal.embedded.home import Home
from portal.logs import configure_logging
from portal.settings import load_settings


def register(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fd", type=int, default=-1, help="an inherited socket that listens already")


def run(args: argparse.Namespace) -> int:
    """Cosign until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    home = Home(settings.home)
    name = keyring.log_name(settings.log_origin, rehearsal=settings.rehearsal)
    sign = witness_signature(name, keyring.witness_key(home), SystemClock())
    keeper = HeadKeeper(HeadMemory(home / "witness" / "head.json"), sign)
    asyncio.run(_serve(keeper, home.password("witness"), args))
    return 0


def witness_signature(name: keyring.LogName, private: PrivateKey, clock: Clock) -> Callable[[Head], str]:
    """Return the function that cosigns a head.

    The time is the witness's own and never the platform's: on a rehearsal it shows when the rehearsal took place.
    """
    key = VerifierKey.of_spki(name.witness, KeyType.COSIGNATURE_V1, private.public.spki)

    def sign(head: Head) -> str:
        return str(sign_note(key, private, checkpoint_text(name.origin, head.size, head.root), clock.now()))

    return sign


async def _serve(keeper: HeadKeeper, token: str, args: argparse.Namespace) -> None:
    listener = socket.socket(fileno=args.fd) if args.fd >= 0 else None
    server = await serve(keeper, token, host=args.host, port=args.port, listener=listener)
    async with server:
        await server.serve_forever()
