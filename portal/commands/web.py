"""`sunlit web`: the web process."""

import argparse

import uvicorn

from portal.app import create_app
from portal.logs import configure_logging
from portal.runtime import services_of_settings
from portal.settings import load_settings


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    uvicorn.run(
        create_app(services_of_settings(settings)),
        host=args.host or settings.host,
        port=args.port or settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return 0
