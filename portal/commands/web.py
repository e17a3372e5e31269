"""`sunlit web`: the web process."""

import argparse
import socket

import uvicorn

from portal.app import create_app
from portal.logs import configure_logging
from portal.runtime import services_of_settings
from portal.settings import load_settings


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fd", type=int, default=-1, help="an inherited socket that listens already")


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    settings = load_settings(args.home)
    configure_logging(settings.log_level)
    config = uvicorn.Config(
        create_app(services_of_settings(settings)),
        host=args.host or settings.host,
        port=args.port or settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # the session layer reads X-Forwarded-For, from proxies that the settings name
        timeout_keep_alive=75,  # longer than clients and proxies in front keep theirs: no request meets a closing line
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=args.fd)] if args.fd >= 0 else None)
    return 0
