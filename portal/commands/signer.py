"""`sunlit signer`: the log signer, a process with a disk and a memory of its own."""

import argparse
import asyncio
import socket
from collections.abc import Callable

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
    """Sign until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    home = Home(settings.home)
    origin = keyring.log_name(settings.log_origin, rehearsal=settings.rehearsal).origin
    keeper = HeadKeeper(HeadMemory(home / "signer" / "head.json"), log_signature(origin, keyring.signer_key(home)))
    asyncio.run(_serve(keeper, home.password("signer"), args))
    return 0


def log_signature(origin: str, private: PrivateKey) -> Callable[[Head], str]:
    """Return the function that signs a head as the log."""
    key = VerifierKey.of_spki(origin, KeyType.ED25519, private.public.spki)

    def sign(head: Head) -> str:
        return str(sign_note(key, private, checkpoint_text(origin, head.size, head.root)))

    return sign


async def _serve(keeper: HeadKeeper, token: str, args: argparse.Namespace) -> None:
    listener = socket.socket(fileno=args.fd) if args.fd >= 0 else None
    server = await serve(keeper, token, host=args.host, port=args.port, listener=listener)
    async with server:
        await server.serve_forever()
